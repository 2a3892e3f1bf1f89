"""Settings of the gateway, from the environment: TENKAY_REST_GATEWAY_…"""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class RestGatewaySettings(BaseSettings):
    """What the gateway takes from its environment."""

    model_config = SettingsConfigDict(
        env_prefix="TENKAY_REST_GATEWAY_", frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    database_url: str
    """Address of the database, as the role that may switch to the others: postgresql://authenticator@…"""

    jwt_secret: SecretStr = Field(min_length=32)
    """Secret that tokens are signed with (HS256)."""

    listen_host: str = "127.0.0.1"
    """Address to bind to."""

    listen_port: int = Field(default=0, ge=0, le=65535)
    """Port to bind to. 0: a free one, which the log names."""

    connections: int = Field(default=10, ge=1, le=100)
    """Most connections to the database, so most requests served at once."""

    acquire_timeout_seconds: float = Field(default=10.0, gt=0, le=60)
    """How long a request waits for a connection before it is answered PGRST003."""

    statement_timeout_seconds: float = Field(default=15.0, gt=0, le=600)
    """How long one request's statement may run before Postgres ends it with 57014."""

    max_body_bytes: int = Field(default=8 * 1024 * 1024, ge=1024)
    """Largest request body."""

    max_rows: int = Field(default=1000, ge=1, le=100_000)
    """Most rows in one answer to a read; hosted Supabase has the same bound."""
