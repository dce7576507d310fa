"""The model: as many parameters as published, blind to what comes, and the same with a past as without."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the model is in PyTorch: pip install 'concertino[offline]'")

from offline.mmt.model import (  # noqa: E402  # after the check for torch
    IGNORED,
    MODEL_SIZES,
    MultitrackTransformer,
    field_losses,
    parameter_count,
)
from realtime.music.mmt.representation import SIZES, encode  # noqa: E402


@pytest.fixture
def rows(made_up):
    return torch.from_numpy(encode(made_up(1)))[None]


def test_the_full_size_has_as_many_parameters_as_published():
    model = MultitrackTransformer(MODEL_SIZES["full"])
    # By hand: embeddings and positions, six layers, the last norm, the scores.
    layer = 2 * 512 + 3 * 512 * 512 + 512 * 513 + 2 * 512 + 2048 * 513 + 512 * 2049
    assert parameter_count(model) == 502 * 512 + 1024 * 512 + 6 * layer + 2 * 512 + 502 * 513 == 19_944_950


def test_it_computes_what_the_paper_says(tiny, rows):
    """Against the formulas, with nothing but matrix products."""
    size, weights = tiny.size, tiny.state_dict()
    x = weights["positions.weight"][: rows.shape[1]] * size.width**-0.5
    for field in range(6):
        x = x + weights[f"fields.{field}.weight"][rows[0, :, field]]

    def norm(x, name):
        x = (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True, unbiased=False) + 1e-5).sqrt()
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    future = torch.full((len(x), len(x)), -torch.inf).triu(1)
    for number in range(size.layers):
        name = f"layers.{number}"
        y = norm(x, f"{name}.before_attention")
        q, k, v = (y @ weights[f"{name}.attention.{m}.weight"].T for m in ("queries", "keys", "values"))
        heads = []
        for head in range(size.heads):
            own = slice(head * size.head, (head + 1) * size.head)
            share = (q[:, own] @ k[:, own].T / size.head**0.5 + future).softmax(-1)
            heads.append(share @ v[:, own])
        out = f"{name}.attention.out"
        x = x + torch.cat(heads, 1) @ weights[f"{out}.weight"].T + weights[f"{out}.bias"]
        y = (
            norm(x, f"{name}.before_feed") @ weights[f"{name}.feed.0.weight"].T
            + weights[f"{name}.feed.0.bias"]
        )
        y = y * 0.5 * (1 + torch.erf(y / 2**0.5))
        x = x + y @ weights[f"{name}.feed.3.weight"].T + weights[f"{name}.feed.3.bias"]
    x = norm(x, "norm")
    wanted = [x @ weights[f"scores.{f}.weight"].T + weights[f"scores.{f}.bias"] for f in range(6)]
    assert torch.allclose(tiny(rows)[0], torch.cat(wanted, 1), atol=1e-5)


@pytest.mark.parametrize("chunks", [[1] * 90, [50, 1, 30, 9], [89, 1]])
@torch.inference_mode()
def test_step_by_step_gives_what_the_whole_gives(tiny, rows, chunks):
    rows = rows[:, : sum(chunks)]
    past, begin, found = tiny.no_past(), 0, []
    for count in chunks:
        found.append(tiny(rows[:, begin : begin + count], past, begin))
        begin += count
    assert (torch.cat(found, 1) - tiny(rows)).abs().max() < 1e-5


@torch.inference_mode()
def test_what_comes_later_and_what_fills_a_batch_is_not_seen(tiny, rows):
    whole = tiny(rows)
    filled = torch.cat([rows[:, :40], torch.zeros_like(rows[:, :30])], 1)
    assert torch.allclose(tiny(filled)[:, :40], whole[:, :40], atol=1e-5)


def test_rows_that_fill_a_batch_do_not_count(tiny, rows):
    targets = rows[:, 1:]
    longer = torch.cat([targets, torch.full((1, 20, 6), IGNORED)], 1)
    scores = tiny(torch.cat([rows[:, :-1], torch.zeros(1, 20, 6, dtype=torch.int64)], 1))
    losses = field_losses(scores, longer)
    assert torch.allclose(losses, field_losses(tiny(rows[:, :-1]), targets), atol=1e-5)
    assert losses.shape == (6,)
    even = field_losses(torch.zeros(1, 5, sum(SIZES)), targets[:, :5])
    assert even.detach().numpy() == pytest.approx(np.log(SIZES), abs=1e-5)


def test_more_rows_than_the_context_are_refused(tiny):
    with pytest.raises(ValueError, match="129 rows are more than the 128"):
        tiny(torch.zeros(1, 129, 6, dtype=torch.int64))


def test_dropout_is_where_the_paper_has_it():
    model = MultitrackTransformer(MODEL_SIZES["tiny"], dropout=0.2)
    assert model.dropout.p == 0.2
    assert all(layer.attention.dropout == layer.feed[2].p == 0.2 for layer in model.layers)
