"""What the model plays: a function of what was played, the ticks of the clock, the settings and the seed.

Nothing here knows the time of day. How far the plan is drawn ahead, and when, changes only what is ready: the
same events give the same notes, live and offline.
"""

import math
from collections.abc import Iterable

from realtime.continuation.alignment import Alignment
from realtime.continuation.cast import Cast, instruments
from realtime.continuation.draft import MOST, Draft, Planned
from realtime.continuation.hands import Hands
from realtime.continuation.held import Held
from realtime.continuation.past import Past
from realtime.continuation.score import BEAT, HELD, Note, Score, Told
from realtime.continuation.settings import SETTLED, Mode, Settings
from realtime.music.mmt.instruments import DROPPED
from realtime.music.mmt.sampling import Sampling

SPECULATION = 8
"""Notes that are drawn ahead while the player plays, for the case that the model's turn begins now."""
LEAD = 8 * BEAT
"""Ticks that are drawn ahead until it is known how fast that is."""
PUBLISHED = Sampling()


class Planner:
    """Hears what is played, and draws what follows.

    Args:
        past: the model.
        settings: what the player set.
        cast: the parts of the ensemble.
        ruled: whether the beat comes from a clock or transport that is not the player's own.
        own: how notes are drawn where the player sets nothing: as was chosen for the model.
    """

    def __init__(
        self, past: Past, settings: Settings, cast: Cast, ruled: bool = False, own: Sampling = PUBLISHED
    ) -> None:
        self.past, self.own = past, own
        self.settings, self.alignment = settings, Alignment(ruled)
        self.score = Score()
        self.generation = 0
        self.playing = False
        self.lead = float(LEAD)
        """Ticks to be drawn ahead; it says when the notes are ready, never what they are."""
        self.now = 0.0
        """Tick of the clock."""
        self._held = Held(self.score)
        self._later: list[tuple[float, int, int, int]] = []
        self._hands = Hands()
        self._events = 0
        self.change_cast(cast)

    def change_cast(self, cast: Cast, switched_off: Iterable[int] = ()) -> None:
        """Play with other parts from now on; no turn may be on."""
        self.cast, self._switched_off = cast, frozenset(switched_off)
        self._hands.change()
        self.score.announce(instruments(cast, range(len(cast))))
        self._held.clear()
        self._firm = len(self.score.notes)
        self._start_anew()

    def change_settings(self, settings: Settings) -> None:
        """Draw otherwise from now on."""
        self.settings = settings
        if self.playing:
            self._draft.change(settings.sampling(self.own), self._seeds())
        else:
            self._start_anew()

    def key(self, tick: float, part: int, key: int, velocity: int) -> None:
        """Take a note of the player's: it begins, or ends where the velocity is 0."""
        self.now = tick
        if self.playing and self.settings.mode != Mode.ACCOMPANY:
            self._later.append((tick, part, key, velocity))  # of no weight in a turn of the model's
            return
        at = self.alignment.place(tick, self._latest(), self.playing)
        if not (self.playing or velocity or (part, key) in self._held):
            return  # nothing that the model is told changes: what is drawn ahead stands
        if self.playing:
            self._settle(at + SETTLED)
        else:
            self.score.cut(self._firm)
        self._held.end(part, key, tick)
        if velocity:
            self._begin_note(at, tick, part, key, velocity)
        if not self.playing:
            self._start_anew()
        self._forget()

    def _begin_note(self, at: int, tick: float, part: int, key: int, velocity: int) -> None:
        self._hands.play(part, tick, velocity)
        player = self.cast[part]
        if player.instrument != DROPPED:
            note = Note(at, player.pitch(key), HELD, part, player.instrument, velocity, True)
            self.score.add(note)
            self._held.begin(part, key, note, tick)
            self._firm += 1

    def begin(
        self, generation: int, tick: float, bound: float | None, length: int | None, own: Iterable[int] = ()
    ) -> None:
        """Begin the model's turn; see ``conductor.Begin``; ``own`` parts are the player's till its end."""
        self.now = tick
        self._hands.keep_to(own)
        if bound is not None or generation != self.generation + 1:
            self.generation = generation - 1
            self._start_anew(self._next() if bound is None else self.alignment.bound(bound, self._latest()))
        self.generation, self.playing = generation, True
        self._free, self._length = (tick if bound is None else None), length
        self._parts = self._possible_parts()
        if bound is not None and length is not None:
            self._draft.until = self._draft.low + length
        if self._draft.drawn:
            self._take_phase()

    def end(self, generation: int, tick: float) -> None:
        """End the model's turn: what was to begin from ``tick`` on was not played."""
        self.now = tick
        if not self.playing:
            self.generation = generation
            self._start_anew()
            return
        at = math.ceil(tick + self.alignment.shift)
        place = self.score.before(at)
        kept = [note for note in self.score.cut(place) if note.own]
        for note in self.score.notes[-4 * MOST :]:
            if not note.own and note.onset + note.length > at:
                self.score.set_length(note, max(at - note.onset, 1))
        self.score.notes.extend(kept)
        self.playing, self.generation = False, generation
        self._hands.keep_to(())
        self._firm = len(self.score.notes)
        self._start_anew()
        later, self._later = self._later, []
        for event in later:
            self.key(*event)

    def time(self, tick: float) -> None:
        """Take that the clock has come to ``tick``."""
        self.now = tick

    def recall(self, notes: Iterable[Told], shift: float, generation: int) -> None:
        """Take what was played before, as ``remember`` gave it, and read it."""
        self.score.notes = [Note(*told) for told in notes]
        self.alignment.shift, self.generation = shift, generation
        self._firm = len(self.score.notes)
        self._start_anew()
        if self._firm:
            self.past.recall(self.score)

    def take(self) -> list[Planned]:
        """Return the notes that were drawn since and stand, in order."""
        if not self.playing or self._free is not None:
            return []
        waiting = self._draft.waiting
        count = len(waiting)
        if self.settings.mode == Mode.ACCOMPANY:
            settled = self.now + self.alignment.shift + SETTLED
            count = sum(1 for note in waiting if note.onset <= settled)
        given, self._draft.waiting = waiting[:count], waiting[count:]
        return [self._planned(note, note.onset - self.alignment.shift) for note in given]

    def speculation(self) -> list[Planned] | None:
        """Return how a turn without bound would begin, with the first note at tick 0; None: not drawn yet."""
        waiting = self._draft.waiting
        if self.playing or self._draft.drawn < SPECULATION:
            return None
        return [self._planned(note, note.onset - waiting[0].onset) for note in waiting]

    def skip(self, count: int) -> None:
        """Take that the first notes of a turn that just began are being played: those of the speculation."""
        del self._draft.waiting[:count]

    @property
    def horizon(self) -> float:
        """Tick of the clock up to which the plan is drawn."""
        if self._draft.finished or not self._parts:
            return math.inf
        return self._draft.low - self.alignment.shift if self._draft.drawn else self.now

    @property
    def drawn(self) -> int:
        """Notes drawn in this turn, or ahead of it."""
        return self._draft.drawn

    def density(self, ticks: int) -> float:
        """Return how many notes there are to a tick in the last ``ticks`` of the score."""
        return (len(self.score.notes) - self.score.before(self.score.last - ticks)) / ticks

    def remember(self) -> tuple[int, list[Told], float]:
        """Return what changed in the score since the last call: from which note on, its notes, the shift."""
        score = self.score
        end = score.before(math.floor(self.now + self.alignment.shift) + 1) if self.playing else self._firm
        first = max(min(score.changed - score.forgotten, end), 0)
        score.changed = score.forgotten + end
        return score.forgotten + first, score.told(first, end), self.alignment.shift

    def work(self) -> bool:
        """Do one piece of work: read some rows, or draw a note; return whether there is more to do."""
        if not self.past.read(self.score):
            return True
        if self._wanted():
            self._draw()
            return True
        return self.past.prepare()

    def _seeds(self) -> list[int]:
        return [self.settings.seed, self.generation + (not self.playing), self._events]

    def _start_anew(self, low: int | None = None) -> None:
        """Forget what was drawn and does not stand."""
        self.score.cut(self._firm)
        self._events = 0
        self._free: float | None = None
        self._length: int | None = None
        self._parts = self._possible_parts()
        low = self._next() if low is None else low
        playing, self.playing = self.playing, False
        self._draft = Draft(self.score, self.settings.sampling(self.own), self._seeds(), low)
        self._draft.last = self.score.last_pitches(self._firm, len(self.cast))
        self.playing = playing

    def _latest(self) -> int | None:
        """Return the onset of the last note that stands."""
        return self.score.notes[self._firm - 1].onset if self._firm else None

    def _next(self) -> int:
        """Return the first tick of the score after what stands."""
        latest = self._latest()
        return 0 if latest is None else latest + 1

    def _take_phase(self) -> None:
        """Let the first note sound at the tick at which the turn began, and the beat go on from there."""
        if self._free is not None:
            first = self.score.notes[self._firm].onset
            self.alignment.shift = first - self._free
            self._free = None
            if self._length is not None:
                self._draft.end_at(first + self._length)

    def _settle(self, until: int) -> None:
        """Draw up to a tick; what lies behind it is drawn again, after what was played meanwhile."""
        draft = self._draft
        while self._parts and draft.low <= until and not draft.finished:
            if self.past.read(self.score):
                self._draw()
        gone = set(self.score.cut(self.score.before(until + 1)))
        draft.waiting = [note for note in draft.waiting if note not in gone]
        self._firm = len(self.score.notes)
        self._events += 1
        self._parts = self._possible_parts()
        draft.low, draft.finished = max(until + 1, self._next() - 1), False
        draft.last = self.score.last_pitches(self._firm, len(self.cast))
        draft.change(self.settings.sampling(self.own), self._seeds())

    def _possible_parts(self) -> list[int]:
        """Return the parts that the model may play."""
        known = [
            part
            for part, player in enumerate(self.cast)
            if player.instrument != DROPPED and part not in self._switched_off
        ]
        if self.settings.mode != Mode.ACCOMPANY:
            return known
        return [part for part in known if not self._hands.own(part, self.now)]

    def _wanted(self) -> bool:
        """Return whether another note is to be drawn."""
        draft = self._draft
        if draft.finished or not self._parts:
            return False
        if self.playing:
            return not draft.drawn or draft.low - self.now - self.alignment.shift < self.lead
        speculates = self.settings.mode != Mode.ACCOMPANY and not self.alignment.ruled
        return speculates and draft.drawn < SPECULATION

    def _draw(self) -> None:
        self._draft.draw(self.past.scores, self.past.base, self.cast, self._parts, self._hands.velocity)
        if self.playing and self._draft.drawn:
            self._take_phase()
        self._forget()

    def _planned(self, note: Note, tick: float) -> Planned:
        length, key = self._draft.sounding(note), self.cast[note.part].key(note.pitch)
        return Planned(tick, length, note.part, key, note.velocity)

    def _forget(self) -> None:
        before = self.score.forgotten
        self.score.forget()
        self._firm = max(self._firm - (self.score.forgotten - before), 0)
