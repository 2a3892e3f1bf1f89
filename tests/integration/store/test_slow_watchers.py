"""A follower of the change feed that does not read: it costs the store nothing, and misses nothing once it reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing

import pytest

from tenkay.errors import ResourceExhausted
from tenkay.store.v1 import change_feed_service_pb2 as feed_pb2
from tenkay.store.v1 import filing_store_service_pb2 as pb
from tests.integration.store.store_process import StoreProcess
from tests.unit.store.filings import accession_number, extraction

FILINGS = 2000
"""Their changes are several times what one connection buffers on its way."""
BATCH = 50


@pytest.fixture
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    environment = {
        # The slow one has to read from the table what memory no longer holds.
        "TENKAY_STORE_FEED_MEMORY_CHANGES": "200",
        "TENKAY_STORE_GROUP_WINDOW_SECONDS": "0",
    }
    with StoreProcess(tmp_path_factory.mktemp("store"), environment) as running:
        yield running


async def test_a_follower_that_does_not_read_holds_up_nobody_and_misses_nothing(
    process: StoreProcess,
) -> None:
    bodies = [
        extraction(accession_number(number), signals={"ratio": 1.0}, gaps=(), section_codes=())
        for number in range(FILINGS)
    ]
    async with process.filings as client, process.feed as slow, process.feed as fast:
        followers = slow.watch(from_sequence="0.0"), fast.watch(from_sequence="0.0")
        async with aclosing(followers[0]) as unread, aclosing(followers[1]) as read:  # type: ignore[type-var]
            await anext(unread)
            for first in range(0, FILINGS, BATCH):
                items = [pb.BatchItem(extraction=each) for each in bodies[first : first + BATCH]]
                results = (await client.batch_commit(items=items)).results
                assert all(each.outcome.changed for each in results)
            newest = results[-1].outcome.sequence
            # Whoever reads has all of it by now, or in a moment.
            async with asyncio.timeout(30):
                seen = [change.sequence async for change in _changes(read, newest)]
            assert seen == [f"0.{number}" for number in range(1, FILINGS + 1)]
            # The other one reads at last.
            async with asyncio.timeout(30):
                late = [change.sequence async for change in _changes(unread, newest)]
            assert late == seen


async def test_followers_that_never_read_keep_nobody_else_out(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    environment = {"TENKAY_STORE_MAX_CONCURRENT_RPCS": "10"}
    folder = tmp_path_factory.mktemp("store")
    with StoreProcess(folder, environment) as process:
        async with process.feed as feed, process.filings as client, AsyncExitStack() as open_calls:
            refused = 0
            for _ in range(15):
                followed = await open_calls.enter_async_context(aclosing(feed.watch()))  # type: ignore[type-var]
                try:
                    await anext(followed)
                except ResourceExhausted:
                    refused += 1
            assert refused == 10
            answer = await client.commit_extraction(extraction=extraction(accession_number(1)))
            assert answer.outcome.changed


async def _changes(
    batches: AsyncIterator[feed_pb2.WatchResponse], newest: str
) -> AsyncIterator[feed_pb2.Change]:
    """The changes up to one."""
    async for batch in batches:
        for change in batch.changes:
            yield change
        if batch.up_to_sequence == newest:
            return
