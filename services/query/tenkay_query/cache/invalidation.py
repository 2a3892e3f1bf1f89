"""Making cached answers void by hand: those about a filing, a company, of a kind, or all.

What voids them is a change of what they hang on, so nothing is searched for and no key is listed. Every process hears
of it as it does of a commit.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tenkay_query import metrics
from tenkay_query.cache import redis_keys
from tenkay_query.cache.envelope import EPOCH_BYTES
from tenkay_query.cache.ports import CacheLost
from tenkay_query.cache.redis_cache import GENERATION_SECONDS
from tenkay_query.cache.redis_scripts import VOID
from tenkay_query.question import Kind

MARK_BYTES = 8


class Invalidation:
    """Each method raises CacheLost when Redis did not do it; then nothing is known, and doing it again is right."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._void = redis.register_script(VOID)

    async def filing(self, accession_number: str) -> None:
        """Voids all answers about one filing: the filing, its signals, its analysis."""
        await self._generations([redis_keys.filing_generation(accession_number)])

    async def company(self, cik: int) -> None:
        """Voids all answers about one company: its summary, its list of filings. Not those about each filing."""
        await self._generations([redis_keys.company_generation(cik)])

    async def kind(self, kind: Kind) -> None:
        """Voids all answers of a kind."""
        await self._done(
            lambda: self._redis.set(redis_keys.kind_epoch(kind), os.urandom(EPOCH_BYTES)), kind.value
        )

    async def all(self) -> None:
        """Voids everything."""
        await self._done(lambda: self._redis.set(redis_keys.EPOCH, os.urandom(EPOCH_BYTES)), "all")

    async def _generations(self, keys: Sequence[str]) -> None:
        mark = os.urandom(MARK_BYTES).hex()
        await self._done(
            lambda: self._void(keys=[redis_keys.EPOCH, *keys], args=[mark, GENERATION_SECONDS]), "generation"
        )

    async def _done(self, command: Callable[[], Awaitable[Any]], what: str) -> None:
        try:
            await command()
        except (RedisError, OSError, TimeoutError) as error:
            metrics.REDIS_ERRORS.labels("invalidate").inc()
            raise CacheLost(str(error)) from error
        metrics.INVALIDATIONS.labels(what).inc()
