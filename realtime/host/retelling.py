"""A separator that takes over while playing is first told the recent past, as if it had been there.

That is done on the loader's thread, while the old one goes on. The audio thread tells it what is played
meanwhile, when it takes over.
"""

import time

from realtime.engine.history import replay
from realtime.host.engine import Engine
from realtime.host.slots import Slot

UNTOLD = FAILED = -1
"""What ``replay`` is given to begin afresh, and what it returns where a graph fails."""
PATIENCE_SECONDS = 3.0
LOOK_SECONDS = 0.001


def retell(engine: Engine, slot: Slot) -> int:
    """Tell the separator of a slot the recent past; return how many notes of the history it knows.

    Args:
        engine: what is played with.
        slot: it does not play, and no slot that plays has its separator: two threads would run it at once.

    Raises:
        ValueError: the separator's graph fails on what was played.
    """
    told = UNTOLD
    _settle_requests(engine)
    while told < int(engine.state["history_count"][0]):
        told = int(replay(engine.address, slot.index, told))
        if told == FAILED:
            raise ValueError(f"separator {slot.separator} fails on what has been played")
    return told


def _settle_requests(engine: Engine) -> None:
    """Wait until the separators' thread has answered all that it was asked, for one that played before."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while engine.unanswered() and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
