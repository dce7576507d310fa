"""The rings between the audio thread and the rest: whole, in order, counted where full, never waiting."""

import threading
import time

import numpy as np
import pytest

from realtime.engine.codes import CAPTURE, ENTRIES, EVENTS, LOG, LOG_DATA1, RING, Counter, Log, Sync
from realtime.engine.rings import pop, push
from tests.engine.playing import ON, Playing, ensemble, now, off, on, rows

SOLO = ensemble(1)


class Ring:
    """A ring of the engine's kind, with its two counts on cache lines of their own."""

    def __init__(self, length: int, start: int = 0) -> None:
        self.entries = np.zeros((length, ENTRIES), np.int64)
        self.words = np.full(16, start, np.int64)
        self.head, self.tail = self.words.ctypes.data, self.words.ctypes.data + 64

    def push(self, values: np.ndarray) -> int:
        block = np.zeros((len(values), ENTRIES), np.int64)
        block[:] = values[:, None]
        return push(self.head, self.tail, self.entries, block)

    def pop(self, most: int) -> np.ndarray:
        into = np.zeros((most, ENTRIES), np.int64)
        return into[: pop(self.head, self.tail, self.entries, into)]


def test_two_threads_lose_nothing_and_keep_the_order():
    ring, total = Ring(64), 20_000
    sizes = np.random.default_rng(1).integers(1, 90, 997)
    deadline = time.monotonic() + 60
    taken: list[np.ndarray] = []

    def give() -> None:
        sent = turn = 0
        while sent < total and time.monotonic() < deadline:
            sent += ring.push(np.arange(sent, min(sent + sizes[turn % len(sizes)], total)))
            turn += 1
            time.sleep(0)  # the other thread's turn: both need the GIL between calls

    writer = threading.Thread(target=give)
    writer.start()
    got = 0
    while got < total and time.monotonic() < deadline:
        block = ring.pop(1 + got % 50)
        if len(block):  # what is empty must not pile up
            taken.append(block)
            got += len(block)
        else:
            time.sleep(0)
    writer.join()
    found = np.concatenate(taken)
    assert (found == np.arange(total)[:, None]).all()


@pytest.mark.parametrize("start", [0, 5, 2**40 + 61])
def test_a_ring_goes_round(start):
    ring = Ring(8, start)
    for turn in range(50):
        assert ring.push(np.arange(turn, turn + 5)) == 5
        assert ring.pop(8)[:, 0].tolist() == list(range(turn, turn + 5))


def test_a_full_ring_takes_what_fits_and_says_so():
    ring = Ring(8)
    assert [ring.push(np.arange(5)), ring.push(np.arange(5, 10)), ring.push(np.arange(3))] == [5, 3, 0]
    assert ring.pop(20)[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert len(ring.pop(20)) == 0


def test_a_reader_that_sleeps_costs_log_entries_and_nothing_else():
    playing = Playing(SOLO)
    events = rows(row for i in range(200) for row in (on(i % 100, 60), off(i % 100, 60)))
    for _ in range(60):
        playing.driver.step(events)
    log = playing.engine.link.read_log()
    made = 60 * 200 * 5  # two inputs, a decision, two outputs for each note
    assert len(log) == LOG
    assert playing.counter("log_dropped") == made - LOG
    assert playing.counter("notes_on") == playing.counter("notes_off") == 12_000
    playing.driver.step(events)
    assert len(playing.engine.link.read_log()) == 1000


def test_a_recorder_that_sleeps_loses_whole_periods_and_is_told_how_many_frames():
    playing = Playing(SOLO, period=4096)
    playing.state["capturing"] = 1
    for _ in range(CAPTURE // 4096 + 3):
        playing.driver.step(rows([]))
    assert playing.counter("capture_dropped") == 3 * 4096
    frames = 0
    while len(sound := playing.engine.link.read_sound()):
        frames += len(sound)
    assert frames == CAPTURE


def test_captured_sound_is_what_was_played(soundfont):
    playing = Playing(ensemble({}), period=256, soundfont=soundfont)
    playing.state["capturing"] = 1
    heard = playing.play([on(100, 60), off(9000, 60)], 20_000)
    captured = [playing.engine.link.read_sound() for _ in range(20)]
    playing.engine.close()
    assert np.abs(heard).max() > 0.01
    np.testing.assert_array_equal(np.concatenate(captured), heard.T)


def test_a_sender_is_told_when_there_is_no_room():
    playing = Playing(SOLO)
    sent = [playing.engine.link.send(0, ON, 60, 100) for _ in range(RING + 2)]
    assert sum(sent) == RING
    assert not sent[-1]


def test_more_events_than_a_period_holds_wait_for_the_next():
    playing = Playing(SOLO)
    for i in range(EVENTS + 500):
        playing.engine.link.send(0, ON if i % 2 == 0 else 0x80, i // 2 % 128, 100)
    playing.step()
    first = len(playing.log(Log.INPUT))
    playing.step()
    found = playing.log(Log.INPUT)
    assert (first, len(found)) == (EVENTS, EVENTS + 500)
    assert found[:, LOG_DATA1].tolist() == [i // 2 % 128 for i in range(EVENTS + 500)]
    assert playing.counter("events_deferred") == 500


def test_scheduled_events_act_at_their_own_frame_and_late_ones_at_once():
    playing = Playing(SOLO, period=128)
    playing.rest(2)
    due = rows([on(10, 50), on(256, 51), on(300, 52), on(383, 53), on(384, 54)])
    assert playing.engine.link.schedule(due) == 5
    playing.step()
    assert [row[0] for row in playing.sent(ON)] == [256, 256, 300, 383]
    playing.step()
    assert playing.sent(ON)[-1][0] == 384
    assert playing.engine.link.scheduled() == 0


def test_several_senders_at_once_lose_nothing():
    playing = Playing(SOLO)
    link = playing.engine.link

    def send(port: int) -> None:
        for i in range(500):
            while not link.send(port, 0xB0, 1, i % 128):
                pass

    threads = [threading.Thread(target=send, args=(port,), daemon=True) for port in range(4)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while any(thread.is_alive() for thread in threads):
        playing.step()
        assert time.monotonic() < deadline
    playing.rest(4)
    log = playing.log(Log.INPUT)
    for port in range(4):
        assert log[log[:, 2] == port][:, 5].tolist() == [i % 128 for i in range(500)]


def test_stamped_events_keep_the_spacing_in_which_they_arrived():
    playing = Playing(SOLO, period=4096)
    stamp = now(playing) - 50_000_000
    for i, after in enumerate((0, 5_000_000, 5_500_000, 40_000_000)):
        playing.engine.link.send(0, ON, 60 + i, 100, stamp=stamp + after)
    playing.step()
    frames = np.array([row[0] for row in playing.sent(ON)])
    assert np.diff(frames).tolist() == pytest.approx([240, 24, 1656], abs=1)


def test_every_count_that_threads_share_has_a_cache_line_of_its_own():
    state = Playing(SOLO).state
    sync = state["sync"]
    assert len(sync) >= 8 * (max(Sync) + 1)
    assert len(set(Sync)) == len(Sync.__members__)
    assert max(Counter) < len(state["counters"])


def test_nothing_can_be_read_and_nothing_can_be_sent():
    playing = Playing(SOLO)
    assert playing.engine.link.read_log().shape == (0, 8)
    assert playing.engine.link.schedule(rows([])) == 0
