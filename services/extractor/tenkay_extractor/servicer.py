"""ExtractorService: protobuf to domain and back."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import grpc
from google.protobuf import timestamp_pb2

from tenkay import page_tokens
from tenkay.common.v1 import date_pb2, extraction_pb2, filing_pb2, signal_pb2
from tenkay.errors import Reason, TenkayError, failure
from tenkay.extractor.v1 import extractor_service_pb2 as pb
from tenkay.extractor.v1 import extractor_service_pb2_grpc as pb_grpc
from tenkay.identifiers import require_accession_number, require_cik
from tenkay.runtime.logs import get_logger
from tenkay.runtime.tracing import span
from tenkay_extractor import metrics
from tenkay_extractor.catalog import Catalog, Category, SignalDefinition
from tenkay_extractor.evidence import Evidence, FactEvidence, SearchEvidence, TextEvidence
from tenkay_extractor.extraction import FilingMismatchError
from tenkay_extractor.filing_source import FilingSource
from tenkay_extractor.identity import FilingIdentity, Listing
from tenkay_extractor.identity import FilingSource as Origin
from tenkay_extractor.missing import MissingReason
from tenkay_extractor.plain_decimals import plain
from tenkay_extractor.pool import (
    ExtractionOverrunError,
    MemoryExceededError,
    PoolFullError,
    WorkerCrashedError,
    WorkerPool,
)
from tenkay_extractor.signals import Signal
from tenkay_extractor.submission import SubmissionError, SubmissionFault
from tenkay_extractor.worker import ExtractionRequest, ExtractionSummary, WorkerAnswer

FULL_NAME = "tenkay.extractor.v1.ExtractorService"
DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 500

Context = grpc.aio.ServicerContext[Any, Any]

logger = get_logger(__name__)

_FAULTS = {
    SubmissionFault.EMPTY: Reason.SUBMISSION_EMPTY,
    SubmissionFault.TRUNCATED: Reason.SUBMISSION_TRUNCATED,
    SubmissionFault.BINARY: Reason.SUBMISSION_BINARY,
    SubmissionFault.MALFORMED: Reason.SUBMISSION_MALFORMED,
    SubmissionFault.TOO_LARGE: Reason.SUBMISSION_TOO_LARGE,
}
_CATEGORIES = {each: signal_pb2.SignalCategory.Value(f"SIGNAL_CATEGORY_{each.name}") for each in Category}
_MISSING = {each: signal_pb2.MissingReason.Value(f"MISSING_REASON_{each.name}") for each in MissingReason}
_ORIGINS = {
    Origin.FULL_SUBMISSION: filing_pb2.FILING_SOURCE_FULL_SUBMISSION,
    Origin.DOCUMENTS: filing_pb2.FILING_SOURCE_DOCUMENTS,
}


class ExtractorServicer(pb_grpc.ExtractorServiceServicer):
    """Checks what came in, reads the filing, has a worker extract it, spells the answer."""

    def __init__(
        self,
        source: FilingSource,
        pool: WorkerPool,
        catalog: Catalog,
        *,
        filing_seconds: float,
        signal_seconds: float,
        maximum_bytes: int,
    ) -> None:
        self._source = source
        self._pool = pool
        self._catalog = catalog
        self._filing_seconds = filing_seconds
        self._signal_seconds = signal_seconds
        self._maximum_bytes = maximum_bytes

    async def ExtractFiling(
        self, request: pb.ExtractFilingRequest, _context: Context
    ) -> pb.ExtractFilingResponse:
        accession_number = require_accession_number(
            request.filing.accession_number, "filing.accession_number"
        )
        if request.filing.HasField("cik"):
            require_cik(request.filing.cik, "filing.cik")
        told = _listing(request.listing, accession_number)
        with span("extractor.read_filing", {"sec.accession_number": accession_number}):
            fetched = await self._source.read(request.filing)
        listing = replace(
            told,
            cik=fetched.ref.cik if fetched.ref.HasField("cik") else told.cik,
            primary_document=fetched.ref.primary_document or told.primary_document,
        )
        started = time.perf_counter()
        try:
            with span("extractor.extract", {"sec.accession_number": accession_number}):
                answer = await self._in_worker(
                    ExtractionRequest(
                        blobs=fetched.blobs,
                        listing=listing,
                        limit_seconds=self._filing_seconds,
                        signal_seconds=self._signal_seconds,
                        maximum_bytes=self._maximum_bytes,
                    )
                )
        except TenkayError as error:
            metrics.EXTRACTIONS.labels(error.reason.value).inc()
            raise
        metrics.EXTRACTION_SECONDS.observe(time.perf_counter() - started)
        summary = answer.summary
        if summary is None:
            raise TypeError("a worker's answer holds a result or a refusal")
        _count(answer, summary)
        return pb.ExtractFilingResponse(extraction=extraction_message(summary))

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
            if request.category in (signal_pb2.SIGNAL_CATEGORY_UNSPECIFIED, _CATEGORIES[row.category])
        ]
        first = 0
        if request.page_token:
            position = page_tokens.decode(request.page_token, bound_to=bound_to).get("first")
            first = position if isinstance(position, int) and position >= 0 else len(rows)
        following = first + size
        return pb.ListSignalDefinitionsResponse(
            definitions=[_definition(row) for row in rows[first:following]],
            next_page_token=(
                page_tokens.encode({"first": following}, bound_to=bound_to) if following < len(rows) else ""
            ),
            catalog_version=self._catalog.version,
        )


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


# To the domain


def _listing(message: filing_pb2.FilingListing, accession_number: str) -> Listing:
    ref, field = message.filing, "listing."
    return Listing(
        accession_number=accession_number,
        cik=require_cik(ref.cik, f"{field}filing.cik") if ref.HasField("cik") else None,
        form_type=message.form_type,
        company_name=message.company_name,
        filed_date=(
            _day(message.filed_date, f"{field}filed_date") if message.HasField("filed_date") else None
        ),
        accepted_at=(
            _moment(message.accepted_at, f"{field}accepted_at") if message.HasField("accepted_at") else None
        ),
        period_end=(
            _day(message.period_end, f"{field}period_end") if message.HasField("period_end") else None
        ),
        items=tuple(message.items),
        primary_document=ref.primary_document,
    )


def _day(message: date_pb2.Date, field: str) -> date:
    try:
        return date(message.year, message.month, message.day)
    except ValueError:
        raise failure(
            Reason.INVALID_FIELD,
            f"{message.year}-{message.month}-{message.day} is no day of the calendar; leave it unset if it is "
            "not known",
            field=field,
        ) from None


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


# To the wire


def extraction_message(summary: ExtractionSummary) -> extraction_pb2.Extraction:
    """The result as the API spells it."""
    return extraction_pb2.Extraction(
        filing=_filing(summary.filing),
        sections=[
            extraction_pb2.Section(
                code=section.code,
                part=section.part,
                title=section.title,
                document=section.document,
                start=section.start,
                end=section.end,
                confidence=section.confidence,
            )
            for section in summary.sections
        ],
        signals=[_signal(signal) for signal in summary.signals],
        missing=[
            signal_pb2.MissingSignal(id=missing.id, reason=_MISSING[missing.reason], detail=missing.detail)
            for missing in summary.missing
        ],
        texts=[
            extraction_pb2.NormalisedText(document=text.document, sha256=text.sha256, length=text.length)
            for text in summary.texts
        ],
        result_key=summary.result_key,
        catalog_version=summary.catalog_version,
        code_version=summary.code_version,
        fact_count=summary.fact_count,
    )


def _filing(filing: FilingIdentity) -> filing_pb2.Filing:
    message = filing_pb2.Filing(
        accession_number=filing.accession_number,
        cik=filing.cik,
        form_type=filing.form_type,
        company_name=filing.company_name,
        filed_date=_date(filing.filed_date),
        period_end=_date(filing.period_end),
        sic_code=filing.sic_code,
        items=filing.items,
        primary_document=filing.primary_document,
        source=_ORIGINS[filing.source],
        is_amendment=filing.is_amendment,
    )
    if filing.accepted_at is not None:
        accepted_at = timestamp_pb2.Timestamp()
        accepted_at.FromDatetime(filing.accepted_at)
        message.accepted_at.CopyFrom(accepted_at)
    return message


def _date(day: date | None) -> date_pb2.Date | None:
    return None if day is None else date_pb2.Date(year=day.year, month=day.month, day=day.day)


def _signal(signal: Signal) -> signal_pb2.Signal:
    return signal_pb2.Signal(
        id=signal.id,
        category=_CATEGORIES[signal.category],
        value=_value(signal),
        unit=signal.unit,
        currency=signal.currency,
        confidence=signal.confidence,
        out_of_range=signal.out_of_range,
        evidence=[_evidence(evidence) for evidence in signal.evidence],
        notes=signal.notes,
    )


def _value(signal: Signal) -> signal_pb2.SignalValue:
    if isinstance(signal.value, bool):
        return signal_pb2.SignalValue(bool=signal.value)
    if isinstance(signal.value, Decimal):
        return signal_pb2.SignalValue(decimal=plain(signal.value))
    if isinstance(signal.value, str):
        return signal_pb2.SignalValue(enum=signal.value)
    if isinstance(signal.value, int):
        return signal_pb2.SignalValue(int64=signal.value)
    return signal_pb2.SignalValue(double=signal.value)


def _evidence(evidence: Evidence) -> signal_pb2.Evidence:
    match evidence:
        case FactEvidence(concept, fact, accession_number):
            period = fact.context.period
            return signal_pb2.Evidence(
                fact=signal_pb2.FactEvidence(
                    concept=concept,
                    element=fact.concept,
                    document=fact.document,
                    fact_id=fact.fact_id,
                    context_id=fact.context.id,
                    start=_date(period.start if period else None),
                    end=_date(period.end if period else None),
                    unit=fact.unit or "",
                    decimals=fact.decimals,
                    value=plain(fact.value) if fact.value is not None else fact.text or "",
                    accession_number=accession_number or None,
                )
            )
        case TextEvidence():
            return signal_pb2.Evidence(text=_passage(evidence))
        case SearchEvidence(sections, text_sha256, dismissed):
            return signal_pb2.Evidence(
                search=signal_pb2.SearchEvidence(
                    sections=sections,
                    text_sha256=text_sha256,
                    dismissed=[_passage(passage) for passage in dismissed],
                )
            )


def _passage(passage: TextEvidence) -> signal_pb2.TextEvidence:
    return signal_pb2.TextEvidence(
        document=passage.document,
        section=passage.section,
        text_sha256=passage.text_sha256,
        start=passage.start,
        end=passage.end,
        quote=passage.quote,
    )


def _definition(row: SignalDefinition) -> pb.SignalDefinition:
    return pb.SignalDefinition(
        id=row.id,
        category=_CATEGORIES[row.category],
        name=row.name,
        definition=row.definition,
        formula=row.formula,
        unit=row.unit,
        value_kind=row.value_kind.value,
        forms=row.forms,
        direction=row.direction,
        source=row.source,
        missing_when=row.missing_when,
    )
