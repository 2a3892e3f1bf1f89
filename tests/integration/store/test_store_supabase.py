"""The second sink for real: supabase-py, the gateway, Postgres with its migrations."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tenkay.client.store import AsyncStoreAdminClient
from tenkay.errors import InvalidArgument
from tenkay.stack.keys import api_key
from tenkay.stack.launch import running
from tenkay.stack.ports import LOOPBACK, free_port
from tenkay.stack.rest_gateway.process import DATABASE_ROLE, rest_gateway
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay.store.v1 import store_admin_service_pb2 as admin_pb2
from tenkay_store.breaker import SinkBreaker
from tenkay_store.duckdb_store import DuckDBStore
from tenkay_store.messages import analysis_record, extraction_record
from tenkay_store.outbox import Outbox, OutboxLimits
from tenkay_store.records import CommitRecord, DeliveryState
from tenkay_store.sink import BreakerLimits, Remedy, SinkFailure, SupabaseOptions
from tenkay_store.supabase_rows import encoded_batch
from tenkay_store.supabase_sink import SupabaseSink, jittered
from tests.integration.store.store_process import StoreProcess
from tests.stack_fixtures import SupabaseProject, connected
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number, analysis, extraction, extraction_to_commit

pytestmark = pytest.mark.xdist_group("postgres")

LIMITS = OutboxLimits(
    batch_commits=10,
    batch_bytes=1024 * 1024,
    batches_in_flight=6,
    memory_commits=2000,
    memory_bytes=64 * 1024 * 1024,
    retry_seconds=0.05,
    retry_most_seconds=0.2,
    breaker_seconds=0.3,
    stopped_seconds=0.3,
)
GATEWAY_BODY_BYTES = 8 * 1024 * 1024
"""Most that the gateway takes in one request."""
AT = datetime(2026, 1, 2, tzinfo=UTC)


def _supabase(url: str, key: str, *, read_seconds: float = 10) -> SupabaseSink:
    return SupabaseSink(
        SupabaseOptions(url, key, connections=10, connect_seconds=1, read_seconds=read_seconds)
    )


@asynccontextmanager
async def delivering(folder: Path, sink: SupabaseSink) -> AsyncIterator[tuple[DuckDBStore, Outbox]]:
    """A store in this process whose outbox delivers to `sink`."""

    def clock() -> datetime:
        return datetime.now(UTC)

    store = DuckDBStore.open(options(folder, sink="supabase"), clock)
    breaker = SinkBreaker(sink.name, BreakerLimits(3, LIMITS.breaker_seconds))
    outbox = Outbox(store, sink, breaker, LIMITS, clock=clock, jitter=jittered)
    work = asyncio.create_task(outbox.run())
    try:
        yield store, outbox
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await sink.close()
        await store.close()


async def _until_delivered(store: DuckDBStore) -> None:
    async with asyncio.timeout(30):
        while True:
            if (await store.backlog()).pending == 0:
                return
            await asyncio.sleep(0.02)


async def _rows(project: SupabaseProject) -> list[dict[str, Any]]:
    """What Postgres holds, in the shape the sink sends."""
    async with connected(project.database_url) as connection:

        async def read(query: str) -> list[dict[str, Any]]:
            rows = await connection.fetch(f"select to_jsonb(r)::text as row from ({query}) r")  # noqa: S608
            return [json.loads(row["row"], parse_float=Decimal) for row in rows]

        filings = await read("select * from public.filings order by sequence")
        signals = await read("select * from public.signals order by filing_id, version, position")
        gaps = await read("select * from public.missing_signals order by filing_id, version, position")
        analyses = await read("select * from public.analyses order by sequence")
    writes = []
    for row in filings:
        of_filing = {"filing_id": row.pop("filing_id"), "version": row["version"]}
        row["signals"] = [
            _without(each, "partition_date", "position") for each in signals if _of(each, of_filing)
        ]
        row["missing"] = [_without(each, "position") for each in gaps if _of(each, of_filing)]
        del row["partition_date"], row["contents_hash"]
        writes.append(_write(of_filing["filing_id"], "extraction", row))
    for row in analyses:
        del row["contents_hash"]
        writes.append(_write(row.pop("filing_id"), "analysis", row))
    return sorted((_comparable(write) for write in writes), key=lambda write: int(write["sequence"]))


def _of(row: dict[str, Any], filing: dict[str, Any]) -> bool:
    return all(row[name] == value for name, value in filing.items())


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in (*names, "filing_id", "version")}


def _write(filing_id: str, kind: str, part: dict[str, Any]) -> dict[str, Any]:
    moved = {name: part.pop(name) for name in ("sequence", "recorded_at")}
    return {"filing_id": filing_id, **moved, kind: part}


def _comparable(value: Any, name: str = "") -> Any:
    """Without absent values, with numbers and moments in one form."""
    if isinstance(value, dict):
        return {key: _comparable(each, key) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_comparable(each) for each in value]
    if name in ("recorded_at", "accepted_at"):
        return datetime.fromisoformat(value)
    if name in ("value_decimal", "value_int") or (
        isinstance(value, int | float) and not isinstance(value, bool)
    ):
        return Decimal(str(value))
    return value


async def _expected(store: DuckDBStore) -> list[dict[str, Any]]:
    records = await store.commit_records(range(1, store.head + 1))
    return [_comparable(write) for write in json.loads(encoded_batch(records))["batch"]["writes"]]


async def _commit_some(store: DuckDBStore, numbers: Sequence[int]) -> None:
    """Filings of all kinds of values, some with a second version and analyses."""
    for number in numbers:
        message = extraction(
            accession_number(number),
            signals={
                "revenue": f"-{10**30 + number}.10",
                "margin": 0.1 * number,
                "doubt": bool(number % 2),
                "staff": 2**60 + number,
                "opinion": "CLEAN",
            },
            filed=None if number % 5 == 0 else extraction_to_commit(accession_number(1)).filing.filed_date,
            accepted=None,
        )
        message.signals[0].notes.append('derived: "a" — b\\c')
        await store.commit(extraction_record(message))
        await store.commit(analysis_record(analysis(message)))
        if number % 3 == 0:
            newer = extraction(accession_number(number), code_version="2")
            await store.commit(extraction_record(newer))


async def test_both_databases_hold_the_same_rows(supabase_project: SupabaseProject, tmp_path: Path) -> None:
    sink = _supabase(supabase_project.url, supabase_project.keys.service_role)
    async with delivering(tmp_path, sink) as (store, outbox):
        await _commit_some(store, range(12))
        outcome = await outbox.outcome(store.head, 10, just_committed=False)
        assert outcome.state is DeliveryState.DURABLE
        await _until_delivered(store)
        assert await _rows(supabase_project) == await _expected(store)


async def test_a_sink_that_comes_back_gets_all_that_waited(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    port = free_port()
    sink = _supabase(f"http://{LOOPBACK}:{port}", supabase_project.keys.service_role)
    async with delivering(tmp_path, sink) as (store, outbox):
        await _commit_some(store, range(10))
        waiting = await outbox.outcome(1, 0.2, just_committed=True)
        assert waiting.state is DeliveryState.PENDING
        assert "does not answer" in waiting.last_error
        assert (await store.backlog()).pending == store.head
        database = supabase_project.database_url.replace("postgres@", f"{DATABASE_ROLE}@")
        launch = rest_gateway(database_url=database, jwt_secret=supabase_project.keys.jwt_secret, port=port)
        starting = running(launch, tmp_path / "gateway.log")
        await asyncio.to_thread(starting.__enter__)
        try:
            outcome = await outbox.outcome(1, 20, just_committed=False)
            assert outcome.state is DeliveryState.DURABLE
            await _until_delivered(store)
            assert await _rows(supabase_project) == await _expected(store)
            assert outbox.last_error == ""
        finally:
            await asyncio.to_thread(starting.__exit__, None, None, None)


async def test_a_row_postgres_refuses_is_set_aside_and_the_others_arrive(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    sink = _supabase(supabase_project.url, supabase_project.keys.service_role)
    async with delivering(tmp_path, sink) as (store, outbox):
        bodies = [extraction_to_commit(accession_number(number)) for number in range(20)]
        # DuckDB keeps a null character; Postgres' text cannot.
        poison = extraction(accession_number(50))
        poison.signals[0].notes.append("null \0 character")
        await asyncio.gather(
            *(store.commit(body) for body in [*bodies[:9], extraction_record(poison), *bodies[9:]])
        )
        outcome = await outbox.outcome(10, 10, just_committed=False)
        assert outcome.state is DeliveryState.DEAD
        assert "22P05" in outcome.last_error
        await _until_delivered(store)
        backlog = await store.backlog()
        assert (backlog.pending, backlog.dead) == (0, 1)
        expected = [each for each in await _expected(store) if each["sequence"] != 10]
        assert await _rows(supabase_project) == expected


async def test_a_commit_the_gateway_cannot_take_is_set_aside_and_the_others_arrive(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    sink = _supabase(supabase_project.url, supabase_project.keys.service_role)
    async with delivering(tmp_path, sink) as (store, outbox):
        # Past the store's door, which takes no message of this size.
        huge = extraction(accession_number(60))
        huge.signals[0].notes.append("x" * GATEWAY_BODY_BYTES)
        for message in (extraction(accession_number(1)), huge, extraction(accession_number(2))):
            await store.commit(extraction_record(message))
        outcome = await outbox.outcome(2, 20, just_committed=False)
        assert outcome.state is DeliveryState.DEAD
        assert "PGRST102" in outcome.last_error
        await _until_delivered(store)
        backlog = await store.backlog()
        assert (backlog.pending, backlog.dead) == (0, 1)
        assert [row["sequence"] for row in await _rows(supabase_project)] == [1, 3]


async def test_an_expired_key_stops_the_sink_until_there_is_a_good_one(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    expired = api_key(supabase_project.keys.jwt_secret, "service_role", lifetime_seconds=-60)
    async with delivering(tmp_path, _supabase(supabase_project.url, expired)) as (store, outbox):
        await _commit_some(store, range(5))
        waiting = await outbox.outcome(1, 1, just_committed=True)
        assert waiting.state is DeliveryState.PENDING
        assert "PGRST303" in outbox.last_error
        backlog = await store.backlog()
        assert (backlog.pending, backlog.dead) == (store.head, 0)
        assert await _rows(supabase_project) == []
    good = _supabase(supabase_project.url, supabase_project.keys.service_role)
    async with delivering(tmp_path, good) as (store, outbox):
        await _until_delivered(store)
        assert (await store.backlog()).dead == 0
        assert await _rows(supabase_project) == await _expected(store)


async def test_a_filing_that_changes_its_company_changes_it_in_both_databases(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    sink = _supabase(supabase_project.url, supabase_project.keys.service_role)
    async with delivering(tmp_path, sink) as (store, outbox):
        for cik in (1999000201, 1999000202):
            await store.commit(extraction_to_commit(accession_number(1), cik=cik))
        # The former company's change in the feed is no commit: nothing waits for it.
        assert (await outbox.outcome(3, 10, just_committed=False)).state is DeliveryState.DURABLE
        await _until_delivered(store)
        rows = await _rows(supabase_project)
        assert [(row["sequence"], row["extraction"]["cik"]) for row in rows] == [
            (1, 1999000201),
            (3, 1999000202),
        ]
        assert rows == await _expected(store)


async def test_a_batch_sent_again_and_late_changes_nothing(supabase_project: SupabaseProject) -> None:
    sink = _supabase(supabase_project.url, supabase_project.keys.service_role)
    first = CommitRecord(1, 1, AT, extraction_to_commit(accession_number(1)))
    again = replace(first, sequence=9, body=extraction_to_commit(accession_number(1), code_version="9"))
    try:
        await sink.write([first])
        await sink.write([first])
        rows = await _rows(supabase_project)
        assert [row["sequence"] for row in rows] == [1]
        # The same version from a later commit (a store that was restored) wins, and an earlier one then loses.
        await sink.write([again])
        await sink.write([first])
        assert [row["sequence"] for row in await _rows(supabase_project)] == [9]
    finally:
        await sink.close()


@pytest.mark.parametrize("role", ["anon", "authenticated", "none"])
async def test_a_key_without_the_right_stops_the_sink(supabase_project: SupabaseProject, role: str) -> None:
    key = "not-a-key" if role == "none" else getattr(supabase_project.keys, role)
    sink = _supabase(supabase_project.url, key)
    with pytest.raises(SinkFailure) as refused:
        await sink.write([CommitRecord(1, 1, AT, extraction_to_commit(accession_number(1)))])
    await sink.close()
    assert refused.value.remedy is Remedy.STOP
    assert await _rows(supabase_project) == []


async def test_a_missing_function_stops_the_sink_instead_of_killing_the_outbox(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    sink = _supabase(supabase_project.url, supabase_project.keys.service_role)
    async with connected(supabase_project.database_url) as connection:
        await connection.execute("alter function public.ingest_filing_batch rename to away")
        try:
            with pytest.raises(SinkFailure) as refused:
                await sink.write([CommitRecord(1, 1, AT, extraction_to_commit(accession_number(1)))])
        finally:
            await connection.execute("alter function public.away rename to ingest_filing_batch")
    await sink.close()
    assert refused.value.remedy is Remedy.STOP


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\noops",
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>",
        b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"",
        None,
    ],
    ids=["500", "502", "503", "429", "nonsense", "closed", "hanging"],
)
async def test_a_server_that_is_not_itself_is_tried_again(answer: bytes | None) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()
        ended.set()

    ended = asyncio.Event()
    server = await asyncio.start_server(serve, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    sink = _supabase(f"http://{LOOPBACK}:{port}", "key", read_seconds=0.3)
    with pytest.raises(SinkFailure) as failed:
        await sink.write([CommitRecord(1, 1, AT, extraction_to_commit(accession_number(1)))])
    await sink.close()
    await ended.wait()
    server.close()
    assert failed.value.remedy is Remedy.RETRY
    assert failed.value.detail


# Through a store process.


def _environment(url: str, key: str) -> dict[str, str]:
    return {
        "TENKAY_STORE_SUPABASE_URL": url,
        "TENKAY_STORE_SUPABASE_KEY": key,
        "TENKAY_STORE_SUPABASE_BREAKER_SECONDS": "0.3",
        "TENKAY_STORE_SUPABASE_RETRY_SECONDS": "0.05",
    }


async def _status(admin: AsyncStoreAdminClient, *, pending: int, dead: int) -> admin_pb2.SinkStatus:
    """The second sink's status once it has these counts."""
    async with asyncio.timeout(20):
        while True:
            status = (await admin.get_sink_status()).sinks[1]
            if (status.pending, status.dead) == (pending, dead):
                return status
            await asyncio.sleep(0.02)


async def test_waiting_for_all_answers_durable_and_a_kill_before_the_write_is_made_up_for(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    key = supabase_project.keys.service_role
    messages = [extraction(accession_number(number)) for number in range(8)]
    # Takes connections and never answers: every write is under way when the store is killed.
    with socket.create_server((LOOPBACK, 0), backlog=50) as hanging:
        url = f"http://{LOOPBACK}:{hanging.getsockname()[1]}"
        process = StoreProcess(tmp_path, _environment(url, key))
        async with process.filings as client:
            answers = await asyncio.gather(
                *(
                    client.commit_extraction(extraction=each, wait_for=store_pb2.WAIT_FOR_ALL, timeout=1.5)
                    for each in messages
                )
            )
        process.kill()
    states = {answer.outcome.sinks[1].state for answer in answers}
    # The time was up, not the call's: the primary had it.
    assert states == {store_pb2.SINK_STATE_PENDING}
    assert await _rows(supabase_project) == []
    with StoreProcess(tmp_path, _environment(supabase_project.url, key)) as process:
        async with process.filings as client, process.admin as admin:
            again = (
                await client.commit_extraction(
                    extraction=messages[0], wait_for=store_pb2.WAIT_FOR_ALL, timeout=20
                )
            ).outcome
            assert not again.changed
            assert again.sinks[1].state == store_pb2.SINK_STATE_DURABLE
            assert again.sinks[1].HasField("durable_at")
            new = (
                await client.commit_extraction(
                    extraction=extraction(accession_number(99)), wait_for=store_pb2.WAIT_FOR_ALL, timeout=20
                )
            ).outcome
            assert new.sinks[1].state == store_pb2.SINK_STATE_DURABLE
            status = await _status(admin, pending=0, dead=0)
            assert (status.enabled, status.last_error) == (True, "")
    rows = await _rows(supabase_project)
    assert [row["sequence"] for row in rows] == list(range(1, 10))
    assert {row["filing_id"] for row in rows[:8]} == {each.filing.accession_number for each in messages}


async def test_what_postgres_refused_is_listed_and_arrives_once_that_is_mended(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    async with connected(supabase_project.database_url) as connection:
        await connection.execute(
            "alter table public.filings add constraint refused check (company_name <> 'Refused Inc')"
        )
        try:
            environment = _environment(supabase_project.url, supabase_project.keys.service_role)
            with StoreProcess(tmp_path, environment) as process:
                async with process.filings as client, process.admin as admin:
                    outcomes = [
                        (
                            await client.commit_extraction(
                                extraction=extraction(accession_number(number), company_name=name),
                                wait_for=store_pb2.WAIT_FOR_ALL,
                                timeout=20,
                            )
                        ).outcome
                        for number, name in enumerate(["Fine Inc", "Refused Inc", "Refused Inc"])
                    ]
                    assert [outcome.sinks[1].state for outcome in outcomes] == [
                        store_pb2.SINK_STATE_DURABLE,
                        store_pb2.SINK_STATE_DEAD,
                        store_pb2.SINK_STATE_DEAD,
                    ]
                    await _status(admin, pending=0, dead=2)
                    first = await admin.list_dead_letters(page_size=1)
                    rest = await admin.list_dead_letters(page_size=1, page_token=first.next_page_token)
                    assert rest.next_page_token == ""
                    letters = [*first.dead_letters, *rest.dead_letters]
                    assert [letter.sequence for letter in letters] == [
                        outcome.sequence for outcome in outcomes[1:]
                    ]
                    assert letters[0].accession_number == accession_number(1)
                    assert (letters[0].kind, letters[0].attempts) == ("EXTRACTION", 1)
                    assert "23514" in letters[0].last_error
                    await connection.execute("alter table public.filings drop constraint refused")
                    assert (await admin.replay_dead_letters(sequences=[letters[0].sequence])).replayed == 1
                    assert (await admin.replay_dead_letters(all=True)).replayed == 1
                    await _status(admin, pending=0, dead=0)
                    assert not (await admin.list_dead_letters()).dead_letters
        finally:
            await connection.execute("alter table public.filings drop constraint if exists refused")
    assert [row["sequence"] for row in await _rows(supabase_project)] == [1, 2, 3]


async def test_a_purge_empties_both_databases_and_a_late_delivery_brings_nothing_back(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    environment = _environment(supabase_project.url, supabase_project.keys.service_role)
    with StoreProcess(tmp_path, environment) as process:
        async with process.filings as client, process.admin as admin:
            for number in range(4):
                await client.commit_extraction(
                    extraction=extraction(accession_number(number), cik=7 + number // 2),
                    wait_for=store_pb2.WAIT_FOR_ALL,
                    timeout=20,
                )
            asked: dict[str, Any] = {"requested_by": "the data officer", "reason": "the filer withdrew it"}
            one = await admin.purge_filings(accession_numbers=[accession_number(3)] * 2, **asked)
            company = await admin.purge_filings(cik=7, **asked)
            assert [each.accession_number for each in (*one.purged, *company.purged)] == [
                accession_number(number) for number in (3, 0, 1)
            ]
            assert not company.more
            assert not (await admin.purge_filings(cik=7, **asked)).purged
            records = (await admin.list_purges()).purges
            assert [(each.cik, each.version_count, each.reason) for each in records] == [
                (8, 1, "the filer withdrew it"),
                (7, 1, "the filer withdrew it"),
                (7, 1, "the filer withdrew it"),
            ]
            await _status(admin, pending=0, dead=0)
    assert [row["filing_id"] for row in await _rows(supabase_project)] == [accession_number(2)]
    # A delivery that was on its way when the purge was made.
    sink = _supabase(supabase_project.url, supabase_project.keys.service_role)
    await sink.write([CommitRecord(1, 1, AT, extraction_to_commit(accession_number(0), cik=7))])
    await sink.close()
    assert [row["filing_id"] for row in await _rows(supabase_project)] == [accession_number(2)]


@pytest.mark.parametrize(
    "asked",
    [
        {"accession_numbers": [accession_number(1)], "requested_by": "me"},
        {"accession_numbers": [accession_number(1)], "reason": "because"},
        {"requested_by": "me", "reason": "because"},
        {"accession_numbers": [accession_number(1)], "cik": 7, "requested_by": "me", "reason": "because"},
        {"accession_numbers": ["1-2-3"], "requested_by": "me", "reason": "because"},
    ],
    ids=["no reason", "nobody", "nothing", "both", "malformed"],
)
async def test_a_purge_that_is_not_said_in_full_removes_nothing(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    with StoreProcess(tmp_path) as process:
        async with process.filings as client, process.admin as admin:
            await client.commit_extraction(extraction=extraction(accession_number(1), cik=7))
            with pytest.raises(InvalidArgument):
                await admin.purge_filings(**asked)
            assert (await admin.get_sink_status()).sequence == "0.1"
