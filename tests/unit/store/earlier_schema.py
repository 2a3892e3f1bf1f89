"""Files as stores of earlier versions left them."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tenkay_store.primary import schema
from tenkay_store.primary.duckdb_owner import FILE_NAME
from tests.unit.store.conftest import Clock


def file_of_version(directory: Path, version: int, committed: Path) -> None:
    """Make a file whose tables have an earlier version, with the rows of the store in `committed`.

    It gets what that version could hold of them: the tables and columns that it had.
    """
    directory.mkdir(parents=True)
    with duckdb.connect(
        str(directory / FILE_NAME), config={"storage_compatibility_version": "v1.0.0"}
    ) as connection:
        schema.migrate(connection, Clock().now, schema.MIGRATIONS[:version])
        connection.execute(f"ATTACH '{committed / FILE_NAME}' AS committed (READ_ONLY)")
        columns: dict[str, dict[str, list[str]]] = {}
        for database, table, column in connection.execute(
            "SELECT database_name, table_name, column_name FROM duckdb_columns() WHERE NOT internal "
            "ORDER BY column_index"
        ).fetchall():
            columns.setdefault(database, {}).setdefault(table, []).append(column)
        held, given = columns["tenkay"], columns["committed"]
        for table, names in held.items():
            if table == "schema_version" or table not in given:
                continue
            shared = ", ".join(name for name in names if name in given[table])
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
            connection.execute(f"INSERT INTO {table} BY NAME SELECT {shared} FROM committed.{table}")  # noqa: S608
        connection.execute("DETACH committed")
