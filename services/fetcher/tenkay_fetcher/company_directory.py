"""Companies by ticker and by CIK, with their filing lists: EDGAR's answers, held for a while.

What EDGAR does not have is asked for again each time: a company may file its first form today.
"""

from __future__ import annotations

import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tenkay.errors import Reason, TenkayError, Unavailable, failure
from tenkay.runtime.logs import get_logger
from tenkay_fetcher.deadline import Deadline
from tenkay_fetcher.edgar_source import EdgarSource, MemorySink, Outcome, unreadable
from tenkay_fetcher.edgar_urls import EdgarUrls
from tenkay_fetcher.single_flight import SingleFlight
from tenkay_fetcher.submissions import (
    Company,
    Listing,
    OverflowPage,
    Submissions,
    parse_overflow,
    parse_submissions,
)

MAX_JSON_BYTES = 64 * 1024 * 1024
MAX_LISTS_HELD = 64
"""Companies whose filing lists are held; about 1 MB each at most."""
UNKNOWN_TICKER_REFRESH_SECONDS = 60.0
"""A ticker that is not in a list older than this makes it be asked for again."""

_TICKER = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,14}", re.ASCII)

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Tickers:
    cik_by_ticker: Mapping[str, int]
    company_by_cik: Mapping[int, Company]
    last_modified: datetime | None
    checked_at: float


@dataclass(slots=True)
class _HeldList:
    submissions: Submissions
    asked_at: float
    overflow: dict[str, tuple[Listing, ...]]


class CompanyDirectory:
    """Asks EDGAR when what it holds is older than the given times."""

    def __init__(
        self,
        edgar: EdgarSource,
        urls: EdgarUrls,
        *,
        tickers_seconds: float,
        lists_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._edgar = edgar
        self._urls = urls
        self._tickers_seconds = tickers_seconds
        self._lists_seconds = lists_seconds
        self._clock = clock
        self._tickers: _Tickers | None = None
        self._lists: OrderedDict[int, _HeldList] = OrderedDict()
        self._ticker_flights: SingleFlight[str, _Tickers | None] = SingleFlight()
        self._list_flights: SingleFlight[int, _HeldList | None] = SingleFlight()
        self._overflow_flights: SingleFlight[str, tuple[Listing, ...] | None] = SingleFlight()

    async def close(self) -> None:
        """Ends what is under way."""
        for flights in (self._ticker_flights, self._list_flights, self._overflow_flights):
            await flights.close()

    async def by_ticker(self, ticker: str, deadline: Deadline) -> Company:
        """The company of a ticker as `require_ticker` gives it. COMPANY_UNKNOWN when EDGAR lists none."""
        tickers = await self._current_tickers(self._tickers_seconds, deadline)
        if tickers is None or ticker not in tickers.cik_by_ticker:
            tickers = await self._current_tickers(UNKNOWN_TICKER_REFRESH_SECONDS, deadline)
        if tickers is None or ticker not in tickers.cik_by_ticker:
            raise failure(
                Reason.COMPANY_UNKNOWN,
                f"EDGAR lists no company with the ticker {ticker}; check its spelling or give the CIK.",
                field="ticker",
            )
        return await self.by_cik(tickers.cik_by_ticker[ticker], deadline)

    async def by_cik(self, cik: int, deadline: Deadline) -> Company:
        """The company of a CIK. COMPANY_UNKNOWN when EDGAR has none.

        What the filing list does not have (the company is only in the ticker list) is absent.
        """
        submissions = await self.submissions(cik, deadline)
        tickers = self._tickers
        if submissions is None:
            tickers = await self._current_tickers(self._tickers_seconds, deadline)
        listed = tickers.company_by_cik.get(cik) if tickers is not None else None
        if submissions is None:
            if listed is None:
                raise company_unknown(cik)
            return listed
        company = submissions.company
        return replace(company, tickers=company.tickers or (listed.tickers if listed else ()))

    async def submissions(self, cik: int, deadline: Deadline) -> Submissions | None:
        """The company's newest filings; none when EDGAR has no such CIK."""
        held = await self._list(cik, deadline)
        return held.submissions if held is not None else None

    async def overflow(self, cik: int, page: OverflowPage, deadline: Deadline) -> tuple[Listing, ...] | None:
        """The listings of one of the pages that `submissions` names; none when EDGAR does not have it after all."""
        held = await self._list(cik, deadline)
        if held is None:
            raise company_unknown(cik)
        rows = held.overflow.get(page.name)
        if rows is None:
            company = held.submissions.company

            async def ask(until: Deadline) -> tuple[Listing, ...] | None:
                content = await self._read(self._urls.submissions_overflow(page.name), until)
                return parse_overflow(content, company) if content is not None else None

            rows = await self._overflow_flights.do(page.name, deadline, ask)
            if rows is not None:
                held.overflow[page.name] = rows
        return rows

    async def _list(self, cik: int, deadline: Deadline) -> _HeldList | None:
        held = self._lists.get(cik)
        if held is not None and self._clock() - held.asked_at < self._lists_seconds:
            self._lists.move_to_end(cik)
            return held

        async def ask(until: Deadline) -> _HeldList | None:
            content = await self._read(self._urls.submissions(cik), until)
            if content is None:
                self._lists.pop(cik, None)
                return None
            fresh = _HeldList(parse_submissions(content), self._clock(), {})
            if fresh.submissions.company.cik != cik:
                raise unreadable(f"the filing list of CIK {cik} is that of {fresh.submissions.company.cik}")
            self._lists[cik] = fresh
            self._lists.move_to_end(cik)
            while len(self._lists) > MAX_LISTS_HELD:
                self._lists.popitem(last=False)
            return fresh

        return await self._list_flights.do(cik, deadline, ask)

    async def _current_tickers(self, max_age_seconds: float, deadline: Deadline) -> _Tickers | None:
        """The ticker list; none when EDGAR has none. An old one is better than none: a ticker seldom changes."""
        held = self._tickers
        if held is not None and self._clock() - held.checked_at < max_age_seconds:
            return held
        try:
            fresh = await self._ticker_flights.do("tickers", deadline, self._ask_tickers)
        except Unavailable as error:
            if held is None:
                raise
            logger.warning("tickers_not_revalidated", reason=error.reason.value, detail=error.message)
            fresh = None
        if fresh is None and held is not None:
            # Fresh enough until the next try, which need not come with the next call.
            age = max(0.0, self._tickers_seconds - UNKNOWN_TICKER_REFRESH_SECONDS)
            fresh = replace(held, checked_at=self._clock() - age)
        self._tickers = fresh
        return fresh

    async def _ask_tickers(self, deadline: Deadline) -> _Tickers | None:
        held = self._tickers
        sink = MemorySink(MAX_JSON_BYTES)
        answer = await self._edgar.fetch(
            self._urls.company_tickers(),
            sink,
            deadline=deadline,
            if_modified_since=held.last_modified if held is not None else None,
        )
        if answer.outcome is Outcome.MISSING:
            return None
        if answer.outcome is Outcome.UNCHANGED and held is not None:
            return replace(held, checked_at=self._clock())
        companies = parse_tickers(sink.content())
        return _Tickers(
            {ticker: cik for cik, company in companies.items() for ticker in company.tickers},
            companies,
            answer.last_modified,
            self._clock(),
        )

    async def _read(self, url: str, deadline: Deadline) -> bytes | None:
        sink = MemorySink(MAX_JSON_BYTES)
        answer = await self._edgar.fetch(url, sink, deadline=deadline)
        return sink.content() if answer.outcome is Outcome.FOUND else None


def require_ticker(text: str, field: str) -> str:
    """`text` as EDGAR spells tickers: upper case, a dash before the class ("brk.b" is BRK-B).

    INVALID_FIELD naming `field` when it cannot be a ticker.
    """
    ticker = text.strip().upper()
    if not _TICKER.fullmatch(ticker):
        raise failure(
            Reason.INVALID_FIELD,
            f"{text[:40]!r} is not a ticker; give one as in AAPL or BRK-B, or give the CIK",
            field=field,
        )
    return ticker.replace(".", "-")


def parse_tickers(content: bytes) -> dict[int, Company]:
    """Companies by CIK from `company_tickers.json`, tickers in its order. EDGAR_UNAVAILABLE when it is not that."""
    names: dict[int, str] = {}
    tickers: dict[int, list[str]] = {}
    try:
        for entry in json.loads(content).values():
            cik = int(entry["cik_str"])
            names.setdefault(cik, str(entry["title"]))
            tickers.setdefault(cik, []).append(str(entry["ticker"]).upper())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(f"a ticker list that cannot be read ({type(error).__name__}: {error})") from error
    return {cik: Company(cik, name, tuple(tickers[cik])) for cik, name in names.items()}


def company_unknown(cik: int) -> TenkayError:
    """The error for a CIK that EDGAR does not have."""
    return failure(Reason.COMPANY_UNKNOWN, f"EDGAR has no company with the CIK {cik}.", field="cik")
