"""Every metric of query."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import REGISTRY, Collector

from tenkay.runtime.metrics import counter, gauge, histogram
from tenkay_query.admission.work_class import WorkClass
from tenkay_query.ages import AGE_BOUNDS_SECONDS, Ages
from tenkay_query.cache.near_cache import NearCache
from tenkay_query.question import Kind, Level, Outcome

if TYPE_CHECKING:
    from tenkay_query.admission.callers import Callers
    from tenkay_query.admission.store_slots import StoreSlots
    from tenkay_query.cache.redis_admin import RedisState

BYPASSES = counter("tenkay_query_cache_bypasses", "Times the cache could not be used.", ("cause",))
FILLS = counter("tenkay_query_cache_fills", "Answers offered to the cache.", ("outcome",))
FLIGHTS_JOINED = counter("tenkay_query_flights_joined", "Callers that shared another one's question.")
LOCK_WAITS = counter(
    "tenkay_query_lock_waits", "Answers that another process had asked the store for meanwhile."
)
EARLY_REFRESHES = counter(
    "tenkay_query_early_refreshes", "Expensive answers made anew before their end.", ("outcome",)
)
STORE_CALLS = counter("tenkay_query_store_calls", "Questions asked of the store.", ("method",))
STORE_WAIT_SECONDS = histogram(
    "tenkay_query_store_wait_seconds",
    "Time waited for a place at the store, by those who had to.",
    ("class",),
)
STORE_REFUSED = counter(
    "tenkay_query_store_refused",
    "Questions turned away that the store had no place for in time.",
    ("class", "cause"),
)
CALLERS_REFUSED = counter(
    "tenkay_query_callers_refused", "Calls turned away of callers that were over their limits.", ("cause",)
)
WARMED = counter("tenkay_query_warmed", "Questions asked to fill the cache.", ("outcome",))
OUTAGE_ANSWERS = counter(
    "tenkay_query_outage_answers", "Answers last known to be true, given while the store did not answer."
)
REDIS_ERRORS = counter("tenkay_query_redis_errors", "Operations that Redis failed.", ("operation",))
REDIS_DAMAGED = counter(
    "tenkay_query_redis_damaged", "Times a key in Redis held what query cannot have written.", ("key",)
)
BREAKER_OPEN = gauge("tenkay_query_redis_breaker_open", "1 while Redis is not asked, else 0.")
TRACKING = gauge("tenkay_query_tracking", "1 while Redis tells which generations change, else 0.")
FEED_CHANGES = counter("tenkay_query_feed_changes", "Changes applied to the generations.")
FEED_SILENT_SECONDS = gauge(
    "tenkay_query_feed_silent_seconds", "Time since the change feed last said something to this process."
)
NEW_EPOCHS = counter("tenkay_query_cache_drops", "Times all entries were made void.", ("cause",))
WATCHERS = gauge("tenkay_query_watchers", "Callers that watch companies.")
WATCH_CATCH_UPS = counter(
    "tenkay_query_watch_catch_ups",
    "Streams opened at the store for a watcher that lies behind what is held here.",
)
INVALIDATIONS = counter(
    "tenkay_query_cache_invalidations", "Times answers were made void by hand.", ("what",)
)


class AnswerMetrics(Collector):
    """What was answered, and the near cache's state, read when somebody asks: a hit only adds to plain numbers."""

    def __init__(self, near: NearCache) -> None:
        self._near = near
        self._answers: Tally[tuple[Kind, Outcome, Level]] = Tally()
        self.ages = {kind: Ages() for kind in Kind}
        REGISTRY.register(self)

    def count(self, kind: Kind, outcome: Outcome, level: Level) -> None:
        """One more answer or error, other than the near cache's."""
        self._answers[kind, outcome, level] += 1

    def age(self, kind: Kind, seconds: float, weight: int = 1) -> None:
        """An answer that the store gave so long ago was given, `weight` times as far as is known."""
        self.ages[kind].observe(seconds, weight)

    def answered(self, kind: Kind, level: Level, outcome: Outcome | None = None) -> int:
        """How many answers and errors of a kind came from a level, with this outcome or any."""
        if level is Level.PROCESS:
            return self._near.counts[kind].hits
        return sum(
            number
            for (of_kind, of_outcome, of_level), number in self._answers.items()
            if of_kind is kind and of_level is level and outcome in (None, of_outcome)
        )

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
        ages = HistogramMetricFamily(
            "tenkay_query_answer_age_seconds",
            "How long before they were given the store had given the answers; of this process's memory a sample.",
            labels=("kind",),
        )
        for kind, age in self.ages.items():
            bounds = [*map(str, AGE_BOUNDS_SECONDS), "+Inf"]
            ages.add_metric((kind,), list(zip(bounds, accumulate(age.counts), strict=True)), age.seconds)
        yield ages


class StateMetrics(Collector):
    """Who waits for the store and how Redis fares, read when somebody asks."""

    def __init__(
        self, slots: StoreSlots, callers: Callers, redis_state: Callable[[], RedisState | None]
    ) -> None:
        """`redis_state` answers None while Redis does not; then it has no series."""
        self._slots = slots
        self._callers = callers
        self._redis_state = redis_state
        REGISTRY.register(self)

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: `collect` says it."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The series as they stand."""
        holding = GaugeMetricFamily(
            "tenkay_query_store_holding", "Questions the store is asked now.", labels=("class",)
        )
        waiting = GaugeMetricFamily(
            "tenkay_query_store_waiting", "Questions that wait for a place at the store.", labels=("class",)
        )
        for work in WorkClass:
            holding.add_metric((work,), self._slots.holding(work))
            waiting.add_metric((work,), self._slots.waiting(work))
        yield from (holding, waiting)
        yield GaugeMetricFamily(
            "tenkay_query_callers", "Callers with limits of their own.", len(self._callers)
        )
        state = self._redis_state()
        if state is None:
            return
        yield GaugeMetricFamily("tenkay_query_redis_used_bytes", "Memory Redis uses.", state.used_bytes)
        yield GaugeMetricFamily("tenkay_query_redis_keys", "Keys Redis holds.", state.keys)
        yield CounterMetricFamily(
            "tenkay_query_redis_evicted_keys",
            "Keys Redis has evicted for want of memory.",
            state.evicted_keys,
        )


def total(of: Counter, **labels: str) -> int:
    """What a counter has counted, over all its series with these labels."""
    return int(
        sum(
            sample.value
            for metric in of.collect()
            for sample in metric.samples
            if sample.name.endswith("_total") and labels.items() <= sample.labels.items()
        )
    )
