"""The metric of a worker, on the page of its main process."""

from __future__ import annotations

from tenkay.runtime.metrics import histogram

TASK_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 120.0, 240.0, 300.0)
"""Seconds: alerts look at 30, the time limits are 240 and 300."""

TASK_SECONDS = histogram(
    "tenkay_worker_task_seconds",
    "Run time of a Celery task, seen from the worker's main process, by how it ended: succeeded or failed.",
    ("task_name", "outcome"),
    TASK_BUCKETS,
)
