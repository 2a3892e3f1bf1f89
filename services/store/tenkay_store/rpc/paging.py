"""Pages of lists: what a token belongs to, and the position it holds."""

from __future__ import annotations

from datetime import date
from typing import Any

from tenkay import page_tokens
from tenkay.errors import Reason, TenkayError, failure
from tenkay_store.backups.backup import SnapshotName, parse_name
from tenkay_store.domain.company_screens import CompanyPage
from tenkay_store.domain.selections import Page, Position, Series, SeriesPosition

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 500
MAX_PAGE_VALUES = 20_000
"""Signal values on a page at most: about 100 bytes each, a message may have 4 MB."""


def page_size(requested: int, *, default: int = DEFAULT_PAGE_SIZE, maximum: int = MAX_PAGE_SIZE) -> int:
    """Entries to answer with. INVALID_FIELD for a negative number."""
    return page_tokens.page_size(requested, default=default, maximum=maximum)


def page_of_values(requested: int, values_each: int) -> int:
    """Entries to answer with where each has so many values. INVALID_FIELD for a negative number."""
    return min(page_size(requested), MAX_PAGE_VALUES // max(1, values_each))


def bound_to(method: str, request: Any) -> bytes:
    """What a page token belongs to: the method and all of the request that chooses rows and what is shown of them."""
    rest = type(request)()
    rest.CopyFrom(request)
    # How much of it and how fresh at least may differ from page to page.
    for field in ("page_token", "page_size", "min_sequence"):
        if field in rest.DESCRIPTOR.fields_by_name:
            rest.ClearField(field)
    serialised: bytes = rest.SerializeToString(deterministic=True)
    return method.encode() + b"\0" + serialised


def filings_token(page: Page, head: int, bound: bytes) -> str:
    """The token of the page of filings after this one, at the state `head`; empty when there is none."""
    position = page.next_position
    if position is None:
        return ""
    return page_tokens.encode(
        {"s": head, "d": _iso(position.filed_date), "a": position.accession_number}, bound
    )


def filings_position(token: str, bound: bytes) -> tuple[int, Position]:
    """State and position of such a token. MALFORMED_PAGE_TOKEN."""
    decoded: Any = page_tokens.decode(token, bound)
    try:
        return _sequence(decoded["s"]), Position(_day(decoded["d"]), _text(decoded["a"]))
    except (KeyError, TypeError, ValueError):
        raise _not_this_methods() from None


def series_token(page: Series, head: int, bound: bytes) -> str:
    """The token of the page of a series after this one, at the state `head`; empty when there is none."""
    position = page.next_position
    if position is None:
        return ""
    return page_tokens.encode(
        {
            "s": head,
            "e": _iso(position.period_end),
            "d": _iso(position.filed_date),
            "a": position.accession_number,
        },
        bound,
    )


def series_position(token: str, bound: bytes) -> tuple[int, SeriesPosition]:
    """State and position of such a token. MALFORMED_PAGE_TOKEN."""
    decoded: Any = page_tokens.decode(token, bound)
    try:
        position = SeriesPosition(_day(decoded["e"]), _day(decoded["d"]), _text(decoded["a"]))
        return _sequence(decoded["s"]), position
    except (KeyError, TypeError, ValueError):
        raise _not_this_methods() from None


def companies_token(page: CompanyPage, head: int, bound: bytes) -> str:
    """The token of the page of companies after this one, at the state `head`; empty when there is none."""
    return "" if page.next_after is None else page_tokens.encode({"s": head, "c": page.next_after}, bound)


def companies_position(token: str, bound: bytes) -> tuple[int, int]:
    """State and CIK of such a token. MALFORMED_PAGE_TOKEN."""
    decoded: Any = page_tokens.decode(token, bound)
    try:
        return _sequence(decoded["s"]), _sequence(decoded["c"])
    except (KeyError, TypeError, ValueError):
        raise _not_this_methods() from None


def sequences_token(after: int | None, head: int, bound: bytes) -> str:
    """The token of the page of entries after a sequence, at the state `head`; empty when there is none."""
    return "" if after is None else page_tokens.encode({"s": head, "p": after}, bound)


def sequences_position(token: str, bound: bytes) -> tuple[int, int]:
    """State and sequence of such a token. MALFORMED_PAGE_TOKEN."""
    decoded: Any = page_tokens.decode(token, bound)
    try:
        return _sequence(decoded["s"]), _sequence(decoded["p"])
    except (KeyError, TypeError, ValueError):
        raise _not_this_methods() from None


def snapshots_token(name: SnapshotName | None, bound: bytes) -> str:
    """The token of the page of snapshots before one; empty when there is none."""
    return "" if name is None else page_tokens.encode({"n": str(name)}, bound)


def snapshots_position(token: str, bound: bytes) -> SnapshotName:
    """The snapshot of such a token. MALFORMED_PAGE_TOKEN."""
    name = parse_name(str(page_tokens.decode(token, bound).get("n")))
    if name is None:
        raise _not_this_methods()
    return name


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _day(text: Any) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _sequence(number: Any) -> int:
    """What a position may say: a token is no secret, so anybody can make one that says anything."""
    if not isinstance(number, int) or not 0 <= number < 2**64:
        raise ValueError("no sequence")
    return number


def _text(text: Any) -> str:
    if not isinstance(text, str) or not text.isascii():
        raise ValueError("no accession number")
    return text


def _not_this_methods() -> TenkayError:
    return failure(
        Reason.MALFORMED_PAGE_TOKEN,
        "page_token was not issued for this method; leave it empty to start over",
        field="page_token",
    )
