"""One task: ask for the lease, do the stage while keeping it, say how it went.

Without a lease nothing is done, so a task may be delivered twice, late or for nothing. When the pipeline cannot be told
how it went, the lease runs out and the stage is done again, which changes nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration

from tenkay.client.pipeline import WorkerClient
from tenkay.common.v1 import errors_pb2
from tenkay.errors import (
    Aborted,
    DeadlineExceeded,
    NotFound,
    Reason,
    ResourceExhausted,
    TenkayError,
    Unavailable,
    failure,
)
from tenkay.pipeline.v1 import pipeline_service_pb2 as pb
from tenkay.pipeline.v1 import worker_service_pb2 as worker_pb
from tenkay.runtime.call import CURRENT_DEADLINE
from tenkay.runtime.logs import get_logger
from tenkay.store.v1 import filing_store_service_pb2 as store_pb
from tenkay_pipeline.held_lease import HeldLease
from tenkay_pipeline.jobs import MAX_DETAIL_CHARACTERS, may_pass
from tenkay_pipeline.stage_work import Assignment, Done, Services, do_stage
from tenkay_pipeline.task_messages import TaskMessage

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
TELLING_MARGIN_SECONDS = 5.0
"""Kept back from a stage's time to tell the pipeline that it took too long."""

T = TypeVar("T")

logger = get_logger(__name__)


class Outcome(StrEnum):
    """How a task ended."""

    COMPLETED = "completed"
    RETRY = "retry"
    FAILED = "failed"
    NOTHING_TO_DO = "nothing_to_do"
    """No lease was granted: somebody else has it, or has done it."""
    LEASE_LOST = "lease_lost"
    """The stage was done, or failed, but the lease had been given to somebody else."""
    UNTOLD = "untold"
    """The pipeline could not be told; the stage will be done again."""


@dataclass(frozen=True, slots=True)
class TaskLimits:
    """How long a task may do what, in seconds."""

    stage_seconds: float
    acquire_seconds: float
    settle_seconds: float
    heartbeat_seconds: float


class SoftTimeLimit(Exception):
    """The stage has used up its time; raised into it from outside."""


def run_task(
    message: TaskMessage,
    *,
    worker: str,
    pipeline: WorkerClient,
    services: Services,
    limits: TaskLimits,
    time_is_up: type[BaseException] = SoftTimeLimit,
) -> Outcome:
    """Do the stage a message names. `time_is_up` is what is raised into it when its time is over.

    Unavailable, ResourceExhausted or DeadlineExceeded when the pipeline does not answer within
    `limits.acquire_seconds`: then the task has done nothing and should come again.
    """
    try:
        answer = _insist(
            lambda: pipeline.acquire_lease(
                job_id=message.job_id,
                accession_number=message.accession_number,
                stage=pb.Stage.ValueType(message.stage),
                worker=worker,
            ),
            limits.acquire_seconds,
        )
    except NotFound as error:
        logger.warning("task_of_unknown_job", job_id=message.job_id, cause=str(error))
        return Outcome.NOTHING_TO_DO
    if not answer.HasField("lease"):
        return Outcome.NOTHING_TO_DO

    lease = answer.lease
    # Tokens rise with each grant whatever the job; of two jobs neither's lease makes the other's stale.
    fence = store_pb.LeaseFence(scope=lease.job_id, token=lease.token)
    assignment = Assignment(answer.listing, answer.min_sequence, fence)
    try:
        with (
            HeldLease(pipeline, lease, heartbeat_seconds=limits.heartbeat_seconds) as held,
            _deadline(limits.stage_seconds - TELLING_MARGIN_SECONDS),
        ):
            done = do_stage(message.stage, assignment, services, held.require)
    except time_is_up:
        late = failure(
            Reason.DEADLINE_EXCEEDED, f"the stage took longer than its {limits.stage_seconds:.0f} seconds"
        )
        return _tell_failure(pipeline, lease, late, limits)
    except TenkayError as error:
        return _tell_failure(pipeline, lease, error, limits)
    except Exception as error:
        error_id = secrets.token_hex(8)
        logger.error("stage_failed_unexpectedly", error_id=error_id, exc_info=error)
        unexpected = failure(
            Reason.INTERNAL,
            f"the worker failed unexpectedly; its log has the cause under error_id {error_id}",
            metadata={"error_id": error_id},
        )
        return _tell_failure(pipeline, lease, unexpected, limits)
    return _tell_done(pipeline, lease, done, limits)


def _tell_done(pipeline: WorkerClient, lease: worker_pb.Lease, done: Done, limits: TaskLimits) -> Outcome:
    def tell() -> Outcome:
        pipeline.complete_stage(lease=lease, sequence=done.sequence, filing=done.filing)
        return Outcome.COMPLETED

    return _settle(tell, lease, limits)


def _tell_failure(
    pipeline: WorkerClient, lease: worker_pb.Lease, error: TenkayError, limits: TaskLimits
) -> Outcome:
    retry_after: Duration | None = None
    if error.retry_after is not None:
        retry_after = Duration()
        retry_after.FromMilliseconds(int(error.retry_after * 1000))

    def tell() -> Outcome:
        answer = pipeline.fail_stage(
            lease=lease,
            reason=errors_pb2.ErrorReason.Value(f"ERROR_REASON_{error.reason.value}"),
            detail=error.message[:MAX_DETAIL_CHARACTERS],
            retryable=may_pass(error.reason),
            retry_after=retry_after,
        )
        return Outcome.RETRY if answer.will_retry else Outcome.FAILED

    if error.reason is Reason.STALE_LEASE:
        return Outcome.LEASE_LOST
    return _settle(tell, lease, limits)


def _settle(tell: Callable[[], Outcome], lease: worker_pb.Lease, limits: TaskLimits) -> Outcome:
    try:
        return _insist(tell, limits.settle_seconds)
    except Aborted as error:
        logger.warning("lease_lost", token=lease.token, cause=str(error))
        return Outcome.LEASE_LOST
    except TenkayError as error:
        logger.error("outcome_untold", token=lease.token, cause=str(error))
        return Outcome.UNTOLD


def _insist(call: Callable[[], T], seconds: float) -> T:
    """The answer of `call`, asked again for `seconds` while it cannot be reached; then its last error."""
    give_up_at = time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return call()
        except (Unavailable, DeadlineExceeded, ResourceExhausted):
            if time.monotonic() + pause > give_up_at:
                raise
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Lets no call inside the block go on for longer."""
    token = CURRENT_DEADLINE.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        CURRENT_DEADLINE.reset(token)
