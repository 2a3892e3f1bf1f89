"""A commit as `ingest_filing_batch` takes it: the columns of supabase/migrations, by their names.

What is not known is left out of the JSON. Numbers are finite: `validation` lets no others in.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec

from tenkay_store.domain.records import Analysis, CommitRecord, Dispute, Extraction, Fence, Signal, ValueKind


class SignalRow(msgspec.Struct, omit_defaults=True):
    """A row of `signals`. One of the five values is there."""

    signal_id: str
    category: str
    unit: str
    confidence: float
    out_of_range: bool
    evidence: msgspec.Raw
    """The JSON text it is kept as, put in as it is."""
    notes: tuple[str, ...]
    currency: str | None = None
    value_decimal: str | None = None
    """Digits as text, as JSON's numbers would lose some on the way."""
    value_double: float | None = None
    value_bool: bool | None = None
    value_int: str | None = None
    value_text: str | None = None


class MissingSignalRow(msgspec.Struct):
    """A row of `missing_signals`."""

    signal_id: str
    reason: str
    detail: str


class FilingRow(msgspec.Struct, omit_defaults=True):
    """A row of `filings`, with its signals and gaps."""

    version: int
    items: tuple[str, ...]
    is_amendment: bool
    sections: list[dict[str, Any]]
    texts: list[dict[str, Any]]
    result_key: str
    catalog_version: str
    code_version: str
    fact_count: int
    signals: list[SignalRow]
    missing: list[MissingSignalRow]
    cik: int | None = None
    form_type: str | None = None
    company_name: str | None = None
    filing_date: date | None = None
    accepted_at: datetime | None = None
    period_end: date | None = None
    sic_code: int | None = None
    primary_document: str | None = None
    source: str | None = None
    artifacts: list[dict[str, Any]] | None = None
    entity_ciks: tuple[int, ...] | None = None
    content_key: str | None = None
    earlier_filings: list[dict[str, str]] | None = None
    fence_scope: str | None = None
    """The lease it was committed under."""
    fence_token: int | None = None


class AnalysisRow(msgspec.Struct, omit_defaults=True):
    """A row of `analyses`."""

    version: int
    rating: str
    low_confidence: bool
    dimensions: list[Any]
    flags: list[Any]
    reasons: list[Any]
    narrative: str
    backend: str
    result_key: str
    rules_version: str
    extraction_key: str
    score: float | None = None
    uncapped_score: float | None = None
    band: float | None = None
    reference_id: str | None = None
    not_rated_reason: str | None = None
    fence_scope: str | None = None
    fence_token: int | None = None


_Row = TypeVar("_Row", FilingRow, AnalysisRow)


class DisputeRow(msgspec.Struct):
    """A row of `disputes`."""

    version: int
    signal_id: str
    is_open: bool
    reason: str
    said_by: str
    note: str


class Write(msgspec.Struct, omit_defaults=True):
    """An entry of the batch: exactly one of the last four is there."""

    filing_id: str
    sequence: int
    recorded_at: datetime
    extraction: FilingRow | None = None
    analysis: AnalysisRow | None = None
    dispute: DisputeRow | None = None
    purge: bool | None = None


def encoded_batch(batch: Sequence[CommitRecord], store_id: str | None = None) -> bytes:
    """The arguments of a call of `ingest_filing_batch`, as JSON. None: of a store that has claimed no project."""
    return msgspec.json.encode(
        {"batch": {"store_id": store_id, "writes": [write_of(record) for record in batch]}}
    )


def write_of(record: CommitRecord) -> Write:
    """A commit as an entry of the batch."""
    body = record.body
    write = Write(record.accession_number, record.sequence, record.recorded_at)
    if isinstance(body, Extraction):
        write.extraction = _leased(_filing(body, record.version), record.fence)
    elif isinstance(body, Analysis):
        write.analysis = _leased(_analysis(body, record.version), record.fence)
    elif isinstance(body, Dispute):
        write.dispute = DisputeRow(
            record.version, body.signal_id, body.is_open, body.reason, body.said_by, body.note
        )
    else:
        write.purge = True
    return write


def _leased(row: _Row, fence: Fence | None) -> _Row:
    if fence is not None:
        row.fence_scope, row.fence_token = fence.scope, fence.token
    return row


def _filing(body: Extraction, version: int) -> FilingRow:
    filing = body.filing
    return FilingRow(
        version=version,
        cik=filing.cik,
        form_type=filing.form_type or None,
        company_name=filing.company_name or None,
        filing_date=filing.filed_date,
        accepted_at=filing.accepted_at,
        period_end=filing.period_end,
        sic_code=filing.sic_code,
        primary_document=filing.primary_document or None,
        source=filing.source or None,
        items=filing.items,
        is_amendment=filing.is_amendment,
        sections=[
            {
                "code": each.code,
                "part": each.part,
                "title": each.title,
                "document": each.document,
                "start": each.start,
                "end": each.end,
                "confidence": each.confidence,
            }
            for each in body.sections
        ],
        texts=[
            {"document": each.document, "sha256": each.sha256, "length": each.length} for each in body.texts
        ],
        artifacts=[
            {"kind": each.kind.value, "sha256": each.sha256, "size_bytes": each.size_bytes}
            for each in body.artifacts
        ]
        or None,
        entity_ciks=filing.entity_ciks or None,
        content_key=body.content_key or None,
        earlier_filings=[
            {"accession_number": each.accession_number, "content_key": each.content_key}
            for each in body.earlier_filings
        ],
        result_key=body.result_key,
        catalog_version=body.catalog_version,
        code_version=body.code_version,
        fact_count=body.fact_count,
        signals=[_signal(each) for each in body.signals],
        missing=[MissingSignalRow(each.id, each.reason, each.detail) for each in body.missing],
    )


def _signal(signal: Signal) -> SignalRow:
    row = SignalRow(
        signal.id,
        signal.category,
        signal.unit,
        signal.confidence,
        signal.out_of_range,
        msgspec.Raw(signal.evidence),
        signal.notes,
        signal.currency or None,
    )
    value = signal.value
    match value.kind:
        case ValueKind.DECIMAL:
            row.value_decimal = value.exact
        case ValueKind.DOUBLE:
            row.value_double = value.number
        case ValueKind.BOOL:
            row.value_bool = bool(value.number)
        case ValueKind.INT64:
            row.value_int = value.exact
        case ValueKind.ENUM:
            row.value_text = value.exact
    return row


def _analysis(body: Analysis, version: int) -> AnalysisRow:
    document = json.loads(body.document)
    return AnalysisRow(
        version=version,
        rating=body.rating,
        score=body.score,
        uncapped_score=document.get("uncapped_score"),
        band=document.get("band"),
        low_confidence=document.get("low_confidence", False),
        dimensions=document.get("dimensions", []),
        flags=document.get("flags", []),
        reasons=document.get("reasons", []),
        narrative=document.get("narrative", ""),
        backend=document.get("backend", ""),
        result_key=body.result_key,
        rules_version=body.rules_version,
        reference_id=document.get("reference_id"),
        not_rated_reason=document.get("not_rated_reason"),
        extraction_key=body.extraction_key,
    )
