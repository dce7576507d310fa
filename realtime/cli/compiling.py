"""Saying why a command is silent at its first start: the audio core is being compiled."""

import sys


def announce() -> None:
    """Say so on stderr, if it is going to be; call it before the engine is imported."""
    from realtime.host.warm import is_warm

    if not is_warm():
        print("compiling the audio core for this machine: half a minute, once", file=sys.stderr, flush=True)
