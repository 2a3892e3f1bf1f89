"""The dispatcher: hands what is due to the broker, a bounded number of filings at a time.

Records come first: a filing waits in the job records until its turn, so the broker never holds more than a window of
each stage and can lose all of it. When it does not answer, jobs are recorded and acknowledged all the same, and sent
when it is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from opentelemetry.trace import SpanKind

from tenkay.errors import TenkayError
from tenkay.runtime import tracing
from tenkay.runtime.logs import get_logger
from tenkay_pipeline.job_records import Dispatch, JobRecords, RecordThreads
from tenkay_pipeline.jobs import Stage
from tenkay_pipeline.metrics import BROKER_UP, DISPATCHED
from tenkay_pipeline.task_messages import QUEUES, TaskMessage

LONGEST_SLEEP_SECONDS = 30.0
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
    """Sends due filings as tasks; `wake` it when something has become due."""

    def __init__(
        self, records: RecordThreads, broker: Broker, *, window: int, clock: Callable[[], datetime]
    ) -> None:
        self._records = records
        self._broker = broker
        self._window = window
        self._clock = clock
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for due filings soon."""
        self._woken.set()

    async def run(self) -> None:
        """Dispatch for ever."""
        retry = FIRST_RETRY_SECONDS
        while True:
            self._woken.clear()
            try:
                await self.dispatch_due()
                sleep = await self._seconds_to_next()
            except (BrokerUnavailable, TenkayError) as error:
                # Nothing is lost by waiting: what was not sent is still due in the records.
                logger.warning("dispatch_put_off", cause=str(error), retry_seconds=retry)
                await asyncio.sleep(retry)
                retry = min(retry * 2, LONGEST_RETRY_SECONDS)
                continue
            retry = FIRST_RETRY_SECONDS
            try:
                async with asyncio.timeout(sleep):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def dispatch_due(self) -> int:
        """Send what is due and has room; how many tasks were sent. BrokerUnavailable when some could not be."""
        sent = 0
        # What is nearest to its end goes first: filings are finished one after the other, not all at the last moment.
        for stage in reversed(Stage):
            while claimed := await self._records.run(
                JobRecords.claim_due, stage, now=self._clock(), window=self._window
            ):
                taken = 0
                try:
                    taken = await asyncio.to_thread(self._send_all, claimed)
                finally:
                    if taken < len(claimed):
                        await self._records.run(JobRecords.unclaim, claimed[taken:])
                sent += taken
                if taken < len(claimed):
                    BROKER_UP.set(0)
                    raise BrokerUnavailable(f"{len(claimed) - taken} tasks were not taken")
                BROKER_UP.set(1)
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

    async def _seconds_to_next(self) -> float:
        due = await self._records.run(JobRecords.next_due)
        if due is None:
            return LONGEST_SLEEP_SECONDS
        # What is due already waits for room in the window, which a grant makes: it wakes the dispatcher.
        seconds = (due - self._clock()).total_seconds()
        return LONGEST_SLEEP_SECONDS if seconds <= 0 else min(seconds, LONGEST_SLEEP_SECONDS)
