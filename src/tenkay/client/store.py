"""GENERATED from the protos of tenkay.store.v1 by scripts/generate_clients.py; never edited."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

from tenkay.client.caller import AsyncCaller, SequenceFloor, SyncCaller
from tenkay.client.endpoint import Endpoint
from tenkay.common.v1 import (
    aggregate_pb2,
    analysis_pb2,
    company_figures_pb2,
    date_pb2,
    dispute_pb2,
    extraction_pb2,
    fact_pb2,
    filing_pb2,
    read_pb2,
    series_pb2,
    signal_pb2,
)
from tenkay.store.v1 import (
    artifact_service_pb2,
    artifact_service_pb2_grpc,
    change_feed_service_pb2,
    change_feed_service_pb2_grpc,
    filing_store_service_pb2,
    filing_store_service_pb2_grpc,
    signal_analytics_service_pb2,
    signal_analytics_service_pb2_grpc,
    store_admin_service_pb2,
    store_admin_service_pb2_grpc,
)


class AsyncArtifactClient(AsyncCaller):
    """Async client of tenkay.store.v1.ArtifactService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.store.v1.ArtifactService", floor)
        self._stub = artifact_service_pb2_grpc.ArtifactServiceStub(self._channel)

    async def put_artifact(
        self,
        *,
        requests: AsyncIterable[artifact_service_pb2.PutArtifactRequest]
        | Iterable[artifact_service_pb2.PutArtifactRequest],
        timeout: float | None = None,
    ) -> artifact_service_pb2.PutArtifactResponse:
        """PutArtifact of ArtifactService."""
        return await self._upload(self._stub.PutArtifact, "PutArtifact", requests, timeout)

    def get_facts(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        concepts: Iterable[str] = (),
        period_from: date_pb2.Date | None = None,
        period_to: date_pb2.Date | None = None,
        scope: fact_pb2.FactScope.ValueType = fact_pb2.FACT_SCOPE_UNSPECIFIED,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        offset: int = 0,
        limit: int | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[artifact_service_pb2.GetFactsResponse]:
        """GetFacts of ArtifactService."""
        return self._stream(
            self._stub.GetFacts,
            "GetFacts",
            artifact_service_pb2.GetFactsRequest(
                filing=filing,
                concepts=concepts,
                period_from=period_from,
                period_to=period_to,
                scope=scope,
                as_of=as_of,
                min_sequence=min_sequence,
                offset=offset,
                limit=limit,
            ),
            timeout,
        )

    def read_text(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        document: str = "",
        sha256: str = "",
        start: int = 0,
        end: int | None = None,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> AsyncIterator[artifact_service_pb2.ReadTextResponse]:
        """ReadText of ArtifactService."""
        return self._stream(
            self._stub.ReadText,
            "ReadText",
            artifact_service_pb2.ReadTextRequest(
                filing=filing,
                document=document,
                sha256=sha256,
                start=start,
                end=end,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    async def read_passages(
        self,
        *,
        passages: Iterable[artifact_service_pb2.PassageRange] = (),
        min_sequence: str = "",
        filing: filing_pb2.FilingRef | None = None,
        as_of: read_pb2.AsOf | None = None,
        timeout: float | None = None,
    ) -> artifact_service_pb2.ReadPassagesResponse:
        """ReadPassages of ArtifactService."""
        return await self._unary(
            self._stub.ReadPassages,
            "ReadPassages",
            artifact_service_pb2.ReadPassagesRequest(
                passages=passages, min_sequence=min_sequence, filing=filing, as_of=as_of
            ),
            timeout,
        )


class ArtifactClient(SyncCaller):
    """Sync client of tenkay.store.v1.ArtifactService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.store.v1.ArtifactService", floor)
        self._stub = artifact_service_pb2_grpc.ArtifactServiceStub(self._channel)

    def put_artifact(
        self, *, requests: Iterable[artifact_service_pb2.PutArtifactRequest], timeout: float | None = None
    ) -> artifact_service_pb2.PutArtifactResponse:
        """PutArtifact of ArtifactService."""
        return self._upload(self._stub.PutArtifact, "PutArtifact", requests, timeout)

    def get_facts(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        concepts: Iterable[str] = (),
        period_from: date_pb2.Date | None = None,
        period_to: date_pb2.Date | None = None,
        scope: fact_pb2.FactScope.ValueType = fact_pb2.FACT_SCOPE_UNSPECIFIED,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        offset: int = 0,
        limit: int | None = None,
        timeout: float | None = None,
    ) -> Iterator[artifact_service_pb2.GetFactsResponse]:
        """GetFacts of ArtifactService."""
        return self._stream(
            self._stub.GetFacts,
            "GetFacts",
            artifact_service_pb2.GetFactsRequest(
                filing=filing,
                concepts=concepts,
                period_from=period_from,
                period_to=period_to,
                scope=scope,
                as_of=as_of,
                min_sequence=min_sequence,
                offset=offset,
                limit=limit,
            ),
            timeout,
        )

    def read_text(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        document: str = "",
        sha256: str = "",
        start: int = 0,
        end: int | None = None,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> Iterator[artifact_service_pb2.ReadTextResponse]:
        """ReadText of ArtifactService."""
        return self._stream(
            self._stub.ReadText,
            "ReadText",
            artifact_service_pb2.ReadTextRequest(
                filing=filing,
                document=document,
                sha256=sha256,
                start=start,
                end=end,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    def read_passages(
        self,
        *,
        passages: Iterable[artifact_service_pb2.PassageRange] = (),
        min_sequence: str = "",
        filing: filing_pb2.FilingRef | None = None,
        as_of: read_pb2.AsOf | None = None,
        timeout: float | None = None,
    ) -> artifact_service_pb2.ReadPassagesResponse:
        """ReadPassages of ArtifactService."""
        return self._unary(
            self._stub.ReadPassages,
            "ReadPassages",
            artifact_service_pb2.ReadPassagesRequest(
                passages=passages, min_sequence=min_sequence, filing=filing, as_of=as_of
            ),
            timeout,
        )


class AsyncChangeFeedClient(AsyncCaller):
    """Async client of tenkay.store.v1.ChangeFeedService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.store.v1.ChangeFeedService", floor)
        self._stub = change_feed_service_pb2_grpc.ChangeFeedServiceStub(self._channel)

    def watch(
        self, *, from_sequence: str = "", ciks: Iterable[int] = (), timeout: float | None = None
    ) -> AsyncIterator[change_feed_service_pb2.WatchResponse]:
        """Watch of ChangeFeedService."""
        return self._stream(
            self._stub.Watch,
            "Watch",
            change_feed_service_pb2.WatchRequest(from_sequence=from_sequence, ciks=ciks),
            timeout,
        )


class ChangeFeedClient(SyncCaller):
    """Sync client of tenkay.store.v1.ChangeFeedService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.store.v1.ChangeFeedService", floor)
        self._stub = change_feed_service_pb2_grpc.ChangeFeedServiceStub(self._channel)

    def watch(
        self, *, from_sequence: str = "", ciks: Iterable[int] = (), timeout: float | None = None
    ) -> Iterator[change_feed_service_pb2.WatchResponse]:
        """Watch of ChangeFeedService."""
        return self._stream(
            self._stub.Watch,
            "Watch",
            change_feed_service_pb2.WatchRequest(from_sequence=from_sequence, ciks=ciks),
            timeout,
        )


class AsyncFilingStoreClient(AsyncCaller):
    """Async client of tenkay.store.v1.FilingStoreService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.store.v1.FilingStoreService", floor)
        self._stub = filing_store_service_pb2_grpc.FilingStoreServiceStub(self._channel)

    async def commit_extraction(
        self,
        *,
        extraction: extraction_pb2.Extraction | None = None,
        wait_for: filing_store_service_pb2.WaitFor.ValueType = filing_store_service_pb2.WAIT_FOR_UNSPECIFIED,
        fence: filing_store_service_pb2.LeaseFence | None = None,
        timeout: float | None = None,
    ) -> filing_store_service_pb2.CommitExtractionResponse:
        """CommitExtraction of FilingStoreService."""
        return await self._unary(
            self._stub.CommitExtraction,
            "CommitExtraction",
            filing_store_service_pb2.CommitExtractionRequest(
                extraction=extraction, wait_for=wait_for, fence=fence
            ),
            timeout,
        )

    async def commit_analysis(
        self,
        *,
        analysis: analysis_pb2.Analysis | None = None,
        wait_for: filing_store_service_pb2.WaitFor.ValueType = filing_store_service_pb2.WAIT_FOR_UNSPECIFIED,
        fence: filing_store_service_pb2.LeaseFence | None = None,
        timeout: float | None = None,
    ) -> filing_store_service_pb2.CommitAnalysisResponse:
        """CommitAnalysis of FilingStoreService."""
        return await self._unary(
            self._stub.CommitAnalysis,
            "CommitAnalysis",
            filing_store_service_pb2.CommitAnalysisRequest(analysis=analysis, wait_for=wait_for, fence=fence),
            timeout,
        )

    async def batch_commit(
        self,
        *,
        items: Iterable[filing_store_service_pb2.BatchItem] = (),
        wait_for: filing_store_service_pb2.WaitFor.ValueType = filing_store_service_pb2.WAIT_FOR_UNSPECIFIED,
        timeout: float | None = None,
    ) -> filing_store_service_pb2.BatchCommitResponse:
        """BatchCommit of FilingStoreService."""
        return await self._unary(
            self._stub.BatchCommit,
            "BatchCommit",
            filing_store_service_pb2.BatchCommitRequest(items=items, wait_for=wait_for),
            timeout,
        )

    async def get_filing(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.GetFilingResponse:
        """GetFiling of FilingStoreService."""
        return await self._unary(
            self._stub.GetFiling,
            "GetFiling",
            filing_store_service_pb2.GetFilingRequest(filing=filing, as_of=as_of, min_sequence=min_sequence),
            timeout,
        )

    async def get_filings(
        self,
        *,
        filings: Iterable[filing_pb2.FilingRef] = (),
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.GetFilingsResponse:
        """GetFilings of FilingStoreService."""
        return await self._unary(
            self._stub.GetFilings,
            "GetFilings",
            filing_store_service_pb2.GetFilingsRequest(
                filings=filings, as_of=as_of, min_sequence=min_sequence
            ),
            timeout,
        )

    async def get_signals(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        signal_ids: Iterable[str] = (),
        categories: Iterable[signal_pb2.SignalCategory.ValueType] = (),
        omit_evidence: bool = False,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.GetSignalsResponse:
        """GetSignals of FilingStoreService."""
        return await self._unary(
            self._stub.GetSignals,
            "GetSignals",
            filing_store_service_pb2.GetSignalsRequest(
                filing=filing,
                signal_ids=signal_ids,
                categories=categories,
                omit_evidence=omit_evidence,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    async def batch_get_signals(
        self,
        *,
        filings: Iterable[filing_pb2.FilingRef] = (),
        signal_ids: Iterable[str] = (),
        omit_evidence: bool = False,
        with_comparable_prior: bool = False,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.BatchGetSignalsResponse:
        """BatchGetSignals of FilingStoreService."""
        return await self._unary(
            self._stub.BatchGetSignals,
            "BatchGetSignals",
            filing_store_service_pb2.BatchGetSignalsRequest(
                filings=filings,
                signal_ids=signal_ids,
                omit_evidence=omit_evidence,
                with_comparable_prior=with_comparable_prior,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    async def get_analysis(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.GetAnalysisResponse:
        """GetAnalysis of FilingStoreService."""
        return await self._unary(
            self._stub.GetAnalysis,
            "GetAnalysis",
            filing_store_service_pb2.GetAnalysisRequest(
                filing=filing, as_of=as_of, min_sequence=min_sequence
            ),
            timeout,
        )

    async def get_company_summary(
        self,
        *,
        cik: int = 0,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.GetCompanySummaryResponse:
        """GetCompanySummary of FilingStoreService."""
        return await self._unary(
            self._stub.GetCompanySummary,
            "GetCompanySummary",
            filing_store_service_pb2.GetCompanySummaryRequest(
                cik=cik, as_of=as_of, min_sequence=min_sequence
            ),
            timeout,
        )

    async def list_filings(
        self,
        *,
        cik: int | None = None,
        forms: Iterable[str] = (),
        filed_from: date_pb2.Date | None = None,
        filed_to: date_pb2.Date | None = None,
        page_size: int = 0,
        page_token: str = "",
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.ListFilingsResponse:
        """ListFilings of FilingStoreService."""
        return await self._unary(
            self._stub.ListFilings,
            "ListFilings",
            filing_store_service_pb2.ListFilingsRequest(
                cik=cik,
                forms=forms,
                filed_from=filed_from,
                filed_to=filed_to,
                page_size=page_size,
                page_token=page_token,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    async def list_stale(
        self,
        *,
        cik: int | None = None,
        result: filing_store_service_pb2.StaleResult.ValueType = filing_store_service_pb2.STALE_RESULT_UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.ListStaleResponse:
        """ListStale of FilingStoreService."""
        return await self._unary(
            self._stub.ListStale,
            "ListStale",
            filing_store_service_pb2.ListStaleRequest(
                cik=cik,
                result=result,
                page_size=page_size,
                page_token=page_token,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    async def screen_filings(
        self,
        *,
        filter: str = "",
        signal_ids: Iterable[str] = (),
        currency: str = "",
        page_size: int = 0,
        page_token: str = "",
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.ScreenFilingsResponse:
        """ScreenFilings of FilingStoreService."""
        return await self._unary(
            self._stub.ScreenFilings,
            "ScreenFilings",
            filing_store_service_pb2.ScreenFilingsRequest(
                filter=filter,
                signal_ids=signal_ids,
                currency=currency,
                page_size=page_size,
                page_token=page_token,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )


class FilingStoreClient(SyncCaller):
    """Sync client of tenkay.store.v1.FilingStoreService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.store.v1.FilingStoreService", floor)
        self._stub = filing_store_service_pb2_grpc.FilingStoreServiceStub(self._channel)

    def commit_extraction(
        self,
        *,
        extraction: extraction_pb2.Extraction | None = None,
        wait_for: filing_store_service_pb2.WaitFor.ValueType = filing_store_service_pb2.WAIT_FOR_UNSPECIFIED,
        fence: filing_store_service_pb2.LeaseFence | None = None,
        timeout: float | None = None,
    ) -> filing_store_service_pb2.CommitExtractionResponse:
        """CommitExtraction of FilingStoreService."""
        return self._unary(
            self._stub.CommitExtraction,
            "CommitExtraction",
            filing_store_service_pb2.CommitExtractionRequest(
                extraction=extraction, wait_for=wait_for, fence=fence
            ),
            timeout,
        )

    def commit_analysis(
        self,
        *,
        analysis: analysis_pb2.Analysis | None = None,
        wait_for: filing_store_service_pb2.WaitFor.ValueType = filing_store_service_pb2.WAIT_FOR_UNSPECIFIED,
        fence: filing_store_service_pb2.LeaseFence | None = None,
        timeout: float | None = None,
    ) -> filing_store_service_pb2.CommitAnalysisResponse:
        """CommitAnalysis of FilingStoreService."""
        return self._unary(
            self._stub.CommitAnalysis,
            "CommitAnalysis",
            filing_store_service_pb2.CommitAnalysisRequest(analysis=analysis, wait_for=wait_for, fence=fence),
            timeout,
        )

    def batch_commit(
        self,
        *,
        items: Iterable[filing_store_service_pb2.BatchItem] = (),
        wait_for: filing_store_service_pb2.WaitFor.ValueType = filing_store_service_pb2.WAIT_FOR_UNSPECIFIED,
        timeout: float | None = None,
    ) -> filing_store_service_pb2.BatchCommitResponse:
        """BatchCommit of FilingStoreService."""
        return self._unary(
            self._stub.BatchCommit,
            "BatchCommit",
            filing_store_service_pb2.BatchCommitRequest(items=items, wait_for=wait_for),
            timeout,
        )

    def get_filing(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.GetFilingResponse:
        """GetFiling of FilingStoreService."""
        return self._unary(
            self._stub.GetFiling,
            "GetFiling",
            filing_store_service_pb2.GetFilingRequest(filing=filing, as_of=as_of, min_sequence=min_sequence),
            timeout,
        )

    def get_filings(
        self,
        *,
        filings: Iterable[filing_pb2.FilingRef] = (),
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.GetFilingsResponse:
        """GetFilings of FilingStoreService."""
        return self._unary(
            self._stub.GetFilings,
            "GetFilings",
            filing_store_service_pb2.GetFilingsRequest(
                filings=filings, as_of=as_of, min_sequence=min_sequence
            ),
            timeout,
        )

    def get_signals(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        signal_ids: Iterable[str] = (),
        categories: Iterable[signal_pb2.SignalCategory.ValueType] = (),
        omit_evidence: bool = False,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.GetSignalsResponse:
        """GetSignals of FilingStoreService."""
        return self._unary(
            self._stub.GetSignals,
            "GetSignals",
            filing_store_service_pb2.GetSignalsRequest(
                filing=filing,
                signal_ids=signal_ids,
                categories=categories,
                omit_evidence=omit_evidence,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    def batch_get_signals(
        self,
        *,
        filings: Iterable[filing_pb2.FilingRef] = (),
        signal_ids: Iterable[str] = (),
        omit_evidence: bool = False,
        with_comparable_prior: bool = False,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.BatchGetSignalsResponse:
        """BatchGetSignals of FilingStoreService."""
        return self._unary(
            self._stub.BatchGetSignals,
            "BatchGetSignals",
            filing_store_service_pb2.BatchGetSignalsRequest(
                filings=filings,
                signal_ids=signal_ids,
                omit_evidence=omit_evidence,
                with_comparable_prior=with_comparable_prior,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    def get_analysis(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.GetAnalysisResponse:
        """GetAnalysis of FilingStoreService."""
        return self._unary(
            self._stub.GetAnalysis,
            "GetAnalysis",
            filing_store_service_pb2.GetAnalysisRequest(
                filing=filing, as_of=as_of, min_sequence=min_sequence
            ),
            timeout,
        )

    def get_company_summary(
        self,
        *,
        cik: int = 0,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.GetCompanySummaryResponse:
        """GetCompanySummary of FilingStoreService."""
        return self._unary(
            self._stub.GetCompanySummary,
            "GetCompanySummary",
            filing_store_service_pb2.GetCompanySummaryRequest(
                cik=cik, as_of=as_of, min_sequence=min_sequence
            ),
            timeout,
        )

    def list_filings(
        self,
        *,
        cik: int | None = None,
        forms: Iterable[str] = (),
        filed_from: date_pb2.Date | None = None,
        filed_to: date_pb2.Date | None = None,
        page_size: int = 0,
        page_token: str = "",
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.ListFilingsResponse:
        """ListFilings of FilingStoreService."""
        return self._unary(
            self._stub.ListFilings,
            "ListFilings",
            filing_store_service_pb2.ListFilingsRequest(
                cik=cik,
                forms=forms,
                filed_from=filed_from,
                filed_to=filed_to,
                page_size=page_size,
                page_token=page_token,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    def list_stale(
        self,
        *,
        cik: int | None = None,
        result: filing_store_service_pb2.StaleResult.ValueType = filing_store_service_pb2.STALE_RESULT_UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.ListStaleResponse:
        """ListStale of FilingStoreService."""
        return self._unary(
            self._stub.ListStale,
            "ListStale",
            filing_store_service_pb2.ListStaleRequest(
                cik=cik,
                result=result,
                page_size=page_size,
                page_token=page_token,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    def screen_filings(
        self,
        *,
        filter: str = "",
        signal_ids: Iterable[str] = (),
        currency: str = "",
        page_size: int = 0,
        page_token: str = "",
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> filing_store_service_pb2.ScreenFilingsResponse:
        """ScreenFilings of FilingStoreService."""
        return self._unary(
            self._stub.ScreenFilings,
            "ScreenFilings",
            filing_store_service_pb2.ScreenFilingsRequest(
                filter=filter,
                signal_ids=signal_ids,
                currency=currency,
                page_size=page_size,
                page_token=page_token,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )


class AsyncSignalAnalyticsClient(AsyncCaller):
    """Async client of tenkay.store.v1.SignalAnalyticsService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.store.v1.SignalAnalyticsService", floor)
        self._stub = signal_analytics_service_pb2_grpc.SignalAnalyticsServiceStub(self._channel)

    async def get_series(
        self,
        *,
        cik: int = 0,
        signal_ids: Iterable[str] = (),
        forms: Iterable[str] = (),
        period_from: date_pb2.Date | None = None,
        period_to: date_pb2.Date | None = None,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        view: series_pb2.SeriesView.ValueType = series_pb2.SERIES_VIEW_UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> signal_analytics_service_pb2.GetSeriesResponse:
        """GetSeries of SignalAnalyticsService."""
        return await self._unary(
            self._stub.GetSeries,
            "GetSeries",
            signal_analytics_service_pb2.GetSeriesRequest(
                cik=cik,
                signal_ids=signal_ids,
                forms=forms,
                period_from=period_from,
                period_to=period_to,
                as_of=as_of,
                min_sequence=min_sequence,
                view=view,
                page_size=page_size,
                page_token=page_token,
            ),
            timeout,
        )

    async def aggregate(
        self,
        *,
        signal_id: str = "",
        filter: str = "",
        currency: str = "",
        group_by: Iterable[aggregate_pb2.AggregateBy.ValueType] = (),
        quantiles: Iterable[float] = (),
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> signal_analytics_service_pb2.AggregateResponse:
        """Aggregate of SignalAnalyticsService."""
        return await self._unary(
            self._stub.Aggregate,
            "Aggregate",
            signal_analytics_service_pb2.AggregateRequest(
                signal_id=signal_id,
                filter=filter,
                currency=currency,
                group_by=group_by,
                quantiles=quantiles,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    async def screen_companies(
        self,
        *,
        filter: str = "",
        signal_ids: Iterable[str] = (),
        period: company_figures_pb2.CompanyPeriod.ValueType = company_figures_pb2.COMPANY_PERIOD_UNSPECIFIED,
        currency: str = "",
        page_size: int = 0,
        page_token: str = "",
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        ciks: Iterable[int] = (),
        timeout: float | None = None,
    ) -> signal_analytics_service_pb2.ScreenCompaniesResponse:
        """ScreenCompanies of SignalAnalyticsService."""
        return await self._unary(
            self._stub.ScreenCompanies,
            "ScreenCompanies",
            signal_analytics_service_pb2.ScreenCompaniesRequest(
                filter=filter,
                signal_ids=signal_ids,
                period=period,
                currency=currency,
                page_size=page_size,
                page_token=page_token,
                as_of=as_of,
                min_sequence=min_sequence,
                ciks=ciks,
            ),
            timeout,
        )

    def export(
        self,
        *,
        filter: str = "",
        signal_ids: Iterable[str] = (),
        currency: str = "",
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> AsyncIterator[signal_analytics_service_pb2.ExportResponse]:
        """Export of SignalAnalyticsService."""
        return self._stream(
            self._stub.Export,
            "Export",
            signal_analytics_service_pb2.ExportRequest(
                filter=filter,
                signal_ids=signal_ids,
                currency=currency,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )


class SignalAnalyticsClient(SyncCaller):
    """Sync client of tenkay.store.v1.SignalAnalyticsService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.store.v1.SignalAnalyticsService", floor)
        self._stub = signal_analytics_service_pb2_grpc.SignalAnalyticsServiceStub(self._channel)

    def get_series(
        self,
        *,
        cik: int = 0,
        signal_ids: Iterable[str] = (),
        forms: Iterable[str] = (),
        period_from: date_pb2.Date | None = None,
        period_to: date_pb2.Date | None = None,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        view: series_pb2.SeriesView.ValueType = series_pb2.SERIES_VIEW_UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> signal_analytics_service_pb2.GetSeriesResponse:
        """GetSeries of SignalAnalyticsService."""
        return self._unary(
            self._stub.GetSeries,
            "GetSeries",
            signal_analytics_service_pb2.GetSeriesRequest(
                cik=cik,
                signal_ids=signal_ids,
                forms=forms,
                period_from=period_from,
                period_to=period_to,
                as_of=as_of,
                min_sequence=min_sequence,
                view=view,
                page_size=page_size,
                page_token=page_token,
            ),
            timeout,
        )

    def aggregate(
        self,
        *,
        signal_id: str = "",
        filter: str = "",
        currency: str = "",
        group_by: Iterable[aggregate_pb2.AggregateBy.ValueType] = (),
        quantiles: Iterable[float] = (),
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> signal_analytics_service_pb2.AggregateResponse:
        """Aggregate of SignalAnalyticsService."""
        return self._unary(
            self._stub.Aggregate,
            "Aggregate",
            signal_analytics_service_pb2.AggregateRequest(
                signal_id=signal_id,
                filter=filter,
                currency=currency,
                group_by=group_by,
                quantiles=quantiles,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    def screen_companies(
        self,
        *,
        filter: str = "",
        signal_ids: Iterable[str] = (),
        period: company_figures_pb2.CompanyPeriod.ValueType = company_figures_pb2.COMPANY_PERIOD_UNSPECIFIED,
        currency: str = "",
        page_size: int = 0,
        page_token: str = "",
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        ciks: Iterable[int] = (),
        timeout: float | None = None,
    ) -> signal_analytics_service_pb2.ScreenCompaniesResponse:
        """ScreenCompanies of SignalAnalyticsService."""
        return self._unary(
            self._stub.ScreenCompanies,
            "ScreenCompanies",
            signal_analytics_service_pb2.ScreenCompaniesRequest(
                filter=filter,
                signal_ids=signal_ids,
                period=period,
                currency=currency,
                page_size=page_size,
                page_token=page_token,
                as_of=as_of,
                min_sequence=min_sequence,
                ciks=ciks,
            ),
            timeout,
        )

    def export(
        self,
        *,
        filter: str = "",
        signal_ids: Iterable[str] = (),
        currency: str = "",
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> Iterator[signal_analytics_service_pb2.ExportResponse]:
        """Export of SignalAnalyticsService."""
        return self._stream(
            self._stub.Export,
            "Export",
            signal_analytics_service_pb2.ExportRequest(
                filter=filter,
                signal_ids=signal_ids,
                currency=currency,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )


class AsyncStoreAdminClient(AsyncCaller):
    """Async client of tenkay.store.v1.StoreAdminService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.store.v1.StoreAdminService", floor)
        self._stub = store_admin_service_pb2_grpc.StoreAdminServiceStub(self._channel)

    async def get_sink_status(
        self, *, timeout: float | None = None
    ) -> store_admin_service_pb2.GetSinkStatusResponse:
        """GetSinkStatus of StoreAdminService."""
        return await self._unary(
            self._stub.GetSinkStatus, "GetSinkStatus", store_admin_service_pb2.GetSinkStatusRequest(), timeout
        )

    async def list_dead_letters(
        self, *, page_size: int = 0, page_token: str = "", timeout: float | None = None
    ) -> store_admin_service_pb2.ListDeadLettersResponse:
        """ListDeadLetters of StoreAdminService."""
        return await self._unary(
            self._stub.ListDeadLetters,
            "ListDeadLetters",
            store_admin_service_pb2.ListDeadLettersRequest(page_size=page_size, page_token=page_token),
            timeout,
        )

    async def get_dead_letter(
        self, *, sequence: str = "", timeout: float | None = None
    ) -> store_admin_service_pb2.GetDeadLetterResponse:
        """GetDeadLetter of StoreAdminService."""
        return await self._unary(
            self._stub.GetDeadLetter,
            "GetDeadLetter",
            store_admin_service_pb2.GetDeadLetterRequest(sequence=sequence),
            timeout,
        )

    async def replay_dead_letters(
        self, *, sequences: Iterable[str] = (), all: bool = False, timeout: float | None = None
    ) -> store_admin_service_pb2.ReplayDeadLettersResponse:
        """ReplayDeadLetters of StoreAdminService."""
        return await self._unary(
            self._stub.ReplayDeadLetters,
            "ReplayDeadLetters",
            store_admin_service_pb2.ReplayDeadLettersRequest(sequences=sequences, all=all),
            timeout,
        )

    async def reconcile(
        self,
        *,
        first_day: date_pb2.Date | None = None,
        last_day: date_pb2.Date | None = None,
        check_contents: bool = False,
        timeout: float | None = None,
    ) -> store_admin_service_pb2.ReconcileResponse:
        """Reconcile of StoreAdminService."""
        return await self._unary(
            self._stub.Reconcile,
            "Reconcile",
            store_admin_service_pb2.ReconcileRequest(
                first_day=first_day, last_day=last_day, check_contents=check_contents
            ),
            timeout,
        )

    async def purge_filings(
        self,
        *,
        accession_numbers: Iterable[str] = (),
        cik: int | None = None,
        requested_by: str = "",
        reason: str = "",
        timeout: float | None = None,
    ) -> store_admin_service_pb2.PurgeFilingsResponse:
        """PurgeFilings of StoreAdminService."""
        return await self._unary(
            self._stub.PurgeFilings,
            "PurgeFilings",
            store_admin_service_pb2.PurgeFilingsRequest(
                accession_numbers=accession_numbers, cik=cik, requested_by=requested_by, reason=reason
            ),
            timeout,
        )

    async def list_purges(
        self, *, page_size: int = 0, page_token: str = "", timeout: float | None = None
    ) -> store_admin_service_pb2.ListPurgesResponse:
        """ListPurges of StoreAdminService."""
        return await self._unary(
            self._stub.ListPurges,
            "ListPurges",
            store_admin_service_pb2.ListPurgesRequest(page_size=page_size, page_token=page_token),
            timeout,
        )

    async def create_snapshot(
        self, *, timeout: float | None = None
    ) -> store_admin_service_pb2.CreateSnapshotResponse:
        """CreateSnapshot of StoreAdminService."""
        return await self._unary(
            self._stub.CreateSnapshot,
            "CreateSnapshot",
            store_admin_service_pb2.CreateSnapshotRequest(),
            timeout,
        )

    async def list_snapshots(
        self, *, page_size: int = 0, page_token: str = "", timeout: float | None = None
    ) -> store_admin_service_pb2.ListSnapshotsResponse:
        """ListSnapshots of StoreAdminService."""
        return await self._unary(
            self._stub.ListSnapshots,
            "ListSnapshots",
            store_admin_service_pb2.ListSnapshotsRequest(page_size=page_size, page_token=page_token),
            timeout,
        )

    async def dispute_value(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        signal_id: str = "",
        version: int | None = None,
        reason: dispute_pb2.DisputeReason.ValueType = dispute_pb2.DISPUTE_REASON_UNSPECIFIED,
        said_by: str = "",
        note: str = "",
        timeout: float | None = None,
    ) -> store_admin_service_pb2.DisputeValueResponse:
        """DisputeValue of StoreAdminService."""
        return await self._unary(
            self._stub.DisputeValue,
            "DisputeValue",
            store_admin_service_pb2.DisputeValueRequest(
                filing=filing, signal_id=signal_id, version=version, reason=reason, said_by=said_by, note=note
            ),
            timeout,
        )

    async def resolve_dispute(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        signal_id: str = "",
        version: int | None = None,
        said_by: str = "",
        note: str = "",
        timeout: float | None = None,
    ) -> store_admin_service_pb2.ResolveDisputeResponse:
        """ResolveDispute of StoreAdminService."""
        return await self._unary(
            self._stub.ResolveDispute,
            "ResolveDispute",
            store_admin_service_pb2.ResolveDisputeRequest(
                filing=filing, signal_id=signal_id, version=version, said_by=said_by, note=note
            ),
            timeout,
        )

    async def list_disputes(
        self,
        *,
        accession_number: str = "",
        history: bool = False,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> store_admin_service_pb2.ListDisputesResponse:
        """ListDisputes of StoreAdminService."""
        return await self._unary(
            self._stub.ListDisputes,
            "ListDisputes",
            store_admin_service_pb2.ListDisputesRequest(
                accession_number=accession_number, history=history, page_size=page_size, page_token=page_token
            ),
            timeout,
        )

    async def get_statistics(
        self, *, timeout: float | None = None
    ) -> store_admin_service_pb2.GetStatisticsResponse:
        """GetStatistics of StoreAdminService."""
        return await self._unary(
            self._stub.GetStatistics, "GetStatistics", store_admin_service_pb2.GetStatisticsRequest(), timeout
        )


class StoreAdminClient(SyncCaller):
    """Sync client of tenkay.store.v1.StoreAdminService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.store.v1.StoreAdminService", floor)
        self._stub = store_admin_service_pb2_grpc.StoreAdminServiceStub(self._channel)

    def get_sink_status(
        self, *, timeout: float | None = None
    ) -> store_admin_service_pb2.GetSinkStatusResponse:
        """GetSinkStatus of StoreAdminService."""
        return self._unary(
            self._stub.GetSinkStatus, "GetSinkStatus", store_admin_service_pb2.GetSinkStatusRequest(), timeout
        )

    def list_dead_letters(
        self, *, page_size: int = 0, page_token: str = "", timeout: float | None = None
    ) -> store_admin_service_pb2.ListDeadLettersResponse:
        """ListDeadLetters of StoreAdminService."""
        return self._unary(
            self._stub.ListDeadLetters,
            "ListDeadLetters",
            store_admin_service_pb2.ListDeadLettersRequest(page_size=page_size, page_token=page_token),
            timeout,
        )

    def get_dead_letter(
        self, *, sequence: str = "", timeout: float | None = None
    ) -> store_admin_service_pb2.GetDeadLetterResponse:
        """GetDeadLetter of StoreAdminService."""
        return self._unary(
            self._stub.GetDeadLetter,
            "GetDeadLetter",
            store_admin_service_pb2.GetDeadLetterRequest(sequence=sequence),
            timeout,
        )

    def replay_dead_letters(
        self, *, sequences: Iterable[str] = (), all: bool = False, timeout: float | None = None
    ) -> store_admin_service_pb2.ReplayDeadLettersResponse:
        """ReplayDeadLetters of StoreAdminService."""
        return self._unary(
            self._stub.ReplayDeadLetters,
            "ReplayDeadLetters",
            store_admin_service_pb2.ReplayDeadLettersRequest(sequences=sequences, all=all),
            timeout,
        )

    def reconcile(
        self,
        *,
        first_day: date_pb2.Date | None = None,
        last_day: date_pb2.Date | None = None,
        check_contents: bool = False,
        timeout: float | None = None,
    ) -> store_admin_service_pb2.ReconcileResponse:
        """Reconcile of StoreAdminService."""
        return self._unary(
            self._stub.Reconcile,
            "Reconcile",
            store_admin_service_pb2.ReconcileRequest(
                first_day=first_day, last_day=last_day, check_contents=check_contents
            ),
            timeout,
        )

    def purge_filings(
        self,
        *,
        accession_numbers: Iterable[str] = (),
        cik: int | None = None,
        requested_by: str = "",
        reason: str = "",
        timeout: float | None = None,
    ) -> store_admin_service_pb2.PurgeFilingsResponse:
        """PurgeFilings of StoreAdminService."""
        return self._unary(
            self._stub.PurgeFilings,
            "PurgeFilings",
            store_admin_service_pb2.PurgeFilingsRequest(
                accession_numbers=accession_numbers, cik=cik, requested_by=requested_by, reason=reason
            ),
            timeout,
        )

    def list_purges(
        self, *, page_size: int = 0, page_token: str = "", timeout: float | None = None
    ) -> store_admin_service_pb2.ListPurgesResponse:
        """ListPurges of StoreAdminService."""
        return self._unary(
            self._stub.ListPurges,
            "ListPurges",
            store_admin_service_pb2.ListPurgesRequest(page_size=page_size, page_token=page_token),
            timeout,
        )

    def create_snapshot(
        self, *, timeout: float | None = None
    ) -> store_admin_service_pb2.CreateSnapshotResponse:
        """CreateSnapshot of StoreAdminService."""
        return self._unary(
            self._stub.CreateSnapshot,
            "CreateSnapshot",
            store_admin_service_pb2.CreateSnapshotRequest(),
            timeout,
        )

    def list_snapshots(
        self, *, page_size: int = 0, page_token: str = "", timeout: float | None = None
    ) -> store_admin_service_pb2.ListSnapshotsResponse:
        """ListSnapshots of StoreAdminService."""
        return self._unary(
            self._stub.ListSnapshots,
            "ListSnapshots",
            store_admin_service_pb2.ListSnapshotsRequest(page_size=page_size, page_token=page_token),
            timeout,
        )

    def dispute_value(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        signal_id: str = "",
        version: int | None = None,
        reason: dispute_pb2.DisputeReason.ValueType = dispute_pb2.DISPUTE_REASON_UNSPECIFIED,
        said_by: str = "",
        note: str = "",
        timeout: float | None = None,
    ) -> store_admin_service_pb2.DisputeValueResponse:
        """DisputeValue of StoreAdminService."""
        return self._unary(
            self._stub.DisputeValue,
            "DisputeValue",
            store_admin_service_pb2.DisputeValueRequest(
                filing=filing, signal_id=signal_id, version=version, reason=reason, said_by=said_by, note=note
            ),
            timeout,
        )

    def resolve_dispute(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        signal_id: str = "",
        version: int | None = None,
        said_by: str = "",
        note: str = "",
        timeout: float | None = None,
    ) -> store_admin_service_pb2.ResolveDisputeResponse:
        """ResolveDispute of StoreAdminService."""
        return self._unary(
            self._stub.ResolveDispute,
            "ResolveDispute",
            store_admin_service_pb2.ResolveDisputeRequest(
                filing=filing, signal_id=signal_id, version=version, said_by=said_by, note=note
            ),
            timeout,
        )

    def list_disputes(
        self,
        *,
        accession_number: str = "",
        history: bool = False,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> store_admin_service_pb2.ListDisputesResponse:
        """ListDisputes of StoreAdminService."""
        return self._unary(
            self._stub.ListDisputes,
            "ListDisputes",
            store_admin_service_pb2.ListDisputesRequest(
                accession_number=accession_number, history=history, page_size=page_size, page_token=page_token
            ),
            timeout,
        )

    def get_statistics(
        self, *, timeout: float | None = None
    ) -> store_admin_service_pb2.GetStatisticsResponse:
        """GetStatistics of StoreAdminService."""
        return self._unary(
            self._stub.GetStatistics, "GetStatistics", store_admin_service_pb2.GetStatisticsRequest(), timeout
        )
