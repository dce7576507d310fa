"""What a run of the Multitrack Music Transformer shows of itself: a log, TensorBoard curves, and samples."""

import json
from pathlib import Path

import numpy as np
import torch

from offline.mmt.generation import generate
from offline.mmt.training import Run, Watcher
from realtime.music.mmt.midi import write_notes
from realtime.music.mmt.representation import KEY, LENGTH, ONSET, PROGRAM, RESOLUTION, Notes
from realtime.music.mmt.sampling import Sampling

SAMPLE_ROWS = 256
SAMPLE_SEED = 1
BEATS_SHOWN = 32


def log_to(path: Path) -> Watcher:
    """Return what adds a line of JSON for each validation."""

    def watch(run: Run, figures: dict[str, float]) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": run.step} | figures) + "\n")

    return watch


def curves_to(folder: Path, *, begin: int = 0, sample_every: int = 10) -> Watcher:
    """Return what writes TensorBoard's files: curves, and now and then music of the best weights.

    ``begin`` is the step that the run goes on from: what TensorBoard holds of later ones is dropped. Every
    ``sample_every`` validations there is a sample: a piano roll, and a MIDI file in the folder ``samples``.
    """
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(folder, purge_step=begin + 1)

    def watch(run: Run, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            writer.add_scalar(name.replace("_", "/", 1), value, run.step)
        if sample_every and run.step % (sample_every * run.recipe.every) == 0:
            with torch.random.fork_rng():
                rows = generate(
                    run.best(), sampling=Sampling(), seed=SAMPLE_SEED, length=SAMPLE_ROWS, form=run.form
                )
            notes = run.form.decode(rows)
            samples = folder.parent / "samples"
            samples.mkdir(parents=True, exist_ok=True)
            write_notes(samples / f"{run.step:07}.mid", notes)
            writer.add_image("sample", piano_roll(notes), run.step, dataformats="HW")
        writer.flush()

    return watch


def piano_roll(notes: Notes) -> np.ndarray:
    """Return the first beats as a picture, pitch upwards, float32 (128, ticks); programs differ in grey."""
    picture = np.zeros((128, BEATS_SHOWN * RESOLUTION), np.float32)
    for onset, key, length, program in notes[:, [ONSET, KEY, LENGTH, PROGRAM]]:
        picture[127 - key, onset : onset + length] = 0.4 + 0.6 * (program % 16) / 15
    return picture
