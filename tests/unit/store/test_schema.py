"""Migrations of the primary's tables."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from tenkay_store import schema
from tenkay_store.duckdb_owner import CannotOpen
from tenkay_store.duckdb_store import DuckDBStore
from tests.unit.store.conftest import Clock, options

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _version(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT max(version) FROM schema_version").fetchone()
    assert row is not None
    return int(row[0])


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


@pytest.mark.parametrize("before", range(schema.VERSION + 1))
def test_a_file_of_every_earlier_version_becomes_one_of_this_version(before: int) -> None:
    with duckdb.connect(":memory:") as connection:
        schema.migrate(connection, NOW, schema.MIGRATIONS[:before])
        schema.migrate(connection, NOW)
        assert _version(connection) == schema.VERSION
        with duckdb.connect(":memory:") as fresh:
            schema.migrate(fresh, NOW)
            assert _tables(connection) == _tables(fresh)


def test_migrating_again_changes_nothing() -> None:
    with duckdb.connect(":memory:") as connection:
        for _ in range(2):
            schema.migrate(connection, NOW)
        assert connection.execute("SELECT count(*) FROM schema_version").fetchone() == (schema.VERSION,)


def test_a_step_that_fails_leaves_the_version_before() -> None:
    with duckdb.connect(":memory:") as connection:
        schema.migrate(connection, NOW)
        broken = (*schema.MIGRATIONS, ("CREATE TABLE half (i INTEGER)", "CREATE TABLE half (i INTEGER)"))
        with pytest.raises(duckdb.Error):
            schema.migrate(connection, NOW, broken)
        assert _version(connection) == schema.VERSION
        assert "half" not in _tables(connection)
        schema.migrate(connection, NOW, (*schema.MIGRATIONS, ("CREATE TABLE half (i INTEGER)",)))
        assert "half" in _tables(connection)


async def test_a_file_of_a_newer_store_is_refused_in_one_line(tmp_path: Path) -> None:
    store = DuckDBStore.open(options(tmp_path), Clock())
    await store.close()
    with duckdb.connect(str(tmp_path / "tenkay.duckdb")) as connection:
        connection.execute("INSERT INTO schema_version VALUES (999, now()::TIMESTAMP)")
    with pytest.raises(CannotOpen, match="use a newer store") as refused:
        DuckDBStore.open(options(tmp_path), Clock())
    assert "\n" not in str(refused.value)


async def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "tenkay.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(CannotOpen) as refused:
        DuckDBStore.open(options(tmp_path), Clock())
    assert "\n" not in str(refused.value)
    assert (tmp_path / "tenkay.duckdb").read_bytes() == b"not a database" * 1000


async def test_signals_have_no_index_and_the_instance_has_its_limits(tmp_path: Path) -> None:
    store = DuckDBStore.open(options(tmp_path), Clock())

    def look(cursor: duckdb.DuckDBPyConnection) -> tuple[list[tuple[str]], dict[str, str]]:
        indexes = cursor.execute("SELECT DISTINCT table_name FROM duckdb_indexes()").fetchall()
        settings = cursor.execute("SELECT name, value FROM duckdb_settings()").fetchall()
        return indexes, dict(settings)

    indexes, settings = await store._owner.read(look)
    await store.close()
    assert sorted(indexes) == [("artifacts",), ("filings",)]
    assert settings["threads"] == "2"
    assert settings["memory_limit"].startswith("488.2")
    assert settings["temp_directory"] == str(tmp_path / "tmp")
    assert settings["autoinstall_known_extensions"] == "false"
