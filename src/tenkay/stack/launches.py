"""The children of the local stack: which programs, with which settings, after which others."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tenkay.stack.errors import CannotStartError
from tenkay.stack.keys import StackKeys
from tenkay.stack.launch import Launch
from tenkay.stack.migrations import MigrationError, migrate, migrations_folder, read_migrations
from tenkay.stack.options import StackOptions
from tenkay.stack.ports import LOOPBACK
from tenkay.stack.postgres import PostgresFolders, postgres
from tenkay.stack.rest_gateway.process import DATABASE_ROLE, rest_gateway
from tenkay.stack.valkey import ValkeyRole, valkey

SERVICES = ("fetcher", "extractor", "store", "analyzer", "query", "pipeline")
QUEUES = ("io_bound", "cpu_intensive", "model_calls")

_PROBE_SECONDS = 1.0
_WORKER_GRACE_SECONDS = 15.0
_WORKER_READY = b'"event": "serving"'

# Who calls whom. All start at once when the servers below them are up, and wait for each other by themselves: on a
# machine with few cores that is twice as quick as one after the other.
_USES = {
    "fetcher": ("valkey-broker", "edgar-mirror"),
    "extractor": ("fetcher",),
    "store": ("rest-gateway",),
    "analyzer": ("store",),
    "query": ("store", "valkey-cache"),
    "pipeline": ("fetcher", "valkey-broker"),
    "worker": ("pipeline", "fetcher", "extractor", "analyzer", "store", "valkey-broker"),
}
_SERVERS = ("valkey-broker", "valkey-cache", "postgres")


@dataclass(frozen=True, slots=True)
class StackPlan:
    """A stack with its ports chosen."""

    launches: tuple[Launch, ...]
    """The children, each after those it needs or uses."""
    addresses: Mapping[str, str]
    """host:port of each gRPC service."""
    metrics: Mapping[str, str]
    """Address of each metrics page, by the child's name."""
    urls: Mapping[str, str]
    """Addresses of the others."""


def port_names(options: StackOptions) -> list[str]:
    """What the stack needs ports for."""
    return [
        "cache",
        "broker",
        "supabase",
        *(("edgar",) if options.edgar_mirror is not None else ()),
        *SERVICES,
        *(f"{service}-metrics" for service in SERVICES),
        *(f"worker-{queue}-metrics" for queue in QUEUES),
    ]


def plan(options: StackOptions, ports: Mapping[str, int], keys: StackKeys) -> StackPlan:
    """The children of a stack on these ports."""
    var_dir = options.var_dir.resolve()
    folders = PostgresFolders.under(var_dir / "postgres")
    addresses = {service: f"{LOOPBACK}:{ports[service]}" for service in SERVICES}
    edgar = options.source_url or f"http://{LOOPBACK}:{ports['edgar']}"
    urls = {
        "cache": f"redis://{LOOPBACK}:{ports['cache']}/0",
        "broker": f"redis://{LOOPBACK}:{ports['broker']}/0",
        "supabase": f"http://{LOOPBACK}:{ports['supabase']}",
        "postgres": folders.url(),
        "edgar": edgar,
    }
    # The request limit to EDGAR must not be evicted, so it lives with the broker, in a database of its own.
    limiter_url = f"redis://{LOOPBACK}:{ports['broker']}/1"
    settings: dict[str, dict[str, str]] = {
        "fetcher": {
            "USER_AGENT": options.declared_user_agent,
            "EDGAR_URL": edgar,
            "REDIS_URL": limiter_url,
            "MAX_REPLICAS": "1",
            "DATA_DIRECTORY": str(var_dir / "fetcher"),
            **_given("REQUESTS_PER_SECOND", options.source_requests_per_second),
        },
        "extractor": {"FETCHER_ADDRESS": addresses["fetcher"]},
        "store": {
            "DATA_DIRECTORY": str(var_dir / "store"),
            "SUPABASE_URL": urls["supabase"],
            "SUPABASE_KEY": keys.service_role,
        },
        "analyzer": {"STORE_ADDRESS": addresses["store"]},
        "query": {"STORE_ADDRESS": addresses["store"], "REDIS_URL": urls["cache"]},
        "pipeline": {
            "DATABASE_URL": f"sqlite:///{var_dir / 'pipeline' / 'jobs.sqlite'}",
            "BROKER_URL": urls["broker"],
            "FETCHER_ADDRESS": addresses["fetcher"],
        },
    }
    launches = [
        valkey(ValkeyRole.BROKER, port=ports["broker"], directory=var_dir / "broker"),
        valkey(ValkeyRole.CACHE, port=ports["cache"], directory=var_dir / "cache"),
        _migrated_postgres(folders),
        rest_gateway(
            database_url=folders.url(DATABASE_ROLE),
            jwt_secret=keys.jwt_secret,
            port=ports["supabase"],
            needs=("postgres",),
        ),
        *((_mirror(options.edgar_mirror, ports["edgar"]),) if options.edgar_mirror is not None else ()),
    ]
    names = {launch.name for launch in launches} | set(SERVICES)
    launches += [_service(name, settings[name], options, ports, names, var_dir) for name in SERVICES]
    launches += [_worker(queue, addresses, urls["broker"], options, ports) for queue in QUEUES]
    pages = [*SERVICES, *(f"worker-{queue}" for queue in QUEUES)]
    metrics = {name: f"http://{LOOPBACK}:{ports[f'{name}-metrics']}/metrics" for name in pages}
    return StackPlan(tuple(launches), addresses, metrics, urls)


def serves_health(port: int) -> bool:
    """Whether the gRPC server on this loopback port says that it serves."""
    if not _accepts(port):  # spares a channel for each question to a server that is not up yet
        return False
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(f"{LOOPBACK}:{port}") as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=_PROBE_SECONDS, wait_for_ready=True
            )
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _service(
    name: str,
    settings: Mapping[str, str],
    options: StackOptions,
    ports: Mapping[str, int],
    names: set[str],
    var_dir: Path,
) -> Launch:
    prefix = f"TENKAY_{name.upper()}_"
    every = {
        "LISTEN_HOST": LOOPBACK,
        "LISTEN_PORT": str(ports[name]),
        "METRICS_PORT": str(ports[f"{name}-metrics"]),
        "INSECURE": "true",
        **_telemetry(options),
    }
    port = ports[name]
    return Launch(
        name=name,
        argv=(sys.executable, "-m", f"tenkay_{name}"),
        is_ready=lambda: serves_health(port),
        environment={prefix + key: value for key, value in {**every, **settings}.items()},
        needs=_SERVERS,
        uses=tuple(used for used in _USES[name] if used in names),
        prepare=_folder_maker(var_dir / name),
        stop_grace_seconds=15.0,
    )


def _worker(
    queue: str, addresses: Mapping[str, str], broker_url: str, options: StackOptions, ports: Mapping[str, int]
) -> Launch:
    name = f"worker-{queue}"
    cpus = os.cpu_count() or 1
    concurrency = {"io_bound": 8, "cpu_intensive": max(2, cpus), "model_calls": 4}[queue]
    settings = {
        "BROKER_URL": broker_url,
        **{
            f"{service.upper()}_ADDRESS": addresses[service]
            for service in ("pipeline", "fetcher", "extractor", "analyzer", "store")
        },
        "INSECURE": "true",
        "WORKER_METRICS_HOST": LOOPBACK,
        "WORKER_METRICS_PORT": str(ports[f"{name}-metrics"]),
        **_telemetry(options),
    }
    settings.pop("TRACE_SAMPLE_RATIO", None)  # workers follow the traces of the jobs
    return Launch(
        name=name,
        argv=(
            *(sys.executable, "-m", "tenkay_pipeline.worker"),
            *("--queue", queue, "--concurrency", str(concurrency)),
        ),
        ready_line=_WORKER_READY,
        environment={f"TENKAY_PIPELINE_{key}": value for key, value in settings.items()},
        needs=_SERVERS,
        uses=_USES["worker"],
        stop_grace_seconds=_WORKER_GRACE_SECONDS,
    )


def _mirror(folder: Path, port: int) -> Launch:
    return Launch(
        name="edgar-mirror",
        argv=(sys.executable, "-m", "tenkay.stack.edgar_mirror", str(folder.resolve()), "--port", str(port)),
        is_ready=lambda: _accepts(port),
        stop_grace_seconds=5.0,
    )


def _migrated_postgres(folders: PostgresFolders) -> Launch:
    launch = postgres(folders)
    return Launch(
        name=launch.name,
        argv=launch.argv,
        is_ready=launch.is_ready,
        working_directory=launch.working_directory,
        prepare=launch.prepare,
        on_ready=lambda: _migrate(folders.url()),
        stop_signal=launch.stop_signal,
        user=launch.user,
    )


def _migrate(url: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            await migrate(connection, read_migrations(migrations_folder()))
        finally:
            await connection.close()

    try:
        asyncio.run(run())
    except MigrationError as error:
        raise CannotStartError(str(error)) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ConnectionError(f"cannot reach Postgres: {error}") from error


def _telemetry(options: StackOptions) -> dict[str, str]:
    settings = {"LOG_LEVEL": options.log_level}
    if options.otlp_endpoint is not None:
        settings |= {"OTLP_ENDPOINT": options.otlp_endpoint, "TRACE_SAMPLE_RATIO": "1"}
    return settings


def _given(key: str, value: object | None) -> dict[str, str]:
    return {} if value is None else {key: str(value)}


def _folder_maker(folder: Path) -> Callable[[], None]:
    return lambda: folder.mkdir(parents=True, exist_ok=True)


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=_PROBE_SECONDS):
            return True
    except OSError:
        return False
