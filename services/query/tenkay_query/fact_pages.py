"""Pages of a filing's facts: a position in them, which is true for one extraction only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tenkay import page_tokens
from tenkay.errors import Reason, TenkayError, failure
from tenkay.query.v1 import evidence_pb2

MAX_PAGE_BYTES = 1024 * 1024
"""A page ends with the fact that reaches it."""


@dataclass(frozen=True, slots=True)
class FactPosition:
    """Where a page begins."""

    offset: int
    """How many of the facts asked for come before it."""
    result_key: str
    """The extraction's: of another one the facts may be others."""


def token_of(position: FactPosition, asked: evidence_pb2.GetFactsRequest) -> str:
    """The page token that stands for a position among the facts asked for."""
    return page_tokens.encode({"o": position.offset, "k": position.result_key}, _bound_to(asked))


def position_of(token: str, asked: evidence_pb2.GetFactsRequest) -> FactPosition:
    """The position of such a token. MALFORMED_PAGE_TOKEN when it is of other facts."""
    found: Any = page_tokens.decode(token, _bound_to(asked))
    offset, key = found.get("o"), found.get("k")
    if not isinstance(offset, int) or not 0 <= offset < 2**31 or not isinstance(key, str):
        raise _refused("page_token was not issued for this method; leave it empty to start over")
    return FactPosition(offset, key)


def extracted_anew() -> TenkayError:
    """MALFORMED_PAGE_TOKEN of a page whose facts are not those of the page before."""
    return _refused(
        "the filing was extracted anew since the page before; leave page_token empty to start over"
    )


def _refused(message: str) -> TenkayError:
    return failure(Reason.MALFORMED_PAGE_TOKEN, message, field="page_token")


def _bound_to(asked: evidence_pb2.GetFactsRequest) -> bytes:
    rest = evidence_pb2.GetFactsRequest()
    rest.CopyFrom(asked)
    for field in ("page_token", "page_size", "min_sequence"):
        rest.ClearField(field)
    return b"GetFacts\0" + rest.SerializeToString(deterministic=True)
