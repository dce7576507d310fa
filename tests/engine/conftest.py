"""Engines to play: with the SoundFont that pretty_midi brings, or without sound."""

from pathlib import Path

import pretty_midi
import pytest

from tests.engine.witness import NAME, write_witness


@pytest.fixture(scope="session")
def soundfont() -> Path:
    return Path(pretty_midi.__file__).parent / "TimGM6mb.sf2"


@pytest.fixture(scope="session")
def witness_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("models")
    write_witness(library)
    write_witness(library, "coarse-witness", resolution=4)
    write_witness(library, "fine-witness", resolution=480)
    return library


@pytest.fixture
def witness(witness_library: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a separator that remembers what it is told; see ``witness``."""
    monkeypatch.setenv("CONCERTINO_MODELS", str(witness_library))
    return NAME
