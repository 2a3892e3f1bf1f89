"""Filings by company, newest first, and by day over all companies, oldest first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from tenkay.errors import Reason, failure
from tenkay_fetcher.company_directory import CompanyDirectory, company_unknown
from tenkay_fetcher.deadline import Deadline
from tenkay_fetcher.edgar_source import unreadable
from tenkay_fetcher.form_index import IndexSelection, quarters
from tenkay_fetcher.quarter_indexes import QuarterIndexes
from tenkay_fetcher.submissions import Listing, OverflowPage, Submissions

MAX_FORMS = 50
MAX_FORM_CHARACTERS = 24
MAX_DISCOVERY_DAYS = 366
BATCH_LISTINGS = 500


@dataclass(frozen=True, slots=True)
class Selection:
    """Which filings of a company to take."""

    forms: frozenset[str] = field(default_factory=frozenset)
    """Form types as EDGAR spells them; empty: all."""
    include_amendments: bool = False
    """True: "10-K" takes "10-K/A" too."""
    filed_from: date | None = None
    filed_to: date | None = None

    def takes(self, listing: Listing) -> bool:
        """True when the filing is selected."""
        if self.filed_from is not None and listing.filed_date < self.filed_from:
            return False
        if self.filed_to is not None and listing.filed_date > self.filed_to:
            return False
        form = listing.form_type
        return (
            not self.forms
            or form in self.forms
            or (self.include_amendments and form.endswith("/A") and form.removesuffix("/A") in self.forms)
        )

    def reaches(self, page: OverflowPage) -> bool:
        """True when the page may hold a selected filing."""
        return not (
            (self.filed_from is not None and page.filed_to < self.filed_from)
            or (self.filed_to is not None and page.filed_from > self.filed_to)
        )


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in a list that runs from newest to oldest."""

    filed_date: date
    accession_number: str


class FilingLists:
    """Reads EDGAR's lists."""

    def __init__(self, directory: CompanyDirectory, indexes: QuarterIndexes) -> None:
        self._directory = directory
        self._indexes = indexes

    async def list_filings(
        self, cik: int, selection: Selection, *, after: Position | None, limit: int, deadline: Deadline
    ) -> tuple[Sequence[Listing], bool]:
        """At most `limit` selected filings after a position, newest first, and whether there are more.

        Overflow pages are asked for only as far as the answer needs them. COMPANY_UNKNOWN.
        """
        submissions = await self._directory.submissions(cik, deadline)
        if submissions is None:
            raise company_unknown(cik)
        taken = _select(submissions.recent, selection, after)
        pages = _newest_first(page for page in submissions.overflow if selection.reaches(page))
        while pages:
            # Rows are in their final place once no page left can hold a newer one.
            if sum(row.filed_date > pages[0].filed_to for row in taken) > limit:
                break
            page = pages.pop(0)
            rows = await self._directory.overflow(cik, page, deadline)
            if rows is None:
                # A list that ends early must not look like a whole one.
                raise unreadable(
                    f"the overflow page {page.name}, which the list of CIK {cik} names, is missing"
                )
            taken += _select(rows, selection, after)
        by_accession = {row.accession_number: row for row in taken}
        ordered = sorted(by_accession.values(), key=position_of, reverse=True)
        return ordered[:limit], len(ordered) > limit

    async def find(self, cik: int, accession_number: str, deadline: Deadline) -> Listing | None:
        """The company's listing of one filing; none when its list does not have it or EDGAR has no list."""
        submissions = await self._directory.submissions(cik, deadline)
        if submissions is None:
            return None
        for row in submissions.recent:
            if row.accession_number == accession_number:
                return row
        for page in _pages_of_year(submissions, accession_number):
            for row in await self._directory.overflow(cik, page, deadline) or ():
                if row.accession_number == accession_number:
                    return row
        return None

    async def discover(
        self, selection: IndexSelection, deadline: Deadline
    ) -> AsyncIterator[Sequence[Listing]]:
        """Selected filings of all companies in batches of at most BATCH_LISTINGS, oldest first.

        A quarter that EDGAR has no index of (it has not begun, or it is from before EDGAR) has no filings.
        """
        for year, quarter in quarters(selection.filed_from, selection.filed_to):
            rows = await self._indexes.select(year, quarter, selection, deadline) or ()
            for start in range(0, len(rows), BATCH_LISTINGS):
                yield rows[start : start + BATCH_LISTINGS]


def position_of(listing: Listing) -> Position:
    """The filing's place in its company's list."""
    return Position(listing.filed_date, listing.accession_number)


def require_forms(forms: Sequence[str], field: str) -> frozenset[str]:
    """Form types as EDGAR spells them (upper case, one space). INVALID_FIELD naming `field` for what can be none."""
    if len(forms) > MAX_FORMS:
        raise failure(
            Reason.INVALID_FIELD,
            f"{len(forms)} form types are too many; give {MAX_FORMS} at most",
            field=field,
        )
    spelled = set()
    for index, form in enumerate(forms):
        text = " ".join(form.upper().split())
        if not text or len(text) > MAX_FORM_CHARACTERS or not text.isascii() or not text.isprintable():
            raise failure(
                Reason.INVALID_FIELD,
                f"{form[:40]!r} is not a form type; give one as EDGAR spells it, as in 10-K or 8-K/A",
                field=f"{field}[{index}]",
            )
        spelled.add(text)
    return frozenset(spelled)


def require_range(
    filed_from: date | None, filed_to: date | None, *, max_days: int | None = None
) -> tuple[date | None, date | None]:
    """Both days themselves; INVALID_FIELD when they are the wrong way round, or further apart than `max_days`."""
    if filed_from is not None and filed_to is not None:
        if filed_to < filed_from:
            raise failure(
                Reason.INVALID_FIELD,
                f"filed_to ({filed_to}) is before filed_from ({filed_from}); swap them",
                field="filed_to",
            )
        if max_days is not None and (filed_to - filed_from).days > max_days:
            raise failure(
                Reason.INVALID_FIELD,
                f"filed_to is {(filed_to - filed_from).days} days after filed_from; {max_days} at most: ask in parts",
                field="filed_to",
            )
    return filed_from, filed_to


def _select(rows: Sequence[Listing], selection: Selection, after: Position | None) -> list[Listing]:
    return [row for row in rows if selection.takes(row) and (after is None or position_of(row) < after)]


def _newest_first(pages: Iterable[OverflowPage]) -> list[OverflowPage]:
    return sorted(pages, key=lambda page: page.filed_to, reverse=True)


def _pages_of_year(submissions: Submissions, accession_number: str) -> list[OverflowPage]:
    """The pages that can hold a filing whose number was given out in that year: it is filed then or soon after."""
    short = int(accession_number[11:13])
    year = 1900 + short if short >= 90 else 2000 + short
    return [
        page
        for page in _newest_first(submissions.overflow)
        if page.filed_from.year <= year + 1 and page.filed_to.year >= year
    ]
