"""How much a client may send: buckets that fill with time."""

import time


class Bucket:
    """Lets ``rate`` messages a second through, and ``burst`` at once.

    Args:
        rate: messages a second.
        burst: messages at once.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self._level, self._at = burst, time.monotonic()

    def take(self) -> bool:
        """Return whether one more message is let through."""
        now = time.monotonic()
        self._level = min(self._level + (now - self._at) * self.rate, self.burst)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


class Buckets:
    """A bucket for each address; the one that was silent longest gives way.

    Args:
        rate: messages a second, of each.
        burst: messages at once.
        most: addresses that are remembered.
    """

    def __init__(self, rate: float, burst: float, most: int = 1024) -> None:
        self.rate, self.burst, self.most = rate, burst, most
        self._buckets: dict[object, Bucket] = {}

    def take(self, address: object) -> bool:
        """Return whether one more message of this address is let through."""
        bucket = self._buckets.pop(address, None) or Bucket(self.rate, self.burst)
        self._buckets[address] = bucket
        if len(self._buckets) > self.most:
            del self._buckets[next(iter(self._buckets))]
        return bucket.take()
