"""More calls at once than a server looks at: each is answered, or refused in words."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import grpc

from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay.store.v1 import filing_store_service_pb2_grpc as store_grpc
from tests.integration.store.store_process import StoreProcess

CALLS = 4000


async def test_a_burst_beyond_what_is_served_is_refused_and_not_cut_off(tmp_path: Path) -> None:
    with StoreProcess(tmp_path, {"TENKAY_STORE_MAX_CONCURRENT_RPCS": "10"}) as process:
        async with grpc.aio.insecure_channel(process.endpoint.address) as channel:
            # Not our client, which would try again.
            stub = store_grpc.FilingStoreServiceStub(channel)

            async def code() -> grpc.StatusCode:
                try:
                    await stub.ListFilings(store_pb2.ListFilingsRequest(), timeout=60)
                except grpc.aio.AioRpcError as error:
                    return error.code()
                return grpc.StatusCode.OK

            codes = Counter(await asyncio.gather(*(code() for _ in range(CALLS))))
    assert codes[grpc.StatusCode.OK] >= 10
    assert set(codes) <= {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
