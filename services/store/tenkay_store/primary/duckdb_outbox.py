"""Questions to DuckDB about the outbox: what a sink has not taken, and how each commit stands there."""

# Queries are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tenkay_store.domain.records import Backlog, CommitKind, DeadLetter, Delivery, DeliveryState
from tenkay_store.domain.storage import OutboxEntry
from tenkay_store.primary.duckdb_reads import Cursor, utc, utc_or_none


def pending(cursor: Cursor, sink: str, after: int, limit: int) -> Sequence[OutboxEntry]:
    """Commits after a sequence that the sink has not taken, in order."""
    rows = cursor.execute(
        """
        SELECT sequence, accession_number, attempts, size_bytes FROM outbox
        WHERE state = 'PENDING' AND sink = $sink AND sequence > $after::UBIGINT ORDER BY sequence LIMIT $most
        """,
        {"sink": sink, "after": after, "most": limit},
    ).fetchall()
    return [OutboxEntry(*row) for row in rows]


def delivery(cursor: Cursor, sink: str, sequence: int) -> Delivery | None:
    """A commit's row of the outbox."""
    row = cursor.execute(
        """
        SELECT state, attempts, durable_at, next_try_at, coalesce(last_error, '') FROM outbox
        WHERE sequence = $sequence::UBIGINT AND sink = $sink
        """,
        {"sequence": sequence, "sink": sink},
    ).fetchone()
    if row is None:
        return None
    state, attempts, durable_at, next_try_at, last_error = row
    return Delivery(
        DeliveryState(state), attempts, utc_or_none(durable_at), utc_or_none(next_try_at), last_error
    )


def dead_letters(cursor: Cursor, sink: str, after: int, limit: int) -> Sequence[DeadLetter]:
    """Commits after a sequence that the sink refused for good, in order."""
    return _dead_letters(cursor, "sequence > $after::UBIGINT", {"sink": sink, "after": after, "most": limit})


def dead_among(cursor: Cursor, sink: str, sequences: Sequence[int]) -> Sequence[DeadLetter]:
    """Those of these commits that the sink refused for good, in order."""
    return _dead_letters(
        cursor,
        "list_contains($sequences::UBIGINT[], sequence)",
        {"sink": sink, "sequences": list(sequences), "most": len(sequences)},
    )


def _dead_letters(cursor: Cursor, condition: str, parameters: Mapping[str, Any]) -> Sequence[DeadLetter]:
    rows = cursor.execute(
        f"""
        SELECT sequence, accession_number, kind, result_key, attempts, coalesce(last_error, ''), enqueued_at, size_bytes
        FROM outbox WHERE state = 'DEAD' AND sink = $sink AND {condition} ORDER BY sequence LIMIT $most
        """,
        dict(parameters),
    ).fetchall()
    return [
        DeadLetter(sequence, accession_number, CommitKind(kind), result_key, attempts, error, utc(at), size)
        for sequence, accession_number, kind, result_key, attempts, error, at, size in rows
    ]


def backlog(cursor: Cursor, sink: str) -> Backlog:
    """Counts of what the sink has not taken."""
    row = cursor.execute(
        """
        SELECT count(*) FILTER (WHERE state = 'PENDING'), count(*) FILTER (WHERE state = 'DEAD'),
               min(enqueued_at) FILTER (WHERE state = 'PENDING')
        FROM outbox WHERE state <> 'DURABLE' AND sink = $sink
        """,
        {"sink": sink},
    ).fetchone()
    return Backlog(0, 0, None) if row is None else Backlog(row[0], row[1], utc_or_none(row[2]))
