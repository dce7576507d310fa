"""What the model has written and no one has heard: drawn note by note, dropped as a whole."""

from typing import NamedTuple

import numpy as np

from realtime.continuation.cast import Cast, choose, instruments
from realtime.continuation.score import BEAT, Note, Score
from realtime.music.mmt.representation import BEAT as BEAT_FIELD
from realtime.music.mmt.representation import (
    BEATS,
    DURATION,
    DURATIONS,
    INSTRUMENT,
    PITCH,
    POSITION,
    SIZES,
    START_OF_NOTES,
)
from realtime.music.mmt.sampling import SPANS, Sampler, Sampling

GAP = 8 * BEAT
"""Longest pause that the model is told of, and that it may make."""
FAR = 3 * GAP
MOST = 16
"""Notes that may begin together."""
RECENT = 64
"""Latest notes by which it is told who has played much."""
BALANCE = 1.0
"""How much less likely an instrument is for each time that its notes are e times as many as the others'."""
RESERVED = 0.2
"""Share of the notes that goes to instruments by how little they played of late, whatever the model says."""
TRIES = 8
"""Draws in a row that no part can play, after which the tick is left."""


class Planned(NamedTuple):
    """A note to be played; times in ticks of the clock."""

    tick: float
    length: int
    part: int
    key: int
    velocity: int


class Draft:
    """Draws notes into a score, from a tick on.

    Args:
        score: what was played, with the header of the ensemble.
        sampling: how it is drawn.
        seeds: of the numbers of chance.
        low: tick of the score before which nothing begins.
        until: tick at which all ends, or None.
    """

    def __init__(
        self, score: Score, sampling: Sampling, seeds: list[int], low: int, until: int | None = None
    ) -> None:
        self.score, self.low, self.until = score, low, until
        self.waiting: list[Note] = []
        """Notes that were not given to anyone yet."""
        self.last: list[int] = []
        """What each part of the ensemble sounded last, -1 where that is nothing."""
        self.drawn = 0
        self.finished = False
        """Whether nothing more comes."""
        self._tried = 0
        self.change(sampling, seeds)

    def change(self, sampling: Sampling, seeds: list[int]) -> None:
        """Draw otherwise, with other numbers, from now on."""
        self._sampler = Sampler(sampling, np.random.default_rng(seeds))
        self._sampler.observe(np.array(self.score.header, np.int64))
        self._sampler.type = START_OF_NOTES

    def draw(self, scores: np.ndarray, base: int, cast: Cast, parts: list[int], velocity: int) -> None:
        """Draw a note, and add it to the score where a part can play it.

        Args:
            scores: float32 (502,), of what comes after all notes of the score.
            base: tick of the first beat that the model sees.
            cast: the ensemble.
            parts: those that may play, one or more.
            velocity: of the note.

        Raises:
            ValueError: the scores are no numbers.
        """
        beat, position = divmod(min(self.low - base, BEATS * BEAT - 1), BEAT)
        self._sampler.beat, self._sampler.position = beat + 1, position + 1
        row = self._sampler.draw(self._possible(scores, beat, cast, parts))
        # At the last beat that can be named the note may have to be moved on; then the window does as well.
        onset = max(base + (int(row[BEAT_FIELD]) - 1) * BEAT + int(row[POSITION]) - 1, self.low)
        if onset - self.score.last > FAR and self.drawn:  # no part could play anything for so long
            self.finished = True
            return
        if self.until is not None and onset >= self.until:
            self.finished = True
            return
        together = self.score.notes[self.score.before(onset) :]
        taken = [(note.part, cast[note.part].key(note.pitch)) for note in together]
        found = choose(cast, parts, int(row[INSTRUMENT]), int(row[PITCH]) - 1, self.last, taken)
        self.low, self._tried = onset, self._tried + 1
        if found is None:
            if self._tried >= TRIES:
                self.low, self._tried = onset + 1, 0
            return
        part, key = found
        length = int(DURATIONS[row[DURATION] - 1])
        note = Note(onset, cast[part].pitch(key), length, part, int(row[INSTRUMENT]), velocity, False)
        self.score.add(note)
        self.waiting.append(note)
        self.last[part] = note.pitch
        self.drawn, self._tried = self.drawn + 1, 0
        if len(together) + 1 >= MOST:
            self.low = onset + 1

    def end_at(self, until: int) -> None:
        """Let nothing begin from a tick on, also of what is drawn already."""
        self.until = until
        place = self.score.before(until)
        if place < len(self.score.notes):
            self.score.cut(place)
            self.finished = True
        self.waiting = [note for note in self.waiting if note.onset < until]

    def sounding(self, note: Note) -> int:
        """Return for how long a note is to sound.

        The score keeps the length that was drawn: what follows must not depend on whether it was drawn
        before or after it was known when all ends.
        """
        return note.length if self.until is None else min(note.length, self.until - note.onset)

    def _possible(self, scores: np.ndarray, beat: int, cast: Cast, parts: list[int]) -> np.ndarray:
        """Return the scores without beats that are too far away, and instruments that may not play.

        An instrument that has played more of late than the others, by the number of its parts, is less likely
        than the model says, and one that was silent has a chance however sure the model is: fed with its own
        notes for minutes, it gives nearly all to one, and the ensemble falls silent.
        """
        scores = scores.copy()
        scores[SPANS[BEAT_FIELD]][beat + 2 + GAP // BEAT :] = -np.inf
        chosen = np.array(instruments(cast, parts))
        codes = [note.instrument for note in self.score.notes[-RECENT:]]
        played, places = (
            np.bincount(each, minlength=SIZES[INSTRUMENT])[chosen]
            for each in (codes, [cast[part].instrument for part in parts])
        )
        played = played / places + 1
        liked = scores[SPANS[INSTRUMENT]][chosen].astype(float) - BALANCE * np.log(played)
        likely, rare = np.exp(liked - liked.max()), places / played
        mixed = (1 - RESERVED) * likely / likely.sum() + RESERVED * rare / rare.sum()
        scores[SPANS[INSTRUMENT]] = -np.inf
        scores[SPANS[INSTRUMENT]][chosen] = np.log(mixed)
        return scores
