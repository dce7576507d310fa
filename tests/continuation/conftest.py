"""One plugin for all tests of this folder; it takes seconds to make."""

from pathlib import Path

import pytest

from realtime.contract.plugin import Plugin, load_plugin
from tests.continuation.tiny import tiny_plugin


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Plugin:
    """Return the tiny continuation: a context of 128 rows, variants fp32, int8 and int4."""
    folder: Path = tmp_path_factory.mktemp("continuation")
    return load_plugin(tiny_plugin(folder))
