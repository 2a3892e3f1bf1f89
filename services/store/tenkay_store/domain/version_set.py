"""Which versions of filings something was ever said of, in memory: 8 bytes each, and more for the newest of them.

Nearly no version is ever stale or has a disputed value. Whether one may be is answered here, and only then is the table
of what was said asked.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left
from collections.abc import Iterable

MERGE_SHARE = 16
"""New ones are merged into the sorted array when they are more than one in this many of it, and than MERGE_LEAST. Until
then they take some 60 bytes each."""
MERGE_LEAST = 10_000


class VersionSet:
    """A set of versions, by sequence, that only grows. Written by the writing thread alone, read by anyone."""

    def __init__(self, sequences: Iterable[int] = ()) -> None:
        self._sorted = array("Q", sorted(set(sequences)))
        self._new: set[int] = set()

    def __contains__(self, sequence: int) -> bool:
        # In this order: what is merged meanwhile is in the array before it leaves the other.
        if sequence in self._new:
            return True
        held = self._sorted
        place = bisect_left(held, sequence)
        return place < len(held) and held[place] == sequence

    def add(self, sequences: Iterable[int]) -> None:
        """Take these in."""
        self._new.update(each for each in sequences if each not in self)
        if len(self._new) > max(MERGE_LEAST, len(self._sorted) // MERGE_SHARE):
            self._sorted = array("Q", heapq.merge(self._sorted, sorted(self._new)))
            self._new = set()
