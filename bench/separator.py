"""``concertino bench separator``: the step alone, in every way that matters, in one run."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.child import Child
from bench.machine import describe_machine
from bench.onsets import jitter, percentiles
from bench.plan import Report, silent
from bench.separator_steps import BACK_TO_BACK, PACINGS, PERIOD, PLAYING, RATE

ROUNDS = 4
"""Each variant is measured this many times, in turn with the others: a machine's mood passes over all."""
WARM_UP_STEPS = 200
SEPARATOR = "bach-chorale"
US = 1e-3  # of a ns


class Variant(NamedTuple):
    """One way to make steps."""

    path: str
    """``c``: the path that plays; ``python``: ``session.run``."""
    load: str
    pacing: str
    """One of ``PACINGS``."""

    @property
    def name(self) -> str:
        """Key in the result."""
        return f"{self.path}_{self.load}_{self.pacing}"


VARIANTS = [
    Variant(path, load, pacing)
    for pacing in PACINGS
    for path in ("c", "python")
    for load in ("none", "gil")
    if (path, pacing) != ("python", PLAYING)
]


def measure_separator(
    soundfont: Path,
    separator: str = SEPARATOR,
    steps: int = 4000,
    gap_steps: int = 400,
    seed: int = 1,
    report: Report = silent,
) -> dict[str, Any]:
    """Return the measurement as the JSON that ``--json`` writes.

    Args:
        soundfont: played by the process core around the steps.
        separator: name, or ``NAME:value``.
        steps: back to back, in each variant.
        gap_steps: with idle gaps, in each variant.
        seed: of pitches and gaps.
        report: told how far it has come.

    Raises:
        OSError, ValueError: the separator can't be played.
    """
    machine = describe_machine()
    took: dict[Variant, list[np.ndarray]] = {variant: [] for variant in VARIANTS}
    failed = 0
    with Child("bench.separator_steps", ["--separator", separator, "--soundfont", str(soundfont)]) as child:
        for variant in VARIANTS:
            child.ask(
                "steps",
                **variant._asdict(),
                count=WARM_UP_STEPS // (1 if variant.pacing == BACK_TO_BACK else 50),
                seed=0,
            )
        turns = [(turn, variant) for turn in range(ROUNDS) for variant in VARIANTS]
        for place, (turn, variant) in enumerate(turns):
            report("rounds of steps", place, len(turns))
            count = -(-(steps if variant.pacing == BACK_TO_BACK else gap_steps) // ROUNDS)
            answer = child.ask("steps", **variant._asdict(), count=count, seed=seed + turn)
            took[variant].append(np.array(answer["ns"], np.int64))
            failed = answer["failed"]
    step = {v: np.concatenate([rows[0] for rows in took[v]]) for v in VARIANTS}
    variants = {v.name: percentiles(step[v], US, 2) for v in VARIANTS}
    decided = {
        f"decision_{v.load}_{v.pacing}": percentiles(np.concatenate([rows[1] for rows in took[v]]), US, 2)
        for v in VARIANTS
        if v.path == "c"
    }
    main = variants["c_none_back_to_back"]
    return {
        "bench": "separator",
        "separator": separator,
        "period": PERIOD,
        "rate": RATE,
        "notes": steps,
        "load": "none",
        "separator_us": main,
        "jitter_ms": round(jitter(main) / 1000, 4),
        "steps_us": variants | decided,
        "gil_to_idle": {
            f"{v.path}_{v.pacing}": {
                rank: _ratio(variants[v._replace(load="gil").name][rank], variants[v.name][rank])
                for rank in ("p50", "p99")
            }
            for v in VARIANTS
            if v.load == "none"
        },
        "gap_notes": gap_steps,
        "failed_steps": failed,
        # The step alone makes no sound, and no server runs.
        "key_to_sound_ms": None,
        "callback_us": None,
        "xruns": None,
        "lost_notes": None,
        "seed": seed,
        "machine": machine,
    }


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 3) if whole else None
