"""What the host asks of every real-time driver."""

from typing import Protocol


class DriverError(OSError):
    """A driver that can't start or go on; the message says why and what to do."""


class Driver(Protocol):
    """Calls the process core in real time until it is closed."""

    name: str
    rate: float
    period: int
    compiled: bool
    """Whether the callback runs without the GIL."""

    def start(self) -> None:
        """Begin to play.

        Raises:
            DriverError: the device or server refuses.
        """
        ...

    def alive(self) -> bool:
        """Return whether the device or server is still there."""
        ...

    def close(self) -> None:
        """Stop playing; the process core is not called again after this."""
        ...
