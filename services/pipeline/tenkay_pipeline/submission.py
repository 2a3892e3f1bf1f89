"""Submissions: from what a caller selects to the filings of a job.

Companies are resolved and listed, days are discovered, and what is found is joined, before the job is acknowledged: a
ticker that is none is told to the caller, not found out by a worker. The EDGAR side is behind `Listings`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from typing import Protocol, TypeVar

from tenkay.errors import Reason, TenkayError, failure
from tenkay.identifiers import require_accession_number, require_cik
from tenkay_pipeline.jobs import Listing

MAX_COMPANIES = 100
MAX_FILINGS = 5000
MAX_PER_COMPANY = 1000
MAX_DAYS = 366
MAX_FORMS = 50
DEFAULT_FORMS = ("10-K", "10-Q", "8-K")
COMPANIES_AT_ONCE = 8
"""Companies asked for at the same time; EDGAR's request limit is kept by the fetcher."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
_TICKER = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,11}", re.ASCII)
_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9 \-/.]{0,23}", re.ASCII)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FiledRange:
    """Days, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Selection:
    """What a caller selects, checked and in one spelling: build it with `select`."""

    request_id: str
    tickers: tuple[str, ...]
    """In capitals."""
    ciks: tuple[int, ...]
    filings: tuple[Listing, ...]
    """Single filings, with what the caller told of each."""
    filed: FiledRange | None
    forms: tuple[str, ...]
    include_amendments: bool
    since: date | None
    limit_per_company: int

    def digest(self) -> str:
        """SHA-256, in hex, of all but the request_id: equal for the same arguments."""
        arguments = asdict(self)
        del arguments["request_id"]
        text = json.dumps(arguments, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def forms_exactly(self) -> tuple[str, ...]:
        """The forms with their amendments spelt out, for a source that takes forms exactly as spelt."""
        if not self.include_amendments:
            return self.forms
        amendments = (f"{form}/A" for form in self.forms if not form.endswith("/A"))
        return tuple(dict.fromkeys((*self.forms, *amendments)))


class Listings(Protocol):
    """Where companies and their filings are looked up. Errors of the source are raised as they come."""

    async def cik_of(self, ticker: str) -> int:
        """The CIK of a ticker. COMPANY_UNKNOWN."""

    async def of_company(
        self, cik: int, *, forms: Sequence[str], include_amendments: bool, since: date | None, limit: int
    ) -> list[Listing]:
        """A company's newest filings, newest first, `limit` at most. COMPANY_UNKNOWN."""

    def of_days(self, filed: FiledRange, *, forms: Sequence[str]) -> AsyncIterator[Listing]:
        """All companies' filings of these days, oldest first."""


def select(
    *,
    request_id: str,
    tickers: Sequence[str],
    ciks: Sequence[int],
    filings: Sequence[Listing],
    filed: FiledRange | None,
    forms: Sequence[str],
    include_amendments: bool,
    since: date | None,
    limit_per_company: int,
) -> Selection:
    """The selection of these arguments. INVALID_FIELD or MALFORMED_ACCESSION_NUMBER names the one that is wrong."""
    if _REQUEST_ID.fullmatch(request_id) is None:
        raise failure(
            Reason.INVALID_FIELD,
            'request_id must be 8 to 64 letters, digits, "-" or "_"; make a new one for each submission, '
            "and repeat it only to repeat the submission",
            field="request_id",
        )
    if not (tickers or ciks or filings or filed):
        raise failure(
            Reason.INVALID_FIELD,
            "nothing is selected: give tickers, ciks, filings or filed",
            field="tickers",
        )
    _at_most(MAX_COMPANIES, len(tickers) + len(ciks), "companies", "tickers" if tickers else "ciks")
    _at_most(MAX_FILINGS, len(filings), "filings", "filings")
    _at_most(MAX_FORMS, len(forms), "forms", "forms")
    for position, filing in enumerate(filings):
        require_accession_number(filing.accession_number, f"filings[{position}].accession_number")
        if filing.cik is not None:
            require_cik(filing.cik, f"filings[{position}].cik")
    if filed is not None:
        _require_range(filed)
    return Selection(
        request_id=request_id,
        tickers=_each_once(
            _require_ticker(ticker, f"tickers[{position}]") for position, ticker in enumerate(tickers)
        ),
        ciks=_each_once(require_cik(cik, f"ciks[{position}]") for position, cik in enumerate(ciks)),
        filings=tuple(filings),
        filed=filed,
        forms=_each_once(_require_form(form, f"forms[{position}]") for position, form in enumerate(forms))
        or DEFAULT_FORMS,
        include_amendments=include_amendments,
        since=since,
        limit_per_company=min(limit_per_company or MAX_PER_COMPANY, MAX_PER_COMPANY),
    )


async def find_filings(selection: Selection, listings: Listings) -> list[Listing]:
    """What the selection selects: single filings first, then company by company, then the days.

    A filing found twice is taken once, with what either finding told. COMPANY_UNKNOWN for a ticker or CIK that is
    none; INVALID_FIELD for more than 5,000 filings; otherwise the source's own errors.
    """
    found: dict[str, Listing] = {}

    def take(listing: Listing, field: str) -> None:
        known = found.get(listing.accession_number)
        found[listing.accession_number] = listing if known is None else known.completed_by(listing)
        if len(found) > MAX_FILINGS:
            raise failure(
                Reason.INVALID_FIELD,
                f"more than {MAX_FILINGS:,} filings are selected; take fewer companies or days, "
                "or set forms, since or limit_per_company",
                field=field,
            )

    for listing in selection.filings:
        take(listing, "filings")

    resolved = await _in_order([partial(listings.cik_of, ticker) for ticker in selection.tickers])
    list_company = partial(
        listings.of_company,
        forms=selection.forms,
        include_amendments=selection.include_amendments,
        since=selection.since,
        limit=selection.limit_per_company,
    )
    ciks = _each_once((*resolved, *selection.ciks))
    for company in await _in_order([partial(list_company, cik) for cik in ciks]):
        for listing in company:
            take(listing, "tickers" if selection.tickers else "ciks")

    if selection.filed is not None:
        async for listing in listings.of_days(selection.filed, forms=selection.forms_exactly()):
            take(listing, "filed")
    return list(found.values())


def request_id_reused(request_id: str) -> TenkayError:
    """The error for a request_id that came before with other arguments."""
    return failure(
        Reason.REQUEST_ID_REUSED,
        f"the request_id {request_id} was used before with other arguments; make a new one for a new submission",
        field="request_id",
    )


async def _in_order(calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """The answers of `calls` in their order, a few at a time; the first failure stops the rest."""
    slots = asyncio.Semaphore(COMPANIES_AT_ONCE)

    async def one(call: Callable[[], Awaitable[T]]) -> T:
        async with slots:
            return await call()

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(call)) for call in calls]
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    return [task.result() for task in tasks]


def _at_most(bound: int, count: int, what: str, field: str) -> None:
    if count > bound:
        raise failure(
            Reason.INVALID_FIELD,
            f"{count:,} {what} are more than the {bound:,} of one submission; submit them in parts",
            field=field,
        )


def _require_range(filed: FiledRange) -> None:
    if filed.last < filed.first:
        raise failure(
            Reason.INVALID_FIELD,
            f"filed ends on {filed.last}, before it begins on {filed.first}",
            field="filed.to",
        )
    if (filed.last - filed.first).days > MAX_DAYS:
        raise failure(
            Reason.INVALID_FIELD,
            f"filed is longer than {MAX_DAYS} days; submit it in parts",
            field="filed.to",
        )


def _require_ticker(text: str, field: str) -> str:
    ticker = text.strip().upper()
    if _TICKER.fullmatch(ticker) is None:
        raise failure(
            Reason.INVALID_FIELD,
            f"{text[:40]!r} is not a ticker: up to 12 letters, digits, dots and dashes, as in BRK-B",
            field=field,
        )
    return ticker


def _require_form(text: str, field: str) -> str:
    form = text.strip()
    if _FORM.fullmatch(form) is None:
        raise failure(
            Reason.INVALID_FIELD,
            f'{text[:40]!r} is not a form type: spell it as EDGAR does, as in "10-K"',
            field=field,
        )
    return form


def _each_once(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))
