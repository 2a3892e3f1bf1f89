"""Records as the messages that answers are made of, and the parts that requests have in common.

INVALID_FIELD for messages that have no record: a day that does not exist. What callers commit is in `commit_messages`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from tenkay.common.v1 import (
    analysis_pb2,
    company_pb2,
    dispute_pb2,
    extraction_pb2,
    filing_pb2,
    signal_pb2,
    staleness_pb2,
)
from tenkay.errors import Reason, TenkayError, failure
from tenkay.identifiers import require_accession_number, require_cik
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay_store.domain.records import (
    CommitRecord,
    Dispute,
    Filing,
    MissingSignal,
    Section,
    Signal,
    Value,
    ValueKind,
)
from tenkay_store.domain.selections import StaleResult
from tenkay_store.domain.stored import CompanySummary, Staleness, Summary
from tenkay_store.wire import documents

Result = TypeVar("Result")

MAX_CIKS_TOLD = 10

_EVIDENCE = signal_pb2.Evidence.DESCRIPTOR
_CATEGORY = signal_pb2.SignalCategory.DESCRIPTOR
_CATEGORIES = documents.enum_numbers(_CATEGORY)
_MISSING_REASON = signal_pb2.MissingReason.DESCRIPTOR
_SOURCES = documents.enum_numbers(filing_pb2.FilingSource.DESCRIPTOR)
_RATINGS = documents.enum_numbers(analysis_pb2.Rating.DESCRIPTOR)
_STALE_REASON = staleness_pb2.StaleReason.DESCRIPTOR
_STALE_RESULT = store_pb2.StaleResult.DESCRIPTOR
_DISPUTE_REASON = dispute_pb2.DisputeReason.DESCRIPTOR


def filing_unknown(accession_number: str) -> TenkayError:
    """FILING_UNKNOWN for a filing that no version of is valid at the moments asked for."""
    return failure(
        Reason.FILING_UNKNOWN,
        f"filing {accession_number} is not stored, or was not at the moments asked for; ingest it first",
        field="filing.accession_number",
    )


def analysis_message(document: str) -> analysis_pb2.Analysis:
    """The analysis as it was committed."""
    return documents.from_document(analysis_pb2.Analysis, documents.decode(document))


def filing_message(filing: Filing) -> filing_pb2.Filing:
    """The filing as it was committed."""
    return filing_pb2.Filing(**_filing_fields(filing))


def _filing_fields(filing: Filing) -> dict[str, Any]:
    return {
        "accession_number": filing.accession_number,
        "cik": filing.cik,
        "form_type": filing.form_type,
        "company_name": filing.company_name,
        "filed_date": _date_fields(filing.filed_date),
        "accepted_at": _timestamp_fields(filing.accepted_at),
        "period_end": _date_fields(filing.period_end),
        "sic_code": filing.sic_code,
        "items": filing.items,
        "primary_document": filing.primary_document,
        "source": _SOURCES[filing.source],
        "is_amendment": filing.is_amendment,
        "entity_ciks": filing.entity_ciks,
    }


def _date_fields(day: date | None) -> dict[str, int] | None:
    return None if day is None else {"year": day.year, "month": day.month, "day": day.day}


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _timestamp_fields(at: datetime | None) -> dict[str, int] | None:
    if at is None:
        return None
    since = at - _EPOCH
    return {"seconds": since.days * 86400 + since.seconds, "nanos": since.microseconds * 1000}


def section_message(section: Section) -> extraction_pb2.Section:
    """The section as it was committed."""
    return extraction_pb2.Section(
        code=section.code,
        part=section.part,
        title=section.title,
        document=section.document,
        start=section.start,
        end=section.end,
        confidence=section.confidence,
    )


def signal_fields(signal: Signal) -> Any:
    """The signal as it was committed, with as much evidence as was read: what a list of Signal is made of.

    An answer has hundreds: made with it they cost half of what messages do that are then copied into it.
    """
    evidence = () if signal.evidence == "[]" else documents.decode(signal.evidence)
    return {
        "id": signal.id,
        "category": _CATEGORIES[signal.category],
        "value": _value_fields(signal.value),
        "unit": signal.unit,
        "currency": signal.currency,
        "confidence": signal.confidence,
        "out_of_range": signal.out_of_range,
        "evidence": [documents.fields_of(_EVIDENCE, each) for each in evidence],
        "notes": signal.notes,
    }


def missing_fields(gap: MissingSignal) -> Any:
    """The gap as it was committed: what a list of MissingSignal is made of."""
    return {
        "id": gap.id,
        "reason": documents.enum_number(_MISSING_REASON, gap.reason),
        "detail": gap.detail,
    }


def summary_message(summary: Summary) -> company_pb2.FilingSummary:
    """A filing of a list."""
    return company_pb2.FilingSummary(**summary_fields(summary))


def summary_fields(summary: Summary) -> Any:
    """The same as what a list of FilingSummary is made of, which costs half."""
    return {
        "filing": _filing_fields(summary.filing),
        "signals": [signal_fields(each) for each in summary.signals],
        "rating": _RATINGS[summary.rating or ""],
        "score": summary.score,
        "flag_ids": summary.flag_ids,
        "signal_count": summary.signal_count,
        "version": summary.version,
    }


def company_message(company: CompanySummary) -> company_pb2.CompanySummary:
    """What is known of a company."""
    annual, quarterly = company.latest_annual, company.latest_quarterly
    return company_pb2.CompanySummary(
        cik=company.cik,
        company_name=company.company_name,
        sic_code=company.sic_code,
        latest_annual=None if annual is None else summary_message(annual),
        latest_quarterly=None if quarterly is None else summary_message(quarterly),
        recent=[summary_message(each) for each in company.recent],
        forms=[company_pb2.FormCount(form_type=form, filings=count) for form, count in company.forms],
    )


def staleness_message(stale: Staleness | None, token: Callable[[int], str]) -> staleness_pb2.Staleness | None:
    """That a result is out of date; `token` makes a sequence what callers hold."""
    if stale is None:
        return None
    return staleness_pb2.Staleness(
        reason=documents.enum_number(_STALE_REASON, stale.reason),  # type: ignore[arg-type]
        since_sequence=token(stale.since),
        earlier_filing=stale.earlier_filing or None,
    )


def stale_result_message(result: StaleResult) -> store_pb2.StaleResult.ValueType:
    """What of a filing is stale."""
    return documents.enum_number(_STALE_RESULT, result)  # type: ignore[return-value]


def stale_result(number: int, field: str) -> StaleResult | None:
    """The same, from a request; None for UNSPECIFIED. INVALID_FIELD when it is not one."""
    name = known_name(_STALE_RESULT, number, field)
    return StaleResult(name) if name else None


def dispute_message(record: CommitRecord, token: Callable[[int], str]) -> dispute_pb2.Dispute:
    """What was said of a value."""
    body = record.body
    assert isinstance(body, Dispute)  # noqa: S101 - the store answers disputes with disputes
    return dispute_pb2.Dispute(
        accession_number=body.accession_number,
        version=body.version or 0,
        signal_id=body.signal_id,
        is_open=body.is_open,
        reason=documents.enum_number(_DISPUTE_REASON, body.reason),  # type: ignore[arg-type]
        said_by=body.said_by,
        note=body.note,
        sequence=token(record.sequence),
        recorded_at=timestamp(record.recorded_at),
    )


def dispute_reason(number: int, field: str) -> str:
    """A reason's name; empty for UNSPECIFIED. INVALID_FIELD when it is not one."""
    return known_name(_DISPUTE_REASON, number, field)


def accession_number(ref: filing_pb2.FilingRef, field: str) -> str:
    """The filing that a request names. MALFORMED_ACCESSION_NUMBER; INVALID_FIELD for a CIK that is none."""
    if ref.HasField("cik"):
        require_cik(ref.cik, f"{field}.cik")
    return require_accession_number(ref.accession_number, f"{field}.accession_number")


def check_company(ref: filing_pb2.FilingRef, filing: Filing | filing_pb2.Filing, field: str) -> None:
    """FILING_MISMATCH when a request names a CIK that is none of the filing's."""
    if ref.HasField("cik") and filing.entity_ciks and ref.cik not in filing.entity_ciks:
        ciks = [str(each) for each in filing.entity_ciks[:MAX_CIKS_TOLD]]
        raise failure(
            Reason.FILING_MISMATCH,
            f"CIK {ref.cik} is none of the entities of {filing.accession_number}: name {' or '.join(ciks)}, or none",
            field=f"{field}.cik",
            metadata={"ciks": ",".join(ciks)},
        )


def check_categories(numbers: Iterable[int], field: str) -> None:
    """INVALID_FIELD for a number that is no category's."""
    if "" in [known_name(_CATEGORY, number, field) for number in numbers]:
        raise failure(Reason.INVALID_FIELD, f"{field} names UNSPECIFIED; leave it out", field=field)


def moment(message: Timestamp, field: str) -> datetime:
    """A moment in UTC, to the microsecond. INVALID_FIELD when it is out of range."""
    return converted(field, lambda: message.ToDatetime(tzinfo=UTC))


def timestamp(at: datetime) -> Timestamp:
    """The message of a moment."""
    message = Timestamp()
    message.FromDatetime(at)
    return message


def _value_fields(value: Value) -> dict[str, Any]:
    match value.kind:
        case ValueKind.DECIMAL:
            return {"decimal": value.exact}
        case ValueKind.DOUBLE:
            return {"double": value.number}
        case ValueKind.BOOL:
            return {"bool": bool(value.number)}
        case ValueKind.INT64:
            return {"int64": int(value.exact or "")}
        case ValueKind.ENUM:
            return {"enum": value.exact}


def known_name(descriptor: object, number: int, field: str) -> str:
    """The name of an enum's value; empty for UNSPECIFIED. INVALID_FIELD when it is not one."""
    return converted(field, lambda: documents.enum_name(descriptor, number))  # type: ignore[arg-type]


def converted(field: str, convert: Callable[[], Result]) -> Result:
    """What `convert` returns. INVALID_FIELD where it finds that there is no such value."""
    try:
        return convert()
    except (ValueError, OverflowError) as error:
        raise invalid_field(field, error) from None


def invalid_field(field: str, error: Exception) -> TenkayError:
    """INVALID_FIELD with the words of an error."""
    return failure(Reason.INVALID_FIELD, f"{field}: {error}", field=field)
