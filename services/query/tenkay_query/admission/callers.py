"""Letting a call in that is not answered from this process's memory, by who calls.

The caller is the identity that the server's wrapper found. Those without one fall under the address they come from,
without its port: one machine, one pod, or one proxy for all behind it, is one caller.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from tenkay.errors import Reason, failure
from tenkay.runtime.call import CURRENT_CALLER
from tenkay_query import metrics
from tenkay_query.admission.caller_limits import CallerCause, CallerLimits, CallerState, TurnedAway

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

    def entered(self, call: Peer) -> _Entered:
        """Counts the call until the block around it ends. TOO_MANY_CALLS when its caller is over its limit."""
        state = self._limits.enter(caller_of(call), self._clock())
        if isinstance(state, TurnedAway):
            metrics.CALLERS_REFUSED.labels(state.cause).inc()
            raise failure(Reason.TOO_MANY_CALLS, _WORDS[state.cause], retry_after=state.retry_after)
        return _Entered(self._limits, state)


class _Entered:
    """A call that counts until its block ends. Not a generator: every call that Redis answers has one."""

    __slots__ = ("_limits", "_state")

    def __init__(self, limits: CallerLimits, state: CallerState) -> None:
        self._limits = limits
        self._state = state

    def __enter__(self) -> None:
        """It is counted already."""

    def __exit__(self, *_: object) -> None:
        self._limits.leave(self._state)
