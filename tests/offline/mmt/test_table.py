"""The table: three representations trained alike, measured once, taken up where it stopped."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the models are in PyTorch: pip install 'concertino[offline]'")
pytest.importorskip("tensorboard", reason="curves are TensorBoard's: pip install 'concertino[offline]'")

from hypothesis import given, settings  # noqa: E402  # after the checks
from hypothesis import strategies as st  # noqa: E402
from rich.console import Console  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from offline.cli import train as app  # noqa: E402
from offline.corpora import cache as corpora_cache  # noqa: E402
from offline.mmt import music as music_module  # noqa: E402
from offline.mmt import recipe as recipe_module  # noqa: E402
from offline.mmt.data import Share, Steps, beginning  # noqa: E402
from offline.mmt.recipe import Recipe  # noqa: E402
from offline.mmt.representations import REPRESENTATIONS  # noqa: E402
from offline.mmt.table import print_table, read_results  # noqa: E402
from realtime.music.mmt.midi import write_notes  # noqa: E402
from realtime.music.mmt.sampling import Sampling  # noqa: E402


def test_all_are_trained_measured_and_not_done_again(tmp_path, monkeypatch, made_up):
    monkeypatch.setattr(corpora_cache, "cache_folder", lambda: tmp_path / "cache")
    tiny = recipe_module.RECIPES["tiny"]
    monkeypatch.setitem(recipe_module.RECIPES, "tiny", recipe_module.replace(tiny, music=("lmd",), batch=2))
    where = tmp_path / "data" / "lmd_full"
    where.mkdir(parents=True)
    for number, side in enumerate(("train", "train", "valid", "test")):
        write_notes(where / f"{number}.mid", made_up(number))
        with (where / f"{side}-names.txt").open("a") as names:
            names.write(f"{number}\n")
    assert "lmd" in music_module.MUSIC
    results = tmp_path / "results.json"
    command = ["continuation-table", "--size", "tiny", "--steps", "2", "--samples", "1", "--quiet"]
    command += ["--data", str(tmp_path / "data"), "--folder", str(tmp_path / "runs")]
    command += ["--results", str(results)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    found = read_results(results)
    assert {"mmt", "mmm", "remi", "truth", "budget"} == found.keys()
    assert all(found[key]["parameters"] > 10_000 and found[key]["losses"] for key in REPRESENTATIONS)
    # One that was measured is kept; one that is missing is measured from the run that is there.
    found["mmt"]["parameters"] = 7
    del found["remi"]
    results.write_text(json.dumps(found))
    assert CliRunner().invoke(app, command).exit_code == 0
    again = read_results(results)
    assert again["mmt"]["parameters"] == 7
    assert "remi" in again
    console = Console(width=120, record=True)
    print_table(again, console)
    text = console.export_text()
    assert "REMI+-style, ours" in text
    assert "2 steps of the same recipe each" in text
    assert "100.42" in text


def test_a_damaged_file_is_said(tmp_path):
    (tmp_path / "r.json").write_text("{")
    with pytest.raises(ValueError, match="no file of results"):
        read_results(tmp_path / "r.json")


@pytest.mark.parametrize("key", ["mmm", "remi"])
def test_tokens_make_batches_that_end_where_the_piece_does(made_up, key):
    form = REPRESENTATIONS[key]
    recipe = Recipe(batch=1, rows=(64,), representation=key)
    rows, targets = Steps([made_up(1, beats=300)], recipe, 128, Share())[0]
    assert rows.shape == targets.shape == (1, 64, 1)
    assert rows[0, 0].tolist() == form.start[0].tolist()
    assert beginning(made_up(1, beats=9), 1000, form)[-1].tolist() == form.end[0].tolist()
    assert beginning(made_up(1, beats=65), 1000, form)[-1].tolist() != form.end[0].tolist()


@given(seed=st.integers(0, 2**32), temperature=st.sampled_from([0.0, 1.0, 3.0]))
@settings(max_examples=30)
def test_tokens_drawn_are_tokens_of_music_and_the_same_for_a_seed(seed, temperature):
    form = REPRESENTATIONS["remi"]
    scores = np.random.default_rng(seed).normal(size=(20, form.codes[0])).astype(np.float32)
    drawn = []
    for _ in range(2):
        sampler = form.sampler(Sampling(temperature=temperature), np.random.default_rng(seed))
        sampler.observe(form.start)
        drawn.append([int(sampler.draw(row)[0]) for row in scores])
    assert drawn[0] == drawn[1]
    assert all(token not in (0, form.start[0, 0]) for token in drawn[0])
    kept = -(-form.codes[0] // 10)
    assert all((row > row[token]).sum() < kept + 2 for row, token in zip(scores, drawn[0], strict=True))
