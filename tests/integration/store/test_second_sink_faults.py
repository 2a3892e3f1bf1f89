"""Failures of Supabase and on the way to it, one by one: the primary goes on, nothing is lost, all of it arrives after."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from fault_proxy import HEALTHY, Fault, FaultProxy
from prometheus_client import REGISTRY

from tenkay.stack.launch import running
from tenkay.stack.ports import LOOPBACK, free_port
from tenkay.stack.rest_gateway.process import DATABASE_ROLE, rest_gateway
from tenkay_store.domain.records import CommitRecord, DeliveryState
from tenkay_store.domain.sink import Remedy, SinkFailure
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.second_sink.outbox import Outbox
from tenkay_store.second_sink.reconciler import Reconciler
from tests.integration.store.second_sink import (
    delivering,
    expected_rows,
    rows_of,
    supabase_sink,
    until_delivered,
)
from tests.stack_fixtures import SupabaseProject, connected
from tests.unit.store.filings import accession_number, extraction_to_commit

pytestmark = pytest.mark.xdist_group("postgres")

COMMITS = 20
LONG = 60.0
"""Seconds the sink would wait for an answer: far longer than the commits may take."""


def _answer(status: str, body: str = "") -> Fault:
    return Fault(answer=f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())


RETRIED = {
    "refused": Fault(refuse=True),
    "500": _answer("500 Internal Server Error", "oops"),
    "502": _answer("502 Bad Gateway", "<html>"),
    "503": _answer("503 Service Unavailable"),
    "429": _answer("429 Too Many Requests"),
    "400 without a code": _answer("400 Bad Request"),
    "200 that is cut short": Fault(answer=b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"),
    "200 with a page of a proxy": _answer("200 OK", "<html>sign in</html>"),
    "200 without a word": _answer("200 OK"),
    "200 with null": _answer("200 OK", "null"),
    "200 of no commit": _answer("200 OK", '{"results": []}'),
    "200 of another commit": _answer(
        "200 OK",
        f'{{"results": [{{"filing_id": "{accession_number(1)}", "sequence": 2, "outcome": "applied"}}]}}',
    ),
    "204": Fault(answer=b"HTTP/1.1 204 No Content\r\n\r\n"),
    "nonsense": Fault(answer=b"nonsense\r\n\r\n"),
    "closed": Fault(answer=b""),
    "request cut": Fault(cut_request_after_bytes=1000),
    "hanging": Fault(hang=True),
    "slow drip": Fault(drip_bytes_per_second=20),
}
"""After each of these a batch is sent again: nobody knows whether it was taken."""


@asynccontextmanager
async def _behind_proxy(
    project: SupabaseProject, folder: Path, fault: Fault, *, read_seconds: float
) -> AsyncIterator[tuple[DuckDBStore, Outbox, FaultProxy]]:
    proxy = FaultProxy(project.port, fault)
    async with proxy.serving():
        sink = supabase_sink(proxy.url, project.keys.service_role, read_seconds=read_seconds)
        async with delivering(folder, sink) as (store, outbox):
            yield store, outbox, proxy


async def _commit(store: DuckDBStore, first: int = 0) -> None:
    bodies = [extraction_to_commit(accession_number(first + number)) for number in range(COMMITS)]
    await asyncio.gather(*(store.commit(body) for body in bodies))


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.01)


async def _assert_equal_in_the_end(project: SupabaseProject, store: DuckDBStore, outbox: Outbox) -> None:
    await until_delivered(store)
    assert (await store.backlog()).dead == 0
    assert await rows_of(project) == await expected_rows(store)
    sink = supabase_sink(project.url, project.keys.service_role)
    reconciler = Reconciler(
        store, sink, outbox, clock=lambda: datetime.now(UTC), jitter=lambda seconds: seconds
    )
    assert (await reconciler.reconcile(None, None, date.min)).days_differing == 0
    await sink.close()


@pytest.mark.parametrize("fault", RETRIED.values(), ids=RETRIED.keys())
async def test_a_batch_that_may_not_have_arrived_is_to_be_sent_again(
    supabase_project: SupabaseProject, fault: Fault
) -> None:
    proxy = FaultProxy(supabase_project.port, fault)
    async with proxy.serving():
        sink = supabase_sink(proxy.url, supabase_project.keys.service_role, read_seconds=0.3)
        with pytest.raises(SinkFailure) as failed:
            await sink.write(
                [CommitRecord(1, 1, datetime.now(UTC), extraction_to_commit(accession_number(1)))]
            )
        await sink.close()
    assert failed.value.remedy is Remedy.RETRY
    assert failed.value.detail


@pytest.mark.parametrize(
    "fault",
    [RETRIED[name] for name in ("refused", "500", "400 without a code", "request cut")],
    ids=["refused", "500", "4xx", "request cut"],
)
async def test_while_the_sink_fails_commits_go_on_the_breaker_opens_and_all_arrives_after(
    supabase_project: SupabaseProject, tmp_path: Path, fault: Fault
) -> None:
    async with _behind_proxy(supabase_project, tmp_path, fault, read_seconds=LONG) as (store, outbox, proxy):
        await _commit(store)
        await _until(lambda: REGISTRY.get_sample_value("tenkay_store_sink_breaker_open") == 1)
        tries = proxy.connections
        await _commit(store, COMMITS)
        backlog = await store.backlog()
        assert (backlog.pending, backlog.dead) == (2 * COMMITS, 0)
        # The breaker lets one through now and then, not each batch.
        assert proxy.connections - tries <= 20
        await proxy.become(HEALTHY)
        await _assert_equal_in_the_end(supabase_project, store, outbox)
        assert REGISTRY.get_sample_value("tenkay_store_sink_breaker_open") == 0


@pytest.mark.parametrize("name", ["hanging", "slow drip"])
async def test_a_sink_that_keeps_callers_waiting_keeps_no_commit_waiting(
    supabase_project: SupabaseProject, tmp_path: Path, name: str
) -> None:
    async with _behind_proxy(supabase_project, tmp_path, RETRIED[name], read_seconds=LONG) as (
        store,
        outbox,
        proxy,
    ):
        async with asyncio.timeout(LONG / 2):
            for first in range(0, 3 * COMMITS, COMMITS):
                await _commit(store, first)
        assert (await outbox.outcome(1, 0.05, just_committed=False)).state is DeliveryState.PENDING
        await proxy.become(HEALTHY)
        await _assert_equal_in_the_end(supabase_project, store, outbox)


async def test_answers_that_are_lost_leave_each_commit_there_once(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    async with _behind_proxy(supabase_project, tmp_path, HEALTHY, read_seconds=LONG) as (
        store,
        outbox,
        proxy,
    ):
        await _commit(store)
        await until_delivered(store)
        await proxy.become(Fault(lose_answer=True))
        await _commit(store, COMMITS)
        await _until(lambda: REGISTRY.get_sample_value("tenkay_store_sink_breaker_open") == 1)
        # The first batches are in Postgres, though nobody was told.
        assert len(await rows_of(supabase_project)) > COMMITS
        assert (await store.backlog()).pending == COMMITS
        await proxy.become(HEALTHY)
        await _assert_equal_in_the_end(supabase_project, store, outbox)


async def test_sessions_of_postgres_that_end_in_mid_batch_lose_nothing(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    sink = supabase_sink(supabase_project.url, supabase_project.keys.service_role)
    async with (
        delivering(tmp_path, sink) as (store, outbox),
        connected(supabase_project.database_url) as connection,
    ):
        ended = 0
        committing = asyncio.create_task(_commit(store))
        for _ in range(15):
            ended += await connection.fetchval(
                "select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity "
                "where usename = $1 and state <> 'idle'",
                DATABASE_ROLE,
            )
            await asyncio.sleep(0.01)
        await committing
        await _commit(store, COMMITS)
        await _assert_equal_in_the_end(supabase_project, store, outbox)


async def test_a_gateway_that_is_killed_in_mid_batch_and_comes_back_lost_nothing(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    port = free_port()
    launch = rest_gateway(
        database_url=supabase_project.database_url.replace("postgres@", f"{DATABASE_ROLE}@"),
        jwt_secret=supabase_project.keys.jwt_secret,
        port=port,
    )
    sink = supabase_sink(f"http://{LOOPBACK}:{port}", supabase_project.keys.service_role)
    async with delivering(tmp_path, sink) as (store, outbox):
        gateway = running(launch, tmp_path / "gateway.log")
        pid = await asyncio.to_thread(gateway.__enter__)
        committing = asyncio.create_task(_commit(store))
        while not await rows_of(supabase_project):  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        await committing
        await asyncio.to_thread(gateway.__exit__, None, None, None)
        await _commit(store, COMMITS)
        gateway = running(launch, tmp_path / "gateway.log")
        await asyncio.to_thread(gateway.__enter__)
        try:
            await _assert_equal_in_the_end(supabase_project, store, outbox)
        finally:
            await asyncio.to_thread(gateway.__exit__, None, None, None)


@pytest.mark.parametrize(
    ("harm", "mend", "code"),
    [
        (
            "revoke execute on function public.ingest_filing_batch(jsonb) from service_role",
            "grant execute on function public.ingest_filing_batch(jsonb) to service_role",
            "42501",
        ),
        (
            "alter function public.ingest_filing_batch(jsonb) security invoker",
            "alter function public.ingest_filing_batch(jsonb) security definer",
            "42501",
        ),
        (
            "alter function public.ingest_filing_batch rename to away",
            "alter function public.away rename to ingest_filing_batch",
            "42883",
        ),
        (
            "alter table public.signals rename column position to place",
            "alter table public.signals rename column place to position",
            "42703",
        ),
        (
            "alter table public.missing_signals rename to away",
            "alter table public.away rename to missing_signals",
            "42P01",
        ),
    ],
    ids=["right revoked", "rights of the caller only", "function gone", "column gone", "table gone"],
)
async def test_refused_rights_and_drift_of_the_schema_stop_the_sink_until_they_are_mended(
    supabase_project: SupabaseProject, tmp_path: Path, harm: str, mend: str, code: str
) -> None:
    sink = supabase_sink(supabase_project.url, supabase_project.keys.service_role)
    async with connected(supabase_project.database_url) as connection:
        await connection.execute(harm)
        try:
            async with delivering(tmp_path, sink) as (store, outbox):
                await _commit(store)
                await _until(lambda: REGISTRY.get_sample_value("tenkay_store_sink_stopped") == 1)
                assert code in outbox.last_error
                await _commit(store, COMMITS)
                backlog = await store.backlog()
                assert (backlog.pending, backlog.dead) == (2 * COMMITS, 0)
                await connection.execute(mend)
                mend = "select 1"
                await _assert_equal_in_the_end(supabase_project, store, outbox)
                assert REGISTRY.get_sample_value("tenkay_store_sink_stopped") == 0
        finally:
            await connection.execute(mend)


DENIED = """
    create role batch_writer nologin;
    grant usage, create on schema public, tenkay_internal to batch_writer;
    grant all on all tables in schema public, tenkay_internal to batch_writer;
    grant execute on all functions in schema tenkay_internal to batch_writer;
    create policy writer_reads on tenkay_internal.owner for select to batch_writer using (true);
    create policy writer_reads on public.filings for select to batch_writer using (true);
    alter function public.ingest_filing_batch(jsonb) owner to batch_writer;
"""
"""The function writes with the rights of a role that row-level security holds for, and that no policy lets write."""

TABLES = ("filings", "missing_signals", "analyses", "disputes", "tombstones")
LET_IN = {
    "the policy is put right": "".join(
        f"create policy writer_writes on public.{table} for all to batch_writer using (true) with check (true);"
        for table in (*TABLES, "signals")
    ),
    "the owner is put right": "alter function public.ingest_filing_batch(jsonb) owner to postgres",
}
UNDENIED = """
    alter function public.ingest_filing_batch(jsonb) owner to postgres;
    drop owned by batch_writer;
    drop role batch_writer;
"""


@pytest.mark.parametrize("mend", LET_IN.values(), ids=LET_IN.keys())
async def test_a_policy_that_denies_rows_stops_the_sink_until_it_is_mended(
    supabase_project: SupabaseProject, tmp_path: Path, mend: str
) -> None:
    sink = supabase_sink(supabase_project.url, supabase_project.keys.service_role)
    async with (
        connected(supabase_project.database_url) as connection,
        delivering(tmp_path, sink) as (store, outbox),
    ):
        # The month's partition is there then; making one takes more than a policy.
        await store.commit(extraction_to_commit(accession_number(999)))
        await until_delivered(store)
        before = await rows_of(supabase_project)
        await connection.execute(DENIED)
        try:
            await _commit(store)
            await _until(lambda: REGISTRY.get_sample_value("tenkay_store_sink_stopped") == 1)
            assert "42501" in outbox.last_error
            assert "row-level security policy" in outbox.last_error
            await _commit(store, COMMITS)
            backlog = await store.backlog()
            assert (backlog.pending, backlog.dead) == (2 * COMMITS, 0)
            assert (await outbox.outcome(2, 0.05, just_committed=False)).state is DeliveryState.PENDING
            assert await rows_of(supabase_project) == before
            await connection.execute(mend)
            await _assert_equal_in_the_end(supabase_project, store, outbox)
            assert REGISTRY.get_sample_value("tenkay_store_sink_stopped") == 0
        finally:
            await connection.execute(UNDENIED)


async def test_a_key_without_rights_stops_the_sink_and_all_arrives_with_the_right_one(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    keys = supabase_project.keys
    async with delivering(tmp_path, supabase_sink(supabase_project.url, keys.anon)) as (store, outbox):
        await _commit(store)
        await _until(lambda: "42501" in outbox.last_error)
        assert REGISTRY.get_sample_value("tenkay_store_sink_stopped") == 1
        backlog = await store.backlog()
        assert (backlog.pending, backlog.dead) == (COMMITS, 0)
    assert await rows_of(supabase_project) == []
    async with delivering(tmp_path, supabase_sink(supabase_project.url, keys.service_role)) as (
        store,
        outbox,
    ):
        await _commit(store, COMMITS)
        await _assert_equal_in_the_end(supabase_project, store, outbox)
