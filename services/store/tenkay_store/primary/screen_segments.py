"""The screens' copy of the signals: segments sorted by signal and filing day, and one that new commits are added to.

A screen asks for one signal of many filings; `signals` is clustered by commit and would be read whole. So each commit
adds its values once more, to the open segment. When that is full it is closed and sorted into a segment of its own, and
sorted segments of about the same size are joined, as in a log-structured merge tree: there are never many, and a value
is rewritten a few times only, however many follow it. Sorting runs beside the writer on a cursor of its own; the writer
only changes which segments count, in one short transaction.

A segment is a table; `screen_segments` says which ones count. What a killed sort left behind is dropped at the next
start.
"""

# Statements are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from tenkay_store.primary.schema import SEGMENT_COLUMNS

TABLE_PREFIX = "screen_segment_"
JOIN_FACTOR = 4
"""A sorted segment is joined with the one after it while it is less than this many times as large."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One table of the copy."""

    number: int
    """Its table's; never used again."""
    ordinal: int
    """Its place: rows of a lower one were committed before."""
    is_sorted: bool
    rows: int
    """0 while it is open: nobody counts them."""

    @property
    def table(self) -> str:
        """The table's name."""
        return f"{TABLE_PREFIX}{self.number}"


@dataclass(frozen=True, slots=True)
class Segments:
    """Those that count, the oldest first; the last one is open."""

    all: tuple[Segment, ...]
    purges: int = 0
    """How often rows were taken out since the file was opened: what was sorted before is not what is there now."""

    @property
    def open(self) -> Segment:
        """The one that commits add to."""
        return self.all[-1]

    @property
    def closed(self) -> tuple[Segment, ...]:
        """Those that do not change any more."""
        return self.all[:-1]

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        return tuple(segment.table for segment in self.all)

    def to_sort(self) -> tuple[Segment, ...]:
        """The closed segments that are to become one sorted one; empty when all is well.

        They are the unsorted ones at the end, and before them the sorted ones that are not much larger than what they
        would be joined with.
        """
        closed = list(self.closed)
        chosen: list[Segment] = []
        rows = 0
        while closed and (not closed[-1].is_sorted or (chosen and closed[-1].rows < JOIN_FACTOR * rows)):
            chosen.insert(0, closed.pop())
            rows += chosen[0].rows
        return tuple(chosen)


def load(connection: duckdb.DuckDBPyConnection) -> tuple[Segments, int]:
    """The segments of a file that was just opened, without what a killed sort left behind, and the next free number."""
    rows = connection.execute(
        "SELECT segment, ordinal, is_sorted, row_count FROM screen_segments ORDER BY ordinal"
    ).fetchall()
    segments = Segments(tuple(Segment(*row) for row in rows))
    present = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, $prefix)",
        {"prefix": TABLE_PREFIX},
    ).fetchall()
    for (table,) in present:
        if table not in segments.tables:
            connection.execute(f"DROP TABLE {table}")
    return segments, 1 + max(segment.number for segment in segments.all)


def open_next(connection: duckdb.DuckDBPyConnection, segments: Segments, number: int) -> Segments:
    """Close the open segment and open the next, within the caller's transaction."""
    closed = segments.open
    counted = connection.execute(f"SELECT count(*) FROM {closed.table}").fetchone()
    closed = replace(closed, rows=counted[0] if counted else 0)
    opened = Segment(number, closed.ordinal + 1, is_sorted=False, rows=0)
    connection.execute(
        "UPDATE screen_segments SET row_count = $rows WHERE segment = $segment",
        {"rows": closed.rows, "segment": closed.number},
    )
    connection.execute(f"CREATE TABLE {opened.table} ({SEGMENT_COLUMNS})")
    _add(connection, opened)
    return replace(segments, all=(*segments.closed, closed, opened))


def sort(cursor: duckdb.DuckDBPyConnection, parts: Sequence[Segment], number: int) -> Segment:
    """Write the rows of these segments into a new, sorted one, which does not count yet."""
    built = Segment(number, parts[-1].ordinal, is_sorted=True, rows=sum(part.rows for part in parts))
    union = " UNION ALL ".join(f"SELECT * FROM {part.table}" for part in parts)
    cursor.execute(
        f"CREATE TABLE {built.table} AS SELECT * FROM ({union}) ORDER BY signal_key, filed_date, sequence"
    )
    return built


def put_in_place(
    connection: duckdb.DuckDBPyConnection, segments: Segments, parts: Sequence[Segment], built: Segment
) -> Segments:
    """Let `built` count in the place of `parts`, within the caller's transaction."""
    for part in parts:
        connection.execute(f"DROP TABLE {part.table}")
    connection.execute(
        "DELETE FROM screen_segments WHERE list_contains($numbers, segment)",
        {"numbers": [part.number for part in parts]},
    )
    _add(connection, built)
    kept = [segment for segment in segments.all if segment not in parts]
    return replace(segments, all=tuple(sorted((*kept, built), key=lambda segment: segment.ordinal)))


def take_out(connection: duckdb.DuckDBPyConnection, segments: Segments, sequences: Sequence[int]) -> Segments:
    """Delete the rows of these commits from all segments, within the caller's transaction."""
    for segment in segments.all:
        connection.execute(
            f"DELETE FROM {segment.table} WHERE list_contains($sequences::UBIGINT[], sequence)",
            {"sequences": list(sequences)},
        )
    return replace(segments, purges=segments.purges + 1)


def _add(connection: duckdb.DuckDBPyConnection, segment: Segment) -> None:
    connection.execute(
        "INSERT INTO screen_segments VALUES ($segment, $ordinal, $is_sorted, $rows)",
        {
            "segment": segment.number,
            "ordinal": segment.ordinal,
            "is_sorted": segment.is_sorted,
            "rows": segment.rows,
        },
    )
