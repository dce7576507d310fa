import json
import subprocess
import sys

import pytest
from rich.console import Console

from bench.report import percentile_table, publish


def concertino(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "realtime.cli.main", "bench", *arguments], capture_output=True, text=True
    )


def test_help_needs_nothing_heavy():
    code = "import sys, bench.cli; print([m for m in ('numpy', 'numba', 'jack', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_bench_alone_tells_its_commands():
    done = concertino()
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("latency", "separator", "render", "peers"))


@pytest.mark.parametrize(
    "arguments", [("latency", "--load", "disk"), ("peers", "nobody"), ("latency", "--notes", "0")]
)
def test_wrong_usage_is_refused(arguments):
    done = concertino(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_missing_soundfont_is_one_sentence():
    done = concertino("latency", "--soundfont", "/nowhere/at/all.sf2")
    assert done.returncode == 1
    assert "/nowhere/at/all.sf2" in done.stderr


def test_a_result_that_can_not_be_written_is_told_before_the_measurement(tmp_path):
    """Told of the folder, and not of the SoundFont, which is what a measurement begins with."""
    target = tmp_path / "absent" / "x.json"
    done = concertino("render", "--soundfont", "/nowhere/at/all.sf2", "--json", str(target))
    assert (done.returncode, done.stderr) == (1, f"concertino: {tmp_path}/absent: there is no such folder\n")


def test_json_on_standard_output_stands_alone(capsys):
    def show(result, console: Console) -> None:
        console.print("a table")

    from pathlib import Path

    publish({"bench": "x"}, show, Path("-"))
    out, err = capsys.readouterr()
    assert json.loads(out) == {"bench": "x"}
    assert "a table" in err


def test_a_table_has_a_column_for_each_percentile():
    values = {"p50": 1.0, "p95": 2.0, "p99": 3.0, "p999": 4.0, "max": 5.0}
    table = percentile_table("title", {"step": ("us", values)})
    assert [column.header for column in table.columns] == ["", "p50", "p95", "p99", "p99.9", "max"]
