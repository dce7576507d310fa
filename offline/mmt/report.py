"""``concertino evaluate continuation``: losses, measures and speed of a model, as one dictionary."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from offline.mmt.evaluation import Samples, compare, field_losses, sample
from offline.mmt.metrics import mean_metrics
from offline.mmt.music import find_music, load_music, notes_of
from offline.mmt.readers import Model
from offline.mmt.settings import settings_of
from offline.mmt.split import check_side, load_music_split
from realtime.music.mmt.midi import write_notes
from realtime.music.mmt.prompts import continuation, instrument_informed
from realtime.music.mmt.representation import Notes, Rows, encode
from realtime.music.mmt.sampling import Sampling

PROMPTED = {"instruments": instrument_informed, "beats": partial(continuation, beats=4)}
"""The modes that need a piece to go on from; its rows to the prompt."""
MODES = ("nothing", *PROMPTED)


def load_side(
    keys: Sequence[str], side: str, *, data: Path | None = None, progress: bool = True
) -> list[Notes]:
    """Return the pieces of one side of several bodies of music.

    Raises:
        ValueError: there are none, or as ``offline.mmt.music.load_music``.
        OSError: as there.
    """
    found = []
    for key in find_music(keys):
        entries = load_music(key, data=data, progress=progress)
        names = getattr(load_music_split(key, entries, data=data), side)
        found += [notes_of(entries[name].piece) for name in names]
    check_side(side, found, keys)
    return found


def evenly(pieces: Sequence[Notes], count: int) -> list[Notes]:
    """Return so many of the pieces, evenly taken; all where there are no more, or for 0."""
    if not count or count >= len(pieces):
        return list(pieces)
    return [pieces[n] for n in np.linspace(0, len(pieces) - 1, count).round().astype(int).tolist()]


def report(
    model: Model,
    pieces: Sequence[Notes],
    sampling: Sampling,
    *,
    samples: int,
    most: int = 0,
    mode: str = "nothing",
    seed: int = 0,
    midi: Path | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Return losses over ``most`` of the pieces (0: all), and measures of samples beside all pieces'.

    With ``midi``, the samples are written to that folder as MIDI files.

    Raises:
        OSError: one of them can't be written.
    """
    losses, rows = field_losses(model, evenly(pieces, most))
    prompts = _prompts(pieces, samples, mode)
    generated = sample(model, samples, sampling, seed=seed, prompts=prompts, progress=progress)
    if midi:
        write_samples(midi, generated.notes, mode, seed)
    return (
        {"model": model.name, "parameters": model.parameters, "pieces": len(pieces), "rows": rows}
        | {"loss": sum(losses.values()), "losses": losses}
        | {"sampling": settings_of(sampling), "announced": sampling.announced}
        | {"mode": mode, "seed": seed}
        | measured(generated, mean_metrics(pieces))
    )


def write_samples(folder: Path, samples: Sequence[Notes], mode: str, seed: int) -> None:
    """Write each sample as a MIDI file called by mode, seed and number, counted from 1."""
    folder.mkdir(exist_ok=True)
    digits = len(str(len(samples)))
    for number, notes in enumerate(samples, 1):
        write_notes(folder / f"{mode}-seed{seed}-{number:0{digits}}.mid", notes)


def measured(generated: Samples, truth: Mapping[str, float]) -> dict[str, Any]:
    """Return the measures of samples beside those of true music, and how long and how fast they were."""
    return {
        "samples": len(generated.notes),
        "sample_seconds": generated.mean_length,
        "notes_per_second": generated.notes_per_second,
        "metrics": compare(mean_metrics(generated.notes), truth),
    }


def _prompts(pieces: Sequence[Notes], count: int, mode: str) -> list[Rows] | None:
    if mode not in PROMPTED:
        return None
    return [PROMPTED[mode](encode(notes)) for notes in evenly(pieces, count)]
