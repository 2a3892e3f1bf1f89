"""Junk in Redis, put there behind query's back: it counts as missing, and makes no answer wrong or late for good."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from google.protobuf.message import Message
from redis.asyncio import Redis

from tenkay import sequences
from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.query.v1 import many_companies_pb2
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query.cache import redis_keys
from tenkay_query.cache.envelope import EPOCH_BYTES
from tenkay_query.cache.redis_admin import RedisAskedLedger
from tenkay_query.question import Kind
from tests.integration.query.conftest import Caller, Filings, eventually, revenue_of
from tests.stack_fixtures import ValkeyServer

pytestmark = pytest.mark.xdist_group("query")

JUNK = (b"", b"junk", b"\xff\xfe\x00", b"-1", b"9" * 400, b"0.5.7", b"1e400", b"[1]")


def of_filing(filing: FilingRef) -> str:
    return redis_keys.filing_generation(filing.accession_number)


def fixed(name: str) -> Callable[[FilingRef], str]:
    return lambda _: name


KEYS: dict[str, tuple[Callable[[FilingRef], str], Callable[[bytes], bool]]] = {
    "epoch": (fixed(redis_keys.EPOCH), lambda held: len(held) == EPOCH_BYTES),
    "position": (fixed(redis_keys.POSITION), lambda held: bool(sequences.parse(held.decode("ascii")))),
    "alive": (fixed(redis_keys.ALIVE), lambda held: held == b"1"),
    "seen": (fixed(redis_keys.SEEN), lambda held: len(held) == 13 and held.isdigit()),
    "kind_epoch": (fixed(redis_keys.kind_epoch(Kind.SIGNALS)), lambda held: len(held) == EPOCH_BYTES),
    "generation": (
        of_filing,
        lambda held: bool(sequences.parse(held[EPOCH_BYTES:].decode("ascii"))),
    ),
}
"""Each key that answers hang on, and what a sound value of it is."""


@pytest.fixture
async def redis(valkey_cache: ValkeyServer) -> AsyncIterator[Redis]:
    async with Redis.from_url(valkey_cache.url) as client:
        yield client


async def hit_by(caller: Caller, request: Message) -> None:
    async def is_hit() -> bool:
        answer = await caller.ask(request)
        assert answer.error is None, answer.error
        return answer.cache == "hit"

    await eventually(is_hit)


@pytest.mark.parametrize("name", KEYS)
async def test_a_damaged_key_counts_as_missing_and_heals(
    name: str, caller_without_near: Caller, filings: Filings, redis: Redis
) -> None:
    caller, filing = caller_without_near, filings.new()
    await filings.commit(filing, 3)
    request = pb.GetSignalsRequest(filing=filing)
    await hit_by(caller, request)
    key_of, is_sound = KEYS[name]
    key = key_of(filing)
    before = caller.service.metric("tenkay_query_redis_damaged_total", key=name)
    # These two are written again every second, and no sooner.
    junk = JUNK[1:3] if name in ("alive", "seen") else JUNK
    damages: list[bytes | None] = [*junk, None]
    if name == "generation":
        epoch = await redis.get(redis_keys.EPOCH)
        assert isinstance(epoch, bytes)
        damages += [epoch, epoch + b"junk", epoch + b"0.", epoch + b"0.5!", epoch + b"\xff"]
    for damage in damages:
        await redis.delete(key)
        if damage is None:
            await redis.rpush(key, "of another type")
        else:
            await redis.set(key, damage)
        answer = await caller.ask(request)
        assert revenue_of(answer) == 3
        assert sequences.parse(answer.message.as_of_sequence).keys() == {0}
        await hit_by(caller, request)

        async def is_healed() -> bool:
            (held,) = await redis.mget(key)
            return isinstance(held, bytes) and is_sound(held)

        await eventually(is_healed)
    assert caller.service.metric("tenkay_query_redis_damaged_total", key=name) > before
    sequence = await filings.commit(filing, 4)
    at_least = pb.GetSignalsRequest(filing=filing, min_sequence=sequence)
    assert revenue_of(await caller.ask(at_least)) == 4
    await hit_by(caller, request)
    assert revenue_of(await caller.ask(request)) == 4


async def test_a_lock_without_an_end_holds_nobody_up(
    caller_without_near: Caller, filings: Filings, redis: Redis
) -> None:
    filing = filings.new()
    await filings.commit(filing)
    request = many_companies_pb2.AggregateSignalsRequest(signal_id="revenue", filter=f"cik = {filing.cik}")
    await hit_by(caller_without_near, request)
    (key,) = [key async for key in redis.scan_iter("q:v2:AggregateSignals:*")]
    await redis.delete(key)
    await redis.set(redis_keys.lock(key.decode()), "junk")
    answer = await caller_without_near.ask(request)
    assert answer.error is None
    assert answer.seconds < 2.0, "it did not wait for a holder that there is not"
    assert await redis.get(redis_keys.lock(key.decode())) is None


async def test_a_damaged_list_of_what_is_asked_most_begins_anew(redis: Redis) -> None:
    now = 1_000_000.0
    ledger = RedisAskedLedger(redis, most=10, half_life_seconds=60, now=lambda: now)
    for damaged_at in (b"junk", b"inf", b"nan", b"9999999999999"):
        await redis.delete(redis_keys.ASKED)
        await redis.set(redis_keys.ASKED, "no sorted set")
        await redis.set(redis_keys.ASKED_AT, damaged_at)
        await ledger.tell([(("GetFiling", b"x"), 2.0)])
        assert await ledger.top(5) == [("GetFiling", b"x")]
        assert float(await redis.get(redis_keys.ASKED_AT) or b"nan") == now
