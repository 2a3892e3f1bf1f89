"""How much the store is asked at once: when the cache is lost, the store must not be lost with it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from tenkay.errors import Reason, failure
from tenkay_query import metrics

RETRY_SECONDS = 0.5
"""When a caller that was turned away should come back."""


class StoreLimit:
    """So many questions at once; so many more wait, in order and for a while; the rest are turned away."""

    def __init__(self, at_once: int, waiting: int, wait_seconds: float) -> None:
        self._free = at_once
        self._most_waiting = waiting
        self._wait_seconds = wait_seconds
        self._waiting: deque[asyncio.Future[None]] = deque()

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place among those that ask. TOO_MANY_CALLS when there is none in time."""
        if self._free > 0:
            self._free -= 1
        else:
            await self._wait()
        try:
            yield
        finally:
            self._give_back()

    async def _wait(self) -> None:
        if len(self._waiting) >= self._most_waiting:
            raise self._turned_away(
                "queue_full", f"{self._most_waiting} questions wait for the store already"
            )
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            async with asyncio.timeout(self._wait_seconds):
                await place
        except TimeoutError:
            self._leave(place)
            raise self._turned_away(
                "waited", f"the store had no place within {self._wait_seconds:g} s"
            ) from None
        except asyncio.CancelledError:
            self._leave(place)
            raise

    def _leave(self, place: asyncio.Future[None]) -> None:
        if place.done() and not place.cancelled():
            self._give_back()  # it came just now, for nobody
        else:
            with contextlib.suppress(ValueError):
                self._waiting.remove(place)

    def _give_back(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1

    @staticmethod
    def _turned_away(cause: str, message: str) -> Exception:
        metrics.STORE_SHED.labels(cause).inc()
        return failure(Reason.TOO_MANY_CALLS, f"{message}; come back in a moment", retry_after=RETRY_SECONDS)
