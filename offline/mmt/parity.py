"""Whether the step graph decodes as the PyTorch model does: ``python -m offline.mmt.parity [SIZE]``."""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from offline.mmt.export import REFERENCE, About, export_continuation
from offline.mmt.model import MODEL_SIZES, MultitrackTransformer
from realtime.contract.manifest import Training
from realtime.contract.plugin import load_plugin
from realtime.contract.row_stepper import RowStepper
from realtime.music.mmt.prompts import unconditioned
from realtime.music.mmt.representation import Rows
from realtime.music.mmt.sampling import Sampler, Sampling

GREEDY = Sampling(temperature=0.0, ends=False)
"""The best code of each field, for as long as the context has room."""


def random_model(size: str, seed: int = 0) -> MultitrackTransformer:
    """Return a model of a named size, with weights of chance."""
    torch.manual_seed(seed)
    return MultitrackTransformer(MODEL_SIZES[size]).eval()


def greedy(stepper: RowStepper, steps: int) -> Rows:
    """Return the start of song and what the step graph decodes greedily after it, (steps, 6)."""
    sampler, past, rows = Sampler(GREEDY), stepper.past(), unconditioned()
    sampler.observe(rows)
    for place in range(steps - 1):
        drawn = sampler.draw(stepper.run(past, rows[place:], place)[-1])
        rows = np.concatenate([rows, drawn[None]])
    return rows


@torch.inference_mode()
def first_difference(model: MultitrackTransformer, rows: Rows) -> int | None:
    """Return the first row that the sequence model would not have decoded greedily; None where there is none.

    The model sees all rows at once, as in training.
    """
    scores = model(torch.from_numpy(rows[None]))[0].numpy()
    sampler = Sampler(GREEDY)
    sampler.observe(rows[:1])
    for place in range(1, len(rows)):
        if (sampler.draw(scores[place - 1]) != rows[place]).any():
            return place
    return None


def main(size: str = "full") -> int:
    """Compare the two over a whole context; return the exit code."""
    model = random_model(size)
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    with tempfile.TemporaryDirectory() as work:
        about = About("parity", "Weights of chance", Training("none", "none", "none", "none"))
        folder = export_continuation(
            weights, MODEL_SIZES[size], about, Path(work), variants=[REFERENCE], calibration=()
        )
        stepper = RowStepper(load_plugin(folder), REFERENCE, threads=2)
        began = time.perf_counter()
        rows = greedy(stepper, stepper.context)
        seconds = time.perf_counter() - began
    place = first_difference(model, rows)
    same = "all the same" if place is None else f"the first difference at row {place}"
    sys.stdout.write(
        f"{size}: {len(rows)} rows decoded greedily by the step graph ({len(rows) / seconds:.0f} a second), "
        f"checked against the PyTorch model over the whole sequence: {same}\n"
    )
    return int(place is not None)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
