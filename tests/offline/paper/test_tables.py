import json
import pickle
import signal
import subprocess
import sys
from dataclasses import asdict, replace

import pytest
from rich.console import Console
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'concertino[offline]'")

from offline.cli import evaluate, train  # noqa: E402  # after the check for torch
from offline.human import PERTURBATIONS  # noqa: E402
from offline.paper import learning, stacked, tables  # noqa: E402
from offline.paper.budget import STEPS, missing_cells  # noqa: E402
from offline.paper.cells import CELLS, TABLES, cells_of  # noqa: E402
from offline.paper.deciding import RULES  # noqa: E402
from offline.paper.learning import ROUND  # noqa: E402
from offline.paper.music import Music  # noqa: E402
from offline.paper.printing import collect, print_tables  # noqa: E402
from offline.paper.results import FOLDER, Outcome, read_results, write_results  # noqa: E402
from offline.paper.tables import fill_stacked, train_tables  # noqa: E402
from offline.training import Run  # noqa: E402
from realtime.cli.errors import REFUSED, exit_code  # noqa: E402

OUTCOME = Outcome(0.5, 0.4, 0.3, 0.2, 100, 3, 300, 200, 0.6, 12.5, 1, "test", "2026-01-01")
MEASURED = ("accuracy", "balanced_accuracy", "soundness", "completeness", "notes", "pieces", "best_step")


@pytest.fixture
def music(made_up):
    pieces = [made_up(seed, chords=2) for seed in range(20)]
    return Music(("s", "a", "t", "b"), pieces[:14], pieces[14:17], pieces[17:])


def _numbers(outcomes):
    return {key: [getattr(one, name) for name in MEASURED] for key, one in outcomes.items()}


DYING = """
import os, pickle, signal, sys
from pathlib import Path
from offline.human import PERTURBATIONS  # noqa: E402
from offline.paper import learning, tables
learning.ROUND = tables.ROUND = 4
music = pickle.loads(Path(sys.argv[1]).read_bytes())
drawn, real = 0, learning.draw
def draw(*arguments):
    global drawn
    drawn += 1
    if drawn == 16 * learning.ROUND * 3 // 2:  # in the middle of the second round
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)
learning.draw = draw
folder = Path(sys.argv[2])
tables.train_tables("made-up", "all", only=["mlp", "lstm-eh"], music=music, folder=folder / "runs",
    results=folder, steps=8, progress=False)
"""


def test_a_table_that_was_killed_ends_with_the_same_numbers(tmp_path, music, monkeypatch):
    monkeypatch.setattr(learning, "ROUND", 4)
    monkeypatch.setattr(tables, "ROUND", 4)
    (tmp_path / "music").write_bytes(pickle.dumps(music))
    command = [sys.executable, "-c", DYING, tmp_path / "music", tmp_path / "killed"]
    assert subprocess.run(command, check=False, timeout=200).returncode == -signal.SIGKILL
    assert list((tmp_path / "killed").rglob("checkpoint.pt"))
    assert set(read_results("made-up", tmp_path / "killed")) == {"mlp"}

    def finish(folder):
        only = ["mlp", "lstm-eh"]
        return train_tables(
            "made-up",
            "all",
            only=only,
            music=music,
            folder=folder / "runs",
            results=folder,
            steps=8,
            progress=False,
        )

    whole = finish(tmp_path / "whole")
    torch.manual_seed(99)  # whatever happened in between
    assert _numbers(finish(tmp_path / "killed")) == _numbers(whole)
    assert set(whole) == {"mlp", "lstm-eh"}


def test_what_is_there_is_not_trained_again(tmp_path, music):
    write_results("made-up", {"lstm": OUTCOME, "bilstm": replace(OUTCOME, steps=3)}, tmp_path)
    found = train_tables(
        "made-up",
        "4.2",
        only=["lstm", "zone"],
        music=music,
        folder=tmp_path,
        results=tmp_path,
        steps=300,
        progress=False,
    )
    assert found["lstm"] == OUTCOME
    assert found["zone"].steps == 0
    assert found["zone"].accuracy > 0.6
    assert missing_cells(["lstm", "bilstm", "zone"], found, 300, 1) == ["bilstm"]
    assert missing_cells(["lstm", "bilstm", "zone"], found, 300, 2) == ["lstm", "bilstm"]


def test_a_cell_of_another_budget_is_replaced_only_when_that_is_asked_for(tmp_path, music):
    there = {"mlp": OUTCOME, "lstm": replace(OUTCOME, seed=2), "zone": replace(OUTCOME, steps=0)}
    write_results("made-up", there, tmp_path)
    before = (tmp_path / "made-up.json").read_bytes()

    def call(*only, **options):
        return train_tables(
            "made-up",
            only=only,
            music=music,
            folder=tmp_path / "runs",
            results=tmp_path,
            steps=4,
            progress=False,
            **options,
        )

    for only in (["mlp"], ["transformer-dec"], ["mlp", "common"]):
        with pytest.raises(ValueError, match=r"300 steps, seed 2: lstm; 300 steps, seed 1: mlp\).*--anew"):
            call(*only)
    assert (tmp_path / "made-up.json").read_bytes() == before
    assert not (tmp_path / "runs").exists()
    assert call("zone")["zone"] == there["zone"]
    assert call("common")["common"].steps == 0  # a rule has no budget
    found = call("mlp", anew=True)
    assert found["mlp"].steps == 4
    assert {key: found[key] for key in ("lstm", "zone")} == {key: there[key] for key in ("lstm", "zone")}


def test_the_command_goes_on_with_the_budget_of_the_committed_results(tmp_path):
    committed = {one.steps for path in FOLDER.glob("*.json") for one in read_results(path.stem).values()}
    assert committed - {0} == {STEPS}
    text = CliRunner().invoke(train, ["tables", "--help"], env={"COLUMNS": "200"}).stdout
    assert f"[default: {STEPS}]" in text
    assert "--anew" in text
    outcomes = read_results("bach")
    write_results("bach", outcomes, tmp_path)
    before = (tmp_path / "bach.json").read_bytes()
    command = ["tables", "--corpus", "bach", "--results", str(tmp_path), "--device", "cpu", "--quiet"]
    error = CliRunner().invoke(train, [*command, "--steps", "300", "--only", "lstm"]).exception
    assert error is not None
    assert exit_code(error) == REFUSED
    assert f"go on with --steps {STEPS} --seed 1" in str(error)
    assert CliRunner().invoke(train, command).exit_code == 0  # nothing is missing
    assert (tmp_path / "bach.json").read_bytes() == before


@pytest.mark.parametrize("steps", [6, 26, 40])
def test_as_many_steps_are_taken_as_were_asked_for(tmp_path, music, monkeypatch, steps):
    taken, learn = [], Run.learn

    def count(run, loss, done):
        taken.append(run.epoch + done)
        learn(run, loss, done)

    monkeypatch.setattr(Run, "learn", count)
    found = train_tables(
        "made-up",
        only=["mlp"],
        music=music,
        folder=tmp_path,
        results=tmp_path,
        steps=steps,
        progress=False,
    )
    assert taken == pytest.approx([step / ROUND for step in range(steps)])
    assert found["mlp"].steps == steps
    assert found["mlp"].best_step in {*range(ROUND, steps, ROUND), steps}


def test_the_mlp_and_its_oracle_are_trained_once(tmp_path, music):
    only = ["mlp", "mlp-oracle"]
    found = train_tables(
        "made-up", "4.2", only=only, music=music, folder=tmp_path, results=tmp_path, steps=40, progress=False
    )
    assert found["mlp"].best_step == found["mlp-oracle"].best_step
    assert [path.parent.name for path in tmp_path.rglob("weights.npz")] == ["mlp-40-steps-seed-1"]


def test_cells_filled_side_by_side_are_those_filled_one_by_one(tmp_path, music):
    def fill(jobs):
        return train_tables(
            "made-up",
            "4.2",
            only=["zone", "mlp", "mlp-oracle", "transformer-dec"],
            music=music,
            folder=tmp_path / str(jobs),
            results=tmp_path / str(jobs),
            steps=20,
            progress=False,
            jobs=jobs,
        )

    assert _numbers(fill(2)) == _numbers(fill(1))


def test_networks_trained_at_once_fill_their_cells(music, monkeypatch):
    monkeypatch.setattr(stacked, "LONGEST", 40)
    cells = [("one", "lstm"), ("other", "lstm-eh")]
    found = dict(
        fill_stacked(cells, {"one": music, "other": music}, 20, 1, torch.device("cpu"), progress=False)
    )
    assert list(found) == cells
    for outcome in found.values():
        assert (outcome.steps, outcome.best_step, outcome.seed) == (20, 20, 1)
        assert 0 < outcome.accuracy < 1


def test_a_gpu_that_is_not_there_is_not_trained_on():
    if torch.cuda.is_available():
        pytest.skip("there is one")
    error = CliRunner().invoke(train, ["tables", "--device", "cuda", "--quiet"]).exception
    assert isinstance(error, ValueError)
    assert "--device cpu" in str(error)


@pytest.mark.parametrize("key", sorted(RULES))
def test_every_rule_fills_its_cell(tmp_path, music, key):
    found = train_tables(
        "made-up", "4.2", only=[key], music=music, folder=tmp_path, results=tmp_path, progress=False
    )
    assert 0 < found[key].accuracy <= 1
    assert found[key].notes == sum(map(len, music.test))


def test_under_hands_what_lacks_those_figures_is_measured_and_nothing_else(tmp_path, music):
    def call(*only, human=True):
        options = {"results": tmp_path, "folder": tmp_path / "runs", "steps": 20, "progress": False}
        return train_tables("made-up", only=only, music=music, human=human, **options)

    plain = call("zone", "mlp", human=False)
    assert plain["zone"].human is None
    weights = (tmp_path / "runs/made-up/mlp-20-steps-seed-1/weights.npz").read_bytes()
    found = call("zone", "mlp")
    assert _numbers(found) == _numbers(plain)  # the weights were there: nothing was trained again
    assert (tmp_path / "runs/made-up/mlp-20-steps-seed-1/weights.npz").read_bytes() == weights
    for key in ("zone", "mlp"):
        assert list(found[key].human or {}) == ["written", *PERTURBATIONS, "all"]
    kept = {key: replace(one, version="kept") for key, one in found.items()}
    write_results("made-up", kept, tmp_path)
    assert {key: one.version for key, one in call("zone", "mlp", "common").items() if key != "common"} == {
        "zone": "kept",
        "mlp": "kept",
    }


def test_an_outcome_has_its_confusion_matrix(tmp_path, music):
    found = train_tables(
        "made-up", "4.2", only=["zone"], music=music, folder=tmp_path, results=tmp_path, progress=False
    )["zone"]
    assert found.confusion is not None
    right = sum(found.confusion[name][name] for name in music.names)
    assert right / found.notes == found.accuracy
    assert read_results("made-up", tmp_path)["zone"] == found


def test_a_cell_that_is_not_there_is_answered_with_those_that_are(tmp_path, music):
    with pytest.raises(ValueError, match=r"no cell 'gru' in table 4\.2; choose of common, zone"):
        train_tables("made-up", "4.2", only=["gru"], music=music, folder=tmp_path, results=tmp_path)


def test_damaged_results_are_refused_by_name(tmp_path):
    (tmp_path / "bach.json").write_text("{", "utf-8")
    with pytest.raises(ValueError, match=r"bach\.json holds no results"):
        read_results("bach", tmp_path)


def test_every_cell_is_in_a_table_and_says_what_decides():
    assert set(cells_of("all")) == set(CELLS)
    for cell in CELLS.values():
        assert (cell.rule in RULES) != (cell.network is not None)
    trained = [(c.network, c.inputs, c.augmentation) for c in CELLS.values() if c.network and not c.trained]
    assert len(set(trained)) == len(trained)  # identical cells are trained once


def test_the_paper_s_figures_are_those_of_its_tables():
    assert CELLS["lstm"].paper == (0.9302, 0.6743, 0.5022, 0.7414)
    assert CELLS["bilstm-dur"].paper == (0.9713, 0.7438, 0.5293, 0.7723)


def _printed(table, folder):
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    print_tables(table, console, folder)
    return console.export_text()


def test_a_table_shows_the_paper_s_figure_beside_ours_and_says_what_is_missing(tmp_path):
    write_results("bach", {"lstm": replace(OUTCOME, accuracy=0.9234)}, tmp_path)
    text = _printed("4.2", tmp_path)
    (line,) = (line for line in text.splitlines() if line.strip().startswith("LSTM"))
    assert line.split()[:3] == ["LSTM", "93.02", "92.34"]
    assert "300 steps" in text
    assert "Missing from bach: common, zone" in text
    assert "Missing from quartets: every cell: not trained yet" in text
    assert "lakh" not in text.partition("Paper:")[0]


def test_below_a_table_stands_what_needs_a_copy_of_ones_own_and_how_it_is_got(tmp_path):
    text = " ".join(_printed("4.2", tmp_path).split())
    for corpus, name in (("nes", "NES-MDB"), ("lakh", "the Lakh MIDI Dataset"), ("musicnet", "MusicNet")):
        assert (
            f"Missing from {corpus}: every cell: can't be trained without your own copy of {name}, " in text
        )
        assert f"concertino data get {corpus} says what to download, then concertino train tables" in text
    assert set(collect("4.2", tmp_path)["missing"]) >= {"nes", "lakh", "musicnet", "bach"}


def test_a_corpus_of_ones_own_has_a_column_when_it_has_results(tmp_path):
    write_results("lakh", {"lstm": OUTCOME}, tmp_path)
    assert "lakh" in _printed("4.2", tmp_path)


def test_cells_under_hands_are_shown_by_corpus_and_those_without_figures_named(tmp_path):
    human = dict.fromkeys(("written", *PERTURBATIONS), 0.9) | {"all": 0.8765}
    there = {"lstm": replace(OUTCOME, human=human), "zone": OUTCOME}
    write_results("bach", there, tmp_path)
    write_results("band", {"zone": OUTCOME}, tmp_path)
    text = _printed("human", tmp_path)
    (line,) = (line for line in text.splitlines() if line.strip().startswith("LSTM"))
    assert line.split() == ["LSTM", "50.00", *["90.00"] * (1 + len(PERTURBATIONS)), "87.65"]
    told = " ".join(text.split())
    assert "Not measured under hands yet, bach: common, zone, closest" in told
    assert "band: every cell: concertino train tables --corpus band --human" in told
    assert "Zone-based" not in text
    assert collect("all", tmp_path)["human"] == collect("human", tmp_path)["human"]
    assert collect("human", tmp_path)["human"]["cells"]["lstm"]["ours"]["bach"]["all"] == 0.8765
    assert "Under a player's hands" in _printed("all", tmp_path)


def test_a_table_that_is_not_named_is_all_of_them():
    for words in (["--table"], ["--table", "--json", "-"]):
        bare = CliRunner().invoke(evaluate, ["separator", *words])
        named = CliRunner().invoke(evaluate, ["separator", "--table", "all", *words[1:]])
        assert bare.exit_code == 0
        assert bare.stdout == named.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("zone --table 4.2 --input c --human", "leave out NAME, --human, --input"),
        ("--table all --corpus bach --split test", "leave out --corpus, --split"),
        ("--table --data d", "leave out --data"),
    ],
)
def test_what_a_table_would_not_heed_is_refused(words, told):
    error = CliRunner().invoke(evaluate, ["separator", *words.split()]).exception
    assert isinstance(error, ValueError)
    assert f"{told} (only --json goes with it)" in str(error)
    assert CliRunner().invoke(evaluate, ["separator", "--table", "4.2", "--quiet"]).exit_code == 0


@pytest.mark.parametrize("table", [*TABLES, "all"])
def test_the_committed_results_can_be_shown(table):
    shown = CliRunner().invoke(evaluate, ["separator", "--table", table])
    assert shown.exit_code == 0
    assert "LSTM" in shown.stdout
    written = json.loads(CliRunner().invoke(evaluate, ["separator", "--table", table, "--json", "-"]).stdout)
    assert set(written["tables"]) == (set(TABLES) if table == "all" else {table})
    committed = read_results("bach")
    for line in (line for lines in written["tables"].values() for line in lines):
        if line["cell"] in committed:
            assert line["ours"]["bach"] == asdict(committed[line["cell"]])


def test_committed_results_are_of_one_budget_and_of_known_cells():
    for path in sorted(FOLDER.glob("*.json")):
        outcomes = read_results(path.stem)
        assert set(outcomes) <= set(CELLS), path.name
        assert len({one.steps for one in outcomes.values() if one.steps}) <= 1, path.name
        assert len({(one.notes, one.pieces) for one in outcomes.values()}) <= 1, path.name


def test_a_separator_or_a_table_has_to_be_named():
    error = CliRunner().invoke(evaluate, ["separator"]).exception
    assert isinstance(error, ValueError)
    assert "--table all" in str(error)


def test_the_command_names_a_corpus_that_is_not_there():
    error = CliRunner().invoke(train, ["tables", "--corpus", "opera", "--quiet"]).exception
    assert isinstance(error, ValueError)
    assert "opera" in str(error)


def test_one_command_fills_the_tables_of_several_corpora_and_says_which_are_left_out(tmp_path):
    def call(*words):
        (tmp_path / "none").mkdir(exist_ok=True)
        options = ["--results", str(tmp_path), "--data", str(tmp_path / "none"), "--device", "cpu", "--quiet"]
        return CliRunner().invoke(train, ["tables", "--only", "common", *options, *words])

    for corpora in ("all", "bach,quartets"):
        found = call("--corpus", corpora)
        assert found.exit_code == 0
        assert "quartets is left out: " in found.stderr
        assert "concertino data get quartets" in found.stderr
        assert found.stdout.split() == ["results:", str(tmp_path / "bach.json")]
        assert set(read_results("bach", tmp_path)) == {"common"}
        (tmp_path / "bach.json").unlink()
    error = call("--corpus", "quartets,band").exception
    assert isinstance(error, OSError)
    assert "none of quartets, band is there" in str(error)
    error = call("--corpus", "bach,opera").exception
    assert isinstance(error, ValueError)
    assert "no corpus 'opera'" in str(error)


def test_rounds_divide_the_budget():
    assert STEPS % ROUND == 0
