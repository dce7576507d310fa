"""Attention by differences: sums that must come out, and heads that were made to look at one thing."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the model is in PyTorch: pip install 'concertino[offline]'")
pytest.importorskip("matplotlib", reason="pictures need it: pip install 'concertino[offline]'")

from offline.mmt.attention import SHOWN, draw, last_attention, look  # noqa: E402
from offline.picture import save_picture  # noqa: E402
from realtime.music.mmt.representation import encode  # noqa: E402


def test_attention_is_that_of_the_model(tiny, made_up):
    rows = encode(made_up(1))[:60]
    attention = last_attention(tiny, rows)
    assert attention.shape == (2, 60, 60)
    assert torch.allclose(attention.sum(-1), torch.ones(2, 60), atol=1e-5)
    assert not attention.triu(1).any()
    # What the layer takes from the rows with this attention is what it does take.
    layer, found = tiny.layers[-1], []
    hooks = [
        layer.before_attention.register_forward_hook(lambda _, __, out: found.append(out)),
        layer.attention.register_forward_hook(lambda _, __, out: found.append(out)),
    ]
    with torch.inference_mode():
        tiny(torch.from_numpy(rows)[None])
        values = layer.attention.values(found[0])[0].unflatten(1, (2, -1)).transpose(0, 1)
        taken = layer.attention.out((attention @ values).transpose(0, 1).flatten(1))
    for hook in hooks:
        hook.remove()
    assert torch.allclose(taken, found[1][0], atol=1e-5)


def test_even_attention_gains_nothing_and_sums_are_one(tiny, made_up):
    for weights in (tiny.layers[-1].attention.queries, tiny.layers[-1].attention.keys):
        torch.nn.init.zeros_(weights.weight)
    looks = look(tiny, [encode(made_up(seed, beats=20)) for seed in range(2)])
    for name, found in looks.items():
        assert found.attention.sum(axis=1) == pytest.approx([1, 1]), name
        assert found.gain.sum(axis=1) == pytest.approx([0, 0], abs=1e-9)
    beats = looks["beat"]
    # A row's attention is spread over all before it, so what is near weighs more than by pairs alone.
    assert (beats.gain[:, beats.at(0)] > 0).all()
    assert beats.attention[:, beats.at(1) :].sum() == 0, "no note is in a later beat than one after it"


def test_pairs_of_equal_weight_are_counted_by_hand(tiny):
    for weights in (tiny.layers[-1].attention.queries, tiny.layers[-1].attention.keys):
        torch.nn.init.zeros_(weights.weight)
    # After the start, one instrument and the start of notes: rows 3, 4, 5; row s spreads over s + 1 rows.
    rows = encode(np.array([(0, 60, 12, 40), (6, 64, 12, 40), (12, 60, 12, 40)]))[:6]
    looks = look(tiny, [rows])
    pairs = {(4, 3): 1 / 5, (5, 3): 1 / 6, (5, 4): 1 / 6}
    pitch = looks["pitch"]
    whole = sum(pairs.values())
    assert pitch.attention[0, pitch.at(-4)] == pytest.approx(pairs[4, 3] / whole)
    assert pitch.attention[0, pitch.at(0)] == pytest.approx(pairs[5, 3] / whole)
    assert pitch.gain[0, pitch.at(4)] == pytest.approx(pairs[5, 4] / whole - 1 / 3)


def test_the_picture_is_written(tiny, made_up, tmp_path):
    looks = look(tiny, [encode(made_up(1))])
    figure = draw(looks, "tiny")
    assert len(figure.axes) == 4 * len(SHOWN), "attention and gain of each field, each with its scale"
    save_picture(figure, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000
    with pytest.raises(ValueError, match="no piece has two notes"):
        look(tiny, [encode(made_up(1)[:1])])
