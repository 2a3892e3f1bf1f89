"""A client and a server that goes away and comes back at its address."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from tenkay.client import Endpoint
from tenkay.client.store import AsyncStoreAdminClient
from tenkay.errors import Reason, TenkayError
from tenkay.stack.ports import LOOPBACK, free_port
from tenkay.store.v1 import store_admin_service_pb2 as pb
from tenkay.store.v1 import store_admin_service_pb2_grpc as pb_grpc

GREETING_SECONDS = 1.0
"""A server whose processor is busy with others takes so long."""

AWAY_SECONDS = 3.0
"""Long enough for the waits between two tries to connect to have grown to their longest."""


class Store(pb_grpc.StoreAdminServiceServicer):
    async def GetSinkStatus(self, request: pb.GetSinkStatusRequest, context: Any) -> pb.GetSinkStatusResponse:
        return pb.GetSinkStatusResponse(sequence="0.7")


@asynccontextmanager
async def serving(port: int) -> AsyncIterator[None]:
    server = grpc.aio.server()
    pb_grpc.add_StoreAdminServiceServicer_to_server(
        Store(),  # type: ignore[abstract]  # its other methods are not called
        server,
    )
    server.add_insecure_port(f"{LOOPBACK}:{port}")
    await server.start()
    try:
        yield
    finally:
        await server.stop(None)


async def test_a_server_that_comes_back_is_found_within_a_second() -> None:
    port = free_port()
    async with AsyncStoreAdminClient(Endpoint(f"{LOOPBACK}:{port}", plaintext=True)) as client:
        async with serving(port):
            assert (await client.get_sink_status()).sequence == "0.7"
        away_until = time.monotonic() + AWAY_SECONDS
        while time.monotonic() < away_until:
            with pytest.raises(TenkayError) as away:
                await client.get_sink_status(timeout=0.2)
            assert away.value.reason in (Reason.DEPENDENCY_UNAVAILABLE, Reason.DEADLINE_EXCEEDED)
            await asyncio.sleep(0.05)
        async with serving(port):
            back = time.monotonic()
            while True:
                try:
                    await client.get_sink_status(timeout=0.2)
                    break
                except TenkayError:
                    assert time.monotonic() - back < 1
                    await asyncio.sleep(0.02)


async def test_a_server_that_is_slow_to_greet_is_waited_for() -> None:
    port = free_port()

    async def pass_on_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(GREETING_SECONDS)
        server_reader, server_writer = await asyncio.open_connection(LOOPBACK, port)
        await asyncio.gather(passed_on(reader, server_writer), passed_on(server_reader, writer))

    async with serving(port), await asyncio.start_server(pass_on_late, LOOPBACK, 0) as busy:
        address = f"{LOOPBACK}:{busy.sockets[0].getsockname()[1]}"
        async with AsyncStoreAdminClient(Endpoint(address, plaintext=True)) as client:
            assert (await client.get_sink_status(timeout=5)).sequence == "0.7"


async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.closing(writer):
        while data := await reader.read(65536):
            writer.write(data)
