"""Drift of a real Postgres from the migrations."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import pytest

from tenkay.cli.main import main
from tenkay.stack.migrations import migrate, migrations_folder, read_migrations
from tenkay.stack.postgres import PostgresFolders
from tenkay.stack.schema_check import Finding, SchemaReport, check_schema
from tenkay.stack.schema_snapshot import Snapshot, take_snapshot
from tests.stack_fixtures import connected

pytestmark = pytest.mark.xdist_group("postgres")

ALL = read_migrations(migrations_folder())


@dataclass(frozen=True, slots=True)
class Database:
    """A database with all migrations and a month of signals."""

    url: str
    expected: Snapshot
    """What it was before anybody touched it."""

    async def after(self, *statements: str) -> SchemaReport:
        """What a check finds after these; they are undone again."""
        async with connected(self.url) as connection:
            transaction = connection.transaction()
            await transaction.start()
            for statement in statements:
                await connection.execute(statement)
            report = await check_schema(connection, ALL, self.expected)
            await transaction.rollback()
            return report


@pytest.fixture(scope="module")
def database(postgres_server: PostgresFolders) -> Database:
    async def make() -> Database:
        async with connected(postgres_server.url()) as connection:
            await connection.execute("create database drifting")
        url = postgres_server.url(database="drifting")
        async with connected(url) as connection:
            await migrate(connection, ALL)
            expected = await take_snapshot(connection)
            await connection.execute("select tenkay_internal.ensure_signals_partition('2024-12-15')")
        return Database(url, expected)

    return asyncio.run(make())


async def test_a_database_that_was_only_migrated_does_not_differ(database: Database) -> None:
    assert (await database.after()).is_clean


async def test_what_supabase_has_of_its_own_does_not_count(database: Database) -> None:
    report = await database.after(
        "create role drift_owner",
        "create schema auth",
        "create table auth.users (id uuid primary key)",
        "create table public.notes (id int primary key, text text)",
        "create function public.now_utc() returns timestamptz language sql as 'select now()'",
        "create view public.recent as select filing_id from public.filings",
        "grant all on schema public to anon, authenticated, service_role",
        "grant all on public.notes to anon, authenticated, service_role",
        "grant select on public.filings to drift_owner",
        "drop view public.recent",
        "revoke all on public.filings from drift_owner",
        "drop role drift_owner",
    )
    assert report.is_clean


@pytest.mark.parametrize(
    ("statement", "finding", "kind", "name"),
    [
        ("drop view public.current_filings", "missing", "view", "public.current_filings"),
        (
            "alter view public.current_filings set (security_invoker = false)",
            "changed",
            "view",
            "public.current_filings",
        ),
        ("drop table public.tombstones", "missing", "table", "public.tombstones"),
        (
            "alter table public.filings drop column source cascade",
            "missing",
            "column",
            "public.filings.source",
        ),
        ("alter table public.filings add column note text", "unexpected", "column", "public.filings.note"),
        (
            "alter table public.missing_signals alter column position type bigint",
            "changed",
            "column",
            "public.missing_signals.position",
        ),
        (
            "alter table public.analyses alter column narrative drop not null",
            "changed",
            "column",
            "public.analyses.narrative",
        ),
        (
            "alter table public.analyses alter column backend set default 'x'",
            "changed",
            "column",
            "public.analyses.backend",
        ),
        (
            "alter table public.signals drop constraint signals_one_value",
            "missing",
            "constraint",
            "public.signals.signals_one_value",
        ),
        (
            "alter table public.filings add constraint short check (length(source) < 9)",
            "unexpected",
            "constraint",
            "public.filings.short",
        ),
        ("drop index public.filings_date", "missing", "index", "filings_date"),
        (
            "drop index public.filings_date; create index filings_date on public.filings (filing_date)",
            "changed",
            "index",
            "filings_date",
        ),
        ("create index extra on public.filings (form_type)", "unexpected", "index", "extra"),
        ("alter table public.filings disable row level security", "changed", "table", "public.filings"),
        ("drop policy readers_read on public.filings", "missing", "policy", "public.filings.readers_read"),
        (
            "create policy anybody on public.filings for select to anon using (true)",
            "unexpected",
            "policy",
            "public.filings.anybody",
        ),
        (
            "alter policy readers_read on public.filings using (cik > 0)",
            "changed",
            "policy",
            "public.filings.readers_read",
        ),
        ("grant select on public.filings to anon", "unexpected", "grant", "public.filings to anon"),
        (
            "grant insert on public.filings to service_role",
            "changed",
            "grant",
            "public.filings to service_role",
        ),
        (
            "revoke select on public.signals from authenticated",
            "missing",
            "grant",
            "public.signals to authenticated",
        ),
        (
            "grant select (cik) on public.filings to anon",
            "changed",
            "column",
            "public.filings.cik",
        ),
        (
            "grant execute on function public.ingest_filing_batch(jsonb) to anon",
            "unexpected",
            "grant on function",
            "public.ingest_filing_batch to anon",
        ),
        (
            "grant usage on schema tenkay_internal to anon",
            "unexpected",
            "grant on schema",
            "tenkay_internal to anon",
        ),
        (
            "create or replace function tenkay_internal.folded(hashes numeric) returns bigint language sql immutable "
            "as 'select 1::bigint'",
            "changed",
            "function",
            "tenkay_internal.folded(hashes numeric)",
        ),
        (
            "alter function public.ingest_filing_batch(jsonb) security invoker",
            "changed",
            "function",
            "public.ingest_filing_batch(batch jsonb)",
        ),
        (
            "create function tenkay_internal.extra() returns int language sql as 'select 1'",
            "unexpected",
            "function",
            "tenkay_internal.extra()",
        ),
        (
            "create trigger slow before insert on public.filings "
            "for each row execute function suppress_redundant_updates_trigger()",
            "unexpected",
            "trigger",
            "public.filings.slow",
        ),
        (
            "alter table tenkay_internal.signals_2024_12 disable row level security",
            "changed",
            "partition",
            "tenkay_internal.signals_2024_12",
        ),
        (
            "grant select on tenkay_internal.signals_2024_12 to anon",
            "changed",
            "partition",
            "tenkay_internal.signals_2024_12",
        ),
        (
            "create table public.odd partition of public.signals for values from ('2030-01-01') to ('2031-01-01')",
            "unexpected",
            "partition",
            "public.odd",
        ),
        (
            "create table tenkay_internal.signals_2030_01 partition of public.signals "
            "for values from ('2030-01-01') to ('2030-03-01'); "
            "alter table tenkay_internal.signals_2030_01 enable row level security",
            "changed",
            "partition",
            "tenkay_internal.signals_2030_01",
        ),
        (
            "alter table public.signals detach partition tenkay_internal.signals_undated",
            "missing",
            "partition",
            "tenkay_internal.signals_undated",
        ),
    ],
)
async def test_each_kind_of_drift_is_found(
    database: Database, statement: str, finding: str, kind: str, name: str
) -> None:
    report = await database.after(statement)
    assert (Finding(finding), kind, name) in {
        (each.finding, each.kind, each.name) for each in report.differences
    }
    assert not report.not_applied


async def test_migrations_that_are_not_applied_are_named_whoever_applied_the_others(
    database: Database,
) -> None:
    newest = ALL[-1]
    report = await database.after(
        "delete from tenkay_internal.schema_migrations where version >= "
        "(select max(version) from tenkay_internal.schema_migrations)",
    )
    assert report.not_applied == (f"{newest.version}_{newest.name}",)
    # As Supabase's own command line keeps them.
    report = await database.after(
        "delete from tenkay_internal.schema_migrations where version >= "
        "(select max(version) from tenkay_internal.schema_migrations)",
        "create schema supabase_migrations",
        f"create table supabase_migrations.schema_migrations as select '{newest.version}' as version",
    )
    assert report.is_clean


def test_the_command_tells_drift_and_its_absence(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["check-schema", "--database-url", database.url]
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"is_clean": True, "differences": [], "not_applied": []}
    _execute(
        database.url, "drop index public.filings_date; alter table public.filings alter cik set not null"
    )
    try:
        assert main(arguments) == 1
    finally:
        _execute(
            database.url,
            "create index filings_date on public.filings using brin (filing_date); "
            "alter table public.filings alter cik drop not null",
        )
    assert capsys.readouterr().out.splitlines() == [
        "missing: index filings_date",
        "changed: column public.filings.cik is bigint not null, should be bigint",
    ]


def test_a_database_that_cannot_be_reached_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-schema", "--database-url", "postgresql://nobody:secret@127.0.0.1:1/none"]) == 3
    error = capsys.readouterr().err
    assert "cannot connect" in error
    assert "secret" not in error


def _execute(url: str, statements: str) -> None:
    async def run() -> None:
        async with connected(url) as connection:
            await connection.execute(statements)

    asyncio.run(run())
