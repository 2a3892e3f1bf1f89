"""What a load goes to: a stack of its own, or processes that run already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from query_stack import QueryStack

from tenkay.client import Endpoint
from tenkay.stack.ports import LOOPBACK


class Target(Protocol):
    """What a load needs to know of it."""

    @property
    def query_endpoint(self) -> Endpoint:
        """All query processes."""

    @property
    def store_endpoint(self) -> Endpoint:
        """The store."""

    def processes(self) -> dict[str, int]:
        """Process ids by name, of those whose memory is to be watched."""

    def store_calls(self, methods: Sequence[str]) -> float | None:
        """Calls of these methods that the store process has answered since it started; None when not known."""


@dataclass(frozen=True, slots=True)
class OwnStack:
    """A stack that was started for the load."""

    stack: QueryStack

    @property
    def query_endpoint(self) -> Endpoint:
        return self.stack.query_endpoint

    @property
    def store_endpoint(self) -> Endpoint:
        return self.stack.store.endpoint

    def processes(self) -> dict[str, int]:
        return self.stack.processes()

    def store_calls(self, methods: Sequence[str]) -> float | None:
        return sum(self.stack.store.calls(method) for method in methods)


@dataclass(frozen=True, slots=True)
class RunningProcesses:
    """Query processes and a store on loopback that somebody else runs."""

    query: Sequence[str]
    """host:port of each."""
    store: str

    def __post_init__(self) -> None:
        for address in (*self.query, self.store):
            host, _, port = address.rpartition(":")
            if host not in (LOOPBACK, "localhost") or not port.isdigit():
                raise ValueError(f"{address!r} is not {LOOPBACK}:PORT; loads stay on this machine")

    @property
    def query_endpoint(self) -> Endpoint:
        addresses = ",".join(each.replace("localhost", LOOPBACK) for each in self.query)
        return Endpoint(f"ipv4:{addresses}", plaintext=True)

    @property
    def store_endpoint(self) -> Endpoint:
        return Endpoint(self.store, plaintext=True)

    def processes(self) -> dict[str, int]:
        return {}

    def store_calls(self, methods: Sequence[str]) -> float | None:  # noqa: ARG002
        return None
