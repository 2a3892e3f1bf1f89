"""Letting a call in that is not answered from this process's memory, by who calls.

The caller is the identity that the server's wrapper found. Those without one fall under the address they come from,
without its port: one machine, one pod, or one proxy for all behind it, is one caller.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from tenkay.errors import Reason, failure
from tenkay.runtime.call import CURRENT_CALLER
from tenkay_query import metrics
from tenkay_query.admission.caller_limits import CallerCause, CallerLimits, TurnedAway

_WORDS = {
    CallerCause.CONCURRENCY: "as many of your calls run as one caller may have; wait for some to end",
    CallerCause.RATE: "you have asked as often as one caller may; slow down",
}


class Peer(Protocol):
    """A gRPC call, as far as it says where it comes from."""

    def peer(self) -> str:
        """As "ipv4:10.0.0.7:51234", "ipv6:%5B::1%5D:51234" or "unix:"."""


def caller_of(call: Peer) -> str:
    """Who calls, as the limits count."""
    identity = CURRENT_CALLER.get()
    if identity is not None:
        return f"identity:{identity}"
    peer = call.peer()
    return peer.rpartition(":")[0] if peer.startswith(("ipv4:", "ipv6:")) else peer


class Callers:
    """For one event loop."""

    def __init__(self, limits: CallerLimits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock

    def __len__(self) -> int:
        return len(self._limits)

    @contextlib.contextmanager
    def entered(self, call: Peer) -> Iterator[None]:
        """Counts the call while the block runs. TOO_MANY_CALLS when its caller is over its limit."""
        state = self._limits.enter(caller_of(call), self._clock())
        if isinstance(state, TurnedAway):
            metrics.CALLERS_REFUSED.labels(state.cause).inc()
            raise failure(Reason.TOO_MANY_CALLS, _WORDS[state.cause], retry_after=state.retry_after)
        try:
            yield
        finally:
            self._limits.leave(state)
