"""Compiled code lies in a folder of its sources' own: an upgraded host must not run yesterday's core."""

import subprocess
import sys

import pytest

from realtime.engine import compiled_code

WHERE = "from numba.core import config; print(config.CACHE_DIR)"


@pytest.mark.parametrize("first", ["realtime.engine", "numba", "realtime.music.mmt.draws"])
def test_it_lies_there_whatever_is_imported_first(first: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    done = subprocess.run(
        [sys.executable, "-c", f"import {first}, realtime.engine; {WHERE}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(compiled_code())
