"""What a read costs: cached ones against a null RPC of the same server, uncached ones at a million signals.

The store is filled with a million signals with evidence; Redis, the store and query are processes of their own, and
so is the load. Cached reads are measured with h2load (`cached_reads`), uncached ones with ten callers
(`uncached_reads`).

Figures
    l1_throughput_x_16, _64   calls a second from the process's memory / of the null RPC, 16 and 64 in flight
    l1_cpu_x                  CPU time of the server for a call, the same way
    l1_p99_x                  99th percentile of latency, the same way, the worse of both
    redis_throughput_x, redis_cpu_x   the same of a process that keeps nothing itself and reads Redis
    uncached_signals_p99_ms   99th percentile of GetSignals that nobody has asked before, ten callers
    screen_p99_ms             the same of ScreenFilings
    null_10_p99_ms            the same of the null RPC, beside
    uncached_signals_cpu_ms_store, _query, screen_cpu_ms_store, _query   CPU time of the process for one of these reads
    l1_cpu_us, null_cpu_us, null_calls_a_second, l1_p50_ms, redis_p50_ms, uncached_signals_p50_ms, screen_p50_ms
    mix_…, stale_answers, visibility_…, cold_…, redis_fault_…, recovery_seconds
                              see query_load_figures.py; not with --quick
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import cached_reads
import h2load
import query_load_figures
import uncached_reads
from fill_store import fill

SIGNALS = 1_000_000


def run(quick: bool, note: Callable[[str], None]) -> dict[str, float]:
    """The suite's figures."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="tenkay-query-") as name:
        folder = Path(name)
        store = folder / "store"
        fill(store, SIGNALS, evidence=True)
        if h2load.is_installed():
            figures |= cached_reads.near(store, folder, quick=quick)
            figures |= cached_reads.redis(store, folder, quick=quick)
        else:
            note("no l1 and redis figures: h2load is not installed (Debian: apt-get install nghttp2-client)")
        figures |= uncached_reads.measure(store, folder / "uncached", quick=quick)
        if quick:
            note("no figures under the recorded mix: they take minutes")
        else:
            figures |= query_load_figures.measure(folder / "load", note)
    return figures
