"""Addresses on EDGAR, for the real hosts or for any server in their layout."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from tenkay.errors import Reason, failure
from tenkay.identifiers import undashed

WWW = "https://www.sec.gov"
DATA = "https://data.sec.gov"

# One optional folder: filing lists name the rendered form of an XML document ("xslF345X05/form4.xml").
_DOCUMENT_NAME = re.compile(r"(?:[\w.~ ()&+,'=@#!-]{1,64}/)?[\w.~ ()&+,'=@#!-]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class EdgarUrls:
    """Addresses by what they name. Both bases are without a slash at the end."""

    www: str = WWW
    """Filings, indexes and the ticker list."""
    data: str = DATA
    """Filing lists of companies."""

    @classmethod
    def at(cls, www: str, data: str | None = None) -> EdgarUrls:
        """Addresses at `www`, and at `data`, which is EDGAR's own data host for EDGAR when not given, else `www`."""
        www = www.rstrip("/")
        return cls(www, (data or (DATA if www == WWW else www)).rstrip("/"))

    def company_tickers(self) -> str:
        """All tickers with their CIKs."""
        return f"{self.www}/files/company_tickers.json"

    def submissions(self, cik: int) -> str:
        """A company and its newest filings, about 1,000."""
        return f"{self.data}/submissions/CIK{cik:010d}.json"

    def submissions_overflow(self, name: str) -> str:
        """Older filings of a company; `name` is from the `files` of its submissions."""
        return f"{self.data}/submissions/{quote(name, safe='')}"

    def form_index(self, year: int, quarter: int) -> str:
        """All filings of a quarter, by form."""
        return f"{self.www}/Archives/edgar/full-index/{year}/QTR{quarter}/form.idx"

    def full_submissions(self, cik: int, accession_number: str) -> tuple[str, str]:
        """The two addresses of the full submission text; both have the same bytes, either may be missing."""
        company = f"{self.www}/Archives/edgar/data/{cik}"
        return (
            f"{company}/{accession_number}.txt",
            f"{company}/{undashed(accession_number)}/{accession_number}.txt",
        )

    def folder_index(self, cik: int, accession_number: str) -> str:
        """The names in a filing's folder."""
        return self.document(cik, accession_number, "index.json")

    def document(self, cik: int, accession_number: str, name: str) -> str:
        """One document of a filing."""
        folder = f"{self.www}/Archives/edgar/data/{cik}/{undashed(accession_number)}"
        return f"{folder}/{'/'.join(quote(part, safe='') for part in name.split('/'))}"


def is_document_name(name: str) -> bool:
    """True for what can be the name of a document in a filing's folder: no way out of it, nothing unprintable."""
    return _DOCUMENT_NAME.fullmatch(name) is not None and not any(
        part.strip(".") == "" for part in name.split("/")
    )


def require_document_name(name: str, field: str) -> str:
    """`name` itself; INVALID_FIELD naming `field` when it cannot be the name of a document."""
    if is_document_name(name):
        return name
    raise failure(
        Reason.INVALID_FIELD,
        f"{name[:80]!r} is not a document's name; give it as the filing's index does, as in aapl-20240928.htm",
        field=field,
    )
