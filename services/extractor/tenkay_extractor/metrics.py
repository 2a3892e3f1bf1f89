"""Every metric of the extractor."""

from __future__ import annotations

from tenkay.runtime.metrics import counter, gauge, histogram

EXTRACTIONS = counter(
    "tenkay_extractor_extractions", "Filings extracted or refused, by how it ended.", ("outcome",)
)
EXTRACTION_SECONDS = histogram(
    "tenkay_extractor_extraction_seconds",
    "Time of one extraction in its worker, waiting for the worker included.",
)
CPU_SECONDS = histogram("tenkay_extractor_cpu_seconds", "CPU time of one extraction.")
SIGNALS = counter("tenkay_extractor_signals", "Signals with a value, by category.", ("category",))
MISSING = counter("tenkay_extractor_missing_signals", "Signals without a value, by reason.", ("reason",))
FAILURES = counter("tenkay_extractor_signal_failures", "Signals whose own code failed.", ("signal",))
WAITING = gauge("tenkay_extractor_waiting", "Filings that wait for a worker.")
BUSY = gauge("tenkay_extractor_busy", "Filings being extracted.")
HELD_BYTES = gauge("tenkay_extractor_held_bytes", "Bytes of filings held, waiting or being extracted.")
REPLACED = counter("tenkay_extractor_workers_replaced", "Worker processes replaced, by why.", ("why",))
STOPPED = counter(
    "tenkay_extractor_signals_stopped", "Signals a worker was killed for or died on.", ("signal", "why")
)
