"""Every metric of query."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import REGISTRY, Collector

from tenkay.runtime.metrics import counter, gauge
from tenkay_query.cache.near_cache import NearCache
from tenkay_query.question import Kind, Level, Outcome

BYPASSES = counter("tenkay_query_cache_bypasses", "Times the cache could not be used.", ("cause",))
FILLS = counter("tenkay_query_cache_fills", "Answers offered to the cache.", ("outcome",))
FLIGHTS_JOINED = counter("tenkay_query_flights_joined", "Callers that shared another one's question.")
LOCK_WAITS = counter(
    "tenkay_query_lock_waits", "Answers that another process had asked the store for meanwhile."
)
EARLY_REFRESHES = counter(
    "tenkay_query_early_refreshes", "Expensive answers made anew before their end.", ("outcome",)
)
STORE_SHED = counter("tenkay_query_store_shed", "Questions that found no place at the store.", ("cause",))
OUTAGE_ANSWERS = counter(
    "tenkay_query_outage_answers", "Answers last known to be true, given while the store did not answer."
)
REDIS_ERRORS = counter("tenkay_query_redis_errors", "Operations that Redis failed.", ("operation",))
BREAKER_OPEN = gauge("tenkay_query_redis_breaker_open", "1 while Redis is not asked, else 0.")
TRACKING = gauge("tenkay_query_tracking", "1 while Redis tells which generations change, else 0.")
FEED_CHANGES = counter("tenkay_query_feed_changes", "Changes applied to the generations.")
FEED_SILENT_SECONDS = gauge(
    "tenkay_query_feed_silent_seconds", "Time since the change feed last said something to this process."
)
NEW_EPOCHS = counter("tenkay_query_cache_drops", "Times all entries were made void.", ("cause",))
INVALIDATIONS = counter(
    "tenkay_query_cache_invalidations", "Times answers were made void by hand.", ("what",)
)


class AnswerMetrics(Collector):
    """What was answered, and the near cache's state, read when somebody asks: a hit only adds to plain numbers."""

    def __init__(self, near: NearCache) -> None:
        self._near = near
        self._answers: Tally[tuple[Kind, Outcome, Level]] = Tally()
        REGISTRY.register(self)

    def count(self, kind: Kind, outcome: Outcome, level: Level) -> None:
        """One more answer or error, other than the near cache's."""
        self._answers[kind, outcome, level] += 1

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: `collect` says it."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The series as they stand."""
        near = self._near
        answers = CounterMetricFamily(
            "tenkay_query_answers",
            "Answers and errors given, by kind, by whether they were cached, and by the level they came from.",
            labels=("kind", "outcome", "level"),
        )
        for (kind, outcome, level), number in tuple(self._answers.items()):
            answers.add_metric((kind, outcome, level), number)
        hit_bytes = CounterMetricFamily(
            "tenkay_query_near_hit_bytes", "Bytes answered from this process's memory.", labels=("kind",)
        )
        for kind, hit in near.counts.items():
            answers.add_metric((kind, Outcome.HIT, Level.PROCESS), hit.hits)
            hit_bytes.add_metric((kind,), hit.bytes)
        events = CounterMetricFamily(
            "tenkay_query_near_events", "What happened in this process's memory.", labels=("event",)
        )
        for event, number in (
            ("miss", near.misses),
            ("behind", near.behind),
            ("fill", near.fills),
            ("refusal", near.refusals),
            ("invalidation", near.invalidations),
            ("eviction", near.evictions),
        ):
            events.add_metric((event,), number)
        yield from (answers, hit_bytes, events)
        yield GaugeMetricFamily("tenkay_query_near_entries", "Answers in this process's memory.", len(near))
        yield GaugeMetricFamily("tenkay_query_near_bytes", "What they take.", near.size_bytes)
        yield GaugeMetricFamily(
            "tenkay_query_near_open", "1 while answers are kept in this process, else 0.", int(near.is_open)
        )
