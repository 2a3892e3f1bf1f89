"""How much one caller may ask at once and a second, so that one of them does not take all there is.

The table of callers is bounded. A caller is forgotten only when that loses nothing: it has no call running and its
bucket is full again. When nobody can be forgotten, newcomers share one limit together until somebody can.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from tenkay_query.admission.rate import RateLimit

LOOKED_AT = 8
"""How many of the callers seen longest ago are looked at for one to forget."""


class CallerCause(StrEnum):
    """Why a caller is turned away."""

    CONCURRENCY = "caller_concurrency"
    RATE = "caller_rate"


@dataclass(frozen=True, slots=True)
class CallerLimit:
    """What one caller may ask."""

    at_once: int
    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """The caller is over its limit."""

    cause: CallerCause
    retry_after: float | None
    """Seconds. None: nobody knows, since it hangs on when the caller's own calls end."""


class CallerState:
    """What is known of a caller."""

    __slots__ = ("rate", "running")

    def __init__(self, limit: CallerLimit) -> None:
        self.running = 0
        self.rate = RateLimit(limit.per_second, limit.burst)


class CallerLimits:
    """See the module. `now` is in seconds, of any clock that does not go back."""

    def __init__(self, limit: CallerLimit, most_callers: int) -> None:
        self._limit = limit
        self._most = most_callers
        self._callers: OrderedDict[str, CallerState] = OrderedDict()
        self._others = CallerState(limit)

    def __len__(self) -> int:
        return len(self._callers)

    def enter(self, caller: str, now: float) -> CallerState | TurnedAway:
        """A call begins; give what this answers to `leave` when it ends."""
        state = self._state(caller, now)
        if state.running >= self._limit.at_once:
            return TurnedAway(CallerCause.CONCURRENCY, None)
        wait = state.rate.take(now)
        if wait > 0:
            return TurnedAway(CallerCause.RATE, wait)
        state.running += 1
        return state

    def leave(self, state: CallerState) -> None:
        """The call is over."""
        state.running -= 1

    def _state(self, caller: str, now: float) -> CallerState:
        state = self._callers.get(caller)
        if state is not None:
            self._callers.move_to_end(caller)
            return state
        if len(self._callers) >= self._most and not self._forget_one(now):
            return self._others
        state = self._callers[caller] = CallerState(self._limit)
        return state

    def _forget_one(self, now: float) -> bool:
        for caller, state in tuple(islice(self._callers.items(), LOOKED_AT)):
            if state.running == 0 and state.rate.is_full(now):
                del self._callers[caller]
                return True
        return False
