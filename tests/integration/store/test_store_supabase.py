"""The second sink for real: supabase-py, the gateway, Postgres with its migrations."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tenkay.errors import InvalidArgument
from tenkay.stack.keys import api_key
from tenkay.stack.launch import running
from tenkay.stack.ports import LOOPBACK, free_port
from tenkay.stack.rest_gateway.process import DATABASE_ROLE, rest_gateway
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay_store.domain.records import CommitRecord, DeliveryState
from tenkay_store.domain.sink import Remedy, SinkFailure
from tenkay_store.wire.commit_messages import extraction_record
from tests.integration.store.second_sink import (
    commit_some,
    delivering,
    expected_rows,
    rows_of,
    sink_status,
    supabase_sink,
    until_delivered,
)
from tests.integration.store.store_process import StoreProcess
from tests.stack_fixtures import SupabaseProject, connected
from tests.unit.store.filings import accession_number, extraction, extraction_to_commit

pytestmark = pytest.mark.xdist_group("postgres")

GATEWAY_BODY_BYTES = 8 * 1024 * 1024
"""Most that the gateway takes in one request."""
AT = datetime(2026, 1, 2, tzinfo=UTC)


async def test_both_databases_hold_the_same_rows(supabase_project: SupabaseProject, tmp_path: Path) -> None:
    sink = supabase_sink(supabase_project.url, supabase_project.keys.service_role)
    async with delivering(tmp_path, sink) as (store, outbox):
        await commit_some(store, range(12))
        outcome = await outbox.outcome(store.head, 10, just_committed=False)
        assert outcome.state is DeliveryState.DURABLE
        await until_delivered(store)
        assert await rows_of(supabase_project) == await expected_rows(store)


async def test_a_sink_that_comes_back_gets_all_that_waited(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    port = free_port()
    sink = supabase_sink(f"http://{LOOPBACK}:{port}", supabase_project.keys.service_role)
    async with delivering(tmp_path, sink) as (store, outbox):
        await commit_some(store, range(10))
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
            await until_delivered(store)
            assert await rows_of(supabase_project) == await expected_rows(store)
            assert outbox.last_error == ""
        finally:
            await asyncio.to_thread(starting.__exit__, None, None, None)


async def test_a_row_postgres_refuses_is_set_aside_and_the_others_arrive(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    sink = supabase_sink(supabase_project.url, supabase_project.keys.service_role)
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
        await until_delivered(store)
        backlog = await store.backlog()
        assert (backlog.pending, backlog.dead) == (0, 1)
        expected = [each for each in await expected_rows(store) if each["sequence"] != 10]
        assert await rows_of(supabase_project) == expected


async def test_a_commit_the_gateway_cannot_take_is_set_aside_and_the_others_arrive(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    sink = supabase_sink(supabase_project.url, supabase_project.keys.service_role)
    async with delivering(tmp_path, sink) as (store, outbox):
        # Past the store's door, which takes no message of this size.
        huge = extraction(accession_number(60))
        huge.signals[0].notes.append("x" * GATEWAY_BODY_BYTES)
        for message in (extraction(accession_number(1)), huge, extraction(accession_number(2))):
            await store.commit(extraction_record(message))
        outcome = await outbox.outcome(2, 20, just_committed=False)
        assert outcome.state is DeliveryState.DEAD
        assert "PGRST102" in outcome.last_error
        await until_delivered(store)
        backlog = await store.backlog()
        assert (backlog.pending, backlog.dead) == (0, 1)
        assert [row["sequence"] for row in await rows_of(supabase_project)] == [1, 3]


async def test_an_expired_key_stops_the_sink_until_there_is_a_good_one(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    expired = api_key(supabase_project.keys.jwt_secret, "service_role", lifetime_seconds=-60)
    async with delivering(tmp_path, supabase_sink(supabase_project.url, expired)) as (store, outbox):
        await commit_some(store, range(5))
        waiting = await outbox.outcome(1, 1, just_committed=True)
        assert waiting.state is DeliveryState.PENDING
        assert "PGRST303" in outbox.last_error
        backlog = await store.backlog()
        assert (backlog.pending, backlog.dead) == (store.head, 0)
        assert await rows_of(supabase_project) == []
    good = supabase_sink(supabase_project.url, supabase_project.keys.service_role)
    async with delivering(tmp_path, good) as (store, outbox):
        await until_delivered(store)
        assert (await store.backlog()).dead == 0
        assert await rows_of(supabase_project) == await expected_rows(store)


async def test_a_filing_that_changes_its_company_changes_it_in_both_databases(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    sink = supabase_sink(supabase_project.url, supabase_project.keys.service_role)
    async with delivering(tmp_path, sink) as (store, outbox):
        for cik in (1999000201, 1999000202):
            await store.commit(extraction_to_commit(accession_number(1), cik=cik))
        # The former company's change in the feed is no commit: nothing waits for it.
        assert (await outbox.outcome(3, 10, just_committed=False)).state is DeliveryState.DURABLE
        await until_delivered(store)
        rows = await rows_of(supabase_project)
        assert [(row["sequence"], row["extraction"]["cik"]) for row in rows] == [
            (1, 1999000201),
            (3, 1999000202),
        ]
        assert rows == await expected_rows(store)


async def test_a_batch_sent_again_and_late_changes_nothing(supabase_project: SupabaseProject) -> None:
    sink = supabase_sink(supabase_project.url, supabase_project.keys.service_role)
    first = CommitRecord(1, 1, AT, extraction_to_commit(accession_number(1)))
    again = replace(first, sequence=9, body=extraction_to_commit(accession_number(1), code_version="9"))
    try:
        await sink.write([first])
        await sink.write([first])
        rows = await rows_of(supabase_project)
        assert [row["sequence"] for row in rows] == [1]
        # The same version from a later commit (a store that was restored) wins, and an earlier one then loses.
        await sink.write([again])
        await sink.write([first])
        assert [row["sequence"] for row in await rows_of(supabase_project)] == [9]
    finally:
        await sink.close()


@pytest.mark.parametrize("role", ["anon", "authenticated", "none"])
async def test_a_key_without_the_right_stops_the_sink(supabase_project: SupabaseProject, role: str) -> None:
    key = "not-a-key" if role == "none" else getattr(supabase_project.keys, role)
    sink = supabase_sink(supabase_project.url, key)
    with pytest.raises(SinkFailure) as refused:
        await sink.write([CommitRecord(1, 1, AT, extraction_to_commit(accession_number(1)))])
    await sink.close()
    assert refused.value.remedy is Remedy.STOP
    assert await rows_of(supabase_project) == []


async def test_a_missing_function_stops_the_sink_instead_of_killing_the_outbox(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    sink = supabase_sink(supabase_project.url, supabase_project.keys.service_role)
    async with connected(supabase_project.database_url) as connection:
        await connection.execute("alter function public.ingest_filing_batch rename to away")
        try:
            with pytest.raises(SinkFailure) as refused:
                await sink.write([CommitRecord(1, 1, AT, extraction_to_commit(accession_number(1)))])
        finally:
            await connection.execute("alter function public.away rename to ingest_filing_batch")
    await sink.close()
    assert refused.value.remedy is Remedy.STOP


# Through a store process.


def _environment(url: str, key: str) -> dict[str, str]:
    return {
        "TENKAY_STORE_SUPABASE_URL": url,
        "TENKAY_STORE_SUPABASE_KEY": key,
        "TENKAY_STORE_SUPABASE_BREAKER_SECONDS": "0.3",
        "TENKAY_STORE_SUPABASE_RETRY_SECONDS": "0.05",
    }


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
    assert await rows_of(supabase_project) == []
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
            status = await sink_status(admin, pending=0, dead=0)
            assert (status.enabled, status.last_error) == (True, "")
    rows = await rows_of(supabase_project)
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
                    await sink_status(admin, pending=0, dead=2)
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
                    shown = await admin.get_dead_letter(sequence=letters[0].sequence)
                    assert shown.dead_letter == letters[0]
                    assert shown.payload_bytes == len(shown.payload.encode())
                    sent = json.loads(shown.payload)
                    assert (sent["sequence"], sent["extraction"]["company_name"]) == (2, "Refused Inc")
                    assert len(sent["extraction"]["signals"]) == 3
                    with pytest.raises(InvalidArgument):
                        await admin.get_dead_letter(sequence=outcomes[0].sequence)
                    await connection.execute("alter table public.filings drop constraint refused")
                    assert (await admin.replay_dead_letters(sequences=[letters[0].sequence])).replayed == 1
                    assert (await admin.replay_dead_letters(all=True)).replayed == 1
                    await sink_status(admin, pending=0, dead=0)
                    assert not (await admin.list_dead_letters()).dead_letters
        finally:
            await connection.execute("alter table public.filings drop constraint if exists refused")
    assert [row["sequence"] for row in await rows_of(supabase_project)] == [1, 2, 3]


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
            await sink_status(admin, pending=0, dead=0)
    assert [row["filing_id"] for row in await rows_of(supabase_project)] == [accession_number(2)]
    # A delivery that was on its way when the purge was made.
    sink = supabase_sink(supabase_project.url, supabase_project.keys.service_role)
    async with connected(supabase_project.database_url) as connection:
        owner = await connection.fetchval("select store_id from tenkay_internal.owner")
    await sink.claim(owner, used=False)
    await sink.write([CommitRecord(1, 1, AT, extraction_to_commit(accession_number(0), cik=7))])
    await sink.close()
    assert [row["filing_id"] for row in await rows_of(supabase_project)] == [accession_number(2)]


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
