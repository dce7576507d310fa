"""``concertino bench continuation``: how fast the model draws, how soon it begins, how well it keeps up."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.continuation_live import Setting, measure_live
from bench.continuation_plugin import FULL, Timed, find_timed
from bench.continuation_steps import Steps, time_gaps, time_steps
from bench.machine import describe_machine
from bench.plan import Report, silent
from bench.report import percentile_table
from bench.rig import open_rig
from realtime.continuation.decoder import Decoder

BURSTS = 40
ROUNDS = 5
ROWS = 1024
PAPER = 11.79
"""Notes per second of the published model on the authors' GPU (Dong et al., ICASSP 2023, table 1)."""


@dataclass(frozen=True)
class Wanted:
    """What to measure."""

    soundfont: Path
    model: str | None = None
    size: str = FULL
    variant: str = "int8"
    threads: int = 2
    provider: str = "cpu"
    rounds: int = ROUNDS
    idle_gaps: bool = False
    bursts: int = BURSTS
    live: bool = True
    seconds: float = 60.0
    triggers: int = 100
    period: int = 128
    rate: int = 48000
    rows: int = ROWS
    seed: int = 1


def measure_continuation(wanted: Wanted, report: Report = silent) -> dict[str, Any]:
    """Return the measurement as the JSON that ``--json`` writes.

    Raises:
        ValueError: the model can't be had, or is refused.
        OSError: a server, the host or the model's process does not start.
        ImportError: ONNX Runtime is not installed.
    """
    machine = describe_machine()
    with tempfile.TemporaryDirectory(prefix="concertino-bench-") as folder:
        report("making the model", 0, 1)
        model = find_timed(wanted.model, wanted.size, wanted.variant, Path(folder))
        found = _model(model, wanted, report)
        if wanted.live:
            setting = Setting(
                model,
                wanted.variant,
                wanted.soundfont,
                wanted.triggers,
                wanted.seconds,
                wanted.rows,
                wanted.seed,
            )
            with open_rig(True, wanted.period, wanted.rate) as rig:
                found |= measure_live(rig, setting, report) | {"period": rig.period, "rate": rig.rate}
    return {
        "bench": "continuation",
        "model": model.plugin.manifest.name,
        "weights": "its own" if model.size == "installed" else "of chance",
        "size": model.size,
        "parameters": model.parameters,
        "variant": wanted.variant,
        "threads": wanted.threads,
        **found,
        "paper_notes_per_second": PAPER,
        "seed": wanted.seed,
        "machine": machine,
    }


def _model(model: Timed, wanted: Wanted, report: Report) -> dict[str, Any]:
    """Time the model alone; its memory is given back before the host starts."""
    decoder = Decoder(model.plugin, wanted.variant, wanted.threads, wanted.provider)
    if decoder.device != wanted.provider:
        raise ValueError(f"nothing to time on {wanted.provider}: {decoder.warning}")
    steps = Steps(decoder, wanted.seed)
    found = {"device": decoder.device, "context": decoder.context}
    found |= time_steps(steps, wanted.rounds, lambda done, of: report("notes of the model", done, of))
    if wanted.idle_gaps:
        found["idle_gaps"] = time_gaps(
            steps, wanted.bursts, lambda done, of: report("bursts after pauses", done, of)
        )
    return found


def show_continuation(result: dict[str, Any], console: Console) -> None:
    """Print the tables of the measurement."""
    table = Table(
        title=f"{result['model']} ({result['size']}, weights {result['weights']}), {result['variant']}, "
        f"{result['threads']} threads, {result['device']}: notes per second",
        title_justify="left",
    )
    for name in ("rows of context", "", "at the median", "without the cache", "times faster"):
        table.add_column(name, justify="right")
    for name, speed in result["notes_per_second"].items():
        cells = [name.replace("_", " "), f"{speed:.0f}", f"{1000 / result['note_ms'][name]['p50']:.0f}"]
        for other in ("notes_per_second_without_cache", "times_without_cache"):
            cells.append(f"{result[other][name]:.4g}" if name in result[other] else "")
        table.add_row(*cells)
    console.print(table)
    if "idle_gaps" in result:
        gaps = result["idle_gaps"]
        rows = {name: ("ms", gaps[f"{name.replace(' ', '_')}_ms"]) for name in ("with gaps", "back to back")}
        console.print(percentile_table("one note, context full", rows))
        console.print(f"  p99 with gaps of 0.1 to 5 s is {gaps['p99_ratio']} times that back to back")
    if "first_note_ms" not in result:
        return
    rows = {"trigger to first note": ("ms", result["first_note_ms"])}
    for name, part in result["live"].items():
        rows[f"key to sound, {name}"] = ("ms", part["key_to_sound_ms"])
        rows[f"callback, {name}"] = ("us", part["callback_us"])
    console.print(
        percentile_table(f"in the host, period {result['period']} at {result['rate']:.0f} Hz", rows)
    )
    for line in (
        f"{result['triggers']} triggers with {result['context_rows']} rows of context, "
        f"{result['triggers_without_note']} without a note",
        f"sixteenths for which the plan was ready {result['isr']:.4f}, behind by "
        f"{result['staleness_ticks']:.4f} on average; late notes {result['late_notes']} of "
        f"{result['planned_notes'] + result['late_notes']}, lead {result['lead_ms']:.0f} ms, "
        f"process started again {result['restarts']} times",
    ):
        console.print(f"  {line}", highlight=False, soft_wrap=True)
