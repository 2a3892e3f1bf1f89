"""Every metric of query."""

from __future__ import annotations

from tenkay.runtime.metrics import counter, gauge

ANSWERS = counter(
    "tenkay_query_answers",
    "Answers and errors given, by kind and by where they came from.",
    ("kind", "outcome"),
)
BYPASSES = counter("tenkay_query_cache_bypasses", "Times the cache could not be used.", ("cause",))
FILLS = counter("tenkay_query_cache_fills", "Answers offered to the cache.", ("outcome",))
FLIGHTS_JOINED = counter("tenkay_query_flights_joined", "Callers that shared another one's question.")
OUTAGE_ANSWERS = counter(
    "tenkay_query_outage_answers", "Answers last known to be true, given while the store did not answer."
)
REDIS_ERRORS = counter("tenkay_query_redis_errors", "Operations that Redis failed.", ("operation",))
BREAKER_OPEN = gauge("tenkay_query_redis_breaker_open", "1 while Redis is not asked, else 0.")
FEED_CHANGES = counter("tenkay_query_feed_changes", "Changes applied to the generations.")
FEED_SILENT_SECONDS = gauge(
    "tenkay_query_feed_silent_seconds", "Time since the change feed last said something to this process."
)
NEW_EPOCHS = counter("tenkay_query_cache_drops", "Times all entries were made void.", ("cause",))
