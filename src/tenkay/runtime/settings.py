"""Settings every service has, and how a wrong one ends the start: with one line that names the variable."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal, NoReturn, TypeVar

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

EXIT_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h: something in the settings is wrong; restarting does not help."""

Settings = TypeVar("Settings", bound=BaseSettings)


class ServiceSettings(BaseSettings):
    """What each service takes from its environment, under its own prefix (``TENKAY_STORE_LISTEN_PORT``)."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    listen_host: str = "127.0.0.1"
    """Address the gRPC server binds to."""

    listen_port: int = Field(default=0, ge=0, le=65535)
    """Port of the gRPC server. 0: a free one, which the log names."""

    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Port of the /metrics page. Unset: no page. 0: a free one, which the log names."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level that is logged."""

    otlp_endpoint: str | None = None
    """Where spans go: "host:port" of an OTLP gRPC receiver. Unset: spans are not recorded."""

    trace_sample_ratio: float = Field(default=0.01, ge=0, le=1)
    """Share of calls without a trace of their own that start a recorded one. Calls that bring a trace follow it."""

    max_concurrent_rpcs: int = Field(default=1000, ge=1, le=100_000)
    """Calls served at once; one more is answered TOO_MANY_CALLS."""

    default_deadline_seconds: float = Field(default=30.0, gt=0, le=3600)
    """Deadline of a unary call that brings none."""

    drain_seconds: float = Field(default=10.0, ge=0, le=600)
    """How long running calls may go on after SIGTERM."""

    endpoint_removal_seconds: float = Field(default=0.2, ge=0, le=60)
    """How long to keep serving after health says NOT_SERVING, for callers to notice. The default is for clients that
    watch health, as ours do; load balancers that ask now and then need seconds. With 0, gRPC resets the calls that are
    on their way when the server closes, which is CANCELLED to their callers."""

    tls_certificate: Path | None = None
    """PEM chain the server shows."""

    tls_key: Path | None = None
    """PEM key of tls_certificate."""

    tls_client_ca: Path | None = None
    """PEM bundle that callers' certificates must come from. Unset: callers need none."""

    insecure: bool = False
    """Plaintext, by name: for loopback and for pods whose mesh encrypts. Without it TLS files are required."""

    @model_validator(mode="after")
    def _is_secure_or_says_not(self) -> ServiceSettings:
        prefix = self.model_config.get("env_prefix", "")
        has_tls = self.tls_certificate is not None and self.tls_key is not None
        if not self.insecure and not has_tls:
            raise ValueError(
                f"set {prefix}TLS_CERTIFICATE and {prefix}TLS_KEY, or {prefix}INSECURE=true for plaintext"
            )
        return self


def load_settings(settings: type[Settings]) -> Settings:
    """The settings from the environment. A wrong one prints a line naming its variable and exits with status 78."""
    try:
        return settings()
    except ValidationError as error:
        _stop(settings, error)


def _stop(settings: type[BaseSettings], error: ValidationError) -> NoReturn:
    prefix = settings.model_config.get("env_prefix", "")
    lines = []
    for problem in error.errors(include_url=False, include_context=False):
        message = problem["msg"].removeprefix("Value error, ")
        variable = prefix + "_".join(str(part) for part in problem["loc"]).upper() if problem["loc"] else ""
        if problem["type"] == "missing":
            message = "is required and not set"
        lines.append(f"{variable}: {message}" if variable else message)
    print(f"{prefix.strip('_').lower()}: wrong settings: " + "; ".join(lines), file=sys.stderr, flush=True)
    raise SystemExit(EXIT_CONFIGURATION)
