"""Services as processes of their own, for tests that call them over gRPC."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tenkay.client import Endpoint
from tenkay.stack.launch import Launch, running
from tenkay.stack.ports import LOOPBACK, free_port

DRAIN_SECONDS = "2"
"""A service that is told to end waits so long for its callers' connections to close. A test that waits for it with its
event loop standing still closes none meanwhile."""


@dataclass(frozen=True, slots=True)
class Service:
    """A running service."""

    port: int
    metrics_port: int
    pid: int

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.address, plaintext=True)

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the metric's series that have these labels."""
        with urllib.request.urlopen(f"http://{LOOPBACK}:{self.metrics_port}/metrics", timeout=5) as page:
            text = page.read().decode()
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(
            float(line.split(" # ")[0].rpartition(" ")[2])
            for line in text.splitlines()
            if line.startswith((name + "{", name + " ")) and all(part in line for part in wanted)
        )

    def calls(self, method: str) -> float:
        """Calls of a method that were answered."""
        return self.metric("tenkay_rpc_server_seconds_count", method=method)


@contextmanager
def running_service(
    module: str,
    folder: Path,
    port: int | None = None,
    program: Sequence[str] | None = None,
    **settings: str,
) -> Iterator[Service]:
    """A service as a process of its own, serving; `program` runs in the module's place where it is given."""
    prefix = f"TENKAY_{module.removeprefix('tenkay_').upper()}_"
    port, metrics_port = port or free_port(), free_port()
    launch = Launch(
        name=module,
        argv=(sys.executable, *(program or ("-m", module))),
        ready_line=b'"event": "serving"',
        environment={
            f"{prefix}LISTEN_PORT": str(port),
            f"{prefix}METRICS_PORT": str(metrics_port),
            f"{prefix}INSECURE": "true",
            f"{prefix}DRAIN_SECONDS": DRAIN_SECONDS,
            # No test's callers stay when it ends a service, unless it says so.
            f"{prefix}ENDPOINT_REMOVAL_SECONDS": "0",
            **{f"{prefix}{name.upper()}": value for name, value in settings.items()},
        },
    )
    folder.mkdir(parents=True, exist_ok=True)
    with running(launch, folder / f"{module}-{port}.log") as pid:
        yield Service(port, metrics_port, pid)
