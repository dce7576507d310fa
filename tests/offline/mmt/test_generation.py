"""Music of a model with random weights: never an invalid order, and the same with a past as without."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the model is in PyTorch: pip install 'concertino[offline]'")

from hypothesis import HealthCheck, given, settings  # noqa: E402  # after the check for torch
from hypothesis import strategies as st  # noqa: E402

from offline.mmt.generation import generate  # noqa: E402
from realtime.music.mmt.prompts import continuation, instruments_given  # noqa: E402
from realtime.music.mmt.representation import NOTE, decode, encode  # noqa: E402
from realtime.music.mmt.sampling import GREEDY, Sampler, Sampling  # noqa: E402


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    temperature=st.sampled_from([0.0, 0.3, 1.0, 5.0, np.inf]),
    threshold=st.sampled_from([0.0, 0.9]),
    seed=st.integers(0, 99),
    strict=st.booleans(),
)
def test_a_model_that_knows_nothing_still_keeps_the_order(tiny, temperature, threshold, seed, strict):
    prompt = instruments_given([1, 33])
    sampling = Sampling(temperature, threshold, announced=True, strict=strict)
    rows = generate(tiny, prompt, sampling=sampling, seed=seed, length=40)
    new = rows[len(prompt) :]
    notes = new[new[:, 0] == NOTE]
    assert rows[: len(prompt)].tolist() == prompt.tolist()
    assert (np.diff(rows[:, 0]) >= 0).all()
    assert (np.diff(notes[:, 1]) >= 0).all()
    assert set(notes[:, 5].tolist()) <= {1, 33}
    assert len(decode(new)) == len(notes)


@torch.inference_mode()
def test_each_row_follows_from_the_last_that_the_model_can_see(tiny, made_up):
    """Also beyond the context, where the oldest rows are forgotten."""
    prompt = continuation(encode(made_up(2, beats=50)), 50)[:100]
    sampling = Sampling(threshold=0.5, ends=False)
    rows = generate(tiny, prompt, sampling=sampling, seed=7, length=60)
    sampler, again = Sampler(sampling, 7), prompt
    sampler.observe(prompt)
    for _ in range(60):
        seen = torch.from_numpy(again[-tiny.size.context :])
        again = np.concatenate([again, sampler.draw(tiny(seen[None])[0, -1].numpy())[None]])
    assert rows.tolist() == again.tolist()


def test_a_prompt_longer_than_the_context_and_longer_slides_go_on(tiny, made_up):
    prompt = continuation(encode(made_up(2, beats=100)), 100)
    assert len(prompt) > tiny.size.context
    for slide in (1, 32, 1000):
        rows = generate(tiny, prompt, sampling=Sampling(ends=False), length=40, slide=slide)
        assert len(rows) == len(prompt) + 40


def test_the_same_seed_gives_the_same_music(tiny):
    runs = [
        generate(tiny, sampling=Sampling(threshold=0), seed=seed, length=50).tolist() for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]
    greedy = [generate(tiny, sampling=GREEDY, seed=seed, length=30).tolist() for seed in (1, 2)]
    assert greedy[0] == greedy[1]


def test_nothing_comes_after_the_end(tiny):
    with pytest.raises(ValueError, match="the prompt holds the end of the song"):
        generate(tiny, encode([(0, 60, 12, 0)]))
    assert len(generate(tiny, [], length=5, sampling=Sampling(ends=False))) == 6
