"""A filing as EDGAR holds it: its listing, its header and its documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from samples.companies import SampleCompany
from samples.fiscal_calendar import eastern_to_utc
from samples.reporting import Reporting


class Wrapping(StrEnum):
    """What stands around a document's bytes inside `<TEXT>`."""

    NONE = ""
    XBRL = "XBRL"
    IMAGE = "uuencoded"


@dataclass(frozen=True, slots=True)
class SampleDocument:
    type: str
    file_name: str
    """Empty in the 1990s, when documents had no names."""
    description: str
    content: bytes
    wrapping: Wrapping = Wrapping.NONE


@dataclass(frozen=True, slots=True)
class SampleFiling:
    company: SampleCompany
    """As it was named and run at the time."""
    form: str
    accession_number: str
    filed_on: date
    accepted_local: datetime | None
    """New York time, as in the header. None in the 1990s, when headers had none."""
    report_date: date
    """The period or event date that the header and the listing give."""
    period_end: date
    """The day the report's facts end on; the report date itself where there are no facts."""
    film_number: str
    documents: tuple[SampleDocument, ...]
    sections: tuple[str, ...]
    """Codes of the items, in order."""
    items: tuple[str, ...] = ()
    """Item numbers of a current report, as the header of its time names them."""
    item_titles: tuple[str, ...] = ()
    reporting: Reporting | None = None
    """The numbers behind it, when it states the results of a fiscal year or quarter."""
    amends: str = ""
    """Accession number of the report that this one amends."""

    @property
    def primary_document(self) -> str:
        return self.documents[0].file_name

    @property
    def folder(self) -> str:
        """Below the archive's root, without a slash at the end."""
        return f"Archives/edgar/data/{self.company.cik}/{self.accession_number.replace('-', '')}"

    @property
    def is_inline(self) -> bool:
        return self.documents[0].wrapping is Wrapping.XBRL

    @property
    def has_xbrl(self) -> bool:
        return any(document.wrapping is Wrapping.XBRL for document in self.documents)

    @property
    def accepted_at(self) -> datetime:
        """The instant that the listing gives: for filings without a time, midnight in New York."""
        local = self.accepted_local or datetime(self.filed_on.year, self.filed_on.month, self.filed_on.day)  # noqa: DTZ001
        return eastern_to_utc(local)
