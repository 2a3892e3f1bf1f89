"""Many watchers of companies on one stream from a real store."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import date
from pathlib import Path

import pytest

from tenkay.client.query import AsyncQueryClient
from tenkay.client.store import AsyncChangeFeedClient
from tenkay.errors import OutOfRange, Reason, ResourceExhausted, TenkayError, Unavailable
from tenkay.stack.ports import free_port
from tenkay.store.v1.change_feed_service_pb2 import WatchResponse
from tenkay_query.change_hub import Batch, ChangeHub, HubLimits
from tests.integration.query.reports import Company
from tests.integration.running_services import Service
from tests.integration.store.store_process import StoreProcess
from tests.unit.store.filings import accession_number, extraction

pytestmark = pytest.mark.xdist_group("change-hub")
"""One worker runs them all: they share a store."""

NUMBERS = itertools.count(1)
"""Of filings, so that each commit is of a new one."""
LIMITS = HubLimits(watchers=100, recent_changes=1000, catch_ups=2, catch_up_wait_seconds=0.1)


class CountedFeed:
    """The store's feed, and how many streams of it were and are open."""

    def __init__(self, client: AsyncChangeFeedClient) -> None:
        self._client = client
        self.opened = self.open = 0

    async def watch(
        self, *, from_sequence: str = "", ciks: Collection[int] = ()
    ) -> AsyncGenerator[WatchResponse, None]:
        self.opened += 1
        self.open += 1
        try:
            async for batch in self._client.watch(from_sequence=from_sequence, ciks=ciks):
                yield batch
        finally:
            self.open -= 1


class Stand:
    """A store, and a hub that follows it."""

    def __init__(self, process: StoreProcess, feed: CountedFeed, hub: ChangeHub) -> None:
        self.process, self.feed, self.hub = process, feed, hub

    async def commit(self, *ciks: int) -> list[str]:
        """A filing of each company; their sequences."""
        found = []
        async with self.process.filings as client:
            for cik in ciks:
                message = extraction(accession_number(next(NUMBERS)), cik=cik, signals={"size": 1})
                found.append((await client.commit_extraction(extraction=message)).outcome.sequence)
        return found

    async def reached(self, sequence: str) -> None:
        """The hub has heard of it."""
        while True:
            async with aclosing(self.hub.watch("", [1])) as batches:
                if number((await anext(batches)).up_to_sequence) >= number(sequence):
                    return
            await asyncio.sleep(0.01)


def number(token: str) -> int:
    return int(token.split(".")[1])


@asynccontextmanager
async def following(process: StoreProcess, limits: HubLimits = LIMITS) -> AsyncIterator[Stand]:
    async with process.feed as client:
        feed = CountedFeed(client)
        hub = ChangeHub(feed, limits)
        running = asyncio.create_task(hub.run())
        try:
            yield Stand(process, feed, hub)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    with StoreProcess(
        tmp_path_factory.mktemp("store"), {"TENKAY_STORE_GROUP_WINDOW_SECONDS": "0.002"}
    ) as running:
        yield running


async def told(
    hub: ChangeHub, from_sequence: str, ciks: Collection[int], until: str, *, pause: float = 0
) -> list[str]:
    """Sequences of the changes up to one, read with a pause after each batch."""
    found: list[str] = []
    async with aclosing(hub.watch(from_sequence, ciks)) as batches:
        async for batch in batches:
            found += [each.sequence for each in batch.changes]
            if number(batch.up_to_sequence) >= number(until):
                return found
            await asyncio.sleep(pause)
    raise AssertionError("the stream ended")


async def opened(hub: ChangeHub, from_sequence: str, ciks: Collection[int]) -> AsyncGenerator[Batch, None]:
    """A watcher that has its first batch."""
    batches = hub.watch(from_sequence, ciks)
    await anext(batches)
    return batches


async def test_all_watchers_share_one_stream_from_the_store(process: StoreProcess) -> None:
    async with following(process) as stand:
        watchers = [await opened(stand.hub, "", [1, cik]) for cik in range(2, 52)]
        sequences = await stand.commit(1, 2, 51)
        for watcher, wanted in ((watchers[0], sequences[:2]), (watchers[-1], [sequences[0], sequences[2]])):
            found: list[str] = []
            while len(found) < 2:
                found += [each.sequence for each in (await anext(watcher)).changes]
            assert found == wanted
        assert stand.feed.opened == 1
        for watcher in watchers:
            await watcher.aclose()


async def test_going_on_from_what_is_held_takes_no_stream_and_from_before_it_one_for_a_while(
    process: StoreProcess,
) -> None:
    before = await Stand(process, CountedFeed(process.feed), None).commit(1, 2, 1)  # type: ignore[arg-type]
    async with following(process) as stand:
        await (await opened(stand.hub, "", [1])).aclose()
        after = await stand.commit(1, 2, 1)
        assert await told(stand.hub, after[0], [1], after[2]) == [after[2]]
        assert stand.feed.opened == 1
        watcher = stand.hub.watch(before[0], [1])
        found: list[str] = []
        while len(found) < 3:
            found += [each.sequence for each in (await anext(watcher)).changes]
        assert found == [before[2], after[0], after[2]]
        assert stand.feed.opened == 2
        (more,) = await stand.commit(1)
        assert [each.sequence for each in (await anext(watcher)).changes] == [more]
        assert stand.feed.open == 1
        await watcher.aclose()


@pytest.mark.parametrize("recent_changes", [3, 1000])
async def test_however_slow_watchers_are_none_misses_a_change_or_hears_it_twice(
    process: StoreProcess, recent_changes: int
) -> None:
    limits = HubLimits(watchers=100, recent_changes=recent_changes, catch_ups=4, catch_up_wait_seconds=60)
    draw = random.Random(recent_changes)  # noqa: S311 - not a secret
    async with following(process, limits) as stand:
        (first,) = await stand.commit(1)
        # One more of each company at the end, so that no watcher waits for a sign of life to know that it has all.
        ciks = [*(draw.randrange(1, 6) for _ in range(55)), *range(1, 6)]

        async def commits() -> Sequence[str]:
            found: list[str] = []
            for start in range(0, len(ciks), 10):
                found += await stand.commit(*ciks[start : start + 10])
            return found

        # Known beforehand, as nobody else commits.
        def last_of(wanted: Sequence[int]) -> str:
            at = max(place for place, cik in enumerate(ciks, start=1) if cik in wanted)
            return f"{first.split('.')[0]}.{number(first) + at}"

        wanted = [draw.sample(range(1, 6), 2) for _ in range(12)]
        results = await asyncio.gather(
            commits(),
            *(
                told(stand.hub, first, each, last_of(each), pause=draw.choice([0, 0.005, 0.03]))
                for each in wanted
            ),
        )
        sequences = results[0]
        assert sequences[-1] == last_of([5])
        for each, found in zip(wanted, results[1:], strict=True):
            assert found == [s for s, cik in zip(sequences, ciks, strict=True) if cik in each]


async def test_no_more_watch_than_may(process: StoreProcess) -> None:
    limits = HubLimits(watchers=2, recent_changes=1000, catch_ups=2)
    async with following(process, limits) as stand:
        watchers = [await opened(stand.hub, "", [1]) for _ in range(2)]
        with pytest.raises(ResourceExhausted) as refused:
            await opened(stand.hub, "", [1])
        assert refused.value.reason is Reason.TOO_MANY_CALLS
        assert refused.value.retry_after
        await watchers.pop().aclose()
        watchers.append(await opened(stand.hub, "", [1]))
        for watcher in watchers:
            await watcher.aclose()


async def test_a_watcher_that_is_too_slow_is_told_where_to_go_on_and_holds_up_nobody(
    process: StoreProcess,
) -> None:
    limits = HubLimits(watchers=9, recent_changes=3, catch_ups=1, catch_up_wait_seconds=0.05)
    async with following(process, limits) as stand:
        (first,) = await stand.commit(1)
        await stand.reached(first)
        slow, quick = [await opened(stand.hub, first, [1]) for _ in range(2)]
        for _ in range(9):
            (sequence,) = await stand.commit(1)
            assert [each.sequence for each in (await anext(quick)).changes] == [sequence]
        # The only place to catch up is taken, by one that reads nothing.
        idle = await opened(stand.hub, first, [1])
        with pytest.raises(ResourceExhausted) as dropped:
            await anext(slow)
        assert dropped.value.reason is Reason.TOO_MANY_CALLS
        assert dropped.value.metadata["up_to_sequence"] == first
        assert dropped.value.retry_after
        (sequence,) = await stand.commit(1)
        assert [each.sequence for each in (await anext(quick)).changes] == [sequence]
        await idle.aclose()
        assert len(await told(stand.hub, first, [1], sequence)) == 10
        await quick.aclose()


async def test_a_store_that_is_back_soon_is_not_noticed_and_one_that_is_not_is_told(tmp_path: Path) -> None:
    environment = {"TENKAY_STORE_LISTEN_PORT": str(free_port())}
    limits = HubLimits(watchers=9, recent_changes=1000, catch_ups=1, patience_seconds=8)
    with StoreProcess(tmp_path, environment) as process:
        async with following(process, limits) as stand:
            watcher = await opened(stand.hub, "", [1])
            await stand.commit(1)
            assert len((await anext(watcher)).changes) == 1
            process.kill()
            with StoreProcess(tmp_path, environment) as again:
                stand.process = again
                (sequence,) = await stand.commit(1)
                assert [each.sequence for each in (await anext(watcher)).changes] == [sequence]
            stand.hub._limits = HubLimits(watchers=9, recent_changes=1000, catch_ups=1, patience_seconds=0.3)
            with pytest.raises(Unavailable) as cut_off:
                await anext(watcher)
            assert cut_off.value.reason is Reason.DEPENDENCY_UNAVAILABLE
            with pytest.raises(Unavailable):
                await opened(stand.hub, "", [1])


async def test_watchers_of_a_store_that_lost_commits_are_told_to_start_anew(tmp_path: Path) -> None:
    environment = {"TENKAY_STORE_LISTEN_PORT": str(free_port())}
    (tmp_path / "lost").mkdir()
    (tmp_path / "new").mkdir()
    with StoreProcess(tmp_path / "lost", environment) as process:
        async with following(process) as stand:
            watcher = await opened(stand.hub, "", [1])
            (lost,) = await stand.commit(1)
            assert len((await anext(watcher)).changes) == 1
            process.kill()
            with StoreProcess(tmp_path / "new", environment) as again:
                stand.process = again
                with pytest.raises(OutOfRange) as void:
                    await anext(watcher)
                assert void.value.reason is Reason.FEED_POSITION_EXPIRED
                with pytest.raises(OutOfRange):
                    await opened(stand.hub, lost, [1])
                fresh = await opened(stand.hub, "", [1])
                (sequence,) = await stand.commit(1)
                assert [each.sequence for each in (await anext(fresh)).changes] == [sequence]
                await fresh.aclose()


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("forged", Reason.MALFORMED_SEQUENCE),
        ("77.1", Reason.MALFORMED_SEQUENCE),
        ("0.999999", Reason.FEED_POSITION_EXPIRED),
    ],
)
async def test_a_position_that_the_store_never_gave_is_refused(
    process: StoreProcess, token: str, reason: Reason
) -> None:
    async with following(process) as stand:
        with pytest.raises(TenkayError) as refused:
            await opened(stand.hub, token, [1])
        assert refused.value.reason is reason
        assert stand.feed.open <= 1


async def test_watchers_take_no_places_of_the_stores_followers(
    query_services: tuple[Service, Service], company: Company, store_service: Service
) -> None:
    async with AsyncQueryClient(query_services[0].endpoint) as client:
        before = store_service.metric("tenkay_store_feed_watchers")
        streams = [client.watch_companies(ciks=[company.cik]) for _ in range(30)]
        for stream in streams:
            await anext(stream)
        assert query_services[0].metric("tenkay_query_watchers") == 30
        assert store_service.metric("tenkay_store_feed_watchers") == before
        asked = query_services[0].metric("tenkay_query_store_calls_total", method="ListFilings")
        await company.report("10-K", date(2023, 12, 31), {"revenue": "1"})
        for stream in streams:
            while not (answer := await anext(stream)).events:
                pass
            assert [each.cik for each in answer.events] == [company.cik]
        # What the commit gives was asked once, not by each.
        assert query_services[0].metric("tenkay_query_store_calls_total", method="ListFilings") == asked + 1
