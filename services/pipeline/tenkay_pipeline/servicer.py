"""PipelineService and WorkerService: protobuf on one side, jobs and leases on the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from tenkay import page_tokens, sequences
from tenkay.common.v1 import errors_pb2
from tenkay.days import day_in, day_of
from tenkay.errors import Reason, failure
from tenkay.identifiers import require_accession_number
from tenkay.pipeline.v1 import pipeline_service_pb2 as pb
from tenkay.pipeline.v1 import pipeline_service_pb2_grpc, worker_service_pb2_grpc
from tenkay.pipeline.v1 import worker_service_pb2 as worker_pb
from tenkay.runtime import tracing
from tenkay_pipeline.job_desk import JobDesk
from tenkay_pipeline.jobs import MAX_DETAIL_CHARACTERS, Failure, Item, ItemState, Job, Listing, Stage
from tenkay_pipeline.lease_desk import LeaseDesk
from tenkay_pipeline.leases import Lease
from tenkay_pipeline.listing_messages import from_datetime, from_listing, to_datetime
from tenkay_pipeline.submission import FiledRange, Selection, select

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000


class PipelineServicer(pipeline_service_pb2_grpc.PipelineServiceServicer):
    """For those who submit."""

    def __init__(self, desk: JobDesk) -> None:
        self._desk = desk

    async def SubmitFilings(
        self, request: pb.SubmitFilingsRequest, _context: Any
    ) -> pb.SubmitFilingsResponse:
        job = await self._desk.submit(_selection(request), tracing.inject())
        return pb.SubmitFilingsResponse(job=_job(job))

    async def GetJob(self, request: pb.GetJobRequest, _context: Any) -> pb.GetJobResponse:
        return pb.GetJobResponse(job=_job(await self._desk.job(_require(request.job_id, "job_id"))))

    async def ListJobItems(self, request: pb.ListJobItemsRequest, _context: Any) -> pb.ListJobItemsResponse:
        job_id = _require(request.job_id, "job_id")
        size = page_tokens.page_size(request.page_size, default=DEFAULT_PAGE_SIZE, maximum=MAX_PAGE_SIZE)
        bound_to = f"ListJobItems/{job_id}/{request.state}".encode()
        after_position = -1
        if request.page_token:
            position = page_tokens.decode(request.page_token, bound_to).get("after")
            after_position = position if isinstance(position, int) else -1
        items = await self._desk.items(
            job_id, state=_item_state(request.state), after_position=after_position, limit=size + 1
        )
        page = items[:size]
        more = len(items) > size
        return pb.ListJobItemsResponse(
            items=map(_item, page),
            next_page_token=page_tokens.encode({"after": page[-1].position}, bound_to) if more else "",
        )

    async def WatchJob(
        self, request: pb.WatchJobRequest, _context: Any
    ) -> AsyncIterator[pb.WatchJobResponse]:
        async for job in self._desk.watch(_require(request.job_id, "job_id")):
            yield pb.WatchJobResponse(job=_job(job))


class WorkerServicer(worker_service_pb2_grpc.WorkerServiceServicer):
    """For the workers."""

    def __init__(self, desk: LeaseDesk) -> None:
        self._desk = desk

    async def AcquireLease(
        self, request: worker_pb.AcquireLeaseRequest, _context: Any
    ) -> worker_pb.AcquireLeaseResponse:
        granted = await self._desk.acquire(
            _require(request.job_id, "job_id"),
            require_accession_number(request.accession_number, "accession_number"),
            _stage(request.stage, "stage"),
            _require(request.worker, "worker"),
        )
        if granted is None:
            return worker_pb.AcquireLeaseResponse()
        return worker_pb.AcquireLeaseResponse(
            lease=_from_lease(granted.lease),
            listing=from_listing(granted.listing),
            min_sequence=granted.min_sequence,
        )

    async def Heartbeat(
        self, request: worker_pb.HeartbeatRequest, _context: Any
    ) -> worker_pb.HeartbeatResponse:
        kept = await self._desk.keep(_lease(request.lease))
        return worker_pb.HeartbeatResponse(lease=_from_lease(kept))

    async def CompleteStage(
        self, request: worker_pb.CompleteStageRequest, _context: Any
    ) -> worker_pb.CompleteStageResponse:
        lease = _lease(request.lease)
        sequences.parse(request.sequence)
        filing = request.filing
        if request.HasField("filing") and filing.accession_number != lease.accession_number:
            raise failure(
                Reason.INVALID_FIELD,
                f"the lease is of {lease.accession_number}, the filing is {filing.accession_number!r}",
                field="filing.accession_number",
            )
        await self._desk.complete(
            lease,
            sequence=request.sequence,
            cik=filing.cik if filing.HasField("cik") else None,
            primary_document=filing.primary_document or None,
        )
        return worker_pb.CompleteStageResponse()

    async def FailStage(
        self, request: worker_pb.FailStageRequest, _context: Any
    ) -> worker_pb.FailStageResponse:
        reported = Failure(
            reason=_reason(request.reason),
            detail=request.detail[:MAX_DETAIL_CHARACTERS],
            retryable=request.retryable,
            retry_after=(
                timedelta(milliseconds=request.retry_after.ToMilliseconds())
                if request.HasField("retry_after")
                else None
            ),
        )
        return worker_pb.FailStageResponse(will_retry=await self._desk.fail(_lease(request.lease), reported))


def _selection(request: pb.SubmitFilingsRequest) -> Selection:
    filed: FiledRange | None = None
    if request.HasField("filed"):
        for end in ("from", "to"):
            if not request.filed.HasField(end):
                raise failure(
                    Reason.INVALID_FIELD, "a range of days needs its first and its last", field=f"filed.{end}"
                )
        filed = FiledRange(
            first=day_of(getattr(request.filed, "from"), "filed.from"),
            last=day_of(request.filed.to, "filed.to"),
        )
    return select(
        request_id=request.request_id,
        tickers=request.tickers,
        ciks=request.ciks,
        filings=[
            Listing(
                accession_number=filing.accession_number,
                cik=filing.cik if filing.HasField("cik") else None,
                primary_document=filing.primary_document or None,
            )
            for filing in request.filings
        ],
        filed=filed,
        forms=request.forms,
        include_amendments=request.include_amendments,
        since=day_in(request, "since"),
        limit_per_company=request.limit_per_company,
    )


def _job(job: Job) -> pb.Job:
    return pb.Job(
        id=job.id,
        created_at=from_datetime(job.created_at),
        finished_at=from_datetime(job.finished_at) if job.finished_at is not None else None,
        counts=pb.JobCounts(
            total=job.counts.total,
            fetched=job.counts.fetched,
            extracted=job.counts.extracted,
            stored=job.counts.stored,
            failed=job.counts.failed,
            running=job.counts.running,
        ),
        sequence=job.sequence,
    )


def _item(item: Item) -> pb.JobItem:
    return pb.JobItem(
        listing=from_listing(item.listing),
        stage=pb.Stage.ValueType(item.stage),
        state=pb.ItemState.ValueType(item.state),
        attempts=item.attempts,
        reason=(
            errors_pb2.ErrorReason.Value(f"ERROR_REASON_{item.reason.value}")
            if item.reason is not None
            else errors_pb2.ERROR_REASON_UNSPECIFIED
        ),
        detail=item.detail,
        sequence=item.sequence,
    )


def _item_state(number: int) -> ItemState | None:
    if number == pb.ITEM_STATE_UNSPECIFIED:
        return None
    try:
        return ItemState(number)
    except ValueError:
        raise failure(Reason.INVALID_FIELD, f"{number} is not a state", field="state") from None


def _stage(number: int, field: str) -> Stage:
    try:
        return Stage(number)
    except ValueError:
        raise failure(Reason.INVALID_FIELD, f"{number} is not a stage", field=field) from None


def _lease(message: worker_pb.Lease) -> Lease:
    return Lease(
        job_id=_require(message.job_id, "lease.job_id"),
        accession_number=require_accession_number(message.accession_number, "lease.accession_number"),
        stage=_stage(message.stage, "lease.stage"),
        token=message.token,
        expires_at=to_datetime(message.expires_at, "lease.expires_at"),
    )


def _from_lease(lease: Lease) -> worker_pb.Lease:
    return worker_pb.Lease(
        job_id=lease.job_id,
        accession_number=lease.accession_number,
        stage=pb.Stage.ValueType(lease.stage),
        token=lease.token,
        expires_at=from_datetime(lease.expires_at),
    )


def _reason(number: int) -> Reason:
    """The reason of an enum value; INTERNAL for one that a newer worker knows and this service does not."""
    if number == errors_pb2.ERROR_REASON_UNSPECIFIED:
        raise failure(Reason.INVALID_FIELD, "a failed stage needs its reason", field="reason")
    try:
        name = errors_pb2.ErrorReason.Name(errors_pb2.ErrorReason.ValueType(number))
        return Reason(name.removeprefix("ERROR_REASON_"))
    except ValueError:
        return Reason.INTERNAL


def _require(text: str, field: str) -> str:
    if text:
        return text
    raise failure(Reason.INVALID_FIELD, f"{field} is required", field=field)
