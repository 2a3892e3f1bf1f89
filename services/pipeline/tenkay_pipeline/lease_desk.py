"""What workers ask of the pipeline: leases granted, kept and settled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from tenkay.runtime.logs import get_logger
from tenkay_pipeline.dispatcher import Dispatcher
from tenkay_pipeline.job_records import Granted, JobRecords, RecordThreads, Settled
from tenkay_pipeline.jobs import Failure, ItemState, RetryPolicy, Stage, stage_after
from tenkay_pipeline.leases import Lease
from tenkay_pipeline.metrics import LEASES_GRANTED, LEASES_REFUSED, STAGE_FAILURES, STAGE_SECONDS

logger = get_logger(__name__)


class LeaseDesk:
    """Grants, keeps and settles leases, and wakes the dispatcher for what follows."""

    def __init__(
        self,
        records: RecordThreads,
        dispatcher: Dispatcher,
        policy: RetryPolicy,
        lease_length: timedelta,
        clock: Callable[[], datetime],
        random: Callable[[], float],
    ) -> None:
        self._records = records
        self._dispatcher = dispatcher
        self._policy = policy
        self._lease_length = lease_length
        self._clock = clock
        self._random = random

    async def acquire(self, job_id: str, accession_number: str, stage: Stage, worker: str) -> Granted | None:
        """The lease of the stage when it is the one waiting and due, else None. JOB_UNKNOWN."""
        granted = await self._records.run(
            JobRecords.acquire,
            job_id,
            accession_number,
            stage,
            now=self._clock(),
            length=self._lease_length,
            policy=self._policy,
            jitter=self._random(),
        )
        if granted is None:
            LEASES_REFUSED.labels(stage.name).inc()
            logger.info(
                "lease_refused",
                job_id=job_id,
                accession_number=accession_number,
                stage=stage.name,
                worker=worker,
            )
            return None
        LEASES_GRANTED.labels(stage.name).inc()
        logger.debug(
            "lease_granted",
            job_id=job_id,
            accession_number=accession_number,
            stage=stage.name,
            token=granted.lease.token,
            worker=worker,
        )
        self._dispatcher.room_made(stage)
        return granted

    async def keep(self, lease: Lease) -> Lease:
        """The lease with its new end. STALE_LEASE."""
        return await self._records.run(JobRecords.keep, lease, now=self._clock(), length=self._lease_length)

    async def complete(
        self, lease: Lease, *, sequence: str, cik: int | None, primary_document: str | None
    ) -> None:
        """The stage is done. STALE_LEASE."""
        settled = await self._records.run(
            JobRecords.complete,
            lease,
            sequence=sequence,
            cik=cik,
            primary_document=primary_document,
            now=self._clock(),
        )
        following = stage_after(lease.stage)
        if following is not None:
            self._dispatcher.wake(following)
        _note(lease, settled, "completed")

    async def fail(self, lease: Lease, reported: Failure) -> bool:
        """The stage failed; True when it will be tried again. STALE_LEASE."""
        settled = await self._records.run(
            JobRecords.fail,
            lease,
            reported,
            now=self._clock(),
            policy=self._policy,
            jitter=self._random(),
        )
        will_retry = settled.item.state is not ItemState.FAILED
        if not settled.repeated:
            STAGE_FAILURES.labels(lease.stage.name, reported.reason.value).inc()
            logger.warning(
                "stage_failed",
                job_id=lease.job_id,
                accession_number=lease.accession_number,
                stage=lease.stage.name,
                reason=reported.reason.value,
                detail=reported.detail,
                attempt=settled.item.attempts,
                will_retry=will_retry,
            )
        if will_retry:
            self._dispatcher.wake_at(settled.item.due_at)
        _note(lease, settled, "retry" if will_retry else "failed")
        return will_retry


def _note(lease: Lease, settled: Settled, outcome: str) -> None:
    if not settled.repeated:
        STAGE_SECONDS.labels(lease.stage.name, outcome).observe(settled.seconds)
