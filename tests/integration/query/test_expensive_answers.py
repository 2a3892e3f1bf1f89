"""Expensive answers over two pods and a real Valkey: one asks the store, and they are made anew before they end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tenkay.errors import Reason, failure
from tenkay.stack.ports import LOOPBACK, free_port
from tenkay_query.admission.fair_places import FairPlaces
from tenkay_query.admission.store_slots import StoreSlots
from tenkay_query.cache import redis_keys
from tenkay_query.cache.answers import Answers
from tenkay_query.cache.breaker import Breaker
from tenkay_query.cache.entry_lock import EntryLock
from tenkay_query.cache.policy import CachePolicy
from tenkay_query.cache.ports import StoreAnswer
from tenkay_query.cache.redis_cache import SHARED_KEYS, RedisAnswerCache, RedisFeedLedger, open_redis
from tenkay_query.cache.redis_pipeline import RedisPipeline
from tenkay_query.question import Kind, Level, Outcome, Question
from tests.integration.query.conftest import eventually, running_valkey

pytestmark = pytest.mark.xdist_group("query")

POLICY = CachePolicy(
    ttl_seconds=dict.fromkeys(Kind, 100.0),
    negative_seconds=1,
    max_staleness_seconds=60,
    jitter=0,
    compress_over_bytes=1000,
    max_body_bytes=100_000,
    follower_wait_seconds=0,
    store_seconds=5,
    patience_seconds=1,
    outage_seconds=1,
)
ASKED: Question[str] = Question(
    method="AggregateSignals",
    kind=Kind.AGGREGATION,
    request="an aggregate",
    canonical=b"an aggregate",
    generations=(),
    min_sequence="",
    as_of_field=None,
    is_expensive=True,
)
LOCK = redis_keys.lock(redis_keys.entry(ASKED.method, ASKED.canonical))


@dataclass
class Store:
    """A slow store that counts."""

    seconds: float = 0.3
    calls: int = 0
    fails: bool = False

    async def ask(self, question: Question[str], min_sequence: str) -> StoreAnswer:
        self.calls += 1
        await asyncio.sleep(self.seconds)
        if self.fails:
            raise failure(Reason.DEPENDENCY_UNAVAILABLE, "the store is not there")
        return StoreAnswer(b"answer %d" % self.calls, "0.5")


class Feed:
    position = ""

    async def reaches(self, sequence: str, seconds: float) -> bool:
        return False

    def nudge(self) -> None: ...


@dataclass
class Pods:
    """Two processes' read paths over one Redis and one store."""

    url: str
    pid: int
    store: Store = field(default_factory=Store)
    drawn: float = 0.5
    clock_ahead: float = 0.0
    answers: list[Answers[str]] = field(default_factory=list)

    async def open(self) -> None:
        self.redis = open_redis(self.url, timeout_seconds=0.5, max_connections=8)
        await RedisFeedLedger(self.redis, grace_seconds=60).advance({}, "0.5", "")
        self.pipeline = RedisPipeline.of(self.url, SHARED_KEYS, timeout_seconds=0.5)
        cache = RedisAnswerCache(self.redis, self.pipeline, Breaker(100), max_entry_bytes=100_000)
        for _ in range(2):
            self.answers.append(
                Answers(
                    cache,
                    self.store,
                    Feed(),
                    POLICY,
                    lock=EntryLock(cache, lock_seconds=0.4, wait_seconds=5),
                    slots=StoreSlots(FairPlaces(10, 10), 1),
                    stamp=lambda: 0,
                    random=lambda: self.drawn,
                    now=lambda: time.time() + self.clock_ahead,
                )
            )

    async def close(self) -> None:
        for each in self.answers:
            await each.close()
        await self.pipeline.close()
        await self.redis.aclose()


@pytest.fixture
def valkey_for_pods(tmp_path: Path) -> Iterator[tuple[str, int]]:
    port = free_port()
    with running_valkey(tmp_path / "valkey", port) as pid:
        yield f"redis://{LOOPBACK}:{port}/0", pid


@pytest.fixture
async def pods(valkey_for_pods: tuple[str, int]) -> AsyncIterator[Pods]:
    pods = Pods(*valkey_for_pods)
    await pods.open()
    yield pods
    await pods.close()


async def test_many_callers_of_two_pods_cost_one_call_that_outlives_the_lock(pods: Pods) -> None:
    pods.store.seconds = 1.0  # the lock lasts 0.4 s, and is renewed
    replies = await asyncio.gather(*(pods.answers[number % 2].reply(ASKED) for number in range(100)))
    assert {reply.body for reply in replies} == {b"answer 1"}
    assert pods.store.calls == 1

    async def is_free() -> bool:
        return not await pods.redis.exists(LOCK)

    await eventually(is_free)


async def test_when_the_holder_died_the_others_go_on_after_the_lock(pods: Pods) -> None:
    await pods.redis.set(LOCK, b"of one that died", px=500)
    started = asyncio.get_running_loop().time()
    reply = await pods.answers[0].reply(ASKED)
    took = asyncio.get_running_loop().time() - started
    assert (reply.body, reply.level) == (b"answer 1", Level.STORE)
    assert 0.4 < took < 2


async def test_a_failed_holder_leaves_the_lock_and_no_error_is_kept(pods: Pods) -> None:
    pods.store.fails = True
    replies = await asyncio.gather(*(answers.reply(ASKED) for answers in pods.answers))
    assert [reply.error is not None for reply in replies] == [True, True]
    assert pods.store.calls == 2
    pods.store.fails = False
    assert (await pods.answers[0].reply(ASKED)).body == b"answer 3"


async def test_without_redis_each_pod_asks_once(pods: Pods) -> None:
    os.kill(pods.pid, signal.SIGKILL)
    replies = await asyncio.gather(*(pods.answers[number % 2].reply(ASKED) for number in range(50)))
    assert {reply.outcome for reply in replies} == {Outcome.BYPASS}
    assert pods.store.calls == 2


async def test_near_its_end_it_is_made_anew_by_one_and_nobody_waits(pods: Pods) -> None:
    first = await pods.answers[0].reply(ASKED)
    assert first.keepable is not None
    # What a process keeps for itself it lets go earlier, so that somebody comes here to make it anew.
    assert first.keepable.seconds < 60
    assert (await pods.answers[0].reply(ASKED)).level is Level.REDIS
    assert pods.store.calls == 1
    pods.clock_ahead, pods.drawn = (
        59.0,
        0.99,
    )  # a second before it is too old, and a draw of 0.3 s * 4.6 before
    replies = await asyncio.gather(*(pods.answers[number % 2].reply(ASKED) for number in range(20)))
    assert {reply.body for reply in replies} == {b"answer 1"}
    await eventually(lambda: pods.store.calls == 2)

    async def is_new() -> bool:
        return (await pods.answers[1].reply(ASKED)).body == b"answer 2"

    await eventually(is_new)
    assert pods.store.calls == 2


async def test_an_answer_may_be_as_old_as_its_caller_says(pods: Pods) -> None:
    await pods.answers[0].reply(ASKED)
    pods.clock_ahead = 10
    assert (await pods.answers[0].reply(replace(ASKED, max_staleness_seconds=20))).body == b"answer 1"
    assert (await pods.answers[0].reply(replace(ASKED, max_staleness_seconds=5))).body == b"answer 2"
    assert (await pods.answers[0].reply(replace(ASKED, max_staleness_seconds=5))).body == b"answer 2"
