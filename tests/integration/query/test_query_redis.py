"""The steps in Redis, in the orders that could go wrong: what is kept only if nothing came in between."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tenkay.stack.ports import LOOPBACK, free_port
from tenkay_query.cache import redis_keys
from tenkay_query.cache.breaker import Breaker
from tenkay_query.cache.generations import Lookup
from tenkay_query.cache.ports import CacheLost, Place
from tenkay_query.cache.redis_cache import SHARED_KEYS, RedisAnswerCache, RedisFeedLedger, open_redis
from tenkay_query.cache.redis_pipeline import RedisPipeline
from tenkay_query.question import Kind
from tests.integration.query.conftest import eventually, running_valkey

pytestmark = pytest.mark.xdist_group("query")
"""One worker runs them all: they share their servers."""

KEY, FILING, COMPANY = "q:v2:GetFiling:test", "g:a:0001999001-24-000001", "g:c:1999001"
PLACE = Place(KEY, redis_keys.kind_epoch(Kind.FILING), (FILING,))
NO_GENERATIONS = Place(KEY, PLACE.kind_epoch, ())
KIND_EPOCH = b"k" * 16


@pytest.fixture(scope="module")
def valkey_of_ones_own(server_folder: Path) -> Iterator[str]:
    """A Valkey that no query process follows the feed in: one would go on writing between a test's steps."""
    port = free_port()
    with running_valkey(server_folder / "valkey-of-steps", port):
        yield f"redis://{LOOPBACK}:{port}/0"


@pytest.fixture
async def redis(valkey_of_ones_own: str) -> AsyncIterator[Redis]:
    client = open_redis(valkey_of_ones_own, timeout_seconds=1.0, max_connections=8)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def cache(valkey_of_ones_own: str, redis: Redis) -> AsyncIterator[RedisAnswerCache]:
    pipeline = RedisPipeline.of(valkey_of_ones_own, SHARED_KEYS, timeout_seconds=1.0)
    yield RedisAnswerCache(redis, pipeline, Breaker(3), max_entry_bytes=1000)
    await pipeline.close()


@pytest.fixture
def ledger(redis: Redis) -> RedisFeedLedger:
    return RedisFeedLedger(redis, grace_seconds=5)


async def keep(
    cache: RedisAnswerCache,
    found: Lookup,
    as_of: str,
    *,
    entry: bytes = b"entry",
    place: Place = PLACE,
    kind_epoch: bytes = KIND_EPOCH,
) -> bool:
    return await cache.keep(place, entry, 60, found, kind_epoch=kind_epoch, as_of_sequence=as_of)


async def test_an_entry_is_kept_under_the_generation_that_was_read_first(
    cache: RedisAnswerCache, ledger: RedisFeedLedger
) -> None:
    assert await ledger.advance({FILING: "0.5"}, "0.5", "")
    found = await cache.look_up(PLACE)
    assert (found.generations, found.position, found.is_followed) == (("0.5",), "0.5", True)
    assert await keep(cache, found, "0.5")
    assert (await cache.look_up(PLACE)).entry == b"entry"


async def test_a_commit_between_look_and_keep_refuses_the_entry(
    cache: RedisAnswerCache, ledger: RedisFeedLedger
) -> None:
    await ledger.advance({FILING: "0.5"}, "0.5", "")
    found = await cache.look_up(PLACE)
    await ledger.advance({FILING: "0.6"}, "0.6", "0.5")
    assert not await keep(cache, found, "0.6")
    assert (await cache.look_up(PLACE)).entry is None


async def test_a_missing_generation_becomes_the_state_that_was_read(
    cache: RedisAnswerCache, ledger: RedisFeedLedger
) -> None:
    await ledger.advance({}, "0.7", "")
    found = await cache.look_up(PLACE)
    assert found.generations == (None,)
    assert await keep(cache, found, "0.7")
    assert (await cache.look_up(PLACE)).generations == ("0.7",)


async def test_a_commit_forgotten_between_look_and_keep_refuses_the_entry(
    cache: RedisAnswerCache, ledger: RedisFeedLedger, redis: Redis
) -> None:
    await ledger.advance({}, "0.7", "")
    found = await cache.look_up(PLACE)
    await ledger.advance({FILING: "0.8"}, "0.8", "0.7")
    await redis.delete(FILING)
    assert not await keep(cache, found, "0.7")
    assert (await cache.look_up(PLACE)).generations == (None,)


async def test_a_generation_set_by_somebody_else_meanwhile_refuses_the_entry(
    cache: RedisAnswerCache, ledger: RedisFeedLedger
) -> None:
    await ledger.advance({}, "0.7", "")
    found = await cache.look_up(PLACE)
    await ledger.advance({FILING: "0.8"}, "0.8", "0.7")
    assert not await keep(cache, found, "0.7")
    assert not await keep(cache, found, "0.9")
    assert await keep(cache, found, "0.8")


async def test_a_late_keep_of_another_epoch_is_refused(
    cache: RedisAnswerCache, ledger: RedisFeedLedger, redis: Redis
) -> None:
    await ledger.advance({FILING: "0.5"}, "0.5", "")
    found = await cache.look_up(PLACE)
    await redis.flushall()
    assert not await keep(cache, found, "0.5")
    assert await ledger.advance({FILING: "0.5"}, "0.5", "0.5")
    assert not await keep(cache, found, "0.5")


async def test_generations_and_position_only_rise(cache: RedisAnswerCache, ledger: RedisFeedLedger) -> None:
    await ledger.advance({FILING: "0.10", COMPANY: "0.10"}, "0.10", "")
    assert not await ledger.advance({FILING: "0.9", COMPANY: "0.11"}, "0.9", "0.9")
    found = await cache.look_up(Place(KEY, PLACE.kind_epoch, (FILING, COMPANY)))
    assert found.generations == ("0.10", "0.11")
    assert found.position == "0.10"


async def test_sequences_beyond_what_lua_counts_exactly_are_told_apart(
    cache: RedisAnswerCache, ledger: RedisFeedLedger
) -> None:
    large = 2**53
    await ledger.advance({FILING: f"0.{large}"}, f"0.{large}", "")
    await ledger.advance({FILING: f"0.{large + 1}"}, f"0.{large + 1}", f"0.{large}")
    assert (await cache.look_up(PLACE)).generations == (f"0.{large + 1}",)


async def test_shards_rise_each_for_itself(cache: RedisAnswerCache, ledger: RedisFeedLedger) -> None:
    await ledger.advance({FILING: "2.5"}, "0.3,2.5,10.1", "")
    await ledger.advance({FILING: "2.6"}, "0.4,2.4", "")
    found = await cache.look_up(PLACE)
    assert (found.generations, found.position) == (("2.6",), "0.4,2.5,10.1")


async def test_telling_the_same_again_changes_nothing(
    cache: RedisAnswerCache, ledger: RedisFeedLedger
) -> None:
    await ledger.advance({FILING: "0.5"}, "0.5", "")
    before = await cache.look_up(PLACE)
    assert not await ledger.advance({FILING: "0.5"}, "0.5", "")
    after = await cache.look_up(PLACE)
    assert (after.epoch, after.generations, after.position) == (
        before.epoch,
        before.generations,
        before.position,
    )


async def test_a_lost_generation_is_not_set_to_an_older_change_by_a_follower_that_is_behind(
    cache: RedisAnswerCache, ledger: RedisFeedLedger, redis: Redis
) -> None:
    await ledger.advance({FILING: "0.5"}, "0.5", "")
    assert await keep(cache, await cache.look_up(PLACE), "0.5")
    await ledger.advance({FILING: "0.7"}, "0.7", "0.5")
    await redis.delete(FILING)
    # Another process's follower: with 0.5 again, the entry from before 0.7 would count as true.
    await ledger.advance({FILING: "0.5"}, "0.5", "0.4")
    assert (await cache.look_up(PLACE)).generations == (None,)
    await ledger.advance({FILING: "0.7"}, "0.7", "0.5")
    assert (await cache.look_up(PLACE)).generations == (None,)
    await ledger.advance({FILING: "0.8"}, "0.8", "0.7")
    assert (await cache.look_up(PLACE)).generations == ("0.8",)


@pytest.mark.parametrize("held", [None, "0.4"])
async def test_a_redis_that_went_back_begins_a_new_epoch(
    held: str | None, cache: RedisAnswerCache, ledger: RedisFeedLedger, redis: Redis
) -> None:
    await ledger.advance({FILING: "0.5"}, "0.5", "")
    before = await cache.look_up(PLACE)
    if held is None:
        await redis.delete(redis_keys.POSITION)
    else:
        await redis.set(redis_keys.POSITION, held)
    assert await ledger.advance({}, "0.5", "0.5")
    after = await cache.look_up(PLACE)
    assert after.epoch != before.epoch
    assert after.position == "0.5"


async def test_a_follower_that_is_behind_another_voids_nothing(
    cache: RedisAnswerCache, ledger: RedisFeedLedger
) -> None:
    await ledger.advance({}, "0.9", "")
    before = await cache.look_up(NO_GENERATIONS)
    assert not await ledger.advance({}, "0.6", "0.5")
    after = await cache.look_up(NO_GENERATIONS)
    assert (after.epoch, after.position) == (before.epoch, "0.9")


async def test_starting_over_voids_all_and_forgets_the_position(
    cache: RedisAnswerCache, ledger: RedisFeedLedger
) -> None:
    await ledger.advance({}, "0.9", "")
    before = await cache.look_up(NO_GENERATIONS)
    await ledger.start_over()
    after = await cache.look_up(NO_GENERATIONS)
    assert after.epoch not in (None, before.epoch)
    assert (after.position, after.is_followed) == (None, False)
    assert await ledger.position() is None


async def test_a_store_that_counts_from_an_older_state_again_is_followed_from_there(
    cache: RedisAnswerCache, ledger: RedisFeedLedger
) -> None:
    await ledger.advance({FILING: "0.9"}, "0.9", "")
    await ledger.start_over()
    await ledger.advance({}, "0.2", "")
    found = await cache.look_up(PLACE)
    assert found.generations == (None,)
    assert await keep(cache, found, "0.2")
    await ledger.advance({FILING: "0.3"}, "0.3", "0.2")
    assert (await cache.look_up(PLACE)).generations == ("0.3",)


async def test_the_note_that_the_feed_is_followed_expires(redis: Redis, cache: RedisAnswerCache) -> None:
    await RedisFeedLedger(redis, grace_seconds=0.05).advance({}, "0.1", "")
    assert (await cache.look_up(NO_GENERATIONS)).is_followed

    async def is_silent() -> bool:
        return not (await cache.look_up(NO_GENERATIONS)).is_followed

    await eventually(is_silent)
    assert (await cache.look_up(NO_GENERATIONS)).seen_at_ms is not None


async def test_an_answer_over_many_companies_needs_only_the_epoch(
    cache: RedisAnswerCache, ledger: RedisFeedLedger
) -> None:
    await ledger.advance({}, "0.9", "")
    found = await cache.look_up(NO_GENERATIONS)
    await ledger.advance({}, "0.12", "0.9")
    assert await keep(cache, found, "0.9", place=NO_GENERATIONS)


async def test_an_answer_that_is_too_large_is_not_kept(
    cache: RedisAnswerCache, ledger: RedisFeedLedger
) -> None:
    await ledger.advance({FILING: "0.5"}, "0.5", "")
    found = await cache.look_up(PLACE)
    assert not await keep(cache, found, "0.5", entry=bytes(1001))
    assert await keep(cache, found, "0.5", entry=bytes(1000))


async def test_a_full_redis_keeps_nothing_and_still_answers(
    cache: RedisAnswerCache, ledger: RedisFeedLedger, redis: Redis
) -> None:
    await ledger.advance({FILING: "0.5"}, "0.5", "")
    found = await cache.look_up(PLACE)
    settings = await redis.config_get("maxmemory*")
    try:
        await redis.config_set("maxmemory-policy", "noeviction")
        await redis.config_set("maxmemory", 1)
        for _ in range(5):
            with pytest.raises(CacheLost):
                await keep(cache, found, "0.5")
        # Redis said no; it is not lost, and reading goes on.
        assert (await cache.look_up(PLACE)).generations == ("0.5",)
    finally:
        await redis.config_set("maxmemory", str(settings["maxmemory"]))
        await redis.config_set("maxmemory-policy", str(settings["maxmemory-policy"]))


async def test_a_lock_is_the_holders_that_asks_for_it_again_and_nobody_elses(
    cache: RedisAnswerCache, redis: Redis
) -> None:
    """As the client does when the connection was lost before the answer came."""
    assert await cache.take("lock", b"one", 5)
    assert await cache.take("lock", b"one", 60)
    assert await redis.pttl("lock") > 5_000
    assert not await cache.take("lock", b"two", 90)
    assert await redis.pttl("lock") <= 60_000
    await cache.release("lock", b"one")
    assert await cache.take("lock", b"two", 5)


async def test_what_cannot_be_sent_is_no_failure_of_redis(cache: RedisAnswerCache) -> None:
    for _ in range(5):  # more than the breaker bears
        with pytest.raises(CacheLost, match="surrogates"):
            await cache.look_up(replace(PLACE, key="\ud800"))
    await cache.look_up(PLACE)


async def test_a_redis_that_hangs_is_given_up_soon_and_found_again(tmp_path: Path) -> None:
    port = free_port()
    with running_valkey(tmp_path / "valkey", port) as pid:
        client = open_redis(f"redis://{LOOPBACK}:{port}/0", timeout_seconds=0.1, max_connections=8)
        told: list[bool] = []
        pipeline = RedisPipeline.of(f"redis://{LOOPBACK}:{port}/0", SHARED_KEYS, timeout_seconds=0.1)
        cache = RedisAnswerCache(client, pipeline, Breaker(3, told.append), max_entry_bytes=1000)
        probe = asyncio.create_task(cache.probe(0.05))
        loop = asyncio.get_running_loop()
        try:
            await cache.look_up(NO_GENERATIONS)
            os.kill(pid, signal.SIGSTOP)
            for _ in range(3):
                started = loop.time()
                with pytest.raises(CacheLost):
                    await cache.look_up(NO_GENERATIONS)
                assert loop.time() - started < 0.6
            assert told == [True]
            started = loop.time()
            with pytest.raises(CacheLost):
                await cache.look_up(NO_GENERATIONS)
            assert loop.time() - started < 0.05
            os.kill(pid, signal.SIGCONT)
            await eventually(lambda: told == [True, False])
            await cache.look_up(NO_GENERATIONS)
        finally:
            os.kill(pid, signal.SIGCONT)
            probe.cancel()
            await pipeline.close()
            await client.aclose()
