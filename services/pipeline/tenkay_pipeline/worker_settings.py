"""Settings of a worker, from TENKAY_PIPELINE_… in the environment, as the service's are."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tenkay.client import Endpoint
from tenkay_pipeline.endpoints import endpoint

ENV_PREFIX = "TENKAY_PIPELINE_"


class WorkerSettings(BaseSettings):
    """What a worker needs. It serves nobody but its metrics page."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    broker_url: str
    """Redis URL of the broker, the service's own."""

    pipeline_address: str
    """Address of the pipeline service, "host:port"."""

    fetcher_address: str
    """Address of the fetcher."""

    extractor_address: str
    """Address of the extractor."""

    analyzer_address: str
    """Address of the analyzer."""

    store_address: str
    """Address of the store."""

    insecure: bool = False
    """Plaintext to all of them, by name."""

    tls_ca: Path | None = None
    """PEM bundle their certificates must come from. Unset: the system's."""

    tls_certificate: Path | None = None
    """PEM chain the worker shows them. Unset: none."""

    tls_key: Path | None = None
    """PEM key of tls_certificate."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level that is logged."""

    otlp_endpoint: str | None = None
    """Where spans go: "host:port" of an OTLP gRPC receiver. Unset: spans are not recorded."""

    worker_metrics_host: str = "127.0.0.1"
    """Address of the metrics page."""

    worker_metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Port of the metrics page. Unset: no page. 0: a free one, which the log names."""

    worker_concurrency: int = Field(default=8, ge=1, le=256)
    """Tasks at once. The command line's --concurrency goes first."""

    heartbeat_seconds: float = Field(default=20.0, gt=0, le=1200)
    """Time between two heartbeats of a lease: a third of the service's lease_seconds, so that two may get lost."""

    acquire_seconds: float = Field(default=30.0, gt=0, le=240)
    """How long a task asks a pipeline that does not answer for its lease before it goes back into the queue."""

    settle_seconds: float = Field(default=60.0, gt=0, le=240)
    """How long a worker tries to tell a pipeline that does not answer that a stage is done. After that the stage is
    done again, which changes nothing."""

    soft_time_limit_seconds: float = Field(default=240.0, gt=0, le=3600)
    """Time of a stage: its calls' deadlines, and in processes Celery's soft time limit."""

    time_limit_seconds: float = Field(default=300.0, gt=0, le=3600)
    """When a process that is still at it is killed. Threads cannot be; there the deadlines hold."""

    soft_shutdown_seconds: float = Field(default=30.0, ge=0, le=600)
    """On SIGQUIT: how long running tasks may go on before they are given back."""

    parent_gone_seconds: float = Field(default=10.0, ge=0, le=600)
    """How long running tasks may go on when the supervisor is gone."""

    @model_validator(mode="after")
    def _limits_are_in_order(self) -> WorkerSettings:
        if self.time_limit_seconds <= self.soft_time_limit_seconds:
            raise ValueError(
                f"{ENV_PREFIX}TIME_LIMIT_SECONDS must be above {ENV_PREFIX}SOFT_TIME_LIMIT_SECONDS"
            )
        return self

    def endpoint(self, address: str) -> Endpoint:
        """The endpoint of a service."""
        return endpoint(address, self.insecure, self.tls_ca, self.tls_certificate, self.tls_key)
