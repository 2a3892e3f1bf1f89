"""Page tokens and page sizes (AIP-158), the same for every List method.

A token carries the position after the last row given, and a digest of the format, the method and all other request
fields: handed in with other arguments, or to a release that means something else by it, it is refused instead of giving
a page of something else. It is not a secret, only a bookmark;
the digest guards against mistakes, and a position is checked like any other input by who reads it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping

from tenkay.errors import Reason, failure

MAX_TOKEN_CHARACTERS = 2048
_DIGEST_BYTES = 12
_FORMAT = b"2"
"""Changed whenever tokens of before would be misread: what a position holds, or the order that it is a place in."""

PositionValue = str | int | float | bool | None
"""What a position's values may be: what JSON keeps exactly."""


def encode(position: Mapping[str, PositionValue], bound_to: bytes) -> str:
    """A token for `position` that only works together with `bound_to`."""
    body = json.dumps(dict(position), separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(_digest(bound_to, body) + body).decode().rstrip("=")


def decode(token: str, bound_to: bytes) -> dict[str, PositionValue]:
    """The position of a token made by `encode` with the same `bound_to`; MALFORMED_PAGE_TOKEN for any other."""
    if len(token) <= MAX_TOKEN_CHARACTERS:
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            digest, body = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
            if digest == _digest(bound_to, body):
                position: dict[str, PositionValue] = json.loads(body)
                return position
        except (ValueError, binascii.Error):
            pass
    raise failure(
        Reason.MALFORMED_PAGE_TOKEN,
        "page_token was not issued for this method with these arguments; leave it empty to start over",
        field="page_token",
    )


def page_size(requested: int, *, default: int, maximum: int) -> int:
    """Rows to answer with: `default` for 0, never over `maximum`; INVALID_FIELD for a negative number."""
    if requested < 0:
        raise failure(
            Reason.INVALID_FIELD,
            f"page_size is {requested}; give 0 for the default of {default}, or up to {maximum}",
            field="page_size",
        )
    return min(requested or default, maximum)


def _digest(bound_to: bytes, body: bytes) -> bytes:
    return hashlib.sha256(_FORMAT + hashlib.sha256(bound_to).digest() + body).digest()[:_DIGEST_BYTES]
