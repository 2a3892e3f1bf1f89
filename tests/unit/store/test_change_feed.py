"""The change feed: order, gaps, signs of life, positions that are no longer held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tenkay.errors import OutOfRange, Reason, ResourceExhausted
from tenkay_store.domain.change_feed import Batch, ChangeFeed
from tenkay_store.primary.duckdb_store import DuckDBStore
from tests.unit.store.conftest import Clock, options
from tests.unit.store.filings import accession_number, extraction_to_commit


@pytest.fixture
def feed(store: DuckDBStore) -> ChangeFeed:
    return ChangeFeed(store, memory_changes=20, quiet_seconds=0.1, followers=10)


async def _commit(store: DuckDBStore, first: int, count: int) -> None:
    bodies = [extraction_to_commit(accession_number(number)) for number in range(first, first + count)]
    await asyncio.gather(*(store.commit(body) for body in bodies))


async def _take(batches: AsyncIterator[Batch], until: int) -> list[int]:
    """Sequences of the changes up to one, in the order they came."""
    taken: list[int] = []
    async for batch in batches:
        taken += [change.sequence for change in batch.changes]
        assert batch.up_to == (taken[-1] if taken else batch.up_to)
        if batch.up_to >= until:
            return taken
    raise AssertionError("the feed ended")


async def test_a_follower_without_a_position_starts_now_and_is_told_where(
    store: DuckDBStore, feed: ChangeFeed
) -> None:
    await _commit(store, 0, 3)
    batches = feed.watch(None)
    first = await anext(batches)
    assert (list(first.changes), first.up_to) == ([], 3)
    await _commit(store, 3, 1)
    second = await anext(batches)
    assert [change.sequence for change in second.changes] == [4]
    assert second.changes[0].accession_number == accession_number(3)


async def test_a_follower_is_told_when_nothing_happens(store: DuckDBStore, feed: ChangeFeed) -> None:
    await _commit(store, 0, 1)
    batches = feed.watch(1)
    assert [await anext(batches) for _ in range(3)] == [Batch((), 1)] * 3


async def test_a_feed_is_resumed_without_gaps_while_commits_go_on(
    store: DuckDBStore, feed: ChangeFeed
) -> None:
    total = 400

    async def write() -> None:
        for first in range(0, total, 20):
            await _commit(store, first, 20)

    writing = asyncio.create_task(write())
    seen: list[int] = []
    stops = iter([37, 38, 150, 290, total])
    while len(seen) < total:
        # A new follower each time, from where the last one got to: in memory or long before what is held there.
        position = seen[-1] if seen else 0
        async with asyncio.timeout(30):
            seen += await _take(feed.watch(position), next(stops))
    await writing
    assert seen == list(range(1, total + 1))


async def test_a_slow_follower_costs_nothing_and_misses_nothing(store: DuckDBStore, feed: ChangeFeed) -> None:
    batches = feed.watch(None)
    await anext(batches)
    # It takes nothing while far more is committed than is held in memory.
    await _commit(store, 0, 120)
    assert len(feed._recent) == 20
    assert await _take(batches, 120) == list(range(1, 121))


async def test_a_follower_of_some_companies_hears_of_no_others_and_still_moves_on(
    store: DuckDBStore, feed: ChangeFeed
) -> None:
    for number, cik in enumerate((1, 2, None, 1, 3)):
        await store.commit(extraction_to_commit(accession_number(number), cik=cik))
    batches = feed.watch(0, frozenset({1, 3}))
    first = await anext(batches)
    assert ([each.cik for each in first.changes], first.up_to) == ([1, 1, 3], 5)
    await store.commit(extraction_to_commit(accession_number(5), cik=2))
    quiet = await anext(batches)
    assert (list(quiet.changes), quiet.up_to) == ([], 6)
    await store.commit(extraction_to_commit(accession_number(6), cik=3))
    assert [each.cik for each in (await anext(batches)).changes] == [3]


async def test_changes_of_others_do_not_put_off_the_sign_of_life(
    store: DuckDBStore, feed: ChangeFeed
) -> None:
    batches = feed.watch(0, frozenset({1}))
    await anext(batches)
    sign = asyncio.ensure_future(anext(batches))
    for number in range(20):
        await store.commit(extraction_to_commit(accession_number(number), cik=2))
        await asyncio.sleep(0.02)
        if sign.done():
            break
    assert not (await asyncio.wait_for(sign, 1)).changes
    assert (await anext(batches)).up_to >= 1


async def test_batches_are_bounded(tmp_path: Path, clock: Clock) -> None:
    store = DuckDBStore.open(options(tmp_path), clock)
    feed = ChangeFeed(store, memory_changes=10_000, quiet_seconds=1, followers=10)
    await _commit(store, 0, 700)
    batches = feed.watch(0)
    assert [len((await anext(batches)).changes) for _ in range(2)] == [500, 200]
    await store.close()
    # The same from the table, after a restart.
    store = DuckDBStore.open(options(tmp_path), clock)
    batches = ChangeFeed(store, memory_changes=10_000, quiet_seconds=1, followers=10).watch(0)
    assert [len((await anext(batches)).changes) for _ in range(2)] == [500, 200]
    await store.close()


async def test_a_position_older_than_the_feed_keeps_is_expired(
    tmp_path: Path, clock: Callable[[], object]
) -> None:
    ticking = Clock()
    store = DuckDBStore.open(options(tmp_path), ticking)
    for number in range(5):
        await _commit(store, number, 1)
        ticking.now += timedelta(days=1)
    # Changes 1 to 3 are older; the newest stays in any case.
    await store.prune_changes(ticking.now - timedelta(days=2, hours=12))
    fresh = ChangeFeed(store, memory_changes=2, quiet_seconds=1, followers=10)
    assert await _take(fresh.watch(3), 5) == [4, 5]
    for position in (0, 2):
        with pytest.raises(OutOfRange) as expired:
            await anext(fresh.watch(position))
        assert expired.value.reason is Reason.FEED_POSITION_EXPIRED
    await store.prune_changes(ticking.now + timedelta(days=9))
    assert await _take(ChangeFeed(store, memory_changes=2, quiet_seconds=1, followers=10).watch(4), 5) == [5]
    await store.close()
    # Sequences go on after the newest, though the feed has nothing else.
    store = DuckDBStore.open(options(tmp_path), ticking)
    assert (await store.commit(extraction_to_commit(accession_number(9)))).sequence == 6
    await store.close()


async def test_a_position_beyond_the_newest_commit_is_expired(store: DuckDBStore, feed: ChangeFeed) -> None:
    with pytest.raises(OutOfRange):
        await anext(feed.watch(1))


async def _prune_once(
    feed: ChangeFeed,
    monkeypatch: pytest.MonkeyPatch,
    clock: Callable[[], datetime],
    elapsed: Callable[[], float],
) -> None:
    """The prune an hour after the start, after the one at the start."""
    hours = 0

    async def an_hour(_seconds: float) -> None:
        nonlocal hours
        hours += 1
        if hours == 2:
            raise asyncio.CancelledError

    monkeypatch.setattr("tenkay_store.domain.change_feed.asyncio.sleep", an_hour)
    with pytest.raises(asyncio.CancelledError):
        await feed.prune(7, clock, elapsed)
    monkeypatch.undo()


@pytest.mark.parametrize("jump_days", [-400, 400], ids=["back", "forward"])
async def test_a_clock_that_is_set_makes_the_feed_forget_nothing(
    store: DuckDBStore, feed: ChangeFeed, clock: Clock, monkeypatch: pytest.MonkeyPatch, jump_days: int
) -> None:
    await _commit(store, 0, 3)
    seconds = iter((0.0, 0.0, 3600.0))
    times = iter((clock.now, clock.now, clock.now + timedelta(days=jump_days)))
    await _prune_once(feed, monkeypatch, lambda: next(times), lambda: next(seconds))
    assert await _take(feed.watch(0), 3) == [1, 2, 3]
    # What is committed under the new time follows in its order.
    clock.now += timedelta(days=jump_days)
    await _commit(store, 3, 2)
    changes = await store.changes(0, 10)
    assert [change.sequence for change in changes] == [1, 2, 3, 4, 5]
    assert [change.recorded_at for change in changes] == sorted(change.recorded_at for change in changes)
    for change in changes[2:]:
        assert await store.sequence_at(change.recorded_at, 5) >= change.sequence


async def test_the_feed_forgets_what_has_become_old_since_the_start(
    store: DuckDBStore, feed: ChangeFeed, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _commit(store, 0, 3)
    eight_days = timedelta(days=8)
    seconds = iter((0.0, 0.0, eight_days.total_seconds()))
    times = iter((clock.now, clock.now, clock.now + eight_days))
    await _prune_once(feed, monkeypatch, lambda: next(times), lambda: next(seconds))
    with pytest.raises(OutOfRange):
        await store.changes(0, 10)


async def test_more_followers_than_may_are_told_to_come_back(store: DuckDBStore) -> None:
    feed = ChangeFeed(store, memory_changes=20, quiet_seconds=0.1, followers=2)
    following = [feed.watch(None), feed.watch(0)]
    for each in following:
        await anext(each)
    with pytest.raises(ResourceExhausted, match="2 follow") as refused:
        await anext(feed.watch(None))
    assert refused.value.reason is Reason.TOO_MANY_CALLS
    assert refused.value.retry_after
    await following[0].aclose()  # type: ignore[attr-defined]
    assert (await anext(feed.watch(None))).changes == ()
