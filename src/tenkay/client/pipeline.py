"""GENERATED from the protos of tenkay.pipeline.v1 by scripts/generate_clients.py; never edited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator

from google.protobuf import duration_pb2

from tenkay.client.caller import AsyncCaller, SequenceFloor, SyncCaller
from tenkay.client.endpoint import Endpoint
from tenkay.common.v1 import date_pb2, errors_pb2, filing_pb2
from tenkay.pipeline.v1 import (
    pipeline_service_pb2,
    pipeline_service_pb2_grpc,
    worker_service_pb2,
    worker_service_pb2_grpc,
)


class AsyncPipelineClient(AsyncCaller):
    """Async client of tenkay.pipeline.v1.PipelineService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.pipeline.v1.PipelineService", floor)
        self._stub = pipeline_service_pb2_grpc.PipelineServiceStub(self._channel)

    async def submit_filings(
        self,
        *,
        request_id: str = "",
        tickers: Iterable[str] = (),
        ciks: Iterable[int] = (),
        filings: Iterable[filing_pb2.FilingRef] = (),
        filed: pipeline_service_pb2.FiledRange | None = None,
        forms: Iterable[str] = (),
        include_amendments: bool = False,
        since: date_pb2.Date | None = None,
        limit_per_company: int = 0,
        timeout: float | None = None,
    ) -> pipeline_service_pb2.SubmitFilingsResponse:
        """SubmitFilings of PipelineService."""
        return await self._unary(
            self._stub.SubmitFilings,
            "SubmitFilings",
            pipeline_service_pb2.SubmitFilingsRequest(
                request_id=request_id,
                tickers=tickers,
                ciks=ciks,
                filings=filings,
                filed=filed,
                forms=forms,
                include_amendments=include_amendments,
                since=since,
                limit_per_company=limit_per_company,
            ),
            timeout,
        )

    async def get_job(
        self, *, job_id: str = "", timeout: float | None = None
    ) -> pipeline_service_pb2.GetJobResponse:
        """GetJob of PipelineService."""
        return await self._unary(
            self._stub.GetJob, "GetJob", pipeline_service_pb2.GetJobRequest(job_id=job_id), timeout
        )

    async def list_job_items(
        self,
        *,
        job_id: str = "",
        state: pipeline_service_pb2.ItemState.ValueType = pipeline_service_pb2.ITEM_STATE_UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> pipeline_service_pb2.ListJobItemsResponse:
        """ListJobItems of PipelineService."""
        return await self._unary(
            self._stub.ListJobItems,
            "ListJobItems",
            pipeline_service_pb2.ListJobItemsRequest(
                job_id=job_id, state=state, page_size=page_size, page_token=page_token
            ),
            timeout,
        )

    def watch_job(
        self, *, job_id: str = "", timeout: float | None = None
    ) -> AsyncIterator[pipeline_service_pb2.WatchJobResponse]:
        """WatchJob of PipelineService."""
        return self._stream(
            self._stub.WatchJob, "WatchJob", pipeline_service_pb2.WatchJobRequest(job_id=job_id), timeout
        )


class PipelineClient(SyncCaller):
    """Sync client of tenkay.pipeline.v1.PipelineService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.pipeline.v1.PipelineService", floor)
        self._stub = pipeline_service_pb2_grpc.PipelineServiceStub(self._channel)

    def submit_filings(
        self,
        *,
        request_id: str = "",
        tickers: Iterable[str] = (),
        ciks: Iterable[int] = (),
        filings: Iterable[filing_pb2.FilingRef] = (),
        filed: pipeline_service_pb2.FiledRange | None = None,
        forms: Iterable[str] = (),
        include_amendments: bool = False,
        since: date_pb2.Date | None = None,
        limit_per_company: int = 0,
        timeout: float | None = None,
    ) -> pipeline_service_pb2.SubmitFilingsResponse:
        """SubmitFilings of PipelineService."""
        return self._unary(
            self._stub.SubmitFilings,
            "SubmitFilings",
            pipeline_service_pb2.SubmitFilingsRequest(
                request_id=request_id,
                tickers=tickers,
                ciks=ciks,
                filings=filings,
                filed=filed,
                forms=forms,
                include_amendments=include_amendments,
                since=since,
                limit_per_company=limit_per_company,
            ),
            timeout,
        )

    def get_job(
        self, *, job_id: str = "", timeout: float | None = None
    ) -> pipeline_service_pb2.GetJobResponse:
        """GetJob of PipelineService."""
        return self._unary(
            self._stub.GetJob, "GetJob", pipeline_service_pb2.GetJobRequest(job_id=job_id), timeout
        )

    def list_job_items(
        self,
        *,
        job_id: str = "",
        state: pipeline_service_pb2.ItemState.ValueType = pipeline_service_pb2.ITEM_STATE_UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> pipeline_service_pb2.ListJobItemsResponse:
        """ListJobItems of PipelineService."""
        return self._unary(
            self._stub.ListJobItems,
            "ListJobItems",
            pipeline_service_pb2.ListJobItemsRequest(
                job_id=job_id, state=state, page_size=page_size, page_token=page_token
            ),
            timeout,
        )

    def watch_job(
        self, *, job_id: str = "", timeout: float | None = None
    ) -> Iterator[pipeline_service_pb2.WatchJobResponse]:
        """WatchJob of PipelineService."""
        return self._stream(
            self._stub.WatchJob, "WatchJob", pipeline_service_pb2.WatchJobRequest(job_id=job_id), timeout
        )


class AsyncWorkerClient(AsyncCaller):
    """Async client of tenkay.pipeline.v1.WorkerService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.pipeline.v1.WorkerService", floor)
        self._stub = worker_service_pb2_grpc.WorkerServiceStub(self._channel)

    async def acquire_lease(
        self,
        *,
        job_id: str = "",
        accession_number: str = "",
        stage: pipeline_service_pb2.Stage.ValueType = pipeline_service_pb2.STAGE_UNSPECIFIED,
        worker: str = "",
        timeout: float | None = None,
    ) -> worker_service_pb2.AcquireLeaseResponse:
        """AcquireLease of WorkerService."""
        return await self._unary(
            self._stub.AcquireLease,
            "AcquireLease",
            worker_service_pb2.AcquireLeaseRequest(
                job_id=job_id, accession_number=accession_number, stage=stage, worker=worker
            ),
            timeout,
        )

    async def heartbeat(
        self, *, lease: worker_service_pb2.Lease | None = None, timeout: float | None = None
    ) -> worker_service_pb2.HeartbeatResponse:
        """Heartbeat of WorkerService."""
        return await self._unary(
            self._stub.Heartbeat, "Heartbeat", worker_service_pb2.HeartbeatRequest(lease=lease), timeout
        )

    async def complete_stage(
        self,
        *,
        lease: worker_service_pb2.Lease | None = None,
        sequence: str = "",
        filing: filing_pb2.FilingRef | None = None,
        timeout: float | None = None,
    ) -> worker_service_pb2.CompleteStageResponse:
        """CompleteStage of WorkerService."""
        return await self._unary(
            self._stub.CompleteStage,
            "CompleteStage",
            worker_service_pb2.CompleteStageRequest(lease=lease, sequence=sequence, filing=filing),
            timeout,
        )

    async def fail_stage(
        self,
        *,
        lease: worker_service_pb2.Lease | None = None,
        reason: errors_pb2.ErrorReason.ValueType = errors_pb2.ERROR_REASON_UNSPECIFIED,
        detail: str = "",
        retryable: bool = False,
        retry_after: duration_pb2.Duration | None = None,
        timeout: float | None = None,
    ) -> worker_service_pb2.FailStageResponse:
        """FailStage of WorkerService."""
        return await self._unary(
            self._stub.FailStage,
            "FailStage",
            worker_service_pb2.FailStageRequest(
                lease=lease, reason=reason, detail=detail, retryable=retryable, retry_after=retry_after
            ),
            timeout,
        )


class WorkerClient(SyncCaller):
    """Sync client of tenkay.pipeline.v1.WorkerService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.pipeline.v1.WorkerService", floor)
        self._stub = worker_service_pb2_grpc.WorkerServiceStub(self._channel)

    def acquire_lease(
        self,
        *,
        job_id: str = "",
        accession_number: str = "",
        stage: pipeline_service_pb2.Stage.ValueType = pipeline_service_pb2.STAGE_UNSPECIFIED,
        worker: str = "",
        timeout: float | None = None,
    ) -> worker_service_pb2.AcquireLeaseResponse:
        """AcquireLease of WorkerService."""
        return self._unary(
            self._stub.AcquireLease,
            "AcquireLease",
            worker_service_pb2.AcquireLeaseRequest(
                job_id=job_id, accession_number=accession_number, stage=stage, worker=worker
            ),
            timeout,
        )

    def heartbeat(
        self, *, lease: worker_service_pb2.Lease | None = None, timeout: float | None = None
    ) -> worker_service_pb2.HeartbeatResponse:
        """Heartbeat of WorkerService."""
        return self._unary(
            self._stub.Heartbeat, "Heartbeat", worker_service_pb2.HeartbeatRequest(lease=lease), timeout
        )

    def complete_stage(
        self,
        *,
        lease: worker_service_pb2.Lease | None = None,
        sequence: str = "",
        filing: filing_pb2.FilingRef | None = None,
        timeout: float | None = None,
    ) -> worker_service_pb2.CompleteStageResponse:
        """CompleteStage of WorkerService."""
        return self._unary(
            self._stub.CompleteStage,
            "CompleteStage",
            worker_service_pb2.CompleteStageRequest(lease=lease, sequence=sequence, filing=filing),
            timeout,
        )

    def fail_stage(
        self,
        *,
        lease: worker_service_pb2.Lease | None = None,
        reason: errors_pb2.ErrorReason.ValueType = errors_pb2.ERROR_REASON_UNSPECIFIED,
        detail: str = "",
        retryable: bool = False,
        retry_after: duration_pb2.Duration | None = None,
        timeout: float | None = None,
    ) -> worker_service_pb2.FailStageResponse:
        """FailStage of WorkerService."""
        return self._unary(
            self._stub.FailStage,
            "FailStage",
            worker_service_pb2.FailStageRequest(
                lease=lease, reason=reason, detail=detail, retryable=retryable, retry_after=retry_after
            ),
            timeout,
        )
