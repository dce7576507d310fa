"""The benchmark of the continuation: what it counts, and one short run of all of it with a tiny model."""

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from bench.continuation import Wanted, measure_continuation, show_continuation
from bench.continuation_live import CHORD, LET_GO_MS, OVER, PHRASE, trigger_messages
from bench.continuation_plugin import find_timed
from bench.continuation_steps import made_up
from bench.first_notes import FirstNotes
from bench.soundfont import bench_soundfont
from realtime.engine.codes import PLAN_PORT, Log
from realtime.music.mmt.representation import ANNOUNCEMENT, BEAT, NOTE, POSITION, TYPE
from tests.live import needs_jackd

pytest.importorskip("torch")


def test_the_piece_that_is_read_is_in_the_order_of_music():
    piece = made_up(400)
    assert (np.diff(piece[:, TYPE]) >= 0).all()
    assert (piece[:, TYPE] == ANNOUNCEMENT).sum() == 4
    notes = piece[piece[:, TYPE] == NOTE]
    assert (np.diff(notes[:, BEAT] * 12 + notes[:, POSITION]) > 0).all()


def test_first_notes_are_counted_from_the_trigger_that_they_follow():
    heard = FirstNotes()
    pedal, note = (0xB0, 67, 127), (0x90, 60, 90)
    events = [(100, 0, *pedal), (110, 0, 0xB0, 67, 0), (340, PLAN_PORT, *note), (350, PLAN_PORT, *note)]
    events += [(900, 0, *pedal), (1000, 0, *note), (2000, 0, *pedal), (2064, PLAN_PORT, *note)]
    heard(np.array([(f, Log.INPUT, source, *message, -1, 0) for f, source, *message in events], np.int64))
    assert heard.frames == [240, 64]


def test_each_trigger_has_a_phrase_before_it_and_an_end():
    messages = trigger_messages(5, 48000, 1)
    assert (np.diff(messages[:, 0]) > -3000).all()
    assert (messages[:, 1] == 0x90).sum() == 3 * PHRASE + 2 * (OVER + len(CHORD))
    assert (messages[:, 1] == 0x90).sum() == (messages[:, 1] == 0x80).sum()
    assert ((messages[:, 1] == 0xB0) & (messages[:, 3] == 127)).sum() == 10


def test_every_other_trigger_follows_a_chord_that_was_just_let_go_of():
    messages = trigger_messages(4, 48000, 1)
    triggers = messages[(messages[:, 1] == 0xB0) & (messages[:, 3] == 127), 0][::2]
    let_go = messages[(messages[:, 1] == 0x80) & np.isin(messages[:, 2], CHORD), 0]
    assert len(let_go) == 2 * len(CHORD)
    for trigger, last in zip(triggers[1::2], let_go[:: len(CHORD)], strict=True):
        assert 0 < trigger - last <= LET_GO_MS[1] * 48


def test_a_model_or_size_that_there_is_not_is_refused_by_name(tmp_path: Path):
    with pytest.raises(ValueError, match="no size 'huge'"):
        find_timed(None, "huge", "int8", tmp_path)
    with pytest.raises(ValueError, match="nobody"):
        find_timed("nobody", "full", "int8", tmp_path)
    with pytest.raises(ValueError, match="can't go on"):
        find_timed("bach-chorale", "full", "int8", tmp_path)


def test_a_model_that_does_not_run_where_it_is_to_be_timed_is_refused_not_timed_elsewhere():
    wanted = Wanted(Path(), size="tiny", variant="fp32", provider="cuda", live=False)
    with pytest.raises(ValueError, match=r"nothing to time on cuda: .*'fp32' does not run on a GPU"):
        measure_continuation(wanted)


@needs_jackd
@pytest.mark.jack
def test_a_short_run_measures_everything():
    wanted = Wanted(
        bench_soundfont(None),
        size="tiny",
        variant="fp32",
        threads=1,
        rounds=1,
        idle_gaps=True,
        bursts=1,
        seconds=2.0,
        triggers=2,
        rows=0,
    )
    result = measure_continuation(wanted)
    keys = "notes_per_second first_note_ms isr staleness_ticks late_notes machine"
    assert set(keys.split()) <= set(result)
    assert min(result["notes_per_second"].values()) > 0
    assert result["times_without_cache"]["128"] > 1
    assert result["idle_gaps"]["p99_ratio"] > 0
    assert result["first_note_ms"]["count"] == 2 - result["triggers_without_note"]
    assert 0 <= result["isr"] <= 1
    assert result["planned_notes"] + result["late_notes"] > 0
    assert result["live"]["beside"]["key_to_sound_ms"]["p50"] > 0
    shown = io.StringIO()
    show_continuation(result, Console(file=shown, width=120))
    assert "trigger to first note" in shown.getvalue()
