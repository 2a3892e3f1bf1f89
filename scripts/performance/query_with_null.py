"""The query service as it is, with one more method on its server: a null RPC, to compare with.

The null RPC goes through the same wrapper, is given its request as bytes like the hot reads, and answers with the
bytes of the file that TENKAY_BENCHMARK_NULL_ANSWER names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import grpc

from tenkay.runtime.handler import takes_bytes
from tenkay.runtime.server import ServerScope, run
from tenkay.runtime.settings import load_settings
from tenkay_query.__main__ import build
from tenkay_query.settings import QuerySettings

SERVICE = "tenkay.benchmark.v1.NullService"
METHOD = f"/{SERVICE}/Null"
ANSWER_FILE = "TENKAY_BENCHMARK_NULL_ANSWER"


def main() -> None:
    settings = load_settings(QuerySettings)
    answer = Path(os.environ[ANSWER_FILE]).read_bytes()

    @takes_bytes
    async def null(_request: bytes, _context: Any) -> bytes:
        return answer

    def add(_servicer: object, server: Any) -> None:
        handlers = {"Null": grpc.unary_unary_rpc_method_handler(null)}
        server.add_registered_method_handlers(SERVICE, handlers)

    async def build_with_null(scope: ServerScope) -> None:
        await build(scope, settings)
        scope.add(add, None, SERVICE)

    run("query", settings, build_with_null)


if __name__ == "__main__":
    main()
