"""How long answers are kept, and how long is waited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tenkay_query.question import Kind, Question


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What the read path asks of the settings."""

    ttl_seconds: Mapping[Kind, float]
    negative_seconds: float
    max_staleness_seconds: float
    """How old an answer over many companies may be when its question does not say."""
    jitter: float
    """Share by which times to live vary, so that what was stored together does not end together."""
    compress_over_bytes: int
    """Larger bodies are kept compressed."""
    max_body_bytes: int
    """Larger bodies are not kept."""
    follower_wait_seconds: float
    """How long a read waits for the feed when the caller has seen a newer state, before it goes to the store."""
    store_seconds: float
    """Longest time one question to the store may take, whatever time its callers have."""
    patience_seconds: float
    """How long a read waits for the store when the feed is silent and it has a last known answer."""
    outage_seconds: float
    """How long after the feed was last followed its last known answers are given while the store does not answer."""

    def staleness_seconds(self, question: Question[object]) -> float:
        """How old an answer to `question`, over many companies, may be."""
        asked = question.max_staleness_seconds
        return self.max_staleness_seconds if asked is None else asked

    def seconds_to_keep(self, kind: Kind, *, is_negative: bool, drawn: float) -> float:
        """How long an entry lives. `drawn` is uniform in [0, 1)."""
        seconds = self.ttl_seconds[kind]
        if is_negative:
            seconds = min(seconds, self.negative_seconds)
        return seconds * (1 + self.jitter * (2 * drawn - 1))
