"""Loads while playing: ensembles, programs, SoundFonts and separators, on a thread of its own.

Nothing that sounds is touched. What is new is made ready in a free slot, with a synth of its own; then the
audio thread selects that slot or puts it in the place of another, between two notes. What it replaces is
freed when nothing sounds on it any more.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs

from realtime.engine.codes import LOG_DATA1, LOG_KIND, LOG_STATUS, SLOTS, Command, Log
from realtime.ensembles.schema import Ensemble
from realtime.host.departing import Departing
from realtime.host.engine import Engine
from realtime.host.retelling import UNTOLD, retell
from realtime.host.slots import EVEN, Mix, Slot

PATIENCE_SECONDS = 3.0
"""How long a load waits for a slot that is about to be free."""
LOOK_SECONDS = 0.02
RULE = "rule"
"""Name of what chooses where no separator does."""
NOTHING_TAKEN = "the audio device takes nothing more: try again when it plays"
PROGRAM = 0xC0


@dataclass(frozen=True)
class Wanted:
    """What is to change of an ensemble that is loaded; None: as it is."""

    parts: tuple[tuple[int, str, int], ...] = ()
    """Part, field (``program`` or ``bank``) and value; the last one counts."""
    separator: str | None = None
    soundfont: Path | None = None


class Loader:
    """One for each session.

    Args:
        engine: what is loaded into.
        notice: told, in a sentence, what could not be loaded.
    """

    def __init__(self, engine: Engine, notice: Callable[[str], None]) -> None:
        self.engine, self.notice = engine, notice
        self.choices: list[Slot] = list(engine.slots)
        """What can be selected, in order; each is in a slot."""
        self.pinned: set[int] = set()
        """Slots that are not to be given up for others."""
        self.presets: dict[int, str] = {}
        """By slot, the name of the preset that is in it."""
        self._choice = 0
        self._wanted: dict[int, Wanted] = {}
        self._successor: dict[int, int] = {}
        self._departing = Departing(engine)
        self._lock = threading.RLock()
        self._thread = ThreadPoolExecutor(1, "loader")
        self._jobs = 0

    @property
    def loading(self) -> int:
        """How many changes are still being made."""
        return self._jobs

    def submit(self, job: Callable[[], Any]) -> Future[Any]:
        """Run a job on the loader's thread; what it can't do is told by ``notice``."""

        def run() -> Any:
            try:
                told = len(self.engine.notices)
                done = job()
                for sentence in self.engine.notices[told:]:
                    self.notice(sentence)
                return done
            except (ValueError, OSError) as error:
                self.notice(f"{error}; playing goes on as before")
                raise
            except Exception as error:  # nobody may ask for the result
                self.notice(f"a defect of the loader: {error!r}; playing goes on as before")
                raise
            finally:
                with self._lock:
                    self._jobs -= 1

        with self._lock:
            self._jobs += 1
        return self._thread.submit(run)

    def choose(self) -> int:
        """Note that something is to play from now on, loaded or not; return the number of this choice."""
        with self._lock:
            self._choice += 1
            return self._choice

    def counts(self, choice: int) -> bool:
        """Return whether nothing else has been chosen since."""
        return choice == self._choice

    def listen(self, log: np.ndarray) -> None:
        """Have a program change that selects what is loaded count as a choice; a listener of the log.

        What was asked for before it and is still being loaded does not take its place.
        """
        changes = log[(log[:, LOG_KIND] == Log.INPUT) & (log[:, LOG_STATUS] & 0xF0 == PROGRAM)]
        if (self.engine.state["program_slot"][changes[:, LOG_DATA1]] >= 0).any():
            self.choose()

    def settle(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until what was asked for is loaded, and the audio thread has taken it; not on its own thread.

        Raises:
            ValueError: something is still being loaded after that time.
        """
        deadline = time.monotonic() + seconds
        while self.loading or self.engine.link.waiting():
            if time.monotonic() > deadline:
                if self.loading:
                    raise ValueError("something is still being loaded: save when it plays")
                return  # the audio device is gone, and takes nothing
            time.sleep(LOOK_SECONDS)

    def playing(self) -> Slot:
        """Return what plays now."""
        return self.engine.slots[int(self.engine.state["slot"])]

    def change(self, slot: int, wanted: Wanted) -> Future[Any]:
        """Replace what is in a slot by the same, changed; changes that follow quickly are made together."""
        with self._lock:
            slot = self._now(slot)
            known = self._wanted.get(slot, Wanted())
            self._wanted[slot] = Wanted(
                known.parts + wanted.parts,
                wanted.separator or known.separator,
                wanted.soundfont or known.soundfont,
            )
        return self.submit(lambda: self._change(slot))

    def _now(self, slot: int) -> int:
        """Return the slot that has taken the place of ``slot``, or itself."""
        while slot in self._successor:
            slot = self._successor[slot]
        return slot

    def latest(self, slot: Slot) -> Slot:
        """Return what has taken the place of ``slot``, or itself."""
        index = self._now(slot.index)
        return slot if index == slot.index else self.engine.slots[index]

    def _change(self, slot: int) -> None:
        with self._lock:
            slot = self._now(slot)
            wanted = self._wanted.pop(slot, None)
        if wanted is None:
            return  # made together with an earlier one
        old = self.engine.slots[slot]
        parts = list(old.ensemble.parts)
        for place, field, value in wanted.parts:
            parts[place] = structs.replace(parts[place], **{field: value})
        ensemble = structs.replace(old.ensemble, parts=tuple(parts))
        asked = wanted.separator
        if asked in (
            None,
            old.separator or RULE,
        ):  # what plays, by its name: after one that was not loaded yet
            asked = old.asked
        elif asked == RULE:  # it serves where the ensemble's own separator is broken
            asked = None
        font = wanted.soundfont or old.soundfont
        if (ensemble, asked, font) != (old.ensemble, old.asked, old.soundfont):
            self.replace(old, ensemble, asked, font)

    def replace(
        self, old: Slot, ensemble: Ensemble, separator: str | None = None, soundfont: Path | None = None
    ) -> Slot:
        """Put an ensemble of as many parts in the place of one that is loaded; on the loader's thread.

        Where it plays, its separator is told the music of the recent past first.

        Raises:
            ValueError: it can't be loaded, its separator's graph fails, or the audio device takes nothing;
                nothing has changed then.
        """
        engine = self.engine
        family = int(engine.state["slot_family"][old.index])
        new = self.load(ensemble, separator, soundfont=soundfont, family=family)
        told = UNTOLD
        number = int(engine.state["slot_separator"][new.index])
        if number != engine.state["slot_separator"][old.index]:
            engine.state["slot_family"][new.index] = 0  # it has not heard the music of others of its family
            # One that does not play is begun afresh when it is selected; until then, others may play by it.
            if number >= 0 and engine.state["slot"] == old.index:
                try:
                    told = retell(engine, new)
                except ValueError:
                    self._leave(new)
                    raise
        with self._lock:
            if not engine.link.command(Command.TAKE_OVER, new.index + SLOTS * old.index, told):
                self._leave(new)
                raise ValueError(NOTHING_TAKEN)
            if old.index in self.presets:
                self.presets[new.index] = self.presets[old.index]
            self.choices = [new if each is old else each for each in self.choices]
            self._successor[old.index] = new.index
            if old.index in self.pinned:
                self.pinned.add(new.index)
            if old.index in self._wanted:
                self._wanted[new.index] = self._wanted.pop(old.index)
            self._leave(old)
        return new

    def load(
        self,
        ensemble: Ensemble,
        separator: str | None = None,
        mix: Mix = EVEN,
        soundfont: Path | None = None,
        family: int = 0,
    ) -> Slot:
        """Load an ensemble into a free slot, on the loader's thread; where there is none, one is given up.

        Raises:
            ValueError: as for ``Engine.load``.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.engine.free_slot() is None and time.monotonic() < deadline:
            self._give_up_one()
            self.tidy()
            time.sleep(LOOK_SECONDS)
        slot = self.engine.load(ensemble, separator, mix, soundfont, live=True, family=family)
        with self._lock:
            self._successor.pop(slot.index, None)
            self.presets.pop(slot.index, None)
        if self.engine.worker_wanted:
            self.engine.start_worker(self.engine.worker_priority)
        return slot

    def _give_up_one(self) -> None:
        """Leave a slot that nobody needs soon, unless one is on its way already."""
        with self._lock:
            if self._departing:
                return
            bound = set(self.engine.state["program_slot"].tolist())
            busy = {int(self.engine.state["slot"]), *self.pinned}
            idle = [each for each in self.choices if each.index not in busy]
            idle.sort(key=lambda each: each.index in bound)
            if idle:
                self.choices.remove(idle[0])
                self._leave(idle[0])

    def leave(self, slot: Slot) -> None:
        """Give a slot back as soon as nothing sounds on it."""
        with self._lock:
            self.choices = [each for each in self.choices if each is not slot]
            self._leave(slot)

    def _leave(self, slot: Slot) -> None:
        self.pinned.discard(slot.index)
        self._departing.add(slot)

    def select(self, slot: Slot, choice: int | None = None) -> bool:
        """Have a slot play from the next note on; return whether it is to.

        That the audio device takes nothing is told.

        Args:
            slot: what is to play.
            choice: as from ``choose``: where something else has been chosen since, that goes on.
        """
        with self._lock:
            if choice is not None and not self.counts(choice):
                return False
            if done := self.engine.link.command(Command.SELECT, slot.index):
                return done
        self.notice(f"{slot.ensemble.name} can't be selected: {NOTHING_TAKEN}")
        return False

    def tidy(self) -> None:
        """Free what has been left and no longer sounds; call it now and then. It never waits."""
        with self._lock:
            freed = self._departing.tidy()
            if freed:
                self._successor = {a: b for a, b in self._successor.items() if a not in freed}

    def close(self) -> None:
        """Make no more changes."""
        self._thread.shutdown(wait=True, cancel_futures=True)
