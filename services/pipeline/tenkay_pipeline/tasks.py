"""The Celery tasks: one a stage, each of them `run_task` with what its process has."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded
from celery import Celery, Task
from celery.exceptions import Reject
from celery.worker.request import Request
from opentelemetry.trace import SpanKind

from tenkay.client.analyzer import AnalyzerClient
from tenkay.client.extractor import ExtractorClient
from tenkay.client.fetcher import FetcherClient
from tenkay.client.pipeline import WorkerClient
from tenkay.client.store import ArtifactClient, FilingStoreClient
from tenkay.errors import TenkayError
from tenkay.runtime import tracing
from tenkay.runtime.logs import get_logger
from tenkay_pipeline.jobs import Stage
from tenkay_pipeline.stage_work import Services
from tenkay_pipeline.task_messages import QUEUES, TASK_NAMES, TaskMessage
from tenkay_pipeline.task_run import TaskLimits, run_task
from tenkay_pipeline.worker_metrics import TASK_SECONDS
from tenkay_pipeline.worker_settings import WorkerSettings

logger = get_logger(__name__)


class Workbench:
    """The clients of one process. They are made when the first task needs them: a channel does not survive a fork."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._clients: tuple[WorkerClient, Services] | None = None

    def clients(self) -> tuple[WorkerClient, Services]:
        """The pipeline's client and the services'."""
        with self._lock:
            if self._clients is None:
                at = self._settings.endpoint
                self._clients = (
                    WorkerClient(at(self._settings.pipeline_address)),
                    Services(
                        fetcher=FetcherClient(at(self._settings.fetcher_address)),
                        extractor=ExtractorClient(at(self._settings.extractor_address)),
                        analyzer=AnalyzerClient(at(self._settings.analyzer_address)),
                        store=FilingStoreClient(at(self._settings.store_address)),
                        artifacts=ArtifactClient(at(self._settings.store_address)),
                    ),
                )
            return self._clients

    def close(self) -> None:
        """Close the channels, if there are any."""
        with self._lock:
            if self._clients is not None:
                pipeline, services = self._clients
                for client in (
                    pipeline,
                    services.fetcher,
                    services.extractor,
                    services.analyzer,
                    services.store,
                    services.artifacts,
                ):
                    client.close()
            self._clients = None


class MeasuredRequest(Request):  # type: ignore[misc]
    """A task as the worker's main process sees it, which serves the metrics: the task itself may run in a child."""

    _accepted_at: float | None = None

    def on_accepted(self, pid: int, time_accepted: float) -> None:
        self._accepted_at = time.monotonic()
        super().on_accepted(pid, time_accepted)

    def send_event(self, type: str, **fields: Any) -> None:  # noqa: A002 - Celery's name
        if type in ("task-succeeded", "task-failed"):
            started = self._accepted_at if self._accepted_at is not None else time.monotonic()
            TASK_SECONDS.labels(self.name, type.removeprefix("task-")).observe(time.monotonic() - started)
        super().send_event(type, **fields)


def register_tasks(app: Celery, bench: Workbench, limits: TaskLimits) -> None:
    """Give `app` the task of each stage."""
    for stage in Stage:
        app.task(
            _task_of(stage, bench, limits),
            name=TASK_NAMES[stage],
            bind=True,
            Request=MeasuredRequest,
        )


def _task_of(stage: Stage, bench: Workbench, limits: TaskLimits) -> Callable[..., str]:
    queue = QUEUES[stage]

    def task(task: Task, *, job_id: str, accession_number: str, stage: str, traceparent: str) -> str:
        message = TaskMessage.of(job_id, accession_number, stage, traceparent)
        attributes = {
            "messaging.system": "celery",
            "messaging.destination.name": queue,
            "messaging.operation.type": "process",
            "sec.accession_number": accession_number,
        }
        with (
            tracing.remote_parent(traceparent),
            tracing.span(f"pipeline.{stage.lower()}", attributes, kind=SpanKind.CONSUMER) as span,
        ):
            pipeline, services = bench.clients()
            try:
                outcome = run_task(
                    message,
                    worker=f"{socket.gethostname()}/{os.getpid()}/{task.request.id}",
                    pipeline=pipeline,
                    services=services,
                    limits=limits,
                    time_is_up=SoftTimeLimitExceeded,
                )
            except TenkayError as error:
                logger.warning("task_put_back", job_id=job_id, cause=str(error))
                raise Reject(str(error), requeue=True) from None
            span.set_attribute("tenkay.outcome", outcome.value)
            logger.info(
                "task_over",
                job_id=job_id,
                accession_number=accession_number,
                stage=stage,
                outcome=outcome.value,
            )
        return outcome.value

    return task
