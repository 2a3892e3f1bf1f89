"""One question to the store over all processes, for answers that are dear to it.

The lock is short and is renewed while its holder works: when the holder dies, the others go on after `lock_seconds`.
Redis lost: everybody asks, once a process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from tenkay.runtime import tasks
from tenkay_query.cache.ports import CacheLost, EntryLocks

Answer = TypeVar("Answer")

HOLDER_BYTES = 16
FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS = 0.01, 0.1


class EntryLock:
    """Takes the locks of one process."""

    def __init__(self, locks: EntryLocks, *, lock_seconds: float, wait_seconds: float) -> None:
        """`wait_seconds` is how long another one's answer is waited for before the store is asked all the same."""
        self._locks = locks
        self._lock_seconds = lock_seconds
        self._wait_seconds = wait_seconds

    async def answer(
        self,
        key: str,
        *,
        from_cache: Callable[[], Awaitable[Answer | None]],
        from_store: Callable[[], Awaitable[Answer]],
        may_wait: bool = True,
    ) -> Answer | None:
        """The store's answer, asked for under the lock; or the one that another process has put into the cache
        meanwhile.

        With `may_wait` false None is answered when another process has the lock.
        """
        holder = os.urandom(HOLDER_BYTES)
        loop = asyncio.get_running_loop()
        waited_until = loop.time() + self._wait_seconds
        pause = FIRST_POLL_SECONDS
        while True:
            try:
                taken = await self._locks.take(key, holder, self._lock_seconds)
            except CacheLost:
                return await from_store()
            if taken:
                async with self._held(key, holder):
                    return await from_store()
            if not may_wait:
                return None
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_POLL_SECONDS)
            answer = await from_cache()
            if answer is not None:
                return answer
            if loop.time() >= waited_until:
                return await from_store()

    @contextlib.asynccontextmanager
    async def _held(self, key: str, holder: bytes) -> AsyncIterator[None]:
        renewal = asyncio.create_task(self._renew(key, holder))
        try:
            yield
        finally:
            await tasks.end(renewal)
            with contextlib.suppress(CacheLost):  # it ends by itself
                await self._locks.release(key, holder)

    async def _renew(self, key: str, holder: bytes) -> None:
        while True:
            await asyncio.sleep(self._lock_seconds / 3)
            with contextlib.suppress(CacheLost):  # counted where it happened; the next turn tries again
                if not await self._locks.renew(key, holder, self._lock_seconds):
                    return
