"""EDGAR's filing lists: `submissions/CIK##########.json` and its overflow pages, as values.

The lists hold columns of equal length. What a row leaves empty is absent here.

About `acceptanceDateTime`: it always ends in "Z", yet some answers of EDGAR give Eastern time and others UTC, a whole
file one or the other (compared with the ACCEPTANCE-DATETIME of submission headers, which is Eastern). EDGAR accepts
filings from 6:00 to 22:00 Eastern time, so the clock times of a file tell which it is; where they do not, the time of
acceptance is absent rather than hours off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from tenkay.identifiers import is_accession_number
from tenkay_fetcher.edgar_source import unreadable
from tenkay_fetcher.edgar_urls import is_document_name

EASTERN = ZoneInfo("America/New_York")
"""EDGAR's own time zone (Regulation S-T, rule 12)."""
SHARE_THAT_DECIDES = 0.9
"""Of the telling clock times of a list, at least this many must agree."""

# Posted by the SEC's staff or from paper, at any hour.
_STAFF_PREFIXES = ("0000000000", "9999999995", "9999999997")
_OVERFLOW_NAME = re.compile(r"CIK\d{10}-submissions-\d{3,4}\.json", re.ASCII)


@dataclass(frozen=True, slots=True)
class Company:
    """A company as EDGAR lists it."""

    cik: int
    name: str
    tickers: tuple[str, ...] = ()
    """The main one first."""
    former_names: tuple[str, ...] = ()
    """Newest first."""
    sic_code: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a filing list or an index tells about one filing. None and "" where it does not."""

    accession_number: str
    cik: int
    form_type: str
    filed_date: date
    accepted_at: datetime | None = None
    period_end: date | None = None
    company_name: str = ""
    primary_document: str | None = None
    items: tuple[str, ...] = ()
    """Of an 8-K: "2.02"."""


@dataclass(frozen=True, slots=True)
class OverflowPage:
    """Names a page of older filings."""

    name: str
    filed_from: date
    filed_to: date


@dataclass(frozen=True, slots=True)
class Submissions:
    """A company's filing list."""

    company: Company
    recent: tuple[Listing, ...]
    overflow: tuple[OverflowPage, ...]


def parse_submissions(content: bytes) -> Submissions:
    """The list in a submissions file. EDGAR_UNAVAILABLE when it is none."""
    try:
        body = json.loads(content)
        company = _company(body)
        filings = body["filings"]
        overflow = tuple(_overflow_page(page) for page in filings.get("files") or ())
        return Submissions(company, _listings(filings["recent"], company), overflow)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(f"a filing list that cannot be read ({type(error).__name__}: {error})") from error


def parse_overflow(content: bytes, company: Company) -> tuple[Listing, ...]:
    """The listings of an overflow page of `company`. EDGAR_UNAVAILABLE when it is none."""
    try:
        return _listings(json.loads(content), company)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(f"an overflow page that cannot be read ({type(error).__name__}: {error})") from error


def acceptance_zone(rows: Sequence[tuple[str, datetime]]) -> tzinfo | None:
    """The time zone that the acceptance times of one list are in: Eastern, UTC, or none when they do not tell.

    `rows` are accession numbers with clock times as printed. A clock time from 6:00 to 10:00 cannot be UTC (it would be
    before 6:00 Eastern), one from 22:00 to 3:00 cannot be Eastern.
    """
    eastern = utc = 0
    for accession_number, clock in rows:
        if accession_number.startswith(_STAFF_PREFIXES):
            continue
        if 6 <= clock.hour < 10:
            eastern += 1
        elif clock.hour >= 22 or clock.hour < 3:
            utc += 1
    telling = eastern + utc
    if telling == 0:
        return None
    if eastern >= SHARE_THAT_DECIDES * telling:
        return EASTERN
    if utc >= SHARE_THAT_DECIDES * telling:
        return UTC
    return None


def _company(body: Mapping[str, Any]) -> Company:
    sic = str(body.get("sic") or "")
    former = sorted(body.get("formerNames") or (), key=lambda name: name.get("to") or "", reverse=True)
    return Company(
        cik=int(body["cik"]),
        name=str(body["name"]),
        tickers=tuple(str(ticker) for ticker in body.get("tickers") or ()),
        former_names=tuple(str(name["name"]) for name in former),
        sic_code=int(sic) if sic.isascii() and sic.isdigit() and int(sic) > 0 else None,
    )


def _overflow_page(page: Mapping[str, Any]) -> OverflowPage:
    name = str(page["name"])
    if not _OVERFLOW_NAME.fullmatch(name):
        raise ValueError(f"overflow page named {name[:80]!r}")
    return OverflowPage(name, date.fromisoformat(page["filingFrom"]), date.fromisoformat(page["filingTo"]))


def _listings(columns: Mapping[str, Sequence[Any]], company: Company) -> tuple[Listing, ...]:
    accession_numbers = columns["accessionNumber"]
    count = len(accession_numbers)

    def column(name: str) -> Sequence[Any]:
        values = columns.get(name)
        if values is None:
            return ("",) * count
        if len(values) != count:
            raise ValueError(f"column {name} has {len(values)} rows, accessionNumber {count}")
        return values

    forms, filed, periods = column("form"), column("filingDate"), column("reportDate")
    clocks = [_clock(text) for text in column("acceptanceDateTime")]
    documents, items = column("primaryDocument"), column("items")
    zone = acceptance_zone(
        [
            (number, clock)
            for number, clock in zip(accession_numbers, clocks, strict=True)
            if clock is not None
        ]
    )
    listings = []
    for row, number in enumerate(accession_numbers):
        if not is_accession_number(number):
            raise ValueError(f"accession number {number!r}")
        clock = clocks[row]
        document = str(documents[row] or "")
        listings.append(
            Listing(
                accession_number=number,
                cik=company.cik,
                form_type=str(forms[row] or ""),
                filed_date=date.fromisoformat(filed[row]),
                accepted_at=clock.replace(tzinfo=zone).astimezone(UTC) if clock and zone else None,
                period_end=date.fromisoformat(periods[row]) if periods[row] else None,
                company_name=company.name,
                primary_document=document if is_document_name(document) else None,
                items=tuple(part.strip() for part in str(items[row] or "").split(",") if part.strip()),
            )
        )
    return tuple(listings)


def _clock(text: str) -> datetime | None:
    if not text:
        return None
    return datetime.fromisoformat(text).replace(tzinfo=None)
