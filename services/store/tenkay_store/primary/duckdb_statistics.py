"""How much the file holds: rows and blocks from DuckDB's own books, filings by form from the table of filings."""

# Queries are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from datetime import datetime

from tenkay_store.domain.statistics import FormStatistics, Statistics, TableStatistics
from tenkay_store.primary.duckdb_reads import Cursor, utc_or_none
from tenkay_store.primary.screen_segments import TABLE_PREFIX

SEGMENTS = "screen_segments"


def statistics(
    cursor: Cursor, *, sequence: int, counted_at: datetime, file_bytes: int, wal_bytes: int
) -> Statistics:
    """What is held. Reads `filings` and the keys of `analyses` once, and no table of signals."""
    days, oldest, newest = cursor.execute(
        "SELECT count(DISTINCT filed_date), min(recorded_at), max(recorded_at) FROM filings"
    ).fetchall()[0]
    return Statistics(
        tables=_tables(cursor),
        forms=_forms(cursor),
        days=days,
        oldest_recorded_at=utc_or_none(oldest),
        newest_recorded_at=utc_or_none(newest),
        file_bytes=file_bytes,
        wal_bytes=wal_bytes,
        counted_at=counted_at,
        sequence=sequence,
    )


def _tables(cursor: Cursor) -> tuple[TableStatistics, ...]:
    block_size = cursor.execute("SELECT max(block_size) FROM pragma_database_size()").fetchall()[0][0]
    sizes: dict[str, tuple[int, int]] = {}
    for table, rows in cursor.execute("SELECT table_name, estimated_size FROM duckdb_tables()").fetchall():
        blocks = cursor.execute(
            f"""
            SELECT count(DISTINCT block) FROM (
                SELECT block_id AS block FROM pragma_storage_info('{table}') WHERE persistent
                UNION ALL
                SELECT unnest(additional_block_ids) FROM pragma_storage_info('{table}') WHERE persistent
            ) WHERE block >= 0
            """
        ).fetchall()[0][0]
        # The segments of the screens' copy are one entry, under the name of the table that lists them.
        name = SEGMENTS if table.startswith(TABLE_PREFIX) else table
        held_rows, held_bytes = sizes.get(name, (0, 0))
        sizes[name] = (held_rows + (0 if table == SEGMENTS else rows), held_bytes + blocks * block_size)
    return tuple(TableStatistics(name, *sizes[name]) for name in sorted(sizes))


def _forms(cursor: Cursor) -> tuple[FormStatistics, ...]:
    rows = cursor.execute(
        """
        SELECT coalesce(f.form_type, ''), count(*) FILTER (WHERE f.superseded_by IS NULL), count(*),
            coalesce(sum(f.signal_count), 0)::BIGINT, coalesce(sum(a.analyses), 0)::BIGINT,
            min(f.filed_date), max(f.filed_date)
        FROM filings f
        LEFT JOIN (SELECT filing_sequence, count(*) AS analyses FROM analyses GROUP BY ALL) a
            ON a.filing_sequence = f.sequence
        GROUP BY 1 ORDER BY 2 DESC, 1
        """
    ).fetchall()
    return tuple(FormStatistics(*row) for row in rows)
