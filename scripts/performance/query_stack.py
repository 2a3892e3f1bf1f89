"""A stack to read from, of processes of its own on loopback: a cache's Valkey, a store, query processes.

What can be done to it: stop, kill and start its Valkey, start its store or a query process anew, on the same ports.
All calls block; from a coroutine they belong into a thread.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tenkay.client import Endpoint
from tenkay.runtime.settings import ServiceSettings
from tenkay.stack.launch import running
from tenkay.stack.ports import LOOPBACK, free_port
from tenkay.stack.valkey import ValkeyRole, valkey
from tests.integration.running_services import Service, running_service

MEGABYTE = 1024 * 1024
NOTICE_SECONDS = str(ServiceSettings.model_fields["endpoint_removal_seconds"].default)
"""What a service gives its callers by default to hear that it is about to end: those here stay when it is restarted."""


@dataclass(frozen=True, slots=True)
class StackPlan:
    """How a stack is made."""

    folder: Path
    """For logs, and for data unless `store_folder` is given."""
    query_processes: int = 2
    store_folder: Path | None = None
    """The store's data directory: an empty one or one that is filled. None: a new one."""
    redis_megabytes: int = 256
    """Valkey's limit; past it, it evicts what is used least."""
    query_settings: Mapping[str, str] = field(default_factory=dict)
    query_program: Sequence[str] | None = None
    """Arguments to Python that run a query process. None: the service as it is."""


class QueryStack:
    """The running processes. Use as a context manager: all of them end with the block."""

    def __init__(self, plan: StackPlan) -> None:
        self._plan = plan
        self._redis = ExitStack()
        self._store = ExitStack()
        self._queries = [ExitStack() for _ in range(plan.query_processes)]
        self.redis_port = free_port()
        self.redis_pid = 0
        self.store: Service
        self.queries: list[Service] = []

    def __enter__(self) -> Self:
        self._plan.folder.mkdir(parents=True, exist_ok=True)
        try:
            self.start_redis()
            self._start_store(None)
            for number in range(self._plan.query_processes):
                self.queries.append(self._start_query(number, None))
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def redis_url(self) -> str:
        """Address of the cache."""
        return f"redis://{LOOPBACK}:{self.redis_port}/0"

    @property
    def redis_bytes(self) -> int:
        """Valkey's limit."""
        return self._plan.redis_megabytes * MEGABYTE

    @property
    def query_target(self) -> str:
        """All query processes as one gRPC target, to be called in turn."""
        return "ipv4:" + ",".join(each.address for each in self.queries)

    @property
    def query_endpoint(self) -> Endpoint:
        """The same, as the clients take it."""
        return Endpoint(self.query_target, plaintext=True)

    def processes(self) -> dict[str, int]:
        """Process ids by name."""
        named = {f"query-{number}": each.pid for number, each in enumerate(self.queries)}
        return {"valkey": self.redis_pid, "store": self.store.pid, **named}

    def start_redis(self) -> None:
        """Start Valkey, empty, on the port it has."""
        launch = valkey(
            ValkeyRole.CACHE,
            port=self.redis_port,
            directory=self._plan.folder / "valkey",
            memory_bytes=self.redis_bytes,
        )
        self.redis_pid = self._redis.enter_context(running(launch, self._plan.folder / "valkey.log"))

    def stop_redis(self) -> None:
        """End Valkey in order."""
        self.redis_pid = 0
        self._redis.close()

    def kill_redis(self) -> None:
        """Kill Valkey at once."""
        os.kill(self.redis_pid, signal.SIGKILL)
        self.stop_redis()

    def signal_redis(self, number: signal.Signals) -> None:
        """Send Valkey a signal."""
        os.kill(self.redis_pid, number)

    def signal_query(self, number: int, which: signal.Signals) -> None:
        """Send a query process a signal."""
        os.kill(self.queries[number].pid, which)

    def restart_store(self) -> None:
        """End the store in order and start it on the same data and port."""
        self._store.close()
        self._start_store(self.store.port)

    def restart_query(self, number: int) -> None:
        """End a query process in order, as a rolling update does, and start it on the same port."""
        self._queries[number].close()
        self.queries[number] = self._start_query(number, self.queries[number].port)

    def _start_store(self, port: int | None) -> None:
        data = self._plan.store_folder or self._plan.folder / "store"
        self.store = self._store.enter_context(
            running_service(
                "tenkay_store",
                self._plan.folder,
                port,
                data_directory=str(data),
                min_free_bytes="0",
            )
        )

    def _start_query(self, number: int, port: int | None) -> Service:
        return self._queries[number].enter_context(
            running_service(
                "tenkay_query",
                self._plan.folder,
                port,
                self._plan.query_program,
                store_address=self.store.address,
                redis_url=self.redis_url,
                **{"endpoint_removal_seconds": NOTICE_SECONDS, **self._plan.query_settings},
            )
        )

    def _close(self) -> None:
        if self.redis_pid:  # one that is stopped could not end
            self.signal_redis(signal.SIGCONT)
        for each in (*self._queries, self._store, self._redis):
            each.close()
