"""The extractor's settings, from the environment: TENKAY_EXTRACTOR_…"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from tenkay.runtime.settings import ServiceSettings


class ExtractorSettings(ServiceSettings):
    """All settings of the extractor."""

    model_config = SettingsConfigDict(env_prefix="TENKAY_EXTRACTOR_")

    fetcher_address: str = Field(min_length=1)
    """The fetcher: "host:port", or any gRPC target."""

    fetcher_ca: Path | None = None
    """PEM bundle the fetcher's certificate must come from. Unset: the system's. Not used when insecure."""

    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=256)
    """Worker processes, each extracting one filing at a time. Unset: one a core."""

    max_waiting: int = Field(default=32, ge=0, le=10_000)
    """Filings that may wait for a worker; one more is answered QUEUE_FULL."""

    filing_seconds: float = Field(default=60.0, gt=0, le=3600)
    """Wall-clock limit of one filing. One that takes longer is answered EXTRACTION_TIMEOUT and its worker killed."""

    filings_per_worker: int = Field(default=200, ge=1, le=1_000_000)
    """After so many filings a worker is replaced."""

    worker_bytes: int = Field(default=1 << 30, ge=64 << 20)
    """A worker larger than this after a filing is replaced."""

    max_filing_bytes: int = Field(default=256 << 20, ge=1 << 10)
    """Largest filing, all its documents together. A larger one is answered SUBMISSION_TOO_LARGE, unread."""

    default_deadline_seconds: float = Field(default=120.0, gt=0, le=3600)
    """Deadline of a call that brings none: a filing may have to be fetched, may wait, and may take its whole limit."""
