"""What is written to another process arrives whole and in order, and whoever writes never waits for it."""

import os
import threading
import time

import pytest

from realtime.control.outbox import WAITING, Outbox
from tests.live import wait_until

PIECES = [bytes([place % 251]) * (place * 37 % 5000) for place in range(500)]


@pytest.fixture
def pipe():
    """Reading and writing end of a pipe, and an outbox on the latter."""
    reading, writing = os.pipe()
    outbox = Outbox(os.fdopen(writing, "wb"))
    yield reading, outbox
    outbox.close()
    os.close(reading)


def test_what_a_slow_reader_takes_is_whole_and_in_order(pipe):
    reading, outbox = pipe
    for piece in PIECES:  # far more than a pipe holds
        outbox.put(piece)
    wanted, found = b"".join(PIECES), b""
    while len(found) < len(wanted):
        found += os.read(reading, 3000)
    assert found == wanted
    wait_until(lambda: outbox.waiting == 0)


def test_what_several_threads_put_while_it_is_read_is_whole(pipe):
    reading, outbox = pipe
    threads = [
        threading.Thread(target=lambda own=own: [outbox.put(bytes([own]) * 3000) for _ in range(200)])
        for own in range(3)
    ]
    for thread in threads:
        thread.start()
    found = b""
    while len(found) < 3 * 200 * 3000:
        found += os.read(reading, 1 << 16)
    pieces = [found[start : start + 3000] for start in range(0, len(found), 3000)]
    assert all(len(set(piece)) == 1 for piece in pieces)
    for thread in threads:
        thread.join()


def test_a_reader_that_hangs_delays_nobody_and_what_waits_is_bounded(pipe):
    _, outbox = pipe
    began = time.monotonic()
    for _ in range(WAITING + 500):
        outbox.put(bytes(1000))
    assert time.monotonic() - began < 5
    assert outbox.waiting == WAITING


def test_a_reader_that_is_gone_does_no_harm():
    reading, writing = os.pipe()
    outbox = Outbox(os.fdopen(writing, "wb"))
    os.close(reading)
    for _ in range(3):
        outbox.put(b"nobody reads this")
    outbox.close()
    outbox.put(b"nor this")
