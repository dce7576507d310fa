"""What a session is steered with besides its keys: presets, knobs, and the state that survives a crash."""

import time
from collections.abc import Callable
from pathlib import Path

import platformdirs

from realtime.control.mapping import Mappings
from realtime.host.session import Session
from realtime.presets.files import Preset, read_preset, write_preset
from realtime.presets.presets import Presets

KEEP_SECONDS = 2.0
"""How soon a change is kept; a crash loses no more than this."""
LAST = "last session"


def state_path() -> Path:
    """Return the file that holds the session as it was last; it need not exist."""
    return platformdirs.user_state_path("concertino") / "session.toml"


class Keeper:
    """Writes the session's state whenever it has changed, atomically, at most every ``KEEP_SECONDS``.

    When the session closes, ``keep`` writes what has changed since.
    """

    def __init__(self, presets: Presets, notice: Callable[[str], None], path: Path) -> None:
        self.presets, self.notice, self.path = presets, notice, path
        self._kept: Preset | None = None
        self._at = 0.0
        self._failed = False

    def __call__(self) -> None:
        """Keep what has changed since the last call, unless that is a moment ago or something is loaded."""
        if time.monotonic() - self._at >= KEEP_SECONDS and not self.presets.session.loader.loading:
            self.keep()

    def keep(self) -> None:
        """Keep what has changed since the last call."""
        self._at = time.monotonic()
        state = Preset(self.presets.current or LAST, self.presets.controller.saved())
        if state == self._kept:
            return
        try:
            write_preset(self.path, state)
        except OSError as error:
            if not self._failed:
                self.notice(f"the session's state can't be kept: {error}")
            self._failed = True
            return
        self._kept = state


def attach(
    session: Session, notice: Callable[[str], None], restore: bool = False, path: Path | None = None
) -> None:
    """Give a session its presets and mappings, and keep its state from now on.

    Args:
        session: it has started.
        notice: told what is wrong with a file, in a sentence.
        restore: have everything as it was when the last session ended, however it ended.
        path: where the state is kept; None: ``state_path()``.

    Raises:
        ValueError: what is to be restored is damaged.
        OSError: it can't be read.
    """
    path = path or state_path()
    kept = None
    if restore:
        if path.exists():
            kept = read_preset(path)
        else:
            notice(f"there is no session to restore: {path} is not there yet")
    session.presets = Presets(session)
    session.mappings = Mappings(session, session.presets.controller, notice)
    if kept:
        session.presets.restore(kept.controls, "" if kept.name == LAST else kept.name)
    keeper = Keeper(session.presets, notice, path)
    session.watchers.append(keeper)
    session.closers.append(keeper.keep)
