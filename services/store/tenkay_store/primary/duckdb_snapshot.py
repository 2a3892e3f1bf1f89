"""A consistent copy of the open DuckDB file, made beside readers and writer, and the proof that it is one."""

# Statements are put together from the file's own names; values are always parameters, where DuckDB takes them.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tenkay_store.primary import duckdb_feed
from tenkay_store.primary.duckdb_owner import FILE_FORMAT

_VERIFY_LIMITS: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "memory_limit": "1GB"}
"""For reading the copy back: it has no hurry, and the readers need the processors."""


class NotTheSame(Exception):
    """The copy does not hold what was copied."""


@dataclass(frozen=True, slots=True)
class TableDigest:
    """What a table holds, in whatever order."""

    rows: int
    digest: str
    """Of all rows, comparable within one version of DuckDB only."""


@dataclass(frozen=True, slots=True)
class CopiedState:
    """The state that was copied."""

    sequence: int
    schema_version: int
    tables: Mapping[str, TableDigest]


def copy(cursor: duckdb.DuckDBPyConnection, target: Path) -> CopiedState:
    """Write what is committed now to a new file, under one snapshot of DuckDB's, on a cursor of its own.

    Commits, merges of the log and reads go on meanwhile. duckdb.Error when it does not work, with the target in any
    state.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    quoted = str(target).replace("'", "''")
    # One may still be attached where its copy was interrupted.
    cursor.execute("DETACH DATABASE IF EXISTS snapshot")
    cursor.execute(f"ATTACH '{quoted}' AS snapshot (STORAGE_VERSION '{FILE_FORMAT}')")
    try:
        cursor.begin()
        try:
            state = _state(cursor)
            row = cursor.execute("SELECT current_database()").fetchone()
            cursor.execute(f'COPY FROM DATABASE "{row[0] if row else ""}" TO snapshot')
            cursor.commit()
        except BaseException:
            cursor.rollback()
            raise
        cursor.execute("CHECKPOINT snapshot")
    finally:
        cursor.execute("DETACH snapshot")
    return state


def verify(path: Path, expected: CopiedState) -> None:
    """Read all of the copy, which also checks its blocks' checksums. NotTheSame when it holds something else."""
    with duckdb.connect(str(path), read_only=True, config=_VERIFY_LIMITS) as connection:
        found = _state(connection)
    if found != expected:
        differing = [name for name, table in expected.tables.items() if found.tables.get(name) != table]
        raise NotTheSame(f"the copy differs in {', '.join(differing) or 'its sequence'}")


def _state(cursor: duckdb.DuckDBPyConnection) -> CopiedState:
    sequence, _ = duckdb_feed.head(cursor)
    version = cursor.execute("SELECT max(version) FROM schema_version").fetchone()
    tables = cursor.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() ORDER BY table_name"
    ).fetchall()
    return CopiedState(
        sequence, version[0] if version else 0, {name: _digest(cursor, name) for (name,) in tables}
    )


def _digest(cursor: duckdb.DuckDBPyConnection, table: str) -> TableDigest:
    # A sum, not an exclusive or: two equal rows must not look like none.
    row = cursor.execute(f"SELECT count(*), coalesce(sum(hash(t)), 0)::VARCHAR FROM {table} t").fetchone()
    return TableDigest(0, "0") if row is None else TableDigest(row[0], row[1])
