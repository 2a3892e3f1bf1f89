"""Leaves a sink alone for a while after it failed several times in a row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OPENED, Context, OpenedState

from tenkay_store.domain.sink import BreakerLimits, BreakerOpen, Remedy, SinkFailure


class SinkBreaker:
    """`sink.Breaker` by purgatory. Only failures that call for a retry count: a bad row or a wrong key says nothing
    about whether the sink is up."""

    def __init__(self, name: str, limits: BreakerLimits) -> None:
        self._name = name
        self._factory = AsyncCircuitBreakerFactory(
            default_threshold=limits.failures,
            default_ttl=limits.seconds,
            exclude=[(SinkFailure, lambda failure: failure.remedy is not Remedy.RETRY)],
        )
        self._context: Context | None = None

    @property
    def is_open(self) -> bool:
        """Whether the sink is left alone."""
        return self._context is not None and self._context.state == OPENED

    async def call(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work and count how it ended. BreakerOpen, and nothing done, while the sink is left alone."""
        breaker = await self._factory.get_breaker(self._name)
        self._context = breaker.context
        try:
            async with breaker:
                await work()
        except OpenedState as opened:
            raise BreakerOpen(str(opened)) from opened
