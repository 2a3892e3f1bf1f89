"""What DuckDB holds of what operators said of values."""

# Queries are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tenkay_store.domain.disputes import StoredDispute, value_digest
from tenkay_store.domain.records import CommitRecord, Dispute
from tenkay_store.domain.selections import DisputeSelection
from tenkay_store.domain.signal_ids import SignalIds
from tenkay_store.domain.stored import Moment
from tenkay_store.primary.duckdb_reads import Cursor, signals_of_version, utc, valid
from tenkay_store.primary.filter_sql import Parameters

_DISPUTE = "d.accession_number, d.version, d.signal_key, d.is_open, d.reason, d.said_by, d.note"
_DISPUTE_WIDTH = 7


def newest_said(
    cursor: Cursor, ids: SignalIds, filing_sequences: Sequence[int]
) -> dict[int, dict[str, StoredDispute]]:
    """The newest that was said of values of these versions, by version and signal."""
    rows = cursor.execute(
        f"""
        SELECT {_DISPUTE}, d.filing_sequence, d.sequence, d.recorded_at, d.value_digest FROM disputes d
        WHERE d.superseded_by IS NULL AND d.filing_sequence IN (SELECT unnest($sequences::UBIGINT[]))
        """,
        {"sequences": list(filing_sequences)},
    ).fetchall()
    found: dict[int, dict[str, StoredDispute]] = {}
    for row in rows:
        body = _dispute(row, ids)
        filing_sequence, sequence, recorded_at, digest = row[_DISPUTE_WIDTH:]
        found.setdefault(filing_sequence, {})[body.signal_id] = StoredDispute(
            sequence, recorded_at, body, digest
        )
    return found


def digest_of(cursor: Cursor, ids: SignalIds, filing_sequence: int, signal_id: str) -> str | None:
    """The digest of a version's value; None when it has none."""
    signals = signals_of_version(cursor, ids, filing_sequence)
    return next((value_digest(each) for each in signals if each.id == signal_id), None)


def open_disputes(
    cursor: Cursor, ids: SignalIds, filing_sequence: int, moment: Moment
) -> tuple[CommitRecord, ...]:
    """The disputes of a version's values that are open at a moment, in the order of commits."""
    parameters = Parameters()
    of_version = f"d.filing_sequence = {parameters.bind(filing_sequence, 'UBIGINT')}"
    return tuple(
        _records(cursor, ids, f"{of_version} AND d.is_open AND {valid('d', moment, parameters)}", parameters)
    )


def not_disputed(key: int, moment: Moment, parameters: Parameters) -> str:
    """The condition that a row of the screens' copy is not of a value of this signal that is disputed."""
    return (
        f"sequence NOT IN (SELECT d.filing_sequence FROM disputes d WHERE d.is_open "
        f"AND d.signal_key = {parameters.bind(key, 'UINTEGER')} AND {valid('d', moment, parameters)})"
    )


def list_disputes(
    cursor: Cursor, ids: SignalIds, selection: DisputeSelection, after: int, limit: int
) -> Sequence[CommitRecord]:
    """What was said of values after a sequence, in the order of commits."""
    parameters = Parameters()
    conditions = [f"d.sequence > {parameters.bind(after, 'UBIGINT')}"]
    if selection.accession_number:
        conditions.append(f"d.accession_number = {parameters.bind(selection.accession_number)}")
    if not selection.history:
        conditions.append("d.is_open AND d.superseded_by IS NULL")
    return _records(cursor, ids, " AND ".join(conditions), parameters, limit)


def dispute_records(cursor: Cursor, ids: SignalIds, sequences: Sequence[int]) -> Sequence[CommitRecord]:
    """These commits, as far as they are of disputes, in order."""
    parameters = Parameters()
    return _records(
        cursor,
        ids,
        f"d.sequence IN (SELECT unnest({parameters.bind(list(sequences), 'UBIGINT[]')}))",
        parameters,
    )


def _records(
    cursor: Cursor, ids: SignalIds, condition: str, parameters: Mapping[str, Any], limit: int | None = None
) -> list[CommitRecord]:
    rows = cursor.execute(
        f"""
        SELECT {_DISPUTE}, d.sequence, d.recorded_at FROM disputes d WHERE {condition} ORDER BY d.sequence
        {"" if limit is None else f"LIMIT {limit}"}
        """,
        dict(parameters),
    ).fetchall()
    return [
        CommitRecord(row[_DISPUTE_WIDTH], row[1], utc(row[_DISPUTE_WIDTH + 1]), _dispute(row, ids))
        for row in rows
    ]


def _dispute(row: Sequence[Any], ids: SignalIds) -> Dispute:
    accession_number, version, signal_key, is_open, reason, said_by, note = row[:_DISPUTE_WIDTH]
    return Dispute(accession_number, version, ids.of_key(signal_key).id, is_open, reason, said_by, note)
