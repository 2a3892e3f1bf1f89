"""Settings of the pipeline service, from TENKAY_PIPELINE_… in the environment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from tenkay.client import Endpoint
from tenkay.runtime.settings import ServiceSettings
from tenkay_pipeline.endpoints import endpoint
from tenkay_pipeline.jobs import RetryPolicy
from tenkay_pipeline.reconciler import Sweeps


class PipelineSettings(ServiceSettings):
    """What the service needs."""

    model_config = SettingsConfigDict(env_prefix="TENKAY_PIPELINE_", frozen=True)

    database_url: str
    """Where the job records are, as an SQLAlchemy URL: "sqlite:////var/lib/tenkay/jobs.sqlite", or a Postgres."""

    broker_url: str
    """Redis URL of the broker. An instance of its own that never evicts (noeviction), not the cache."""

    fetcher_address: str
    """Address of the fetcher, "host:port"."""

    tls_ca: Path | None = None
    """PEM bundle the other services' certificates must come from. Unset: the system's."""

    lease_seconds: float = Field(default=60.0, gt=0, le=3600)
    """How long a worker has a stage without a heartbeat."""

    reconcile_seconds: float = Field(default=30.0, gt=0, le=3600)
    """Time between two looks for what was lost."""

    resend_seconds: float = Field(default=30.0, gt=0, le=3600)
    """A task that is not in its queue, and that no worker has asked about for so long, is sent again."""

    dispatch_window: int = Field(default=200, ge=1, le=10_000)
    """Most tasks of one stage that wait with the broker; the others wait in the records."""

    max_strikes: int = Field(default=5, ge=1, le=100)
    """Tries of a stage that fail in ways the filing may be the cause of, after which the filing has failed."""

    max_attempts: int = Field(default=20, ge=1, le=1000)
    """Tries of a stage, those that failed because a service was down included, after which the filing has failed."""

    first_retry_seconds: float = Field(default=1.0, gt=0, le=3600)
    """Delay before the first retry; it doubles with each."""

    longest_retry_seconds: float = Field(default=300.0, gt=0, le=86_400)
    """Longest delay before a retry."""

    def retry_policy(self) -> RetryPolicy:
        """When a failed stage is tried again."""
        return RetryPolicy(
            max_strikes=self.max_strikes,
            max_attempts=self.max_attempts,
            first_delay=timedelta(seconds=self.first_retry_seconds),
            longest_delay=timedelta(seconds=self.longest_retry_seconds),
        )

    def lease_length(self) -> timedelta:
        """How long a lease is good without a heartbeat."""
        return timedelta(seconds=self.lease_seconds)

    def sweeps(self) -> Sweeps:
        """When the reconciler looks, and what it takes for lost."""
        return Sweeps(timedelta(seconds=self.reconcile_seconds), timedelta(seconds=self.resend_seconds))

    def endpoint(self, address: str) -> Endpoint:
        """The endpoint of another service."""
        return endpoint(address, self.insecure, self.tls_ca, self.tls_certificate, self.tls_key)
