"""What a session can be told while it plays; each of these acts at the audio thread's next period."""

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec

from realtime.contract.kinds import SEPARATOR
from realtime.contract.library import find_plugin, list_plugins
from realtime.contract.spelling import CHANNEL, spelled_parameter
from realtime.engine.clock import CONTINUE, START, STOP
from realtime.engine.codes import KEYS, PARTS, Command, Setting
from realtime.ensembles.library import ensemble_names, find_ensemble
from realtime.ensembles.schema import Ensemble, Part, Switch, allowed
from realtime.host.engine import Engine
from realtime.host.loader import RULE, Loader, Wanted
from realtime.host.options import MODES, Options
from realtime.host.slots import Slot
from realtime.host.soundfont import check_soundfont
from realtime.host.taps import Taps

SETTINGS = {
    "volume": Setting.VOLUME,
    "pan": Setting.PAN,
    "reverb": Setting.REVERB,
    "chorus": Setting.CHORUS,
    "mute": Setting.MUTE,
    "solo": Setting.SOLO,
    "transpose": Setting.TRANSPOSE,
    "voices": Setting.MONO,
}
"""Settings of a part that act at once."""
MADE_OF = ("program", "bank")
"""Settings that a note keeps for as long as it sounds: they need another slot."""
TRANSPORT = {"start": START, "continue": CONTINUE, "stop": STOP}


class Steering:
    """The part of ``Session`` that ``control`` builds on; callable from any thread."""

    engine: Engine
    taps: Taps
    loader: Loader
    options: Options

    def select(self, slot: int) -> None:
        """Switch to a loaded ensemble."""
        self.loader.select(self.engine.slots[slot], self.loader.choose())

    def ensemble_choices(self) -> Sequence[str]:
        """Return the names of the ensembles that can be chosen: those that are loaded first."""
        loaded = [slot.ensemble.name for slot in self.loader.choices]
        return list(dict.fromkeys([*loaded, *ensemble_names()]))

    def choose_ensemble(self, name: str) -> None:
        """Switch to the ensemble called ``name``; held notes end on the instruments that they began on.

        One that is not loaded is loaded first, while what plays goes on; what is chosen meanwhile counts.

        Raises:
            ValueError: there is none of this name, or its file is wrong.
            OSError: its file can't be opened.
        """
        loader = self.loader

        def loaded() -> Slot | None:
            return next((slot for slot in loader.choices if slot.ensemble.name == name), None)

        if slot := loaded():
            if slot is not loader.playing():
                loader.presets.pop(slot.index, None)
            loader.select(slot, loader.choose())
            return
        ensemble, choice = find_ensemble(name), loader.choose()

        def load() -> None:
            if not loader.counts(choice):
                return
            slot = loaded()
            if slot is None:
                slot = loader.load(ensemble, self.separator_for(ensemble))
                loader.choices.append(slot)
            loader.select(slot, choice)

        loader.submit(load)

    def separator_for(self, ensemble: Ensemble) -> str | None:
        """Return the separator that the session began with, where it serves this ensemble too, or None."""
        asked, parts = self.options.separator, len(ensemble.parts)
        if asked in (None, CHANNEL):
            return asked
        name, _, values = asked.partition(":")
        try:
            manifest = find_plugin(name).manifest
            if values:
                spelled_parameter(manifest, values, parts)
        except ValueError:
            return None
        return asked if len(manifest.parts) in (0, parts) else None

    def separator_choices(self) -> Sequence[str]:
        """Return the names of the separators that can be chosen for the ensemble that plays."""
        parts = self.parts()
        fitting = [
            listing.name
            for listing in list_plugins()
            if (plugin := listing.plugin)
            and plugin.manifest.kind == SEPARATOR
            and len(plugin.manifest.parts) in (0, parts)
        ]
        return list(dict.fromkeys([self.loader.playing().separator or RULE, *fitting, CHANNEL]))

    def choose_separator(self, name: str) -> None:
        """Have another separator choose the parts of the ensemble that plays.

        It is loaded and told the music of the recent past while the old one goes on. What is wrong with it
        is told by a notice, and the old one stays.

        Args:
            name: of one, or ``NAME:value,value...``.

        Raises:
            ValueError: there is none of this name that serves this number of parts, or it takes no such
                values.
        """
        names, (base, _, values) = self.separator_choices(), name.partition(":")
        if name not in names:
            if base not in names:
                raise ValueError(
                    f"no separator for {self.parts()} parts is called {name!r}: {', '.join(names)}"
                )
            if base in (CHANNEL, RULE) or not values:
                raise ValueError(f"separator {base} takes no value after a colon: {name!r}")
            spelled_parameter(find_plugin(base).manifest, values, self.parts())
        self.loader.change(self.loader.playing().index, Wanted(separator=name))

    @property
    def soundfont(self) -> str:
        """Path of the SoundFont of the ensemble that plays."""
        return str(self.loader.playing().soundfont or "")

    def choose_soundfont(self, path: str) -> None:
        """Have all that is loaded played with another SoundFont: first what plays, when it is ready.

        Raises:
            ValueError: it is none, or damaged.
            OSError: it can't be opened.
        """
        font = Path(path).expanduser()
        check_soundfont(font)
        self.engine.soundfont = font
        playing = self.loader.playing()
        for index in dict.fromkeys(slot.index for slot in (playing, *self.loader.choices)):
            self.loader.change(index, Wanted(soundfont=font))

    def set_part(self, part: int, **settings: Any) -> Future[Any] | None:
        """Change settings of a part of the ensemble that plays.

        ``volume``, ``pan``, ``reverb``, ``chorus``, ``mute`` and ``solo`` act at once, also on what sounds.
        ``transpose``, ``voices``, ``plays``, ``lowest``, ``highest``, ``program`` and ``bank`` act on the
        notes to come; what sounds ends as it began. For a program something has to be loaded first: the
        result is there when that is done.

        Args:
            part: counted from 0.
            settings: as in an ensemble's file; ``mute`` and ``solo`` are true or false.

        Raises:
            ValueError: there is no such part or setting, or it does not take this value.
        """
        if not 0 <= part < self.parts():
            raise ValueError(f"the ensemble has {self.parts()} parts; there is no part {part + 1}")
        made_of, keys = [], {}
        for name, given in settings.items():
            value = setting_value(name, given)
            if name in SETTINGS:
                self.engine.link.command(Command.SET, part + PARTS * int(SETTINGS[name]), int(value))
            elif name in MADE_OF:
                made_of.append((part, name, value))
            elif name == "plays":
                self.engine.link.command(Command.SWITCH, part, int(value))
            else:
                keys[name] = value
        if keys:
            state, channel = self.engine.state, int(self.engine.state["slot"]) * PARTS + part
            known = {name: int(state[f"part_{name}"][channel]) for name in ("lowest", "highest")}
            self.set_range(part, **(known | keys))
        if made_of:
            return self.loader.change(self.loader.playing().index, Wanted(parts=tuple(made_of)))
        return None

    @property
    def sends_clock(self) -> bool:
        """Whether MIDI clock is sent on the MIDI outputs."""
        return bool(self.engine.state["sends_clock"])

    def send_clock(self, on: bool) -> None:
        """Send MIDI clock on the MIDI outputs, or none."""
        self.engine.link.command(Command.SEND_CLOCK, int(on))

    def send_transport(self, what: str) -> None:
        """Send start, continue or stop to whoever follows our clock.

        Raises:
            ValueError: ``what`` is none of these.
        """
        if what not in TRANSPORT:
            raise ValueError(f"a transport takes {', '.join(TRANSPORT)}, not {what!r}")
        self.engine.link.command(Command.SEND_TRANSPORT, TRANSPORT[what])

    def parts(self) -> int:
        """Return the number of parts of the ensemble that plays."""
        return int(self.engine.state["slot_parts"][int(self.engine.state["slot"])])

    def switch(self, part: int) -> bool:
        """Let a part of the ensemble that plays have notes, or no more of them; return which."""
        state = self.engine.state
        plays = not state["part_plays"][int(state["slot"]) * PARTS + part]
        self.engine.link.command(Command.SWITCH, part, int(plays))
        return plays

    def set_range(self, part: int, lowest: int, highest: int) -> None:
        """Change the keys (0 to 127) that a part of the ensemble that plays may be given.

        Raises:
            ValueError: they are no keys, or the lowest is above the highest.
        """
        if not 0 <= lowest <= highest < KEYS:
            raise ValueError(f"a range goes from one key to another, 0 to 127, not {lowest} to {highest}")
        self.engine.link.command(Command.RANGE, part, lowest + KEYS * highest)

    def set_tempo(self, bpm: float) -> None:
        """Set the tempo in quarter notes per minute."""
        self.engine.link.command(Command.TEMPO, round(bpm * 1000))

    @property
    def chord_window(self) -> int:
        """Milliseconds that a note waits for others of its chord; 0: it does not wait."""
        return round(float(self.engine.state["chord_window"] * 1000 / self.engine.rate))

    def set_chord_window(self, milliseconds: int) -> None:
        """Change how long a note waits for others of its chord; what waits is played at once."""
        self.engine.link.command(Command.CHORD_WINDOW, round(milliseconds * self.engine.rate / 1000))

    @property
    def beat_tempo(self) -> float:
        """Quarter notes per minute of the beat now: as was set, or as whoever gives the beat has it."""
        state = self.engine.state
        return round(float(state["ticks_per_frame"] * 60 * self.engine.rate / state["resolution"]), 1)

    def clock(self) -> str:
        """Return where the beat comes from: ``tap``, ``clock`` or ``jack``."""
        mode = int(self.engine.state["mode"])
        return next(name for name, known in MODES.items() if known == mode)

    def set_clock(self, name: str) -> None:
        """Take the beat from elsewhere.

        Raises:
            ValueError: ``name`` is not ``tap``, ``clock`` or ``jack``.
        """
        if name not in MODES:
            raise ValueError(f"a beat comes from {', '.join(MODES)}, not from {name!r}")
        self.engine.link.command(Command.MODE, int(MODES[name]))

    def panic(self) -> None:
        """Silence everything and play on."""
        self.engine.link.command(Command.PANIC)


def setting_value(name: str, value: Any) -> Any:
    """Return what ``Session.set_part`` is given for a setting, checked; ``voices`` as whether it is mono.

    Raises:
        ValueError: there is no such setting, or it does not take this value.
    """
    kinds = {field.name: field.type for field in msgspec.structs.fields(Part)} | dict.fromkeys(
        ("mute", "solo"), Switch
    )
    if name not in (*SETTINGS, *MADE_OF, "plays", "lowest", "highest"):
        raise ValueError(f"a part has no setting {name!r}")
    try:
        value = msgspec.convert(value, kinds[name])
    except msgspec.ValidationError:
        what = "true or false" if name in ("mute", "solo") else allowed(Part, name)
        raise ValueError(f"{name} is {value!r}; it must be {what}") from None
    return value == "mono" if name == "voices" else value
