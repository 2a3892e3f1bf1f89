"""The questions that are asked most: counted in this process, told to Redis for all of them.

Of the hits in a process's memory, which are many and cheap, one in `every` is counted, for as many. Which one is drawn,
so that a caller that asks in turns is not always met at the same one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from random import random
from typing import Protocol

from tenkay_query.asked_most import Asked, AskedMost
from tenkay_query.cache.near_cache import MAX_REQUEST_BYTES, Key
from tenkay_query.cache.ports import CacheLost

TOLD_AT_ONCE = 500
"""Questions that are told to Redis at a time at most, those asked most."""


class AskedLedger(Protocol):
    """Where all processes put together what they are asked."""

    async def tell(self, asked: Sequence[tuple[Key, float]]) -> None:
        """Adds these counts. CacheLost."""

    async def top(self, most: int) -> list[Key]:
        """The questions asked most, the most asked first. CacheLost."""


class AskedQuestions:
    """For one event loop."""

    def __init__(
        self,
        counts: AskedMost[Key],
        ledger: AskedLedger,
        *,
        every: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._counts = counts
        self._ledger = ledger
        self._clock = clock
        self.every = every
        """Of the hits in a process's memory, one in so many is counted."""

    def pause(self) -> int:
        """How many hits from now the next one is counted: `every` on average."""
        return 1 + int(random() * (2 * self.every - 1))  # noqa: S311 - sampling, not a secret

    def note(self, key: Key, weight: int) -> None:
        """It was asked, `weight` times as far as is known."""
        if len(key[1]) <= MAX_REQUEST_BYTES:
            self._counts.add(key, weight, self._clock())

    def top(self, most: int) -> list[Asked[Key]]:
        """What this process was asked most."""
        return self._counts.top(most, self._clock())

    async def shared_top(self, most: int) -> list[Key]:
        """What all processes were asked most; what this one was, while Redis does not tell."""
        try:
            await self._tell()
            return await self._ledger.top(most)
        except CacheLost:
            return [each.key for each in self.top(most)]

    async def tell(self) -> None:
        """Tells Redis what was asked since the last time; the next time, when it does not listen."""
        try:
            await self._tell()
        except CacheLost:
            return

    async def run(self, every_seconds: float) -> None:
        """Tells it now and then. Runs until cancelled."""
        while True:
            await asyncio.sleep(every_seconds)
            await self.tell()

    async def _tell(self) -> None:
        untold = self._counts.take_untold(self._clock())
        untold.sort(key=lambda each: each[1], reverse=True)
        if not untold:
            return
        try:
            await self._ledger.tell(untold[:TOLD_AT_ONCE])
        except BaseException:
            self._counts.give_back(untold, self._clock())
            raise
        self._counts.give_back(untold[TOLD_AT_ONCE:], self._clock())
