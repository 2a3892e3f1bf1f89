"""ExtractorService: protobuf to domain and back."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any

import grpc
from google.protobuf import timestamp_pb2

from tenkay import page_tokens
from tenkay.common.v1 import filing_pb2, signal_pb2
from tenkay.days import day_of
from tenkay.errors import Reason, TenkayError, failure
from tenkay.extractor.v1 import extractor_service_pb2 as pb
from tenkay.extractor.v1 import extractor_service_pb2_grpc as pb_grpc
from tenkay.extractor.v1 import reference_tables_pb2
from tenkay.identifiers import require_accession_number, require_cik
from tenkay.runtime.handler import comes_to_an_end
from tenkay.runtime.logs import get_logger
from tenkay.runtime.tracing import span
from tenkay_extractor import metrics
from tenkay_extractor.byte_budget import ByteAccount, ByteBudget
from tenkay_extractor.catalog import Catalog, Category
from tenkay_extractor.extraction import FilingMismatchError
from tenkay_extractor.filing_source import FilingSource
from tenkay_extractor.filing_view import EarlierFilingError
from tenkay_extractor.identity import Listing
from tenkay_extractor.messages import CATEGORIES, definition_message, extraction_message, extraction_parts
from tenkay_extractor.pool import (
    ExtractionOverrunError,
    MemoryExceededError,
    PoolFullError,
    WorkerCrashedError,
    WorkerPool,
)
from tenkay_extractor.reference_table_messages import read_reference_tables
from tenkay_extractor.reference_tables import ReferenceTable, ReferenceTableError
from tenkay_extractor.submission import SubmissionError, SubmissionFault
from tenkay_extractor.upload import read_documents, read_opening
from tenkay_extractor.worker import ExtractionRequest, ExtractionSummary, FilingBytes, WorkerAnswer

FULL_NAME = "tenkay.extractor.v1.ExtractorService"
DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 500
MOST_EARLIER_FILINGS = 100
_LONGEST_ID = 64

Context = grpc.aio.ServicerContext[Any, Any]

logger = get_logger(__name__)

_FAULTS = {
    SubmissionFault.EMPTY: Reason.SUBMISSION_EMPTY,
    SubmissionFault.TRUNCATED: Reason.SUBMISSION_TRUNCATED,
    SubmissionFault.BINARY: Reason.SUBMISSION_BINARY,
    SubmissionFault.MALFORMED: Reason.SUBMISSION_MALFORMED,
    SubmissionFault.TOO_LARGE: Reason.SUBMISSION_TOO_LARGE,
}


class ExtractorServicer(pb_grpc.ExtractorServiceServicer):
    """Checks what came in, reads the filing, has a worker extract it, spells the answer."""

    def __init__(
        self,
        source: FilingSource,
        pool: WorkerPool,
        budget: ByteBudget,
        catalog: Catalog,
        *,
        filing_seconds: float,
        signal_seconds: float,
        maximum_bytes: int,
    ) -> None:
        self._source = source
        self._pool = pool
        self._budget = budget
        self._catalog = catalog
        self._filing_seconds = filing_seconds
        self._signal_seconds = signal_seconds
        self._maximum_bytes = maximum_bytes

    async def ExtractFiling(
        self, request: pb.ExtractFilingRequest, _context: Context
    ) -> pb.ExtractFilingResponse:
        with _counting_refusals(), self._budget.account() as account:
            summary = await self._filing(request, account)
        return pb.ExtractFilingResponse(extraction=extraction_message(summary))

    @comes_to_an_end
    async def ExtractFilingWithArtifacts(
        self, request: pb.ExtractFilingWithArtifactsRequest, _context: Context
    ) -> AsyncIterator[pb.ExtractFilingWithArtifactsResponse]:
        with _counting_refusals(), self._budget.account() as account:
            # What the filing's bytes were counted for stands for its text until that is sent.
            for part in extraction_parts(await self._filing(request.extract, account, with_artifacts=True)):
                yield pb.ExtractFilingWithArtifactsResponse(part=part)

    async def ExtractDocuments(
        self, requests: AsyncIterator[pb.ExtractDocumentsRequest], _context: Context
    ) -> pb.ExtractDocumentsResponse:
        with _counting_refusals(), self._budget.account() as account:
            summary = await self._documents(requests, account)
        return pb.ExtractDocumentsResponse(extraction=extraction_message(summary))

    @comes_to_an_end
    async def ExtractDocumentsWithArtifacts(
        self, requests: AsyncIterator[pb.ExtractDocumentsWithArtifactsRequest], _context: Context
    ) -> AsyncIterator[pb.ExtractDocumentsWithArtifactsResponse]:
        with _counting_refusals(), self._budget.account() as account:
            unpacked = (request.extract async for request in requests)
            for part in extraction_parts(await self._documents(unpacked, account, with_artifacts=True)):
                yield pb.ExtractDocumentsWithArtifactsResponse(part=part)

    async def _filing(
        self, request: pb.ExtractFilingRequest, account: ByteAccount, *, with_artifacts: bool = False
    ) -> ExtractionSummary:
        accession_number = require_accession_number(
            request.filing.accession_number, "filing.accession_number"
        )
        if request.filing.HasField("cik"):
            require_cik(request.filing.cik, "filing.cik")
        told = _listing(request.listing, accession_number, "listing.")
        told_earlier = _earlier_listings(request.earlier_filings, "earlier_filings")
        since, categories = _since(request), _categories(request.categories, "categories")
        tables = _tables(request.tables, "tables")
        account.take(request.tables.ByteSize())
        filing = await self._fetched(request.filing, told, account)
        earlier = [
            await self._fetched(each.filing, listing, account)
            for each, listing in zip(request.earlier_filings, told_earlier, strict=True)
        ]
        return await self._extracted(
            filing, tuple(earlier), since, categories, tables, with_artifacts=with_artifacts
        )

    async def _documents(
        self,
        requests: AsyncIterator[pb.ExtractDocumentsRequest],
        account: ByteAccount,
        *,
        with_artifacts: bool = False,
    ) -> ExtractionSummary:
        opening = await read_opening(requests)
        field = "opening.filing.listing"
        told = opening.filing.listing
        accession_number = require_accession_number(
            told.filing.accession_number, f"{field}.filing.accession_number"
        )
        listing = _listing(told, accession_number, f"{field}.")
        told_earlier = _earlier_listings(
            [each.listing for each in opening.earlier_filings], "opening.earlier_filings", ".listing"
        )
        since = _since(opening, "opening.")
        categories = _categories(opening.categories, "opening.categories")
        tables = _tables(opening.tables, "opening.tables")
        account.take(opening.tables.ByteSize())
        upload = await read_documents(opening, requests, account)
        earlier = tuple(
            FilingBytes(blobs, each) for blobs, each in zip(upload.earlier, told_earlier, strict=True)
        )
        return await self._extracted(
            FilingBytes(upload.filing, listing),
            earlier,
            since,
            categories,
            tables,
            with_artifacts=with_artifacts,
        )

    async def _fetched(self, ref: filing_pb2.FilingRef, told: Listing, account: ByteAccount) -> FilingBytes:
        with span("extractor.read_filing", {"sec.accession_number": told.accession_number}):
            fetched = await self._source.read(ref, account)
        listing = replace(
            told,
            cik=fetched.ref.cik if fetched.ref.HasField("cik") else told.cik,
            primary_document=fetched.ref.primary_document or told.primary_document,
        )
        return FilingBytes(fetched.blobs, listing)

    async def _extracted(
        self,
        filing: FilingBytes,
        earlier: tuple[FilingBytes, ...],
        since: date | None,
        categories: frozenset[Category],
        tables: tuple[ReferenceTable, ...],
        *,
        with_artifacts: bool,
    ) -> ExtractionSummary:
        started = time.perf_counter()
        with span("extractor.extract", {"sec.accession_number": filing.listing.accession_number}):
            answer = await self._in_worker(
                ExtractionRequest(
                    filing=filing,
                    limit_seconds=self._filing_seconds,
                    signal_seconds=self._signal_seconds,
                    maximum_bytes=self._maximum_bytes,
                    earlier=earlier,
                    earlier_complete_since=since,
                    categories=categories,
                    with_artifacts=with_artifacts,
                    tables=tables,
                )
            )
        metrics.EXTRACTION_SECONDS.observe(time.perf_counter() - started)
        summary = answer.summary
        if summary is None:
            raise TypeError("a worker's answer holds a result or a refusal")
        _count(answer, summary)
        return summary

    async def _in_worker(self, request: ExtractionRequest) -> WorkerAnswer:
        try:
            answer = await self._pool.extract(request)
        except PoolFullError as error:
            raise failure(
                Reason.QUEUE_FULL,
                f"all workers are busy and {error.waiting} filings wait; call again in {error.retry_after:.1f} s",
                retry_after=error.retry_after,
            ) from None
        except ExtractionOverrunError as error:
            raise failure(
                Reason.EXTRACTION_TIMEOUT,
                f"the filing {error} (TENKAY_EXTRACTOR_FILING_SECONDS) and was stopped",
            ) from None
        except MemoryExceededError as error:
            raise failure(
                Reason.EXTRACTION_CRASHED,
                f"the filing {error} (TENKAY_EXTRACTOR_WORKER_BYTES) and was stopped",
            ) from None
        except WorkerCrashedError as error:
            raise failure(Reason.EXTRACTION_CRASHED, f"{error}; the service's log may tell more") from error
        if isinstance(answer.refusal, SubmissionError):
            raise failure(_FAULTS[answer.refusal.fault], str(answer.refusal))
        if isinstance(answer.refusal, FilingMismatchError):
            raise failure(Reason.FILING_MISMATCH, str(answer.refusal))
        if isinstance(answer.refusal, EarlierFilingError):
            raise failure(Reason.EARLIER_FILING_UNUSABLE, str(answer.refusal))
        return answer

    async def ListSignalDefinitions(
        self, request: pb.ListSignalDefinitionsRequest, _context: Context
    ) -> pb.ListSignalDefinitionsResponse:
        size = page_tokens.page_size(request.page_size, default=DEFAULT_PAGE_SIZE, maximum=MAX_PAGE_SIZE)
        if request.category not in signal_pb2.SignalCategory.values():
            raise failure(
                Reason.INVALID_FIELD,
                f"{request.category} is not a category; leave it unset for all of them",
                field="category",
            )
        bound_to = f"ListSignalDefinitions {request.category} {self._catalog.version}".encode()
        rows = [
            row
            for row in self._catalog.signals
            if request.category in (signal_pb2.SIGNAL_CATEGORY_UNSPECIFIED, CATEGORIES[row.category])
        ]
        first = 0
        if request.page_token:
            position = page_tokens.decode(request.page_token, bound_to=bound_to).get("first")
            first = position if isinstance(position, int) and position >= 0 else len(rows)
        following = first + size
        return pb.ListSignalDefinitionsResponse(
            definitions=[definition_message(row) for row in rows[first:following]],
            next_page_token=(
                page_tokens.encode({"first": following}, bound_to=bound_to) if following < len(rows) else ""
            ),
            catalog_version=self._catalog.version,
        )

    async def GetSignalDefinition(
        self, request: pb.GetSignalDefinitionRequest, _context: Context
    ) -> pb.GetSignalDefinitionResponse:
        for row in self._catalog.signals:
            if row.id == request.id:
                return pb.GetSignalDefinitionResponse(
                    definition=definition_message(row), catalog_version=self._catalog.version
                )
        # Compared up to a bound: likeness takes time with the square of the length.
        closest = get_close_matches(request.id[:_LONGEST_ID], [row.id for row in self._catalog.signals])
        hint = (
            f"; did you mean {' or '.join(closest)}?" if closest else "; ListSignalDefinitions lists them all"
        )
        raise failure(
            Reason.UNKNOWN_SIGNAL,
            f"there is no signal {request.id[:_LONGEST_ID]!r}{hint}",
            field="id",
            metadata={"closest": ",".join(closest)},
        )


@contextmanager
def _counting_refusals() -> Iterator[None]:
    try:
        yield
    except TenkayError as error:
        metrics.EXTRACTIONS.labels(error.reason.value).inc()
        raise


def _count(answer: WorkerAnswer, summary: ExtractionSummary) -> None:
    metrics.EXTRACTIONS.labels("OK").inc()
    metrics.CPU_SECONDS.observe(answer.cpu_seconds)
    for signal in summary.signals:
        metrics.SIGNALS.labels(signal.category.value).inc()
    for missing in summary.missing:
        metrics.MISSING.labels(missing.reason.value).inc()
    for failed in summary.failures:
        metrics.FAILURES.labels(failed.id).inc()
        logger.error(
            "signal_failed",
            signal=failed.id,
            error=failed.error,
            accession_number=summary.filing.accession_number,
        )


def _earlier_listings(
    messages: Sequence[filing_pb2.FilingListing], field: str, inside: str = ""
) -> tuple[Listing, ...]:
    if len(messages) > MOST_EARLIER_FILINGS:
        raise failure(
            Reason.INVALID_FIELD,
            f"{len(messages)} filings, and {MOST_EARLIER_FILINGS} are taken: leave out the oldest",
            field=field,
        )
    found = []
    for position, message in enumerate(messages):
        where = f"{field}[{position}]{inside}."
        accession_number = require_accession_number(
            message.filing.accession_number, f"{where}filing.accession_number"
        )
        found.append(_listing(message, accession_number, where))
    return tuple(found)


def _since(message: pb.ExtractFilingRequest | pb.DocumentsOpening, field: str = "") -> date | None:
    if not message.HasField("earlier_complete_since"):
        return None
    return day_of(message.earlier_complete_since, f"{field}earlier_complete_since")


def _categories(values: Sequence[signal_pb2.SignalCategory.ValueType], field: str) -> frozenset[Category]:
    known = {number: category for category, number in CATEGORIES.items()}
    for value in values:
        if value not in known:
            raise failure(
                Reason.INVALID_FIELD,
                f"{value} is not a category; leave the list empty for all of them",
                field=field,
            )
    return frozenset(known[value] for value in values)


def _tables(message: reference_tables_pb2.ReferenceTables, field: str) -> tuple[ReferenceTable, ...]:
    try:
        return read_reference_tables(message)
    except ReferenceTableError as error:
        raise failure(Reason.INVALID_FIELD, str(error), field=f"{field}.{error.field}") from None


def _listing(message: filing_pb2.FilingListing, accession_number: str, field: str) -> Listing:
    ref = message.filing
    return Listing(
        accession_number=accession_number,
        cik=require_cik(ref.cik, f"{field}filing.cik") if ref.HasField("cik") else None,
        form_type=message.form_type,
        company_name=message.company_name,
        filed_date=(
            day_of(message.filed_date, f"{field}filed_date") if message.HasField("filed_date") else None
        ),
        accepted_at=(
            _moment(message.accepted_at, f"{field}accepted_at") if message.HasField("accepted_at") else None
        ),
        period_end=(
            day_of(message.period_end, f"{field}period_end") if message.HasField("period_end") else None
        ),
        items=tuple(message.items),
        primary_document=ref.primary_document,
    )


def _moment(message: timestamp_pb2.Timestamp, field: str) -> datetime:
    try:
        return message.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise failure(
            Reason.INVALID_FIELD,
            f"{message.seconds} s and {message.nanos} ns are no moment from the year 1 to 9999; leave it unset if it "
            "is not known",
            field=field,
        ) from None
