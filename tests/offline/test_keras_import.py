"""Published Keras checkpoints: what is made of them gives what an independent forward pass gives."""

from pathlib import Path

import numpy as np
import pytest

h5py = pytest.importorskip("h5py", reason="checkpoints are HDF5: pip install 'concertino[offline]'")

from typer.testing import CliRunner  # noqa: E402  # after the check for h5py

from offline.keras_import import CORPORA, guess_corpus, read_checkpoint, write_imported  # noqa: E402
from realtime.cli.models import app  # noqa: E402
from realtime.contract.plugin import load_plugin  # noqa: E402
from realtime.contract.stepper import Stepper  # noqa: E402
from realtime.contract.verify import verify_plugin  # noqa: E402

PUBLISHED = Path(__file__).parents[3] / "shared" / "reference" / "arranger"
UNITS, NOTES = 128, 120


def write_checkpoint(path: Path, parts: int, hints: int = 0, seed: int = 0, layer: str = "lstm") -> Path:
    """A file with the layout of the published ones and random weights."""
    draws = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:

        def put(name, *shape):
            file[f"lstm_arranger/lstm_arranger/{name}:0"] = draws.normal(0, 0.1, shape).astype(np.float32)

        put("input_layer/pitch_embedding/embeddings", 129, 16)
        put("input_layer/time_embedding_position/embeddings", 24, 16)
        width = 49 + hints
        for i in range(3):
            for kind, shape in (
                ("kernel", (width, 4 * UNITS)),
                ("recurrent_kernel", (UNITS, 4 * UNITS)),
                ("bias", (4 * UNITS,)),
            ):
                put(f"lstm/{layer}_{4 + i}/lstm_cell_{3 + i}/{kind}", *shape)
            norm = "layer_normalization" + (f"_{i}" if i else "")
            put(f"lstm/{norm}/gamma", UNITS)
            put(f"lstm/{norm}/beta", UNITS)
            width = UNITS
        put("dense/kernel", UNITS, parts + 1)
        put("dense/bias", parts + 1)
    return path


def forward(path: Path, pitch, tick, hints: np.ndarray) -> np.ndarray:
    """The published model in plain NumPy, from the paper's description; logits without the padding class."""
    found = {}
    with h5py.File(path, "r") as file:
        file.visititems(lambda n, d: found.__setitem__(n, d[()]) if isinstance(d, h5py.Dataset) else None)

    def get(*words):
        (name,) = [n for n in found if all(f"/{w}" in n for w in words)]
        return found[name].astype(np.float64)

    place = np.arange(0, 16, 2)
    beats = np.zeros((len(pitch), 16))
    angle = np.minimum(tick // 24, 4096)[:, None] / 10000.0 ** (place / 16)
    beats[:, 0::2], beats[:, 1::2] = np.sin(angle), np.cos(angle)
    frequency = 440 * 2 ** ((pitch - 69) / 12) / (440 * 2 ** ((127 - 69) / 12))
    x = np.concatenate(
        [
            get("pitch_embedding/")[pitch + 1],
            get("time_embedding_position/")[tick % 24],
            beats,
            frequency[:, None],
            np.broadcast_to(hints, (len(pitch), len(hints))),
        ],
        axis=1,
    )

    def sigmoid(v):
        return 1 / (1 + np.exp(-v))

    for i in range(3):
        kernel, recurrent, bias = (
            get(f"lstm_{4 + i}/", f"{k}:0") for k in ("kernel", "recurrent_kernel", "bias")
        )
        h, c, out = np.zeros(UNITS), np.zeros(UNITS), []
        for row in x:
            into, forget, new, emit = np.split(row @ kernel + h @ recurrent + bias, 4)
            c = sigmoid(forget) * c + sigmoid(into) * np.tanh(new)
            h = sigmoid(emit) * np.tanh(c)
            out.append(h)
        x = np.array(out)
        norm = "layer_normalization" + (f"_{i}/" if i else "/")
        x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-3)
        x = x * get(norm, "gamma") + get(norm, "beta")
    return (x @ get("dense/kernel") + get("dense/bias"))[:, 1:]


def check_parity(path: Path, corpus: str, into: Path) -> None:
    folder = write_imported(path, corpus, f"arranger-{corpus}", into)
    verify_plugin(folder)
    plugin = load_plugin(folder)
    draws = np.random.default_rng(1)
    pitch, tick = draws.integers(30, 100, NOTES), np.cumsum(draws.integers(0, 30, NOTES))
    parts = len(plugin.manifest.parts)
    given = [i for i in plugin.manifest.inputs if i.source == "parameter"]
    stepper = Stepper(plugin, parts)
    steps = [
        stepper.step({"pitch": int(p), "position": int(t % 24), "beat": int(t // 24)})
        for p, t in zip(pitch, tick, strict=True)
    ]
    expected = forward(path, pitch, tick, np.array(given[0].default if given else ()))
    np.testing.assert_allclose(np.array(steps), expected, atol=1e-4)


@pytest.mark.parametrize(("corpus", "hints"), [("bach", 0), ("game", 3), ("pop", 5), ("string", 0)])
def test_an_imported_model_gives_the_logits_of_the_published_layout(corpus, hints, tmp_path):
    path = write_checkpoint(tmp_path / "model.hdf5", len(CORPORA[corpus].parts), hints)
    check_parity(path, corpus, tmp_path)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published checkpoints are not here (../shared)")
@pytest.mark.parametrize("variant", ["default_embedding", "default_embedding_onsethint"])
@pytest.mark.parametrize("corpus", sorted(CORPORA))
def test_a_published_checkpoint_gives_its_own_logits(corpus, variant, tmp_path):
    path = PUBLISHED / CORPORA[corpus].folder / "lstm" / variant / "best_model.hdf5"
    assert guess_corpus(path) == corpus
    check_parity(path, corpus, tmp_path)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published checkpoints are not here (../shared)")
def test_a_published_offline_model_is_refused():
    path = PUBLISHED / "bach" / "lstm" / "bidirectional_embedding" / "best_model.hdf5"
    with pytest.raises(ValueError, match="needs the whole piece"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.write_bytes(b"\x89HDF\r\n broken"), "can't be read as HDF5"),
        (lambda path: write_checkpoint(path, 4, layer="gru"), "does not hold the three LSTMs"),
        (lambda path: write_checkpoint(path, 4, hints=20), "takes 20 inputs more"),
    ],
)
def test_what_is_no_published_model_is_refused_in_one_sentence(make, reason, tmp_path):
    path = tmp_path / "model.hdf5"
    make(path)
    with pytest.raises(ValueError, match=reason):
        read_checkpoint(path)
    with pytest.raises(OSError, match="does not exist"):
        read_checkpoint(tmp_path / "none.hdf5")


def test_parts_that_are_not_the_corpus_are_refused(tmp_path):
    path = write_checkpoint(tmp_path / "model.hdf5", 3)
    with pytest.raises(ValueError, match="has 3 parts, and pop has 5"):
        write_imported(path, "pop", "mine", tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.hdf5"]


def test_the_command_adds_the_model_to_the_users(tmp_path, monkeypatch):
    monkeypatch.setattr("realtime.contract.library.user_folder", lambda: tmp_path / "models")
    path = write_checkpoint(tmp_path / "nes" / "lstm" / "model.hdf5", 3)
    done = CliRunner().invoke(app, ["import", str(path)])
    assert done.exit_code == 0, done.exception
    assert "Added arranger-game" in done.stdout
    assert load_plugin(tmp_path / "models" / "arranger-game").manifest.parts == CORPORA["game"].parts
    unknown = write_checkpoint(tmp_path / "model.hdf5", 3)
    assert "give --corpus" in str(CliRunner().invoke(app, ["import", str(unknown)]).exception)
