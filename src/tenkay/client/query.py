"""GENERATED from the protos of tenkay.query.v1 by scripts/generate_clients.py; never edited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator

from google.protobuf import duration_pb2, field_mask_pb2

from tenkay.client.caller import AsyncCaller, SequenceFloor, SyncCaller
from tenkay.client.endpoint import Endpoint
from tenkay.common.v1 import (
    aggregate_pb2,
    company_figures_pb2,
    date_pb2,
    fact_pb2,
    filing_pb2,
    read_pb2,
    series_pb2,
    signal_pb2,
)
from tenkay.query.v1 import (
    cache_admin_service_pb2,
    cache_admin_service_pb2_grpc,
    company_watch_pb2,
    comparisons_pb2,
    evidence_pb2,
    many_companies_pb2,
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
        read_mask: field_mask_pb2.FieldMask | None = None,
        timeout: float | None = None,
    ) -> query_service_pb2.GetFilingResponse:
        """GetFiling of QueryService."""
        return await self._unary(
            self._stub.GetFiling,
            "GetFiling",
            query_service_pb2.GetFilingRequest(
                filing=filing, as_of=as_of, min_sequence=min_sequence, read_mask=read_mask
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
        read_mask: field_mask_pb2.FieldMask | None = None,
        timeout: float | None = None,
    ) -> query_service_pb2.GetSignalsResponse:
        """GetSignals of QueryService."""
        return await self._unary(
            self._stub.GetSignals,
            "GetSignals",
            query_service_pb2.GetSignalsRequest(
                filing=filing,
                signal_ids=signal_ids,
                categories=categories,
                omit_evidence=omit_evidence,
                as_of=as_of,
                min_sequence=min_sequence,
                read_mask=read_mask,
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
        max_staleness: duration_pb2.Duration | None = None,
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
                max_staleness=max_staleness,
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
        max_staleness: duration_pb2.Duration | None = None,
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
                max_staleness=max_staleness,
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
        max_staleness: duration_pb2.Duration | None = None,
        timeout: float | None = None,
    ) -> many_companies_pb2.ScreenCompaniesResponse:
        """ScreenCompanies of QueryService."""
        return await self._unary(
            self._stub.ScreenCompanies,
            "ScreenCompanies",
            many_companies_pb2.ScreenCompaniesRequest(
                filter=filter,
                signal_ids=signal_ids,
                period=period,
                currency=currency,
                page_size=page_size,
                page_token=page_token,
                as_of=as_of,
                min_sequence=min_sequence,
                ciks=ciks,
                max_staleness=max_staleness,
            ),
            timeout,
        )

    async def get_facts(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        concepts: Iterable[str] = (),
        period_from: date_pb2.Date | None = None,
        period_to: date_pb2.Date | None = None,
        scope: fact_pb2.FactScope.ValueType = fact_pb2.FACT_SCOPE_UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> evidence_pb2.GetFactsResponse:
        """GetFacts of QueryService."""
        return await self._unary(
            self._stub.GetFacts,
            "GetFacts",
            evidence_pb2.GetFactsRequest(
                filing=filing,
                concepts=concepts,
                period_from=period_from,
                period_to=period_to,
                scope=scope,
                page_size=page_size,
                page_token=page_token,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    async def get_evidence(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        signal_id: str = "",
        context_characters: int | None = None,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> evidence_pb2.GetEvidenceResponse:
        """GetEvidence of QueryService."""
        return await self._unary(
            self._stub.GetEvidence,
            "GetEvidence",
            evidence_pb2.GetEvidenceRequest(
                filing=filing,
                signal_id=signal_id,
                context_characters=context_characters,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    async def get_signal_series(
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
    ) -> query_service_pb2.GetSignalSeriesResponse:
        """GetSignalSeries of QueryService."""
        return await self._unary(
            self._stub.GetSignalSeries,
            "GetSignalSeries",
            query_service_pb2.GetSignalSeriesRequest(
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

    async def compare_filings(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        prior: filing_pb2.FilingRef | None = None,
        signal_ids: Iterable[str] = (),
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> comparisons_pb2.CompareFilingsResponse:
        """CompareFilings of QueryService."""
        return await self._unary(
            self._stub.CompareFilings,
            "CompareFilings",
            comparisons_pb2.CompareFilingsRequest(
                filing=filing, prior=prior, signal_ids=signal_ids, as_of=as_of, min_sequence=min_sequence
            ),
            timeout,
        )

    async def compare_companies(
        self,
        *,
        ciks: Iterable[int] = (),
        signal_ids: Iterable[str] = (),
        period: company_figures_pb2.CompanyPeriod.ValueType = company_figures_pb2.COMPANY_PERIOD_UNSPECIFIED,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> comparisons_pb2.CompareCompaniesResponse:
        """CompareCompanies of QueryService."""
        return await self._unary(
            self._stub.CompareCompanies,
            "CompareCompanies",
            comparisons_pb2.CompareCompaniesRequest(
                ciks=ciks, signal_ids=signal_ids, period=period, as_of=as_of, min_sequence=min_sequence
            ),
            timeout,
        )

    async def aggregate_signals(
        self,
        *,
        signal_id: str = "",
        filter: str = "",
        currency: str = "",
        group_by: Iterable[aggregate_pb2.AggregateBy.ValueType] = (),
        quantiles: Iterable[float] = (),
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        max_staleness: duration_pb2.Duration | None = None,
        timeout: float | None = None,
    ) -> many_companies_pb2.AggregateSignalsResponse:
        """AggregateSignals of QueryService."""
        return await self._unary(
            self._stub.AggregateSignals,
            "AggregateSignals",
            many_companies_pb2.AggregateSignalsRequest(
                signal_id=signal_id,
                filter=filter,
                currency=currency,
                group_by=group_by,
                quantiles=quantiles,
                as_of=as_of,
                min_sequence=min_sequence,
                max_staleness=max_staleness,
            ),
            timeout,
        )

    def export_signals(
        self,
        *,
        filter: str = "",
        signal_ids: Iterable[str] = (),
        currency: str = "",
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> AsyncIterator[many_companies_pb2.ExportSignalsResponse]:
        """ExportSignals of QueryService."""
        return self._stream(
            self._stub.ExportSignals,
            "ExportSignals",
            many_companies_pb2.ExportSignalsRequest(
                filter=filter,
                signal_ids=signal_ids,
                currency=currency,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    def watch_companies(
        self, *, ciks: Iterable[int] = (), from_sequence: str = "", timeout: float | None = None
    ) -> AsyncIterator[company_watch_pb2.WatchCompaniesResponse]:
        """WatchCompanies of QueryService."""
        return self._stream(
            self._stub.WatchCompanies,
            "WatchCompanies",
            company_watch_pb2.WatchCompaniesRequest(ciks=ciks, from_sequence=from_sequence),
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
        read_mask: field_mask_pb2.FieldMask | None = None,
        timeout: float | None = None,
    ) -> query_service_pb2.GetFilingResponse:
        """GetFiling of QueryService."""
        return self._unary(
            self._stub.GetFiling,
            "GetFiling",
            query_service_pb2.GetFilingRequest(
                filing=filing, as_of=as_of, min_sequence=min_sequence, read_mask=read_mask
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
        read_mask: field_mask_pb2.FieldMask | None = None,
        timeout: float | None = None,
    ) -> query_service_pb2.GetSignalsResponse:
        """GetSignals of QueryService."""
        return self._unary(
            self._stub.GetSignals,
            "GetSignals",
            query_service_pb2.GetSignalsRequest(
                filing=filing,
                signal_ids=signal_ids,
                categories=categories,
                omit_evidence=omit_evidence,
                as_of=as_of,
                min_sequence=min_sequence,
                read_mask=read_mask,
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
        max_staleness: duration_pb2.Duration | None = None,
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
                max_staleness=max_staleness,
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
        max_staleness: duration_pb2.Duration | None = None,
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
                max_staleness=max_staleness,
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
        max_staleness: duration_pb2.Duration | None = None,
        timeout: float | None = None,
    ) -> many_companies_pb2.ScreenCompaniesResponse:
        """ScreenCompanies of QueryService."""
        return self._unary(
            self._stub.ScreenCompanies,
            "ScreenCompanies",
            many_companies_pb2.ScreenCompaniesRequest(
                filter=filter,
                signal_ids=signal_ids,
                period=period,
                currency=currency,
                page_size=page_size,
                page_token=page_token,
                as_of=as_of,
                min_sequence=min_sequence,
                ciks=ciks,
                max_staleness=max_staleness,
            ),
            timeout,
        )

    def get_facts(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        concepts: Iterable[str] = (),
        period_from: date_pb2.Date | None = None,
        period_to: date_pb2.Date | None = None,
        scope: fact_pb2.FactScope.ValueType = fact_pb2.FACT_SCOPE_UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> evidence_pb2.GetFactsResponse:
        """GetFacts of QueryService."""
        return self._unary(
            self._stub.GetFacts,
            "GetFacts",
            evidence_pb2.GetFactsRequest(
                filing=filing,
                concepts=concepts,
                period_from=period_from,
                period_to=period_to,
                scope=scope,
                page_size=page_size,
                page_token=page_token,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    def get_evidence(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        signal_id: str = "",
        context_characters: int | None = None,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> evidence_pb2.GetEvidenceResponse:
        """GetEvidence of QueryService."""
        return self._unary(
            self._stub.GetEvidence,
            "GetEvidence",
            evidence_pb2.GetEvidenceRequest(
                filing=filing,
                signal_id=signal_id,
                context_characters=context_characters,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    def get_signal_series(
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
    ) -> query_service_pb2.GetSignalSeriesResponse:
        """GetSignalSeries of QueryService."""
        return self._unary(
            self._stub.GetSignalSeries,
            "GetSignalSeries",
            query_service_pb2.GetSignalSeriesRequest(
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

    def compare_filings(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        prior: filing_pb2.FilingRef | None = None,
        signal_ids: Iterable[str] = (),
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> comparisons_pb2.CompareFilingsResponse:
        """CompareFilings of QueryService."""
        return self._unary(
            self._stub.CompareFilings,
            "CompareFilings",
            comparisons_pb2.CompareFilingsRequest(
                filing=filing, prior=prior, signal_ids=signal_ids, as_of=as_of, min_sequence=min_sequence
            ),
            timeout,
        )

    def compare_companies(
        self,
        *,
        ciks: Iterable[int] = (),
        signal_ids: Iterable[str] = (),
        period: company_figures_pb2.CompanyPeriod.ValueType = company_figures_pb2.COMPANY_PERIOD_UNSPECIFIED,
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> comparisons_pb2.CompareCompaniesResponse:
        """CompareCompanies of QueryService."""
        return self._unary(
            self._stub.CompareCompanies,
            "CompareCompanies",
            comparisons_pb2.CompareCompaniesRequest(
                ciks=ciks, signal_ids=signal_ids, period=period, as_of=as_of, min_sequence=min_sequence
            ),
            timeout,
        )

    def aggregate_signals(
        self,
        *,
        signal_id: str = "",
        filter: str = "",
        currency: str = "",
        group_by: Iterable[aggregate_pb2.AggregateBy.ValueType] = (),
        quantiles: Iterable[float] = (),
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        max_staleness: duration_pb2.Duration | None = None,
        timeout: float | None = None,
    ) -> many_companies_pb2.AggregateSignalsResponse:
        """AggregateSignals of QueryService."""
        return self._unary(
            self._stub.AggregateSignals,
            "AggregateSignals",
            many_companies_pb2.AggregateSignalsRequest(
                signal_id=signal_id,
                filter=filter,
                currency=currency,
                group_by=group_by,
                quantiles=quantiles,
                as_of=as_of,
                min_sequence=min_sequence,
                max_staleness=max_staleness,
            ),
            timeout,
        )

    def export_signals(
        self,
        *,
        filter: str = "",
        signal_ids: Iterable[str] = (),
        currency: str = "",
        as_of: read_pb2.AsOf | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> Iterator[many_companies_pb2.ExportSignalsResponse]:
        """ExportSignals of QueryService."""
        return self._stream(
            self._stub.ExportSignals,
            "ExportSignals",
            many_companies_pb2.ExportSignalsRequest(
                filter=filter,
                signal_ids=signal_ids,
                currency=currency,
                as_of=as_of,
                min_sequence=min_sequence,
            ),
            timeout,
        )

    def watch_companies(
        self, *, ciks: Iterable[int] = (), from_sequence: str = "", timeout: float | None = None
    ) -> Iterator[company_watch_pb2.WatchCompaniesResponse]:
        """WatchCompanies of QueryService."""
        return self._stream(
            self._stub.WatchCompanies,
            "WatchCompanies",
            company_watch_pb2.WatchCompaniesRequest(ciks=ciks, from_sequence=from_sequence),
            timeout,
        )
