"""Brings a load upon query and store, and says whether the stated objectives hold.

    load_test.py SCENARIO [--seconds N] [--rate R] [--faults LIST] [--seed N] [--json FILE] [--html FILE]
                          [--figures FILE]

Scenarios
    read     the recorded mix (recorded_mix.py) at one rate, with a write every two seconds
    ingest   new filings, from 100 an hour up to more than the machine can take
    both     the mix, and new filings at the rate that EDGAR allows, 36,000 an hour
    ramp     the mix at rising rates, past what the machine can take
    spike    the mix, for a sixth of the time at three times the rate
    soak     the mix at 80 % of the capacity, for ten minutes

A filing is an extraction of 125 signals and its analysis, committed to the store: fetching and extracting are not part
of it. Calls are sent at moments that do not depend on answers, and latencies count from those moments. The rate is a
share of the capacity unless it is given; the capacity is what 64 callers get who each ask as soon as they are answered,
from a warm cache, or from the store alone where there are faults.

Faults: NAME[@SECOND][:HOLD],… of redis-killed, redis-stopped, redis-filled, redis-flushed, redis-restarted,
store-restarted, query-restarted; "redis" for all five of Redis; spread over the run unless a second is given.

The stack (Valkey, a store filled with 2 M signals, two query processes) is started on loopback in a folder of its own,
and ended. With --query and --store the load goes to processes that run on loopback already, over a store that
`fill_store.py --signals 2000000 --evidence` has filled; there are no faults then. Objectives: load_objectives.toml.
Exit status: 0 when they are met, 1 else.

Figures, in what --figures writes
    seconds, calls, calls_a_second   of the load
    capacity           reads a second that 64 callers get from a warm cache, who each ask as soon as they are answered
    uncached_capacity  the same when nothing is cached: every question asked once
    late_share         share of calls that were sent more than 10 ms after their moment, since the machine was busy
    objectives_missed  lines of load_objectives.toml that were not met; the notes say which
    filings_an_hour    highest rate of ingest up to which the objectives hold
    reads_a_second_in_time   the same of a ramp
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark import machine
from fill_store import fill
from query_load.faults import PlannedFault
from query_load.faults import plan as plan_faults
from query_load.load import Loader
from query_load.page import page
from query_load.scenarios import Scenario, Sizes, load_of, usual_seconds
from query_load.summary import figures, summarise
from query_load.target import OwnStack, RunningProcesses, Target
from query_load.writes import FILLED_SIGNALS
from query_stack import QueryStack, StackPlan

LONGEST_SECONDS = 3600.0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenario", type=Scenario, choices=list(Scenario))
    parser.add_argument("--seconds", type=float, help="60; a soak: 600, a ramp: 240")
    parser.add_argument("--rate", type=float, help="reads a second; a ramp: the highest")
    parser.add_argument("--faults", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--query", nargs="+", metavar="HOST:PORT", help="query processes that run already")
    parser.add_argument("--store", metavar="HOST:PORT", help="their store")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--html", type=Path)
    parser.add_argument("--figures", type=Path, help="write what write_benchmarks.py takes")
    given = parser.parse_args()
    seconds = usual_seconds(given.scenario) if given.seconds is None else given.seconds
    if not 1 <= seconds <= LONGEST_SECONDS:
        parser.error(f"--seconds goes from 1 to {LONGEST_SECONDS:g}")
    try:
        planned = plan_faults(given.faults, seconds)
    except ValueError as error:
        parser.error(str(error))
    if bool(given.query) != bool(given.store) or (given.query and planned):
        parser.error("give --query and --store together, and no faults with them")
    plan = RunPlan(given.scenario, seconds, given.rate, planned, given.seed)
    if given.query:
        try:
            running = RunningProcesses(given.query, given.store)
        except ValueError as error:
            parser.error(str(error))
        told = uvloop.run(_run(running, plan))
    else:
        told = run_on_own_stack(plan)
    told["command"] = shlex.join(["python", "scripts/performance/load_test.py", *sys.argv[1:]])
    if given.json is not None:
        given.json.write_text(json.dumps(told) + "\n")
    if given.figures is not None:
        suite = f"load {plan.scenario}{', faults' if planned else ''}"
        missed = [
            f"missed: {each['name']} is {each['value']:g}, the bar {each['bar']:g}"
            for each in told["objectives"]
            if not each["is_met"]
        ]
        common = {name: told[name] for name in ("machine", "command", "date")}
        given.figures.write_text(
            json.dumps({"suite": suite, "figures": figures(told), "notes": missed, **common}) + "\n"
        )
    if given.html is not None:
        given.html.write_text(page(told))
    _print(told)
    return 0 if told["passed"] else 1


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What the command line says."""

    scenario: Scenario
    seconds: float
    rate: float | None
    faults: list[PlannedFault]
    seed: int


def run_on_own_stack(plan: RunPlan) -> dict[str, Any]:
    """One scenario on a stack of its own; what is written as JSON, without the command."""
    folder = Path(tempfile.mkdtemp(prefix="tenkay-load-"))
    try:
        print(f"filling a store with {FILLED_SIGNALS:,} signals", file=sys.stderr)
        fill(folder / "store", FILLED_SIGNALS, evidence=True)
        with QueryStack(StackPlan(folder / "run", store_folder=folder / "store")) as stack:
            return uvloop.run(_run(OwnStack(stack), plan))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _run(target: Target, plan: RunPlan) -> dict[str, Any]:
    async with Loader(target, plan.seed) as loader:
        print("asking every question once", file=sys.stderr)
        uncached = await loader.prepare()
        capacity = await loader.capacity()
        load = load_of(
            plan.scenario, Sizes(plan.seconds, plan.rate, capacity, uncached, plan.seed), plan.faults
        )
        print(
            f"reads/s at most: {capacity:,.0f} from the cache, {uncached:,.0f} past it; "
            f"{plan.scenario} for {plan.seconds:g} s",
            file=sys.stderr,
        )
        result = await loader.load(load)
    return {
        "suite": "load",
        "scenario": str(plan.scenario),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "seed": plan.seed,
        "capacity": round(capacity, 1),
        "uncached_capacity": round(uncached, 1),
        "rate": max(stage.rate for stage in (*load.read, *load.ingest)),
        **summarise(result, plan.scenario, capacity),
    }


def _print(told: dict[str, Any]) -> None:
    for name, row in told["methods"].items():
        latency = " ".join(f"{each} {row['latency_ms'].get(each, 0):.1f}" for each in ("p50", "p99", "p99.9"))
        errors = ", ".join(f"{count} {reason}" for reason, count in row["errors"].items()) or "no errors"
        print(f"{name:20} {row['calls']:>8,} calls, {errors}; ms: {latency}")
    for each in told["stages"]:
        print(f"{each['rate']:>10.2f}/s p99 {each['p99_ms']} ms, {'met' if each['is_met'] else 'missed'}")
    for each in told["objectives"]:
        if each["value"] is not None:
            print(
                f"{'met   ' if each['is_met'] else 'MISSED'} {each['name']}: {each['value']:g} (bar {each['bar']:g})"
            )


if __name__ == "__main__":
    raise SystemExit(main())
