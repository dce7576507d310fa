"""Published Keras checkpoints: what is made of them gives what an independent forward pass gives."""

import os
from pathlib import Path

import numpy as np
import pytest

h5py = pytest.importorskip("h5py", reason="checkpoints are HDF5: pip install 'concertino[offline]'")

from typer.testing import CliRunner  # noqa: E402  # after the check for h5py

from offline.keras_import import CORPORA, guess_corpus, read_checkpoint  # noqa: E402
from offline.keras_plugin import write_imported  # noqa: E402
from offline.matching import name_key  # noqa: E402
from realtime.cli.models import app  # noqa: E402
from realtime.contract.plugin import load_plugin  # noqa: E402
from realtime.contract.scorer import SequenceScorer  # noqa: E402
from realtime.contract.sequence import sequence_features, sequence_order  # noqa: E402
from realtime.contract.stepper import Stepper  # noqa: E402
from realtime.contract.verify import verify_plugin  # noqa: E402
from realtime.ensembles.library import find_ensemble  # noqa: E402
from realtime.host.piece import read_notes  # noqa: E402
from realtime.music.smf import read_performance  # noqa: E402

BESIDE = Path(__file__).parents[3] / "shared" / "reference" / "arranger"
PUBLISHED = Path(os.environ.get("CONCERTINO_ARRANGER") or BESIDE)
"""The folder ``exp`` of the authors' repository salu133445/arranger, which is not ours to ship."""
CHORALE = Path(__file__).parents[2] / "realtime" / "demo" / "chorale.mid"
UNITS, NOTES = 128, 120
NOT_HERE = f"the published checkpoints are not in {PUBLISHED}: set CONCERTINO_ARRANGER to their folder"
ENTRIES = (0, 7, 3, 10**9, 50)
"""Number of each part's first note; the fourth part never enters."""


def write_checkpoint(
    path: Path,
    parts: int,
    hints: int = 0,
    seed: int = 0,
    layer: str = "lstm",
    both: bool = False,
    durations: bool = False,
    embedded: bool = True,
) -> Path:
    """A file with the layout of the published ones and random weights."""
    draws = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:

        def put(name, *shape):
            file[f"lstm_arranger/lstm_arranger/{name}:0"] = draws.normal(0, 0.1, shape).astype(np.float32)

        if embedded:
            put("input_layer/pitch_embedding/embeddings", 129, 16)
            put("input_layer/time_embedding_position/embeddings", 24, 16)
        if durations:
            put("input_layer/duration_embedding/embeddings", 193, 16)
        width = 49 + hints + 16 * durations
        units = UNITS // 2 if both else UNITS
        for i in range(3):
            wrapper = "bidirectional" + (f"_{i}" if i else "") + "/" if both else ""
            for way in ("forward_", "backward_") if both else ("",):
                for kind, shape in (
                    ("kernel", (width, 4 * units)),
                    ("recurrent_kernel", (units, 4 * units)),
                    ("bias", (4 * units,)),
                ):
                    put(f"lstm/{wrapper}{way}{layer}_{4 + i}/lstm_cell_{3 + i}/{kind}", *shape)
            norm = "layer_normalization" + (f"_{i}" if i else "")
            put(f"lstm/{norm}/gamma", UNITS)
            put(f"lstm/{norm}/beta", UNITS)
            width = UNITS
        put("dense/kernel", UNITS, parts + 1)
        put("dense/bias", parts + 1)
    return path


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def forward(path: Path, pitch, tick, hints: np.ndarray, duration=None) -> np.ndarray:
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
    told = [get("pitch_embedding/")[pitch + 1], get("time_embedding_position/")[tick % 24], beats]
    if duration is not None:
        told.append(get("duration_embedding/")[np.minimum(duration, 192)])
    x = np.concatenate([*told, frequency[:, None], hints], axis=1)
    both = any("/backward_lstm_" in name for name in found)
    for i in range(3):
        ways = []
        for way in ("forward_", "backward_") if both else ("",):
            kernel, recurrent, bias = (
                get(f"{way}lstm_{4 + i}/", f"{k}:0") for k in ("kernel", "recurrent_kernel", "bias")
            )
            units = len(recurrent)
            h, c, out = np.zeros(units), np.zeros(units), []
            for row in x[::-1] if way == "backward_" else x:
                into, forget, new, emit = np.split(row @ kernel + h @ recurrent + bias, 4)
                c = sigmoid(forget) * c + sigmoid(into) * np.tanh(new)
                h = sigmoid(emit) * np.tanh(c)
                out.append(h)
            ways.append(np.array(out[::-1] if way == "backward_" else out))
        x = np.concatenate(ways, axis=1)
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
    hints = np.broadcast_to(given[0].default if given else (), (NOTES, len(given) * parts))
    expected = forward(path, pitch, tick, hints)
    np.testing.assert_allclose(np.array(steps), expected, atol=1e-4)


def check_whole_parity(path: Path, corpus: str, into: Path) -> None:
    folder = write_imported(path, corpus, f"arranger-{corpus}-offline", into)
    verify_plugin(folder)
    plugin = load_plugin(folder)
    assert plugin.manifest.kind == "sequence-separator"
    draws = np.random.default_rng(1)
    pitch, tick = draws.integers(30, 100, NOTES), np.sort(draws.integers(0, 24 * 5000, NOTES))
    duration = draws.integers(1, 400, NOTES)
    order = sequence_order(tick, pitch, duration)
    pitch, tick, duration = pitch[order], tick[order], duration[order]
    sources = {tensor.source for tensor in plugin.manifest.inputs}
    parts = len(plugin.manifest.parts)
    # Column j of the published hints holds the entry of part j - 1; the first one is dead.
    hints = np.zeros((NOTES, parts if "parameter" in sources else 0))
    parameters = {}
    if "parameter" in sources:
        parameters = {"entries": ENTRIES[:parts]}
        for column in range(1, parts):
            hints[:, column] = np.sign(np.arange(NOTES) - ENTRIES[column - 1])
    scores = SequenceScorer(plugin, parts, parameters).score(sequence_features(tick, pitch, duration))
    expected = forward(path, pitch, tick, hints, duration if "duration" in sources else None)
    np.testing.assert_allclose(scores, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("corpus", "hints", "both", "durations"),
    [
        ("bach", False, True, False),
        ("pop", True, True, True),
        ("game", True, True, False),
        ("string", False, False, True),
    ],
)
def test_an_imported_model_of_whole_pieces_gives_the_logits_of_the_published_layout(
    corpus, hints, both, durations, tmp_path
):
    parts = len(CORPORA[corpus].parts)
    path = write_checkpoint(tmp_path / "model.hdf5", parts, parts * hints, both=both, durations=durations)
    check_whole_parity(path, corpus, tmp_path)


def test_scores_of_a_bidirectional_model_depend_on_later_notes_and_of_another_do_not(tmp_path):
    tick = np.arange(NOTES) * 6
    pitch = np.random.default_rng(2).integers(40, 80, NOTES)
    other = np.append(pitch[:-1], pitch[-1] + 1)
    for both in (True, False):
        path = write_checkpoint(tmp_path / f"{both}.hdf5", 4, both=both, durations=True)
        folder = write_imported(path, "bach", f"model-{both}".lower(), tmp_path)
        scorer = SequenceScorer(load_plugin(folder), 4)
        first, second = (scorer.score(sequence_features(tick, p, np.full(NOTES, 6))) for p in (pitch, other))
        assert np.array_equal(first[:-1], second[:-1]) != both


@pytest.mark.parametrize(("corpus", "hints"), [("bach", 0), ("game", 3), ("pop", 5), ("string", 0)])
def test_an_imported_model_gives_the_logits_of_the_published_layout(corpus, hints, tmp_path):
    path = write_checkpoint(tmp_path / "model.hdf5", len(CORPORA[corpus].parts), hints)
    check_parity(path, corpus, tmp_path)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=NOT_HERE)
@pytest.mark.parametrize("variant", ["default_embedding", "default_embedding_onsethint"])
@pytest.mark.parametrize("corpus", sorted(CORPORA))
def test_a_published_checkpoint_gives_its_own_logits(corpus, variant, tmp_path):
    path = PUBLISHED / CORPORA[corpus].folder / "lstm" / variant / "best_model.hdf5"
    assert guess_corpus(path) == corpus
    check_parity(path, corpus, tmp_path)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=NOT_HERE)
@pytest.mark.parametrize("variant", ["bidirectional_embedding", "bidirectional_embedding_onsethint_duration"])
@pytest.mark.parametrize("corpus", sorted(CORPORA))
def test_a_published_model_of_whole_pieces_gives_its_own_logits(corpus, variant, tmp_path):
    path = PUBLISHED / CORPORA[corpus].folder / "lstm" / variant / "best_model.hdf5"
    check_whole_parity(path, corpus, tmp_path)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=NOT_HERE)
def test_a_part_that_never_enters_is_given_nothing_but_for_the_last_which_has_no_hint(tmp_path):
    path = PUBLISHED / "lmd" / "lstm" / "bidirectional_embedding_onsethint_duration" / "best_model.hdf5"
    plugin = load_plugin(write_imported(path, "pop", "arranger-pop-offline", tmp_path))
    features = read_notes(read_performance(CHORALE), 24).features

    def notes_of_parts(entries):
        scores = SequenceScorer(plugin, 5, {"entries": entries}).score(features)
        return np.bincount(scores.argmax(1), minlength=5)

    usual = notes_of_parts([0] * 5)
    for part in range(5):
        never = notes_of_parts([1000 * (part == each) for each in range(5)])
        assert never[part] <= (2 if part < 4 else usual[part])
    assert usual[1] > 50
    assert np.array_equal(never, usual)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.write_bytes(b"\x89HDF\r\n broken"), "can't be read as HDF5"),
        (lambda path: write_checkpoint(path, 4, layer="gru"), "does not hold the three LSTMs"),
        (lambda path: write_checkpoint(path, 4, hints=20), "takes 20 inputs more"),
        (lambda path: write_checkpoint(path, 4, embedded=False), "takes pitch and time as numbers"),
    ],
)
def test_what_is_no_published_model_is_refused_in_one_sentence(make, reason, tmp_path):
    path = tmp_path / "model.hdf5"
    make(path)
    with pytest.raises(ValueError, match=reason):
        read_checkpoint(path)
    with pytest.raises(OSError, match="does not exist"):
        read_checkpoint(tmp_path / "none.hdf5")


def test_a_path_without_a_file_is_told_before_the_corpus_is_asked_for(tmp_path):
    for path, reason in ((tmp_path / "none.hdf5", "does not exist"), (tmp_path, "is a folder")):
        error = CliRunner().invoke(app, ["import", str(path)]).exception
        assert isinstance(error, OSError)
        assert str(error).startswith(f"{path} {reason}: give the .hdf5 file")


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
    both = write_checkpoint(tmp_path / "nes" / "lstm" / "both.hdf5", 3, both=True)
    done = CliRunner().invoke(app, ["import", str(both)])
    assert "--mode offline --separator arranger-game-offline" in done.stdout
    assert load_plugin(tmp_path / "models" / "arranger-game-offline").manifest.kind == "sequence-separator"
    unknown = write_checkpoint(tmp_path / "model.hdf5", 3)
    assert "give --corpus" in str(CliRunner().invoke(app, ["import", str(unknown)]).exception)


def test_a_card_tells_which_hints_a_model_takes(tmp_path):
    live = write_imported(write_checkpoint(tmp_path / "a.hdf5", 3, hints=3), "game", "live", tmp_path)
    both = write_checkpoint(tmp_path / "b.hdf5", 3, hints=3, both=True, durations=True)
    whole = write_imported(both, "game", "whole", tmp_path)
    plain = write_imported(write_checkpoint(tmp_path / "c.hdf5", 3), "game", "plain", tmp_path)
    cards = [(folder / "README.md").read_text("utf-8") for folder in (live, whole, plain)]
    assert "`--separator live:1,1,-1`: for each part -1 before it enters" in cards[0]
    assert "`--separator whole:0,1,2`: for each part the number of its first note" in cards[1]
    assert "`--separator" not in cards[2]


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=NOT_HERE)
def test_the_hints_of_the_readme_keep_the_second_pulse_silent(tmp_path):
    path = PUBLISHED / "nes" / "lstm" / "default_embedding_onsethint" / "best_model.hdf5"
    plugin = load_plugin(write_imported(path, "game", "game-hints", tmp_path))
    features, counts = read_notes(read_performance(CHORALE), 24).features, []
    for hints in ([1, 1, 1], [1, 1, -1]):
        stepper = Stepper(plugin, 3, {"hints": hints})
        given = [
            stepper.step({"pitch": pitch, "position": position, "beat": beat}).argmax()
            for pitch, position, beat in zip(
                features["pitch"], features["position"], features["beat"], strict=True
            )
        ]
        counts.append(sum(int(part) == 1 for part in given))
    assert counts[0] > 50
    assert counts[1] == 0


@pytest.mark.parametrize("corpus", CORPORA.values(), ids=CORPORA)
def test_the_command_tells_how_a_model_is_played_by_its_own_parts(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("realtime.contract.library.user_folder", lambda: tmp_path / "models")
    for both in (False, True):
        path = write_checkpoint(tmp_path / corpus.folder / f"{both}.hdf5", len(corpus.parts), both=both)
        done = CliRunner().invoke(app, ["import", str(path)])
        command = done.stdout.split("Play it: ")[1].split()
        ensemble = find_ensemble(command[command.index("--ensemble") + 1])
        assert [name_key(part.name) for part in ensemble.parts] == [name_key(name) for name in corpus.parts]
        assert "--separator" in command


def test_a_second_model_of_a_corpus_is_kept_beside_the_first_by_another_name(tmp_path, monkeypatch):
    monkeypatch.setattr("realtime.contract.library.user_folder", lambda: tmp_path / "models")
    first, second = (write_checkpoint(tmp_path / "bach" / f"{i}.hdf5", 4, hints=4 * i) for i in range(2))
    call = CliRunner().invoke
    assert call(app, ["import", str(first)]).exit_code == 0
    error = call(app, ["import", str(second)]).exception
    assert isinstance(error, ValueError)
    assert "keep both with --name arranger-bach-2, or replace it with --replace" in str(error)
    done = call(app, ["import", str(second), "--name", "arranger-bach-2"])
    assert done.exit_code == 0, done.exception
    assert "--name arranger-bach-3" in str(
        call(app, ["import", str(first), "--name", "arranger-bach"]).exception
    )
    sources = [
        {tensor.source for tensor in load_plugin(tmp_path / "models" / name).manifest.inputs}
        for name in ("arranger-bach", "arranger-bach-2")
    ]
    assert ["parameter" in each for each in sources] == [False, True]
    assert call(app, ["import", str(second), "--replace"]).exit_code == 0
