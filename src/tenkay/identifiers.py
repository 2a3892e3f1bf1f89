"""EDGAR's identifiers, checked at every door the same way.

An accession number is the 10 digits of the filer agent's CIK, the 2 digits of the year and a 6-digit count, with
dashes: ``0000320193-24-000123`` (EDGAR Filer Manual, volume II, chapter 7). A CIK has at most 10 digits.
"""

from __future__ import annotations

import re

from tenkay.errors import Reason, failure

MAX_CIK = 9_999_999_999
_ACCESSION_NUMBER = re.compile(r"[0-9]{10}-[0-9]{2}-[0-9]{6}", re.ASCII)
_UNDASHED = re.compile(r"[0-9]{18}", re.ASCII)


def is_accession_number(text: str) -> bool:
    """True for an accession number with its dashes."""
    return _ACCESSION_NUMBER.fullmatch(text) is not None


def require_accession_number(text: str, field: str) -> str:
    """`text` itself; MALFORMED_ACCESSION_NUMBER naming `field` when it is not an accession number with dashes."""
    if is_accession_number(text):
        return text
    if not text:
        raise failure(
            Reason.MALFORMED_ACCESSION_NUMBER,
            "an accession number is required, as in 0000320193-24-000123",
            field=field,
        )
    hint = f"; did you mean {dashed(text)}?" if _UNDASHED.fullmatch(text) else ""
    raise failure(
        Reason.MALFORMED_ACCESSION_NUMBER,
        f"{text[:40]!r} is not an accession number: 10, 2 and 6 digits with dashes, "
        f"as in 0000320193-24-000123{hint}",
        field=field,
    )


def require_cik(number: int, field: str) -> int:
    """`number` itself; INVALID_FIELD naming `field` unless it is from 1 to 9,999,999,999."""
    if 1 <= number <= MAX_CIK:
        return number
    raise failure(
        Reason.INVALID_FIELD, f"{number} is not a CIK: give a number from 1 to {MAX_CIK:,}", field=field
    )


def dashed(undashed: str) -> str:
    """The accession number of 18 digits with its dashes, as EDGAR's folders spell it without."""
    return f"{undashed[:10]}-{undashed[10:12]}-{undashed[12:]}"


def undashed(accession_number: str) -> str:
    """The accession number without dashes, as EDGAR's folders spell it."""
    return accession_number.replace("-", "")
