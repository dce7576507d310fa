"""The session's side of the continuation."""

from typing import Any

from realtime.continuation.settings import Mode, Settings, Status, mode_named


class Continuation:
    """What ``session.continuation`` is where a model goes on from what is played."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @property
    def mode(self) -> Mode:
        """Who plays when."""
        return self.settings.mode

    def set_mode(self, mode: str) -> None:
        """Change who plays when; what is planned is taken back.

        Raises:
            ValueError: there is no such mode.
        """
        self.settings = self.settings.changed(mode=mode_named(mode))

    def set(self, **values: Any) -> None:
        """Change settings, such as ``temperature``, ``bars`` or ``silence_beats``.

        Raises:
            ValueError: there is no such setting, or a value is wrong.
        """
        self.settings = self.settings.changed(**values)

    def trigger(self) -> None:
        """Let the ensemble go on from what was played, now."""

    def take_back(self) -> None:
        """Drop what is planned, and end what sounds of it."""

    def status(self) -> Status:
        """Return how it is doing; from any thread."""
        return Status("off", self.mode, "", 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0, 0)
