"""What query does under the recorded mix, under Redis' faults, and beside commits: figures for the suite `query`.

    mix_hit_rate           share of the mix's reads that come from the cache, after every question was asked once
    mix_reads_a_second, mix_failed_calls
                           half of what a warm cache can answer, and what failed of it
    mix_store_calls_share  reads that the store answers meanwhile / reads of the mix
    stale_answers          answers that were not true at the state they name, or were older than asked for: in the mix,
                           whose reads carry the client library's floor, and in a coherence check of its own
                           (scripts/quality/coherence_check.py) while Redis is flushed, restarted and evicts
    coherence_commits      commits of that check, for orientation
    visibility_p50_ms, visibility_p99_ms
                           from a commit's answer to the first read without a token that shows it, by filing and by
                           company, through both processes, while Redis is healthy
    cold_key_store_calls   calls of the store when 1,000 callers ask one process at once for what nobody asked before
    cold_aggregate_store_calls
                           calls of the store when 1,000 callers ask both processes at once for an aggregate
    redis_fault_failed_calls
                           reads of the mix that failed or were wrong while Redis was killed, stopped, filled, flushed
                           and restarted, at half the rate that the store alone can carry
    redis_fault_p99_ms     99th percentile of the latency then, from the moment a read was meant to be sent
    recovery_seconds       longest time from a fault's end until 0.9 of the earlier share of reads is answered again

They take about five minutes, so a quick run of the suite leaves them out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
from fill_store import fill
from query_load.arrivals import Stage
from query_load.calls import WRONG_ANSWER, Calls
from query_load.cold_keys import cold_aggregate, cold_read
from query_load.faults import OF_REDIS, plan
from query_load.load import Loader, LoadPlan, LoadResult
from query_load.scenarios import USUAL_SHARE
from query_load.summary import recovery_seconds
from query_load.target import OwnStack
from query_load.writes import FILLED_SIGNALS
from query_stack import QueryStack, StackPlan

from scripts.quality.coherence.check import CheckPlan, check

COLD_CALLERS = 1000
MIX_SECONDS, FAULTS_SECONDS = 60.0, 120.0
COMMITS = 2000
SEED = 1


def measure(folder: Path, note: Callable[[str], None]) -> dict[str, float]:
    """The figures. Files go into `folder`; servers run on loopback and end with the call."""
    fill(folder / "store", FILLED_SIGNALS, evidence=True)
    with QueryStack(StackPlan(folder / "mix", store_folder=folder / "store")) as stack:
        figures = asyncio.run(_loads(OwnStack(stack), note))
    outcome = asyncio.run(check(CheckPlan(commits=COMMITS), folder / "coherence"))
    for example in outcome.examples:
        note(example)
    figures["stale_answers"] += sum(outcome.found.values())
    seen = outcome.visibility_ms
    if "p99" in seen:
        figures |= {"visibility_p50_ms": seen["p50"], "visibility_p99_ms": seen["p99"]}
    else:
        note("visibility: no commit fell into a time without disturbances")
    return figures | {"coherence_commits": outcome.commits}


async def _loads(target: OwnStack, note: Callable[[str], None]) -> dict[str, float]:
    async with Loader(target, SEED) as loader:
        of_read = await cold_read(target, COLD_CALLERS)
        of_aggregate = await cold_aggregate(target, COLD_CALLERS)
        uncached = await loader.prepare()
        rate = await loader.capacity() * USUAL_SHARE
        mix = await loader.load(LoadPlan(read=[Stage(MIX_SECONDS, rate)], seed=SEED))
        faulty = await loader.load(
            LoadPlan(
                read=[Stage(FAULTS_SECONDS, min(rate, uncached * USUAL_SHARE))],
                faults=plan(",".join(OF_REDIS), FAULTS_SECONDS),
                seed=SEED + 1,
            )
        )
    reads, under_faults = mix.calls[0], faulty.calls[0]
    if mix.failed_writes or faulty.failed_writes:
        note(f"writes failed: {mix.failed_writes + faulty.failed_writes}")
    for name, calls in (("the mix", reads), ("Redis' faults", under_faults)):
        if (late := float(calls.late.mean())) > 0.05:
            note(f"{name}: {late:.0%} of the calls were sent late; the machine was busy")
    return {
        "mix_hit_rate": float(reads.hit[reads.ok].mean()),
        "mix_store_calls_share": (mix.store_calls or 0.0) / len(reads.intended),
        "mix_reads_a_second": rate,
        "stale_answers": float(_wrong(reads) + _wrong(under_faults)),
        "mix_failed_calls": float((~reads.ok).sum()),
        "cold_key_store_calls": of_read,
        "cold_aggregate_store_calls": of_aggregate,
        "redis_fault_failed_calls": float((~under_faults.ok).sum()),
        "redis_fault_p99_ms": float(np.percentile(under_faults.latency, 99)) * 1e3,
        "recovery_seconds": _slowest_recovery(faulty),
    }


def _wrong(calls: Calls) -> int:
    if WRONG_ANSWER not in calls.outcomes:
        return 0
    return int((calls.outcome == calls.outcomes.index(WRONG_ANSWER)).sum())


def _slowest_recovery(result: LoadResult) -> float:
    return max(recovery_seconds(result, span) or 0.0 for span in result.spans)
