"""What a session can be told while it plays; each of these acts at the audio thread's next period."""

from collections.abc import Sequence

from realtime.engine.state import KEYS, PARTS, Command
from realtime.host.engine import Engine
from realtime.host.options import MODES
from realtime.host.taps import Taps


class Steering:
    """The part of ``Session`` that ``control`` builds on; callable from any thread."""

    engine: Engine
    taps: Taps

    def select(self, slot: int) -> None:
        """Switch to a loaded ensemble."""
        self.engine.link.command(Command.SELECT, slot)

    def ensemble_choices(self) -> Sequence[str]:
        """Return the names of the ensembles that can be chosen."""
        return [slot.ensemble.name for slot in self.engine.slots]

    def choose_ensemble(self, name: str) -> None:
        """Switch to the ensemble called ``name``; held notes end on the instruments that they began on.

        Raises:
            ValueError: there is none of this name.
        """
        names = self.ensemble_choices()
        if name not in names:
            raise ValueError(f"no ensemble is called {name!r}; there are {', '.join(names)}")
        self.select(list(names).index(name))

    def separator_choices(self) -> Sequence[str]:
        """Return the names of the separators that can be chosen."""
        state = self.engine.state
        return [self.engine.slots[int(state["slot"])].separator or "rule"]

    def choose_separator(self, name: str) -> None:
        """Have another separator choose the parts of the ensemble that plays.

        Raises:
            ValueError: it can't be had.
        """
        if name not in self.separator_choices():
            raise ValueError(f"separator {name!r} can't be had while playing")

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
