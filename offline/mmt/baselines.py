"""Music as one line of tokens: the two representations that the paper measures its own against.

Dong et al., ICASSP 2023: like MMM (Ens and Pasquier, 2020), track after track with note-on, note-off and time
shifts; and like REMI+ (von Ruette et al., ICLR 2023), beat after beat, with a position for each note. Both
know the same pitches, durations and instruments as the paper's own, and ``BEATS`` beats.
"""

from itertools import accumulate

import numpy as np
import numpy.typing as npt

from realtime.music.mmt.instruments import INSTRUMENT_OF, INSTRUMENTS, PROGRAM_OF
from realtime.music.mmt.midi import apart
from realtime.music.mmt.representation import (
    DURATIONS,
    LENGTH,
    ONSET,
    PITCHES,
    PROGRAM,
    RESOLUTION,
    Notes,
    duration_code,
    tidy,
)

BEATS = 64
LONGEST_SHIFT = 4 * RESOLUTION


class Vocabulary:
    """Tokens of several kinds, each with values from 0 on; token 0 fills a batch."""

    def __init__(self, **sizes: int):
        self.sizes = sizes
        self.firsts = dict(zip(sizes, accumulate(sizes.values(), initial=1), strict=False))
        self._kinds = [None, *((kind, value) for kind, size in sizes.items() for value in range(size))]

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self._kinds)

    def token(self, kind: str, value: int = 0) -> int:
        """Return the token of a value of a kind."""
        assert 0 <= value < self.sizes[kind], (kind, value)
        return self.firsts[kind] + value

    def kind(self, token: int) -> tuple[str, int]:
        """Return kind and value of a token; ("", 0) of one that has none.

        Raises:
            ValueError: there is no such token.
        """
        if not 0 <= token < len(self):
            raise ValueError(f"token {token} is out of range: there are {len(self)}")
        return self._kinds[token] or ("", 0)


MMM = Vocabulary(
    start_of_song=1,
    end_of_song=1,
    start_of_track=1,
    end_of_track=1,
    instrument=INSTRUMENTS,
    note_on=PITCHES,
    note_off=PITCHES,
    time_shift=LONGEST_SHIFT,
)
"""A time shift of value n is n + 1 ticks; an instrument of value n has the code n + 1."""
REMI = Vocabulary(
    start_of_song=1,
    end_of_song=1,
    beat=BEATS,
    position=RESOLUTION,
    instrument=INSTRUMENTS,
    pitch=PITCHES,
    duration=len(DURATIONS),
)


def _first_beats(notes: npt.ArrayLike) -> Notes:
    table = tidy(notes)
    table = table[table[:, ONSET] < BEATS * RESOLUTION]
    table[:, PROGRAM] = PROGRAM_OF[INSTRUMENT_OF[table[:, PROGRAM]]]
    return np.unique(table, axis=0)


def encode_mmm(notes: npt.ArrayLike) -> np.ndarray:
    """Return the tokens of notes, shape (tokens,), int64: a track for each instrument, by code.

    On a key of an instrument, a note ends where the next one begins.

    Raises:
        ValueError: as for ``realtime.music.mmt.representation.as_notes``.
    """
    table = _first_beats(notes)
    tokens = [MMM.token("start_of_song")]
    for code in np.unique(INSTRUMENT_OF[table[:, PROGRAM]]).tolist():
        own = apart(table[table[:, PROGRAM] == PROGRAM_OF[code]])
        events = [(on, 1, key) for on, key, _, _ in own.tolist()]
        events += [(on + long, 0, key) for on, key, long, _ in own.tolist()]
        tokens += [MMM.token("start_of_track"), MMM.token("instrument", code - 1)]
        at = 0
        for tick, begins, key in sorted(events):
            while tick > at:
                shift = min(tick - at, LONGEST_SHIFT)
                tokens.append(MMM.token("time_shift", shift - 1))
                at += shift
            tokens.append(MMM.token("note_on" if begins else "note_off", key))
        tokens.append(MMM.token("end_of_track"))
    return np.array([*tokens, MMM.token("end_of_song")])


def decode_mmm(tokens: npt.ArrayLike) -> Notes:
    """Return the notes in tokens, sorted; what makes no sense, such as a note that does not end, is left out.

    Raises:
        ValueError: a token is out of range.
    """
    found, sounding = [], {}
    at = code = 0
    for kind, value in map(MMM.kind, np.asarray(tokens).tolist()):
        if kind == "end_of_song":
            break
        if kind in ("start_of_track", "end_of_track"):
            sounding, at, code = {}, 0, 0
        elif kind == "instrument":
            code = value + 1
        elif kind == "time_shift":
            at += value + 1
        elif kind == "note_on":
            sounding[value] = at
        elif kind == "note_off" and code and at > (on := sounding.pop(value, at)):
            found.append((on, value, at - on, PROGRAM_OF[code]))
    return np.array(sorted(found), np.int64).reshape(-1, 4)


def encode_remi(notes: npt.ArrayLike) -> np.ndarray:
    """Return the tokens of notes, shape (tokens,), int64: a beat where it changes, four for each note.

    Raises:
        ValueError: as for ``realtime.music.mmt.representation.as_notes``.
    """
    table = _first_beats(notes)
    tokens, latest = [REMI.token("start_of_song")], -1
    codes = duration_code(table[:, LENGTH]).tolist()
    for (onset, key, _, program), length in zip(table.tolist(), codes, strict=True):
        beat, position = divmod(onset, RESOLUTION)
        if beat != latest:
            tokens.append(REMI.token("beat", latest := beat))
        tokens += [
            REMI.token("position", position),
            REMI.token("instrument", int(INSTRUMENT_OF[program]) - 1),
            REMI.token("pitch", key),
            REMI.token("duration", length - 1),
        ]
    return np.array([*tokens, REMI.token("end_of_song")])


def decode_remi(tokens: npt.ArrayLike) -> Notes:
    """Return the notes in tokens, in their order; a note that lacks a field is left out.

    Raises:
        ValueError: a token is out of range.
    """
    found, known = [], {}
    fields = ("beat", "position", "instrument", "pitch", "duration")
    for kind, value in map(REMI.kind, np.asarray(tokens).tolist()):
        if kind == "end_of_song":
            break
        if kind == "position":
            known = {"beat": known["beat"]} if "beat" in known else {}
        known[kind] = value
        if kind == "duration" and all(field in known for field in fields):
            beat, position, instrument, pitch, length = (known[field] for field in fields)
            program = PROGRAM_OF[instrument + 1]
            found.append((beat * RESOLUTION + position, pitch, DURATIONS[length], program))
    return np.array(found, np.int64).reshape(-1, 4)
