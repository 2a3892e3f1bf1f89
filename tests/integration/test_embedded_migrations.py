"""The migrations on a plain Postgres and on one that looks like Supabase's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from tenkay.stack.migrations import (
    Migration,
    MigrationError,
    migrate,
    migrations_folder,
    read_migrations,
)
from tenkay.stack.postgres import PostgresFolders
from tests.stack_fixtures import connected

ALL = read_migrations(migrations_folder())


@pytest.fixture
async def empty_database(postgres_server: PostgresFolders) -> AsyncIterator[str]:
    async with connected(postgres_server.url()) as connection:
        await connection.execute("create database scratch")
    yield postgres_server.url(database="scratch")
    async with connected(postgres_server.url()) as connection:
        await connection.execute("drop database scratch with (force)")


async def test_each_migration_is_applied_once_however_many_runners_start(empty_database: str) -> None:
    async def run() -> list[str]:
        async with connected(empty_database) as connection:
            return await migrate(connection, ALL)

    applied = await asyncio.gather(run(), run(), run())
    assert sorted(applied) == [[], [], [migration.version for migration in ALL]]
    assert await run() == []


async def test_every_table_and_partition_has_row_level_security(empty_database: str) -> None:
    async with connected(empty_database) as connection:
        await migrate(connection, ALL)
        await connection.fetchval("select tenkay_internal.ensure_signals_partition('2024-02-29')")
        open_tables = await connection.fetch(
            "select oid::regclass::text from pg_class where relkind in ('r', 'p') and not relrowsecurity "
            "and relnamespace in ('public'::regnamespace, 'tenkay_internal'::regnamespace)"
        )
        assert open_tables == []
        partitions = await connection.fetch(
            "select inhrelid::regclass::text as name from pg_inherits "
            "where inhparent = 'public.signals'::regclass order by 1"
        )
        assert [row["name"] for row in partitions] == [
            "tenkay_internal.signals_2024_02",
            "tenkay_internal.signals_undated",
        ]


async def test_a_database_like_supabases_needs_no_superuser_and_ends_with_the_same_rights(
    empty_database: str, postgres_server: PostgresFolders
) -> None:
    async with connected(empty_database) as connection:
        await migrate(connection, ALL[:1])  # the roles, which a Supabase has from the start
        await connection.execute(
            """
            drop schema tenkay_internal cascade;
            create role supabase_owner login createrole;
            grant create on database scratch to supabase_owner;
            alter schema public owner to supabase_owner;
            alter default privileges for role supabase_owner in schema public
                grant all on tables to anon, authenticated, service_role;
            alter default privileges for role supabase_owner in schema public
                grant all on functions to anon, authenticated, service_role;
            """
        )
    try:
        async with connected(postgres_server.url("supabase_owner", "scratch")) as connection:
            assert len(await migrate(connection, ALL)) == len(ALL)
            rights = await connection.fetch(
                """
                select role, kind, string_agg(privilege, ',' order by privilege) as privileges
                from (
                    select r.rolname as role, 'table' as kind, p.privilege_type as privilege
                    from pg_class c, aclexplode(c.relacl) p, pg_roles r
                    where c.relnamespace = 'public'::regnamespace and r.oid = p.grantee
                    union
                    select r.rolname, 'function', p.privilege_type
                    from pg_proc f, aclexplode(f.proacl) p, pg_roles r
                    where f.pronamespace = 'public'::regnamespace and r.oid = p.grantee
                )
                where role <> 'supabase_owner'
                group by role, kind order by role, kind
                """
            )
            assert [tuple(row) for row in rights] == [
                ("authenticated", "table", "SELECT"),
                ("service_role", "function", "EXECUTE"),
                ("service_role", "table", "SELECT"),
            ]
    finally:
        async with connected(empty_database) as connection:
            await connection.execute("drop owned by supabase_owner cascade; drop role supabase_owner")


async def test_a_changed_file_a_late_file_and_a_wrong_statement_are_refused_by_name(
    empty_database: str,
) -> None:
    one = Migration("20260101000000", "one", "create table one (a int)")
    two = Migration("20260101000002", "two", "create table two (a int); insert into two values (1)")
    async with connected(empty_database) as connection:
        await migrate(connection, [one, two])
        with pytest.raises(MigrationError, match=r"20260101000000_one\.sql was changed"):
            await migrate(connection, [replace(one, sql="create table one (b int)"), two])
        with pytest.raises(MigrationError, match=r"20260101000001_late\.sql is older"):
            await migrate(connection, [one, Migration("20260101000001", "late", "select 1"), two])
        wrong = Migration(
            "20260101000003", "wrong", "create table three (a int); insert into nowhere values (1)"
        )
        with pytest.raises(MigrationError, match=r"20260101000003_wrong\.sql: 42P01"):
            await migrate(connection, [one, two, wrong])
        assert await connection.fetchval("select to_regclass('three')") is None
        assert await migrate(connection, [one, two, replace(wrong, sql="create table three (a int)")]) == [
            "20260101000003"
        ]


def test_a_folder_of_migrations_is_read_in_order_and_odd_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="has no migrations"):
        read_migrations(tmp_path)
    (tmp_path / "20260102000000_b.sql").write_text("select 2")
    (tmp_path / "20260101000000_a.sql").write_text("select 1")
    assert [migration.name for migration in read_migrations(tmp_path)] == ["a", "b"]
    (tmp_path / "20260102000000_c.sql").write_text("select 3")
    with pytest.raises(MigrationError, match="another migration of version 20260102000000"):
        read_migrations(tmp_path)
    (tmp_path / "20260102000000_c.sql").rename(tmp_path / "later.sql")
    with pytest.raises(MigrationError, match="14 digits"):
        read_migrations(tmp_path)


async def test_the_roles_may_be_there_already(empty_database: str) -> None:
    async with connected(empty_database) as connection:
        await migrate(connection, ALL)
        roles = await connection.fetch(
            "select rolname, rolcanlogin, rolbypassrls from pg_roles "
            "where rolname in ('anon', 'authenticated', 'service_role', 'authenticator') order by 1"
        )
    assert [tuple(row) for row in roles] == [
        ("anon", False, False),
        ("authenticated", False, False),
        ("authenticator", True, False),
        ("service_role", False, True),
    ]


async def test_a_connection_refused_half_way_leaves_the_lock_free(empty_database: str) -> None:
    connection = await asyncpg.connect(empty_database)
    runner = asyncio.create_task(
        migrate(connection, [Migration("20260101000000", "slow", "select pg_sleep(30)")])
    )
    await asyncio.sleep(0.3)
    connection.terminate()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, MigrationError)):
        await runner
    async with connected(empty_database) as other:
        await other.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where query like '%pg_sleep(30)%' and pid <> pg_backend_pid()"
        )
        assert await asyncio.wait_for(migrate(other, [Migration("20260101000000", "slow", "select 1")]), 5)
