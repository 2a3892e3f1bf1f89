"""What was committed, in order, to any number of followers.

The newest changes are held in memory once for all followers. A follower has no queue of its own: it holds its position,
and reads what comes next when its connection takes more, from memory or, when it has fallen behind, from the table. So
a slow follower costs nothing and misses nothing, until it falls behind what the table keeps.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from tenkay.errors import Reason, TenkayError, failure
from tenkay.runtime.logs import get_logger
from tenkay_store import metrics
from tenkay_store.domain.records import Change, CommitRecord
from tenkay_store.domain.storage import AnalyticalStore

MAX_BATCH = 500
PRUNE_INTERVAL_SECONDS = 3600.0
RETRY_SECONDS = 5.0

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes in order, none in a sign of life, and the position after them."""

    changes: Sequence[Change]
    up_to: int


class ChangeFeed:
    """Follows a store's commits from its making on."""

    def __init__(
        self,
        store: AnalyticalStore,
        *,
        memory_changes: int,
        quiet_seconds: float,
        followers: int,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._elapsed = elapsed
        self._most_followers = followers
        self._followers = 0
        self._quiet_seconds = quiet_seconds
        self._recent: deque[Change] = deque(maxlen=memory_changes)
        self._next = asyncio.Event()
        store.on_commit(self._take)

    async def watch(self, after: int | None, ciks: Collection[int] = frozenset()) -> AsyncIterator[Batch]:
        """Batches after a sequence, without end; None starts with what is committed from now on.

        With `ciks` only changes of these companies; the others move the position on, and are told with the next batch
        or sign of life. The first batch comes at once, even when it is empty. FEED_POSITION_EXPIRED when the position
        is no longer held, now or because the follower took too long. TOO_MANY_CALLS when as many follow as may.
        """
        position = self._store.head if after is None else after
        if position > self._store.head:
            # A store that was restored from a copy: what was derived from beyond it is not there any more.
            raise failure(
                Reason.FEED_POSITION_EXPIRED,
                f"{position} lies after this store's newest commit, {self._store.head}; drop what was derived from "
                "the feed and start with an empty from_sequence",
                field="from_sequence",
            )
        if self._followers >= self._most_followers:
            # A follower keeps one of the server's calls for as long as it likes: not all of them may be kept.
            raise failure(
                Reason.TOO_MANY_CALLS,
                f"{self._followers} follow the change feed already, and no more may; come back later, and end calls of "
                "Watch that nobody reads",
                retry_after=RETRY_SECONDS,
            )
        self._followers += 1
        metrics.WATCHERS.inc()
        try:
            changes = await self._after(position)
            told_at = -math.inf
            while True:
                if changes:
                    position = changes[-1].sequence
                wanted = [each for each in changes if each.cik in ciks] if ciks else changes
                if wanted or self._elapsed() - told_at >= self._quiet_seconds:
                    yield Batch(wanted, position)
                    told_at = self._elapsed()
                # Taken before the look, so that a commit between look and wait is not slept through.
                advanced = self._next
                changes = await self._after(position)
                if not changes:
                    await self._quiet_or(advanced, told_at + self._quiet_seconds - self._elapsed())
                    changes = await self._after(position)
        finally:
            self._followers -= 1
            metrics.WATCHERS.dec()

    async def prune(
        self, days: float, clock: Callable[[], datetime], elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        """Forget old changes, at once and then each hour, without end.

        A clock that is set forward makes nothing old: what counts is the moment of the start and the seconds since, on
        the clock `elapsed` that nobody sets. One that is set back makes everything younger.
        """
        start, began = clock(), elapsed()
        while True:
            now = min(clock(), start + timedelta(seconds=elapsed() - began))
            try:
                await self._store.prune_changes(now - timedelta(days=days))
            except TenkayError as error:
                logger.warning("feed_not_pruned", problem=error.message)
            await asyncio.sleep(PRUNE_INTERVAL_SECONDS)

    async def _after(self, position: int) -> Sequence[Change]:
        if position >= self._store.head:
            return ()
        recent = self._recent
        if recent and recent[0].sequence <= position + 1:
            # Sequences have no gaps.
            skip = position + 1 - recent[0].sequence
            return list(islice(recent, skip, skip + MAX_BATCH))
        metrics.FEED_CATCH_UPS.inc()
        return await self._store.changes(position, MAX_BATCH)

    async def _quiet_or(self, advanced: asyncio.Event, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await advanced.wait()

    def _take(self, _records: Sequence[CommitRecord], changes: Sequence[Change]) -> None:
        self._recent.extend(changes)
        self._next.set()
        self._next = asyncio.Event()
