"""Making answers void by hand: every process forgets them, and what a follower tells again does not bring them back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from google.protobuf.message import Message
from redis.asyncio import Redis

from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query.cache import redis_keys
from tenkay_query.cache.invalidation import Invalidation
from tenkay_query.cache.ports import CacheLost
from tenkay_query.cache.redis_cache import RedisFeedLedger, open_redis
from tenkay_query.question import Kind
from tests.integration.query.conftest import Caller, Filings, eventually
from tests.stack_fixtures import ValkeyServer

pytestmark = pytest.mark.xdist_group("query")

Void = Callable[[Invalidation, FilingRef], Awaitable[None]]


@pytest.fixture
async def redis(valkey_cache: ValkeyServer) -> AsyncIterator[Redis]:
    client = open_redis(valkey_cache.url, timeout_seconds=1.0, max_connections=4)
    yield client
    await client.aclose()


@pytest.mark.parametrize(
    ("void", "gone"),
    [
        (lambda each, filing: each.filing(filing.accession_number), {"filing", "signals"}),
        (lambda each, filing: each.company(filing.cik), {"summary"}),
        (lambda each, _: each.kind(Kind.SIGNALS), {"signals"}),
        (lambda each, _: each.all(), {"filing", "signals", "summary", "screen"}),
    ],
    ids=["filing", "company", "kind", "all"],
)
async def test_what_is_made_void_is_asked_again_in_every_process_and_nothing_else(
    void: Void, gone: set[str], callers: tuple[Caller, Caller], filings: Filings, redis: Redis
) -> None:
    filing = filings.new()
    await filings.commit(filing)
    requests: dict[str, Message] = {
        "filing": pb.GetFilingRequest(filing=filing),
        "signals": pb.GetSignalsRequest(filing=filing),
        "summary": pb.GetCompanySummaryRequest(cik=filing.cik),
        "screen": pb.ScreenFilingsRequest(filter=f"cik = {filing.cik}"),
    }

    async def all_hit() -> bool:
        answers = [await caller.ask(request) for request in requests.values() for caller in callers * 2]
        return all(answer.cache == "hit" for answer in answers)

    await eventually(all_hit)
    await void(Invalidation(redis), filing)
    for name, request in requests.items():

        async def is_asked_again(request: Message = request) -> bool:
            # The first process to be asked asks the store, and the second has the new answer from Redis.
            return (await callers[0].ask(request)).cache != "hit"

        if name in gone:
            assert await eventually(is_asked_again) < 1.0, name
        else:
            assert (await callers[0].ask(request)).cache == "hit", name
    await eventually(all_hit)


async def test_a_change_told_again_does_not_undo_it_and_a_new_one_goes_on_from_it(redis: Redis) -> None:
    await redis.flushall()
    ledger = RedisFeedLedger(redis, grace_seconds=5)
    name = redis_keys.filing_generation("0001999001-24-000001")
    await ledger.advance({name: "0.5"}, "0.5", "")
    before = await redis.get(name)
    await Invalidation(redis).filing("0001999001-24-000001")
    void = await redis.get(name)
    assert void != before
    await ledger.advance({name: "0.5"}, "0.5", "0.5")
    await ledger.advance({name: "0.4"}, "0.5", "0.5")
    assert await redis.get(name) == void
    await ledger.advance({name: "0.6"}, "0.6", "0.5")
    assert isinstance(before, bytes)
    assert await redis.get(name) == before[:-1] + b"6"


async def test_a_generation_that_was_not_known_is_void_all_the_same(redis: Redis) -> None:
    await redis.flushall()
    await RedisFeedLedger(redis, grace_seconds=5).advance({}, "0.5", "")
    await Invalidation(redis).company(17)
    held = await redis.get(redis_keys.company_generation(17))
    assert isinstance(held, bytes)
    assert b"!" in held


async def test_a_redis_that_does_not_do_it_is_said(redis: Redis) -> None:
    lost = open_redis("redis://127.0.0.1:1/0", timeout_seconds=0.1, max_connections=1)
    for void in (
        Invalidation(lost).all(),
        Invalidation(lost).kind(Kind.FILING),
        Invalidation(lost).company(1),
    ):
        with pytest.raises(CacheLost):
            await void
    await lost.aclose()
