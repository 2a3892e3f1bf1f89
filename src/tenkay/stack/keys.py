"""The secret that signs the local stack's API keys, and the keys themselves: JSON Web Tokens that name a role."""

from __future__ import annotations

import json
import os
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import jwt

KEY_LIFETIME_SECONDS = 10 * 365 * 24 * 3600


@dataclass(frozen=True, slots=True, repr=False)
class StackKeys:
    """One stack's secret and keys."""

    jwt_secret: str
    """Signs and verifies (HS256)."""
    anon: str
    """May do nothing with Tenkay's tables."""
    authenticated: str
    """May read."""
    service_role: str
    """May read, and write through ingest_filing_batch. The store alone holds it."""

    @classmethod
    def make(cls) -> StackKeys:
        """A new secret and its keys."""
        secret = secrets.token_hex(32)
        return cls(
            jwt_secret=secret,
            **{role: api_key(secret, role) for role in ("anon", "authenticated", "service_role")},
        )

    @classmethod
    def load_or_make(cls, path: Path) -> StackKeys:
        """The keys kept in a file; new ones, kept there readable for its owner only, when there is none."""
        if not path.exists():
            unfinished = path.with_name(f"{path.name}.{os.getpid()}")
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(asdict(cls.make()), file)
            unfinished.rename(path)
        return cls(**json.loads(path.read_text()))


def api_key(secret: str, role: str, *, lifetime_seconds: float = KEY_LIFETIME_SECONDS) -> str:
    """A token that names a role, signed with the secret."""
    now = int(time.time())
    claims = {"iss": "tenkay", "role": role, "iat": now, "exp": now + int(lifetime_seconds)}
    return jwt.encode(claims, secret, algorithm="HS256")
