"""A service as a process: health, reflection, metrics page, port in use, drain, end of the parent."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tenkay.runtime.settings import ServiceSettings
from tenkay.store.v1 import store_admin_service_pb2, store_admin_service_pb2_grpc

PROGRAM = textwrap.dedent(
    """
    import asyncio
    from pydantic_settings import SettingsConfigDict
    from tenkay.runtime.server import run
    from tenkay.runtime.settings import ServiceSettings, load_settings
    from tenkay.store.v1 import store_admin_service_pb2 as pb, store_admin_service_pb2_grpc as pb_grpc

    class Settings(ServiceSettings):
        model_config = SettingsConfigDict(env_prefix="TENKAY_EXAMPLE_", frozen=True)

    class Servicer(pb_grpc.StoreAdminServiceServicer):
        async def GetSinkStatus(self, request, context):
            await asyncio.sleep(1)
            return pb.GetSinkStatusResponse(sequence="0.1")

    async def build(scope):
        async def close():
            print("closed what was deferred", flush=True)
        scope.defer(close)
        scope.add(pb_grpc.add_StoreAdminServiceServicer_to_server, Servicer(), "tenkay.store.v1.StoreAdminService")

    run("example", load_settings(Settings), build)
    """
)
NAME = "tenkay.store.v1.StoreAdminService"


class Service:
    """The example service, started, with what it logged so far."""

    def __init__(self, program: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(program)],
            env={
                **os.environ,
                "TENKAY_EXAMPLE_INSECURE": "true",
                "TENKAY_EXAMPLE_METRICS_PORT": "0",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=[int(environment["TENKAY_PARENT_FD"])] if "TENKAY_PARENT_FD" in environment else [],
        )

    def serving(self) -> dict[str, int]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            entry = json.loads(line)
            if entry["event"] == "serving":
                return dict(entry)
        raise AssertionError("the service ended before it served")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "example_service.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def service(program: Path) -> Iterator[Service]:
    started = Service(program)
    yield started
    if started.process.poll() is None:
        started.process.kill()
    started.process.communicate()


def test_health_reflection_and_metrics_are_served(service: Service) -> None:
    entry = service.serving()
    with grpc.insecure_channel(f"127.0.0.1:{entry['port']}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", NAME):
            check = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
            assert check.status == health_pb2.HealthCheckResponse.SERVING
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        listed = next(iter(stub.ServerReflectionInfo(iter([asked]), timeout=5)))
        names = {each.name for each in listed.list_services_response.service}
        assert {NAME, "grpc.health.v1.Health"} <= names
    request = urllib.request.Request(
        f"http://127.0.0.1:{entry['metrics_port']}/metrics",
        headers={"Accept": "application/openmetrics-text; version=1.0.0"},
    )
    with urllib.request.urlopen(request, timeout=5) as page:  # noqa: S310 - loopback
        assert page.headers["Content-Type"].startswith("application/openmetrics-text")
        text = page.read().decode()
    assert "tenkay_event_loop_lag_seconds" in text
    assert text.endswith("# EOF\n")


def test_a_watcher_of_health_hears_of_the_drain_and_running_calls_are_finished(service: Service) -> None:
    entry = service.serving()
    with grpc.insecure_channel(f"127.0.0.1:{entry['port']}") as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(
            health_pb2.HealthCheckRequest(service=NAME), timeout=10
        )
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        stub = store_admin_service_pb2_grpc.StoreAdminServiceStub(channel)
        call = stub.GetSinkStatus.future(store_admin_service_pb2.GetSinkStatusRequest(), timeout=5)
        time.sleep(0.2)
        service.process.send_signal(signal.SIGTERM)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert call.result().sequence == "0.1"
    output, _ = service.process.communicate(timeout=15)
    assert service.process.returncode == 0
    assert "closed what was deferred" in output


def test_calls_are_served_until_callers_can_have_heard_of_the_drain(program: Path) -> None:
    """Calls that reach a closing server are reset, which is CANCELLED to callers and not tried again."""
    assert ServiceSettings.model_fields["endpoint_removal_seconds"].default > 0
    service = Service(program, TENKAY_EXAMPLE_ENDPOINT_REMOVAL_SECONDS="2")
    entry = service.serving()
    with grpc.insecure_channel(f"127.0.0.1:{entry['port']}") as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(
            health_pb2.HealthCheckRequest(service=NAME), timeout=10
        )
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        service.process.send_signal(signal.SIGTERM)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        stub = store_admin_service_pb2_grpc.StoreAdminServiceStub(channel)
        assert stub.GetSinkStatus(store_admin_service_pb2.GetSinkStatusRequest(), timeout=5).sequence == "0.1"
    service.process.communicate(timeout=15)
    assert service.process.returncode == 0


@pytest.mark.parametrize("setting", ["TENKAY_EXAMPLE_LISTEN_PORT", "TENKAY_EXAMPLE_METRICS_PORT"])
def test_a_port_in_use_ends_the_start_in_one_line(program: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = Service(program, **{setting: str(port)})
        out, err = service.process.communicate(timeout=15)
    assert service.process.returncode == 73
    assert out == "", "a line after it would be looked at in its place"
    assert f"127.0.0.1:{port}" in err
    assert err.count("\n") == 1


def test_a_service_ends_when_the_process_that_started_it_is_gone(program: Path) -> None:
    reading, writing = os.pipe()
    service = Service(program, TENKAY_PARENT_FD=str(reading))
    os.close(reading)
    service.serving()
    os.close(writing)
    service.process.communicate(timeout=15)
    assert service.process.returncode == 0


BUILDS_LONG = PROGRAM.replace(
    "async def build(scope):",
    """async def build(scope):
    import threading
    told, begun = threading.Event(), threading.Event()
    def work():
        begun.set()
        told.wait(60)
        return "the work was told"
    working = asyncio.create_task(asyncio.to_thread(work))
    while not begun.is_set():
        await asyncio.sleep(0.01)
    print("building", flush=True)
    async def end():
        print("closed what was deferred", flush=True)
    scope.defer(end)
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        told.set()
        print(await working, flush=True)
        raise""",
)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_that_is_still_being_put_together_ends_when_it_is_told_to(
    tmp_path: Path, number: signal.Signals
) -> None:
    program = tmp_path / "builds_long.py"
    program.write_text(BUILDS_LONG)
    service = Service(program)
    try:
        assert service.process.stdout is not None
        while "building" not in service.process.stdout.readline():
            assert service.process.poll() is None
        service.process.send_signal(number)
        printed, errors = service.process.communicate(timeout=5)
    finally:
        service.process.kill()
        service.process.communicate()
    assert service.process.returncode == 0
    assert printed.index("the work was told") < printed.index("closed what was deferred")
    assert '"told_to_end_before_serving"' in printed
    assert "Traceback" not in printed + errors
