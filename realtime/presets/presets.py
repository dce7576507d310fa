"""The presets of a session: recalled without a gap, the next ones loaded before they are needed."""

import threading
from typing import Any

import numpy as np

from realtime.control.controller import Controller
from realtime.engine.codes import LOG_CHANNEL, LOG_DATA1, LOG_KIND, LOG_STATUS, PARTS, Command, Log
from realtime.ensembles.library import find_ensemble
from realtime.ensembles.schema import Ensemble
from realtime.host.session import Session
from realtime.host.slots import Slot
from realtime.presets.arrangement import Arrangement, arrange, neighbours
from realtime.presets.files import (
    SET_LIST,
    Preset,
    PresetError,
    file_name,
    presets_folder,
    read_preset,
    read_table,
    write_preset,
)

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
        self.current = ""
        self._folder = presets_folder()
        self._lock = threading.RLock()
        self._presets: dict[str, Preset] = {}
        self._ready: dict[str, tuple[Slot, Arrangement]] = {}
        self._playing: Slot | None = None
        self._told: set[str] = set()
        self.refresh()
        session.listeners.append(self.listen)
        if self._presets:
            session.loader.submit(self._make_ready)

    def refresh(self) -> None:
        """Read the folder again; a file that is wrong is told once and left out."""
        found: dict[str, Preset] = {}
        for path in sorted(self._folder.glob("*.toml")):
            if path.name == SET_LIST:
                continue
            try:
                preset = read_preset(path)
            except (OSError, ValueError) as error:
                self._tell(str(error))
                continue
            found.setdefault(preset.name, preset)
        with self._lock:
            self._presets = {name: found[name] for name in [*self._set_list(found), *found] if name in found}

    def _set_list(self, found: dict[str, Preset]) -> list[str]:
        """Return the names in ``set-list.toml``, in their order."""
        path = self._folder / SET_LIST
        if not path.is_file():
            return []
        try:
            names = read_table(path).get("presets")
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise PresetError(f"{path}: presets must be a list of names")
        except (OSError, ValueError) as error:
            self._tell(str(error))
            return []
        for name in names:
            if name not in found:
                self._tell(f"{path}: there is no preset {name!r}; it is left out")
        return names

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self.session.notice(text)

    def names(self) -> list[str]:
        """Return the names of the presets: those of the set list in its order, then the others."""
        return list(self._presets)

    def save(self, name: str) -> None:
        """Save everything that can be steered as a preset; one of this name is replaced.

        Raises:
            PresetError: there can be no preset of this name.
            OSError: it can't be written.
        """
        path = self._folder / file_name(name)
        known = self._presets.get(name)
        if known is None and path.exists():
            raise PresetError(f"{path} is there already, for another preset: choose another name")
        write_preset(path, Preset(name, self.controller.saved(), known.program if known else None))
        self.refresh()
        with self._lock:
            self.current = name
            if name in self._ready:
                self._drop(name)

    def recall(self, name: str) -> None:
        """Have a preset play from the next note on; one that is not ready is loaded first.

        Raises:
            PresetError: there is none of this name.
        """
        if name not in self._presets:
            raise PresetError(f"no preset is called {name!r}; there are {', '.join(self._presets) or 'none'}")
        ready = self._ready.get(name)
        if ready is None:
            self.session.loader.submit(lambda: self._recall(name))
            return
        self.session.loader.select(ready[0])  # at once: the rest follows
        self.session.loader.submit(lambda: self._confirm(name, ready[0]))

    def step(self, by: int) -> None:
        """Recall the preset that is ``by`` places further in the set list; at its end nothing happens.

        Raises:
            PresetError: there are no presets.
        """
        names = self.names()
        if not names:
            raise PresetError("there are no presets: save one first")
        place = names.index(self.current) + by if self.current in names else (0 if by > 0 else len(names) - 1)
        if 0 <= place < len(names):
            self.recall(names[place])

    def restore(self, controls: dict[str, Any], name: str = "") -> None:
        """Have everything as ``controls`` say: as a preset that is in no file."""
        preset = Preset(name, controls)
        self.session.loader.submit(lambda: self._play(name, *self._load(preset)))

    # on the loader's thread

    def _recall(self, name: str) -> None:
        self._play(name, *self._load(self._presets[name]))

    def _confirm(self, name: str, slot: Slot) -> None:
        """See to what follows when a preset that was ready has been selected; once."""
        ready = self._ready.get(name)
        if ready and ready[0] is slot:
            self._play(name, *ready)

    def _play(self, name: str, slot: Slot, arrangement: Arrangement) -> None:
        loader = self.session.loader
        loader.select(slot)
        with self._lock:
            left, self._playing, self.current = self._playing, slot, name
            self._ready.pop(name, None)
        for control, value in arrangement.rest.items():
            try:
                self.controller.set(control, value)
            except (LookupError, ValueError, OSError) as error:
                self._tell(f"preset {name}: {error}")
        if left is not None:
            loader.leave(loader.latest(left))
        self._make_ready()

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
        return slot, wanted

    def _drop(self, name: str) -> None:
        slot, _ = self._ready.pop(name)
        self._bind(name, -1)
        self.session.loader.leave(slot)

    def _bind(self, name: str, slot: int) -> None:
        preset = self._presets.get(name)
        if preset and preset.program is not None:
            self.session.engine.link.command(Command.BIND, preset.program, slot)

    def _make_ready(self) -> None:
        """Load the presets that are likely next, and give up those that are not."""
        wanted = list(neighbours(self.names(), self.current))[:READY]
        with self._lock:
            for name in [name for name in self._ready if name not in wanted]:
                self._drop(name)
        for name in wanted:
            if name in self._ready:
                continue
            try:
                ready = self._load(self._presets[name])
            except (OSError, ValueError) as error:
                self._tell(f"preset {name}: {error}")
                continue
            with self._lock:
                self._ready[name] = ready
                self._bind(name, ready[0].index)

    # on the pump's thread

    def listen(self, log: np.ndarray) -> None:
        """Follow program changes from the keyboard, which select on the audio thread what is ready."""
        for row in log[np.isin(log[:, LOG_KIND], (Log.ENSEMBLE, Log.INPUT))].tolist():
            if row[LOG_KIND] == Log.ENSEMBLE:
                self._selected(row[LOG_CHANNEL] // PARTS)
            elif row[LOG_STATUS] & 0xF0 == PROGRAM:
                for name, preset in self._presets.items():
                    if preset.program == row[LOG_DATA1] and name not in (*self._ready, self.current):
                        self.recall(name)

    def _selected(self, index: int) -> None:
        for name, (slot, _) in tuple(self._ready.items()):
            if slot.index == index:
                self.session.loader.submit(lambda name=name, slot=slot: self._confirm(name, slot))
                return
        if self._playing is not None and self.session.loader.latest(self._playing).index != index:
            self.current = ""  # an ensemble was chosen that is no preset's
