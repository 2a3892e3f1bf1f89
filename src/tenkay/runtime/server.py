"""The one way to run a service: uvloop, gRPC server, health, reflection, metrics page, logs, traces, drain.

A service's ``__main__`` says what it is made of::

    async def build(scope: ServerScope) -> None:
        store = FilingStore(settings.data_directory)
        scope.defer(store.close)
        scope.add(add_FilingStoreServiceServicer_to_server, Servicer(store), "tenkay.store.v1.FilingStoreService")

    run("store", settings, build)

SIGTERM and SIGINT drain: health says NOT_SERVING, load balancers get time to notice, running calls go on for the
grace, streams end with DRAINING, then what was deferred is closed, last first, and the spans are sent. Before the
server serves, while `build` runs, they cancel that, and the process ends. Streams of health and reflection are gRPC's
own and not ended: a caller that stays on one after NOT_SERVING holds the drain for its grace.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import grpc
import uvloop
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio  # type: ignore[attr-defined]
from grpc_reflection.v1alpha import reflection

from tenkay.errors import TenkayError
from tenkay.runtime import tasks, tracing
from tenkay.runtime.handler import CallPolicy, Identify, RpcMetrics, WrappingServer, anyone
from tenkay.runtime.logs import get_logger, start_logging
from tenkay.runtime.metrics import MetricsPage, counter, gauge, histogram
from tenkay.runtime.parent import watch_parent
from tenkay.runtime.settings import ServiceSettings

EXIT_UNABLE = 1
EXIT_PORT_IN_USE = 73
"""EX_CANTCREAT of sysexits.h: the port is taken. The line printed names it."""

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
MAX_WAITING_CALLS = 10_000
"""Calls that have arrived and that the event loop has not looked at. Beyond it gRPC resets calls without a word, which
is CANCELLED to the caller; untold it does so at random from 1,000 on. Those looked at are refused in words."""
CONNECTION_AGE_SECONDS = 300
LOOP_LAG_INTERVAL_SECONDS = 1.0

Build = Callable[["ServerScope"], Awaitable[None]]

logger = get_logger(__name__)

RPC_METRICS = RpcMetrics(
    seconds=histogram("tenkay_rpc_server_seconds", "Time to answer a call.", ("service", "method", "code")),
    in_flight=gauge("tenkay_rpc_server_in_flight", "Calls being served.", ("service",)),
    refused=counter(
        "tenkay_rpc_server_refused", "Calls turned away before their handler.", ("service", "reason")
    ),
)
LOOP_LAG = gauge("tenkay_event_loop_lag_seconds", "How late the event loop ran its newest timer.")


class ServerScope:
    """What a service is put together with; lives as long as the server does."""

    def __init__(self, server: grpc.aio.Server, policy: CallPolicy) -> None:
        self._wrapping = WrappingServer(server, policy)
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._drain_callbacks: list[Callable[[], None]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.failed = asyncio.Event()
        self.service_names: list[str] = []

    def add(self, add_to_server: Callable[..., None], servicer: object, full_name: str) -> None:
        """Serve `servicer`: the generated add function, and the service's full name for health and reflection."""
        add_to_server(servicer, self._wrapping)
        self.service_names.append(full_name)

    def defer(self, close: Callable[[], Awaitable[None]]) -> None:
        """Await `close()` after the drain; what was deferred last is closed first."""
        self._closers.append(close)

    def on_drain(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the drain begins."""
        self._drain_callbacks.append(callback)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run `work` beside the server. It is cancelled after the drain; if it raises, the service stops."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._notice_end)
        self._tasks.append(task)

    def begin_drain(self) -> None:
        """Tell those who asked."""
        for callback in self._drain_callbacks:
            callback()

    async def close(self) -> None:
        """End the background work and close what was deferred, last first; one that fails does not keep the others."""
        await tasks.end(*self._tasks)
        for close in reversed(self._closers):
            try:
                await close()
            except Exception as error:
                logger.error("close_failed", exc_info=error)

    def _notice_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            logger.error("background_work_failed", work=task.get_name(), exc_info=task.exception())
            self.failed.set()


def run(service: str, settings: ServiceSettings, build: Build, *, identify: Identify = anyone) -> None:
    """Serve until SIGTERM, then drain. Exits with 0 after a drain, 73 for a port in use, 1 when it cannot go on."""
    start_logging(service, settings.log_level)
    # The parent's end is an emergency: there may be nobody left to wait for a drain, so it is short.
    watch_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        status = runner.run(serve(service, settings, build, identify=identify))
    sys.stdout.flush()
    if status != 0:
        raise SystemExit(status)


async def serve(service: str, settings: ServiceSettings, build: Build, *, identify: Identify = anyone) -> int:
    """The body of `run` inside a running loop; the exit status."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tracing.start_tracing(f"tenkay-{service}", settings.otlp_endpoint)
    policy = CallPolicy(
        metrics=RPC_METRICS,
        identify=identify,
        max_concurrent=settings.max_concurrent_rpcs,
        default_deadline_seconds=settings.default_deadline_seconds,
        trace_sample_ratio=settings.trace_sample_ratio,
    )
    server = grpc.aio.server(options=_server_options(settings))
    scope = ServerScope(server, policy)
    health = health_aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    page: MetricsPage | None = None
    has_served = False
    try:
        try:
            port = _bind(server, settings)
            page = _start_metrics_page(settings)
        except OSError as error:
            print(f"{service}: {error}", file=sys.stderr, flush=True)
            return EXIT_PORT_IN_USE
        try:
            if not await _build(build, scope, stop):
                logger.info("told_to_end_before_serving")
                return 0
        except TenkayError as error:
            # Known causes (a second owner of a file, no disk space) get their one line; the unknown keep their trace.
            print(f"{service}: {error.message}", file=sys.stderr, flush=True)
            return EXIT_UNABLE
        reflection.enable_server_reflection(
            [
                *scope.service_names,
                health_pb2.DESCRIPTOR.services_by_name["Health"].full_name,
                reflection.SERVICE_NAME,
            ],
            server,
        )
        await server.start()
        has_served = True
        for name in ("", *scope.service_names):
            await health.set(name, health_pb2.HealthCheckResponse.SERVING)
        scope.spawn(_measure_loop_lag(), "loop-lag")
        logger.info(
            "serving", port=port, metrics_port=page.port if page else None, services=scope.service_names
        )
        await _either(stop, scope.failed)
        logger.info("draining", running=policy.running)
        await health.enter_graceful_shutdown()
        scope.begin_drain()
        await asyncio.sleep(settings.endpoint_removal_seconds)
        policy.drain()
        await server.stop(settings.drain_seconds)
        return EXIT_UNABLE if scope.failed.is_set() else 0
    finally:
        await server.stop(0)
        await scope.close()
        if page is not None:
            page.stop()
        await asyncio.to_thread(tracing.stop_tracing)
        if has_served:  # else the last line is why not, as that is the one that is looked at
            logger.info("stopped")


async def _build(build: Build, scope: ServerScope, stop: asyncio.Event) -> bool:
    """Run `build`, cancelled when the process is told to end; whether it came to its end."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in one
    is_building, is_cancelled = True, False

    def cancel(_: object) -> None:
        nonlocal is_cancelled
        if is_building and stop.is_set():
            is_cancelled = True
            task.cancel()

    told = asyncio.create_task(stop.wait())
    told.add_done_callback(cancel)
    try:
        await build(scope)
    except asyncio.CancelledError:
        if not is_cancelled or task.uncancel():
            raise
        return False
    finally:
        is_building = False
        told.cancel()
    return True


def _server_options(settings: ServiceSettings) -> list[tuple[str, Any]]:
    return [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_connection_age_ms", CONNECTION_AGE_SECONDS * 1000),
        ("grpc.max_connection_age_grace_ms", int(settings.drain_seconds * 1000)),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 60_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.server.max_pending_requests", MAX_WAITING_CALLS),
        ("grpc.server.max_pending_requests_hard_limit", MAX_WAITING_CALLS),
        # Two servers on one port would each get half of the calls, silently.
        ("grpc.so_reuseport", 0),
    ]


def _bind(server: grpc.aio.Server, settings: ServiceSettings) -> int:
    address = f"{settings.listen_host}:{settings.listen_port}"
    try:
        # gRPC would say the same in a line of its own shape; asking first leaves it to the one line below.
        with socket.create_server((settings.listen_host, settings.listen_port)):
            pass
        if settings.insecure:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, _credentials(settings))
    except (OSError, RuntimeError) as error:
        raise OSError(
            f"cannot listen on {address}: it is in use or not this machine's; choose another one"
        ) from error


def _credentials(settings: ServiceSettings) -> grpc.ServerCredentials:
    """From files, read again when they change: certificates are renewed under running servers."""
    if settings.tls_certificate is None or settings.tls_key is None:
        raise ValueError("settings without TLS files are insecure ones")
    certificate, key, authority = settings.tls_certificate, settings.tls_key, settings.tls_client_ca
    watched = [path for path in (certificate, key, authority) if path is not None]

    def read() -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration(
            [(key.read_bytes(), certificate.read_bytes())],
            root_certificates=authority.read_bytes() if authority is not None else None,
        )

    seen = _modified(watched)

    def changed() -> grpc.ServerCertificateConfiguration | None:
        nonlocal seen
        now = _modified(watched)
        if now == seen:
            return None
        try:
            fresh = read()
        except OSError as error:
            logger.error("tls_files_unreadable", exc_info=error)
            return None
        seen = now
        return fresh

    return grpc.dynamic_ssl_server_credentials(
        read(),
        changed,  # type: ignore[arg-type]  # the stubs do not know that None means "as before"
        require_client_authentication=authority is not None,
    )


def _modified(paths: list[Path]) -> tuple[int, ...]:
    return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)


def _start_metrics_page(settings: ServiceSettings) -> MetricsPage | None:
    if settings.metrics_port is None:
        return None
    try:
        return MetricsPage.start(settings.listen_host, settings.metrics_port)
    except OSError as error:
        address = f"{settings.listen_host}:{settings.metrics_port}"
        raise OSError(f"cannot serve metrics on {address}: {error.strerror}; choose another port") from error


async def _measure_loop_lag() -> None:
    while True:
        due = time.monotonic() + LOOP_LAG_INTERVAL_SECONDS
        await asyncio.sleep(LOOP_LAG_INTERVAL_SECONDS)
        LOOP_LAG.set(max(0.0, time.monotonic() - due))


async def _either(first: asyncio.Event, second: asyncio.Event) -> None:
    waits = [asyncio.create_task(first.wait()), asyncio.create_task(second.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
