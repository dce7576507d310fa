"""Single keys from the terminal, read without waiting and without Enter."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from select import select
from typing import Any


@contextmanager
def terminal_keys() -> Iterator[Any]:
    """Give a function that returns the key pressed since the last call, or an empty text."""
    try:
        import termios
        import tty
    except ImportError:  # Windows
        yield lambda: ""
        return
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (OSError, ValueError, termios.error):  # no terminal
        yield lambda: ""
        return

    def pressed() -> str:
        ready, _, _ = select([descriptor], [], [], 0)
        return os.read(descriptor, 1).decode(errors="ignore") if ready else ""

    try:
        tty.setcbreak(descriptor)
        yield pressed
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
