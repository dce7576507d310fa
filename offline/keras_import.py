"""The authors' published Keras checkpoints as plugins (Dong et al., ISMIR 2021; their repository, MIT).

Only the unidirectional LSTMs can be stepped note by note. Their layout is that of the paper: embedded pitch
and position, fixed sinusoids of the beat, frequency, then entry hints where a variant has them; three LSTMs
with layer norm (epsilon 1e-3), and a dense layer whose first class is padding, which is never chosen.
"""

import re
import shutil
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np

from offline.graph import OPSET, lstm_step
from offline.score import TICKS
from realtime.contract.features import MAX_BEAT
from realtime.contract.manifest import Graph, Input, Manifest, Output, Training, format_manifest

WIDTH = 16
FEATURES = 3 * WIDTH + 1
"""Columns of the first layer's input before the hints."""
LICENCE = "MIT (the weights, by Dong et al.); the music that they learned from is not part of them"


class Corpus(NamedTuple):
    """What one of the published models was trained on."""

    title: str
    parts: tuple[str, ...]
    folder: str
    """Its folder in the authors' repository."""
    accuracy: float
    """Of the LSTM without hints, by the paper."""
    about: str = ""


CORPORA: dict[str, Corpus] = {
    "bach": Corpus("Bach chorales", ("Soprano", "Alto", "Tenor", "Bass"), "bach", 0.9302),
    "string": Corpus(
        "string quartets (MusicNet)", ("Violin 1", "Violin 2", "Viola", "Cello"), "musicnet", 0.6743
    ),
    "game": Corpus(
        "game music (NES-MDB)",
        ("Pulse 1", "Pulse 2", "Triangle"),
        "nes",
        0.5022,
        "Its statistics fit ticks of 10 ms, of which it takes 24 for a beat: play it at --tempo 250.",
    ),
    "pop": Corpus("pop music (Lakh)", ("Piano", "Guitar", "Bass", "Strings", "Brass"), "lmd", 0.7414),
}


class Checkpoint(NamedTuple):
    """A published model, by the names of :class:`offline.lstm.LSTMSeparator`."""

    weights: dict[str, np.ndarray]
    parts: int
    hints: int
    """Columns of entry hints: 0, or one for each part."""


def read_checkpoint(path: Path) -> Checkpoint:
    """Return the weights in a Keras HDF5 file.

    Raises:
        OSError: there is no such file.
        ValueError: it is not HDF5, or not a model that can be stepped note by note.
    """
    found = _datasets(path)
    if any("bidirectional" in name or "backward" in name for name in found):
        raise ValueError(
            f"{path} is a bidirectional model, which needs the whole piece: import a default_ one"
        )
    layers = sorted({int(n) for name in found for n in re.findall(r"/lstm_(\d+)/", name)})
    norms = sorted({name.split("/")[-2] for name in found if "/layer_normalization" in name})
    if len(layers) != 3 or len(norms) != 3:
        raise ValueError(f"{path} does not hold the three LSTMs of the published models: import one of those")
    weights = {
        "pitch.weight": _one(path, found, "pitch_embedding/embeddings"),
        "position.weight": _one(path, found, "time_embedding_position/embeddings"),
        # The first class is padding; prediction is over the others.
        "scores.weight": _one(path, found, "dense/kernel")[:, 1:].T,
        "scores.bias": _one(path, found, "dense/bias")[1:],
    }
    for place, (layer, norm) in enumerate(zip(layers, norms, strict=True)):
        bias = _one(path, found, f"lstm_{layer}/.*bias")
        # Keras orders its gates as PyTorch does: in, forget, new, out. It has one bias where PyTorch has two.
        weights |= {
            f"lstm.{place}.weight_ih_l0": _one(path, found, f"lstm_{layer}/.*/kernel").T,
            f"lstm.{place}.weight_hh_l0": _one(path, found, f"lstm_{layer}/.*recurrent_kernel").T,
            f"lstm.{place}.bias_ih_l0": bias,
            f"lstm.{place}.bias_hh_l0": np.zeros_like(bias),
            f"norm.{place}.weight": _one(path, found, f"{norm}/gamma"),
            f"norm.{place}.bias": _one(path, found, f"{norm}/beta"),
        }
    parts = len(weights["scores.bias"])
    hints = weights["lstm.0.weight_ih_l0"].shape[1] - FEATURES
    if hints not in (0, parts):
        raise ValueError(
            f"{path} takes {hints} inputs more than pitch and beat: durations and pitch hints, which a "
            "player does not give; import default_embedding or default_embedding_onsethint"
        )
    return Checkpoint(weights, parts, hints)


def _datasets(path: Path) -> dict[str, np.ndarray]:
    import h5py

    if not path.is_file():
        raise OSError(f"{path} does not exist: give the .hdf5 file of a published model")
    found: dict[str, np.ndarray] = {}

    def keep(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found["/" + name] = np.asarray(item[()], np.float32)

    try:
        with h5py.File(path, "r") as file:
            file.visititems(keep)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f"{path} can't be read as HDF5 ({error}): fetch it again") from error
    return found


def _one(path: Path, found: dict[str, np.ndarray], pattern: str) -> np.ndarray:
    names = [name for name in found if re.search(f"/{pattern}:0$", name)]
    if len(names) != 1:
        raise ValueError(
            f"{path} holds {len(names)} weights called {pattern}, not one: is it a published model?"
        )
    return found[names[0]]


def guess_corpus(path: Path) -> str | None:
    """Return the corpus whose folder of the authors' repository ``path`` lies in, or None."""
    return next((key for key, corpus in CORPORA.items() if corpus.folder in path.parts), None)


def write_imported(path: Path, corpus: str, name: str, into: Path) -> Path:
    """Write the checkpoint at ``path`` as the plugin ``into``/``name``; return that folder.

    Raises:
        OSError, ValueError: as ``read_checkpoint``; or its parts are not those of the corpus.
    """
    checkpoint, known = read_checkpoint(path), CORPORA[corpus]
    if checkpoint.parts != len(known.parts):
        raise ValueError(
            f"{path} has {checkpoint.parts} parts, and {corpus} has {len(known.parts)} "
            f"({', '.join(known.parts)}): give the corpus that it was trained on"
        )
    graph = lstm_step(checkpoint.weights, checkpoint.hints)
    folder = into / name
    with tempfile.TemporaryDirectory(dir=into, prefix=".importing-") as work:
        made = Path(work) / name
        made.mkdir()
        (made / "model.onnx").write_bytes(graph)
        (made / "manifest.json").write_bytes(format_manifest(_manifest(name, graph, checkpoint, known)))
        (made / "README.md").write_text(_card(name, path, checkpoint, known), "utf-8")
        shutil.move(made, folder)
    return folder


def _manifest(name: str, graph: bytes, checkpoint: Checkpoint, corpus: Corpus) -> Manifest:
    units = len(checkpoint.weights["norm.0.weight"])
    states = [f"{kind}{layer}" for layer in range(3) for kind in "hc"]
    hints: Sequence[Input] = ()
    if checkpoint.hints:
        default = (0.0, *[1.0] * (checkpoint.hints - 1))
        hints = [Input("hints", "float32", (1, checkpoint.hints), "parameter", default=default)]
    return Manifest(
        schema=1,
        name=name,
        kind="separator",
        summary=f"The LSTM of Dong et al. (ISMIR 2021) as its authors published it, for {corpus.title}",
        version="1.0.0",
        licence="MIT",
        graph=Graph(sha256=sha256(graph).hexdigest(), opset=OPSET),
        inputs=(
            Input("pitch", "int64", (1,), "pitch", clip=(0, 127)),
            Input("position", "int64", (1,), "position", clip=(0, TICKS - 1)),
            Input("beat", "int64", (1,), "beat", clip=(0, MAX_BEAT)),
            *hints,
            *(Input(state, "float32", (1, units), "state") for state in states),
        ),
        outputs=(
            Output("scores", "float32", (1, checkpoint.parts), "scores"),
            *(Output(f"next_{state}", "float32", (1, units), "state", state) for state in states),
        ),
        training=Training(
            corpus=corpus.title,
            licence=LICENCE,
            split="the authors' own, which can't be made again",
            command="concertino models import",
        ),
        metrics={} if checkpoint.hints else {"accuracy_paper": corpus.accuracy},
        parts=corpus.parts,
    )


def _card(name: str, path: Path, checkpoint: Checkpoint, corpus: Corpus) -> str:
    hints = (
        "\nIt takes entry hints (`hints`), -1 before a part enters, 0 at its first note, 1 after. As "
        "published, they are off by one: the first column does nothing, each other controls the part before "
        "it, and the last part has none.\n"
        if checkpoint.hints
        else ""
    )
    return f"""# {name}

The online LSTM of Dong et al. (ISMIR 2021) with the weights that its authors published, for {corpus.title}.
Imported from `{Path(*path.parts[-4:])}` by `concertino models import`.
{hints}
The paper gives the variant without hints an accuracy of {corpus.accuracy:.2%}, on a split that can't be made
again. Parts: {", ".join(corpus.parts)}. {corpus.about}

Licence: {LICENCE}.
"""
