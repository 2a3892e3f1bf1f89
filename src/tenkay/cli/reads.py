"""The commands that ask query: signals, analysis, company, filings, screen."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from tenkay.cli import documents
from tenkay.cli.addresses import Addresses, fetcher_client, query_client
from tenkay.cli.selectors import CikSelector, CompanySelector, FilingSelector

if TYPE_CHECKING:
    from tenkay.common.v1.company_pb2 import FilingSummary
    from tenkay.common.v1.date_pb2 import Date
    from tenkay.common.v1.filing_pb2 import FilingRef

LARGEST_PAGE = 500


def show_signals(
    addresses: Addresses, filing: FilingSelector, signal_ids: Sequence[str], *, as_json: bool
) -> None:
    """`tenkay signals`: one document with --json."""
    with query_client(addresses) as query:
        answer = query.get_signals(filing=filing_ref(filing), signal_ids=signal_ids)
    if as_json:
        print(documents.line(documents.document(answer)))
        return
    from tenkay.cli import tables

    tables.console().print(tables.signals(answer))


def show_analysis(addresses: Addresses, filing: FilingSelector, *, as_json: bool) -> None:
    """`tenkay analysis`: one document with --json."""
    with query_client(addresses) as query:
        answer = query.get_analysis(filing=filing_ref(filing))
    if as_json:
        print(documents.line(documents.document(answer)))
        return
    from tenkay.cli import tables

    tables.console().print(tables.analysis(answer))


def show_company(addresses: Addresses, company: CompanySelector, *, as_json: bool) -> None:
    """`tenkay company`: one document with --json."""
    cik = resolve_cik(addresses, company)
    with query_client(addresses) as query:
        answer = query.get_company_summary(cik=cik)
    if as_json:
        print(documents.line(documents.document(answer)))
        return
    from tenkay.cli import tables

    tables.console().print(tables.company(answer.company))


def show_filings(
    addresses: Addresses,
    company: CompanySelector | None,
    forms: Sequence[str],
    since: date | None,
    until: date | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """`tenkay filings`: one object a line with --json."""
    cik = None if company is None else resolve_cik(addresses, company)
    with query_client(addresses) as query:

        def page(page_size: int, page_token: str) -> _Page:
            return query.list_filings(
                cik=cik,
                forms=forms,
                filed_from=day(since),
                filed_to=day(until),
                page_size=page_size,
                page_token=page_token,
            )

        _show_list(page, limit, as_json=as_json)


def show_screen(
    addresses: Addresses,
    expression: str,
    signal_ids: Sequence[str],
    currency: str,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """`tenkay screen`: one object a line with --json."""
    with query_client(addresses) as query:

        def page(page_size: int, page_token: str) -> _Page:
            return query.screen_filings(
                filter=expression,
                signal_ids=signal_ids,
                currency=currency,
                page_size=page_size,
                page_token=page_token,
            )

        _show_list(page, limit, as_json=as_json)


def resolve_cik(addresses: Addresses, company: CompanySelector) -> int:
    """The CIK of a ticker or CIK; the fetcher is asked for tickers only. COMPANY_UNKNOWN when there is none."""
    if isinstance(company, CikSelector):
        return company.cik
    with fetcher_client(addresses) as fetcher:
        return fetcher.resolve_company(ticker=company.ticker).cik


def filing_ref(selector: FilingSelector) -> FilingRef:
    """The filing meant, as the services take it."""
    from tenkay.common.v1.filing_pb2 import FilingRef

    return FilingRef(accession_number=selector.accession_number, cik=selector.cik)


def day(given: date | None) -> Date | None:
    """A day as the services take it."""
    from tenkay.common.v1.date_pb2 import Date

    return None if given is None else Date(year=given.year, month=given.month, day=given.day)


class _Page(Protocol):
    """What answers with pages of filings have in common."""

    @property
    def filings(self) -> Iterable[FilingSummary]: ...

    @property
    def next_page_token(self) -> str: ...


def _show_list(page: Callable[[int, str], _Page], limit: int, *, as_json: bool) -> None:
    found = _all_filings(page, limit)
    if as_json:
        for each in islice(found, limit):
            print(documents.line(documents.document(each)))
    else:
        from tenkay.cli import tables

        shown = list(islice(found, limit))
        if not shown:
            print("No filing stored here meets this.")
            return
        signal_ids = list(dict.fromkeys(signal.id for each in shown for signal in each.signals))
        tables.console().print(tables.filings(shown, signal_ids))
    if next(found, None) is not None:
        print(f"tenkay: there are more than {limit:,}; --limit shows more of them", file=sys.stderr)


def _all_filings(page: Callable[[int, str], _Page], limit: int) -> Iterator[FilingSummary]:
    """Pages on for as long as it is read. One more than `limit` is asked for, to know whether there are more."""
    page_size = min(limit + 1, LARGEST_PAGE)
    token = ""
    while True:
        answer = page(page_size, token)
        yield from answer.filings
        token = answer.next_page_token
        if not token:
            return
