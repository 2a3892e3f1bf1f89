"""GENERATED from the protos of tenkay.query.v1 by scripts/generate_clients.py; never edited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator

from tenkay.client.caller import AsyncCaller, SequenceFloor, SyncCaller
from tenkay.client.endpoint import Endpoint
from tenkay.common.v1 import date_pb2, filing_pb2, read_pb2, signal_pb2
from tenkay.query.v1 import (
    cache_admin_service_pb2,
    cache_admin_service_pb2_grpc,
    query_service_pb2,
    query_service_pb2_grpc,
)


class AsyncCacheAdminClient(AsyncCaller):
    """Async client of tenkay.query.v1.CacheAdminService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.query.v1.CacheAdminService", floor)
        self._stub = cache_admin_service_pb2_grpc.CacheAdminServiceStub(self._channel)

    async def get_cache_stats(
        self, *, top: int | None = None, timeout: float | None = None
    ) -> cache_admin_service_pb2.GetCacheStatsResponse:
        """GetCacheStats of CacheAdminService."""
        return await self._unary(
            self._stub.GetCacheStats,
            "GetCacheStats",
            cache_admin_service_pb2.GetCacheStatsRequest(top=top),
            timeout,
        )

    def warm_cache(
        self,
        *,
        top_questions: int | None = None,
        watch_ciks: Iterable[int] = (),
        filings_per_company: int | None = None,
        max_per_second: float | None = None,
        omit_watch_list: bool = False,
        timeout: float | None = None,
    ) -> AsyncIterator[cache_admin_service_pb2.WarmCacheResponse]:
        """WarmCache of CacheAdminService."""
        return self._stream(
            self._stub.WarmCache,
            "WarmCache",
            cache_admin_service_pb2.WarmCacheRequest(
                top_questions=top_questions,
                watch_ciks=watch_ciks,
                filings_per_company=filings_per_company,
                max_per_second=max_per_second,
                omit_watch_list=omit_watch_list,
            ),
            timeout,
        )

    async def invalidate(
        self,
        *,
        cik: int | None = None,
        accession_number: str | None = None,
        kind: cache_admin_service_pb2.AnswerKind.ValueType | None = None,
        all: bool | None = None,
        timeout: float | None = None,
    ) -> cache_admin_service_pb2.InvalidateResponse:
        """Invalidate of CacheAdminService."""
        return await self._unary(
            self._stub.Invalidate,
            "Invalidate",
            cache_admin_service_pb2.InvalidateRequest(
                cik=cik, accession_number=accession_number, kind=kind, all=all
            ),
            timeout,
        )


class CacheAdminClient(SyncCaller):
    """Sync client of tenkay.query.v1.CacheAdminService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.query.v1.CacheAdminService", floor)
        self._stub = cache_admin_service_pb2_grpc.CacheAdminServiceStub(self._channel)

    def get_cache_stats(
        self, *, top: int | None = None, timeout: float | None = None
    ) -> cache_admin_service_pb2.GetCacheStatsResponse:
        """GetCacheStats of CacheAdminService."""
        return self._unary(
            self._stub.GetCacheStats,
            "GetCacheStats",
            cache_admin_service_pb2.GetCacheStatsRequest(top=top),
            timeout,
        )

    def warm_cache(
        self,
        *,
        top_questions: int | None = None,
        watch_ciks: Iterable[int] = (),
        filings_per_company: int | None = None,
        max_per_second: float | None = None,
        omit_watch_list: bool = False,
        timeout: float | None = None,
    ) -> Iterator[cache_admin_service_pb2.WarmCacheResponse]:
        """WarmCache of CacheAdminService."""
        return self._stream(
            self._stub.WarmCache,
            "WarmCache",
            cache_admin_service_pb2.WarmCacheRequest(
                top_questions=top_questions,
                watch_ciks=watch_ciks,
                filings_per_company=filings_per_company,
                max_per_second=max_per_second,
                omit_watch_list=omit_watch_list,
            ),
            timeout,
        )

    def invalidate(
        self,
        *,
        cik: int | None = None,
        accession_number: str | None = None,
        kind: cache_admin_service_pb2.AnswerKind.ValueType | None = None,
        all: bool | None = None,
        timeout: float | None = None,
    ) -> cache_admin_service_pb2.InvalidateResponse:
        """Invalidate of CacheAdminService."""
        return self._unary(
            self._stub.Invalidate,
            "Invalidate",
            cache_admin_service_pb2.InvalidateRequest(
                cik=cik, accession_number=accession_number, kind=kind, all=all
            ),
            timeout,
        )


class AsyncQueryClient(AsyncCaller):
    """Async client of tenkay.query.v1.QueryService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.query.v1.QueryService", floor)
        self._stub = query_service_pb2_grpc.QueryServiceStub(self._channel)

    async def get_filing(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> query_service_pb2.GetFilingResponse:
        """GetFiling of QueryService."""
        return await self._unary(
            self._stub.GetFiling,
            "GetFiling",
            query_service_pb2.GetFilingRequest(filing=filing, as_of=as_of, min_sequence=min_sequence),
            timeout,
        )

    async def get_signals(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        signal_ids: Iterable[str] = (),
        category: signal_pb2.SignalCategory.ValueType = signal_pb2.SIGNAL_CATEGORY_UNSPECIFIED,
        omit_evidence: bool = False,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> query_service_pb2.GetSignalsResponse:
        """GetSignals of QueryService."""
        return await self._unary(
            self._stub.GetSignals,
            "GetSignals",
            query_service_pb2.GetSignalsRequest(
                filing=filing,
                signal_ids=signal_ids,
                category=category,
                omit_evidence=omit_evidence,
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
    ) -> query_service_pb2.GetAnalysisResponse:
        """GetAnalysis of QueryService."""
        return await self._unary(
            self._stub.GetAnalysis,
            "GetAnalysis",
            query_service_pb2.GetAnalysisRequest(filing=filing, as_of=as_of, min_sequence=min_sequence),
            timeout,
        )

    async def get_company_summary(
        self,
        *,
        cik: int = 0,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> query_service_pb2.GetCompanySummaryResponse:
        """GetCompanySummary of QueryService."""
        return await self._unary(
            self._stub.GetCompanySummary,
            "GetCompanySummary",
            query_service_pb2.GetCompanySummaryRequest(cik=cik, as_of=as_of, min_sequence=min_sequence),
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
    ) -> query_service_pb2.ListFilingsResponse:
        """ListFilings of QueryService."""
        return await self._unary(
            self._stub.ListFilings,
            "ListFilings",
            query_service_pb2.ListFilingsRequest(
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
    ) -> query_service_pb2.ScreenFilingsResponse:
        """ScreenFilings of QueryService."""
        return await self._unary(
            self._stub.ScreenFilings,
            "ScreenFilings",
            query_service_pb2.ScreenFilingsRequest(
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


class QueryClient(SyncCaller):
    """Sync client of tenkay.query.v1.QueryService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.query.v1.QueryService", floor)
        self._stub = query_service_pb2_grpc.QueryServiceStub(self._channel)

    def get_filing(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> query_service_pb2.GetFilingResponse:
        """GetFiling of QueryService."""
        return self._unary(
            self._stub.GetFiling,
            "GetFiling",
            query_service_pb2.GetFilingRequest(filing=filing, as_of=as_of, min_sequence=min_sequence),
            timeout,
        )

    def get_signals(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        signal_ids: Iterable[str] = (),
        category: signal_pb2.SignalCategory.ValueType = signal_pb2.SIGNAL_CATEGORY_UNSPECIFIED,
        omit_evidence: bool = False,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> query_service_pb2.GetSignalsResponse:
        """GetSignals of QueryService."""
        return self._unary(
            self._stub.GetSignals,
            "GetSignals",
            query_service_pb2.GetSignalsRequest(
                filing=filing,
                signal_ids=signal_ids,
                category=category,
                omit_evidence=omit_evidence,
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
    ) -> query_service_pb2.GetAnalysisResponse:
        """GetAnalysis of QueryService."""
        return self._unary(
            self._stub.GetAnalysis,
            "GetAnalysis",
            query_service_pb2.GetAnalysisRequest(filing=filing, as_of=as_of, min_sequence=min_sequence),
            timeout,
        )

    def get_company_summary(
        self,
        *,
        cik: int = 0,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> query_service_pb2.GetCompanySummaryResponse:
        """GetCompanySummary of QueryService."""
        return self._unary(
            self._stub.GetCompanySummary,
            "GetCompanySummary",
            query_service_pb2.GetCompanySummaryRequest(cik=cik, as_of=as_of, min_sequence=min_sequence),
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
    ) -> query_service_pb2.ListFilingsResponse:
        """ListFilings of QueryService."""
        return self._unary(
            self._stub.ListFilings,
            "ListFilings",
            query_service_pb2.ListFilingsRequest(
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
    ) -> query_service_pb2.ScreenFilingsResponse:
        """ScreenFilings of QueryService."""
        return self._unary(
            self._stub.ScreenFilings,
            "ScreenFilings",
            query_service_pb2.ScreenFilingsRequest(
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
