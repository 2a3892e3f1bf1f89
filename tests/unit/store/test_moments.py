"""Reads as of a moment while commits are being recorded at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tenkay.common.v1 import filing_pb2, read_pb2
from tenkay.errors import InvalidArgument, Reason, Unavailable
from tenkay.store.v1 import filing_store_service_pb2 as pb
from tenkay_store import failpoints
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.rpc.moments import Moments, ReadOptions
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number, extraction_to_commit


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[DuckDBStore]:
    """An empty store with the machine's clock."""
    opened = DuckDBStore.open(options(tmp_path, window_seconds=0.001), now)
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


def moments_of(store: DuckDBStore, *, wait_seconds: float = 5.0) -> Moments:
    return Moments(store, ReadOptions(1, 0.05, 5.0, wait_seconds))


def request_at(recorded_at: datetime) -> pb.GetFilingRequest:
    as_of = read_pb2.AsOf()
    as_of.recorded_at.FromDatetime(recorded_at)
    return pb.GetFilingRequest(filing=filing_pb2.FilingRef(accession_number=accession_number(1)), as_of=as_of)


async def sequence_read(moments: Moments, recorded_at: datetime) -> int:
    """Up to where a read as of a moment reads."""
    request = request_at(recorded_at)
    return (await moments.of(request, await moments.reached(request))).sequence


async def begun(store: DuckDBStore) -> datetime:
    """The moment of the group that is being written."""
    while (at := store._moments.begun) is None:  # noqa: ASYNC110 - the writing thread tells nobody
        await asyncio.sleep(0.001)
    return at.replace(tzinfo=UTC)


async def test_a_read_at_a_moment_waits_for_the_commits_that_are_being_recorded_at_it(
    store: DuckDBStore,
) -> None:
    moments = moments_of(store)
    failpoints.arm("before_commit=sleep:0.3")
    committing = asyncio.create_task(store.commit(extraction_to_commit(accession_number(1))))
    at = await begun(store)
    assert await sequence_read(moments, at - timedelta(microseconds=1)) == 0
    assert not committing.done()
    assert await sequence_read(moments, at) == 1
    assert (await committing).recorded_at == at


async def test_a_moment_is_answered_alike_whenever_it_is_read(store: DuckDBStore) -> None:
    moments = moments_of(store)
    reads: list[tuple[datetime, int]] = []

    async def commit(numbers: range) -> None:
        for number in numbers:
            await store.commit(extraction_to_commit(accession_number(number)))

    committing = asyncio.gather(*(commit(range(start, 400, 8)) for start in range(8)))
    while not committing.done():
        at = now()
        reads.append((at, await sequence_read(moments, at)))
    await committing
    assert len({sequence for _, sequence in reads}) > 5
    assert [await sequence_read(moments, at) for at, _ in reads] == [sequence for _, sequence in reads]


async def test_a_read_does_not_wait_longer_for_commits_than_it_may(store: DuckDBStore) -> None:
    failpoints.arm("before_commit=sleep:0.5")
    committing = asyncio.create_task(store.commit(extraction_to_commit(accession_number(1))))
    at = await begun(store)
    with pytest.raises(Unavailable) as refused:
        await sequence_read(moments_of(store, wait_seconds=0.05), at)
    assert refused.value.reason is Reason.SEQUENCE_NOT_REACHED
    assert refused.value.retry_after
    await committing


async def test_a_group_that_fails_is_waited_for_no_longer(store: DuckDBStore) -> None:
    failpoints.arm("before_commit=raise")
    with pytest.raises(Exception, match="before_commit"):
        await store.commit(extraction_to_commit(accession_number(1)))
    failpoints.arm("")
    assert await sequence_read(moments_of(store), now()) == 0
    await store.commit(extraction_to_commit(accession_number(1)))
    assert await sequence_read(moments_of(store), now()) == 1


async def test_a_moment_ahead_of_the_clock_is_refused_unless_clocks_may_differ_by_it(
    store: DuckDBStore,
) -> None:
    moments = moments_of(store)
    with pytest.raises(InvalidArgument) as refused:
        await sequence_read(moments, now() + timedelta(hours=1))
    assert refused.value.fields[0].field == "as_of.recorded_at"
    ahead = now() + timedelta(seconds=0.3)
    assert await sequence_read(moments, ahead) == 0
    assert now() >= ahead
    await store.commit(extraction_to_commit(accession_number(1)))
    assert await sequence_read(moments, ahead) == 0
