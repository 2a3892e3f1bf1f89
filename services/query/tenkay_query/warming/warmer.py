"""Filling the cache with what is asked most and with a watch list, behind all callers.

A warm-up asks at a bounded rate, a few questions at once, each from a place at the store of the class that everybody
else goes before. It takes its place before it asks, so that a caller who comes to want the same answer meanwhile never
waits in the warm-up's queue. When the process drains, no further question is begun.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from google.protobuf.message import Message

from tenkay.errors import DeadlineExceeded, Reason, ResourceExhausted, TenkayError, Unavailable, failure
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.runtime import tasks
from tenkay.runtime.handler import parse
from tenkay.runtime.logs import get_logger
from tenkay_query import metrics
from tenkay_query.admission.rate import RateLimit
from tenkay_query.admission.store_slots import StoreSlots
from tenkay_query.admission.work_class import WorkClass
from tenkay_query.asked_questions import AskedQuestions
from tenkay_query.cache.near_cache import Key
from tenkay_query.hot_reads import HotMethod, HotReads
from tenkay_query.question import Level, Question
from tenkay_query.warming.plan import WarmOrder, companies_of, company_requests, filing_requests

MOST_RUNS = 4
"""Warm-ups at once in a process; they share its rate."""
SETTLE_SECONDS = (1.0, 3.0)
"""What memory did not take in, since something had changed just then, is asked again after these times."""
MOST_TRIES = 5
"""How often a question is tried for which the store had no place."""
START_POLLS, START_POLL_SECONDS = 100, 0.1
"""How long the first warm-up waits for the process to hear of changes, before which it keeps nothing."""

logger = get_logger(__name__)


@dataclass(slots=True)
class WarmProgress:
    """How far a warm-up is; the counts of `WarmCacheResponse`."""

    planned: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def asked(self) -> int:
        """Questions that are dealt with."""
        return self.done + self.failed + self.skipped


@dataclass(slots=True)
class _Run:
    """A warm-up under way."""

    progress: WarmProgress
    pace: RateLimit
    not_taken: list[Key] = field(default_factory=list)
    """Questions that were answered, but whose answers the process's memory did not take in."""


class Warmer:
    """For one event loop."""

    def __init__(
        self,
        reads: HotReads,
        methods: Mapping[str, HotMethod],
        asked: AskedQuestions,
        slots: StoreSlots,
        *,
        per_second: float,
        at_once: int,
        companies: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`companies` is how many of the companies that the questions asked most are about get their latest filings
        filled in as well."""
        self._reads = reads
        self._methods = methods
        self._asked = asked
        self._slots = slots
        self._rate = RateLimit(per_second, 1)
        self._at_once = asyncio.Semaphore(at_once)
        self._companies = companies
        self._clock = clock
        self._is_stopped = False
        self._runs = 0

    def stop(self) -> None:
        """Begins no further question, for good."""
        self._is_stopped = True

    async def run(self, order: WarmOrder, progress: WarmProgress) -> None:
        """Fills the cache; `progress` is kept up to date meanwhile. TOO_MANY_CALLS when enough are running,
        DRAINING when it was stopped meanwhile."""
        if self._runs >= MOST_RUNS:
            raise failure(
                Reason.TOO_MANY_CALLS,
                f"{self._runs} warm-ups run in this process; come back when one is done",
                retry_after=5.0,
            )
        self._runs += 1
        try:
            run = _Run(progress, RateLimit(order.per_second, 1))
            top = await self._asked.shared_top(order.questions)
            await self._fill(top, run)
            asked_of = companies_of(self._questions(top), self._companies)
            for cik in dict.fromkeys((*order.ciks, *asked_of)):
                if self._is_stopped:
                    break
                await self._fill_company(cik, order.filings_per_company, run)
            for seconds in SETTLE_SECONDS:
                if not run.not_taken or not self._reads.has_memory or self._is_stopped:
                    break
                await asyncio.sleep(seconds)
                # They are counted as done already.
                not_taken, run = run.not_taken, _Run(WarmProgress(), run.pace)
                await self._fill(not_taken, run)
            if self._is_stopped:
                raise failure(
                    Reason.DRAINING, "the process is shutting down; call again and reach another one"
                )
        finally:
            self._runs -= 1

    async def run_now_and_then(
        self,
        order: WarmOrder,
        *,
        on_start: bool,
        every_seconds: float | None,
        is_ready: Callable[[], bool],
    ) -> None:
        """Fills the cache at the start and on a schedule. Runs until cancelled, or until there is nothing to do."""
        if on_start:
            for _ in range(START_POLLS):
                if is_ready():
                    break
                await asyncio.sleep(START_POLL_SECONDS)
            await self._run_logged(order)
        while every_seconds is not None:
            await asyncio.sleep(every_seconds)
            await self._run_logged(order)

    async def _run_logged(self, order: WarmOrder) -> None:
        progress = WarmProgress()
        # Those who asked for warm-ups do it all already, or the process stops.
        with contextlib.suppress(ResourceExhausted, Unavailable):
            await self.run(order, progress)
            logger.info("cache_warmed", done=progress.done, failed=progress.failed, skipped=progress.skipped)

    async def _fill_company(self, cik: int, filings: int, run: _Run) -> None:
        await self._fill(company_requests(cik)[:-1], run)
        listing = company_requests(cik)[-1]
        run.progress.planned += 1
        # The list is needed in any case; it comes from the cache where it is there.
        body = await self._ask(listing, run, even_if_held=True)
        if body is not None and filings > 0:
            await self._fill(tuple(filing_requests(pb.ListFilingsResponse.FromString(body), filings)), run)

    async def _fill(self, keys: Iterable[Key], run: _Run) -> None:
        waiting = list(keys)
        run.progress.planned += len(waiting)
        running: set[asyncio.Task[bytes | None]] = set()
        try:
            for key in waiting:
                await self._at_once.acquire()
                if self._is_stopped:
                    self._at_once.release()
                    return
                task = asyncio.create_task(self._ask(key, run))
                running.add(task)
                task.add_done_callback(lambda _task: self._at_once.release())
                task.add_done_callback(running.discard)
            if running:
                await asyncio.gather(*running)
        finally:
            await tasks.end(*running)

    async def _ask(self, key: Key, run: _Run, *, even_if_held: bool = False) -> bytes | None:
        """Asks one question; the answer's bytes, if there is an answer and it was asked for."""
        method = self._methods.get(key[0])
        if method is not None and not even_if_held and self._reads.holds(method, key[1]):
            self._count(run.progress, "skipped")
            return None
        for _ in range(MOST_TRIES):
            await self._wait_for(run.pace)
            if self._is_stopped:
                return None
            try:
                if method is None:
                    break  # told by a process of another version
                async with self._slots.hold(WorkClass.WARMING):
                    reply = await self._reads.fill(method, key[1])
            except ResourceExhausted as error:
                await asyncio.sleep(error.retry_after or 1.0)
                continue
            except TenkayError:
                break
            except Exception as error:
                # A fault that a caller of this question would see too; it must not end the service's other work.
                logger.error("warming_failed", method=key[0], exc_info=error)
                break
            if isinstance(reply.error, ResourceExhausted):
                await asyncio.sleep(reply.error.retry_after or 1.0)
                continue
            if isinstance(reply.error, (Unavailable, DeadlineExceeded)):
                break
            self._count(run.progress, "done" if reply.level is Level.STORE else "skipped")
            if reply.error is None and not self._reads.holds(method, key[1]):
                run.not_taken.append(key)
            return reply.body if reply.error is None else None
        self._count(run.progress, "failed")
        return None

    async def _wait_for(self, pace: RateLimit) -> None:
        now = self._clock()
        wait = max(self._rate.reserve(now), pace.reserve(now))
        if wait > 0:
            await asyncio.sleep(wait)

    @staticmethod
    def _count(progress: WarmProgress, outcome: str) -> None:
        setattr(progress, outcome, getattr(progress, outcome) + 1)
        metrics.WARMED.labels(outcome).inc()

    def _questions(self, keys: Iterable[Key]) -> Iterable[Question[Message]]:
        for name, raw in keys:
            method = self._methods.get(name)
            # What hangs on another answer names its company only when that is known: it was asked for above.
            if method is not None and method.question is not None:
                with contextlib.suppress(TenkayError):  # counted as failed where it was asked
                    yield method.question(parse(method.request_type, raw))
