"""GENERATED from the protos of tenkay.fetcher.v1 by scripts/generate_clients.py; never edited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator

from tenkay.client.caller import AsyncCaller, SequenceFloor, SyncCaller
from tenkay.client.endpoint import Endpoint
from tenkay.common.v1 import date_pb2, filing_pb2
from tenkay.fetcher.v1 import fetcher_service_pb2, fetcher_service_pb2_grpc


class AsyncFetcherClient(AsyncCaller):
    """Async client of tenkay.fetcher.v1.FetcherService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.fetcher.v1.FetcherService", floor)
        self._stub = fetcher_service_pb2_grpc.FetcherServiceStub(self._channel)

    async def resolve_company(
        self, *, ticker: str | None = None, cik: int | None = None, timeout: float | None = None
    ) -> fetcher_service_pb2.ResolveCompanyResponse:
        """ResolveCompany of FetcherService."""
        return await self._unary(
            self._stub.ResolveCompany,
            "ResolveCompany",
            fetcher_service_pb2.ResolveCompanyRequest(ticker=ticker, cik=cik),
            timeout,
        )

    async def list_filings(
        self,
        *,
        cik: int = 0,
        forms: Iterable[str] = (),
        include_amendments: bool = False,
        filed_from: date_pb2.Date | None = None,
        filed_to: date_pb2.Date | None = None,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> fetcher_service_pb2.ListFilingsResponse:
        """ListFilings of FetcherService."""
        return await self._unary(
            self._stub.ListFilings,
            "ListFilings",
            fetcher_service_pb2.ListFilingsRequest(
                cik=cik,
                forms=forms,
                include_amendments=include_amendments,
                filed_from=filed_from,
                filed_to=filed_to,
                page_size=page_size,
                page_token=page_token,
            ),
            timeout,
        )

    def discover_filings(
        self,
        *,
        filed_from: date_pb2.Date | None = None,
        filed_to: date_pb2.Date | None = None,
        forms: Iterable[str] = (),
        timeout: float | None = None,
    ) -> AsyncIterator[fetcher_service_pb2.DiscoverFilingsResponse]:
        """DiscoverFilings of FetcherService."""
        return self._stream(
            self._stub.DiscoverFilings,
            "DiscoverFilings",
            fetcher_service_pb2.DiscoverFilingsRequest(filed_from=filed_from, filed_to=filed_to, forms=forms),
            timeout,
        )

    async def ensure_filing(
        self, *, filing: filing_pb2.FilingRef | None = None, timeout: float | None = None
    ) -> fetcher_service_pb2.EnsureFilingResponse:
        """EnsureFiling of FetcherService."""
        return await self._unary(
            self._stub.EnsureFiling,
            "EnsureFiling",
            fetcher_service_pb2.EnsureFilingRequest(filing=filing),
            timeout,
        )

    def read_document(
        self, *, sha256: str = "", offset: int = 0, length: int | None = None, timeout: float | None = None
    ) -> AsyncIterator[fetcher_service_pb2.ReadDocumentResponse]:
        """ReadDocument of FetcherService."""
        return self._stream(
            self._stub.ReadDocument,
            "ReadDocument",
            fetcher_service_pb2.ReadDocumentRequest(sha256=sha256, offset=offset, length=length),
            timeout,
        )

    async def get_limiter_status(
        self, *, timeout: float | None = None
    ) -> fetcher_service_pb2.GetLimiterStatusResponse:
        """GetLimiterStatus of FetcherService."""
        return await self._unary(
            self._stub.GetLimiterStatus,
            "GetLimiterStatus",
            fetcher_service_pb2.GetLimiterStatusRequest(),
            timeout,
        )


class FetcherClient(SyncCaller):
    """Sync client of tenkay.fetcher.v1.FetcherService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.fetcher.v1.FetcherService", floor)
        self._stub = fetcher_service_pb2_grpc.FetcherServiceStub(self._channel)

    def resolve_company(
        self, *, ticker: str | None = None, cik: int | None = None, timeout: float | None = None
    ) -> fetcher_service_pb2.ResolveCompanyResponse:
        """ResolveCompany of FetcherService."""
        return self._unary(
            self._stub.ResolveCompany,
            "ResolveCompany",
            fetcher_service_pb2.ResolveCompanyRequest(ticker=ticker, cik=cik),
            timeout,
        )

    def list_filings(
        self,
        *,
        cik: int = 0,
        forms: Iterable[str] = (),
        include_amendments: bool = False,
        filed_from: date_pb2.Date | None = None,
        filed_to: date_pb2.Date | None = None,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> fetcher_service_pb2.ListFilingsResponse:
        """ListFilings of FetcherService."""
        return self._unary(
            self._stub.ListFilings,
            "ListFilings",
            fetcher_service_pb2.ListFilingsRequest(
                cik=cik,
                forms=forms,
                include_amendments=include_amendments,
                filed_from=filed_from,
                filed_to=filed_to,
                page_size=page_size,
                page_token=page_token,
            ),
            timeout,
        )

    def discover_filings(
        self,
        *,
        filed_from: date_pb2.Date | None = None,
        filed_to: date_pb2.Date | None = None,
        forms: Iterable[str] = (),
        timeout: float | None = None,
    ) -> Iterator[fetcher_service_pb2.DiscoverFilingsResponse]:
        """DiscoverFilings of FetcherService."""
        return self._stream(
            self._stub.DiscoverFilings,
            "DiscoverFilings",
            fetcher_service_pb2.DiscoverFilingsRequest(filed_from=filed_from, filed_to=filed_to, forms=forms),
            timeout,
        )

    def ensure_filing(
        self, *, filing: filing_pb2.FilingRef | None = None, timeout: float | None = None
    ) -> fetcher_service_pb2.EnsureFilingResponse:
        """EnsureFiling of FetcherService."""
        return self._unary(
            self._stub.EnsureFiling,
            "EnsureFiling",
            fetcher_service_pb2.EnsureFilingRequest(filing=filing),
            timeout,
        )

    def read_document(
        self, *, sha256: str = "", offset: int = 0, length: int | None = None, timeout: float | None = None
    ) -> Iterator[fetcher_service_pb2.ReadDocumentResponse]:
        """ReadDocument of FetcherService."""
        return self._stream(
            self._stub.ReadDocument,
            "ReadDocument",
            fetcher_service_pb2.ReadDocumentRequest(sha256=sha256, offset=offset, length=length),
            timeout,
        )

    def get_limiter_status(
        self, *, timeout: float | None = None
    ) -> fetcher_service_pb2.GetLimiterStatusResponse:
        """GetLimiterStatus of FetcherService."""
        return self._unary(
            self._stub.GetLimiterStatus,
            "GetLimiterStatus",
            fetcher_service_pb2.GetLimiterStatusRequest(),
            timeout,
        )
