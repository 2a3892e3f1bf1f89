"""FetcherService: protobuf to domain and back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Any

import grpc
from google.protobuf import duration_pb2, timestamp_pb2

from tenkay import page_tokens
from tenkay.common.v1 import filing_pb2
from tenkay.days import day_in, day_message
from tenkay.errors import Reason, failure
from tenkay.fetcher.v1 import fetcher_service_pb2 as pb
from tenkay.fetcher.v1 import fetcher_service_pb2_grpc as pb_grpc
from tenkay.identifiers import require_accession_number, require_cik
from tenkay.runtime.call import current_deadline
from tenkay.runtime.tracing import span
from tenkay_fetcher.blob_store import BlobStore, is_sha256
from tenkay_fetcher.company_directory import CompanyDirectory, require_ticker
from tenkay_fetcher.deadline import Deadline
from tenkay_fetcher.edgar_urls import require_document_name
from tenkay_fetcher.filing_lists import (
    MAX_DISCOVERY_DAYS,
    FilingLists,
    Position,
    Selection,
    position_of,
    require_forms,
    require_range,
)
from tenkay_fetcher.filings import FilingName, Filings, Source
from tenkay_fetcher.form_index import IndexSelection
from tenkay_fetcher.limiter import RequestLimiter
from tenkay_fetcher.submissions import Listing

FULL_NAME = "tenkay.fetcher.v1.FetcherService"
DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000
STREAM_SECONDS = 600.0
"""Deadline of a stream's own work when the caller set none."""

Context = grpc.aio.ServicerContext[Any, Any]

_SOURCES = {
    Source.FULL_SUBMISSION: filing_pb2.FILING_SOURCE_FULL_SUBMISSION,
    Source.DOCUMENTS: filing_pb2.FILING_SOURCE_DOCUMENTS,
}


class FetcherServicer(pb_grpc.FetcherServiceServicer):
    """Checks what came in, asks the domain, spells the answer."""

    def __init__(
        self,
        directory: CompanyDirectory,
        lists: FilingLists,
        filings: Filings,
        blobs: BlobStore,
        limiter: RequestLimiter,
    ) -> None:
        self._directory = directory
        self._lists = lists
        self._filings = filings
        self._blobs = blobs
        self._limiter = limiter

    async def ResolveCompany(
        self, request: pb.ResolveCompanyRequest, _context: Context
    ) -> pb.ResolveCompanyResponse:
        match request.WhichOneof("company"):
            case "ticker":
                ticker = require_ticker(request.ticker, "ticker")
                company = await self._directory.by_ticker(ticker, _deadline())
            case "cik":
                company = await self._directory.by_cik(require_cik(request.cik, "cik"), _deadline())
            case _:
                raise failure(Reason.INVALID_FIELD, "give a ticker or a cik", field="company")
        return pb.ResolveCompanyResponse(
            cik=company.cik,
            company_name=company.name,
            tickers=company.tickers,
            former_names=company.former_names,
            sic_code=company.sic_code,
        )

    async def ListFilings(self, request: pb.ListFilingsRequest, _context: Context) -> pb.ListFilingsResponse:
        cik = require_cik(request.cik, "cik")
        filed_from, filed_to = require_range(
            day_in(request, "filed_from"),
            day_in(request, "filed_to"),
        )
        selection = Selection(
            require_forms(request.forms, "forms"), request.include_amendments, filed_from, filed_to
        )
        size = page_tokens.page_size(request.page_size, default=DEFAULT_PAGE_SIZE, maximum=MAX_PAGE_SIZE)
        bound_to = _bound_to(request)
        after = _position(page_tokens.decode(request.page_token, bound_to)) if request.page_token else None
        rows, more = await self._lists.list_filings(
            cik, selection, after=after, limit=size, deadline=_deadline()
        )
        token = ""
        if more:
            last = position_of(rows[-1])
            token = page_tokens.encode(
                {"filed": last.filed_date.isoformat(), "accession": last.accession_number}, bound_to
            )
        return pb.ListFilingsResponse(filings=[_listing(row) for row in rows], next_page_token=token)

    async def DiscoverFilings(
        self, request: pb.DiscoverFilingsRequest, _context: Context
    ) -> AsyncIterator[pb.DiscoverFilingsResponse]:
        first, last = day_in(request, "filed_from"), day_in(request, "filed_to")
        for field, day in (("filed_from", first), ("filed_to", last)):
            if day is None:
                raise failure(Reason.INVALID_FIELD, f"{field} is required", field=field)
        require_range(first, last, max_days=MAX_DISCOVERY_DAYS)
        assert first is not None and last is not None  # noqa: PT018, S101 - checked above
        selection = IndexSelection(first, last, require_forms(request.forms, "forms"))
        async for rows in self._lists.discover(selection, _deadline(STREAM_SECONDS)):
            yield pb.DiscoverFilingsResponse(filings=[_listing(row) for row in rows])

    async def EnsureFiling(
        self, request: pb.EnsureFilingRequest, _context: Context
    ) -> pb.EnsureFilingResponse:
        name = _filing_name(request.filing)
        with span("fetcher.ensure_filing", {"sec.accession_number": name.accession_number}):
            manifest, fetched = await self._filings.ensure(name, _deadline())
        return pb.EnsureFilingResponse(
            filing=filing_pb2.FilingRef(
                accession_number=manifest.accession_number,
                cik=manifest.cik,
                primary_document=manifest.primary_document,
            ),
            source=_SOURCES[manifest.source],
            documents=[
                pb.ManifestDocument(
                    filename=document.filename,
                    type=document.type,
                    sha256=document.sha256,
                    size_bytes=document.size_bytes,
                )
                for document in manifest.documents
            ],
            fetched=fetched,
        )

    async def ReadDocument(
        self, request: pb.ReadDocumentRequest, _context: Context
    ) -> AsyncIterator[pb.ReadDocumentResponse]:
        if not is_sha256(request.sha256):
            raise failure(
                Reason.INVALID_FIELD,
                "sha256 must be 64 lower-case hex digits, as EnsureFiling gives it",
                field="sha256",
            )
        length = request.length if request.HasField("length") else None
        pieces = self._blobs.read(request.sha256, request.offset, length)
        try:
            while (piece := await asyncio.to_thread(_next, pieces)) is not None:
                yield pb.ReadDocumentResponse(chunk=piece)
        finally:
            pieces.close()

    async def GetLimiterStatus(
        self, _request: pb.GetLimiterStatusRequest, _context: Context
    ) -> pb.GetLimiterStatusResponse:
        status = await self._limiter.status()
        wait = duration_pb2.Duration()
        wait.FromMicroseconds(round(status.wait_seconds * 1e6))
        return pb.GetLimiterStatusResponse(
            requests_per_second=status.requests_per_second, wait=wait, degraded=status.degraded
        )


def _deadline(default_seconds: float = 30.0) -> Deadline:
    seconds = current_deadline()
    return Deadline.after(default_seconds if seconds is None else seconds)


def _filing_name(filing: filing_pb2.FilingRef) -> FilingName:
    return FilingName(
        require_accession_number(filing.accession_number, "filing.accession_number"),
        require_cik(filing.cik, "filing.cik") if filing.HasField("cik") else None,
        require_document_name(filing.primary_document, "filing.primary_document")
        if filing.HasField("primary_document")
        else None,
    )


def _bound_to(request: pb.ListFilingsRequest) -> bytes:
    rest = pb.ListFilingsRequest()
    rest.CopyFrom(request)
    rest.ClearField("page_token")
    # Another page size is no other list.
    rest.ClearField("page_size")
    return b"ListFilings\0" + rest.SerializeToString(deterministic=True)


def _position(values: dict[str, page_tokens.PositionValue]) -> Position:
    try:
        accession_number = str(values["accession"])
        return Position(date.fromisoformat(str(values["filed"])), accession_number)
    except (KeyError, ValueError):
        raise failure(
            Reason.MALFORMED_PAGE_TOKEN,
            "page_token names no place in the list; leave it empty",
            field="page_token",
        ) from None


def _listing(row: Listing) -> filing_pb2.FilingListing:
    return filing_pb2.FilingListing(
        filing=filing_pb2.FilingRef(
            accession_number=row.accession_number, cik=row.cik, primary_document=row.primary_document
        ),
        form_type=row.form_type,
        filed_date=day_message(row.filed_date),
        accepted_at=_timestamp(row),
        period_end=day_message(row.period_end),
        company_name=row.company_name,
        items=row.items,
    )


def _timestamp(row: Listing) -> timestamp_pb2.Timestamp | None:
    if row.accepted_at is None:
        return None
    moment = timestamp_pb2.Timestamp()
    moment.FromDatetime(row.accepted_at)
    return moment


def _next(pieces: Iterator[bytes]) -> bytes | None:
    # A StopIteration cannot leave a thread's future.
    return next(pieces, None)
