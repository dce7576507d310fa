"""Standard MIDI Files put together byte by byte, so that what is tested did not pass through a library."""


def number(value: int) -> bytes:
    """Return ``value`` as a variable-length number (SMF 1.0)."""
    low = bytes([value & 0x7F])
    while value := value >> 7:
        low = bytes([0x80 | value & 0x7F]) + low
    return low


def meta(kind: int, content: bytes, delta: int = 0) -> bytes:
    """Return a meta event."""
    return number(delta) + bytes([0xFF, kind]) + number(len(content)) + content


def at(delta: int, *message: int) -> bytes:
    """Return a channel message, or the data of one under running status."""
    return number(delta) + bytes(message)


def smf(*tracks: bytes, form: int = 1, resolution: int = 480, announced: int | None = None) -> bytes:
    """Return a file of ``tracks``."""
    count = len(tracks) if announced is None else announced
    head = b"MThd" + (6).to_bytes(4) + form.to_bytes(2) + count.to_bytes(2) + resolution.to_bytes(2)
    return head + b"".join(b"MTrk" + len(track).to_bytes(4) + track for track in tracks)


ONE_NOTE = at(0, 0x90, 60, 64) + at(480, 0x80, 60, 0) + meta(0x2F, b"")
