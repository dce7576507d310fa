"""What the engine promises about notes, pedals and controllers, in plain Python, for comparison.

Written from the rules (MIDI 1.0, RP-015 and the docstrings of ``owner``, ``messages`` and ``separation``),
not from the compiled code, and with other means: objects and dictionaries in place of tables and flags.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from realtime.ensembles.schema import Ensemble, Part

LIMIT = 512
CHANNELS_PER_SLOT = 16
LOWEST_START, HIGHEST_START = 40, 80
PANIC, SELECT, RELEASE_PORT = 1, 2, 4
FORWARDED = {1: 0, 11: 127, 74: 64}
"""Controllers in the tests' streams that reach the parts, and where they rest."""
RESET_BY_121 = (1, 11)
VOLUME = 7
CENTRE = 8192


@dataclass(eq=False)
class Note:
    source: int
    key: int
    channel: int
    sounded: int
    down: bool = True
    sustained: bool = False
    sostenuto: bool = False

    @property
    def held(self) -> bool:
        return self.down or self.sustained or self.sostenuto


class Reference:
    """Plays events in time order; ``out`` holds (frame, channel, status, data1, data2) in order."""

    def __init__(self, ensembles: list[Ensemble]) -> None:
        self.ensembles = ensembles
        self.programs = {e.program: slot for slot, e in enumerate(ensembles) if e.program is not None}
        self.slot = 0
        self.notes: dict[Note, None] = {}  # in the order of their birth
        self.keys: dict[tuple[int, int], Note] = {}  # (source, key) that is down
        self.voices: dict[tuple[int, int], set[Note]] = defaultdict(set)  # (channel, key sounded)
        self.pedals: dict[int, set[int]] = {64: set(), 66: set(), 67: set()}  # sources that hold them down
        self.controls: dict[int, dict[int, int]] = defaultdict(lambda: dict(FORWARDED) | {VOLUME: 127})
        self.bends: dict[int, int] = defaultdict(lambda: CENTRE)
        self.pressures: dict[int, int] = defaultdict(int)
        self.sent: dict[tuple[int, str | int], int] = {}  # what each channel was last told
        self.user: dict[int, int] = {}  # source that last played on a channel
        self.last_pitch: dict[int, int] = {}
        self.out: list[tuple[int, int, int, int, int]] = []
        self.frame = 0
        self.counts: Counter[str] = Counter()

    def part(self, channel: int) -> Part:
        return self.ensembles[channel // CHANNELS_PER_SLOT].parts[channel % CHANNELS_PER_SLOT]

    def emit(self, channel: int, status: int, data1: int, data2: int) -> None:
        self.out.append((self.frame, channel, status, data1, data2))

    # Which part plays a note.

    def decide(self, pitches: list[int]) -> list[int]:
        """Return the part of each note of a chord, by the closest-pitch rule, from low to high."""
        before, taken = dict(self.last_pitch), set()
        parts = self.ensembles[self.slot].parts
        span = HIGHEST_START - LOWEST_START
        found = [0] * len(pitches)
        for place in sorted(range(len(pitches)), key=lambda i: pitches[i]):
            pitch = pitches[place]
            everyone = range(len(parts))
            reaching = [p for p in everyone if parts[p].lowest <= pitch <= parts[p].highest]
            free = [p for p in reaching if p not in taken]
            start = [round(HIGHEST_START - (p + 0.5) / len(parts) * span) for p in everyone]
            best = min(free or reaching or everyone, key=lambda p: abs(pitch - before.get(p, start[p])))
            taken.add(best)
            self.last_pitch[best] = pitch
            found[place] = best
        return found

    # The life of a note.

    def begin(self, source: int, key: int, velocity: int, channel: int) -> None:
        part = self.part(channel)
        if (source, key) in self.keys:
            self.counts["retriggered"] += 1
            self.release(source, key)
        if part.voices == "mono":
            for note in [n for n in self.notes if n.channel == channel]:
                self.end(note)
        if len(self.notes) == LIMIT:
            self.counts["stolen"] += 1
            self.end(next(iter(self.notes)))
        sounded = key + part.transpose
        sounded -= 12 * max(0, (sounded - 127 + 11) // 12)
        sounded += 12 * max(0, (-sounded + 11) // 12)
        sharing = self.voices[channel, sounded]
        if sharing:
            self.emit(channel, 0x80, sounded, 0)
            for note in [n for n in sharing if not n.down]:
                self.forget(note)
        if source in self.pedals[67]:
            velocity = max(velocity * 2 // 3, 1)
        note = Note(source, key, channel, sounded)
        self.notes[note] = None
        self.keys[source, key] = note
        sharing.add(note)
        self.counts["notes_on"] += 1
        self.emit(channel, 0x90, sounded, velocity)

    def forget(self, note: Note) -> None:
        del self.notes[note]
        self.voices[note.channel, note.sounded].discard(note)
        if note.down:
            del self.keys[note.source, note.key]
        self.counts["notes_off"] += 1

    def end(self, note: Note) -> None:
        self.forget(note)
        if not self.voices[note.channel, note.sounded]:
            self.emit(note.channel, 0x80, note.sounded, 0)

    def release(self, source: int, key: int) -> None:
        note = self.keys.pop((source, key), None)
        if note is None:
            self.counts["stray_offs"] += 1
            return
        note.down = False
        note.sustained = source in self.pedals[64]
        self.end_if_free(note)

    def end_if_free(self, note: Note) -> None:
        if not note.held:
            self.end(note)

    def of(self, source: int) -> list[Note]:
        return [n for n in self.notes if n.source == source]

    def pedal(self, source: int, number: int, down: bool) -> None:
        holders = self.pedals[number]
        if down == (source in holders):
            return
        (holders.add if down else holders.discard)(source)
        if number == 66 and down:
            for note in self.of(source):
                note.sostenuto = note.down
        elif number == 64 and not down:
            for note in self.of(source):
                note.sustained = False
                self.end_if_free(note)
        elif number == 66:
            for note in self.of(source):
                if note.sostenuto and not note.down and source in self.pedals[64]:
                    note.sustained = True
                note.sostenuto = False
                self.end_if_free(note)

    # Controllers.

    def tell(self, channel: int, what: str | int, value: int, rest: int) -> None:
        if self.sent.get((channel, what), rest) == value:
            return
        self.sent[channel, what] = value
        if what == "bend":
            self.emit(channel, 0xE0, value & 0x7F, value >> 7)
        elif what == "pressure":
            self.emit(channel, 0xD0, value, 0)
        else:
            self.emit(channel, 0xB0, int(what), value)

    def follow(self, source: int, channel: int) -> None:
        controls = self.controls[source]
        for number, rest in FORWARDED.items():
            self.tell(channel, number, controls[number], rest)
        volume = self.part(channel).volume
        self.tell(channel, VOLUME, volume * controls[VOLUME] // 127, volume)
        self.tell(channel, "bend", self.bends[source], CENTRE)
        self.tell(channel, "pressure", self.pressures[source], 0)

    def follow_all(self, source: int) -> None:
        for channel, user in self.user.items():
            if user == source:
                self.follow(source, channel)

    def reset(self, source: int) -> None:
        self.pedal(source, 64, down=False)
        self.pedal(source, 66, down=False)
        self.pedal(source, 67, down=False)
        for number in RESET_BY_121:
            self.controls[source][number] = FORWARDED[number]
        self.bends[source], self.pressures[source] = CENTRE, 0
        self.follow_all(source)

    def control(self, source: int, number: int, value: int) -> None:
        if number in self.pedals:
            self.pedal(source, number, value >= 64)
        elif number in FORWARDED or number == VOLUME:
            self.controls[source][number] = value
            self.follow_all(source)
        elif number == 120:
            self.sound_off(source)
        elif number == 121:
            self.reset(source)
        elif number >= 123:
            for holder, key in list(self.keys):
                if holder == source:
                    self.release(source, key)

    def sound_off(self, source: int) -> None:
        ended = self.of(source)
        for note in ended:
            self.end(note)
        own = {channel for channel, user in self.user.items() if user == source}
        busy = {note.channel for note in self.notes}
        for channel in (own | {note.channel for note in ended}) - busy:
            self.emit(channel, 0xB0, 120, 0)

    # Everything at once.

    def panic(self) -> None:
        for note in list(self.notes):
            self.end(note)
        for holders in self.pedals.values():
            holders.clear()
        for slot, ensemble in enumerate(self.ensembles):
            for place in range(len(ensemble.parts)):
                self.emit(slot * CHANNELS_PER_SLOT + place, 0xB0, 120, 0)
        self.last_pitch.clear()

    def select(self, slot: int) -> None:
        if slot == self.slot or not 0 <= slot < len(self.ensembles):
            return
        self.slot = slot
        self.last_pitch.clear()
        for place, part in enumerate(self.ensembles[slot].parts):
            channel = slot * CHANNELS_PER_SLOT + place
            volume = self.sent.get((channel, VOLUME), part.volume)
            for status, data1, data2 in (
                (0xB0, 0, part.bank >> 7),
                (0xB0, 32, part.bank & 127),
                (0xC0, part.program, 0),
                (0xB0, VOLUME, volume),
                (0xB0, 10, part.pan),
            ):
                self.emit(channel, status, data1, data2)

    def release_port(self, port: int) -> None:
        for source in range(port * 16, port * 16 + 16):
            self.reset(source)
            for note in self.of(source):
                self.end(note)

    def period(self, start: int, frames: int, events: Iterable[tuple[int, ...]]) -> None:
        """Play one period: events as (offset, port, status, data1, data2), in any order."""
        timed = [(min(max(e[0], 0), frames - 1), *e[1:5]) for e in events]
        timed.sort(key=lambda e: e[0])  # stable
        parts: dict[int, int] = {}
        for place, (offset, port, status, data1, data2) in enumerate(timed):
            self.frame = start + offset
            if port < 0:
                self.command(status, data1)
                continue
            if status & 0xF0 == 0x90 and data2 > 0 and place not in parts:
                chord = self.chord(timed, place)
                parts |= dict(zip(chord, self.decide([timed[i][3] for i in chord]), strict=True))
            self.message(port, status, data1, data2, parts.get(place, -1))

    @staticmethod
    def chord(timed: list[tuple[int, ...]], first: int) -> list[int]:
        """Return the places of the note-ons that are decided with the one at ``first``."""
        found = []
        for place in range(first, len(timed)):
            _, port, status, _, data2 = timed[place]
            if port < 0 or status & 0xF0 == 0xC0 or status in (0xFA, 0xFF):
                break
            if status & 0xF0 == 0x90 and data2 > 0:
                found.append(place)
        return found

    def command(self, what: int, value: int) -> None:
        if what == PANIC:
            self.panic()
        elif what == SELECT:
            self.select(value)
        elif what == RELEASE_PORT:
            self.release_port(value)

    def message(self, port: int, status: int, data1: int, data2: int, part: int) -> None:
        kind, source = status & 0xF0, port * 16 + (status & 0x0F)
        if status == 0xFF:
            self.panic()
        elif kind == 0x90 and data2 > 0:
            channel = self.slot * CHANNELS_PER_SLOT + part
            self.follow(source, channel)
            self.user[channel] = source
            self.begin(source, data1, data2, channel)
        elif kind in (0x80, 0x90):
            self.release(source, data1)
        elif kind == 0xA0 and (source, data1) in self.keys:
            note = self.keys[source, data1]
            self.emit(note.channel, 0xA0, note.sounded, data2)
        elif kind == 0xB0:
            self.control(source, data1, data2)
        elif kind == 0xC0 and data1 in self.programs:
            self.select(self.programs[data1])
        elif kind == 0xD0:
            self.pressures[source] = data1
            self.follow_all(source)
        elif kind == 0xE0:
            self.bends[source] = data1 | data2 << 7
            self.follow_all(source)
