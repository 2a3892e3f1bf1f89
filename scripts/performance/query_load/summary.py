"""From recorded calls to figures, and from figures to a verdict."""

from __future__ import annotations

import itertools
import math
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from query_load.calls import NOT_SENT, OK, Calls
from query_load.faults import KINDS, FaultSpan
from query_load.load import INGEST, LoadResult
from query_load.scenarios import HOUR, Scenario

OBJECTIVES = Path(__file__).resolve().parents[1] / "load_objectives.toml"
AFTER_FAULT_SECONDS = 10.0
"""So long after a fault its effects are the fault's."""
STORE_BACK_SECONDS = 3.0
"""So long after the store is back calls that need it may still fail: connections are made anew."""
PERCENTILES = (0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99, 100)
BEFORE_FAULT_SECONDS = 5.0
WINDOW_SECONDS = 1.0
IN_STEPS = (Scenario.RAMP, Scenario.INGEST)
"""Scenarios that go past what can be taken: their verdict is how far it went well."""
FEWEST_FOR_P99 = 100
"""Of fewer calls nothing is said about the slowest hundredth."""


@dataclass(frozen=True, slots=True)
class Objective:
    """One line of the verdict."""

    name: str
    bar: float
    value: float | None
    """None: it does not apply to this run."""
    is_met: bool


def read_objectives(file: Path = OBJECTIVES) -> Mapping[str, Mapping[str, float]]:
    """The stated objectives."""
    return tomllib.loads(file.read_text())


def summarise(result: LoadResult, scenario: Scenario, capacity: float | None) -> dict[str, Any]:
    """All figures of a load, as JSON takes them, with the verdict. `capacity` is in reads a second."""
    bars = read_objectives()
    if scenario is Scenario.SPIKE:
        began = result.plan.read[0].seconds
        result.spans.append(FaultSpan("spike", began, began + result.plan.read[1].seconds))
    steps = stages(result, bars) if scenario in IN_STEPS else []
    objectives = (
        _limits(steps, bars, scenario, capacity)
        if scenario in IN_STEPS
        else judge(result, bars, is_soak=scenario is Scenario.SOAK)
    )
    return {
        "stages": steps,
        "seconds": round(result.seconds, 1),
        "calls": sum(len(each.intended) for each in result.calls),
        "methods": {name: row for each in result.calls for name, row in by_method(each).items()},
        "late_sends": sum(int(each.late.sum()) for each in result.calls),
        "writes": {"done": result.written, "failed": dict(Counter(result.failed_writes))},
        "store_calls": result.store_calls,
        "faults": [
            {**asdict(span), "recovery_seconds": recovery_seconds(result, span)} for span in result.spans
        ],
        "memory": [{"at": round(each.at, 1), **each.bytes_by_process} for each in result.memory],
        "timeline": [timeline(each, result.seconds) for each in result.calls],
        "objectives": [asdict(each) for each in objectives],
        "passed": all(each.is_met for each in objectives),
    }


def figures(told: Mapping[str, Any]) -> dict[str, float]:
    """The figures of a load in the form that suites of benchmarks have: names and numbers."""
    named: dict[str, float | None] = {
        "seconds": told["seconds"],
        "calls": told["calls"],
        "calls_a_second": round(told["calls"] / told["seconds"], 1),
        "capacity": told["capacity"],
        "uncached_capacity": told["uncached_capacity"],
        "late_share": round(told["late_sends"] / told["calls"], 4),
        "objectives_missed": sum(not each["is_met"] for each in told["objectives"]),
    }
    met = [each["rate"] for each in itertools.takewhile(lambda each: each["is_met"], told["stages"])]
    if told["scenario"] == Scenario.INGEST:
        named["filings_an_hour"] = round(max(met, default=0.0) * HOUR)
    elif met:
        named["reads_a_second_in_time"] = max(met)
    for method, row in told["methods"].items():
        for which in ("p50", "p99", "p99.9"):
            named[f"{method}_{which.replace('.', '')}_ms"] = row["latency_ms"].get(which)
        named[f"{method}_failed"] = sum(row["errors"].values())
    for each in told["faults"]:
        named[f"{_name(each['name'])}_recovery_seconds"] = each["recovery_seconds"]
    return {name: value for name, value in named.items() if value is not None}


def _name(words: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", words)


def by_method(calls: Calls) -> dict[str, dict[str, Any]]:
    """Counts, errors by reason and percentiles of the latency in milliseconds, for each method that was called."""
    rows = {}
    for number, name in enumerate(calls.methods):
        own = calls.method == number
        ok = own & calls.ok
        if not own.any():
            continue
        outcomes = Counter(calls.outcomes[each] for each in calls.outcome[own & ~np.isnan(calls.done)])
        rows[name] = {
            "calls": int(own.sum()),
            "ok": int(ok.sum()),
            "errors": {reason: count for reason, count in outcomes.items() if reason != OK},
            "hit_share": round(float(calls.hit[ok].mean()), 4) if ok.any() else None,
            "latency_ms": _percentiles(calls.latency[own & ~np.isnan(calls.done)]),
        }
    return rows


def timeline(calls: Calls, seconds: float) -> dict[str, Any]:
    """By second: calls meant to be sent, answered and failed (by their end), hits, latencies of those meant then."""
    bins = np.arange(math.ceil(seconds) + 1)
    ended = ~np.isnan(calls.done)
    ok = calls.ok
    second = np.floor(calls.intended)
    own = [ended & (second == each) for each in bins[:-1]]
    return {
        "methods": calls.methods,
        "intended": np.histogram(calls.intended, bins)[0].tolist(),
        "ok": np.histogram(calls.done[ok], bins)[0].tolist(),
        "failed": np.histogram(calls.done[ended & ~ok], bins)[0].tolist(),
        "hits": np.histogram(calls.done[ok & calls.hit], bins)[0].tolist(),
        "p50_ms": [_percentile(calls.latency[each], 50) for each in own],
        "p99_ms": [_percentile(calls.latency[each], 99) for each in own],
    }


def stages(result: LoadResult, bars: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """Of each stage: its rate, what became of its calls, and whether it met the objectives: not, when it has too few
    calls of every method to tell."""
    calls = result.calls[0]
    start, rows = 0.0, []
    for stage in result.plan.read or result.plan.ingest:
        own = calls.between(start, start + stage.seconds)
        ended = own & ~np.isnan(calls.done)
        ok = own & calls.ok
        share = float(ok.sum() / own.sum()) if own.any() else None
        lines, is_judged = [_at_least("success share", bars["success"]["share"], share)], False
        for number, name in enumerate(calls.methods):
            of_method = calls.latency[ended & (calls.method == number)]
            if len(of_method) >= _fewest(name):
                is_judged = True
                lines.append(_at_most(name, bars["p99_ms"][name], _percentile(of_method, 99)))
        rows.append(
            {
                "rate": round(stage.rate, 3),
                "seconds": stage.seconds,
                "calls": int(own.sum()),
                "success_share": None if share is None else round(share, 5),
                "late_share": round(float(calls.late[own].mean()), 4) if own.any() else None,
                "p50_ms": _percentile(calls.latency[ended], 50),
                "p99_ms": _percentile(calls.latency[ended], 99),
                "is_met": is_judged and all(each.is_met for each in lines),
            }
        )
        start += stage.seconds
    return rows


# The verdict


def _limits(
    steps: Sequence[Mapping[str, Any]],
    bars: Mapping[str, Mapping[str, float]],
    scenario: Scenario,
    capacity: float | None,
) -> list[Objective]:
    limit = max(
        (each["rate"] for each in itertools.takewhile(lambda each: each["is_met"], steps)), default=0.0
    )
    if scenario is Scenario.INGEST:
        bar = bars["limits"]["ingest_filings_an_hour"]
        return [_at_least("filings an hour that are taken in time", bar, round(limit * HOUR))]
    share = None if capacity is None else round(limit / capacity, 3)
    return [
        _at_least("reads a second in time, by capacity", bars["limits"]["reads_share_of_capacity"], share),
        _at_least("reads a second in time", 0.0, round(limit, 1)),
    ]


def judge(result: LoadResult, bars: Mapping[str, Mapping[str, float]], *, is_soak: bool) -> list[Objective]:
    """Each objective that there is, with what the load came to."""
    counted, failed, in_redis, failed_in_redis, late, total = 0, 0, 0, 0, 0, 0
    for calls in result.calls:
        bad = ~calls.ok
        excused = _excused(calls, result.spans)
        redis = _in_faults(calls, [each for each in result.spans if each.name.startswith("redis-")])
        counted += int((~excused).sum())
        failed += int((bad & ~excused).sum())
        in_redis += int((redis & ~excused).sum())
        failed_in_redis += int((bad & redis & ~excused).sum())
        late += int(calls.late.sum())
        total += len(calls.intended)
    lines = [
        _at_least("success share", bars["success"]["share"], 1 - failed / counted if counted else None),
        _at_least(
            "success share in Redis faults",
            bars["success"]["share_in_redis_faults"],
            1 - failed_in_redis / in_redis if in_redis else None,
        ),
        _at_most("late share", bars["load"]["late_share"], late / total if total else None),
    ]
    for calls in result.calls:
        lines += _p99s(calls, result.spans, bars, is_soak=is_soak)
    for span in result.spans:
        lines.append(
            _at_most(
                f"recovery from {span.name}, s", bars["recovery"]["seconds"], recovery_seconds(result, span)
            )
        )
    if is_soak:
        lines.append(_at_most("failed calls", bars["soak"]["failed_calls"], float(failed)))
        lines += [
            _at_most(f"memory growth of {name}", bars["soak"]["memory_growth"], growth)
            for name, growth in memory_growth(result).items()
        ]
    return lines


def recovery_seconds(result: LoadResult, span: FaultSpan) -> float | None:
    """Seconds from the fault's end until the share of calls that are answered is as before; None when nobody called."""
    bar = read_objectives()["recovery"]["share"]
    calls = result.calls[0]
    earlier = _answered_share(calls, max(0.0, span.began - BEFORE_FAULT_SECONDS), span.began)
    if earlier is None:
        return None
    for start in np.arange(span.ended, calls.intended[-1] - WINDOW_SECONDS, 0.25):
        share = _answered_share(calls, start, start + WINDOW_SECONDS)
        if share is not None and share >= bar * earlier:
            return round(float(start - span.ended), 2)
    return math.inf


def memory_growth(result: LoadResult) -> dict[str, float]:
    """Of each process, from the second fifth of the time to the last one, as a share."""
    growth = {}
    for name in result.memory[0].bytes_by_process if result.memory else ():
        sizes = [each.bytes_by_process.get(name, 0) for each in result.memory]
        fifth = max(1, len(sizes) // 5)
        early, late = np.median(sizes[fifth : 2 * fifth] or sizes), np.median(sizes[-fifth:])
        growth[name] = round(float(late / early - 1), 4)
    return growth


def _answered_share(calls: Calls, start: float, end: float) -> float | None:
    """Good answers that came in a time, by calls that were meant to be sent in it."""
    meant = int(calls.between(start, end).sum())
    came = int((calls.ok & (calls.done >= start) & (calls.done < end)).sum())
    return came / meant if meant else None


def _p99s(
    calls: Calls, spans: Sequence[FaultSpan], bars: Mapping[str, Mapping[str, float]], *, is_soak: bool
) -> list[Objective]:
    lines = []
    in_faults = _in_faults(calls, spans)
    ended = ~np.isnan(calls.done) & ~_excused(calls, spans)
    sent = np.array([calls.outcomes[each] != NOT_SENT for each in calls.outcome], np.bool_)
    for number, name in enumerate(calls.methods):
        own = (calls.method == number) & ended & sent
        quiet = own & ~in_faults
        if quiet.sum() >= _fewest(name):
            bar = bars["soak"]["p99_ms"] if is_soak else bars["p99_ms"][name]
            lines.append(_at_most(f"{name} p99, ms", bar, _percentile(calls.latency[quiet], 99)))
    if (ended & in_faults).any():
        slow = _percentile(calls.latency[ended & in_faults], 99)
        lines.append(_at_most("p99 in faults, ms", bars["p99_ms_in_faults"]["any"], slow))
    return lines


def _fewest(method: str) -> int:
    """Calls of a method that say something about its slowest hundredth. Of the ingest's few, the slowest is taken."""
    return 1 if method == INGEST else FEWEST_FOR_P99


def _excused(calls: Calls, spans: Sequence[FaultSpan]) -> NDArray[np.bool_]:
    """Failed while the store could not answer."""
    excused = np.zeros(len(calls.intended), np.bool_)
    for span in spans:
        if span.name in KINDS and KINDS[span.name].takes_store:
            under = (calls.done >= span.began) & (calls.intended < span.ended + STORE_BACK_SECONDS)
            excused |= under & ~calls.ok
    return excused


def _in_faults(calls: Calls, spans: Sequence[FaultSpan]) -> NDArray[np.bool_]:
    inside = np.zeros(len(calls.intended), np.bool_)
    for span in spans:
        inside |= calls.between(span.began, span.ended + AFTER_FAULT_SECONDS)
    return inside


def _at_least(name: str, bar: float, value: float | None) -> Objective:
    return Objective(name, bar, value, value is None or value >= bar)


def _at_most(name: str, bar: float, value: float | None) -> Objective:
    return Objective(name, bar, value, value is None or value <= bar)


def _percentiles(seconds: NDArray[np.float64]) -> dict[str, float]:
    if not len(seconds):
        return {}
    values = np.percentile(seconds, PERCENTILES) * 1e3
    return {f"p{name:g}": round(float(value), 2) for name, value in zip(PERCENTILES, values, strict=True)}


def _percentile(seconds: NDArray[np.float64], which: float) -> float | None:
    return round(float(np.percentile(seconds, which)) * 1e3, 2) if len(seconds) else None
