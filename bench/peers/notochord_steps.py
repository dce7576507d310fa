"""Times Notochord's ``feed`` and ``query``, in Notochord's own environment: it imports nothing of ours.

Requests and answers are lines of JSON, as in ``bench.child``.
"""

import json
import os
import random
import sys
import time

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print must not get between the answers


def say(**answer):
    """Write one answer."""
    print(json.dumps(answer), file=answers, flush=True)


def main():
    """Serve ``steps`` requests until stdin ends."""
    import torch
    from notochord import Notochord  # pyright: ignore[reportAttributeAccessIssue] - not installed here

    torch.set_num_threads(1)  # as its own application does
    model = Notochord()
    model.eval()
    version = __import__("importlib.metadata").metadata.version("notochord")
    say(
        done={
            "version": version,
            "torch": torch.__version__,
            "parameters": sum(p.numel() for p in model.parameters()),
        }
    )
    for line in sys.stdin:
        request = json.loads(line)
        rng = random.Random(request["seed"])
        took = []
        for gap in request["gaps_ms"]:
            time.sleep(gap / 1000)
            began = time.perf_counter_ns()
            model.feed(1, rng.randint(48, 80), 0.1, 90)
            model.query()
            took.append(time.perf_counter_ns() - began)
        say(done={"ns": took})


main()
