"""The presets of a session: recalled without a gap, the next ones loaded before they are needed."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from realtime.control.controller import Controller
from realtime.engine.codes import LOG_CHANNEL, LOG_DATA1, LOG_KIND, LOG_STATUS, PARTS, Command, Log
from realtime.ensembles.library import find_ensemble
from realtime.ensembles.schema import Ensemble
from realtime.host.session import Session
from realtime.host.slots import Slot
from realtime.presets.arrangement import Arrangement, arrange, neighbours
from realtime.presets.files import Preset, PresetError, file_name, presets_folder, write_preset
from realtime.presets.folder import Folder

READY = 4
"""Presets that are kept ready to play."""
PROGRAM = 0xC0


class Presets:
    """Recalls, saves and steps through presets; a listener of the session's log.

    A slot that was made ready for a preset is played once: what the player changes there is not the preset's.

    Args:
        session: what is steered; its loader has a thread, on which all loading is done.
    """

    def __init__(self, session: Session) -> None:
        self.session, self.controller = session, Controller(session)
        self._folder = Folder(presets_folder(), self._tell)
        self._lock = threading.RLock()
        self._presets: dict[str, Preset] = {}
        self._ready: dict[str, tuple[Slot, Arrangement]] = {}
        self._playing: Slot | None = None
        """What was selected last for a preset."""
        self._asked = ("", 0)
        """The preset that was recalled last, and the number of that choice."""
        self._told: set[str] = set()
        self.on_change: Callable[[], None] = lambda: None
        """Called where the folder holds something else than before."""
        self.refresh()
        session.listeners.append(self.listen)
        session.watchers.append(self.watch)
        if self._presets:
            session.loader.submit(self._make_ready)

    @property
    def current(self) -> str:
        """Name of the preset that plays, or empty."""
        loader = self.session.loader
        return loader.presets.get(loader.playing().index, "")

    def watch(self) -> None:
        """Read the folder again where something was written into it, such as by an editor."""
        if self._folder.is_changed():
            self.refresh()
            self.on_change()
            self.session.loader.submit(self._make_ready)

    def refresh(self) -> None:
        """Read the folder again; a file that is wrong is told once and left out."""
        found = self._folder.read()
        with self._lock:
            before, self._presets = self._presets, found
            for name in [name for name in self._ready if found.get(name) != before.get(name)]:
                self._drop(name, before.get(name))

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self.session.notice(text)

    def names(self) -> list[str]:
        """Return the names of the presets: those of the set list in its order, then the others."""
        return list(self._presets)

    def save(self, name: str) -> None:
        """Save everything that can be steered as a preset; one of this name is replaced.

        What is being loaded is waited for.

        Raises:
            PresetError: there can be no preset of this name.
            ValueError: something is still being loaded after a while.
            OSError: it can't be written.
        """
        path = self._folder.path / file_name(name)
        self.refresh()
        known = self._presets.get(name)
        if known is None and path.exists():
            raise PresetError(f"{path} is there already, for another preset: choose another name")
        self.session.loader.settle()
        write_preset(path, Preset(name, self.controller.saved(), known.program if known else None))
        self.refresh()
        with self._lock:
            self.session.loader.presets[self.session.loader.playing().index] = name

    def recall(self, name: str) -> None:
        """Have a preset play from the next note on; one that is not ready is loaded first.

        What is chosen while it is being loaded counts.

        Raises:
            PresetError: there is none of this name.
        """
        if name not in self._presets:
            raise PresetError(f"no preset is called {name!r}; there are {', '.join(self._presets) or 'none'}")
        loader = self.session.loader
        with self._lock:
            choice, ready = loader.choose(), self._ready.pop(name, None)
            self._asked, preset = (name, choice), self._presets[name]
            self._playing = ready[0] if ready else self._playing
        if ready is None:
            loader.submit(lambda: self._recall(preset, choice))
            return
        self._play(name, *ready, choice)
        loader.submit(self._make_ready)

    def step(self, by: int) -> None:
        """Recall the preset that is ``by`` places further in the set list; at its end nothing happens.

        Raises:
            PresetError: there are no presets.
        """
        names = self.names()
        if not names:
            raise PresetError("there are no presets: save one first")
        last = self._latest()
        place = names.index(last) + by if last in names else (0 if by > 0 else len(names) - 1)
        if 0 <= place < len(names):
            self.recall(names[place])

    def _latest(self) -> str:
        """Return the preset that plays, or is to play as soon as it is loaded."""
        asked, choice = self._asked
        on_its_way = self.session.loader.loading and self.session.loader.counts(choice)
        return asked if on_its_way else self.current

    def restore(self, controls: dict[str, Any], name: str = "") -> None:
        """Have everything as ``controls`` say: as a preset that is in no file."""
        preset, choice = Preset(name, controls), self.session.loader.choose()
        self._asked = (name, choice)
        self.session.loader.submit(lambda: self._recall(preset, choice))

    def _play(self, name: str, slot: Slot, arrangement: Arrangement, choice: int) -> None:
        """Have what is loaded play, and set the rest, all of it in one period."""
        if not self.session.loader.select(slot, choice):
            return
        for control, value in arrangement.rest.items():
            try:
                self.controller.set(control, value)
            except (LookupError, ValueError, OSError) as error:
                self._tell(f"preset {name}: {error}")

    # on the loader's thread

    def _recall(self, preset: Preset, choice: int) -> None:
        if not self.session.loader.counts(choice):
            return
        slot, arrangement = self._load(preset)
        self._playing = slot
        self._play(preset.name, slot, arrangement, choice)
        self._make_ready()

    def _leave_others(self) -> None:
        """Give back what was loaded for presets and neither plays nor is ready."""
        loader = self.session.loader
        with self._lock:
            kept = {loader.playing().index, *(slot.index for slot, _ in self._ready.values())}
            if self._playing:  # the audio thread may still have to begin with it
                kept |= {self._playing.index, loader.latest(self._playing).index}
        for index in loader.pinned - kept:
            loader.leave(self.session.engine.slots[index])

    def _base(self, preset: Preset) -> Ensemble:
        name = str(preset.controls.get("ensemble", self.session.loader.playing().ensemble.name))
        try:
            return find_ensemble(name)
        except ValueError:
            for slot in self.session.loader.choices:
                if slot.ensemble.name == name:
                    return slot.ensemble
            raise

    def _load(self, preset: Preset) -> tuple[Slot, Arrangement]:
        wanted = arrange(preset.controls, self._base(preset))
        loader = self.session.loader
        slot = loader.load(wanted.ensemble, wanted.separator, wanted.mix, wanted.soundfont, wanted.family)
        loader.pinned.add(slot.index)
        loader.presets[slot.index] = preset.name
        return slot, wanted

    def _drop(self, name: str, preset: Preset | None) -> None:
        slot, _ = self._ready.pop(name)
        self._bind(preset, -1)
        self.session.loader.leave(slot)

    def _bind(self, preset: Preset | None, slot: int) -> None:
        if preset and preset.program is not None:
            self.session.engine.link.command(Command.BIND, preset.program, slot)

    def _make_ready(self) -> None:
        """Load the presets that are likely next, and give up those that are not."""
        wanted = list(neighbours(self.names(), self._latest()))[:READY]
        self._leave_others()
        with self._lock:
            for name in [name for name in self._ready if name not in wanted]:
                self._drop(name, self._presets.get(name))
        for name in wanted:
            if name in self._ready:
                continue
            preset = self._presets[name]
            try:
                ready = self._load(preset)
            except (OSError, ValueError) as error:
                self._tell(f"preset {name}: {error}")
                continue
            with self._lock:
                if self._presets.get(name) != preset:  # written anew meanwhile
                    self.session.loader.leave(ready[0])
                    continue
                self._ready[name] = ready
                self._bind(preset, ready[0].index)

    # on the pump's thread

    def listen(self, log: np.ndarray) -> None:
        """Follow program changes of the keyboard, which select on the audio thread what is ready."""
        for row in log[np.isin(log[:, LOG_KIND], (Log.ENSEMBLE, Log.INPUT))].tolist():
            if row[LOG_KIND] == Log.ENSEMBLE:
                self._selected(row[LOG_CHANNEL] // PARTS)
            elif row[LOG_STATUS] & 0xF0 == PROGRAM:
                for name, preset in self._presets.items():
                    if preset.program == row[LOG_DATA1] and name not in (*self._ready, self.current):
                        self.recall(name)

    def _selected(self, index: int) -> None:
        with self._lock:
            name = next((name for name, (slot, _) in self._ready.items() if slot.index == index), None)
            if name is None:
                return
            slot, arrangement = self._ready.pop(name)
            self._playing = slot
            choice = self.session.loader.choose()
        self._play(name, slot, arrangement, choice)
        self.session.loader.submit(self._make_ready)
