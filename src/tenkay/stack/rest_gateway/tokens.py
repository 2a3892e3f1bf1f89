"""Who is asking: the role that a request's token names."""

from __future__ import annotations

import json
from dataclasses import dataclass

import jwt

from tenkay.stack.rest_gateway.errors import invalid_token, refused_claims

ANONYMOUS_ROLE = "anon"
_ALLOWED_SKEW_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Caller:
    """The database role of a request and the claims it came with."""

    role: str
    """The role the transaction runs under."""
    claims_json: str
    """The token's claims, for policies: current_setting('request.jwt.claims')."""
    has_token: bool
    """False for requests without a token."""


def identify(authorization: str | None, secret: str) -> Caller:
    """The caller of a request with this Authorization header.

    Raises:
        ApiError: the token's signature is wrong (PGRST301) or its claims are not, or no longer, valid (PGRST303).
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        return Caller(ANONYMOUS_ROLE, json.dumps({"role": ANONYMOUS_ROLE}), has_token=False)
    token = token.strip()
    if not token:
        raise invalid_token("Empty JWT is sent in Authorization header")
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            leeway=_ALLOWED_SKEW_SECONDS,
            options={"verify_aud": False, "verify_sub": False, "verify_jti": False, "verify_iss": False},
        )
    except jwt.ExpiredSignatureError:
        raise refused_claims("JWT expired") from None
    except (jwt.ImmatureSignatureError, jwt.InvalidIssuedAtError):
        raise refused_claims("JWT not yet valid") from None
    except jwt.InvalidTokenError as error:
        raise invalid_token(f"JWT cannot be verified: {error}") from None
    role = claims.get("role", ANONYMOUS_ROLE)
    if not isinstance(role, str) or not role:
        raise refused_claims("The role claim must be a string")
    return Caller(role, json.dumps({**claims, "role": role}), has_token=True)
