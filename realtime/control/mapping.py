"""MIDI learn: knobs, sliders and pads that move controls of the table, kept by their device's name.

A knob that stands elsewhere than its control moves it only once it has reached the control's value (pickup),
so that nothing jumps. What is mapped does nothing else: the audio thread hands it to the host alone.
"""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import platformdirs

from realtime.control.controller import Controller
from realtime.control.knobs import FINE, Mapping, Place, Positions, mappings_of, readable, rows_of, turned
from realtime.control.table import find
from realtime.control.values import bounds, options
from realtime.engine.codes import (
    KEYS,
    LOG_DATA1,
    LOG_DATA2,
    LOG_KIND,
    LOG_SOURCE,
    LOG_STATUS,
    MAPPED_CONTROL,
    MAPPED_KEY,
    Command,
    Log,
)
from realtime.engine.controllers import defaults
from realtime.ensembles.schema import Switch
from realtime.host.session import Session
from realtime.presets.files import PresetError, read_table, write_mappings

NOTE_ON, CONTROL = 0x90, 0xB0
ENDING_SECONDS = 2.0
"""How long the last knob may take to move something."""


def mappings_path() -> Path:
    """Return the file of the mappings; it need not exist."""
    return platformdirs.user_config_path("concertino") / "mappings.toml"


def check_movable(name: str) -> None:
    """Check that a knob or a key can move the control called ``name``.

    Raises:
        LookupError: there is no such control.
        ValueError: it can be read only, or is neither a number, a switch, a choice nor something to be done.
    """
    control, _ = find(name)
    if control.write is None:
        raise ValueError(f"{name} can be read only")
    if control.call:
        movable = control.type is None
    else:
        movable = control.type is Switch or control.choices or bounds(control) or options(control)
    if not movable:
        raise ValueError(f"no knob moves {name}: it is neither a number, a switch nor a choice")


class Mappings:
    """The mappings of a session; a listener of its log.

    Args:
        session: what is steered.
        controller: what moves its controls.
        notice: told what can't be done.
        path: the file in which they are kept.
    """

    def __init__(
        self,
        session: Session,
        controller: Controller,
        notice: Callable[[str], None],
        path: Path | None = None,
    ) -> None:
        self.session, self.controller, self.notice = session, controller, notice
        self.path = path or mappings_path()
        self.learning = ""
        """Name of the control that waits for a knob, or empty."""
        self._lock = threading.RLock()
        self._mappings: list[Mapping] = []
        self._ports: dict[str, int] = {}
        self._places: dict[Place, Mapping] = {}
        self._positions = Positions()
        self._put_back: set[tuple[int, int, str, int, int]] = set()
        """What was sent in a knob's name: its touch while it was learned had acted."""
        self._fine: Place | None = None
        """What the fine half of the knob that was learned just now would be, until something else moves."""
        self._broken = False
        """Whether the file holds what could not be read: it is put aside before it is written."""
        self._read()
        self._heard: queue.SimpleQueue[list[list[int]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="knobs", daemon=True)
        self._thread.start()
        session.listeners.append(self.listen)
        session.watchers.append(self.find_devices)
        self.find_devices()

    def _read(self) -> None:
        """Take the mappings of the file that make sense, and tell of the others."""
        try:
            self._mappings, faults = readable(read_table(self.path).get("mappings", []))
            wrong = [f"{self.path}: {fault}; it is left out" for fault in faults]
        except FileNotFoundError:
            return
        except (OSError, PresetError) as error:
            wrong = [f"{error}; no knob is mapped"]
        self._broken = bool(wrong)
        for sentence in wrong:
            self.notice(sentence)

    def values(self) -> list[dict[str, Any]]:
        """Return all mappings, for whoever shows them."""
        return rows_of(self._mappings)

    def learn(self, name: str) -> None:
        """Have the control called ``name`` follow the next knob that moves; empty: none any more.

        Raises:
            LookupError: there is no such control.
            ValueError: it can't be moved.
        """
        if name:
            check_movable(name)
        self.learning = name

    def set_all(self, given: list[dict[str, Any]]) -> None:
        """Replace all mappings, and keep them.

        Raises:
            ValueError: one of them is wrong.
            OSError: they can't be written.
        """
        mappings = mappings_of(given)
        try:
            for mapping in mappings:
                check_movable(mapping.name)
        except LookupError as error:
            raise ValueError(f"mappings: {error}") from None
        with self._lock:
            self._fine = None
            self._keep(mappings)

    def _keep(self, mappings: list[Mapping]) -> None:
        with self._lock:
            self._mappings = mappings
            self._ports = {}
            self.find_devices()
            if self._broken:  # its lines may be mended by hand
                aside = self.path.with_name(f"{self.path.name}.bad")
                with suppress(FileNotFoundError):
                    self.path.replace(aside)
                    self.notice(f"{self.path} was not readable in full: as it was, it is kept in {aside}")
                self._broken = False
            write_mappings(self.path, [msgspec.to_builtins(mapping) for mapping in mappings])

    def find_devices(self) -> None:
        """Follow the devices as they come and go: a mapping belongs to a name, the engine knows ports."""
        ports = self.session.device_ports()
        with self._lock:
            if ports == self._ports and self._places.keys() == self._wanted(ports).keys():
                return
            self._ports = ports
            self._places = self._wanted(ports)
            self._positions.forget()
            command = self.session.engine.link.command
            taken = command(Command.MAP, -1)
            marks: dict[int, int] = {}
            for (port, channel, kind, number), mapping in self._places.items():
                if mapping.passes:
                    continue
                place = (port * 16 + channel) * KEYS + number
                marks[place] = marks.get(place, 0) | (MAPPED_CONTROL if kind == "controller" else MAPPED_KEY)
            for place, bits in marks.items():
                taken = command(Command.MAP, place, bits) and taken
            if not taken:  # there was no room: once more, the next time
                self._ports = {}

    def _wanted(self, ports: dict[str, int]) -> dict[Place, Mapping]:
        places = {}
        for mapping in self._mappings:
            if mapping.device in ports:
                place = (ports[mapping.device], mapping.channel - 1, mapping.kind)
                places[(*place, mapping.number)] = mapping
                if mapping.mode == "14bit":
                    places[(*place, mapping.number + FINE)] = mapping
        return places

    def listen(self, log: np.ndarray) -> None:
        """Have controls moved by the knobs of these log entries, and the one that is waited for learned.

        That is done on a thread of its own: some controls wait for whoever calls this.
        """
        if self._places or self.learning:
            self._heard.put(log[log[:, LOG_KIND] == Log.INPUT].tolist())

    def close(self) -> None:
        """Move nothing any more."""
        self._heard.put(None)
        self._thread.join(ENDING_SECONDS)

    def _work(self) -> None:
        while (rows := self._heard.get()) is not None:
            for row in rows:
                try:
                    self._take(row)
                except Exception as error:  # whatever is wrong with one, the next knob moves
                    self.notice(f"a knob: {error}")

    def _take(self, row: list[int]) -> None:
        status, port = row[LOG_STATUS], row[LOG_SOURCE]
        kind = "controller" if status & 0xF0 == CONTROL else "key"
        if status & 0xF0 not in (NOTE_ON, CONTROL):
            return
        place = (port, status & 0x0F, kind, row[LOG_DATA1])
        if (*place, row[LOG_DATA2]) in self._put_back:
            self._put_back.remove((*place, row[LOG_DATA2]))
            return
        if self.learning and self._learned(place, row[LOG_DATA2]):
            return
        if self._fine and self._learned_fine(place):
            return
        if mapping := self._places.get(place):
            try:
                self._move(place, mapping, row[LOG_DATA2])
            except (LookupError, ValueError, OSError) as error:
                self.notice(f"{mapping.knob} of {mapping.device}: {error}")

    def _learned(self, place: Place, value: int) -> bool:
        port, channel, kind, number = place
        device = next((name for name, known in self._ports.items() if known == port), None)
        if device is None or (kind == "key" and value == 0):
            return False
        name, self.learning = self.learning, ""
        if kind == "controller":  # its touch has acted as before: put that back
            rest_at = int(defaults()[number])
            self._put_back.add((*place, rest_at))
            self.session.engine.link.send(port, CONTROL | channel, number, rest_at)
        where = (device, *place[1:])
        new = Mapping(name, device, channel + 1, kind, number)  # type: ignore[arg-type]
        with self._lock:
            rest = [m for m in self._mappings if (m.device, m.channel - 1, m.kind, m.number) != where]
            self._keep_learned([*rest, new])
            self._fine = (*place[:3], number + FINE) if kind == "controller" and number < FINE else None
        return True

    def _learned_fine(self, place: Place) -> bool:
        """Take what moves next after a knob was learned for its fine half, if it is that; return whether."""
        with self._lock:
            fine, self._fine = self._fine, None
            if place != fine:  # or it was taken back meanwhile
                return False
            *rest, last = self._mappings
            self._keep_learned([*rest, msgspec.structs.replace(last, mode="14bit")])
        return True

    def _keep_learned(self, mappings: list[Mapping]) -> None:
        try:
            self._keep(mappings)
        except OSError as error:
            self.notice(f"the mapping is used, and not kept: {error}")

    def _move(self, place: Place, mapping: Mapping, value: int) -> None:
        control, _ = find(mapping.name)
        fine, pressed = mapping.is_fine(place[3]), mapping.is_pressed(value)
        if control.read is None or control.call:
            if pressed and not fine:
                self.controller.call(mapping.name)
            return
        now = self.controller.get(mapping.name)
        if isinstance(now, bool):
            wanted = now ^ pressed if mapping.kind == "key" else pressed
            if wanted != now and not fine:
                self.controller.set(mapping.name, wanted)
            return
        words = options(control) or tuple(control.choices(self.session) if control.choices else ())
        limits = bounds(control) if not words else (0, len(words) - 1)
        if limits is None or limits[0] == limits[1]:
            return
        low, high = limits
        standing = float((words.index(now) if now in words else 0) if words else (now or 0) - low)
        size, whole = high - low, bool(words) or isinstance(now, int)
        if mapping.endless:
            target = low + turned(standing, mapping.steps(value), size, whole)
        else:
            share = self._positions.share(place, mapping, value, standing / size)
            if share is None:
                return
            target = low + share * size
        wanted = words[round(target)] if words else round(target) if whole else round(target, 2)
        if wanted != now:
            self.controller.set(mapping.name, wanted)
