"""Runs query: settings -> Redis and store -> caches, follower and tracking -> read path -> server."""

from __future__ import annotations

import time
from random import random

from tenkay.client import Endpoint, Tls
from tenkay.query.v1.cache_admin_service_pb2_grpc import add_CacheAdminServiceServicer_to_server
from tenkay.query.v1.query_service_pb2_grpc import add_QueryServiceServicer_to_server
from tenkay.runtime.server import ServerScope, run
from tenkay.runtime.settings import load_settings
from tenkay_query import cache_admin_servicer, metrics
from tenkay_query.admission.caller_limits import CallerLimits
from tenkay_query.admission.callers import Callers
from tenkay_query.admission.fair_places import FairPlaces
from tenkay_query.admission.store_slots import StoreSlots
from tenkay_query.asked_most import AskedMost
from tenkay_query.asked_questions import AskedQuestions
from tenkay_query.cache.answers import Answers
from tenkay_query.cache.breaker import Breaker
from tenkay_query.cache.coherence import Coherence
from tenkay_query.cache.entry_lock import EntryLock
from tenkay_query.cache.feed_follower import FeedFollower
from tenkay_query.cache.invalidation import Invalidation
from tenkay_query.cache.near_cache import NearCache
from tenkay_query.cache.redis_admin import RedisAskedLedger, RedisWatch
from tenkay_query.cache.redis_cache import SHARED_KEYS, RedisAnswerCache, RedisFeedLedger, open_redis
from tenkay_query.cache.redis_pipeline import RedisPipeline
from tenkay_query.cache.tracking import Tracking
from tenkay_query.cache_admin_servicer import CacheAdminServicer, Observed
from tenkay_query.change_hub import ChangeHub
from tenkay_query.hot_reads import HotReads
from tenkay_query.metrics import AnswerMetrics, StateMetrics
from tenkay_query.servicer import FULL_NAME, METHODS, QueryServicer
from tenkay_query.settings import QuerySettings
from tenkay_query.store_clients import StoreClients
from tenkay_query.store_reader import StoreFeed, StoreReader
from tenkay_query.warming.warmer import Warmer

FOLLOWER_PATIENCE_SECONDS = 1.0
"""The follower's commands may take this long: nobody waits for them."""
ADMIN_PATIENCE_SECONDS = 2.0
"""The same of what is asked for the running of the cache: statistics, warming, invalidation."""
ADMIN_CONNECTIONS = 4


async def build(scope: ServerScope, settings: QuerySettings) -> None:
    """Puts the service together."""
    requests_redis = open_redis(
        settings.redis_url,
        timeout_seconds=settings.redis_timeout_seconds,
        max_connections=settings.redis_connections,
    )
    scope.defer(requests_redis.aclose)
    follower_redis = open_redis(
        settings.redis_url, timeout_seconds=FOLLOWER_PATIENCE_SECONDS, max_connections=2
    )
    scope.defer(follower_redis.aclose)
    admin_redis = open_redis(
        settings.redis_url, timeout_seconds=ADMIN_PATIENCE_SECONDS, max_connections=ADMIN_CONNECTIONS
    )
    scope.defer(admin_redis.aclose)
    store = StoreClients.of(store_endpoint(settings))
    scope.defer(store.close)

    pipeline = RedisPipeline.of(
        settings.redis_url, SHARED_KEYS, timeout_seconds=settings.redis_timeout_seconds
    )
    scope.defer(pipeline.close)
    cache = RedisAnswerCache(
        requests_redis,
        pipeline,
        Breaker(settings.breaker_failures, metrics.BREAKER_OPEN.set),
        max_entry_bytes=settings.max_entry_bytes,
    )
    near = NearCache(settings.near_limits)
    coherence = Coherence(near, grace_seconds=settings.feed_grace_seconds)
    ledger = RedisFeedLedger(follower_redis, grace_seconds=settings.feed_grace_seconds)
    follower = FeedFollower(StoreFeed(store.feed), ledger, settings.follow_policy, coherence)
    tracking = Tracking(
        settings.redis_url,
        coherence,
        ping_seconds=settings.tracking_ping_seconds,
        patience_seconds=settings.tracking_patience_seconds,
    )
    slots = StoreSlots(
        FairPlaces(settings.store_concurrency, settings.store_queue), settings.store_queue_seconds
    )
    answers = Answers(
        cache,
        StoreReader(store),
        follower,
        settings.cache_policy,
        lock=EntryLock(cache, lock_seconds=settings.lock_seconds, wait_seconds=settings.lock_wait_seconds),
        slots=slots,
        stamp=near.stamp,
        random=random,
    )
    scope.defer(answers.close)
    scope.spawn(tracking.run(), "redis-tracking")
    scope.spawn(coherence.watch(lambda: follower.cut_off_seconds), "coherence")
    scope.spawn(follower.run(), "feed-follower")
    scope.spawn(cache.probe(settings.breaker_probe_seconds), "redis-probe")
    callers = Callers(CallerLimits(settings.caller_limit, settings.caller_table))
    asked = AskedQuestions(
        AskedMost(settings.asked_questions, settings.asked_half_life_seconds, time.monotonic()),
        RedisAskedLedger(
            admin_redis, most=settings.asked_questions, half_life_seconds=settings.asked_half_life_seconds
        ),
        every=settings.asked_sample,
    )
    counts = AnswerMetrics(near)
    hot = HotReads(near, answers, counts, asked, callers)
    warmer = Warmer(
        hot,
        METHODS,
        asked,
        slots,
        per_second=settings.warm_per_second,
        at_once=settings.warm_concurrency,
        companies=settings.warm_companies,
    )
    hub = ChangeHub(store.feed, settings.hub_limits)
    scope.spawn(hub.run(), "change-hub")
    watch = RedisWatch(admin_redis)
    StateMetrics(slots, callers, lambda: watch.state)
    scope.on_drain(warmer.stop)
    scope.defer(asked.tell)
    scope.spawn(asked.run(settings.asked_tell_seconds), "asked-questions")
    scope.spawn(watch.run(settings.redis_state_seconds), "redis-state")
    scope.spawn(
        warmer.run_now_and_then(
            settings.warm_order,
            on_start=settings.warm_on_start,
            every_seconds=settings.warm_every_seconds or None,
            is_ready=lambda: near.is_open,
        ),
        "cache-warmer",
    )
    scope.add(
        add_QueryServiceServicer_to_server,
        QueryServicer(hot, store, callers, slots, hub, export_idle_seconds=settings.export_idle_seconds),
        FULL_NAME,
    )
    scope.add(
        add_CacheAdminServiceServicer_to_server,
        CacheAdminServicer(
            Observed(near, counts, asked, slots, callers, watch),
            METHODS,
            warmer,
            settings.warm_order,
            Invalidation(admin_redis),
            coherence,
        ),
        cache_admin_servicer.FULL_NAME,
    )


def store_endpoint(settings: QuerySettings) -> Endpoint:
    """Where the store is: plaintext by name only, as this service itself."""
    tls = Tls(settings.store_ca, settings.tls_certificate, settings.tls_key)
    return Endpoint(
        settings.store_address, plaintext=settings.insecure, tls=None if settings.insecure else tls
    )


def main() -> None:
    """The entry point."""
    settings = load_settings(QuerySettings)
    run("query", settings, lambda scope: build(scope, settings))


if __name__ == "__main__":
    main()
