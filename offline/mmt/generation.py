"""Music from the Multitrack Music Transformer in PyTorch: for the tables, and to check graphs against."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from offline.mmt.model import MultitrackTransformer
from offline.mmt.representations import REPRESENTATIONS, Draws, Representation
from realtime.music.mmt.representation import BEAT, Rows, as_rows
from realtime.music.mmt.sampling import Sampling

LENGTH = 1024
"""Rows that are generated at most, as published."""


@torch.inference_mode()
def generate(
    model: MultitrackTransformer,
    prompt: npt.ArrayLike | None = None,
    *,
    sampling: Sampling | None = None,
    seed: int = 0,
    length: int = LENGTH,
    slide: int = 1,
    form: Representation = REPRESENTATIONS["mmt"],
) -> Rows:
    """Return the prompt and what the model adds to it: ``length`` rows, or fewer where the song ends.

    The model sees the last rows that its context holds. When that is full, the oldest ``slide`` rows are
    forgotten and the rest is read anew; 1 is as published, more is quicker.

    Raises:
        ValueError: the prompt is no rows, or has the end of song; or the model's weights are damaged.
    """
    known = form.start if prompt is None else as_rows(prompt)
    sampler = form.sampler(sampling or Sampling(), np.random.default_rng(seed))
    return extend(Reader(model, slide).read, known if len(known) else form.start, sampler, length)


def extend(
    read: Callable[[Rows], np.ndarray], known: Rows, sampler: Draws, length: int, beats: int | None = None
) -> Rows:
    """Return ``known`` and what a model adds to it: ``length`` rows, or fewer where the song ends.

    ``read`` takes the next rows and returns the scores of what comes after them. With ``beats``, it is enough
    when a note begins at that beat or later.

    Raises:
        ValueError: ``known`` has the end of song; or the model's weights are damaged.
    """
    sampler.observe(known)
    if sampler.ended:
        raise ValueError("the prompt holds the end of the song: leave out its last row")
    scores, found = read(known), [*known]
    for left in range(length, 0, -1):
        found.append(sampler.draw(scores))
        if sampler.ended or left == 1 or (beats is not None and found[-1][BEAT] > beats):
            break
        scores = read(found[-1][None])
    return np.stack(found)


class Reader:
    """Gives rows to the model one after another, and keeps what it needs of the past."""

    def __init__(self, model: MultitrackTransformer, slide: int = 1):
        self.model = model.eval()
        self.slide = min(max(1, slide), model.size.context - 1)
        self.past = model.no_past()
        self.rows = np.zeros((0, len(model.codes)), np.int64)
        """Those in the past."""

    @torch.inference_mode()
    def read(self, rows: Rows) -> np.ndarray:
        """Return the scores of what comes after ``rows``, (502,), float32."""
        begin, context = len(self.rows), self.model.size.context
        self.rows = np.concatenate([self.rows, rows])
        if len(self.rows) > context:
            self.rows = self.rows[-(context - self.slide + 1) :] if begin else self.rows[-context:]
            begin = 0
        new = torch.from_numpy(self.rows[begin:]).to(self.past.keys.device)
        scores = self.model(new[None], self.past, begin)[0, -1]
        return scores.float().cpu().numpy()
