"""The rows that a commit adds, as Arrow tables: their columns and types, as `schema` has them in DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa


def naive(at: datetime) -> datetime:
    """A moment as DuckDB's TIMESTAMPs hold it: UTC, without saying so."""
    return at.astimezone(UTC).replace(tzinfo=None)


def naive_or_none(at: datetime | None) -> datetime | None:
    """The same of one that may not be known."""
    return None if at is None else naive(at)


_TEXT, _MOMENT, _TEXTS = pa.string(), pa.timestamp("us"), pa.list_(pa.string())
_SEQUENCE, _ORDINAL, _COUNT = pa.uint64(), pa.uint16(), pa.uint32()
TABLES: Mapping[str, pa.Schema] = {
    "signal_ids": pa.schema(
        [
            ("signal_key", _COUNT),
            ("signal_id", _TEXT),
            ("category", _TEXT),
            ("kinds", pa.uint8()),
            ("unit", _TEXT),
        ]
    ),
    "filings": pa.schema(
        [
            ("accession_number", _TEXT),
            ("version", _COUNT),
            ("sequence", _SEQUENCE),
            ("recorded_at", _MOMENT),
            ("result_key", _TEXT),
            ("catalog_version", _TEXT),
            ("code_version", _TEXT),
            ("fact_count", _COUNT),
            ("signal_count", _COUNT),
            ("cik", pa.uint64()),
            ("form_type", _TEXT),
            ("company_name", _TEXT),
            ("filed_date", pa.date32()),
            ("accepted_at", _MOMENT),
            ("period_end", pa.date32()),
            ("sic_code", pa.int32()),
            ("items", _TEXTS),
            ("primary_document", _TEXT),
            ("source", _TEXT),
            ("is_amendment", pa.bool_()),
            ("fence_scope", _TEXT),
            ("fence_token", pa.uint64()),
            ("entity_ciks", pa.list_(pa.uint64())),
            ("content_key", _TEXT),
            ("earlier_filings", pa.list_(pa.struct([("accession_number", _TEXT), ("content_key", _TEXT)]))),
            ("report", pa.binary()),
        ]
    ),
    "missing_signals": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("ordinal", _ORDINAL),
            ("signal_key", _COUNT),
            ("reason", _TEXT),
            ("detail", _TEXT),
        ]
    ),
    "sections": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("ordinal", _ORDINAL),
            ("code", _TEXT),
            ("part", _TEXT),
            ("title", _TEXT),
            ("document", _TEXT),
            ("start_offset", _COUNT),
            ("end_offset", _COUNT),
            ("confidence", pa.float64()),
        ]
    ),
    "texts": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("ordinal", _ORDINAL),
            ("document", _TEXT),
            ("sha256", _TEXT),
            ("length", _COUNT),
        ]
    ),
    "artifacts": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("ordinal", _ORDINAL),
            ("kind", _TEXT),
            ("sha256", _TEXT),
            ("size_bytes", pa.uint64()),
        ]
    ),
    "analyses": pa.schema(
        [
            ("filing_sequence", _SEQUENCE),
            ("accession_number", _TEXT),
            ("version", _COUNT),
            ("sequence", _SEQUENCE),
            ("recorded_at", _MOMENT),
            ("result_key", _TEXT),
            ("extraction_key", _TEXT),
            ("rules_version", _TEXT),
            ("rating", _TEXT),
            ("score", pa.float64()),
            ("flag_ids", _TEXTS),
            ("document", _TEXT),
            ("fence_scope", _TEXT),
            ("fence_token", pa.uint64()),
        ]
    ),
    "purges": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("accession_number", _TEXT),
            ("cik", pa.uint64()),
            ("version_count", _COUNT),
            ("last_version", _COUNT),
            ("last_analysis_version", _COUNT),
            ("recorded_at", _MOMENT),
            ("requested_by", _TEXT),
            ("reason", _TEXT),
        ]
    ),
    "stale_marks": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("recorded_at", _MOMENT),
            ("filing_sequence", _SEQUENCE),
            ("accession_number", _TEXT),
            ("reason", _TEXT),
            ("earlier_filing", _TEXT),
        ]
    ),
    "disputes": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("recorded_at", _MOMENT),
            ("accession_number", _TEXT),
            ("filing_sequence", _SEQUENCE),
            ("version", _COUNT),
            ("signal_key", _COUNT),
            ("is_open", pa.bool_()),
            ("reason", _TEXT),
            ("said_by", _TEXT),
            ("note", _TEXT),
            ("value_digest", _TEXT),
        ]
    ),
    "outbox": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("accession_number", _TEXT),
            ("kind", _TEXT),
            ("result_key", _TEXT),
            ("sink", _TEXT),
            ("state", _TEXT),
            ("attempts", _COUNT),
            ("size_bytes", _COUNT),
            ("enqueued_at", _MOMENT),
        ]
    ),
    "change_feed": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("kind", _TEXT),
            ("accession_number", _TEXT),
            ("cik", pa.uint64()),
            ("version", _COUNT),
            ("recorded_at", _MOMENT),
        ]
    ),
}
MARKS = pa.schema(
    [
        ("sequence", _SEQUENCE),
        ("state", _TEXT),
        ("attempts", _COUNT),
        ("next_try_at", _MOMENT),
        ("durable_at", _MOMENT),
        ("last_error", _TEXT),
    ]
)


def arrow(schema: pa.Schema, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Rows, at least one, as a table."""
    columns = zip(*rows, strict=True)
    return pa.Table.from_arrays(
        [pa.array(column, each.type) for column, each in zip(columns, schema, strict=True)], schema=schema
    )
