import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'concertino[offline]'")

from offline import ablation  # noqa: E402  # after the check for torch
from offline.ablation import Decoding, accuracy, part_ranges, teacher_is_there  # noqa: E402
from offline.ablation_table import changed, main, read_table  # noqa: E402
from offline.corpora.load import Split  # noqa: E402
from offline.history import HistorySeparator, make_batch, play  # noqa: E402
from offline.history_training import HistoryRecipe  # noqa: E402
from offline.take import take_of  # noqa: E402

torch.set_num_threads(1)
ALL = np.ones((4, 128), bool)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return HistorySeparator(4, 24, 16).eval()


@pytest.fixture
def takes(made_up):
    return [take_of(made_up(seed)) for seed in range(3)]


def test_without_rules_it_decides_as_the_model_does(model, takes):
    batch = make_batch(takes)
    given, _ = play(model, batch)
    assert accuracy(model, takes, Decoding(), ALL) == pytest.approx((given == batch.part).mean())


def test_a_model_that_knows_nothing_is_right_where_ranges_leave_one_part(model, takes, made_up):
    only = part_ranges([made_up(seed) for seed in range(8)], 4)
    alone = np.mean([only[:, take.pitch].sum(0) == 1 for take in takes])
    assert accuracy(model, takes, Decoding(ranges=True), only) >= alone - 1e-9 > 0.5


def test_parts_that_hold_a_key_get_no_other_note_while_one_is_free(model, takes):
    """Four voices that begin together: each part is given one note of each chord."""
    by_turns = [replace(take, part=np.arange(len(take)) % 4) for take in takes]
    found = accuracy(model, by_turns, Decoding(mono=True), ALL)
    assert found != accuracy(model, by_turns, Decoding(), ALL)
    with torch.no_grad():
        model.scores.weight.zero_()
        model.scores.bias.copy_(torch.tensor([4.0, 3.0, 2.0, 1.0]))
    assert accuracy(model, by_turns, Decoding(mono=True), ALL) == 1.0


def test_transpositions_are_averaged(model, takes):
    with torch.no_grad():  # scores that depend on the pitch alone
        model.table.weight[128:].zero_()
    alone = accuracy(model, takes, Decoding(shifts=(3,)), ALL)
    assert accuracy(model, takes, Decoding(shifts=(3, 3)), ALL) == pytest.approx(alone)


def test_changes_reach_into_the_augmentation():
    recipe = changed(HistoryRecipe(), {"own": 0.0, "augmentation.transpositions": (0, 0)})
    assert (recipe.own, recipe.augmentation.transpositions) == (0.0, (0, 0))
    assert recipe.augmentation.longest == HistoryRecipe().augmentation.longest


def test_a_teacher_is_that_of_the_model(tmp_path, monkeypatch, capsys):
    recipe = changed(HistoryRecipe(), {"teacher": "{model}-offline"}, "string-quartet")
    assert recipe.teacher == "string-quartet-offline"
    monkeypatch.setattr(ablation, "FOLDER", tmp_path)
    assert not teacher_is_there(recipe, "a line")
    assert capsys.readouterr().out == "a line: left out, as there are no weights of string-quartet-offline\n"
    (tmp_path / "string-quartet-offline.npz").touch()
    assert teacher_is_there(recipe, "a line")
    assert teacher_is_there(HistoryRecipe(), "a line")


def test_each_line_is_measured_once(made_up, tmp_path, monkeypatch):
    pieces = {f"made-up-{seed}": made_up(seed) for seed in range(6)}
    names = tuple(pieces)
    monkeypatch.setattr(ablation, "load_corpus", lambda *a, **k: pieces)
    monkeypatch.setattr(
        ablation, "load_corpus_split", lambda *a, **k: Split(names[:4], names[4:5], names[5:])
    )
    tiny = HistoryRecipe(batch=4, width=24, units=16, own_from=0)
    made = replace(ablation.MODELS["bach-chorale"], recipe=tiny)
    monkeypatch.setitem(ablation.MODELS, "bach-chorale", made)
    out = tmp_path / "table.json"
    lines = ["all", "each note of a period by itself"]
    options = {"model": "bach-chorale", "epochs": 2, "folder": tmp_path, "weights": None, "out": out}
    ablation.main(**options, only=lines, data=None)
    table = json.loads(out.read_text())
    assert list(table) == [f"bach-chorale, 2 epochs: {line}" for line in lines]
    assert all(0 <= line["accuracy_human"] <= 1 for line in table.values())
    ablation.main(**options, only=lines, data=None)
    assert json.loads(out.read_text()) == table


def test_the_table_is_printed_with_what_was_measured(tmp_path, capsys):
    path = tmp_path / "table.json"
    path.write_text('{"all, 3 epochs": {"accuracy": 0.9512, "best_epoch": 2}}')
    main([path])
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "all, 3 epochs" in line)
    assert line.replace("│", "").split() == ["all,", "3", "epochs", "95.12", "2"]
    path.write_text("{")
    with pytest.raises(ValueError, match=r"table\.json holds no table"):
        read_table(path)
