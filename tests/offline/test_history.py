from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'concertino[offline]'")

from offline.corpora.catalog import CORPORA  # noqa: E402
from offline.drafts import history_draft  # noqa: E402  # after the check for torch
from offline.export import Facts, export_plugin  # noqa: E402
from offline.facts import facts_of  # noqa: E402
from offline.history import (  # noqa: E402
    HistorySeparator,
    batch_rows,
    make_batch,
    measure,
    picked,
    play,
    row_count,
    take_rows,
)
from offline.history_training import (  # noqa: E402
    HistoryRecipe,
    new_history_model,
    past_of,
    random_take,
    train_history_epoch,
)
from offline.human import PERTURBATIONS, human_takes, perform  # noqa: E402
from offline.runs import check_parity  # noqa: E402
from offline.scoring import history_scorer  # noqa: E402
from offline.take import NOBODY, take_of  # noqa: E402
from offline.training import Run, train  # noqa: E402
from offline.weights import model_weights  # noqa: E402

torch.set_num_threads(1)  # more only get in each other's way on a model this small

TINY = HistoryRecipe(epochs=6, batch=4, width=24, units=16, patience=99, average=0.5, own_from=0, own_full=3)

CHORALES = Facts(CORPORA["bach"], 3, 360, (1, 1, 1))


@pytest.fixture(params=[False, True], ids=["voices", "chordal"])
def model(request):
    torch.manual_seed(0)
    return HistorySeparator(4, 24, 16, chordal=request.param).eval()


@pytest.mark.parametrize("chordal", [False, True])
def test_every_fact_is_a_row_of_its_own_part_of_the_table(made_up, chordal):
    take = perform(take_of(made_up(0, chords=60)), list(PERTURBATIONS), np.random.default_rng(0))
    rows = take_rows(take, np.random.default_rng(1).integers(0, 4, len(take)), 4, chordal)
    assert rows.shape == (len(take), picked(4, chordal))
    assert rows.min() >= 0
    assert rows.max() < row_count(4, chordal)
    reach = list(zip(rows.min(0).tolist(), rows.max(0).tolist(), strict=True))
    singles = reach[: picked(4) - 12]
    assert all(below[1] < above[0] for below, above in pairwise(singles))


def test_what_the_past_played_is_seen_and_nothing_of_the_notes_to_come(made_up):
    take = take_of(made_up(0, chords=20))
    given = take.part.copy()
    changed = given.copy()
    changed[40:] = (changed[40:] + 1) % 4
    before, after = take_rows(take, given, 4), take_rows(take, changed, 4)
    np.testing.assert_array_equal(before[:41], after[:41])
    assert (before[41:] != after[41:]).any()


def test_a_batch_holds_what_each_take_holds(made_up):
    takes = [take_of(made_up(0, chords=4)), take_of(made_up(1, chords=9))]
    batch = make_batch(takes)
    rows = batch_rows(batch, batch.part, 4).numpy()
    for take, line in zip(takes, rows, strict=True):
        np.testing.assert_array_equal(line[: len(take)], take_rows(take, take.part, 4))


def test_played_note_by_note_it_decides_as_over_the_whole_take(model, made_up):
    takes = human_takes([take_of(made_up(seed, chords=10 + seed)) for seed in range(3)], list(PERTURBATIONS))
    batch = make_batch(takes)
    given, scores = play(model, batch)
    for take, parts, mine in zip(takes, given, scores, strict=True):
        n = len(take)
        whole = (
            model(torch.from_numpy(take_rows(take, parts[:n], 4, model.chordal))[None])[0][0].detach().numpy()
        )
        np.testing.assert_allclose(mine[:n], whole, atol=1e-5)


def test_the_graph_gives_the_scores_of_the_model(model, made_up, tmp_path):
    weights = model_weights(model)
    takes = [take_of(made_up(seed, chords=30)) for seed in range(3)]
    takes += human_takes(takes, list(PERTURBATIONS))
    scorer = history_scorer(weights)

    def check(plugin):
        assert check_parity(scorer, plugin, takes) < 1e-5

    draft = history_draft("bach-chorale", CORPORA["bach"], weights, "")
    export_plugin(draft, CHORALES, takes[:2], tmp_path, check)


def test_a_damaged_past_is_someones_everywhere():
    part = np.array([[0, 1, NOBODY, 3] * 50])
    draws = np.random.default_rng(0)
    whole = past_of(part, 4, 0.0, draws)
    assert whole.min() >= 0
    np.testing.assert_array_equal(whole[part >= 0], part[part >= 0])
    damaged = past_of(part, 4, 0.2, draws)
    assert 0.1 < (damaged != part)[part >= 0].mean() < 0.2  # a fourth of what is damaged stays right


def test_excerpts_are_at_many_tempos_and_some_are_played_by_hand(made_up):
    draws = np.random.default_rng(0)
    takes = [random_take(made_up(0), TINY, draws) for _ in range(40)]
    assert min(take.bpm for take in takes) < 60
    assert max(take.bpm for take in takes) > 110
    by_hand = [len(np.unique(take.period)) > 12 for take in takes]
    assert 5 < sum(by_hand) < 35


def test_it_learns_what_voices_are_and_a_stopped_run_goes_on_where_it_was(made_up, tmp_path):
    training = [made_up(seed) for seed in range(12)]
    validation = [take_of(made_up(seed)) for seed in range(20, 24)]

    whole = Run(TINY, 4, new_history_model)
    first = measure(whole.model, validation)
    options = {"progress": False, "epoch": train_history_epoch}
    model = train(whole, training, validation, tmp_path / "a.pt", measure=measure, **options)
    assert measure(whole.model, validation)[0] < first[0]
    half = Run(TINY, 4, new_history_model)
    with pytest.raises(KeyboardInterrupt):
        train(half, training, validation, tmp_path / "b.pt", measure=_stopping(3), **options)
    resumed = Run(TINY, 4, new_history_model)
    resumed.resume(tmp_path / "b.pt")
    again = train(resumed, training, validation, tmp_path / "b.pt", measure=measure, **options)
    for name, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def _stopping(at):
    calls = []

    def measure_and_stop(model, takes):
        calls.append(1)
        if len(calls) > at:
            raise KeyboardInterrupt
        return measure(model, takes)

    return measure_and_stop


def test_facts_of_a_take_are_those_of_the_contract(made_up):
    take = take_of(made_up(2, chords=3))
    facts = facts_of(take, take.part, 4)
    assert facts.shape == (12, 7 + 8 * 4)
    assert facts[:4, 1].tolist() == [0, 1, 2, 3]  # within the chord
    assert facts[4:, 2].min() >= 0
