"""When calls are to be sent: a schedule that does not wait for answers.

Arrivals at random with a rate of their own (Poisson), since callers who do not know of each other arrive so. A schedule
follows from its seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_CALLS = 5_000_000
"""No schedule is longer: a run is bounded in count as well as in time."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A time with one rate."""

    seconds: float
    rate: float
    """Calls a second."""


def poisson(stages: Sequence[Stage], seed: int) -> NDArray[np.float64]:
    """Seconds from the start at which calls are to be sent, in order."""
    _check(stages)
    draw = np.random.default_rng(seed)
    parts, start = [], 0.0
    for stage in stages:
        count = draw.poisson(stage.rate * stage.seconds)
        parts.append(start + np.sort(draw.random(count)) * stage.seconds)
        start += stage.seconds
    return np.concatenate(parts) if parts else np.empty(0)


def evenly(stages: Sequence[Stage]) -> NDArray[np.float64]:
    """The same with equal spaces within a stage, and at least one call in each."""
    _check(stages)
    parts, start = [], 0.0
    for stage in stages:
        count = max(1, int(stage.rate * stage.seconds))
        parts.append(start + (np.arange(count) + 0.5) * (stage.seconds / count))
        start += stage.seconds
    return np.concatenate(parts) if parts else np.empty(0)


def ramp(low: float, high: float, steps: int, seconds: float) -> list[Stage]:
    """From one rate to another in steps that grow by the same factor."""
    if steps == 1:
        return [Stage(seconds, high)]
    factor = (high / low) ** (1 / (steps - 1))
    return [Stage(seconds, low * factor**step) for step in range(steps)]


def spike(base: float, times: float, seconds: float) -> list[Stage]:
    """A base rate, a sixth of the time so many times as much, then the base rate again."""
    return [Stage(seconds / 3, base), Stage(seconds / 6, base * times), Stage(seconds / 2, base)]


def _check(stages: Sequence[Stage]) -> None:
    calls = sum(stage.rate * stage.seconds for stage in stages)
    if calls > MOST_CALLS:
        raise ValueError(f"{calls:,.0f} calls are more than {MOST_CALLS:,}: take a lower rate or less time")
