"""The authors' published Keras checkpoints, read (Dong et al., ISMIR 2021; their repository, MIT).

Their layout is that of the paper: embedded pitch and position, fixed sinusoids of the beat, embedded duration
where a variant has it, frequency, then entry hints where it has those; three LSTMs, or pairs of them in both
directions, with layer norm (epsilon 1e-3), and a dense layer whose first class is padding, which is never
chosen.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

WIDTH = 16
FEATURES = 3 * WIDTH + 1
"""Columns of the first layer's input before durations and hints."""
DIRECTIONS = {False: {"": "lstm_"}, True: {"": "forward_lstm_", "_reverse": "backward_lstm_"}}
"""What begins the names of an LSTM's weights, by what ends them in PyTorch; of one direction, or both."""


class Corpus(NamedTuple):
    """What one of the published models was trained on."""

    title: str
    parts: tuple[str, ...]
    folder: str
    """Its folder in the authors' repository."""
    accuracy: float
    """Of the LSTM without hints, by the paper."""
    key: str
    """Of the same music in ``offline.corpora.catalog``, of which the user needs a copy."""
    ensemble: str
    """The ensemble that has its parts."""
    about: str = ""


CORPORA: dict[str, Corpus] = {
    "bach": Corpus(
        "Bach chorales", ("Soprano", "Alto", "Tenor", "Bass"), "bach", 0.9302, "bach", "bach-chorale"
    ),
    "string": Corpus(
        "string quartets (MusicNet)",
        ("Violin 1", "Violin 2", "Viola", "Cello"),
        "musicnet",
        0.6743,
        "musicnet",
        "string-quartet",
    ),
    "game": Corpus(
        "game music (NES-MDB)",
        ("Pulse 1", "Pulse 2", "Triangle"),
        "nes",
        0.5022,
        "nes",
        "game-trio",
        "Its statistics fit ticks of 10 ms, of which it takes 24 for a beat: play it at --tempo 250.",
    ),
    "pop": Corpus(
        "pop music (Lakh)", ("Piano", "Guitar", "Bass", "Strings", "Brass"), "lmd", 0.7414, "lakh", "pop-band"
    ),
}


class Checkpoint(NamedTuple):
    """A published model, by the names of :class:`offline.lstm.LSTMSeparator`."""

    weights: dict[str, np.ndarray]
    parts: int
    hints: int
    """Columns of entry hints: 0, or one for each part."""
    durations: bool
    both_ways: bool
    """Whether its LSTMs read the piece from both ends."""

    @property
    def whole(self) -> bool:
        """Whether it takes whole pieces only, for what it is told or for how it reads."""
        return self.durations or self.both_ways


def check_file(path: Path) -> None:
    """Raise OSError with what to give, when there is no file at ``path``."""
    if path.is_dir():
        raise OSError(f"{path} is a folder: give the .hdf5 file in it")
    if not path.is_file():
        wrong = "is no file but a pipe or device" if path.exists() else "does not exist"
        raise OSError(f"{path} {wrong}: give the .hdf5 file of a published model")


def read_checkpoint(path: Path) -> Checkpoint:
    """Return the weights in a Keras HDF5 file.

    Raises:
        OSError: there is no such file.
        ValueError: it is not HDF5, or not one of the published models.
    """
    found = _datasets(path)
    both_ways = any("/backward_lstm_" in name for name in found)
    durations = any("/duration_embedding/" in name for name in found)
    directions = DIRECTIONS[both_ways]
    layers = sorted({int(n) for name in found for n in re.findall(rf"/{directions['']}(\d+)/", name)})
    norms = sorted({name.split("/")[-2] for name in found if "/layer_normalization" in name})
    if len(layers) != 3 or len(norms) != 3:
        raise ValueError(
            f"{path} does not hold the three LSTMs of the published models: import one of those "
            "(Transformers can't be imported)"
        )
    if not any("/pitch_embedding/" in name for name in found):
        raise ValueError(
            f"{path} takes pitch and time as numbers, which can't be imported: "
            "import a model whose name has embedding in it"
        )
    weights = {
        "pitch.weight": _one(path, found, "pitch_embedding/embeddings"),
        "position.weight": _one(path, found, "time_embedding_position/embeddings"),
        # The first class is padding; prediction is over the others.
        "scores.weight": _one(path, found, "dense/kernel")[:, 1:].T,
        "scores.bias": _one(path, found, "dense/bias")[1:],
    }
    if durations:
        weights["duration.weight"] = _one(path, found, "duration_embedding/embeddings")
    for place, (layer, norm) in enumerate(zip(layers, norms, strict=True)):
        for end, begin in directions.items():
            bias = _one(path, found, f"{begin}{layer}/.*bias")
            # Keras orders its gates as PyTorch does: in, forget, new, out. It has one bias, PyTorch two.
            weights |= {
                f"lstm.{place}.weight_ih_l0{end}": _one(path, found, f"{begin}{layer}/.*/kernel").T,
                f"lstm.{place}.weight_hh_l0{end}": _one(path, found, f"{begin}{layer}/.*recurrent_kernel").T,
                f"lstm.{place}.bias_ih_l0{end}": bias,
                f"lstm.{place}.bias_hh_l0{end}": np.zeros_like(bias),
            }
        weights |= {
            f"norm.{place}.weight": _one(path, found, f"{norm}/gamma"),
            f"norm.{place}.bias": _one(path, found, f"{norm}/beta"),
        }
    parts = len(weights["scores.bias"])
    hints = weights["lstm.0.weight_ih_l0"].shape[1] - FEATURES - WIDTH * durations
    if hints not in (0, parts):
        raise ValueError(
            f"{path} takes {hints} inputs more than pitch, beat and duration: pitch hints can't be imported; "
            "import a model whose name ends in embedding, onsethint or duration"
        )
    return Checkpoint(weights, parts, hints, durations, both_ways)


def _datasets(path: Path) -> dict[str, np.ndarray]:
    import h5py

    check_file(path)
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
