import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from offline import cli, shipped
from offline.cli import options
from offline.weights import load_weights

RUNNER = CliRunner()


def test_the_commands_import_nothing_heavy():
    heavy = ("torch", "music21", "onnx", "numpy")
    program = f"import sys, offline.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_names_of_the_commands_are_those_that_can_be_made():
    pytest.importorskip("torch", reason="models need torch: pip install 'concertino[offline]'")
    from offline.corpora.catalog import CORPORA
    from offline.models import MODELS
    from offline.rule_drafts import RULES

    assert tuple(RULES) == shipped.RULES
    assert set(MODELS) == set(shipped.TRAINABLE)
    assert tuple(CORPORA) == shipped.CORPUS_KEYS


@pytest.mark.parametrize(
    ("app", "arguments"),
    [
        (cli.train, ["separator", "bach-lstm"]),
        (cli.evaluate, ["separator", "zone"]),
        (cli.export, ["separator", "bach-lstm"]),
    ],
)
def test_a_missing_package_is_named_with_what_to_install(monkeypatch, app, arguments):
    monkeypatch.setattr(options, "find_spec", lambda name: None if name in ("torch", "music21") else object())
    error = RUNNER.invoke(app, arguments).exception
    assert isinstance(error, OSError)
    assert "music21" in str(error)
    assert "pip install 'concertino[offline,cpu]'" in str(error)


@pytest.mark.parametrize("app", [cli.train, cli.export])
def test_a_name_that_is_not_known_is_answered_with_those_that_are(app):
    error = RUNNER.invoke(app, ["separator", "nobody"]).exception
    assert isinstance(error, ValueError)
    assert "choose one of bach-lstm" in str(error)


def test_evaluate_prints_accuracy_notes_pieces_and_split_as_json(chorales):
    done = RUNNER.invoke(cli.evaluate, ["separator", "zone", "--json", "-", "--quiet"])
    result = json.loads(done.stdout)
    assert result["accuracy"] == pytest.approx(0.7118, abs=1e-3)
    assert (result["notes"], result["pieces"], result["split"]) == (10_663, 41, "test")
    assert set(result["part_accuracy"]) == {"soprano", "alto", "tenor", "bass"}
    assert 0 < result["balanced_accuracy"] < 1
    assert 0 < result["flicker"] < 1
    assert "accuracy_human" not in result


def test_evaluate_tells_what_a_players_hands_cost(made_up, tmp_path):
    from offline.demo import save_printed
    from offline.human import PERTURBATIONS, WRITTEN

    for seed in range(3):
        save_printed(tmp_path / f"{seed}.mid", made_up(seed, chords=40), 80)
    options = ["--input", str(tmp_path), "--human", "--json", "-", "--quiet"]
    result = json.loads(RUNNER.invoke(cli.evaluate, ["separator", "zone", *options]).stdout)
    windows = ["window_30", "window_60"]
    assert list(result["human"]) == [WRITTEN, *PERTURBATIONS, *windows]
    assert result["human"][WRITTEN] == result["human"]["tempo"] == result["human"]["phase"]
    assert result["accuracy_human"] == pytest.approx(result["accuracy"], abs=0.05)  # zones know no time
    closest = json.loads(RUNNER.invoke(cli.evaluate, ["separator", "closest-mono", *options]).stdout)
    assert closest["human"]["spread"] < closest["accuracy"] - 0.05  # it wants the low notes first


def test_evaluate_takes_a_folder_of_ones_own_pieces(made_up, tmp_path):
    from offline.demo import save_printed

    save_printed(tmp_path / "mine.mid", made_up(1), 80)
    done = RUNNER.invoke(
        cli.evaluate, ["separator", "zone", "--input", str(tmp_path), "--json", "-", "--quiet"]
    )
    result = json.loads(done.stdout)
    assert (result["pieces"], result["notes"], result["split"]) == (1, 48, None)
    assert result["accuracy"] > 0.7


def test_evaluate_takes_a_name_with_values_and_tells_of_defaults(made_up, tmp_path):
    from offline.demo import save_printed

    save_printed(tmp_path / "mine.mid", made_up(1), 80)

    def measure(name, *options):
        return RUNNER.invoke(cli.evaluate, ["separator", name, "--input", str(tmp_path), *options])

    results = {name: json.loads(measure(name, "--json", "-").stdout) for name in ("split", "split:127,0")}
    assert [sum(each["confusion"]["soprano"].values()) for each in results.values()] == [12, 12]
    assert results["split"]["confusion"]["soprano"]["soprano"] == 12
    assert results["split:127,0"]["confusion"]["soprano"]["soprano"] == 0
    assert [each["parameters"]["lower"]["default"] for each in results.values()] == [True, False]
    assert measure("split").stderr.startswith("split is measured with its default lower 60,0,0,0;")
    assert measure("split:127,0").stderr == ""
    assert "nothing to measure of channel" in str(measure("channel").exception)


def test_evaluate_prints_tables_that_a_reader_can_read(made_up, tmp_path):
    from offline.demo import save_printed

    save_printed(tmp_path / "mine.mid", made_up(1), 80)
    done = RUNNER.invoke(cli.evaluate, ["separator", "zone", "--input", str(tmp_path), "--human"])
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == f"zone on {tmp_path}: 1 piece, 48 notes"
    figures = {words[0]: words[1:] for line in lines if (words := line.split())}
    assert [int(n) for n in figures["bass"][1:]] == [0, 0, 0, 12]
    assert figures["bass"][0] == "100.00"
    assert {"flicker", "spread", "window_30", "all"} < set(figures)
    assert "None" not in done.stdout
    assert "{" not in done.stdout


def test_a_file_that_can_not_be_written_is_told_before_anything_is_measured(tmp_path, monkeypatch):
    def never(*arguments, **options):
        raise AssertionError("it was measured first")

    monkeypatch.setattr("realtime.contract.library.find_plugin", never)
    monkeypatch.setattr("offline.asked.find_plugin", never)
    folder = tmp_path / "none"
    for command in (
        f"separator zone --json {folder}/x.json",
        f"continuation mmt --json {folder}/x.json",
        f"picture bwv1 --online zone -o {folder}/x.png",
        f"attention mmt -o {folder}/x.png",
    ):
        error = RUNNER.invoke(cli.evaluate, command.split()).exception
        assert isinstance(error, FileNotFoundError), command
        assert error.filename == str(folder)


def test_evaluate_writes_json_to_a_file(chorales, tmp_path):
    path = tmp_path / "result.json"
    RUNNER.invoke(
        cli.evaluate, ["separator", "split", "--split", "validation", "--json", str(path), "--quiet"]
    )
    assert json.loads(path.read_text("utf-8"))["split"] == "validation"


def test_training_from_the_command_leaves_weights_that_resume_and_export_take(made_up, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch", reason="training needs torch: pip install 'concertino[offline]'")
    from offline import runs
    from offline.corpora.load import Split

    pieces = {f"made-up-{seed}": made_up(seed) for seed in range(8)}
    names = tuple(pieces)
    monkeypatch.setattr(runs, "load_corpus", lambda *a, **k: pieces)
    monkeypatch.setattr(runs, "load_corpus_split", lambda *a, **k: Split(names[:5], names[5:6], names[6:]))
    torch.set_num_threads(1)  # more only get in each other's way on a model this small
    run, models = tmp_path / "run", tmp_path / "models"
    train = ["separator", "bach-lstm", "--epochs", "1", "--folder", str(run), "--quiet"]
    assert RUNNER.invoke(cli.train, train).exit_code == 0
    assert load_weights(run / "weights.npz")[1]["best_epoch"] == 1
    assert "go on with --resume" in str(RUNNER.invoke(cli.train, train).exception)
    assert RUNNER.invoke(cli.train, [*train, "--resume"]).exit_code == 0
    export = [
        "separator",
        "bach-lstm",
        "--weights",
        str(run / "weights.npz"),
        "--into",
        str(models),
        "--quiet",
    ]
    assert RUNNER.invoke(cli.export, export).exit_code == 0
    assert (models / "bach-lstm" / "model.onnx").is_file()


@pytest.mark.parametrize("data", [None, b"", b"PK broken"])
def test_weights_that_can_not_be_read_are_refused_by_name(tmp_path, data):
    path = tmp_path / "weights.npz"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ValueError, match=r"weights\.npz"):
        load_weights(path)
