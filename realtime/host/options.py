"""What a player can choose for a session."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from realtime.engine.codes import Mode

FILE_INPUT = "file:"
OFF = "off"
LOOPBACK = "127.0.0.1"
MODES = {"clock": Mode.CLOCK, "jack": Mode.TRANSPORT, "tap": Mode.FIXED}


@dataclass(frozen=True)
class Options:
    """What a player can choose; see ``concertino play --help``."""

    ensemble: str = "bach-chorale"
    audio: str | None = None
    """``jack``, ``portaudio``, ``portaudio:DEVICE``, ``file:PATH`` or ``null``; None: the best there is."""
    midi_in: str | None = None
    """Port name or part of it, ``virtual``, or ``file:PATH``; None: every keyboard, else the demo."""
    midi_out: str | None = None
    """``one`` (a channel each part) or ``each`` (a port each part); None: ``one`` on JACK, else none."""
    period: int = 128
    rate: int = 48000
    soundfont: Path | None = None
    tempo: str | None = None
    """BPM, ``clock``, ``jack`` or ``tap``; None: the ensemble's."""
    record: Path | None = None
    separator: str | None = None
    bits: str = "24"
    """``24`` or ``float``: the samples of WAV files."""
    control: str = "7780"
    """``PORT``, ``ADDRESS:PORT`` or ``off``: where ``play`` serves the page and the control interface."""
    continuation: str | None = None
    """Model that goes on from what is played, ``NAME`` or ``NAME:VARIANT``; None: none does."""
    turns: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the continuation in place of the ensemble's, by name."""
    chord_window: int = 0
    """Milliseconds that a note waits for others of its chord."""


def tempo_of(tempo: str | None, default: float) -> tuple[float, Mode]:
    """Return BPM and clock mode for ``--tempo``: a number, ``clock``, ``jack``, ``tap``, or None.

    Raises:
        ValueError: it is none of these.
    """
    if tempo is None or tempo in MODES:
        return default, MODES[tempo or "tap"]
    try:
        bpm = float(tempo)
    except ValueError:
        bpm = math.nan
    if not 10 <= bpm <= 480:
        raise ValueError(f"--tempo {tempo!r}: give a number from 10 to 480 (BPM), clock, jack or tap")
    return bpm, Mode.FIXED


def control_address(text: str, option: str = "--control") -> tuple[str, int] | None:
    """Return address and port for an option: ``PORT``, ``ADDRESS:PORT`` or ``off`` (None).

    Raises:
        ValueError: it is none of these.
    """
    if text == OFF:
        return None
    address, _, port = text.rpartition(":")
    try:
        number = int(port) if port.isascii() else -1
    except ValueError:
        number = -1
    if not 0 <= number < 1 << 16:
        raise ValueError(f"{option} {text!r}: give a port (0 to 65535), ADDRESS:PORT, or off")
    return address.strip("[]") or LOOPBACK, number
