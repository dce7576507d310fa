"""Notochord beside our separator: both answer "which instrument, now?" for each note, in the same run.

Notochord (Intelligent Instruments Lab, PyPI) is a model of 17.7 million parameters that continues and
harmonises; ours has 0.4 million and only assigns. The comparison is of what a player waits for, not of the
models. Random weights do: they change what it answers, not how long it takes.
Rerun it: ``concertino bench peers notochord``.
"""

import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from bench.child import Child
from bench.machine import describe_machine
from bench.onsets import percentiles
from bench.plan import Report, silent
from bench.separator import SEPARATOR, US
from bench.separator_steps import BACK_TO_BACK, PACINGS, gaps_ms

NOTOCHORD, TORCH = "notochord==0.8.0", "torch==2.13.0"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
STEPS = Path(__file__).with_name("notochord_steps.py")
ROUNDS = 5
WARM_UP = 10


def environment_folder() -> Path:
    """Return the folder of Notochord's own environment, in the user's cache."""
    return platformdirs.user_cache_path("concertino") / "peers" / "notochord"


def prepare(report: Report) -> Path:
    """Return the interpreter of an environment that has Notochord; the first call makes it (1 GB).

    Raises:
        OSError: it can't be installed; the message is pip's last line.
    """
    folder = environment_folder()
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ready = folder / "ready"
    if not ready.is_file():
        report("installing Notochord", 0, 3)
        venv.create(folder, with_pip=True, clear=True)
        # torch first and apart: PyPI's own for Linux brings 7 GB of CUDA
        pip(python, f"{TORCH}+cpu" if sys.platform == "linux" else TORCH, "--extra-index-url", CPU_INDEX)
        report("installing Notochord", 1, 3)
        pip(python, "--no-deps", NOTOCHORD)
        report("installing Notochord", 2, 3)
        pip(python, *_requirements(python))
        ready.write_text(f"{NOTOCHORD} {TORCH}\n")
    return python


def pip(python: Path, *arguments: str) -> None:
    """Install something into an environment.

    Raises:
        OSError: pip fails.
    """
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise OSError(f"Notochord can't be installed for the comparison: {reason}")


def _requirements(python: Path) -> list[str]:
    """Return what Notochord requires, without torch: it asks for one below 2.11, and runs with ours."""
    listing = "import importlib.metadata as m; print(*(m.requires('notochord') or []), sep='\\n')"
    said = subprocess.run([str(python), "-c", listing], capture_output=True, text=True, check=True).stdout
    # those with "extra ==" are for its applications
    return [line for line in said.splitlines() if not line.startswith("torch") and "extra ==" not in line]


def measure_notochord(
    soundfont: Path,
    separator: str = SEPARATOR,
    steps: int = 500,
    gap_steps: int = 100,
    seed: int = 1,
    report: Report = silent,
) -> dict[str, Any]:
    """Time Notochord's feed and query, and our step, in turn; return percentiles and their ratios.

    Args:
        soundfont: for the process core around our step.
        separator: ours.
        steps: back to back, of each.
        gap_steps: with a player's idle gaps, of each.
        seed: of pitches and gaps.
        report: told how far it has come.

    Raises:
        OSError: Notochord can't be installed.
        ValueError: the separator can't be played.
    """
    python = prepare(report)
    machine = describe_machine()
    names = ("notochord", "ours", "ours_decision")
    took: dict[tuple[str, str], list[np.ndarray]] = {(n, p): [] for n in names for p in PACINGS}
    with (
        Child(str(STEPS), python=str(python)) as peer,
        Child("bench.separator_steps", ["--separator", separator, "--soundfont", str(soundfont)]) as ours,
    ):
        peer.ask("steps", gaps_ms=[0] * WARM_UP, seed=0)
        ours.ask("steps", path="c", load="none", pacing=BACK_TO_BACK, count=WARM_UP * 10, seed=0)
        turns = [(turn, pacing) for turn in range(ROUNDS) for pacing in PACINGS]
        for place, (turn, pacing) in enumerate(turns):
            report("rounds of steps", place, len(turns))
            idle = pacing != BACK_TO_BACK
            count = -(-(gap_steps if idle else steps) // ROUNDS)
            gaps = gaps_ms(count, seed + turn).tolist() if idle else [0] * count
            asked = peer.ask("steps", gaps_ms=gaps, seed=seed + turn)
            took["notochord", pacing].append(np.array(asked["ns"]))
            answer = ours.ask("steps", path="c", load="none", pacing=pacing, count=count, seed=seed + turn)
            took["ours", pacing].append(np.array(answer["ns"][0]))
            took["ours_decision", pacing].append(np.array(answer["ns"][1]))
        about = peer.hello
    result: dict[str, Any] = {}
    for pacing in PACINGS:
        times = {name: percentiles(np.concatenate(took[name, pacing]), US, 2) for name in names}
        peer_p50 = times["notochord"]["p50"]
        result[pacing] = {
            **{f"{name}_us": values for name, values in times.items()},
            "times_faster_p50": round(peer_p50 / times["ours"]["p50"], 1),
            "times_faster_p50_decision": round(peer_p50 / times["ours_decision"]["p50"], 1),
        }
    return {
        "bench": "peers/notochord",
        "notochord": about,
        "weights": "random",
        "separator": separator,
        "steps": {p: steps if p == BACK_TO_BACK else gap_steps for p in PACINGS},
        **result,
        "machine": machine,
    }
