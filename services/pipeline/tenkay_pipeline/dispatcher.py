"""The dispatcher: hands what is due to the broker, a bounded number of filings at a time.

Records come first: a filing waits in the job records until its turn, so the broker never holds more than a window of
each stage and can lose all of it. When it does not answer, jobs are recorded and acknowledged all the same, and sent
when it is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from opentelemetry.trace import SpanKind

from tenkay.errors import TenkayError
from tenkay.runtime import tracing
from tenkay.runtime.logs import get_logger
from tenkay_pipeline.job_records import ROWS_AT_ONCE, Dispatch, JobRecords, RecordThreads
from tenkay_pipeline.jobs import Stage
from tenkay_pipeline.metrics import BROKER_UP, DISPATCHED
from tenkay_pipeline.task_messages import QUEUES, TaskMessage

LONGEST_SLEEP = timedelta(seconds=10)
BREATH_SECONDS = 0.02
"""Between two looks, so that what many workers say at once is looked at once."""
FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 5.0

logger = get_logger(__name__)


class BrokerUnavailable(Exception):
    """The broker does not answer, or refuses to take more."""


class Broker(Protocol):
    """Where tasks wait for workers. Its calls block."""

    def send(self, message: TaskMessage) -> None:
        """Put a task into its stage's queue. BrokerUnavailable."""

    def depth(self, stage: Stage) -> int:
        """Tasks that wait in a stage's queue; those that workers have taken ahead are not among them.

        BrokerUnavailable.
        """

    def memory(self) -> str:
        """A text that changes when the broker may have forgotten what it was told. BrokerUnavailable."""


class Dispatcher:
    """Sends due filings as tasks; tell it when something has become due, or will."""

    def __init__(
        self, records: RecordThreads, broker: Broker, *, window: int, clock: Callable[[], datetime]
    ) -> None:
        self._records = records
        self._broker = broker
        self._window = window
        self._clock = clock
        self._woken = asyncio.Event()
        self._to_look_at: set[Stage] = set(Stage)
        self._full: set[Stage] = set()
        """Stages of which more was due than there was room for."""
        self._look_at: datetime | None = None
        """When to look at all stages again, woken or not."""

    def wake(self, *stages: Stage) -> None:
        """Something has become due at these stages."""
        self._to_look_at.update(stages)
        self._woken.set()

    def wake_at(self, due_at: datetime) -> None:
        """Something will become due then."""
        if self._look_at is None or due_at < self._look_at:
            self._look_at = due_at
            self._woken.set()

    def room_made(self, stage: Stage) -> None:
        """A worker has asked about one of the tasks of `stage`."""
        if stage in self._full:
            self.wake(stage)

    async def run(self) -> None:
        """Dispatch for ever."""
        retry = FIRST_RETRY_SECONDS
        while True:
            self._woken.clear()
            stages, self._to_look_at = self._to_look_at, set()
            try:
                if self._look_at is None or self._look_at <= self._clock():
                    stages = set(Stage)
                    self._look_at = await self._next_look()
                await self.dispatch_due(stages)
            except (BrokerUnavailable, TenkayError) as error:
                # Nothing is lost by waiting: what was not sent is still due in the records.
                logger.warning("dispatch_put_off", cause=str(error), retry_seconds=retry)
                self._to_look_at |= stages
                await asyncio.sleep(retry)
                retry = min(retry * 2, LONGEST_RETRY_SECONDS)
                continue
            retry = FIRST_RETRY_SECONDS
            await asyncio.sleep(BREATH_SECONDS)
            try:
                async with asyncio.timeout(self._seconds_to_next_look()):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def dispatch_due(self, stages: Iterable[Stage] = tuple(Stage)) -> int:
        """Send what is due and has room; how many tasks were sent. BrokerUnavailable when some could not be."""
        sent = 0
        # What is nearest to its end goes first: filings are finished one after the other, not all at the last moment.
        for stage in sorted(stages, reverse=True):
            self._full.discard(stage)
            while True:
                claim = await self._records.run(
                    JobRecords.claim_due, stage, now=self._clock(), window=self._window
                )
                taken = 0
                try:
                    taken = await asyncio.to_thread(self._send_all, claim.dispatches)
                finally:
                    if taken < len(claim.dispatches):
                        await self._records.run(JobRecords.unclaim, claim.dispatches[taken:])
                sent += taken
                if taken < len(claim.dispatches):
                    BROKER_UP.set(0)
                    raise BrokerUnavailable(f"{len(claim.dispatches) - taken} tasks were not taken")
                if claim.dispatches:
                    BROKER_UP.set(1)
                if claim.room_left == 0:
                    self._full.add(stage)
                if claim.room_left == 0 or len(claim.dispatches) < ROWS_AT_ONCE:
                    break
        return sent

    def _send_all(self, dispatches: Sequence[Dispatch]) -> int:
        """How many of them, from the first, the broker took."""
        for position, dispatch in enumerate(dispatches):
            try:
                self._send(dispatch)
            except BrokerUnavailable as error:
                logger.warning("dispatch_failed", queue=QUEUES[dispatch.stage], cause=str(error))
                return position
        return len(dispatches)

    def _send(self, dispatch: Dispatch) -> None:
        queue = QUEUES[dispatch.stage]
        with (
            tracing.remote_parent(dispatch.traceparent),
            tracing.span(
                "pipeline.dispatch",
                {
                    "messaging.system": "celery",
                    "messaging.destination.name": queue,
                    "messaging.operation.type": "send",
                    "sec.accession_number": dispatch.accession_number,
                },
                kind=SpanKind.PRODUCER,
            ),
        ):
            self._broker.send(
                TaskMessage(dispatch.job_id, dispatch.accession_number, dispatch.stage, tracing.inject())
            )
        DISPATCHED.labels(queue).inc()

    async def _next_look(self) -> datetime:
        now = self._clock()
        due = await self._records.run(JobRecords.next_due, after=now)
        return now + LONGEST_SLEEP if due is None else min(due, now + LONGEST_SLEEP)

    def _seconds_to_next_look(self) -> float:
        if self._look_at is None:
            return 0.0
        return max(0.0, (self._look_at - self._clock()).total_seconds())
