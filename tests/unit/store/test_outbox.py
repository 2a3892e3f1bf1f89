"""Delivery to the second sink: order, bounds, failures, restarts. The sink's own side is tested with real Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tenkay_store.domain.records import CommitRecord, Committed, Delivery, DeliveryState
from tenkay_store.domain.sink import BreakerLimits, Remedy, SinkFailure
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.second_sink.breaker import SinkBreaker
from tenkay_store.second_sink.outbox import Outbox, OutboxLimits
from tenkay_store.wire.commit_messages import extraction_record
from tests.unit.store.conftest import Clock, options
from tests.unit.store.filings import accession_number, analysis_to_commit, extraction, extraction_to_commit

LIMITS = OutboxLimits(
    batch_commits=10,
    batch_bytes=1024 * 1024,
    batches_in_flight=4,
    memory_commits=100,
    memory_bytes=1024 * 1024,
    retry_seconds=0.01,
    retry_most_seconds=0.05,
    breaker_seconds=0.1,
    stopped_seconds=0.1,
)


class ScriptedSink:
    """Takes batches as the SQL function does, or fails them as it is told."""

    name = "supabase"

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.taken: dict[int, CommitRecord] = {}
        self.order: list[int] = []
        self.fail: Callable[[Sequence[CommitRecord]], Remedy | None] = lambda _batch: None
        self.in_flight = 0
        self.most_in_flight = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def payload_of(self, record: CommitRecord) -> bytes:
        return f"commit {record.sequence}".encode()

    async def write(self, batch: Sequence[CommitRecord]) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.batches.append([record.sequence for record in batch])
        try:
            await self.gate.wait()
            await asyncio.sleep(0.002)
            remedy = self.fail(batch)
            if remedy is not None:
                raise SinkFailure(remedy, f"scripted: {remedy}")
            for record in batch:
                self.taken[record.sequence] = record
                self.order.append(record.sequence)
        finally:
            self.in_flight -= 1


@asynccontextmanager
async def delivering(
    directory: Path, sink: ScriptedSink, limits: OutboxLimits = LIMITS, *, running: bool = True
) -> AsyncIterator[tuple[DuckDBStore, Outbox]]:
    """A store with an outbox at work."""
    clock = Clock()
    store = DuckDBStore.open(options(directory, sink="supabase"), clock)
    breaker = SinkBreaker(sink.name, BreakerLimits(3, LIMITS.breaker_seconds))
    outbox = Outbox(store, sink, breaker, limits, clock=clock, jitter=lambda seconds: seconds)
    work = asyncio.create_task(outbox.run()) if running else None
    try:
        yield store, outbox
    finally:
        if work is not None:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        await store.close()


async def _commit(store: DuckDBStore, numbers: Sequence[int]) -> list[Committed]:
    return list(
        await asyncio.gather(*(store.commit(extraction_to_commit(accession_number(n))) for n in numbers))
    )


async def _settled(store: DuckDBStore, sequences: Sequence[int]) -> dict[int, Delivery]:
    """The outbox rows of commits once none is pending."""
    async with asyncio.timeout(20):
        while True:
            rows = {each: await store.delivery(each) for each in sequences}
            if all(row is not None and row.state is not DeliveryState.PENDING for row in rows.values()):
                return {each: row for each, row in rows.items() if row is not None}
            await asyncio.sleep(0.01)


async def test_a_commit_is_delivered_at_once_and_marked(tmp_path: Path) -> None:
    sink = ScriptedSink()
    async with delivering(tmp_path, sink) as (store, outbox):
        (committed,) = await _commit(store, [1])
        delivery = await outbox.outcome(committed.sequence, 5, just_committed=True)
        assert delivery.state is DeliveryState.DURABLE
        assert delivery.durable_at is not None
        row = (await _settled(store, [1]))[1]
        assert (row.state, row.attempts, row.durable_at) == (DeliveryState.DURABLE, 1, delivery.durable_at)
        # The same commit again is told what became of it, from the table.
        assert (await outbox.outcome(1, 0, just_committed=False)).durable_at == delivery.durable_at
    assert sink.batches == [[1]]
    assert sink.taken[1].body == extraction_to_commit(accession_number(1))


async def test_commits_are_sent_in_batches_that_overlap_within_bounds(tmp_path: Path) -> None:
    sink = ScriptedSink()
    async with delivering(tmp_path, sink) as (store, _):
        await _commit(store, range(95))
        await _settled(store, range(1, 96))
    assert sorted(sink.order) == list(range(1, 96))
    assert max(len(batch) for batch in sink.batches) == 10
    assert 2 <= sink.most_in_flight <= 4


async def test_a_batch_is_bounded_in_bytes_and_a_larger_commit_goes_alone(tmp_path: Path) -> None:
    sink = ScriptedSink()
    size = extraction_to_commit(accession_number(1)).size_bytes
    async with delivering(tmp_path, sink, replace(LIMITS, batch_bytes=3 * size)) as (store, _):
        await _commit(store, range(12))
        await _settled(store, range(1, 13))
    assert max(len(batch) for batch in sink.batches) == 3
    sink = ScriptedSink()
    async with delivering(tmp_path / "small", sink, replace(LIMITS, batch_bytes=1)) as (store, _):
        await _commit(store, range(3))
        await _settled(store, range(1, 4))
    assert [len(batch) for batch in sink.batches] == [1, 1, 1]


async def test_commits_of_one_filing_arrive_in_their_order(tmp_path: Path) -> None:
    sink = ScriptedSink()
    failures = iter([Remedy.RETRY, None, Remedy.RETRY] + [None] * 1000)
    sink.fail = lambda _batch: next(failures)
    async with delivering(tmp_path, sink) as (store, _):
        message = extraction(accession_number(1))
        await store.commit(extraction_record(message))
        for version in range(5):
            await store.commit(analysis_to_commit(message, rules_version=str(version)))
            await store.commit(extraction_to_commit(accession_number(1), code_version=f"v{version}"))
        await _settled(store, range(1, 12))
    assert sink.order == sorted(sink.order) == list(range(1, 12))


async def test_a_sink_that_is_away_gets_everything_once_it_is_back(tmp_path: Path) -> None:
    sink = ScriptedSink()
    sink.fail = lambda _batch: Remedy.RETRY
    async with delivering(tmp_path, sink) as (store, outbox):
        await _commit(store, range(30))
        pending = await outbox.outcome(1, 0.1, just_committed=True)
        assert pending.state is DeliveryState.PENDING
        assert "scripted" in pending.last_error
        row = await store.delivery(1)
        await asyncio.sleep(0.3)
        row = await store.delivery(1)
        assert row is not None
        assert row.attempts >= 1
        assert row.next_try_at is not None
        assert row.last_error == "scripted: retry"
        assert (await store.backlog()).pending == 30
        attempts_while_open = len(sink.batches)
        sink.fail = lambda _batch: None
        await _settled(store, range(1, 31))
        assert outbox.last_error == ""
    # Five a second or so, not a storm: the breaker let one through now and then.
    assert attempts_while_open < 20
    assert sorted(sink.taken) == list(range(1, 31))


async def test_a_poison_commit_is_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    sink = ScriptedSink()
    poison = {4, 17}
    sink.fail = lambda batch: Remedy.DEAD if poison & {record.sequence for record in batch} else None
    async with delivering(tmp_path, sink) as (store, outbox):
        await _commit(store, range(25))
        rows = await _settled(store, range(1, 26))
        assert {sequence for sequence, row in rows.items() if row.state is DeliveryState.DEAD} == poison
        assert rows[4].last_error == "scripted: dead"
        assert (await outbox.outcome(4, 0, just_committed=False)).state is DeliveryState.DEAD
        backlog = await store.backlog()
        assert (backlog.pending, backlog.dead, backlog.oldest_pending) == (0, 2, None)
    assert sorted(sink.taken) == [n for n in range(1, 26) if n not in poison]


async def test_a_poison_commit_does_not_hold_up_its_own_filing(tmp_path: Path) -> None:
    sink = ScriptedSink()
    sink.fail = lambda batch: Remedy.DEAD if 2 in {record.sequence for record in batch} else None
    async with delivering(tmp_path, sink) as (store, _):
        sink.gate.clear()
        for version in range(4):
            await store.commit(extraction_to_commit(accession_number(1), code_version=str(version)))
        sink.gate.set()
        rows = await _settled(store, range(1, 5))
    assert [rows[n].state.value for n in range(1, 5)] == ["DURABLE", "DEAD", "DURABLE", "DURABLE"]


async def test_a_refused_key_stops_the_sink_without_losing_or_killing_anything(tmp_path: Path) -> None:
    sink = ScriptedSink()
    sink.fail = lambda _batch: Remedy.STOP
    async with delivering(tmp_path, sink) as (store, outbox):
        await _commit(store, range(40))
        await asyncio.sleep(0.25)
        assert len(sink.batches) <= 6
        backlog = await store.backlog()
        assert (backlog.pending, backlog.dead) == (40, 0)
        assert outbox.last_error == "scripted: stop"
        sink.fail = lambda _batch: None
        await _settled(store, range(1, 41))


async def test_what_does_not_fit_in_memory_is_read_back_in_order(tmp_path: Path) -> None:
    sink = ScriptedSink()
    sink.gate.clear()
    limits = replace(LIMITS, memory_commits=8, memory_bytes=3000)
    async with delivering(tmp_path, sink, limits) as (store, outbox):
        for first in range(0, 60, 20):
            await _commit(store, range(first, first + 20))
        assert outbox._known <= 8
        assert outbox._held_bytes <= 3000
        sink.gate.set()
        await _settled(store, range(1, 61))
        assert (outbox._known, outbox._held_bytes) == (0, 0)
        await _commit(store, [100])
        assert (await outbox.outcome(61, 5, just_committed=True)).state is DeliveryState.DURABLE
    assert sorted(sink.order) == list(range(1, 62))
    bodies = {record.body for record in sink.taken.values()}
    assert len(bodies) == 61


async def test_what_was_not_delivered_is_replayed_after_a_restart(tmp_path: Path) -> None:
    away = ScriptedSink()
    async with delivering(tmp_path, away, running=False) as (store, _):
        message = extraction(accession_number(1))
        await store.commit(extraction_record(message))
        await store.commit(analysis_to_commit(message))
        await _commit(store, range(2, 30))
    back = ScriptedSink()
    async with delivering(tmp_path, back) as (store, outbox):
        assert (await outbox.outcome(2, 5, just_committed=False)).state is DeliveryState.DURABLE
        await _settled(store, range(1, 31))
    assert sorted(back.taken) == list(range(1, 31))
    assert back.taken[2].body == replace(analysis_to_commit(message), size_bytes=0)


async def test_outcomes_known_when_the_work_ends_are_marked(tmp_path: Path) -> None:
    sink = ScriptedSink()
    async with delivering(tmp_path, sink) as (store, outbox):
        await _commit(store, [1])
        await outbox.outcome(1, 5, just_committed=True)
    store = DuckDBStore.open(options(tmp_path, sink="supabase"), Clock())
    row = await store.delivery(1)
    assert row is not None
    assert row.state is DeliveryState.DURABLE
    await store.close()


@pytest.mark.parametrize("just_committed", [True, False])
async def test_waiting_ends_with_pending_when_the_time_is_up(tmp_path: Path, just_committed: bool) -> None:
    sink = ScriptedSink()
    sink.gate.clear()
    async with delivering(tmp_path, sink) as (store, outbox):
        await _commit(store, [1])
        outcome = await outbox.outcome(1, 0.05, just_committed=just_committed)
        assert outcome.state is DeliveryState.PENDING
        assert outbox._waiters == {}
        sink.gate.set()
        assert (await outbox.outcome(1, 5, just_committed=just_committed)).state is DeliveryState.DURABLE


async def test_what_was_dead_is_sent_again_when_it_is_asked_for(tmp_path: Path) -> None:
    sink = ScriptedSink()
    sink.fail = lambda batch: Remedy.DEAD if {record.sequence for record in batch} & {3, 7} else None
    async with delivering(tmp_path, sink) as (store, outbox):
        await _commit(store, range(1, 11))
        await _settled(store, range(1, 11))
        assert [(each.sequence, each.last_error) for each in await store.dead_letters(0, 10)] == [
            (3, "scripted: dead"),
            (7, "scripted: dead"),
        ]
        assert await outbox.replay([1, 3]) == 1  # 1 is not dead
        assert (await _settled(store, [3]))[3].state is DeliveryState.DEAD  # nothing was mended
        sink.fail = lambda _batch: None
        assert await outbox.replay([3, 7]) == 2
        rows = await _settled(store, [3, 7])
        assert {row.state for row in rows.values()} == {DeliveryState.DURABLE}
        assert set(sink.taken) == set(range(1, 11))
        assert sink.order.count(3) == sink.order.count(7) == 1


async def test_a_restart_and_a_full_memory_do_not_lose_what_is_replayed(tmp_path: Path) -> None:
    sink = ScriptedSink()
    sink.fail = lambda batch: Remedy.DEAD if {record.sequence for record in batch} & {2, 5} else None
    async with delivering(tmp_path, sink) as (store, _):
        await _commit(store, range(1, 9))
        await _settled(store, range(1, 9))
    sink.fail = lambda _batch: None
    sink.gate.clear()
    async with delivering(tmp_path, sink, replace(LIMITS, memory_commits=4)) as (store, outbox):
        await _commit(store, range(20, 40))
        assert await outbox.replay([2, 5]) == 2
        sink.gate.set()
        await _settled(store, [2, 5, *range(9, 29)])
    assert set(sink.taken) == set(range(1, 29))


async def test_the_commits_of_a_filing_keep_their_order_when_one_is_replayed(tmp_path: Path) -> None:
    sink = ScriptedSink()
    sink.fail = lambda batch: Remedy.DEAD if 1 in {record.sequence for record in batch} else None
    async with delivering(tmp_path, sink) as (store, outbox):
        await _commit(store, [1])
        await _settled(store, [1])
        sink.fail = lambda _batch: None
        sink.gate.clear()
        for version in ("2", "3"):
            await store.commit(extraction_to_commit(accession_number(1), code_version=version))
        await outbox.replay([1])
        sink.gate.set()
        await _settled(store, [1, 2, 3])
    assert sorted(sink.order) == [1, 2, 3]
    assert sink.order.index(2) < sink.order.index(3)


async def test_a_dead_letter_is_shown_with_what_the_sink_was_sent(tmp_path: Path) -> None:
    sink = ScriptedSink()
    sink.fail = lambda batch: Remedy.DEAD if any(each.sequence == 2 for each in batch) else None
    async with delivering(tmp_path, sink) as (store, outbox):
        await _commit(store, range(3))
        await _settled(store, [1, 2, 3])
        shown = await outbox.inspect(2)
        assert shown is not None
        letter, payload = shown
        assert (letter.sequence, letter.last_error, payload) == (2, "scripted: dead", b"commit 2")
        assert await outbox.inspect(1) is None
        assert await outbox.inspect(99) is None


async def test_delivered_commits_are_sent_once_more_when_asked_and_others_are_not(tmp_path: Path) -> None:
    sink = ScriptedSink()
    sink.fail = lambda batch: Remedy.DEAD if any(each.sequence == 2 for each in batch) else None
    async with delivering(tmp_path, sink) as (store, outbox):
        await _commit(store, range(3))
        await _settled(store, [1, 2, 3])
        sink.order.clear()
        assert await outbox.resend([1, 2, 3, 99]) == 2
        await _settled(store, [1, 2, 3])
    assert sorted(sink.order) == [1, 3]


async def test_what_is_sent_again_waits_its_turn_where_memory_is_full(tmp_path: Path) -> None:
    sink = ScriptedSink()
    async with delivering(tmp_path, sink, replace(LIMITS, memory_commits=4)) as (store, outbox):
        await _commit(store, range(12))
        await _settled(store, range(1, 13))
        sink.order.clear()
        assert await outbox.resend(range(1, 13)) == 12
        await _settled(store, range(1, 13))
    assert sorted(sink.order) == list(range(1, 13))
