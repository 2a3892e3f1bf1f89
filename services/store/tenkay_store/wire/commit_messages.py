"""What callers commit, from protobuf: extractions, analyses, the leases they are committed under.

INVALID_FIELD for messages that have no record: a day that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from tenkay.common.v1 import analysis_pb2, artifact_pb2, extraction_pb2, filing_pb2, signal_pb2
from tenkay.days import day_of
from tenkay.errors import Reason, TenkayError, failure
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay_store.domain.records import (
    Analysis,
    Artifact,
    ArtifactKind,
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
from tenkay_store.wire import documents, reports
from tenkay_store.wire.messages import converted, invalid_field, known_name, moment
from tenkay_store.wire.validation import check_text, decimal_number

Part = TypeVar("Part")

MAX_SCOPE_CHARACTERS = 100
MAX_TOKEN = 2**63 - 1
"""A lease's highest token: what Supabase's column holds."""

_CATEGORY = signal_pb2.SignalCategory.DESCRIPTOR
_CATEGORY_NAMES = documents.enum_names(_CATEGORY)
_evidence_document = documents.document_maker(signal_pb2.Evidence.DESCRIPTOR)
_MISSING_REASON = signal_pb2.MissingReason.DESCRIPTOR
_MISSING_REASON_NAMES = documents.enum_names(_MISSING_REASON)
_SOURCE = filing_pb2.FilingSource.DESCRIPTOR
_ARTIFACT_KIND = artifact_pb2.ArtifactKind.DESCRIPTOR
_RATING = analysis_pb2.Rating.DESCRIPTOR
_DECIMAL, _DOUBLE, _BOOL, _INT64, _ENUM = ValueKind


def extraction_record(message: extraction_pb2.Extraction) -> Extraction:
    """The record of an extraction to commit, without its report; `validation` judges it."""
    texts = tuple(Text(each.document, each.sha256, each.length) for each in message.texts)
    digests = frozenset(text.sha256 for text in texts)
    return Extraction(
        filing=_filing_record(message.filing),
        sections=tuple(
            Section(each.code, each.part, each.title, each.document, each.start, each.end, each.confidence)
            for each in message.sections
        ),
        signals=tuple(_signal_records(message.signals, digests)),
        missing=tuple(_gap_records(message.missing)),
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


def with_report(extraction: Extraction, message: extraction_pb2.Extraction) -> Extraction:
    """The record of that message with its report, which waits for the writer beside it: it counts in the size."""
    report = reports.of_message(message, extraction.filing)
    return replace(extraction, report=report, size_bytes=extraction.size_bytes + len(report))


def artifact_record(message: artifact_pb2.Artifact, path: str) -> Artifact:
    """The record of an artifact. INVALID_FIELD when its kind is not one of ArtifactKind."""
    kind = converted(f"{path}.kind", lambda: ArtifactKind(documents.enum_name(_ARTIFACT_KIND, message.kind)))
    return Artifact(kind, message.sha256, message.size_bytes)


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
        rating=known_name(_RATING, message.rating, "analysis.rating"),
        score=message.score if message.HasField("score") else None,
        flag_ids=tuple(flag.id for flag in message.flags),
        rules_version=message.rules_version,
        document=converted("analysis", lambda: documents.encode(documents.to_document(message))),
        size_bytes=message.ByteSize(),
    )


def _filing_record(message: filing_pb2.Filing) -> Filing:
    path = "extraction.filing"
    return Filing(
        accession_number=message.accession_number,
        cik=message.cik if message.HasField("cik") else None,
        form_type=message.form_type,
        company_name=message.company_name,
        filed_date=day_of(message.filed_date, f"{path}.filed_date")
        if message.HasField("filed_date")
        else None,
        accepted_at=(
            moment(message.accepted_at, f"{path}.accepted_at") if message.HasField("accepted_at") else None
        ),
        period_end=day_of(message.period_end, f"{path}.period_end")
        if message.HasField("period_end")
        else None,
        sic_code=message.sic_code if message.HasField("sic_code") else None,
        items=tuple(message.items),
        primary_document=message.primary_document,
        source=known_name(_SOURCE, message.source, f"{path}.source"),
        is_amendment=message.is_amendment,
        entity_ciks=tuple(message.entity_ciks),
    )


def _signal_records(messages: Iterable[signal_pb2.Signal], digests: frozenset[str]) -> Iterator[Signal]:
    """The records of signals, whose evidence may cite the texts with these digests."""
    # A filing has hundreds of these: paths are made where an error needs one, and nothing is asked of a message twice.
    for index, message in enumerate(messages):
        try:
            proofs = [_evidence_document(each) for each in message.evidence]
        except ValueError as error:
            raise invalid_field(f"extraction.signals[{index}].evidence", error) from None
        for place, proof in enumerate(proofs):
            # A fact cites no text.
            if proof.fact is None:
                _check_cited_text(proof, digests, f"extraction.signals[{index}].evidence[{place}]")
        category, notes = message.category, message.notes
        yield Signal(
            message.id,
            _CATEGORY_NAMES.get(category)
            or known_name(_CATEGORY, category, f"extraction.signals[{index}].category"),
            _value_record(message.value, index),
            message.unit,
            message.currency,
            message.confidence,
            message.out_of_range,
            tuple(notes) if notes else (),
            documents.encode(proofs),
        )


def _gap_records(messages: Iterable[signal_pb2.MissingSignal]) -> Iterator[MissingSignal]:
    for index, message in enumerate(messages):
        reason = message.reason
        name = _MISSING_REASON_NAMES.get(reason)
        if name is None:
            name = known_name(_MISSING_REASON, reason, f"extraction.missing[{index}].reason")
        yield MissingSignal(message.id, name, message.detail)


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
    # In the order of how many signals have each; members of an enum cost a look-up when they are named through it.
    kind = message.WhichOneof("kind")
    if kind == "double":
        return Value(_DOUBLE, None, message.double)
    if kind == "decimal":
        digits = message.decimal
        number = decimal_number(digits)
        if number is None:
            raise _invalid_value(
                index, f"{digits[:100]!r} is not an exact decimal such as -1234.5, without an exponent"
            )
        return Value(_DECIMAL, digits, number)
    if kind == "bool":
        return Value(_BOOL, None, float(message.bool))
    if kind == "int64":
        count = message.int64
        return Value(_INT64, str(count), float(count))
    if kind == "enum" and (name := message.enum):
        return Value(_ENUM, name, None)
    raise _invalid_value(index, "a signal needs a value; without one it is missing")


def _invalid_value(index: int, problem: str) -> TenkayError:
    field = f"extraction.signals[{index}].value"
    return failure(Reason.INVALID_FIELD, f"{field}: {problem}", field=field)


def _numbered(path: str, messages: Iterable[Part]) -> Iterable[tuple[str, Part]]:
    return ((f"{path}[{index}]", each) for index, each in enumerate(messages))
