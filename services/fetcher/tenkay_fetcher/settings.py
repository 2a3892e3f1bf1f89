"""The fetcher's settings, from the environment: TENKAY_FETCHER_…"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from tenkay.runtime.settings import ServiceSettings
from tenkay_fetcher.edgar_urls import WWW, EdgarUrls

SEC_REQUESTS_PER_SECOND = 10.0
"""What the SEC allows one user, however many machines send (sec.gov/os/accessing-edgar-data)."""


class FetcherSettings(ServiceSettings):
    """All settings of the fetcher."""

    model_config = SettingsConfigDict(env_prefix="TENKAY_FETCHER_")

    user_agent: str
    """Who asks, as the SEC wants it declared: "Example Corp admin@example.com". Required; there is no default."""

    edgar_url: str = WWW
    """EDGAR, or a server in its layout."""

    edgar_data_url: str | None = None
    """The host of filing lists. Unset: data.sec.gov for EDGAR, else edgar_url."""

    requests_per_second: float = Field(default=8.0, gt=0, le=10_000)
    """Requests to EDGAR of all replicas together. At most 10 for EDGAR itself."""

    max_replicas: int = Field(default=4, ge=1, le=1000)
    """Most fetchers that run at once: without Redis each keeps to requests_per_second divided by this."""

    redis_url: str = "redis://127.0.0.1:6379/0"
    """The Redis that all replicas share for the request limit."""

    redis_timeout_seconds: float = Field(default=0.1, gt=0, le=5)
    """Longest wait for Redis; past it Redis counts as lost."""

    limiter_key: str = Field(default="tenkay:fetcher:edgar", min_length=1, max_length=100)
    """Begin of the limiter's keys in Redis; the same for all replicas that share EDGAR's limit."""

    data_directory: Path = Path("var/fetcher")
    """Where blobs, records and indexes are kept."""

    max_blob_bytes: int = Field(default=512 * 1024 * 1024, ge=1024)
    """Largest submission or document that is taken."""

    min_free_bytes: int = Field(default=256 * 1024 * 1024, ge=0)
    """Free disk space that is left alone: below it new filings are refused with DISK_FULL."""

    attempts: int = Field(default=4, ge=1, le=20)
    """Times a request is sent in all when the connection fails or EDGAR answers 503."""

    retry_wait_seconds: float = Field(default=0.5, gt=0, le=60)
    """Wait before the second time; it doubles from there, to 16 times this."""

    connect_seconds: float = Field(default=5.0, gt=0, le=60)
    """Longest wait for a connection to EDGAR."""

    read_seconds: float = Field(default=15.0, gt=0, le=600)
    """Longest silence of EDGAR in the middle of an answer."""

    max_in_flight: int = Field(default=32, ge=1, le=1000)
    """Requests to EDGAR under way at once."""

    tickers_seconds: float = Field(default=12 * 3600.0, ge=0)
    """How long the ticker list counts as fresh."""

    filing_list_seconds: float = Field(default=60.0, ge=0)
    """How long a company's filing list counts as fresh."""

    @property
    def urls(self) -> EdgarUrls:
        """Addresses on EDGAR."""
        return EdgarUrls.at(self.edgar_url, self.edgar_data_url)

    @field_validator("user_agent")
    @classmethod
    def _names_a_contact(cls, value: str) -> str:
        text = value.strip()
        if "@" not in text or not text.isascii() or not text.isprintable():
            raise ValueError('give a company and a contact address, as in "Example Corp admin@example.com"')
        return text

    @field_validator("edgar_url", "edgar_data_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"give an http or https address, as in {WWW}")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: str) -> str:
        if urlsplit(value).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("give a redis://, rediss:// or unix:// address")
        return value

    @model_validator(mode="after")
    def _keeps_to_the_secs_limit(self) -> FetcherSettings:
        host = urlsplit(self.edgar_url).hostname or ""
        is_sec = host == "sec.gov" or host.endswith(".sec.gov")
        if is_sec and self.requests_per_second > SEC_REQUESTS_PER_SECOND:
            raise ValueError(
                f"TENKAY_FETCHER_REQUESTS_PER_SECOND is {self.requests_per_second:g}; the SEC allows "
                f"{SEC_REQUESTS_PER_SECOND:g} to everybody together"
            )
        return self
