"""python -m tenkay.stack.rest_gateway"""

from __future__ import annotations

import uvicorn

from tenkay.runtime.logs import start_logging
from tenkay.runtime.settings import load_settings
from tenkay.stack.rest_gateway.app import make_app
from tenkay.stack.rest_gateway.settings import RestGatewaySettings


def main() -> None:
    settings = load_settings(RestGatewaySettings)
    start_logging("rest-gateway")
    uvicorn.run(
        make_app(settings),
        host=settings.listen_host,
        port=settings.listen_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
        limit_concurrency=1000,
    )


if __name__ == "__main__":
    main()
