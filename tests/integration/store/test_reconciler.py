"""The comparison of both databases, for real: DuckDB, the gateway, Postgres, and hands that change it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tenkay.common.v1 import date_pb2
from tenkay.errors import FailedPrecondition, InvalidArgument, Reason, Unavailable
from tenkay.stack.ports import LOOPBACK, free_port
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay_store.domain.records import CommitKind, CommitRecord, Delivery, DeliveryState, Dispute, Purge
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.second_sink.outbox import Outbox
from tenkay_store.second_sink.reconciler import Reconciler, Reconciliation, spans
from tenkay_store.second_sink.supabase_sink import SupabaseSink
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


@dataclass(frozen=True, slots=True)
class Databases:
    """A store with its second sink, all delivered."""

    store: DuckDBStore
    outbox: Outbox
    sink: SupabaseSink
    project: SupabaseProject

    def reconciler(self, page_commits: int = 5) -> Reconciler:
        return Reconciler(
            self.store,
            self.sink,
            self.outbox,
            clock=lambda: datetime.now(UTC),
            jitter=lambda seconds: seconds,
            page_commits=page_commits,
        )

    async def by_hand(self, *statements: str) -> None:
        """Changes Postgres past the store."""
        async with connected(self.project.database_url) as connection:
            for statement in statements:
                await connection.execute(statement)

    async def are_equal(self) -> bool:
        await until_delivered(self.store)
        return await rows_of(self.project) == await expected_rows(self.store)


@pytest.fixture
async def databases(supabase_project: SupabaseProject, tmp_path: Path) -> AsyncIterator[Databases]:
    """With six filings, their analyses, and second versions of two."""
    async with _databases(supabase_project, tmp_path) as both:
        await commit_some(both.store, range(6))
        await until_delivered(both.store)
        yield both


@asynccontextmanager
async def _databases(project: SupabaseProject, folder: Path) -> AsyncIterator[Databases]:
    sink = supabase_sink(project.url, project.keys.service_role)
    async with delivering(folder, sink) as (store, outbox):
        yield Databases(store, outbox, sink, project)


async def test_equal_databases_are_told_apart_by_nothing_and_nothing_is_sent(databases: Databases) -> None:
    found = await databases.reconciler().reconcile(None, None, date.min)
    assert (found.commits, found.days_differing, found.resent) == (databases.store.head, 0, 0)
    assert found.days in (1, 2)  # midnight may pass


LOST_OR_WRONG = {
    "delete from public.filings where version = 1 and sequence < 6": (2, 0),
    "truncate public.filings, public.signals, public.missing_signals": (8, 0),
    "delete from public.analyses": (6, 0),
    "update public.filings set result_key = 'another' where sequence = 1": (0, 1),
    "update public.filings set recorded_at = recorded_at + interval '1 us' where sequence = 1": (0, 1),
}
"""What is done by hand, and how many commits are then missing, and differ."""


async def test_what_the_sink_lost_or_has_wrong_is_sent_again(databases: Databases) -> None:
    reconciler = databases.reconciler()
    for by_hand, (missing, differing) in LOST_OR_WRONG.items():
        await databases.by_hand(by_hand)
        assert not await databases.are_equal(), by_hand
        found = await reconciler.reconcile(None, None, None)
        assert (found.missing, found.differing, found.unknown) == (missing, differing, 0), by_hand
        assert found.resent == missing + differing
        assert await databases.are_equal(), by_hand
    again = await reconciler.reconcile(None, None, date.min)
    assert (again.days_differing, again.resent) == (0, 0)


ALTERED = (
    "update public.signals set value_decimal = value_decimal + 1 "
    "where value_decimal is not null and version = 1 and filing_id like '%000001'",
    "delete from public.signals where filing_id like '%000001' and signal_id = 'margin'",
    "update public.signals set position = 99 where filing_id like '%000001' and signal_id = 'margin'",
    "update public.signals set evidence = '[1]' where filing_id like '%000001' and signal_id = 'margin'",
    "delete from public.missing_signals where filing_id like '%000001'",
    "update public.filings set company_name = 'Another Inc' where filing_id like '%000001'",
    "update public.analyses set narrative = 'Strong.' where filing_id like '%000001'",
)


async def test_rows_altered_by_hand_are_found_when_contents_are_compared(databases: Databases) -> None:
    reconciler = databases.reconciler()
    for by_hand in ALTERED:
        await databases.by_hand(by_hand)
        blind = await reconciler.reconcile(None, None, None)
        assert (blind.days_differing, blind.resent) == (0, 0), by_hand
        found = await reconciler.reconcile(None, None, date.min)
        assert (found.missing, found.differing, found.resent) == (0, 1, 1), by_hand
        assert await databases.are_equal(), by_hand


async def test_a_day_too_large_to_digest_is_compared_by_its_pages(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenkay_store.second_sink.reconciler.SPAN_COMMITS_WITH_CONTENTS", 3)
    found = await databases.reconciler().reconcile(None, None, date.min)
    assert (found.commits, found.days_differing, found.resent) == (databases.store.head, 0, 0)
    await databases.by_hand(ALTERED[0])
    found = await databases.reconciler().reconcile(None, None, date.min)
    assert (found.commits, found.days_differing, found.differing) == (databases.store.head, 1, 1)
    assert await databases.are_equal()


async def test_only_the_days_asked_for_are_compared(databases: Databases) -> None:
    await databases.by_hand("truncate public.filings, public.signals, public.missing_signals")
    yesterday = datetime.now(UTC).date() - timedelta(days=2)
    found = await databases.reconciler().reconcile(None, yesterday, None)
    assert found == Reconciliation()
    found = await databases.reconciler().reconcile(yesterday, None, None)
    assert found.missing == 8


async def test_commits_that_wait_or_are_dead_are_left_to_the_outbox(databases: Databases) -> None:
    await databases.by_hand("delete from public.filings", "delete from public.analyses")
    # As they are while they are on their way, or were refused.
    await databases.store.mark({1: Delivery(DeliveryState.DEAD), 2: Delivery(DeliveryState.PENDING)})
    found = await databases.reconciler().reconcile(None, None, None)
    assert found.undelivered == 2
    assert found.missing == found.resent == databases.store.head - 2


async def test_what_only_the_sink_holds_is_reported_and_left_alone(databases: Databases) -> None:
    stray = CommitRecord(
        10_000, 1, datetime.now(UTC), extraction_to_commit(accession_number(500), company_name="Stray Inc")
    )
    await databases.sink.write([stray])
    found = await databases.reconciler().reconcile(None, None, None)
    assert (found.unknown, found.resent) == (1, 0)
    (commit,) = found.unknown_commits
    assert (commit.sequence, commit.kind, commit.accession_number) == (
        10_000,
        CommitKind.EXTRACTION,
        accession_number(500),
    )
    assert len(await rows_of(databases.project)) == databases.store.head + 1


async def test_a_purged_filing_that_came_back_in_the_sink_is_purged_there_again(
    databases: Databases,
) -> None:
    name = accession_number(1)
    async with connected(databases.project.database_url) as connection:
        row = await connection.fetchval(
            "select f::text from public.filings f where filing_id = $1 and version = 1", name
        )
    await databases.store.purge([Purge(name, "the data officer", "the filer withdrew it")])
    await until_delivered(databases.store)
    assert (await databases.reconciler().reconcile(None, None, None)).days_differing == 0
    async with connected(databases.project.database_url) as connection:
        await connection.execute("insert into public.filings select ($1::text::public.filings).*", row)
    found = await databases.reconciler().reconcile(None, None, None)
    assert (found.differing, found.resent, found.unknown) == (1, 1, 0)
    await until_delivered(databases.store)
    assert name not in {each["filing_id"] for each in await rows_of(databases.project)}
    # And the mark of the purge itself.
    await databases.by_hand("truncate public.tombstones")
    assert (await databases.reconciler().reconcile(None, None, None)).missing == 1
    await until_delivered(databases.store)
    assert (await databases.reconciler().reconcile(None, None, None)).days_differing == 0


DISPUTES_LOST_OR_WRONG = {
    "delete from public.disputes where filing_id like '%000001'": (1, 0),
    "truncate public.disputes": (3, 0),
    "update public.disputes set is_open = not is_open where filing_id like '%000001'": (0, 1),
    "update public.disputes set note = note || '.' where version = 1": (0, 2),
    "update public.disputes set reason = 'OTHER', said_by = 'nobody' where filing_id like '%000002'": (0, 1),
    "update public.disputes set recorded_at = recorded_at + interval '1 us' where version = 2": (0, 1),
}
"""What is done by hand to what was said of four values of three versions, and what is then missing, and differs."""


async def _disputes(project: SupabaseProject) -> list[tuple[object, ...]]:
    async with connected(project.database_url) as connection:
        rows = await connection.fetch("select * from public.disputes order by sequence")
    return [tuple(row.values()) for row in rows]


async def test_disputes_that_the_sink_lost_or_has_wrong_are_sent_again(databases: Databases) -> None:
    store = databases.store
    for number, version in ((1, 1), (2, 1), (3, 2)):
        wrong = Dispute(
            accession_number(number), version, "current_ratio" if version == 2 else "revenue",
            is_open=True, reason="WRONG_SCALE", said_by="an analyst", note="a | b",
        )  # fmt: skip
        await store.dispute(wrong)
        if number == 2:
            await store.dispute(
                replace(wrong, is_open=False, reason="", said_by="her head", note="it is right")
            )
    await until_delivered(store)
    before = await _disputes(databases.project)
    assert len(before) == 3
    reconciler = databases.reconciler()
    equal = await reconciler.reconcile(None, None, date.min)
    # What was said earlier of the same value is no longer there, by right.
    assert (equal.commits, equal.days_differing, equal.resent) == (store.head - 1, 0, 0)
    for by_hand, (missing, differing) in DISPUTES_LOST_OR_WRONG.items():
        await databases.by_hand(by_hand)
        found = await reconciler.reconcile(None, None, None)
        assert (found.missing, found.differing, found.unknown) == (missing, differing, 0), by_hand
        assert found.resent == missing + differing
        await until_delivered(store)
        assert await _disputes(databases.project) == before, by_hand
    assert (await reconciler.reconcile(None, None, date.min)).days_differing == 0


async def test_what_was_said_last_may_be_on_its_way(databases: Databases) -> None:
    store = databases.store
    wrong = Dispute(
        accession_number(1), 1, "revenue", is_open=True, reason="OTHER", said_by="an analyst", note="seen"
    )
    first, _ = await store.dispute(wrong)
    await until_delivered(store)
    last, _ = await store.dispute(replace(wrong, is_open=False, reason=""))
    await until_delivered(store)
    # As between its arrival and its mark, and as before it has arrived.
    await store.mark({last.sequence: Delivery(DeliveryState.PENDING)})
    found = await databases.reconciler().reconcile(None, None, None)
    assert (found.missing, found.differing, found.unknown, found.resent) == (0, 0, 0, 0)
    await databases.by_hand(f"update public.disputes set sequence = {first.sequence}, is_open = true")  # noqa: S608 - numbers
    found = await databases.reconciler().reconcile(None, None, None)
    assert (found.missing, found.differing, found.unknown, found.resent) == (0, 0, 0, 0)


async def test_disputes_of_a_purged_filing_that_came_back_are_purged_again(databases: Databases) -> None:
    name = accession_number(1)
    await databases.store.dispute(
        Dispute(name, 1, "revenue", is_open=True, reason="OTHER", said_by="an analyst", note="seen")
    )
    await until_delivered(databases.store)
    (row,) = await _disputes(databases.project)
    await databases.store.purge([Purge(name, "the data officer", "the filer withdrew it")])
    await until_delivered(databases.store)
    assert (await databases.reconciler().reconcile(None, None, None)).days_differing == 0
    async with connected(databases.project.database_url) as connection:
        await connection.execute(
            "insert into public.disputes values ($1, $2, $3, $4, $5, $6, $7, $8, $9)", *row
        )
    found = await databases.reconciler().reconcile(None, None, None)
    assert (found.differing, found.resent, found.unknown) == (1, 1, 0)
    await until_delivered(databases.store)
    assert await _disputes(databases.project) == []


async def test_more_commits_than_a_page_holds_are_compared_page_by_page(databases: Databases) -> None:
    for page in (1, 3, 14):
        await databases.by_hand(
            "delete from public.filings where sequence % 3 = 0", "delete from public.analyses"
        )
        found = await databases.reconciler(page).reconcile(None, None, None)
        assert found.missing == found.resent > 6
        assert await databases.are_equal()


@pytest.mark.parametrize(
    ("commits", "contents_from", "expected"),
    [
        ({}, None, [(1, 400)]),
        ({}, 300, [(1, 299), (300, 400)]),
        ({10: 1, 20: 99_999}, None, [(1, 9), (10, 400)]),
        ({10: 1, 20: 100_000, 21: 1}, None, [(1, 9), (10, 19), (20, 20), (21, 400)]),
        ({10: 500_000, 11: 1}, None, [(1, 9), (10, 10), (11, 400)]),
        ({10: 2000, 11: 2000, 12: 1000}, 11, [(1, 9), (10, 10), (11, 400)]),
        ({10: 2000, 11: 2000, 12: 1001}, 11, [(1, 9), (10, 10), (11, 11), (12, 400)]),
        ({10: 1}, 500, [(1, 9), (10, 400)]),
    ],
)
def test_spans_cover_each_day_once_and_hold_so_many_commits(
    commits: dict[int, int], contents_from: int | None, expected: list[tuple[int, int]]
) -> None:
    def day(number: int) -> date:
        return date(2026, 1, 1) + timedelta(days=number - 1)

    held = {day(number): count for number, count in commits.items()}
    found = spans(day(1), day(400), held, None if contents_from is None else day(contents_from))
    assert found == [(day(first), day(last)) for first, last in expected]


def _environment(url: str, key: str) -> dict[str, str]:
    return {"TENKAY_STORE_SUPABASE_URL": url, "TENKAY_STORE_SUPABASE_KEY": key}


async def test_an_operator_has_both_databases_compared_and_repaired(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    environment = _environment(supabase_project.url, supabase_project.keys.service_role)
    environment["TENKAY_STORE_RECONCILE_EVERY_SECONDS"] = "3600"
    with StoreProcess(tmp_path, environment) as process:
        async with process.filings as client, process.admin as admin:
            for number in range(3):
                await client.commit_extraction(
                    extraction=extraction(accession_number(number)),
                    wait_for=store_pb2.WAIT_FOR_ALL,
                    timeout=20,
                )
            await sink_status(admin, pending=0, dead=0)
            async with connected(supabase_project.database_url) as connection:
                await connection.execute("delete from public.filings where sequence = 2")
            found = await admin.reconcile()
            assert (found.commit_count, found.missing_count, found.resent_count) == (3, 1, 1)
            assert found.differing_day_count == 1
            await sink_status(admin, pending=0, dead=0)
            assert (await admin.reconcile(check_contents=True)).differing_day_count == 0
            with pytest.raises(InvalidArgument):
                await admin.reconcile(
                    first_day=date_pb2.Date(year=2026, month=2, day=1),
                    last_day=date_pb2.Date(year=2026, month=1, day=1),
                )
            with pytest.raises(InvalidArgument):
                await admin.reconcile(first_day=date_pb2.Date(year=2026, month=2, day=30))
    assert len(await rows_of(supabase_project)) == 3


async def test_the_store_compares_by_itself(supabase_project: SupabaseProject, tmp_path: Path) -> None:
    environment = _environment(supabase_project.url, supabase_project.keys.service_role)
    environment["TENKAY_STORE_RECONCILE_EVERY_SECONDS"] = "1"
    with StoreProcess(tmp_path, environment) as process:
        async with process.filings as client, process.admin as admin:
            await client.commit_extraction(
                extraction=extraction(accession_number(1)), wait_for=store_pb2.WAIT_FOR_ALL, timeout=20
            )
            await sink_status(admin, pending=0, dead=0)
        async with connected(supabase_project.database_url) as connection:
            await connection.execute("delete from public.filings")
        async with asyncio.timeout(20):
            while not await rows_of(supabase_project):  # noqa: ASYNC110 - another process is waited for
                await asyncio.sleep(0.05)


async def test_without_a_sink_or_an_answer_of_it_the_operator_is_told(tmp_path: Path) -> None:
    with StoreProcess(tmp_path) as process:
        async with process.admin as admin:
            with pytest.raises(FailedPrecondition) as refused:
                await admin.reconcile()
            assert refused.value.reason is Reason.SINK_DISABLED
    with StoreProcess(tmp_path, _environment(f"http://{LOOPBACK}:{free_port()}", "key")) as process:
        async with process.admin as admin:
            with pytest.raises(Unavailable) as failed:
                await admin.reconcile(timeout=20)
            assert failed.value.reason is Reason.DEPENDENCY_UNAVAILABLE
            assert "does not answer" in failed.value.message
