"""The scenarios: which load each brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from query_load.arrivals import Stage, ramp, spike
from query_load.faults import PlannedFault
from query_load.load import LoadPlan
from query_load.recorded_mix import WRITE_EVERY_SECONDS

HOUR = 3600.0
INGEST_RATES = (100, 1_000, 10_000, 36_000, 72_000, 144_000, 288_000)
"""Filings an hour, step by step. EDGAR's ten requests a second allow 36,000 at most."""
EDGAR_RATE = 36_000
RAMP_STEPS = 8
RAMP_OVER = 1.3
"""A ramp ends so much above what the stack can take, to show what happens there."""
SPIKE_TIMES = 3.0
SPIKE_BASE_SHARE = 0.3
USUAL_SHARE = 0.5
"""Of the capacity, unless a rate is given."""
SOAK_SHARE = 0.8


class Scenario(StrEnum):
    """Names on the command line."""

    READ = "read"
    INGEST = "ingest"
    BOTH = "both"
    RAMP = "ramp"
    SPIKE = "spike"
    SOAK = "soak"


USUAL_SECONDS = {
    Scenario.SOAK: 600.0,
    Scenario.RAMP: 240.0,  # in each step there must be more than a hundred screens, a hundredth of the reads
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the command line says, and what was measured."""

    seconds: float
    rate: float | None
    """Reads a second. None: a share of the capacity."""
    capacity: float
    """Reads a second from a warm cache."""
    uncached: float
    """Reads a second that the store answers."""
    seed: int


def usual_seconds(scenario: Scenario) -> float:
    """How long a scenario takes unless it is said."""
    return USUAL_SECONDS.get(scenario, 60.0)


def load_of(scenario: Scenario, sizes: Sizes, faults: Sequence[PlannedFault]) -> LoadPlan:
    """The load of a scenario."""
    share = SOAK_SHARE if scenario is Scenario.SOAK else USUAL_SHARE
    # Under faults the load is one that the store can carry alone: past that nothing could answer all.
    most = min(sizes.capacity, sizes.uncached) if faults else sizes.capacity
    rate = sizes.rate or most * share
    read: Sequence[Stage] = [Stage(sizes.seconds, rate)]
    ingest: Sequence[Stage] = []
    match scenario:
        case Scenario.INGEST:
            read, ingest = [], ingest_steps(sizes.seconds)
        case Scenario.BOTH:
            ingest = [Stage(sizes.seconds, EDGAR_RATE / HOUR)]
        case Scenario.RAMP:
            top = sizes.rate or most * RAMP_OVER
            read = ramp(top / 8, top, RAMP_STEPS, sizes.seconds / RAMP_STEPS)
        case Scenario.SPIKE:
            calm = sizes.rate or most * SPIKE_BASE_SHARE
            read = spike(calm, SPIKE_TIMES, sizes.seconds)
        case _:
            pass
    writes = None if scenario is Scenario.INGEST else WRITE_EVERY_SECONDS
    return LoadPlan(read=read, ingest=ingest, faults=faults, seed=sizes.seed, write_every_seconds=writes)


def ingest_steps(seconds: float) -> list[Stage]:
    """Each rate for as long as the others."""
    return [Stage(seconds / len(INGEST_RATES), each / HOUR) for each in INGEST_RATES]
