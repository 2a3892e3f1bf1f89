"""The extractor's settings, from the environment: TENKAY_EXTRACTOR_…"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from tenkay.runtime.settings import ServiceSettings


def _cores() -> int:
    affinity = getattr(
        os, "sched_getaffinity", None
    )  # where the system has it: fewer than the machine's in a container
    return len(affinity(0)) if affinity else os.cpu_count() or 1


class ExtractorSettings(ServiceSettings):
    """All settings of the extractor."""

    model_config = SettingsConfigDict(env_prefix="TENKAY_EXTRACTOR_")

    fetcher_address: str = Field(min_length=1)
    """The fetcher: "host:port", or any gRPC target."""

    fetcher_ca: Path | None = None
    """PEM bundle the fetcher's certificate must come from. Unset: the system's. Not used when insecure."""

    workers: int = Field(default_factory=_cores, ge=1, le=256)
    """Worker processes, each extracting one filing at a time. Unset: one a core that this process may use."""

    max_waiting: int = Field(default=32, ge=0, le=10_000)
    """Filings that may wait for a worker; one more is answered QUEUE_FULL."""

    filing_seconds: float = Field(default=60.0, gt=0, le=3600)
    """Wall-clock limit of one filing. One that takes longer is answered EXTRACTION_TIMEOUT and its worker killed."""

    signal_seconds: float = Field(default=5.0, gt=0, le=3600)
    """Wall-clock limit of one signal, at most a quarter of filing_seconds. One that takes longer costs the worker, and
    the filing is extracted again without it, in the time that is left: its reason is EXTRACTOR_TIMEOUT."""

    filings_per_worker: int = Field(default=200, ge=1, le=1_000_000)
    """After so many filings a worker is replaced."""

    worker_bytes: int = Field(default=2 << 30, ge=256 << 20)
    """How large a worker may grow. A signal that asks for more is missing with EXTRACTOR_FAILED; a filing that needs
    more without any signal is answered EXTRACTION_CRASHED. A worker that grew to more than half of it is replaced."""

    max_filing_bytes: int = Field(default=256 << 20, ge=1 << 10)
    """Largest filing, all its documents and the earlier filings and tables given with it together. A larger one is
    answered SUBMISSION_TOO_LARGE, unread."""

    max_held_bytes: int = Field(default=1 << 30, ge=1 << 10)
    """Bytes of filings, and of tables given with them, held at once, waiting or being extracted, at least
    max_filing_bytes. A call that finds no room is answered QUEUE_FULL."""

    default_deadline_seconds: float = Field(default=120.0, gt=0, le=3600)
    """Deadline of a call that brings none: a filing may have to be fetched, may wait, and may take its whole limit."""

    @model_validator(mode="after")
    def _one_filing_fits(self) -> ExtractorSettings:
        if self.max_held_bytes < self.max_filing_bytes:
            raise ValueError(
                "TENKAY_EXTRACTOR_MAX_HELD_BYTES is less than TENKAY_EXTRACTOR_MAX_FILING_BYTES: raise it or lower that"
            )
        return self
