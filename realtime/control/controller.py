"""Reads and changes a session by the names of the table, and tells everyone who listens of each change."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from realtime.control.table import CONTROLS, NOWHERE, find
from realtime.control.values import Control, WrongValueError, check, difference
from realtime.host.session import Session

SETTLING_SECONDS = 1.0
"""How long a value that was set is believed, until the engine has taken it at one of its next periods."""
TRIES = 8
"""Readings, until another ensemble does not begin to play in the midst of one."""

Listener = Callable[[dict[str, Any]], None]
"""Takes the values that have changed at once, by name."""


class Controller:
    """One for each session; used from any thread.

    Args:
        session: what is read and changed.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._lock, self._slow = threading.RLock(), threading.Lock()
        self._listeners: list[Listener] = []
        self._settling: dict[str, tuple[Any, float]] = {}
        """What was set and is not so yet, and until when that is waited for."""
        self.on_renewal: Callable[[], None] = lambda: None
        """Called where the choices have changed."""
        self._choices: dict[str, list[str]] = {}
        self._known = self._values()

    def get(self, name: str) -> Any:
        """Return the value of a control; of one that is being loaded, the value that was asked for.

        Raises:
            LookupError: there is no such control, or not so many parts.
            WrongValueError: it is a call, which has no value.
        """
        control, place = self._find(name)
        if control.read is None:
            raise WrongValueError(f"{name} is called, it has no value")
        with self._lock:
            value, until = self._settling.get(name, (None, 0.0))
            if time.monotonic() <= until or (until and control.loaded and self.session.loader.loading):
                return value
        return control.read(self.session, place)

    def set(self, name: str, value: Any = None) -> Any:
        """Change a control, or call it; return the value that it has now. All listeners have been told then.

        Where something is loaded for it, that is the value that was asked for: it plays, and listeners are
        told of it and of all that comes with it, when it is loaded. What is asked for meanwhile counts.

        Raises:
            LookupError: there is no such control, or not so many parts.
            WrongValueError: it never takes this value.
            ValueError: not here and now.
            OSError: it can't be done here, such as to record.
        """
        control, place = self._find(name)
        value = check(name, control, value)
        if control.nearest:
            value = control.nearest(value)
        if control.choices and not _is_choice(control, value, names := control.choices(self.session)):
            known = f"there are {', '.join(names)}" if names else "there is none to choose"
            raise ValueError(f"{name} is {value!r}; {known}")
        assert control.write
        if control.slow:
            with self._slow:  # one after the other, while quick ones go on
                control.write(self.session, place, value)
        with self._lock:
            if not control.slow:
                control.write(self.session, place, value)
            if control.renews:
                self.renew()
            if control.read is None:
                return None
            self._settling[name] = (value, time.monotonic() + SETTLING_SECONDS)
            if control.loaded:
                self.poll()
                return value
            if control.slow or name not in self._known:
                self.poll()
            elif self._known[name] != value:  # what else has changed is found by the next poll
                self._known[name] = value
                self._tell({name: value})
            return self._known.get(name)

    def call(self, name: str, value: Any = None) -> Any:
        """Do what ``set`` does."""
        return self.set(name, value)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have ``listener(values)`` told of what changes at once, from any thread; return what ends this.

        It must be quick. A control that is gone, as those of a part that the next ensemble lacks, is told
        once as None.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def snapshot(self) -> dict[str, Any]:
        """Return the values of all controls that have one and do not change by themselves."""
        with self._lock:
            self.poll()
            return dict(self._known)

    def saved(self) -> dict[str, Any]:
        """Return the values that belong to a preset."""
        return {name: value for name, value in self.snapshot().items() if find(name)[0].saved}

    def choices(self) -> dict[str, list[str]]:
        """Return the names that may be set, by the control, as of the last ``look_for_choices``."""
        return self._choices

    def look_for_choices(self) -> bool:
        """Find out what may be set now: this reads files. Return whether it is something else than before."""
        before = self._choices
        self._choices = {c.name: list(c.choices(self.session)) for c in CONTROLS if c.choices}
        return self._choices != before

    def renew(self) -> None:
        """Have everyone told the choices anew, for instance when a preset was saved."""
        self.on_renewal()

    def poll(self) -> None:
        """Look for what was changed elsewhere, such as by a program change, and tell it."""
        with self._lock:
            loading, now = self.session.loader.loading, time.monotonic()
            values, missed = self._values(), set[str]()
            for name, (value, until) in tuple(self._settling.items()):
                loaded = find(name)[0].loaded
                if name not in values or values[name] == value:
                    del self._settling[name]
                elif loaded and loading:  # the engine takes it after that
                    self._settling[name] = (value, now + SETTLING_SECONDS)
                elif now > until:
                    del self._settling[name]
                    missed |= {name} if loaded else set()
                elif not loaded:
                    values[name] = value
            before, self._known = self._known, values
            changed = difference(before, values) | {name: values[name] for name in missed}
            if changed:
                self._tell(changed)

    def _tell(self, changed: dict[str, Any]) -> None:
        for listener in tuple(self._listeners):
            listener(changed)

    def _find(self, name: str) -> tuple[Control, int]:
        control, place = find(name)
        if place >= self.session.parts():
            raise LookupError(f"{name}: the ensemble has {self.session.parts()} parts")
        return control, place

    def _values(self) -> dict[str, Any]:
        """Return all values, of one ensemble: the audio thread may begin to play another one meanwhile."""
        session, values = self.session, dict[str, Any]()
        for _ in range(TRIES):
            slot = int(session.engine.state["slot"])
            places = range(session.parts())
            values = {
                control.named(place): control.read(session, place)
                for control in CONTROLS
                if control.read and not control.volatile
                for place in (places if control.each_part else (NOWHERE,))
            }
            if slot == session.engine.state["slot"]:
                break
        return values


def _is_choice(control: Control, value: Any, names: Sequence[str]) -> bool:
    return value in names or (control.spelled and value.partition(":")[0] in names)
