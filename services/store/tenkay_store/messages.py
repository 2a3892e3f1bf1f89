"""Protobuf <-> records, both ways. INVALID_FIELD for messages that have no record: a day that does not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from tenkay.common.v1 import (
    analysis_pb2,
    artifact_pb2,
    company_pb2,
    date_pb2,
    dispute_pb2,
    extraction_pb2,
    filing_pb2,
    signal_pb2,
    staleness_pb2,
)
from tenkay.errors import Reason, TenkayError, failure
from tenkay.identifiers import require_accession_number, require_cik
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay_store import documents
from tenkay_store.records import (
    Analysis,
    Artifact,
    ArtifactKind,
    CommitRecord,
    Dispute,
    EarlierFiling,
    Extraction,
    Fence,
    Filing,
    MissingSignal,
    Section,
    Signal,
    Text,
    Value,
    ValueKind,
)
from tenkay_store.storage import CompanySummary, Staleness, StaleResult, Summary
from tenkay_store.validation import check_text, decimal_number

Result = TypeVar("Result")
Part = TypeVar("Part")

MAX_SCOPE_CHARACTERS = 100
MAX_TOKEN = 2**63 - 1
"""A lease's highest token: what Supabase's column holds."""
MAX_CIKS_TOLD = 10

_CATEGORY = signal_pb2.SignalCategory.DESCRIPTOR
_CATEGORY_NAMES = documents.enum_names(_CATEGORY)
_evidence_document = documents.document_maker(signal_pb2.Evidence.DESCRIPTOR)
_MISSING_REASON = signal_pb2.MissingReason.DESCRIPTOR
_MISSING_REASON_NAMES = documents.enum_names(_MISSING_REASON)
_SOURCE = filing_pb2.FilingSource.DESCRIPTOR
_ARTIFACT_KIND = artifact_pb2.ArtifactKind.DESCRIPTOR
_RATING = analysis_pb2.Rating.DESCRIPTOR
_STALE_REASON = staleness_pb2.StaleReason.DESCRIPTOR
_STALE_RESULT = store_pb2.StaleResult.DESCRIPTOR
_DISPUTE_REASON = dispute_pb2.DisputeReason.DESCRIPTOR


def extraction_record(message: extraction_pb2.Extraction) -> Extraction:
    """The record of an extraction to commit; `validation` judges it."""
    texts = tuple(Text(each.document, each.sha256, each.length) for each in message.texts)
    digests = frozenset(text.sha256 for text in texts)
    return Extraction(
        filing=_filing_record(message.filing),
        sections=tuple(
            Section(each.code, each.part, each.title, each.document, each.start, each.end, each.confidence)
            for each in message.sections
        ),
        signals=tuple([_signal_record(each, digests, index) for index, each in enumerate(message.signals)]),
        missing=tuple([_gap_record(each, index) for index, each in enumerate(message.missing)]),
        texts=texts,
        result_key=message.result_key,
        catalog_version=message.catalog_version,
        code_version=message.code_version,
        fact_count=message.fact_count,
        artifacts=tuple(
            artifact_record(each, path) for path, each in _numbered("extraction.artifacts", message.artifacts)
        ),
        size_bytes=message.ByteSize(),
        content_key=message.content_key,
        earlier_filings=tuple(
            EarlierFiling(each.accession_number, each.content_key) for each in message.earlier_filings
        ),
    )


def artifact_record(message: artifact_pb2.Artifact, path: str) -> Artifact:
    """The record of an artifact. INVALID_FIELD when its kind is not one of ArtifactKind."""
    kind = _checked(f"{path}.kind", lambda: ArtifactKind(documents.enum_name(_ARTIFACT_KIND, message.kind)))
    return Artifact(kind, message.sha256, message.size_bytes)


def filing_unknown(accession_number: str) -> TenkayError:
    """FILING_UNKNOWN for a filing that no version of is valid at the moments asked for."""
    return failure(
        Reason.FILING_UNKNOWN,
        f"filing {accession_number} is not stored, or was not at the moments asked for; ingest it first",
        field="filing.accession_number",
    )


def fence_record(
    request: store_pb2.CommitExtractionRequest | store_pb2.CommitAnalysisRequest | store_pb2.BatchItem,
) -> Fence | None:
    """The lease that a commit is made under; None when it is made under none. INVALID_FIELD when it is half given."""
    if not request.HasField("fence"):
        return None
    fence = request.fence
    if not 0 < len(fence.scope) <= MAX_SCOPE_CHARACTERS or not fence.token:
        raise failure(
            Reason.INVALID_FIELD,
            f"a fence has a scope of 1 to {MAX_SCOPE_CHARACTERS} characters and a token; give both, or no fence",
            field="fence",
        )
    check_text(fence.scope, "fence.scope")
    if fence.token > MAX_TOKEN:
        raise failure(
            Reason.INVALID_FIELD,
            f"fence.token: {fence.token} is more than {MAX_TOKEN}; give the lease's own",
            field="fence.token",
        )
    return Fence(fence.scope, fence.token)


def analysis_record(message: analysis_pb2.Analysis) -> Analysis:
    """The record of an analysis to commit; `validation` judges it."""
    return Analysis(
        accession_number=message.accession_number,
        result_key=message.result_key,
        extraction_key=message.extraction_key,
        rating=_name(_RATING, message.rating, "analysis.rating"),
        score=message.score if message.HasField("score") else None,
        flag_ids=tuple(flag.id for flag in message.flags),
        rules_version=message.rules_version,
        document=_checked("analysis", lambda: documents.encode(documents.to_document(message))),
        size_bytes=message.ByteSize(),
    )


def analysis_message(document: str) -> analysis_pb2.Analysis:
    """The analysis as it was committed."""
    return documents.from_document(analysis_pb2.Analysis, documents.decode(document))


def filing_message(filing: Filing) -> filing_pb2.Filing:
    """The filing as it was committed."""
    return filing_pb2.Filing(
        accession_number=filing.accession_number,
        cik=filing.cik,
        form_type=filing.form_type,
        company_name=filing.company_name,
        filed_date=date_message(filing.filed_date),
        accepted_at=None if filing.accepted_at is None else timestamp(filing.accepted_at),
        period_end=date_message(filing.period_end),
        sic_code=filing.sic_code,
        items=filing.items,
        primary_document=filing.primary_document,
        source=documents.enum_number(_SOURCE, filing.source),  # type: ignore[arg-type]
        is_amendment=filing.is_amendment,
        entity_ciks=filing.entity_ciks,
    )


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


def signal_message(signal: Signal) -> signal_pb2.Signal:
    """The signal as it was committed, with as much evidence as was read."""
    return signal_pb2.Signal(
        id=signal.id,
        category=documents.enum_number(_CATEGORY, signal.category),  # type: ignore[arg-type]
        value=_value_message(signal.value),
        unit=signal.unit,
        currency=signal.currency,
        confidence=signal.confidence,
        out_of_range=signal.out_of_range,
        evidence=[
            documents.from_document(signal_pb2.Evidence, each) for each in documents.decode(signal.evidence)
        ],
        notes=signal.notes,
    )


def missing_message(gap: MissingSignal) -> signal_pb2.MissingSignal:
    """The gap as it was committed."""
    return signal_pb2.MissingSignal(
        id=gap.id,
        reason=documents.enum_number(_MISSING_REASON, gap.reason),  # type: ignore[arg-type]
        detail=gap.detail,
    )


def summary_message(summary: Summary) -> company_pb2.FilingSummary:
    """A filing of a list."""
    return company_pb2.FilingSummary(
        filing=filing_message(summary.filing),
        signals=[signal_message(each) for each in summary.signals],
        rating=documents.enum_number(_RATING, summary.rating),  # type: ignore[arg-type]
        score=summary.score,
        flag_ids=summary.flag_ids,
        signal_count=summary.signal_count,
        version=summary.version,
    )


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
    name = _name(_STALE_RESULT, number, field)
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
    return _name(_DISPUTE_REASON, number, field)


def accession_number(ref: filing_pb2.FilingRef, field: str) -> str:
    """The filing that a request names. MALFORMED_ACCESSION_NUMBER; INVALID_FIELD for a CIK that is none."""
    if ref.HasField("cik"):
        require_cik(ref.cik, f"{field}.cik")
    return require_accession_number(ref.accession_number, f"{field}.accession_number")


def check_company(ref: filing_pb2.FilingRef, filing: Filing, field: str) -> None:
    """FILING_MISMATCH when a request names a CIK that is none of the filing's."""
    if ref.HasField("cik") and filing.entity_ciks and ref.cik not in filing.entity_ciks:
        ciks = [str(each) for each in filing.entity_ciks[:MAX_CIKS_TOLD]]
        raise failure(
            Reason.FILING_MISMATCH,
            f"CIK {ref.cik} is none of the entities of {filing.accession_number}: name {' or '.join(ciks)}, or none",
            field=f"{field}.cik",
            metadata={"ciks": ",".join(ciks)},
        )


def category_names(numbers: Iterable[int], field: str) -> frozenset[str]:
    """Names of categories. INVALID_FIELD for one that is none."""
    names = frozenset(_name(_CATEGORY, number, field) for number in numbers)
    if "" in names:
        raise failure(Reason.INVALID_FIELD, f"{field} names UNSPECIFIED; leave it out", field=field)
    return names


def day(message: date_pb2.Date, field: str) -> date:
    """INVALID_FIELD when there is no such day."""
    return _checked(field, lambda: documents.to_date(message))


def moment(message: Timestamp, field: str) -> datetime:
    """A moment in UTC, to the microsecond. INVALID_FIELD when it is out of range."""
    return _checked(field, lambda: message.ToDatetime(tzinfo=UTC))


def timestamp(at: datetime) -> Timestamp:
    """The message of a moment."""
    message = Timestamp()
    message.FromDatetime(at)
    return message


def _filing_record(message: filing_pb2.Filing) -> Filing:
    path = "extraction.filing"
    return Filing(
        accession_number=message.accession_number,
        cik=message.cik if message.HasField("cik") else None,
        form_type=message.form_type,
        company_name=message.company_name,
        filed_date=day(message.filed_date, f"{path}.filed_date") if message.HasField("filed_date") else None,
        accepted_at=(
            moment(message.accepted_at, f"{path}.accepted_at") if message.HasField("accepted_at") else None
        ),
        period_end=day(message.period_end, f"{path}.period_end") if message.HasField("period_end") else None,
        sic_code=message.sic_code if message.HasField("sic_code") else None,
        items=tuple(message.items),
        primary_document=message.primary_document,
        source=_name(_SOURCE, message.source, f"{path}.source"),
        is_amendment=message.is_amendment,
        entity_ciks=tuple(message.entity_ciks),
    )


def _signal_record(message: signal_pb2.Signal, digests: frozenset[str], index: int) -> Signal:
    # A filing has hundreds of these: paths are made where an error needs one, and nothing is asked of a message twice.
    try:
        proofs = [_evidence_document(each) for each in message.evidence]
    except ValueError as error:
        raise _invalid(f"extraction.signals[{index}].evidence", error) from None
    for place, proof in enumerate(proofs):
        # A fact cites no text.
        if proof.fact is None:
            _check_cited_text(proof, digests, f"extraction.signals[{index}].evidence[{place}]")
    category, notes = message.category, message.notes
    return Signal(
        message.id,
        _CATEGORY_NAMES.get(category) or _name(_CATEGORY, category, f"extraction.signals[{index}].category"),
        _value_record(message.value, index),
        message.unit,
        message.currency,
        message.confidence,
        message.out_of_range,
        tuple(notes) if notes else (),
        documents.encode(proofs),
    )


def _gap_record(message: signal_pb2.MissingSignal, index: int) -> MissingSignal:
    reason = message.reason
    name = _MISSING_REASON_NAMES.get(reason)
    if name is None:
        name = _name(_MISSING_REASON, reason, f"extraction.missing[{index}].reason")
    return MissingSignal(message.id, name, message.detail)


def _check_cited_text(proof: documents.Document, digests: frozenset[str], path: str) -> None:
    cited = proof.search if proof.text is None else proof.text
    if cited is None:
        raise failure(Reason.INVALID_FIELD, f"{path} is empty; give a fact, a text or a search", field=path)
    digest = cited.text_sha256 or ""
    if digest not in digests:
        raise failure(
            Reason.INVALID_FIELD,
            f"{path} refers to text {digest[:64]!r}, which is not among the extraction's texts",
            field=path,
        )


def _value_record(message: signal_pb2.SignalValue, index: int) -> Value:
    field = f"extraction.signals[{index}].value"
    match message.WhichOneof("kind"):
        case "decimal":
            digits = message.decimal
            return Value(ValueKind.DECIMAL, digits, decimal_number(digits, field))
        case "double":
            return Value(ValueKind.DOUBLE, None, message.double)
        case "bool":
            return Value(ValueKind.BOOL, None, float(message.bool))
        case "int64":
            return Value(ValueKind.INT64, str(message.int64), float(message.int64))
        case "enum" if message.enum:
            return Value(ValueKind.ENUM, message.enum, None)
    raise failure(
        Reason.INVALID_FIELD, f"{field}: a signal needs a value; without one it is missing", field=field
    )


def _value_message(value: Value) -> signal_pb2.SignalValue:
    match value.kind:
        case ValueKind.DECIMAL:
            return signal_pb2.SignalValue(decimal=value.exact)
        case ValueKind.DOUBLE:
            return signal_pb2.SignalValue(double=value.number)
        case ValueKind.BOOL:
            return signal_pb2.SignalValue(bool=bool(value.number))
        case ValueKind.INT64:
            return signal_pb2.SignalValue(int64=int(value.exact or ""))
        case ValueKind.ENUM:
            return signal_pb2.SignalValue(enum=value.exact)


def date_message(known: date | None) -> date_pb2.Date | None:
    """The message of a day; None for one that is not known."""
    return None if known is None else documents.from_date(known)


def _name(descriptor: object, number: int, field: str) -> str:
    return _checked(field, lambda: documents.enum_name(descriptor, number))  # type: ignore[arg-type]


def _checked(field: str, convert: Callable[[], Result]) -> Result:
    try:
        return convert()
    except (ValueError, OverflowError) as error:
        raise _invalid(field, error) from None


def _invalid(field: str, error: Exception) -> TenkayError:
    return failure(Reason.INVALID_FIELD, f"{field}: {error}", field=field)


def _numbered(path: str, messages: Iterable[Part]) -> Iterable[tuple[str, Part]]:
    return ((f"{path}[{index}]", each) for index, each in enumerate(messages))
