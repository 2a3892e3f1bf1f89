"""Group commit: one thread that writes, and many callers whose work it joins into few transactions.

The first piece of work of a group waits for others for the length of the window, or until the group is full. What a
group's transaction cannot take as a whole is tried again piece by piece, so that one bad piece fails alone.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tenkay.errors import Reason, TenkayError, failure
from tenkay.runtime.logs import get_logger

Work = TypeVar("Work")
Outcome = TypeVar("Outcome")

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GroupLimits:
    """How large groups and the queue before them become."""

    group_size: int
    window_seconds: float
    queue_size: int
    queue_bytes: int
    idle_seconds: float = 1.0
    """How long without work until `between` is called."""


class WriterBroken(Exception):
    """Raised by `apply` when nothing more can be written by this process."""


@dataclass(slots=True)
class _Queued(Generic[Work, Outcome]):
    work: Work
    size_bytes: int
    queued_at: float
    answer: asyncio.Future[Outcome]


class GroupCommitter(Generic[Work, Outcome]):
    """Queues work from an event loop for a thread that applies it in groups, in order.

    `apply(group)` runs in the thread, and returns an outcome or the error of each piece once all of the group is
    durable; it raises when nothing of it is. A TenkayError that it raises answers the whole group; after any other
    error the pieces are applied one by one. WriterBroken ends the thread.

    `announce(outcomes)` runs in the loop after a group is durable and before any of it is answered. `between(worked)`
    runs in the thread after each group, and with False when there was nothing to do for a while.
    """

    def __init__(
        self,
        apply: Callable[[Sequence[Work]], Sequence[Outcome | TenkayError]],
        limits: GroupLimits,
        *,
        announce: Callable[[Sequence[Outcome]], None],
        between: Callable[[bool], None],
        measure: Callable[[int, float], None] = lambda _size, _seconds: None,
    ) -> None:
        self._apply = apply
        self._limits = limits
        self._announce = announce
        self._between = between
        self._measure = measure
        self._changed = threading.Condition()
        self._queue: deque[_Queued[Work, Outcome]] = deque()
        self._queued_bytes = 0
        self._closing = False
        self._seconds_per_group = limits.window_seconds
        self._loop = asyncio.get_running_loop()
        self.broken: asyncio.Future[None] = self._loop.create_future()
        """Gets the error with which the thread ended, if it does."""
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def queued(self) -> int:
        """Pieces waiting."""
        return len(self._queue)

    async def submit(self, work: Work, size_bytes: int = 0) -> Outcome:
        """The outcome once `work` is durable. QUEUE_FULL when there is no room for it."""
        return await self.put(work, size_bytes)

    def put(self, work: Work, size_bytes: int = 0) -> asyncio.Future[Outcome]:
        """The same of work that is queued when this returns, in the order of calls."""
        answer: asyncio.Future[Outcome] = self._loop.create_future()
        limits = self._limits
        with self._changed:
            if self._closing or self.broken.done():
                raise failure(Reason.DRAINING, "the store takes no more commits; try again in a moment")
            waiting = len(self._queue)
            if waiting >= limits.queue_size or (
                waiting and self._queued_bytes + size_bytes > limits.queue_bytes
            ):
                raise failure(
                    Reason.QUEUE_FULL,
                    f"{waiting:,} commits of {self._queued_bytes:,} bytes wait for the disk; come back later",
                    retry_after=max(0.05, waiting / limits.group_size * self._seconds_per_group),
                )
            self._queue.append(_Queued(work, size_bytes, time.monotonic(), answer))
            self._queued_bytes += size_bytes
            if waiting == 0 or waiting + 1 == limits.group_size:
                self._changed.notify()
        return answer

    async def close(self) -> None:
        """Write what is queued, then end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        try:
            while True:
                group = self._next_group()
                if group is None:
                    return
                if group:
                    started = time.monotonic()
                    self._write(group)
                    seconds = time.monotonic() - started
                    self._seconds_per_group += 0.2 * (seconds - self._seconds_per_group)
                    self._measure(len(group), seconds)
                self._between(bool(group))
        except BaseException as error:  # the thread's last words; the service stops on them
            self._give_up(error)

    def _next_group(self) -> list[_Queued[Work, Outcome]] | None:
        """The next group; empty after a while without work; None when there will be none."""
        limits = self._limits
        with self._changed:
            if not self._queue and not self._closing:
                self._changed.wait(limits.idle_seconds)
            if not self._queue:
                return None if self._closing else []
            due = self._queue[0].queued_at + limits.window_seconds
            while len(self._queue) < limits.group_size and not self._closing:
                left = due - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            group = [self._queue.popleft() for _ in range(min(len(self._queue), limits.group_size))]
            self._queued_bytes -= sum(each.size_bytes for each in group)
            return group

    def _write(self, group: list[_Queued[Work, Outcome]]) -> None:
        outcomes: Sequence[Outcome | BaseException]
        try:
            outcomes = self._apply([each.work for each in group])
        except TenkayError as error:
            outcomes = [error] * len(group)
        except WriterBroken as error:
            self._answer(group, [_unavailable(error)] * len(group))
            raise
        except Exception as error:
            if len(group) > 1:
                logger.warning("commit_group_split", commits=len(group), problem=str(error))
                for each in group:
                    self._write([each])
                return
            logger.error("commit_failed", exc_info=error)
            outcomes = [error]
        self._answer(group, outcomes)

    def _answer(
        self, group: list[_Queued[Work, Outcome]], outcomes: Sequence[Outcome | BaseException]
    ) -> None:
        def in_loop() -> None:
            self._announce([each for each in outcomes if not isinstance(each, BaseException)])
            for queued, outcome in zip(group, outcomes, strict=True):
                if queued.answer.done():
                    continue
                if isinstance(outcome, BaseException):
                    queued.answer.set_exception(outcome)
                else:
                    queued.answer.set_result(outcome)

        self._loop.call_soon_threadsafe(in_loop)

    def _give_up(self, error: BaseException) -> None:
        with self._changed:
            self._closing = True
            left = list(self._queue)
            self._queue.clear()
        self._answer(left, [_unavailable(error)] * len(left))

        def in_loop() -> None:
            if not self.broken.done():
                self.broken.set_exception(error)

        self._loop.call_soon_threadsafe(in_loop)


def _unavailable(error: BaseException) -> TenkayError:
    return failure(
        Reason.DEPENDENCY_UNAVAILABLE,
        f"the store's database cannot be written to: {error}; the service restarts, try again in a moment",
        metadata={"service": "duckdb"},
    )
