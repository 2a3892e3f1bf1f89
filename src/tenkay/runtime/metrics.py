"""Metrics: one registry a process, and the page that shows it.

A metric's name ends in its unit (`_seconds`, `_bytes`) or `_total`; its labels come from closed sets, and what a label
may be is bound once at start where the call is hot.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from wsgiref.simple_server import WSGIServer

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, start_http_server

LATENCY_BUCKETS = (
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
)
"""Upper bounds in seconds for calls and steps of them."""


def counter(name: str, documentation: str, labels: Sequence[str] = ()) -> Counter:
    """A count that only grows. `name` is without "_total"."""
    return Counter(name, documentation, labels, registry=REGISTRY)


def gauge(name: str, documentation: str, labels: Sequence[str] = ()) -> Gauge:
    """A value that goes up and down."""
    return Gauge(name, documentation, labels, registry=REGISTRY)


def histogram(
    name: str, documentation: str, labels: Sequence[str] = (), buckets: Sequence[float] = LATENCY_BUCKETS
) -> Histogram:
    """A distribution; seconds unless `buckets` says otherwise."""
    return Histogram(name, documentation, labels, registry=REGISTRY, buckets=buckets)


class MetricsPage:
    """``/metrics`` on a port of its own, in a thread of its own; OpenMetrics for whoever accepts it."""

    def __init__(self, server: WSGIServer, thread: threading.Thread) -> None:
        self._server = server
        self._thread = thread

    @classmethod
    def start(cls, host: str, port: int) -> MetricsPage:
        """Serve the page. OSError when the port is taken."""
        server, thread = start_http_server(port, host, registry=REGISTRY)
        return cls(server, thread)

    @property
    def port(self) -> int:
        """The port served, also when it was chosen by the system (0)."""
        return self._server.server_port

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
