"""A Supabase project is one store's: another one is refused there, and told what to do."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from tenkay.errors import FailedPrecondition, Reason
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay_store.domain.records import Dispute, Purge
from tenkay_store.domain.sink import Remedy, SinkNotOurs, SupabaseOptions
from tenkay_store.second_sink.supabase_commits import SupabaseCommits
from tenkay_store.second_sink.supabase_sink import connect
from tests.integration.store.second_sink import (
    commit_some,
    delivering,
    expected_rows,
    rows_of,
    supabase_sink,
    until_delivered,
)
from tests.integration.store.store_process import StoreProcess
from tests.stack_fixtures import SupabaseProject, connected
from tests.unit.store.backups import restored
from tests.unit.store.filings import accession_number, extraction, extraction_to_commit

pytestmark = pytest.mark.xdist_group("postgres")

NAMES = "select store_id::text from tenkay_internal.owner"


async def _owner(project: SupabaseProject) -> str | None:
    async with connected(project.database_url) as connection:
        found: str | None = await connection.fetchval(NAMES)
    return found


async def _forget_owner(project: SupabaseProject) -> None:
    """As a project is that was written to before there were identities."""
    async with connected(project.database_url) as connection:
        await connection.execute("truncate tenkay_internal.owner")


async def _until_stopped() -> None:
    async with asyncio.timeout(20):
        while REGISTRY.get_sample_value("tenkay_store_sink_stopped") != 1:  # noqa: ASYNC110 - no event is set
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("commits", [1, 6, 20], ids=["fewer", "as many", "more"])
@pytest.mark.parametrize("owner_known", [True, False], ids=["owner known", "from before identities"])
async def test_a_fresh_store_on_a_used_project_is_refused_and_nothing_is_said_to_be_durable(
    supabase_project: SupabaseProject, tmp_path: Path, commits: int, owner_known: bool
) -> None:
    key = supabase_project.keys.service_role
    async with delivering(tmp_path / "first", supabase_sink(supabase_project.url, key)) as (first, _):
        for number in range(6):
            await first.commit(extraction_to_commit(accession_number(number)))
        await until_delivered(first)
        before = await rows_of(supabase_project)
    if not owner_known:
        await _forget_owner(supabase_project)
    async with delivering(tmp_path / "second", supabase_sink(supabase_project.url, key)) as (second, outbox):
        # The same filings: its sequences and versions are there already.
        for number in range(commits):
            await second.commit(extraction_to_commit(accession_number(number)))
        await _until_stopped()
        assert "another store" in outbox.last_error
        assert "restore" in outbox.last_error
        assert "an empty project" in outbox.last_error
        assert first.store_id in outbox.last_error or not owner_known
        backlog = await second.backlog()
        assert (backlog.pending, backlog.dead) == (commits, 0)
    assert await rows_of(supabase_project) == before
    assert await _owner(supabase_project) == (first.store_id if owner_known else None)


async def test_the_store_that_a_project_of_before_identities_is_of_goes_on(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    key = supabase_project.keys.service_role
    async with delivering(tmp_path, supabase_sink(supabase_project.url, key)) as (store, _):
        await commit_some(store, range(4))
        await until_delivered(store)
    await _forget_owner(supabase_project)
    async with delivering(tmp_path, supabase_sink(supabase_project.url, key)) as (store, _):
        await commit_some(store, range(4, 6))
        await until_delivered(store)
        assert await _owner(supabase_project) == store.store_id
        assert await rows_of(supabase_project) == await expected_rows(store)


async def test_it_goes_on_too_when_its_newest_commit_there_was_purged_or_disputed_since(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    key = supabase_project.keys.service_role
    name = accession_number(1)
    for end in ("disputed", "purged"):
        async with delivering(tmp_path, supabase_sink(supabase_project.url, key)) as (store, _):
            await store.commit(extraction_to_commit(name))
            if end == "disputed":
                said = Dispute(
                    name, None, "current_ratio", is_open=True, reason="OTHER", said_by="me", note="seen"
                )
                await store.dispute(said)
                await until_delivered(store)
                newer = replace(said, is_open=False, reason="")
        await _forget_owner(supabase_project)
        async with delivering(tmp_path, supabase_sink(supabase_project.url, key), running=False) as (
            store,
            _,
        ):
            if end == "disputed":
                await store.dispute(newer)
            else:
                await store.purge([Purge(name, "me", "withdrawn")])
        async with delivering(tmp_path, supabase_sink(supabase_project.url, key)) as (store, _):
            await until_delivered(store)
            assert await _owner(supabase_project) == store.store_id


async def test_an_old_copy_of_a_stores_own_file_is_refused_too(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    key = supabase_project.keys.service_role
    async with delivering(tmp_path / "data", supabase_sink(supabase_project.url, key)) as (store, _):
        await store.commit(extraction_to_commit(accession_number(1)))
        await until_delivered(store)
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    async with delivering(tmp_path / "data", supabase_sink(supabase_project.url, key)) as (store, _):
        for number in (2, 3):
            await store.commit(extraction_to_commit(accession_number(number)))
        await until_delivered(store)
        before = await rows_of(supabase_project)
    async with delivering(tmp_path / "copy", supabase_sink(supabase_project.url, key)) as (copy, outbox):
        for number in (7, 8, 9):
            await copy.commit(extraction_to_commit(accession_number(number)))
        await _until_stopped()
        assert "an older copy" in outbox.last_error
        assert (await copy.backlog()).pending == 3
    assert await rows_of(supabase_project) == before


async def test_a_project_that_is_emptied_under_a_running_store_is_taken_again(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    key = supabase_project.keys.service_role
    async with delivering(tmp_path, supabase_sink(supabase_project.url, key)) as (store, _):
        await store.commit(extraction_to_commit(accession_number(1)))
        await until_delivered(store)
        async with connected(supabase_project.database_url) as connection:
            await connection.execute("truncate tenkay_internal.owner, public.filings, public.signals")
        await store.commit(extraction_to_commit(accession_number(2)))
        await until_delivered(store)
        assert await _owner(supabase_project) == store.store_id
        # And one that gets another owner is left alone.
        async with connected(supabase_project.database_url) as connection:
            await connection.execute("update tenkay_internal.owner set store_id = gen_random_uuid()")
        await store.commit(extraction_to_commit(accession_number(3)))
        await _until_stopped()
        assert (await store.backlog()).pending == 1


async def test_the_database_itself_refuses_the_batches_of_another_store(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    key = supabase_project.keys.service_role
    sink, stranger = (supabase_sink(supabase_project.url, key) for _ in range(2))
    async with delivering(tmp_path, sink) as (store, _):
        await store.commit(extraction_to_commit(accession_number(1)))
        await until_delivered(store)
        (record,) = await store.commit_records([1])
    try:
        with pytest.raises(SinkNotOurs) as refused:
            await stranger.write([record])
        assert refused.value.remedy is Remedy.STOP
        claimed = await stranger.claim("7" * 32, used=True)
        assert claimed.store_id == store.store_id
        with pytest.raises(SinkNotOurs):
            await stranger.write([record])
    finally:
        await stranger.close()


async def test_an_operator_is_told_and_the_restored_store_goes_on(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    told = {
        "TENKAY_STORE_SUPABASE_URL": supabase_project.url,
        "TENKAY_STORE_SUPABASE_KEY": supabase_project.keys.service_role,
    }
    lost, fresh = tmp_path / "lost", tmp_path / "fresh"
    for folder in (lost, fresh):
        folder.mkdir()
    with StoreProcess(lost, told) as process:
        async with process.filings as client:
            for number in range(3):
                await client.commit_extraction(
                    extraction=extraction(accession_number(number)),
                    wait_for=store_pb2.WAIT_FOR_ALL,
                    timeout=20,
                )
    with StoreProcess(fresh, told | {"TENKAY_STORE_WAIT_FOR_ALL_SECONDS": "1"}) as process:
        async with process.filings as client, process.admin as admin:
            answer = await client.commit_extraction(
                extraction=extraction(accession_number(1)), wait_for=store_pb2.WAIT_FOR_ALL, timeout=20
            )
            assert answer.outcome.sinks[1].state == store_pb2.SINK_STATE_PENDING
            assert "another store" in (await admin.get_sink_status()).sinks[1].last_error
            with pytest.raises(FailedPrecondition, match="another store") as refused:
                await admin.reconcile(timeout=20)
            assert refused.value.reason is Reason.SINK_UNUSABLE
    # From Supabase alone, with what the command does.
    http, client_of_supabase = connect(
        SupabaseOptions(supabase_project.url, supabase_project.keys.service_role, 4, 5, 30)
    )
    try:
        report = await restored(
            lost, lambda: datetime.now(UTC), second_sink=SupabaseCommits(client_of_supabase)
        )
    finally:
        await http.aclose()
    assert report.from_second_sink == 3
    sink = supabase_sink(supabase_project.url, supabase_project.keys.service_role)
    async with delivering(lost / "restored", sink) as (store, outbox):
        await store.commit(extraction_to_commit(accession_number(7)))
        await until_delivered(store)
        assert outbox.last_error == ""
        assert await _owner(supabase_project) == store.store_id
        assert len(await rows_of(supabase_project)) == 4
        assert (await sink.day_digests(date.min, date.max, with_contents=True)) != {}
