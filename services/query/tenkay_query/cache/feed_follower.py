"""Following the store's change feed: each change raises the generations of its filing and company.

The position is kept in Redis, beside the generations it stands for, so that any process can resume and several may
follow at once: raising is by maximum, so doing it twice changes nothing. While the feed is followed a note in Redis is
kept alive; it expires soon after the last follower is cut off, and answers bound to generations are then no longer
served. What this process keeps for itself hears of each change first, before Redis does.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from tenkay.errors import Reason, TenkayError
from tenkay.runtime import tasks
from tenkay.runtime.logs import get_logger
from tenkay_query import metrics
from tenkay_query.cache import redis_keys
from tenkay_query.cache.generations import covers
from tenkay_query.cache.ports import CacheLost, FeedLedger

logger = get_logger(__name__)

_START_OVER = frozenset({Reason.FEED_POSITION_EXPIRED, Reason.MALFORMED_SEQUENCE})
"""The position is older than the feed keeps, or of another life of the store."""


@dataclass(frozen=True, slots=True)
class FeedChange:
    """One commit."""

    sequence: str
    accession_number: str
    cik: int | None


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """Some changes in order, or a sign of life."""

    changes: tuple[FeedChange, ...]
    up_to_sequence: str


class Follower(Protocol):
    """What hears of the changes before Redis does."""

    def starts(self, position: str) -> None:
        """The feed is read from `position` on."""

    def applies(self, raised: Mapping[str, str], position: str) -> None:
        """All changes up to `position`; the newest sequence of each generation that they raise."""


class Feed(Protocol):
    """The store's change feed."""

    def watch(self, from_sequence: str) -> AsyncGenerator[FeedBatch, None]:
        """The batches after a position; from now on when it is empty. TenkayError ends it."""


@dataclass(frozen=True, slots=True)
class FollowPolicy:
    """How the feed is followed."""

    heartbeat_seconds: float
    """How often the note in Redis is renewed while the feed is followed."""
    silence_seconds: float
    """A feed that says nothing for longer counts as cut off; it sends a sign of life every ten seconds."""
    first_wait_seconds: float = 0.05
    longest_wait_seconds: float = 0.5
    """Waits before the feed is opened again: the first, doubling up to the longest."""


class FeedFollower:
    """Follows the feed until it is cancelled."""

    def __init__(
        self,
        feed: Feed,
        ledger: FeedLedger,
        policy: FollowPolicy,
        first: Follower,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._feed = feed
        self._ledger = ledger
        self._policy = policy
        self._first = first
        self._clock = clock
        self._asserted = ""
        self._heard_at = clock()
        self._is_open = False
        self._stopped_at = clock()
        self._applying_since: float | None = None
        self._logged = ""
        self._moved = asyncio.Condition()
        self._nudged = asyncio.Event()

    @property
    def position(self) -> str:
        """The newest position that this process has told Redis. Empty before the first."""
        return self._asserted

    @property
    def cut_off_seconds(self) -> float:
        """For how long changes may have gone unnoticed in this process. 0 while the feed is followed."""
        now = self._clock()
        if not self._is_open:
            return now - self._stopped_at
        if self._applying_since is not None:
            return now - self._applying_since
        silent = now - self._heard_at
        return silent if silent > self._policy.silence_seconds else 0.0

    async def run(self) -> None:
        """Follows, resumes after every failure, for ever."""
        wait = self._policy.first_wait_seconds
        while True:
            opened_at = self._clock()
            try:
                await self._follow()
            except CacheLost as error:
                self._log_once("feed_paused", "redis", str(error))
            except TenkayError as error:
                if error.reason in _START_OVER:
                    await self._start_over(error)
                else:
                    self._log_once("feed_broken", error.reason, error.message)
            finally:
                if self._is_open:
                    self._is_open = False
                    self._stopped_at = self._clock()
            if self._heard_at > opened_at:
                wait = self._policy.first_wait_seconds
                self._logged = ""
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._policy.longest_wait_seconds)

    async def reaches(self, sequence: str, seconds: float) -> bool:
        """True once this process has applied all changes up to `sequence`; False when not within `seconds`."""
        if not self._is_open:
            return False
        try:
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: covers(self._asserted, sequence))
        except TimeoutError:
            return False
        return True

    def nudge(self) -> None:
        """Redis does not know the position: tell it now, not at the next heartbeat."""
        self._nudged.set()

    async def _follow(self) -> None:
        known = await self._ledger.position()
        # From where this process was, if it was anywhere: what others have raised meanwhile it must hear of itself.
        start = self._asserted or known or ""
        self._first.starts(start)
        batches = self._feed.watch(start)
        heartbeat = asyncio.create_task(self._heartbeat())
        try:
            async with contextlib.aclosing(batches):
                async for batch in batches:
                    self._heard_at = self._clock()
                    self._is_open = True
                    await self._apply(batch)
        finally:
            await tasks.end(heartbeat)

    async def _apply(self, batch: FeedBatch) -> None:
        raised: dict[str, str] = {}
        for change in batch.changes:
            raised[redis_keys.filing_generation(change.accession_number)] = change.sequence
            if change.cik is not None:
                raised[redis_keys.company_generation(change.cik)] = change.sequence
        self._first.applies(raised, batch.up_to_sequence)
        self._applying_since = self._clock()
        try:
            while True:  # a change must not be lost: until Redis has it the feed is not read on
                try:
                    await self._advance(raised, batch.up_to_sequence)
                    break
                except CacheLost:
                    await asyncio.sleep(self._policy.first_wait_seconds)
        finally:
            self._applying_since = None
        metrics.FEED_CHANGES.inc(len(batch.changes))
        async with self._moved:
            self._asserted = batch.up_to_sequence
            self._moved.notify_all()

    async def _heartbeat(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._policy.heartbeat_seconds):
                    await self._nudged.wait()
            self._nudged.clear()
            silent = self._clock() - self._heard_at
            metrics.FEED_SILENT_SECONDS.set(silent)
            if self._asserted and self._is_open and silent <= self._policy.silence_seconds:
                with contextlib.suppress(CacheLost):  # counted where it happened; the next turn tries again
                    await self._advance({}, self._asserted)

    async def _advance(self, raised: dict[str, str], position: str) -> None:
        if await self._ledger.advance(raised, position, self._asserted):
            metrics.NEW_EPOCHS.labels("memory_lost").inc()
            logger.warning("cache_dropped", cause="Redis did not know the position in the change feed")

    def _log_once(self, event: str, cause: str, error: str) -> None:
        """Logs an outage when it begins, not at each attempt."""
        if self._logged != cause:
            self._logged = cause
            logger.warning(event, cause=cause, error=error)

    async def _start_over(self, error: TenkayError) -> None:
        logger.warning("cache_dropped", cause=error.message, reason=error.reason)
        metrics.NEW_EPOCHS.labels("feed_expired").inc()
        self._asserted = ""
        self._first.starts("")
        with contextlib.suppress(CacheLost):
            await self._ledger.start_over()
