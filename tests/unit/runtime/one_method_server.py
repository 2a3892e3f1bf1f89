"""A server of one method whose behaviour a test gives, with the handler wrapper around it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tenkay.runtime.handler import CallPolicy, RpcMetrics, WrappingServer
from tenkay.store.v1 import filing_store_service_pb2 as store

Served = tuple[CallPolicy, grpc.aio.Channel, CollectorRegistry]

MESSAGES: dict[str, Any] = {
    "request_deserializer": store.GetFilingRequest.FromString,
    "response_serializer": store.GetFilingResponse.SerializeToString,
}


@asynccontextmanager
async def served(name: str, handler: Any, **policy_settings: Any) -> AsyncIterator[Served]:
    """A server of one method."""
    registry = CollectorRegistry()
    policy = CallPolicy(
        RpcMetrics(
            Histogram("seconds", "…", ("service", "method", "code"), registry=registry),
            Gauge("in_flight", "…", ("service",), registry=registry),
            Counter("refused", "…", ("service", "reason"), registry=registry),
        ),
        **policy_settings,
    )
    server = grpc.aio.server()
    WrappingServer(server, policy).add_registered_method_handlers("s", {name: handler})
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        async with grpc.aio.insecure_channel(address) as channel:
            yield policy, channel, registry
    finally:
        await server.stop(0)
