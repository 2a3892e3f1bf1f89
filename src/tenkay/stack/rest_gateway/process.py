"""The gateway as a program of the stack."""

from __future__ import annotations

import http.client
import sys

from tenkay.stack.launch import Launch
from tenkay.stack.ports import LOOPBACK

DATABASE_ROLE = "authenticator"
"""The role the gateway connects as; it may only switch to the roles that tokens name."""


def rest_gateway(*, database_url: str, jwt_secret: str, port: int, needs: tuple[str, ...] = ()) -> Launch:
    """The gateway on a loopback port.

    Args:
        database_url: address of the database as DATABASE_ROLE.
        jwt_secret: the secret that tokens are signed with.
        port: where it listens.
        needs: children that must be ready before it starts.
    """
    return Launch(
        name="rest-gateway",
        argv=(sys.executable, "-m", "tenkay.stack.rest_gateway"),
        environment={
            "TENKAY_REST_GATEWAY_DATABASE_URL": database_url,
            "TENKAY_REST_GATEWAY_JWT_SECRET": jwt_secret,
            "TENKAY_REST_GATEWAY_LISTEN_HOST": LOOPBACK,
            "TENKAY_REST_GATEWAY_LISTEN_PORT": str(port),
        },
        is_ready=lambda: answers_ready(port),
        needs=needs,
    )


def answers_ready(port: int, *, timeout_seconds: float = 1.0) -> bool:
    """Whether the gateway on this loopback port serves and reaches its database."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=timeout_seconds)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
