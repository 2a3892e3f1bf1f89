"""What is asked most, in bounded memory: Space-Saving with decay.

`size` keys are counted. One more takes the place of the key with the smallest count, and starts from that count, which
is kept as its error (Metwally, Agrawal and El Abbadi, "Efficient computation of frequent and top-k elements", 2005).
So a key's true count lies between count - error and count, the error is at most the sum of all counts divided by
`size`, and every key above that is held.

Old questions lose weight: each half-life halves what a question counts. Instead of all counts falling, what is added
grows (forward decay: Cormode et al., 2009), so the bounds hold for the decayed counts as they do for plain ones.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key")

MOST_HALVINGS = 60.0
"""Before the weights grow by more than 2**60 all counts are written anew."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[Key]):
    """A key and how often it was asked, as of now."""

    key: Key
    count: float
    error: float
    """How much of the count may be other keys'."""


class _Counted(Generic[Key]):
    __slots__ = ("count", "error", "key", "told")

    def __init__(self, key: Key, error: float) -> None:
        self.key = key
        self.count = error
        self.error = error
        self.told = error
        """What `take_untold` has given of the count; nothing is told of the error."""


class AskedMost(Generic[Key]):
    """See the module. `now` is in seconds, of any clock that does not go back; keys are hashable."""

    def __init__(self, size: int, half_life_seconds: float, now: float) -> None:
        if size < 1 or half_life_seconds <= 0:
            raise ValueError("one key at least is counted, and a half-life is above 0")
        self._size = size
        self._half_life = half_life_seconds
        self._began = now
        self._counts: dict[Key, _Counted[Key]] = {}
        self._heap: list[tuple[float, int, _Counted[Key]]] = []
        """By the count when it was pushed, which is the count or less: counts only grow."""
        self._pushes = 0
        self._total = 0.0

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, key: Key, weight: float, now: float) -> None:
        """The key was asked, `weight` times as far as is known."""
        grown = weight * self._growth(now)
        counted = self._counts.get(key)
        if counted is None:
            error = 0.0 if len(self._counts) < self._size else self._drop_least()
            counted = self._counts[key] = _Counted(key, error)
            counted.count += grown
            self._push(counted)
        else:
            counted.count += grown
        self._total += grown

    def total(self, now: float) -> float:
        """How often anything was asked."""
        return self._total / self._growth(now)

    def top(self, most: int, now: float) -> list[Asked[Key]]:
        """The keys asked most, the most asked first."""
        growth = self._growth(now)
        largest = heapq.nlargest(most, self._counts.values(), key=lambda each: each.count)
        return [Asked(each.key, each.count / growth, each.error / growth) for each in largest]

    def take_untold(self, now: float) -> list[tuple[Key, float]]:
        """What came since it was taken last, without what may be other keys'."""
        growth = self._growth(now)
        untold = []
        for each in self._counts.values():
            if each.count > each.told:
                untold.append((each.key, (each.count - each.told) / growth))
                each.told = each.count
        return untold

    def give_back(self, untold: list[tuple[Key, float]], now: float) -> None:
        """It could not be told: it is taken again the next time."""
        growth = self._growth(now)
        for key, weight in untold:
            counted = self._counts.get(key)
            if counted is not None:
                counted.told = max(counted.error, counted.told - weight * growth)

    def _growth(self, now: float) -> float:
        halvings = (now - self._began) / self._half_life
        if halvings > MOST_HALVINGS:
            self._write_anew(now, halvings)
            return 1.0
        return math.exp2(halvings)

    def _drop_least(self) -> float:
        """Drops the key with the smallest count, and gives that."""
        while True:
            pushed, _, counted = heapq.heappop(self._heap)
            if pushed == counted.count:
                del self._counts[counted.key]
                return counted.count
            self._push(counted)

    def _push(self, counted: _Counted[Key]) -> None:
        self._pushes += 1
        heapq.heappush(self._heap, (counted.count, self._pushes, counted))

    def _write_anew(self, now: float, halvings: float) -> None:
        share = math.exp2(-halvings)  # after very long it is 0, and so are all counts
        self._began = now
        self._total *= share
        self._heap.clear()
        for each in self._counts.values():
            each.count *= share
            each.error *= share
            each.told *= share
            self._push(each)
