"""What a MIDI channel message is; for both sides of the pipe."""

LENGTHS = {0x80: 3, 0x90: 3, 0xA0: 3, 0xB0: 3, 0xC0: 2, 0xD0: 2, 0xE0: 3}
"""Bytes of each kind."""


def is_message(data: bytes) -> bool:
    """Return whether ``data`` is one whole MIDI channel message."""
    return bool(data) and LENGTHS.get(data[0] & 0xF0) == len(data) and all(byte < 0x80 for byte in data[1:])
