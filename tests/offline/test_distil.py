"""A teacher's chances stay with their notes, and are what the student learns from."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'concertino[offline]'")

from offline import distil  # noqa: E402  # after the check for torch
from offline.augment import Augmentation, excerpt  # noqa: E402
from offline.distil import batch_chances, chances_of, distilled_loss, find_teacher, taught  # noqa: E402
from offline.history import make_batch, measure  # noqa: E402
from offline.history_training import (  # noqa: E402
    HistoryRecipe,
    new_history_model,
    random_take,
    train_history_epoch,
)
from offline.human import PERTURBATIONS, perform  # noqa: E402
from offline.take import NOBODY, take_of  # noqa: E402
from offline.timing import in_players_time  # noqa: E402
from offline.training import Run, train  # noqa: E402
from offline.weights import model_weights, save_weights  # noqa: E402
from offline.whole.beam import search  # noqa: E402
from offline.whole.model import WholeSeparator  # noqa: E402

torch.set_num_threads(1)  # more only get in each other's way on a model this small

RECIPE = HistoryRecipe(
    epochs=4,
    batch=4,
    width=24,
    units=16,
    patience=99,
    average=0.5,
    own_from=0,
    own_full=3,
    played=0.5,
    distilled=0.5,
    teacher="tiny-offline",
)


@pytest.fixture(autouse=True)
def teacher(tmp_path, monkeypatch):
    torch.manual_seed(0)
    model = WholeSeparator(4, 16, 8, 16).eval()
    save_weights(tmp_path / "weights" / "tiny-offline.npz", model_weights(model), {})
    monkeypatch.setattr(distil, "FOLDER", tmp_path / "weights")
    monkeypatch.setattr(distil, "_TAUGHT", {})
    find_teacher.cache_clear()
    yield model
    find_teacher.cache_clear()


def _marked(piece):
    """The piece with chances that tell each note from all others by its pitch class, length and part."""
    return replace(piece, chances=np.stack([piece.part, piece.duration], 1).astype(np.float32))


@pytest.fixture
def piece(made_up):
    """Each part's notes have lengths of their own, as have the notes of each quarter of the piece."""
    written = made_up(5, chords=60)
    return _marked(replace(written, duration=12 + written.part + 4 * (written.onset // 360)))


def _belong(take):
    mine = take.part != NOBODY
    np.testing.assert_array_equal(take.chances[mine, 0], take.part[mine])


def test_chances_stay_with_their_notes_under_every_perturbation(piece):
    for seed, name in enumerate([*PERTURBATIONS, *PERTURBATIONS]):
        take = perform(take_of(piece), [name], np.random.default_rng(seed))
        assert len(take.chances) == len(take)
        _belong(take)
    for seed in range(10):
        everything = perform(take_of(piece), list(PERTURBATIONS), np.random.default_rng(seed), 1.3)
        _belong(everything)
        _belong(in_players_time(take_of(piece), np.random.default_rng(seed)))


def test_chances_follow_the_very_note_and_not_only_its_part(piece):
    take = take_of(piece)
    draws = np.random.default_rng(0)
    moved = perform(take, ["tempo", "phase", "spread", "slips"], draws)
    before = Counter(zip(take.pitch.tolist(), map(tuple, take.chances.tolist()), strict=True))
    mine = moved.part != NOBODY
    after = Counter(zip(moved.pitch[mine].tolist(), map(tuple, moved.chances[mine].tolist()), strict=True))
    assert not after - before
    assert after.total() > 0.9 * before.total()


def test_chances_stay_with_their_notes_in_excerpts(piece):
    how = Augmentation(longest=80, thinned=1.0, solo=0.5, loose=0.5, from_start=0.3)
    draws = np.random.default_rng(0)
    for _ in range(50):
        part = excerpt(piece, how, draws)
        np.testing.assert_array_equal(part.chances, _marked(part).chances)


def test_of_voices_in_unison_the_chances_are_those_of_the_one_that_is_kept(made_up):
    written = made_up(0, chords=30)
    unison = replace(written, pitch=np.full(len(written), 60), duration=9 - written.part)
    take = perform(take_of(_marked(unison)), [], np.random.default_rng(0))
    assert len(take) == 30
    assert set(take.chances[:, 1].tolist()) == {9.0}  # the longest
    _belong(take)


def test_pieces_without_a_teacher_have_no_chances(made_up):
    take = perform(take_of(made_up(0)), list(PERTURBATIONS), np.random.default_rng(0))
    assert take.chances is None
    with pytest.raises(ValueError, match="no chances"):
        batch_chances([take])


def test_the_teacher_gives_probabilities_whose_highest_is_its_label(teacher, made_up):
    piece = made_up(0)
    chances = chances_of(teacher, piece)
    np.testing.assert_allclose(chances.sum(1), 1.0, rtol=1e-5)
    np.testing.assert_array_equal(chances.argmax(1), search(teacher, piece)[0])


def test_a_piece_is_labelled_once(made_up, monkeypatch):
    pieces, labelled = [made_up(0), made_up(1)], []
    real = distil.chances_of
    monkeypatch.setattr(distil, "chances_of", lambda *a: labelled.append(a[1].name) or real(*a))
    first = taught(pieces, "tiny-offline", 4)
    assert all(a is b for a, b in zip(first, taught(pieces, "tiny-offline", 4), strict=True))
    assert labelled == ["made-up-0", "made-up-1"]
    assert all(piece.chances is None for piece in pieces)


def test_the_loss_is_between_the_truth_and_the_teacher(piece):
    draws = np.random.default_rng(0)
    chances = draws.dirichlet(np.ones(4), len(piece)).astype(np.float32)
    known = replace(piece, chances=chances)
    takes = [perform(take_of(known), ["slips"], np.random.default_rng(s)) for s in range(2)]
    batch = make_batch(takes)
    part, soft = torch.from_numpy(batch.part), batch_chances(takes)
    scores = torch.randn(*part.shape, 4, generator=torch.Generator().manual_seed(0))
    alone = torch.nn.functional.cross_entropy(scores.flatten(0, 1), part.flatten(), ignore_index=NOBODY)
    torch.testing.assert_close(distilled_loss(scores, part, soft, 0.0), alone)
    mine = batch.part != NOBODY
    told = -(soft * scores.log_softmax(2)).sum(2)[torch.from_numpy(mine)].mean()
    torch.testing.assert_close(distilled_loss(scores, part, soft, 1.0), told)
    torch.testing.assert_close(distilled_loss(scores, part, soft, 0.25), 0.75 * alone + 0.25 * told)


@pytest.mark.parametrize(
    ("name", "parts", "message"),
    [("", 4, "needs a teacher"), ("nobody", 4, "does not exist"), ("tiny-offline", 3, "knows 4 parts")],
)
def test_a_teacher_that_can_not_teach_is_refused_in_one_sentence(made_up, name, parts, message):
    with pytest.raises(ValueError, match=message):
        taught([made_up(0)], name, parts)


def test_a_separator_of_another_kind_can_not_teach(made_up, tmp_path):
    save_weights(tmp_path / "weights" / "live.npz", {"scores.bias": np.zeros(4, np.float32)}, {})
    with pytest.raises(ValueError, match="no separator of whole pieces"):
        taught([made_up(0)], "live", 4)


def test_both_ideas_are_off_by_default_and_then_change_no_draw(made_up):
    plain, zero = HistoryRecipe(), HistoryRecipe(played=0.0, distilled=0.0, teacher="tiny-offline")
    first, other = (random_take(made_up(0), r, np.random.default_rng(3)) for r in (plain, zero))
    np.testing.assert_array_equal(first.start, other.start)
    assert not HistoryRecipe().played
    assert not HistoryRecipe().distilled


def test_a_stopped_run_that_is_taught_and_bent_in_time_goes_on_to_the_same_weights(made_up, tmp_path):
    pieces = [made_up(seed) for seed in range(8)]
    validation = [take_of(made_up(seed)) for seed in range(20, 23)]
    options = {"progress": False, "epoch": train_history_epoch, "measure": measure}
    whole = train(Run(RECIPE, 4, new_history_model), pieces, validation, tmp_path / "a.pt", **options)

    def stop(run, loss, accuracy):
        if run.epoch == 2:
            raise KeyboardInterrupt

    half = Run(RECIPE, 4, new_history_model)
    with pytest.raises(KeyboardInterrupt):
        train(half, pieces, validation, tmp_path / "b.pt", on_epoch=stop, **options)
    distil._TAUGHT.clear()  # as in another process
    find_teacher.cache_clear()
    resumed = Run(RECIPE, 4, new_history_model)
    resumed.resume(tmp_path / "b.pt")
    again = train(resumed, pieces, validation, tmp_path / "b.pt", **options)
    untaught = Run(replace(RECIPE, distilled=0.0), 4, new_history_model)
    other = train(untaught, pieces, validation, tmp_path / "c.pt", **options)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    assert not all(torch.equal(v, other.state_dict()[n]) for n, v in whole.state_dict().items())
