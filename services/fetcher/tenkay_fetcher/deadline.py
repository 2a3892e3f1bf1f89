"""Until when a piece of work is wanted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Deadline:
    """A moment on the clock of time.monotonic().

    It can move later: work that several callers wait for is wanted until the last of them gives up.
    """

    __slots__ = ("_at", "_enforced")

    def __init__(self, at: float) -> None:
        self._at = at
        self._enforced: list[asyncio.Timeout] = []

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The moment `seconds` from now."""
        return cls(time.monotonic() + seconds)

    def copy(self) -> Deadline:
        """The same moment, moved on its own."""
        return Deadline(self._at)

    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._at - time.monotonic())

    def extend(self, other: Deadline) -> None:
        """Moves this deadline to `other` when that is later, also where it is being enforced."""
        if other._at <= self._at:
            return
        self._at = other._at
        for scope in self._enforced:
            if not scope.expired():
                scope.reschedule(asyncio.get_running_loop().time() + self.remaining())

    @asynccontextmanager
    async def enforced(self) -> AsyncIterator[None]:
        """Ends the block with TimeoutError at the deadline."""
        async with asyncio.timeout(self.remaining()) as scope:
            self._enforced.append(scope)
            try:
                yield
            finally:
                self._enforced.remove(scope)
