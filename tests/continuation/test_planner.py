"""The planner: the same events give the same notes however far ahead it draws, and none that may not be."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.continuation.cast import cast_of
from realtime.continuation.decoder import Decoder
from realtime.continuation.draft import Planned
from realtime.continuation.held import REACH
from realtime.continuation.past import Past, Reader
from realtime.continuation.planner import Planner
from realtime.continuation.settings import SETTLED, Mode, Settings
from realtime.contract.plugin import Plugin
from realtime.ensembles.library import find_ensemble
from tests.continuation.chance import Chance

QUARTET = cast_of(find_ensemble("string-quartet"))


@dataclass
class Playing:
    """Plays events into a planner that does some work between them, and keeps what a host would play."""

    planner: Planner
    work: list[int]
    lead: float
    generation: int = 0

    def __post_init__(self):
        self.planner.lead = self.lead
        self.heard: list[Planned] = []
        self._worked = 0

    def idle(self) -> None:
        self._worked += 1
        for _ in range(self.work[self._worked % len(self.work)]):
            if not self.planner.work():
                break

    def pass_to(self, tick: float) -> None:
        """Let the clock go on, ticks at a time, with a plan that is never behind."""
        now = self.planner.now
        while now < tick:
            now = min(now + 5, tick)
            self.planner.time(now)
            while self.planner.horizon < now + SETTLED + 1 and self.planner.work():
                pass
            self.idle()
            self.heard += self.planner.take()

    def begin(self, tick: float, bound: float | None = None, length: int | None = None) -> None:
        self.generation += 1
        self.planner.begin(self.generation, tick, bound, length)

    def end(self, tick: float) -> None:
        self.heard += self.planner.take()
        self.generation += 1
        self.planner.end(self.generation, tick)
        self.heard = [note for note in self.heard if note.tick < tick]


def playing(reader: Reader, mode: Mode = Mode.CONTINUE, work: list[int] | None = None, lead: float = 20.0):
    planner = Planner(Past(reader), Settings(mode=mode, seed=4), QUARTET)
    return Playing(planner, work or [2], lead)


def played_through(given: Playing, events: list[tuple[str, float, int]]) -> list[Planned]:
    """Play keys and turns; ``events`` are (what, ticks since the one before, which)."""
    tick, accompanies = 0.0, given.planner.settings.mode == Mode.ACCOMPANY
    for what, gap, which in events:
        tick += gap
        if given.planner.playing:
            given.pass_to(tick)
        if what == "turn" and given.planner.playing:
            given.end(tick)
        elif what == "turn":
            bounds = (None, tick + SETTLED, float(np.ceil(tick)))
            given.begin(tick, bounds[1] if accompanies else bounds[which % 3], (None, 48)[which % 2])
        else:
            given.planner.key(tick, which % 2, 50 + which, 60 + which if what == "on" else 0)
        given.idle()
    given.pass_to(tick + 60)
    given.end(tick + 60)
    return given.heard


EVENTS = st.lists(
    st.tuples(st.sampled_from(["on", "off", "on", "turn"]), st.floats(0, 40, width=16), st.integers(0, 30)),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(
    events=EVENTS,
    mode=st.sampled_from([Mode.CONTINUE, Mode.ACCOMPANY]),
    work=st.lists(st.integers(0, 12), min_size=1, max_size=5),
    lead=st.floats(5, 200),
    density=st.sampled_from([2.0, 6.0, 12.0]),
)
def test_the_same_events_give_the_same_notes_however_far_ahead_they_are_drawn(
    events, mode, work, lead, density
):
    hasty = played_through(playing(Chance(density), mode, work, lead), events)
    lazy = played_through(playing(Chance(density), mode), events)
    assert hasty == lazy


@settings(max_examples=40, deadline=None)
@given(events=EVENTS, mode=st.sampled_from([Mode.CONTINUE, Mode.ACCOMPANY]), density=st.floats(0, 12))
def test_no_note_is_out_of_order_doubled_or_out_of_reach(events, mode, density):
    heard = played_through(playing(Chance(density), mode), events)
    ticks = [note.tick for note in heard]
    assert ticks == sorted(ticks)
    assert len({(note.tick, note.part, note.key) for note in heard}) == len(heard), "a note is doubled"
    for note in heard:
        assert QUARTET[note.part].lowest <= note.key <= QUARTET[note.part].highest
        assert note.length >= 1
        assert 1 <= note.velocity <= 127


def test_the_first_note_is_at_the_tick_of_the_trigger_and_the_beat_goes_on_from_there():
    given = playing(Chance())
    for place in range(8):
        given.planner.key(100.3 + 12 * place, 0, 60, 80)
        given.planner.key(110.3 + 12 * place, 0, 60, 0)
    given.begin(231.7)
    given.pass_to(300)
    assert given.heard[0].tick == pytest.approx(231.7)
    assert all((note.tick - 231.7) % 1 == pytest.approx(0, abs=1e-6) for note in given.heard)
    given.end(300)


def test_a_turn_with_a_bound_keeps_to_the_beat_of_the_clock():
    given = playing(Chance(), Mode.TRADE)
    given.planner.key(0.0, 0, 60, 80)
    given.planner.key(11.0, 0, 60, 0)
    given.begin(47.5, 48.0, 96)
    given.pass_to(400)
    assert given.heard
    assert all(note.tick == int(note.tick) and 48 <= note.tick < 144 for note in given.heard)
    assert all(note.tick + note.length <= 144 for note in given.heard), "it sounds on after its end"
    assert given.planner.horizon == float("inf")


def test_the_speculation_is_what_a_turn_begins_with():
    ahead, plain = playing(Chance(), lead=200), playing(Chance(), lead=200)
    for each in (ahead, plain):
        each.planner.key(0.0, 2, 55, 90)
    while ahead.planner.work():
        pass
    foreseen = ahead.planner.speculation()
    assert foreseen
    plain.begin(500.0)
    plain.pass_to(900)
    assert [note._replace(tick=note.tick + 500) for note in foreseen] == plain.heard[: len(foreseen)]
    assert {note.velocity for note in foreseen} == {90}, "it does not follow the player's dynamics"


def test_a_part_that_the_player_plays_is_not_the_models():
    given = playing(Chance(12), Mode.ACCOMPANY)
    given.begin(0.0, 3.0)
    for beat in range(1, 60):
        given.pass_to(12.0 * beat)
        given.planner.key(12.0 * beat, 0, 70, 80)
        given.planner.key(12.0 * beat + 6, 0, 70, 0)
    after = [note for note in given.heard if note.tick > 12 + SETTLED]
    assert after
    assert {note.part for note in after} <= {1, 2, 3}


def test_a_worker_that_starts_again_remembers():
    given = playing(Chance())
    for place in range(30):
        given.planner.key(12.0 * place, place % 4, 60 + place % 5, 80)
        given.planner.key(12.0 * place + 9, place % 4, 60 + place % 5, 0)
    memory = given.planner.remember()
    assert len(memory[1]) == 30
    again = playing(Chance())
    again.planner.recall(memory[1], memory[2], 6)
    again.generation = given.generation = given.planner.generation = 6
    for each in (given, again):
        each.planner.change_settings(each.planner.settings)
        each.planner.key(360.0, 1, 64, 80)
        each.begin(370.0)
        each.pass_to(500)
    assert [note[:4] for note in again.heard] == [note[:4] for note in given.heard]
    assert given.planner.remember()[0] == 30


@pytest.mark.parametrize("temperature", [0.0, 1.0, 10.0])
def test_music_goes_on_beyond_the_models_context(tiny: Plugin, temperature):
    """Four contexts of rows, by the real decoder; and no note in it goes back or is too far away."""
    reader = Decoder(tiny, "fp32", 1)
    given = Playing(Planner(Past(reader), Settings(temperature=temperature), QUARTET), [1], 1e9)
    given.planner.key(0.0, 0, 60, 80)
    given.begin(1.0)
    while given.planner.drawn < 4 * reader.context:
        assert given.planner.work()
    given.heard += given.planner.take()
    ticks = np.array([note.tick for note in given.heard])
    assert (np.diff(ticks) >= 0).all()
    assert np.diff(ticks).max() <= 10 * 12
    assert reader.length > 4 * reader.context


def test_letting_go_of_a_chord_under_a_melody_leaves_what_is_drawn_ahead():
    given = playing(Chance(8.0))
    planner = given.planner
    planner.key(0.0, 1, 40, 80)
    for place in range(2 * REACH):
        planner.key(3.0 * place + 1, 0, 60 + place, 80)
        planner.key(3.0 * place + 3, 0, 60 + place, 0)
    while planner.work():
        pass
    ahead = planner.speculation()
    assert ahead
    planner.key(6.0 * REACH + 2, 1, 40, 0)
    assert planner.speculation() == ahead
    planner.key(6.0 * REACH + 3, 1, 40, 80)
    assert planner.speculation() is None
