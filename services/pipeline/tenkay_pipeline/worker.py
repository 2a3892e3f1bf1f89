"""A worker of one queue: ``python -m tenkay_pipeline.worker --queue io_bound [--concurrency N]``.

SIGTERM lets running tasks finish, then ends; SIGQUIT gives them TENKAY_PIPELINE_SOFT_SHUTDOWN_SECONDS. When the
supervisor is gone (its end of the pipe in TENKAY_PARENT_FD closed), the worker ends too, and so do its processes when
the worker itself is killed.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence

from celery import Celery, signals

from tenkay.runtime import tracing
from tenkay.runtime.logs import get_logger, start_logging
from tenkay.runtime.metrics import MetricsPage
from tenkay.runtime.parent import watch_parent
from tenkay.runtime.server import EXIT_PORT_IN_USE
from tenkay.runtime.settings import load_settings
from tenkay_pipeline.celery_app import make_app, worker_options
from tenkay_pipeline.task_messages import STAGES_BY_QUEUE
from tenkay_pipeline.task_run import TaskLimits
from tenkay_pipeline.tasks import Workbench, register_tasks
from tenkay_pipeline.worker_settings import WorkerSettings

SERVICE = "worker"
LOOK_FOR_MAIN_PROCESS_SECONDS = 0.5
IMMEDIATE_EXIT_STATUS = 1

logger = get_logger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until told to stop; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tenkay_pipeline.worker", description="Take tasks from one queue."
    )
    parser.add_argument("--queue", required=True, choices=sorted(STAGES_BY_QUEUE), help="the queue")
    parser.add_argument("--concurrency", type=int, help="tasks at once (default: the setting)")
    options = parser.parse_args(arguments)
    settings = load_settings(WorkerSettings)
    concurrency = options.concurrency or settings.worker_concurrency
    if concurrency < 1:
        parser.error("--concurrency must be at least 1")
    start_logging(SERVICE, settings.log_level)
    for said_better_by_task_over in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(said_better_by_task_over).setLevel(logging.WARNING)
    page = _metrics_page(settings)
    if isinstance(page, int):
        return page

    app = make_app(settings.broker_url)
    app.conf.update(
        task_soft_time_limit=settings.soft_time_limit_seconds,
        task_time_limit=settings.time_limit_seconds,
        worker_soft_shutdown_timeout=settings.soft_shutdown_seconds,
    )
    bench = Workbench(settings)
    register_tasks(app, bench, _limits(settings))
    _set_up_processes(settings, bench)
    watch_parent(lambda: _leave(settings.parent_gone_seconds))
    try:
        return _work(app, options.queue, concurrency, settings)
    finally:
        bench.close()
        tracing.stop_tracing()
        if page is not None:
            page.stop()
        logger.info("stopped", queue=options.queue)


def _work(app: Celery, queue: str, concurrency: int, settings: WorkerSettings) -> int:
    options = worker_options(queue, concurrency=concurrency)
    if options["pool"] == "threads":
        # Processes start theirs after the fork.
        tracing.start_tracing(f"tenkay-{SERVICE}", settings.otlp_endpoint)
    worker = app.Worker(
        hostname=f"{queue}@{socket.gethostname()}-{os.getpid()}",
        quiet=True,
        loglevel=settings.log_level.upper(),
        **options,
    )
    worker.start()
    return int(worker.exitcode or 0)


def _metrics_page(settings: WorkerSettings) -> MetricsPage | int | None:
    """The page, none when none is asked for, or the exit status when its port is taken."""
    if settings.worker_metrics_port is None:
        return None
    try:
        page = MetricsPage.start(settings.worker_metrics_host, settings.worker_metrics_port)
    except OSError as error:
        address = f"{settings.worker_metrics_host}:{settings.worker_metrics_port}"
        print(
            f"{SERVICE}: cannot serve metrics on {address}: {error.strerror}; choose another port",
            file=sys.stderr,
            flush=True,
        )
        return EXIT_PORT_IN_USE
    logger.info("metrics_page", port=page.port)
    return page


def _limits(settings: WorkerSettings) -> TaskLimits:
    return TaskLimits(
        stage_seconds=settings.soft_time_limit_seconds,
        acquire_seconds=settings.acquire_seconds,
        settle_seconds=settings.settle_seconds,
        heartbeat_seconds=settings.heartbeat_seconds,
    )


def _set_up_processes(settings: WorkerSettings, bench: Workbench) -> None:
    """What happens in each process of the pool at its start and its end, and when the worker is ready."""
    main_process = os.getpid()

    def start(**_: object) -> None:
        _end_with(main_process)
        tracing.start_tracing(f"tenkay-{SERVICE}", settings.otlp_endpoint)

    def end(**_: object) -> None:
        bench.close()
        tracing.stop_tracing()

    def keep_logging(**_: object) -> None:
        """Being connected at all tells Celery that logging is set up."""

    def ready(**_: object) -> None:
        logger.info("serving")

    signals.worker_process_init.connect(start, weak=False)
    signals.worker_process_shutdown.connect(end, weak=False)
    signals.setup_logging.connect(keep_logging, weak=False)
    signals.worker_ready.connect(ready, weak=False)


def _end_with(main_process: int) -> None:
    """End this process of the pool when the worker's main process is gone: nobody would hear of its work."""

    def watch() -> None:
        while os.getppid() == main_process:
            time.sleep(LOOK_FOR_MAIN_PROCESS_SECONDS)
        os._exit(IMMEDIATE_EXIT_STATUS)

    threading.Thread(target=watch, name="main-process-watch", daemon=True).start()


def _leave(seconds: float) -> None:
    """Finish what runs if that takes no longer than `seconds`, then end in any case."""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(seconds)
    os._exit(IMMEDIATE_EXIT_STATUS)


if __name__ == "__main__":
    sys.exit(main())
