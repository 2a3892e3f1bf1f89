"""Where a service is and how to reach it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import grpc

from tenkay.errors import Reason, failure

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
TOKEN_VARIABLE = "TENKAY_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class Tls:
    """Which certificates a connection trusts and shows."""

    ca: Path | None = None
    """PEM bundle the server's certificate must come from. None: the system's."""
    certificate: Path | None = None
    """PEM chain to show. None: none."""
    key: Path | None = None
    """PEM key of `certificate`."""
    server_name: str | None = None
    """Name the server's certificate must carry. None: the address' host."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of a service: "host:port", or any gRPC target."""

    address: str
    tls: Tls | None = None
    """None: the system's certificates, unless `plaintext`."""
    plaintext: bool = False
    """Unencrypted, by name: for loopback and meshes that encrypt. Together with `tls` it is refused."""
    token: str | None = None
    """Bearer token to send. None: that of the environment variable TENKAY_TOKEN, over TLS only."""

    def __post_init__(self) -> None:
        if not self.address:
            raise failure(
                Reason.INVALID_FIELD, "the endpoint has no address; give host:port", field="address"
            )
        if self.plaintext and self.tls is not None:
            raise failure(Reason.INVALID_FIELD, "plaintext and tls exclude each other", field="plaintext")
        if self.plaintext and self.token is not None:
            raise failure(
                Reason.INVALID_FIELD, "a token is never sent over plaintext; use tls", field="token"
            )

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """The credentials of an encrypted channel."""
        tls = self.tls or Tls()
        return grpc.ssl_channel_credentials(
            root_certificates=tls.ca.read_bytes() if tls.ca else None,
            certificate_chain=tls.certificate.read_bytes() if tls.certificate else None,
            private_key=tls.key.read_bytes() if tls.key else None,
        )

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What every call carries."""
        token = None if self.plaintext else (self.token or os.environ.get(TOKEN_VARIABLE))
        return (("authorization", f"Bearer {token}"),) if token else ()

    def channel_options(self, service: str) -> list[tuple[str, Any]]:
        """gRPC's options for a channel to `service` ("tenkay.store.v1.FilingStoreService")."""
        options: list[tuple[str, Any]] = [
            ("grpc.service_config", json.dumps(service_config(service))),
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            # A restarted server should be found again in a moment, not after gRPC's default of up to two minutes.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 500),
            # Named as if it were a wait, this is how long a try to connect may take: a busy server needs a second.
            ("grpc.min_reconnect_backoff_ms", 5000),
            ("grpc.keepalive_time_ms", 60_000),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        if self.tls is not None and self.tls.server_name is not None:
            options.append(("grpc.ssl_target_name_override", self.tls.server_name))
        return options


@cache
def service_config(service: str) -> Mapping[str, Any]:
    """The reviewed service config of `service`'s package, as gRPC takes it."""
    package = service.rpartition(".")[0]
    name = package.split(".")[1]
    file = resources.files(package) / f"{name}_service_config.json"
    config: Mapping[str, Any] = json.loads(file.read_text())
    return config


@cache
def method_deadline(service: str, method: str) -> float | None:
    """Seconds the service config gives to `method`; None for streams, which may stay."""
    whole_service: float | None = None
    for entry in service_config(service)["methodConfig"]:
        timeout = float(entry["timeout"].removesuffix("s")) if "timeout" in entry else None
        for name in entry["name"]:
            if name["service"] == service and name.get("method") == method:
                # As gRPC reads it: the method's own entry takes the service's place, also in what it leaves out.
                return timeout
            if name["service"] == service and "method" not in name:
                whole_service = timeout
    return whole_service
