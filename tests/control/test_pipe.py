"""The messages between host and server, however the bytes arrive."""

import os
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.control import pipe

TOLD = [
    pipe.Changed({"tempo": 120.5, "parts/1/name": "Fl\u00f6te"}),
    pipe.Reply(7, [1, 2], None),
    pipe.Sound("int16", bytes(range(256)) * 20),
    pipe.Broadcast('{"type": "notes"}', 1.5),
]
BYTES = b"".join(map(pipe.packed, TOLD))


@given(st.lists(st.integers(0, len(BYTES)), max_size=20))
def test_messages_are_the_same_however_their_bytes_are_cut(cuts):
    places = [0, *sorted(cuts), len(BYTES)]
    decoder = pipe.Decoder(pipe.FromHost)
    found = [m for a, b in pairwise(places) for m in decoder.take(BYTES[a:b])]
    assert found == TOLD


@pytest.mark.parametrize("nonsense", [b"\xff\xff\xff\xff", b"\x02\x00\x00\x00\xc1\xc1"])
def test_what_makes_no_sense_ends_the_messages(nonsense):
    with pytest.raises(ValueError, match=r"of 4294967295 bytes|truncated|trailing|nvalid"):
        pipe.Decoder(pipe.FromHost).take(nonsense)
    reading, writing = os.pipe()
    os.write(writing, pipe.packed(TOLD[1]) + nonsense + pipe.packed(TOLD[1]))
    os.close(writing)
    assert list(pipe.messages(reading, pipe.FromHost)) == []
    os.close(reading)
