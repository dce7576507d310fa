"""Engines to play: with the SoundFont that pretty_midi brings, or without sound."""

from pathlib import Path

import pretty_midi
import pytest


@pytest.fixture(scope="session")
def soundfont() -> Path:
    return Path(pretty_midi.__file__).parent / "TimGM6mb.sf2"
