"""The store's change feed, followed once by this process for all who watch.

The newest changes are held in a ring, once for all watchers. A watcher has no queue: it holds its position, and takes
what comes next from the ring when its connection takes more, so a slow one holds up nobody. One whose position the ring
no longer holds, as it is older or the watcher was too slow, catches up on a stream of its own; there are few of those.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from bisect import bisect_right
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from tenkay import sequences
from tenkay.errors import Reason, TenkayError, failure
from tenkay.runtime.logs import get_logger
from tenkay.store.v1.change_feed_service_pb2 import Change, WatchResponse
from tenkay_query import metrics

MAX_BATCH = 500
"""Changes that a watcher is given at once."""
SCAN_AT_ONCE = 10_000
"""Changes of the ring that are looked at before others get their turn."""
QUIET_SECONDS = 10.0
"""How long a watcher hears nothing at most."""
SILENCE_SECONDS = 25.0
"""A feed that says nothing for longer is cut off; it sends a sign of life every ten seconds."""
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.05, 1.0
"""Waits before the feed is opened again: the first, doubling up to the longest."""
RETRY_SECONDS = 5.0

logger = get_logger(__name__)


class Feed(Protocol):
    """The store's ChangeFeedService."""

    def watch(self, *, from_sequence: str = "", ciks: Collection[int] = ()) -> AsyncIterator[WatchResponse]:
        """Batches after a position; TenkayError ends them."""


@dataclass(frozen=True, slots=True)
class HubLimits:
    """What is held for watchers."""

    watchers: int
    recent_changes: int
    catch_ups: int
    catch_up_wait_seconds: float = 5.0
    """How long one that cannot catch up yet waits for it."""
    patience_seconds: float = 5.0
    """How long watchers wait for a feed that broke before they are told."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes in order, none in a sign of life, and the position after them."""

    changes: Sequence[Change]
    up_to_sequence: str


@dataclass(slots=True)
class _Place:
    """How far a watcher is."""

    token: str
    number: int | None
    """None where the token is none of this store's, which the store is to judge."""
    index: int
    """Of the change in the ring that is looked at next, counted from the first there ever was."""
    told_at: float = -math.inf


class ChangeHub:
    """For one event loop. `run` follows the feed."""

    def __init__(
        self, feed: Feed, limits: HubLimits, *, elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        self._feed = feed
        self._limits = limits
        self._elapsed = elapsed
        self._ring: list[tuple[int, Change] | None] = [None] * limits.recent_changes
        self._count = 0
        self._shard: int | None = None
        """The store's; None until the feed has told a position."""
        self._start = self._head = 0
        """The ring has all changes after the one and up to the other."""
        self._life = 0
        """Goes up when what was followed is void."""
        self._void: TenkayError | None = None
        self._broken: TenkayError | None = None
        self._broken_at = elapsed()
        self._is_open = False
        self._moved = asyncio.Event()
        self._watchers = 0
        self._listeners: list[Callable[[Sequence[Change]], None]] = []
        self._catch_ups = asyncio.Semaphore(limits.catch_ups)

    async def run(self) -> None:
        """Follow the feed, and again after each failure, without end."""
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                await self._follow()
            except TenkayError as error:
                self._broke(error)
            except StopAsyncIteration:
                self._broke(_cut_off("ended"))
            except TimeoutError:
                self._broke(_cut_off(f"said nothing for {SILENCE_SECONDS:g} s"))
            wait = FIRST_WAIT_SECONDS if self._is_open else min(2 * wait, LONGEST_WAIT_SECONDS)
            self._is_open = False
            self._wake()
            await asyncio.sleep(wait)

    def on_changes(self, listener: Callable[[Sequence[Change]], None]) -> None:
        """Call `listener` with the changes of all companies, before any watcher gets them."""
        self._listeners.append(listener)

    async def watch(self, from_sequence: str, ciks: Collection[int]) -> AsyncGenerator[Batch, None]:
        """The changes of these companies after a position, without end; from now on when it is empty.

        None is left out and none comes twice or out of order; the first batch comes at once, even when it is empty.
        TOO_MANY_CALLS when as many watch, or catch up, as may. A watcher that was too slow may get it later; metadata
        "up_to_sequence" then says what to go on from. FEED_POSITION_EXPIRED, MALFORMED_SEQUENCE. DEPENDENCY_UNAVAILABLE
        when the feed is cut off.
        """
        sequences.parse(from_sequence)
        if self._watchers >= self._limits.watchers:
            raise failure(
                Reason.TOO_MANY_CALLS,
                f"{self._watchers:,} watch companies already, and no more may at this server; come back later",
                retry_after=RETRY_SECONDS,
            )
        self._watchers += 1
        metrics.WATCHERS.inc()
        try:
            while self._shard is None:
                await self._move_or(QUIET_SECONDS)
                self._check_followed()
            life = self._life
            place = self._place_of(from_sequence)
            wanted = frozenset(ciks)
            while True:
                if self._life != life and self._void is not None:
                    raise self._void
                if not self._holds(place):
                    async with aclosing(self._caught_up(place, wanted)) as batches:
                        async for batch in batches:
                            yield batch
                            place.told_at = self._elapsed()
                    continue
                # Taken before the look, so that a change between look and wait is not slept through.
                moved = self._moved
                found, is_at_head = self._next_of(place, wanted)
                left = place.told_at + QUIET_SECONDS - self._elapsed()
                if found or (is_at_head and left <= 0 and self._is_open):
                    yield Batch(found, place.token)
                    place.told_at = self._elapsed()
                elif is_at_head:
                    await self._move_or(left if left > 0 else QUIET_SECONDS, moved)
                    self._check_followed()
                else:
                    await asyncio.sleep(0)
        finally:
            self._watchers -= 1
            metrics.WATCHERS.dec()

    # Following

    async def _follow(self) -> None:
        position = "" if self._shard is None else sequences.encode(self._shard, self._head)
        batches = self._feed.watch(from_sequence=position)
        async with aclosing(batches):  # type: ignore[type-var]  # it is a generator
            while True:
                async with asyncio.timeout(SILENCE_SECONDS):
                    batch = await anext(batches)
                self._take(batch)

    def _take(self, batch: WatchResponse) -> None:
        (shard, up_to), *_ = sequences.parse(batch.up_to_sequence).items()
        if self._shard is None:
            self._shard, self._start = shard, up_to
            if batch.changes:
                self._start = sequences.parse(batch.changes[0].sequence)[shard] - 1
        for listener in self._listeners:
            listener(batch.changes)
        size = len(self._ring)
        for change in batch.changes:
            place = self._count % size
            replaced = self._ring[place]
            if replaced is not None:
                self._start = replaced[0]
            self._ring[place] = (sequences.parse(change.sequence)[shard], change)
            self._count += 1
        self._head = max(self._head, up_to)
        self._is_open, self._broken = True, None
        self._wake()

    def _broke(self, error: TenkayError) -> None:
        if error.reason in (Reason.FEED_POSITION_EXPIRED, Reason.MALFORMED_SEQUENCE):
            # The store was put back, or this process was cut off for longer than the feed keeps changes.
            logger.warning("changes_lost", reason=error.reason, error=error.message)
            self._void = failure(
                Reason.FEED_POSITION_EXPIRED,
                "the store's change feed no longer holds what comes next; read the companies anew and start with an "
                "empty from_sequence",
                field="from_sequence",
            )
            self._life += 1
            self._shard, self._start, self._head, self._count = None, 0, 0, 0
            self._ring = [None] * len(self._ring)
        if self._broken is None:
            self._broken_at = self._elapsed()
            logger.warning("watch_feed_broken", reason=error.reason, error=error.message)
        self._broken = error

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    # Watching

    def _place_of(self, from_sequence: str) -> _Place:
        shard = self._shard
        assert shard is not None  # noqa: S101 - a position was told
        if not from_sequence:
            return _Place(sequences.encode(shard, self._head), self._head, self._count)
        number = sequences.parse(from_sequence).get(shard)
        if number is not None and number > self._head:
            # Another store's, or newer than what was heard here: the store says which.
            number = None
        return self._joined(_Place(from_sequence, number, 0))

    def _joined(self, place: _Place) -> _Place:
        """The place, with where in the ring it is."""
        if place.number is not None:
            held = range(max(0, self._count - len(self._ring)), self._count)
            at = bisect_right(held, place.number, key=self._number_at)
            place.index = held.start + at
        return place

    def _number_at(self, index: int) -> int:
        held = self._ring[index % len(self._ring)]
        assert held is not None  # noqa: S101 - it is among those that are held
        return held[0]

    def _holds(self, place: _Place) -> bool:
        """Whether the ring has all that comes after it."""
        return place.number is not None and place.number >= self._start

    def _next_of(self, place: _Place, ciks: Collection[int]) -> tuple[Sequence[Change], bool]:
        """The next changes wanted, and whether there are no more now; moves the place on."""
        found: list[Change] = []
        number = place.number
        assert number is not None  # noqa: S101 - the ring holds it
        assert self._shard is not None  # noqa: S101
        # One that caught up on a stream which was ahead of this one may point at what the ring has let go since.
        place.index = max(place.index, self._count - len(self._ring))
        end = min(self._count, place.index + SCAN_AT_ONCE)
        while place.index < end and len(found) < MAX_BATCH:
            held = self._ring[place.index % len(self._ring)]
            assert held is not None  # noqa: S101
            place.index += 1
            if held[0] > number:
                number = held[0]
                if held[1].cik in ciks and held[1].HasField("cik"):
                    found.append(held[1])
        is_at_head = place.index == self._count
        if is_at_head:
            number = max(number, self._head)
        place.number = number
        place.token = sequences.encode(self._shard, number)
        return found, is_at_head

    async def _caught_up(self, place: _Place, ciks: Collection[int]) -> AsyncGenerator[Batch, None]:
        """Batches from a stream of the watcher's own until the ring holds what follows."""
        try:
            async with asyncio.timeout(self._limits.catch_up_wait_seconds):
                await self._catch_ups.acquire()
        except TimeoutError:
            raise failure(
                Reason.TOO_MANY_CALLS,
                f"{place.token} lies before what this server holds, and as many catch up as may; come back later, and "
                "go on from there",
                metadata={"up_to_sequence": place.token},
                retry_after=RETRY_SECONDS,
            ) from None
        metrics.WATCH_CATCH_UPS.inc()
        try:
            batches = self._feed.watch(from_sequence=place.token, ciks=ciks)
            async with aclosing(batches):  # type: ignore[type-var]  # it is a generator
                async for batch in batches:
                    place.token = batch.up_to_sequence
                    place.number = None
                    if self._shard is not None:
                        place.number = sequences.parse(place.token).get(self._shard)
                    yield Batch(batch.changes, place.token)
                    if self._holds(place):
                        self._joined(place)
                        return
            raise _cut_off("ended")
        finally:
            self._catch_ups.release()

    async def _move_or(self, seconds: float, moved: asyncio.Event | None = None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await (moved or self._moved).wait()

    def _check_followed(self) -> None:
        """DEPENDENCY_UNAVAILABLE when the feed is cut off for longer than watchers wait."""
        if self._broken is not None and self._elapsed() - self._broken_at > self._limits.patience_seconds:
            raise _cut_off(f"is cut off: {self._broken.message}")


def _cut_off(words: str) -> TenkayError:
    return failure(
        Reason.DEPENDENCY_UNAVAILABLE,
        f"the store's change feed {words}; go on from the last up_to_sequence in a moment",
        metadata={"service": "store"},
    )
