"""Entry of the command line, in which Ctrl-C is one sentence from the first moment on.

Nothing but what Python has loaded anyway is imported up here: until ``main`` runs, Ctrl-C is a traceback.
"""

import os
import signal
import sys
from typing import Any

INTERRUPTED = 130


def run(arguments: list[str]) -> int:
    """Run the command line ``arguments``, and return the exit code; see ``program.run``."""
    from realtime.cli import program

    return program.run(arguments)


def main() -> None:
    """Run the command line of this process, and exit."""
    loads = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if loads:  # an exception in the middle of an import is not always passed on
        signal.signal(signal.SIGINT, _leave)
    from realtime.cli import program

    try:
        if loads:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = program.run(sys.argv[1:])
    except KeyboardInterrupt:  # while a sentence about something else was being said
        _leave()
    else:
        if code == INTERRUPTED:
            exec("")  # Python remembers that Ctrl-C ended an import, and would end by SIGINT; this clears it
        sys.exit(code)


def _leave(*_: Any) -> None:
    """End at once: nothing has been begun yet."""
    os.write(2, b"concertino: interrupted\n")
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
