"""The order of commits in DuckDB: its head, which moment is which sequence, and the change feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tenkay.errors import Reason, failure
from tenkay_store.domain.records import Change, CommitKind
from tenkay_store.primary.commit_tables import naive
from tenkay_store.primary.duckdb_reads import Cursor, utc


def head(cursor: Cursor) -> tuple[int, datetime | None]:
    """The newest commit's sequence, or where a restore resumed after it; and when it was recorded, without a zone."""
    row = cursor.execute(
        """
        SELECT greatest(coalesce(max(f.sequence), 0), (SELECT coalesce(max(resumed_at), 0) FROM restores)),
               max(f.recorded_at)
        FROM change_feed f
        """
    ).fetchone()
    return (0, None) if row is None else (int(row[0]), row[1])


def sequence_at(cursor: Cursor, recorded_at: datetime, up_to: int) -> int:
    """The newest sequence recorded at or before a moment, `up_to` at most; 0 when there is none."""
    row = cursor.execute(
        """
        SELECT coalesce(max(sequence), 0) FROM (
            SELECT max(sequence) AS sequence FROM filings WHERE recorded_at <= $at AND sequence <= $up_to::UBIGINT
            UNION ALL
            SELECT max(sequence) FROM analyses WHERE recorded_at <= $at AND sequence <= $up_to::UBIGINT
            UNION ALL
            SELECT max(sequence) FROM purges WHERE recorded_at <= $at AND sequence <= $up_to::UBIGINT
            UNION ALL
            SELECT max(sequence) FROM disputes WHERE recorded_at <= $at AND sequence <= $up_to::UBIGINT
            UNION ALL
            SELECT max(sequence) FROM stale_marks WHERE recorded_at <= $at AND sequence <= $up_to::UBIGINT
        )
        """,
        {"at": naive(recorded_at), "up_to": up_to},
    ).fetchone()
    return 0 if row is None else int(row[0])


def changes(cursor: Cursor, after: int, limit: int) -> Sequence[Change]:
    """Changes after a sequence, in order. FEED_POSITION_EXPIRED when they are no longer all held."""
    rows = cursor.execute(
        """
        SELECT sequence, kind, accession_number, cik, version, recorded_at FROM change_feed
        WHERE sequence > $after::UBIGINT ORDER BY sequence LIMIT $most
        """,
        {"after": after, "most": limit},
    ).fetchall()
    if (rows and rows[0][0] != after + 1) or _fell_into_a_restore(cursor, after):
        raise position_expired(after)
    return [
        Change(sequence, CommitKind(kind), accession_number, cik, version, utc(recorded_at))
        for sequence, kind, accession_number, cik, version, recorded_at in rows
    ]


def _fell_into_a_restore(cursor: Cursor, after: int) -> bool:
    """Whether what a follower of this position has seen may have been lost since."""
    row = cursor.execute(
        "SELECT count(*) FROM restores WHERE complete_up_to < $after::UBIGINT AND resumed_at > $after::UBIGINT",
        {"after": after},
    ).fetchone()
    return row is not None and row[0] > 0


def position_expired(sequence: int) -> Exception:
    """FEED_POSITION_EXPIRED for a sequence."""
    return failure(
        Reason.FEED_POSITION_EXPIRED,
        f"the change feed does not hold what follows {sequence}; drop what was derived from it and start with "
        "an empty from_sequence",
        field="from_sequence",
    )
