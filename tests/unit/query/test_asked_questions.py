"""Counting the questions of a process, and telling Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from redis.asyncio import Redis

from tenkay_query.asked_most import AskedMost
from tenkay_query.asked_questions import TOLD_AT_ONCE, AskedQuestions
from tenkay_query.cache import redis_keys
from tenkay_query.cache.near_cache import MAX_REQUEST_BYTES, Key
from tenkay_query.cache.ports import CacheLost
from tenkay_query.cache.redis_admin import RedisAskedLedger, read_state

HALF_LIFE = 100.0


class Ledger:
    """Listens, or does not."""

    def __init__(self) -> None:
        self.is_lost = False
        self.told: list[tuple[Key, float]] = []

    async def tell(self, asked: Sequence[tuple[Key, float]]) -> None:
        if self.is_lost:
            raise CacheLost("away")
        self.told += asked

    async def top(self, most: int) -> list[Key]:
        if self.is_lost:
            raise CacheLost("away")
        return [key for key, _ in self.told][:most]


def questions(ledger: Any, *, every: int = 1, size: int = 1000) -> AskedQuestions:
    return AskedQuestions(AskedMost(size, HALF_LIFE, 0.0), ledger, every=every, clock=lambda: 0.0)


@pytest.mark.parametrize("every", [1, 2, 16])
def test_one_in_so_many_hits_is_looked_at_on_average(every: int) -> None:
    asked = questions(Ledger(), every=every)
    pauses = [asked.pause() for _ in range(4000)]
    assert min(pauses) >= 1
    assert sum(pauses) / len(pauses) == pytest.approx(every, rel=0.1)


async def test_what_redis_did_not_hear_it_is_told_the_next_time() -> None:
    ledger = Ledger()
    asked = questions(ledger)
    asked.note(("GetFiling", b"a"), 2)
    ledger.is_lost = True
    await asked.tell()
    assert await asked.shared_top(5) == [("GetFiling", b"a")], "of this process alone"
    ledger.is_lost = False
    asked.note(("GetFiling", b"a"), 1)
    await asked.tell()
    assert ledger.told == [(("GetFiling", b"a"), 3.0)]


async def test_of_many_questions_the_most_asked_are_told_first_and_the_rest_later() -> None:
    ledger = Ledger()
    asked = questions(ledger, size=TOLD_AT_ONCE + 10)
    for number in range(TOLD_AT_ONCE + 10):
        asked.note(("GetFiling", b"%d" % number), number + 1)
    await asked.tell()
    assert min(count for _, count in ledger.told) == 11
    await asked.tell()
    assert len(ledger.told) == TOLD_AT_ONCE + 10


def test_a_request_too_large_to_come_twice_is_not_counted() -> None:
    asked = questions(Ledger())
    asked.note(("GetFiling", bytes(MAX_REQUEST_BYTES + 1)), 1)
    assert asked.top(5) == []


@pytest.fixture
async def redis(valkey_cache: Any) -> AsyncIterator[Redis]:
    async with Redis.from_url(valkey_cache.url) as client:
        yield client


async def test_processes_add_up_in_redis_and_old_counts_fade(redis: Redis) -> None:
    now = 1000.0
    pods = [RedisAskedLedger(redis, most=3, half_life_seconds=HALF_LIFE, now=lambda: now) for _ in range(2)]
    a, b = ("GetFiling", b"a"), ("GetSignals", b"\0b\0\xff")
    await pods[0].tell([(a, 8.0)])
    await pods[1].tell([(a, 4.0), (b, 7.0)])
    assert await pods[0].top(5) == [a, b]
    now += HALF_LIFE
    await pods[1].tell([(b, 3.0)])
    assert await pods[0].top(5) == [b, a]
    scores: Any = await redis.zrange(redis_keys.ASKED, 0, -1, withscores=True)
    assert sorted(score for _, score in scores) == pytest.approx([6.0, 6.5])
    now -= 10 * HALF_LIFE
    await pods[0].tell([(a, 1.0)])
    assert await pods[0].top(1) == [a], "a clock that is behind makes nothing grow"
    assert await pods[0].top(0) == []


async def test_redis_holds_no_more_questions_than_it_should(redis: Redis) -> None:
    ledger = RedisAskedLedger(redis, most=3, half_life_seconds=HALF_LIFE)
    await ledger.tell([(("GetFiling", b"%d" % number), float(number)) for number in range(1, 50)])
    assert await ledger.top(10) == [("GetFiling", b"%d" % number) for number in (49, 48, 47)]
    assert await redis.zcard(redis_keys.ASKED) == 3
    assert 0 < await redis.ttl(redis_keys.ASKED) <= 14 * 24 * 3600


async def test_the_state_of_redis_is_read_from_its_info(redis: Redis) -> None:
    await redis.set("one", "1")
    state = await read_state(redis)
    assert state.keys == 1
    assert state.used_bytes > 0
