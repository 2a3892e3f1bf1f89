"""So many a second, with bursts: the generic cell rate algorithm, one number a bucket (ITU-T I.371)."""

from __future__ import annotations


class RateLimit:
    """A full bucket holds `burst`, and `per_second` come back."""

    __slots__ = ("_interval", "_tolerance", "_until")

    def __init__(self, per_second: float, burst: float) -> None:
        if per_second <= 0 or burst < 1:
            raise ValueError("a rate is above 0 and a burst one at least")
        self._interval = 1 / per_second
        self._tolerance = (burst - 1) / per_second
        self._until = float("-inf")
        """When the bucket is full again."""

    def take(self, now: float) -> float:
        """0 when one was taken; else nothing was, and so many seconds from now one can be."""
        wait = self._until - self._tolerance - now
        if wait > 0:
            return wait
        self._until = max(self._until, now) + self._interval
        return 0.0

    def reserve(self, now: float) -> float:
        """Takes one in any case; so many seconds from now it is due."""
        wait = max(0.0, self._until - self._tolerance - now)
        self._until = max(self._until, now) + self._interval
        return wait

    def is_full(self, now: float) -> bool:
        """Whether it is as good as a new one."""
        return self._until <= now
