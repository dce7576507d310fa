"""What the engine promises of planned notes, in plain Python, from the docstring of ``plan``: to compare."""

from collections.abc import Iterable
from dataclasses import dataclass

from realtime.engine.codes import AT_ONCE, PLAN_PORT, Command
from realtime.ensembles.schema import Ensemble
from tests.engine.reference import CHANNELS_PER_SLOT, LIMIT, Reference

MOST = 128
"""Planned notes at once."""


@dataclass
class Wish:
    """A planned event that waits; ``slot`` None: any ensemble."""

    frame: int
    part: int
    begins: bool
    pitch: int
    velocity: int
    generation: int
    slot: int | None


class PlanReference(Reference):
    """A ``Reference`` that is also given planned events, and tells which of them it played."""

    def __init__(self, ensembles: list[Ensemble]) -> None:
        super().__init__(ensembles)
        self.waiting: list[Wish] = []
        self.current: list[Wish] = []
        self.generation = 0
        self.afresh = True
        self.played: list[tuple[int, int, bool, int]] = []
        for name in ("planned", "plan_late", "plan_taken_back", "plan_refused"):
            self.counts[name] = 0

    def plan(self, entries: Iterable[tuple[int, ...]]) -> None:
        """Take entries as ``Link.plan`` does."""
        for frame, _, status, pitch, velocity, generation, planned_for, _ in entries:
            begins = status & 0xF0 == 0x90 and velocity > 0
            slot = planned_for - 1 if planned_for else self.slot
            self.waiting.append(Wish(frame, status & 15, begins, pitch, velocity, generation, slot))

    # Taking back.

    def give_up(self, wishes: list[Wish]) -> None:
        self.counts["plan_taken_back"] += sum(wish.begins for wish in wishes)

    def withdraw(self, generation: int, first: int, *, going_on: bool) -> None:
        old = [wish for wish in self.waiting if wish.generation < generation]
        dropped = [wish for wish in old if wish.frame >= first]
        self.give_up(dropped)
        self.waiting = [wish for wish in self.waiting if wish not in dropped]
        if going_on:
            for wish in old:
                wish.generation = generation

    def due(self, start: int, frames: int) -> list[tuple[int, Wish]]:
        """Return what is due, with its offset. One that is not yet due holds up all that were given later."""
        found = []
        while self.waiting:
            wish = self.waiting[0]
            offset = 0 if wish.frame == AT_ONCE else wish.frame - start
            if wish.generation < self.generation:
                self.give_up([wish])
            elif offset < 0 and wish.begins:
                self.counts["plan_late"] += 1
            elif offset >= frames:
                break
            else:
                found.append((max(offset, 0), wish))
            self.waiting.pop(0)
        return found

    def take_back(self, generation: int, first: int) -> None:
        self.generation = max(self.generation, generation)
        if not first:
            for note in [n for n in self.notes if n.source >= PLAN_PORT * 16]:
                self.let_go(note.source, note.key)

    def panic(self) -> None:
        super().panic()
        self.give_up(self.waiting + self.current)
        self.waiting.clear()
        self.current.clear()
        self.afresh = True

    def select(self, slot: int) -> None:
        kept, before = dict(self.last_pitch), self.slot
        super().select(slot)
        self.last_pitch = kept
        self.afresh |= before != self.slot

    def decide(self, pitches: list[int]) -> list[int]:
        if self.afresh:  # all is forgotten with the first note after it
            self.last_pitch.clear()
            self.afresh = False
        return super().decide(pitches)

    # Sounding.

    def wish(self, wish: Wish) -> None:
        source = PLAN_PORT * 16 + wish.part
        if wish.generation < self.generation:
            self.give_up([wish])
        elif not wish.begins:
            if (source, wish.pitch) in self.keys:
                self.let_go(source, wish.pitch)
        elif not self.fits(wish):
            self.counts["plan_refused"] += 1
        else:
            self.counts["planned"] += 1
            self.played.append((self.frame, wish.part, True, wish.pitch))
            self.begin(source, wish.pitch, wish.velocity, self.slot * CHANNELS_PER_SLOT + wish.part)
            self.last_pitch[wish.part] = wish.pitch

    def let_go(self, source: int, key: int) -> None:
        self.played.append((self.frame, source - PLAN_PORT * 16, False, key))
        self.release(source, key)

    def fits(self, wish: Wish) -> bool:
        parts = self.ensembles[self.slot].parts
        if wish.slot != self.slot or wish.part >= len(parts):
            return False
        part, channel = parts[wish.part], self.slot * CHANNELS_PER_SLOT + wish.part
        planned = sum(note.source >= PLAN_PORT * 16 for note in self.notes)
        if planned >= MOST or len(self.notes) == LIMIT or not part.lowest <= wish.pitch <= part.highest:
            return False
        others = any(note.channel == channel and note.source < PLAN_PORT * 16 for note in self.notes)
        return not (part.voices == "mono" and others)

    def period(self, start: int, frames: int, events: Iterable[tuple[int, ...]]) -> None:
        given = [(min(max(e[0], 0), frames - 1), *e[1:5]) for e in events]
        for offset, port, status, generation, first in given:
            if port < 0 and status == Command.TAKE_BACK:
                self.withdraw(generation, max(first, start + offset), going_on=first > 0)
        due = self.due(start, frames)
        # Notes of the plan stand among the others with a status that says nothing, so that no chord has them.
        timed = [*given, *((offset, PLAN_PORT, 0, place, 0) for place, (offset, _) in enumerate(due))]
        timed.sort(key=lambda e: e[0])  # stable
        self.current = [wish for _, wish in due]
        parts: dict[int, int] = {}
        for place, (offset, port, status, data1, data2) in enumerate(timed):
            self.frame = start + offset
            if port == PLAN_PORT:
                wish = due[data1][1]
                if wish in self.current:
                    self.current.remove(wish)
                    self.wish(wish)
            elif port < 0 and status == Command.TAKE_BACK:
                self.take_back(data1, data2)
            elif port < 0:
                self.command(status, data1)
            else:
                if status & 0xF0 == 0x90 and data2 > 0 and place not in parts:
                    here = [i for i, e in enumerate(timed) if not back(e)]
                    chord = self.chord([timed[i] for i in here], here.index(place))
                    chord = [here[i] for i in chord]
                    parts |= dict(zip(chord, self.decide([timed[i][3] for i in chord]), strict=True))
                self.message(port, status, data1, data2, parts.get(place, -1))


def back(event: tuple[int, ...]) -> bool:
    """Return whether an event takes a plan back: chords go on across it."""
    return event[1] < 0 and event[2] == Command.TAKE_BACK
