"""Query's settings, from the environment: TENKAY_QUERY_…"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from tenkay.identifiers import MAX_CIK
from tenkay.runtime.settings import ServiceSettings
from tenkay_query.admission.caller_limits import CallerLimit
from tenkay_query.cache.feed_follower import FollowPolicy
from tenkay_query.cache.near_cache import NearLimits
from tenkay_query.cache.policy import CachePolicy
from tenkay_query.change_hub import HubLimits
from tenkay_query.question import Kind
from tenkay_query.warming.plan import MOST_COMPANIES, MOST_FILINGS, MOST_QUESTIONS, WarmOrder

HOUR = 3600.0
DAY = 24 * HOUR
WEEK = 7 * DAY


class QuerySettings(ServiceSettings):
    """All settings of query."""

    model_config = SettingsConfigDict(env_prefix="TENKAY_QUERY_")

    store_address: str = Field(min_length=1)
    """The store: "host:port", or any gRPC target."""

    store_ca: Path | None = None
    """PEM bundle the store's certificate must come from. Unset: the system's. Not used when insecure."""

    redis_url: str = "redis://127.0.0.1:6379/0"
    """The Redis of the cache, shared by all query processes. One that may evict, not the broker's."""

    redis_timeout_seconds: float = Field(default=0.1, gt=0, le=1)
    """Longest wait for Redis, past which the store is asked. An entry is given up within a quarter more, together with
    all that is under way on the connection; a lock is tried once more."""

    redis_connections: int = Field(default=64, ge=1, le=10_000)
    """Connections to Redis at most for locks and the breaker's probe. Entries are read and written over one more; the
    follower, tracking and the admin calls have a few of their own."""

    breaker_failures: int = Field(default=5, ge=1, le=1000)
    """Failures of Redis in a row after which it is not asked until it answers again."""

    breaker_probe_seconds: float = Field(default=0.5, gt=0, le=60)
    """How often Redis is asked whether it is back."""

    near_entries: int = Field(default=50_000, ge=0, le=10_000_000)
    """Answers kept in this process, in front of Redis. 0: none are."""

    near_bytes: int = Field(default=128 * 1024 * 1024, ge=0)
    """What they may take together. One of them a twentieth at most."""

    near_ttl_seconds: float = Field(default=300.0, ge=0.1, le=DAY)
    """How long one stays at most, whatever was or was not heard of changes."""

    tracking_ping_seconds: float = Field(default=0.3, gt=0, le=10)
    """How often the connection that tells of changes is asked for a sign of life."""

    tracking_patience_seconds: float = Field(default=0.5, gt=0, le=10)
    """How long it may take over that; then nothing is kept in this process until it is there again."""

    compress_over_bytes: int = Field(default=8192, ge=0)
    """Larger answers are kept compressed in Redis, with zstd."""

    lock_seconds: float = Field(default=1.0, ge=0.1, le=60)
    """How long an expensive question waits for a process that died while it asked the store. A living one renews it."""

    lock_wait_seconds: float = Field(default=5.0, ge=0, le=600)
    """How long an expensive question waits for another process's answer before it goes to the store itself."""

    store_concurrency: int = Field(default=32, ge=1, le=10_000)
    """Questions to the store at once, of all classes of work."""

    store_queue: int = Field(default=1000, ge=0, le=100_000)
    """Reads that wait for a place at the store; of other classes half or a tenth of it. One more is answered
    TOO_MANY_CALLS."""

    store_queue_seconds: float = Field(default=2.0, gt=0, le=600)
    """How long one waits for it; then it is answered TOO_MANY_CALLS."""

    export_idle_seconds: float = Field(default=30, gt=0, le=3600)
    """How long an export waits for its caller to take the next part of 256 KB. Then it gives its place at the store
    back and is answered STREAM_NOT_READ. Keep it below TENKAY_STORE_EXPORT_IDLE_SECONDS."""

    caller_concurrency: int = Field(default=1000, ge=1, le=100_000)
    """Calls of one caller at once that the process's memory has no answer for; one more is answered TOO_MANY_CALLS."""

    caller_per_second: float = Field(default=5000.0, gt=0, le=1_000_000)
    """Such calls of one caller a second."""

    caller_burst: int = Field(default=5000, ge=1, le=1_000_000)
    """Such calls that a caller which was silent may make at once."""

    caller_table: int = Field(default=10_000, ge=1, le=1_000_000)
    """Callers with limits of their own at once; more share one."""

    asked_sample: int = Field(default=16, ge=1, le=1000)
    """Of the process's own hits, one in so many is looked at for what is asked most and how old answers are."""

    asked_questions: int = Field(default=1000, ge=10, le=100_000)
    """Questions counted for what is asked most, in each process and in Redis."""

    asked_half_life_seconds: float = Field(default=HOUR, ge=1, le=WEEK)
    """How long until a question counts half as much."""

    asked_tell_seconds: float = Field(default=10.0, ge=0.1, le=HOUR)
    """How often a process tells Redis what it was asked."""

    warm_on_start: bool = True
    """Fill the cache when the process starts."""

    warm_every_seconds: float = Field(default=600.0, ge=0, le=WEEK)
    """How often to fill the cache. 0: never but at the start and by WarmCache."""

    warm_questions: int = Field(default=200, ge=0, le=MOST_QUESTIONS)
    """How many of the questions asked most the cache is filled with."""

    warm_companies: int = Field(default=20, ge=0, le=MOST_COMPANIES)
    """Of how many of the companies that these questions are about the latest filings are filled in too."""

    warm_filings: int = Field(default=4, ge=0, le=MOST_FILINGS)
    """Latest filings of each company to fill in."""

    warm_per_second: float = Field(default=50.0, gt=0, le=10_000)
    """Questions a second with which the cache is filled, at most."""

    warm_concurrency: int = Field(default=4, ge=1, le=100)
    """Questions at once with which the cache is filled."""

    watchers: int = Field(default=1000, ge=1, le=100_000)
    """Callers of WatchCompanies at once; one more is answered TOO_MANY_CALLS."""

    watch_recent_changes: int = Field(default=10_000, ge=100, le=1_000_000)
    """Newest changes of the store held for them: whoever goes on from among these costs it no stream."""

    watch_catch_ups: int = Field(default=8, ge=1, le=1000)
    """Watchers at once that go on from before these, each on a stream of its own until it is there. They, and two
    streams that each process has, count among the store's TENKAY_STORE_FEED_FOLLOWERS."""

    watch_list: str = ""
    """CIKs, with commas, of companies whose latest filings the cache is filled with."""

    redis_state_seconds: float = Field(default=15.0, ge=1, le=HOUR)
    """How often Redis is asked how it fares, for the metrics."""

    max_entry_bytes: int = Field(default=1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    """Largest answer that is kept; larger ones come from the store each time."""

    ttl_filing_seconds: float = Field(default=WEEK, ge=1, le=WEEK)
    """How long the answers of GetFiling are kept."""

    ttl_signals_seconds: float = Field(default=WEEK, ge=1, le=WEEK)
    """How long the answers of GetSignals and GetAnalysis are kept."""

    ttl_company_summary_seconds: float = Field(default=DAY, ge=1, le=WEEK)
    """How long the answers of GetCompanySummary are kept."""

    ttl_query_result_seconds: float = Field(default=HOUR, ge=1, le=WEEK)
    """How long the answers of ListFilings are kept. Without a company they are also held to max_staleness_seconds."""

    ttl_aggregation_seconds: float = Field(default=15 * 60.0, ge=1, le=WEEK)
    """How long the answers of ScreenFilings are kept; they are also held to max_staleness_seconds."""

    ttl_jitter: float = Field(default=0.1, ge=0, le=0.5)
    """Share by which these times vary, either way."""

    ttl_negative_seconds: float = Field(default=30.0, ge=0.1, le=HOUR)
    """How long it is remembered that there is no such filing, company or analysis."""

    max_staleness_seconds: float = Field(default=60.0, ge=0.1, le=HOUR)
    """How old an answer over many companies may be when its caller does not say."""

    follower_wait_seconds: float = Field(default=0.025, ge=0, le=5)
    """How long a read that asks for a newer state waits for the change feed, before it goes to the store."""

    store_seconds: float = Field(default=10.0, gt=0, le=600)
    """Longest time of one question to the store."""

    feed_heartbeat_seconds: float = Field(default=1.0, gt=0, le=10)
    """How often it is noted in Redis that the change feed is followed."""

    feed_grace_seconds: float = Field(default=5.0, gt=0, le=600)
    """How long that note lasts: when the feed is cut off, entries about filings and companies are served no longer."""

    feed_silence_seconds: float = Field(default=15.0, gt=0, le=600)
    """A feed that says nothing for longer counts as cut off. It gives a sign of life every ten seconds."""

    patience_seconds: float = Field(default=1.0, gt=0, le=60)
    """How long a read waits for the store when the feed is silent and it has a last known answer."""

    outage_seconds: float = Field(default=HOUR, ge=0, le=WEEK)
    """How long after the feed was last followed its last known answers are given while the store does not answer."""

    @property
    def cache_policy(self) -> CachePolicy:
        """What the read path needs of these."""
        return CachePolicy(
            ttl_seconds={
                Kind.FILING: self.ttl_filing_seconds,
                Kind.SIGNALS: self.ttl_signals_seconds,
                Kind.COMPANY_SUMMARY: self.ttl_company_summary_seconds,
                Kind.QUERY_RESULT: self.ttl_query_result_seconds,
                Kind.AGGREGATION: self.ttl_aggregation_seconds,
            },
            negative_seconds=self.ttl_negative_seconds,
            max_staleness_seconds=self.max_staleness_seconds,
            jitter=self.ttl_jitter,
            compress_over_bytes=self.compress_over_bytes,
            max_body_bytes=self.max_entry_bytes,
            follower_wait_seconds=self.follower_wait_seconds,
            store_seconds=self.store_seconds,
            patience_seconds=self.patience_seconds,
            outage_seconds=self.outage_seconds,
        )

    @property
    def caller_limit(self) -> CallerLimit:
        """What one caller may ask."""
        return CallerLimit(self.caller_concurrency, self.caller_per_second, self.caller_burst)

    @property
    def hub_limits(self) -> HubLimits:
        """What is held for watchers."""
        return HubLimits(self.watchers, self.watch_recent_changes, self.watch_catch_ups)

    @property
    def watched_ciks(self) -> tuple[int, ...]:
        """The companies of the watch list."""
        return tuple(int(part) for part in self.watch_list.split(",") if part.strip())

    @property
    def warm_order(self) -> WarmOrder:
        """What the cache is filled with when nobody says."""
        return WarmOrder(
            questions=self.warm_questions,
            ciks=self.watched_ciks,
            filings_per_company=self.warm_filings,
            per_second=self.warm_per_second,
        )

    @property
    def near_limits(self) -> NearLimits:
        """What a process keeps for itself."""
        return NearLimits(self.near_entries, self.near_bytes, self.near_ttl_seconds)

    @property
    def follow_policy(self) -> FollowPolicy:
        """What the follower needs of these."""
        return FollowPolicy(
            heartbeat_seconds=self.feed_heartbeat_seconds, silence_seconds=self.feed_silence_seconds
        )

    @field_validator("watch_list")
    @classmethod
    def _are_ciks(cls, value: str) -> str:
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if not all(part.isascii() and part.isdigit() and 0 < int(part) <= MAX_CIK for part in parts):
            raise ValueError("give CIKs with commas between them, as in 320193,789019")
        if len(parts) > MOST_COMPANIES:
            raise ValueError(f"{len(parts)} companies are named; {MOST_COMPANIES} are the most")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: str) -> str:
        if urlsplit(value).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("give a redis://, rediss:// or unix:// address")
        return value
