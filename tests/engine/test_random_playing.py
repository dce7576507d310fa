"""Random playing in bulk: nothing stuck, nothing lost, nothing doubled, and all of it as the rules say."""

import numpy as np
import pytest

from realtime.engine.codes import LOG_CHANNEL, LOG_DATA1, LOG_DATA2, LOG_KIND, LOG_STATUS, Log
from tests.engine.playing import OFF, ON, OUTPUT_COLUMNS, Playing, is_at_rest
from tests.engine.reference import Reference
from tests.engine.streams import ENSEMBLES, PERIOD, STYLES, Style, let_go, stream

BULK = 160_000
"""Events of each style in the bulk test."""
COMPARED = 30_000
"""Events of each style that are compared with the reference, one by one."""


def canonical(outputs: np.ndarray) -> np.ndarray:
    """Return output messages in an order that keeps only what matters: that of each key of each channel."""
    notes = np.isin(outputs[:, 2], (ON, OFF))
    kind = np.where(notes, 0, outputs[:, 2])
    order = np.lexsort((np.arange(len(outputs)), outputs[:, 3], kind, outputs[:, 1], outputs[:, 0]))
    return outputs[order]


def play(style: Style, seed: int, count: int, reference: Reference | None = None) -> tuple[Playing, int]:
    """Play a stream and let everything go; return how, and the number of events."""
    playing = Playing(*ENSEMBLES, period=PERIOD)
    events = 0
    for period in [*stream(style, seed, count), let_go(style, seed)]:
        for part in np.array_split(period, len(period) // 900 + 1):
            frame = int(playing.state["frame"])
            playing.step_rows(part)
            events += len(part)
            if reference:
                reference.period(frame, PERIOD, map(tuple, part.tolist()))
    return playing, events


def doubled_or_stuck(outputs: np.ndarray) -> int:
    """Return how often a key of a channel is struck while it sounds, let go while it does not, or left."""
    notes = outputs[np.isin(outputs[:, LOG_STATUS], (ON, OFF))]
    place = notes[:, LOG_CHANNEL] * 128 + notes[:, LOG_DATA1]
    order = np.argsort(place, kind="stable")
    place, strikes = place[order], (notes[order, LOG_STATUS] == ON).astype(int)
    first = np.r_[True, place[1:] != place[:-1]]
    wrong = np.where(first, strikes != 1, strikes == np.r_[0, strikes[:-1]])
    last = np.r_[first[1:], True]
    return int(wrong.sum() + strikes[last].sum())


def lost_or_misplaced(log: np.ndarray) -> int:
    """Return how many note-ons do not come out at once, as one note-on of the part that was decided."""
    inputs, outputs = log[:, LOG_KIND] == Log.INPUT, log[:, LOG_KIND] == Log.OUTPUT
    strikes = (log[:, LOG_STATUS] & 0xF0 == ON) & (log[:, LOG_DATA2] > 0)
    after = np.cumsum(inputs)  # each entry belongs to the input before it
    struck = np.bincount(after[outputs & strikes], minlength=after[-1] + 1)
    asked = np.zeros_like(struck)
    asked[after[inputs & strikes]] = 1
    decided = log[log[:, LOG_KIND] == Log.DECISION]
    sounded = log[outputs & strikes]
    return int((struck != asked).sum()) + abs(len(decided) - len(sounded)) + in_other_parts(decided, sounded)


def in_other_parts(decided: np.ndarray, sounded: np.ndarray) -> int:
    count = np.bincount(decided[:, LOG_CHANNEL], minlength=256)
    return int(np.abs(count - np.bincount(sounded[:, LOG_CHANNEL], minlength=256)).sum())


def test_a_million_events_leave_nothing_stuck_lost_or_doubled():
    total = 0
    for seed, style in enumerate(STYLES.values()):
        playing, events = play(style, seed, BULK)
        log = playing.log()
        assert playing.counter("log_dropped") == 0
        assert is_at_rest(playing.state), style
        assert lost_or_misplaced(log) == 0, style
        assert doubled_or_stuck(log[log[:, LOG_KIND] == Log.OUTPUT]) == 0, style
        assert playing.counter("notes_on") == playing.counter("notes_off"), style
        total += events
    assert total >= 1_000_000


@pytest.mark.parametrize("name", STYLES)
def test_every_message_is_the_one_that_the_rules_ask_for(name):
    reference = Reference(list(ENSEMBLES))
    playing, events = play(STYLES[name], 100 + len(name), COMPARED, reference)
    expected = np.array(reference.out, np.int64)
    found = playing.log(Log.OUTPUT)[:, OUTPUT_COLUMNS]
    assert events >= COMPARED
    np.testing.assert_array_equal(canonical(found), canonical(expected))
    counters = playing.engine.counters()
    assert {name: counters[name] for name in reference.counts} == dict(reference.counts)


@pytest.mark.parametrize("way", range(6))
def test_everything_can_be_let_go_in_every_way(way):
    style = STYLES["keys that stay down"]
    playing = Playing(*ENSEMBLES, period=PERIOD)
    for period in stream(style, way, 3000):
        playing.step_rows(period)
    assert playing.state["note_count"] > 30
    for part in np.array_split(let_go(style, way), 8):
        playing.step_rows(part)
    assert is_at_rest(playing.state)


def test_the_streams_hold_what_they_promise():
    playing, _ = play(STYLES["trouble"], 3, 20_000)
    kinds = np.bincount(playing.log()[:, LOG_KIND], minlength=len(Log))
    assert min(kinds[Log.ENSEMBLE], kinds[Log.PANIC]) > 50
    assert playing.counter("retriggered") > 100
    held, _ = play(STYLES["keys that stay down"], 3, 20_000)
    assert held.counter("stolen") > 100
