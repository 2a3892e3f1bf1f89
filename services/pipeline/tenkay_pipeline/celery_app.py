"""The Celery app: three queues, thin tasks, no results. The service sends with it, the workers run it.

Nothing here can lose or double work: the job records and their leases decide (`tenkay_pipeline.leases`). These settings
only make the usual case quick.
"""

from __future__ import annotations

from typing import Any

from celery import Celery
from kombu.entity import Queue

from tenkay_pipeline.jobs import Stage
from tenkay_pipeline.task_messages import QUEUES, TASK_NAMES

MESSAGE_EXPIRY_SECONDS = 3600
"""An older task is dropped unread; the reconciler has long sent another one."""
VISIBILITY_TIMEOUT_SECONDS = 900
"""When the broker gives out again what a worker took and never acknowledged. Above the longest task."""
MAX_TASKS_PER_CHILD = 100
SOCKET_TIMEOUT_SECONDS = 10


def make_app(broker_url: str) -> Celery:
    """The app without tasks: enough to send."""
    app = Celery("tenkay_pipeline", broker=broker_url, set_as_current=False)
    app.conf.update(
        # Names on the wire.
        task_queues=[Queue(queue, routing_key=queue) for queue in QUEUES.values()],  # type: ignore[no-untyped-call]
        task_routes={TASK_NAMES[stage]: {"queue": QUEUES[stage]} for stage in Stage},
        task_create_missing_queues=False,
        task_default_queue=QUEUES[Stage.FETCH],
        # What a message is.
        task_serializer="json",
        accept_content=["json"],
        task_compression="gzip",
        # There is no result backend: what came of a task is in the job records.
        task_ignore_result=True,
        # A task is acknowledged when it is over, and goes back when its process dies.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        # Events for whoever watches; the workers' metrics come from them too.
        worker_send_task_events=True,
        task_send_sent_event=True,
        task_track_started=True,
        # One limit for all workers is kept by the fetcher; Celery's own is per worker.
        worker_disable_rate_limits=True,
        worker_pool_restarts=True,
        worker_max_tasks_per_child=MAX_TASKS_PER_CHILD,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": VISIBILITY_TIMEOUT_SECONDS,
            # Unset, abandoned messages are looked for only every tenth time, every 100 s.
            "unacked_restore_throttle": 1,
            "socket_timeout": SOCKET_TIMEOUT_SECONDS,
            "socket_connect_timeout": SOCKET_TIMEOUT_SECONDS,
            "socket_keepalive": True,
        },
        # The process' logs are tenkay.runtime's.
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    return app


def worker_options(queue: str, *, concurrency: int) -> dict[str, Any]:
    """How a worker of `queue` runs its tasks: processes where the CPU is used, threads where calls are waited for."""
    in_processes = queue == QUEUES[Stage.EXTRACT]
    return {
        "queues": [queue],
        "pool": "prefork" if in_processes else "threads",
        "concurrency": concurrency,
        # A long task must not keep others waiting behind it; downloads are short and many.
        "prefetch_multiplier": 2 if queue == QUEUES[Stage.FETCH] else 1,
        "optimization": "fair",
        "without_mingle": True,
        "without_gossip": True,
    }
