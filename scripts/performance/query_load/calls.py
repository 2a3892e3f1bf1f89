"""What became of each call, in arrays: so many are made that objects would be in the way."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

OK, NOT_SENT, WRONG_ANSWER = "OK", "NOT_SENT", "WRONG_ANSWER"
LATE_SECONDS = 0.01
"""A call that is sent later than this after its time is counted as late: the load came from a busy machine."""


@dataclass(slots=True)
class Calls:
    """Recorded calls. Times are seconds from the run's start."""

    intended: NDArray[np.float64]
    """When each was to be sent: latencies count from here, whenever it was sent."""
    sent: NDArray[np.float64]
    done: NDArray[np.float64]
    method: NDArray[np.int16]
    """Place in `methods`."""
    outcome: NDArray[np.int16]
    """Place in `outcomes`: OK, the reason of an error, or WRONG_ANSWER."""
    hit: NDArray[np.bool_]
    """Answered from the cache."""
    methods: list[str]
    outcomes: list[str] = field(default_factory=lambda: [OK])

    @classmethod
    def planned(cls, intended: NDArray[np.float64], methods: list[str]) -> Calls:
        """As many as are intended, none of them made."""
        count = len(intended)
        return cls(
            intended=intended,
            sent=np.full(count, np.nan),
            done=np.full(count, np.nan),
            method=np.zeros(count, np.int16),
            outcome=np.zeros(count, np.int16),
            hit=np.zeros(count, np.bool_),
            methods=methods,
        )

    def record(self, place: int, sent: float, done: float, outcome: str, *, hit: bool = False) -> None:
        """A call has ended."""
        if outcome not in self.outcomes:
            self.outcomes.append(outcome)
        self.sent[place], self.done[place] = sent, done
        self.outcome[place] = self.outcomes.index(outcome)
        self.hit[place] = hit

    @property
    def ok(self) -> NDArray[np.bool_]:
        """Those that were answered, and rightly."""
        right: NDArray[np.bool_] = ~np.isnan(self.done) & (self.outcome == 0)
        return right

    @property
    def latency(self) -> NDArray[np.float64]:
        """Seconds from the intended moment."""
        return self.done - self.intended

    @property
    def late(self) -> NDArray[np.bool_]:
        """Those that were sent late."""
        return (self.sent - self.intended) > LATE_SECONDS

    def between(self, start: float, end: float) -> NDArray[np.bool_]:
        """Those that were to be sent in this time."""
        return (self.intended >= start) & (self.intended < end)
