"""How old answers are when they are given: counts in buckets, one row a kind."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

AGE_BOUNDS_SECONDS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0, 604_800.0)
"""Upper bounds; older answers are in a bucket of their own."""


class Ages:
    """Of one kind of answers. Plain numbers: an observation is two additions."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0.0] * (len(AGE_BOUNDS_SECONDS) + 1)
        self.seconds = 0.0
        """The sum of all ages."""

    def observe(self, seconds: float, weight: float = 1.0) -> None:
        """An answer of this age was given, `weight` times as far as is known."""
        seconds = max(0.0, seconds)
        self.counts[bisect_left(AGE_BOUNDS_SECONDS, seconds)] += weight
        self.seconds += seconds * weight

    @property
    def count(self) -> float:
        """How many answers."""
        return sum(self.counts)

    def quantile(self, share: float) -> float | None:
        """The age that `share` of the answers have at most, in seconds, as a bucket's upper bound.

        None: no answer was given, or it lies beyond the last bound.
        """
        return quantile(self.counts, share)


def quantile(counts: Sequence[float], share: float) -> float | None:
    """The upper bound of the bucket in which `share` of the counts is reached."""
    wanted = share * sum(counts)
    if wanted <= 0:
        return None
    reached = 0.0
    for bound, count in zip(AGE_BOUNDS_SECONDS, counts, strict=False):
        reached += count
        if reached >= wanted:
            return bound
    return None
