"""What people type to say which companies and filings they mean.

    AAPL, brk-b                          a company by its ticker
    320193, 0000320193                   a company by its CIK
    0000320193-24-000123                 a filing
    320193:0000320193-24-000123          a filing in the folder of this CIK on EDGAR; "/" does instead of ":"

A filing's folder on EDGAR is named by a CIK that the accession number does not tell: its first ten digits are the
filer agent's as often as the company's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tenkay.errors import Reason, failure
from tenkay.identifiers import require_accession_number, require_cik

_CIK = re.compile(r"[0-9]{1,10}", re.ASCII)
_TICKER = re.compile(r"[A-Za-z][A-Za-z0-9]{0,9}([.-][A-Za-z0-9]{1,4})?", re.ASCII)
_SEPARATED = re.compile(r"(?P<cik>[^:/]*)[:/](?P<accession_number>.*)", re.DOTALL)

FIELD = "selector"


@dataclass(frozen=True, slots=True)
class TickerSelector:
    """A company by its ticker."""

    ticker: str
    """In capitals."""


@dataclass(frozen=True, slots=True)
class CikSelector:
    """A company by its CIK."""

    cik: int


@dataclass(frozen=True, slots=True)
class FilingSelector:
    """A filing."""

    accession_number: str
    cik: int | None = None
    """The CIK whose folder on EDGAR holds it. None: not told."""


CompanySelector = TickerSelector | CikSelector
Selector = CompanySelector | FilingSelector


def parse_selector(text: str) -> Selector:
    """The company or filing meant; INVALID_FIELD or MALFORMED_ACCESSION_NUMBER for anything else."""
    separated = _SEPARATED.fullmatch(text)
    if separated is not None:
        cik = _parse_cik(separated["cik"])
        return FilingSelector(require_accession_number(separated["accession_number"], FIELD), cik)
    if _CIK.fullmatch(text):
        return CikSelector(require_cik(int(text), FIELD))
    if _TICKER.fullmatch(text):
        return TickerSelector(text.upper())
    if "0" <= text[:1] <= "9":
        return FilingSelector(require_accession_number(text, FIELD))
    raise failure(
        Reason.INVALID_FIELD,
        f"{text[:40]!r} is none of: a ticker (AAPL), a CIK (320193), an accession number (0000320193-24-000123), "
        "CIK:ACCESSION (320193:0000320193-24-000123)",
        field=FIELD,
    )


def parse_filing(text: str) -> FilingSelector:
    """The filing meant; MALFORMED_ACCESSION_NUMBER when it is a company or nothing."""
    separated = _SEPARATED.fullmatch(text)
    if separated is not None:
        cik = _parse_cik(separated["cik"])
        return FilingSelector(require_accession_number(separated["accession_number"], FIELD), cik)
    return FilingSelector(require_accession_number(text, FIELD))


def parse_company(text: str) -> CompanySelector:
    """The company meant; INVALID_FIELD when it is a filing or nothing."""
    selector = parse_selector(text)
    if isinstance(selector, FilingSelector):
        raise failure(
            Reason.INVALID_FIELD,
            f"{text[:40]!r} is a filing; give a company: a ticker (AAPL) or a CIK (320193)",
            field=FIELD,
        )
    return selector


def _parse_cik(text: str) -> int:
    if _CIK.fullmatch(text):
        return require_cik(int(text), FIELD)
    raise failure(
        Reason.INVALID_FIELD,
        f"{text[:40]!r} is not a CIK: give its digits, as in 320193:0000320193-24-000123",
        field=FIELD,
    )
