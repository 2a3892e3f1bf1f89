"""A store's file as an earlier version would have written it: what a migration starts from."""

# Statements are put together from names of ours.
# ruff: noqa: S608

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from tenkay_store.primary import schema, screen_segments
from tenkay_store.primary.duckdb_file import wal_of


def rewrite(file: Path, version: int) -> None:
    """Put `file` into the tables of a schema version, with the columns that those have."""
    earlier = file.with_name("earlier.duckdb")
    with duckdb.connect(str(earlier)) as connection:
        schema.migrate(connection, datetime.now(UTC), schema.MIGRATIONS[:version])
        connection.execute(f"ATTACH '{file}' AS newer")
        tables = _columns(connection, earlier.stem)
        newer = _columns(connection, "newer")
        with_segments = "screen_segments" in tables
        for table in tables:
            if table.startswith(screen_segments.TABLE_PREFIX):
                connection.execute(f"DROP TABLE {table}")
            elif table in newer and table != "schema_version":
                connection.execute(f"DELETE FROM {table}")
                names = ", ".join(sorted(tables[table] & newer[table]))
                connection.execute(f"INSERT INTO {table} BY NAME SELECT {names} FROM newer.{table}")
        if with_segments:
            for table in newer:
                if table.startswith(screen_segments.TABLE_PREFIX):
                    connection.execute(f"CREATE TABLE {table} AS FROM newer.{table}")
        connection.execute("DETACH newer")
        connection.execute("CHECKPOINT")
    wal_of(file).unlink(missing_ok=True)
    earlier.replace(file)


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, set[str]]:
    """The names of each table's columns."""
    tables: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = ? AND NOT internal",
        [database],
    ).fetchall():
        tables.setdefault(table, set()).add(column)
    return tables
