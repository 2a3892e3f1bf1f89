"""Which store a file is of."""

from __future__ import annotations

import duckdb


def store_id(connection: duckdb.DuckDBPyConnection) -> str:
    """The identity that the store was made with."""
    return str(connection.execute("SELECT store_id FROM store_identity").fetchall()[0][0])


def become(connection: duckdb.DuckDBPyConnection, store_id: str) -> None:
    """Make the file that store's: it is restored from what that one left."""
    connection.execute("UPDATE store_identity SET store_id = $store_id", {"store_id": store_id})


def resumed_at(connection: duckdb.DuckDBPyConnection) -> int:
    """The sequence after which the newest restore resumed; 0 when there was none."""
    return int(connection.execute("SELECT coalesce(max(resumed_at), 0) FROM restores").fetchall()[0][0])
