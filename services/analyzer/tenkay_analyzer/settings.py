"""The analyzer's settings, from the environment: TENKAY_ANALYZER_…"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from tenkay.runtime.settings import ServiceSettings


class AnalyzerSettings(ServiceSettings):
    """All settings of the analyzer."""

    model_config = SettingsConfigDict(env_prefix="TENKAY_ANALYZER_")

    store_address: str = Field(min_length=1)
    """The store: "host:port", or any gRPC target."""

    store_ca: Path | None = None
    """PEM bundle the store's certificate must come from. Unset: the system's. Not used when insecure."""

    rules_file: Path | None = None
    """Scoring rules to use in place of the shipped ones."""
