"""Which filings the primary has ever held, in memory: 8 bytes each.

Nearly all that is committed is new. Whether a filing has versions is a look at a table of any size; that it has none is
answered here. An accession number is kept as the number its digits make.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tenkay.identifiers import undashed

MERGE_SHARE = 16
"""New ones are merged into the sorted array when they are one in this many of it."""
MERGE_LEAST = 10_000


class StoredFilings:
    """A set of accession numbers that only grows. Belongs to the writing thread."""

    def __init__(self, numbers: NDArray[np.uint64]) -> None:
        self._sorted = np.unique(numbers)
        self._new: set[int] = set()

    def among(self, accession_numbers: Iterable[str]) -> list[str]:
        """Those of these that the set has, each once, in order."""
        names = sorted(set(accession_numbers))
        numbers = np.array([int(undashed(name)) for name in names], np.uint64)
        places = np.searchsorted(self._sorted, numbers)
        held = np.zeros(len(names), np.bool_)
        within = places < len(self._sorted)
        held[within] = self._sorted[places[within]] == numbers[within]
        return [
            name
            for name, number, is_held in zip(names, numbers.tolist(), held.tolist(), strict=True)
            if is_held or number in self._new
        ]

    def add(self, accession_numbers: Iterable[str]) -> None:
        """Take these in."""
        self._new.update(int(undashed(name)) for name in accession_numbers)
        if len(self._new) > max(MERGE_LEAST, len(self._sorted) // MERGE_SHARE):
            self._sorted = np.union1d(self._sorted, np.array(list(self._new), np.uint64))
            self._new.clear()
