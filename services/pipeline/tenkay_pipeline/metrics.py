"""Every metric of the pipeline service. No filing, job or company is ever a label."""

from __future__ import annotations

from tenkay.runtime.metrics import counter, gauge, histogram

STAGE_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 120.0, 240.0, 300.0)
"""Seconds of a stage: alerts look at 30, the time limits are 240 and 300."""

JOBS_SUBMITTED = counter("tenkay_pipeline_jobs_submitted", "Jobs recorded.")
FILINGS_SUBMITTED = counter("tenkay_pipeline_filings_submitted", "Filings of the jobs recorded.")
STAGE_SECONDS = histogram(
    "tenkay_pipeline_stage_seconds",
    "Time a worker had the lease of a stage, by how that ended: completed, retry or failed.",
    ("stage", "outcome"),
    STAGE_BUCKETS,
)
STAGE_FAILURES = counter(
    "tenkay_pipeline_stage_failures", "Reported failures of a stage, tried again or not.", ("stage", "reason")
)
LEASES_GRANTED = counter("tenkay_pipeline_leases_granted", "Leases given to workers.", ("stage",))
LEASES_REFUSED = counter(
    "tenkay_pipeline_leases_refused", "Tasks that found nothing to do, mostly doubled deliveries.", ("stage",)
)
LEASES_EXPIRED = counter("tenkay_pipeline_leases_expired", "Leases that were not kept.", ("stage",))
DISPATCHED = counter("tenkay_pipeline_dispatched", "Tasks handed to the broker.", ("queue",))
REDISPATCHED = counter("tenkay_pipeline_redispatched", "Tasks to be handed to the broker again.")
BROKER_UP = gauge("tenkay_pipeline_broker_up", "1 while the broker answers, else 0.")
ITEMS_WAITING = gauge("tenkay_pipeline_items_waiting", "Filings waiting for a stage.", ("stage",))
ITEMS_DISPATCHED = gauge("tenkay_pipeline_items_dispatched", "Of those, with the broker.", ("stage",))
ITEMS_RUNNING = gauge("tenkay_pipeline_items_running", "Filings in a worker's hands.", ("stage",))
OLDEST_DUE_SECONDS = gauge(
    "tenkay_pipeline_oldest_due_seconds", "How long the longest waiting filing has been due.", ("stage",)
)
