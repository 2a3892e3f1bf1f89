"""What the commands of `read_commands` do: ask query, and print lines, a document or a table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenkay.cli import documents
from tenkay.cli.addresses import Addresses, query_client
from tenkay.cli.reads import LARGEST_PAGE, day, filing_ref, resolve_cik
from tenkay.cli.selectors import CompanySelector, FilingSelector
from tenkay.errors import Reason, failure

if TYPE_CHECKING:
    from google.protobuf.message import Message

QUARTILES = (0.25, 0.5, 0.75)


def show_evidence(
    addresses: Addresses, filing: FilingSelector, signal_id: str, context: int, *, as_json: bool
) -> None:
    """`tenkay evidence`."""
    with query_client(addresses) as query:
        answer = query.get_evidence(
            filing=filing_ref(filing), signal_id=signal_id, context_characters=context
        )
    _show_document(answer, as_json, lambda tables: tables.evidence(answer))


def show_facts(
    addresses: Addresses, filing: FilingSelector, concepts: Sequence[str], limit: int, *, as_json: bool
) -> None:
    """`tenkay facts`."""
    with query_client(addresses) as query:
        pages = _pages(
            lambda size, token: query.get_facts(
                filing=filing_ref(filing), concepts=concepts, page_size=size, page_token=token
            ),
            limit,
        )
        _show_lines(
            (each for page in pages for each in page.facts),
            limit,
            as_json,
            lambda tables, shown: tables.facts(shown),
            "The filing has no such fact.",
        )


def show_comparison(
    addresses: Addresses,
    filing: FilingSelector,
    prior: FilingSelector | None,
    signal_ids: Sequence[str],
    *,
    as_json: bool,
) -> None:
    """`tenkay compare`."""
    with query_client(addresses) as query:
        answer = query.compare_filings(
            filing=filing_ref(filing),
            prior=None if prior is None else filing_ref(prior),
            signal_ids=signal_ids,
        )
    _show_document(answer, as_json, lambda tables: tables.comparison(answer))


def show_series(
    addresses: Addresses,
    company: CompanySelector,
    signal_ids: Sequence[str],
    forms: Sequence[str],
    view: str,
    since: date | None,
    until: date | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """`tenkay series`."""
    from tenkay.common.v1.series_pb2 import SeriesView

    cik = resolve_cik(addresses, company)
    with query_client(addresses) as query:
        pages = _pages(
            lambda size, token: query.get_signal_series(
                cik=cik,
                signal_ids=signal_ids,
                forms=forms,
                period_from=day(since),
                period_to=day(until),
                view=SeriesView.Value(f"SERIES_VIEW_{view.replace('-', '_').upper()}"),
                page_size=size,
                page_token=token,
            ),
            limit,
        )
        _show_lines(
            (each for page in pages for each in page.points),
            limit,
            as_json,
            lambda tables, shown: tables.series(shown, signal_ids),
            "No filing of the company has a value of these.",
        )


def show_company_screen(
    addresses: Addresses,
    expression: str,
    period: str,
    signal_ids: Sequence[str],
    currency: str,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """`tenkay screen-companies`."""
    with query_client(addresses) as query:
        pages = _pages(
            lambda size, token: query.screen_companies(
                filter=expression,
                signal_ids=signal_ids,
                period=_period(period),
                currency=currency,
                page_size=size,
                page_token=token,
            ),
            limit,
        )
        _show_lines(
            (each for page in pages for each in page.companies),
            limit,
            as_json,
            lambda tables, shown: tables.companies(shown),
            "No company stored here meets this.",
        )


def show_company_comparison(
    addresses: Addresses,
    companies: Sequence[CompanySelector],
    signal_ids: Sequence[str],
    period: str,
    *,
    as_json: bool,
) -> None:
    """`tenkay compare-companies`."""
    ciks = [resolve_cik(addresses, each) for each in companies]
    with query_client(addresses) as query:
        answer = query.compare_companies(ciks=ciks, signal_ids=signal_ids, period=_period(period))
    _show_document(answer, as_json, lambda tables: tables.company_comparison(answer))


def show_aggregate(
    addresses: Addresses,
    signal_id: str,
    group_by: Sequence[str],
    expression: str,
    currency: str,
    *,
    as_json: bool,
) -> None:
    """`tenkay aggregate`."""
    from tenkay.common.v1.aggregate_pb2 import AggregateBy

    known = [name.removeprefix("AGGREGATE_BY_").lower() for name in AggregateBy.keys()[1:]]
    for each in group_by:
        if each not in known:
            raise failure(
                Reason.INVALID_FIELD, f"--by {each[:40]!r} is none of {', '.join(known)}", field="by"
            )
    with query_client(addresses) as query:
        answer = query.aggregate_signals(
            signal_id=signal_id,
            filter=expression,
            currency=currency,
            group_by=[AggregateBy.Value(f"AGGREGATE_BY_{each.upper()}") for each in group_by],
            quantiles=QUARTILES,
        )
    _show_document(answer, as_json, lambda tables: tables.aggregate(answer, group_by))


def export_to(
    addresses: Addresses, file: Path, signal_ids: Sequence[str], expression: str, currency: str
) -> None:
    """`tenkay export`: a part is in memory at a time; the file gets its name when it is whole."""
    begun = file.with_name(f"{file.name}.part")
    size = 0
    with query_client(addresses) as query:
        parts = query.export_signals(filter=expression, signal_ids=signal_ids, currency=currency)
        first = next(parts)  # a refusal comes before anything is written
        with begun.open("wb") as output:
            for part in chain([first], parts):
                size += output.write(part.chunk)
    begun.replace(file)
    print(f"{size:,} bytes in {file}", file=sys.stderr)


def watch_companies(
    addresses: Addresses, companies: Sequence[CompanySelector], after: str, *, as_json: bool
) -> None:
    """`tenkay watch`: a line an event."""
    ciks = [resolve_cik(addresses, each) for each in companies]
    with query_client(addresses) as query:
        for answer in query.watch_companies(ciks=ciks, from_sequence=after):
            for event in answer.events:
                if as_json:
                    print(documents.line(documents.document(event)), flush=True)
                else:
                    from tenkay.cli import signal_tables

                    print(signal_tables.event(event), flush=True)


def _period(name: str) -> Any:
    from tenkay.common.v1.company_figures_pb2 import CompanyPeriod

    names = {
        "annual": "LATEST_ANNUAL",
        "quarter": "LATEST_QUARTER",
        "twelve-months": "TRAILING_TWELVE_MONTHS",
    }
    return CompanyPeriod.Value(f"COMPANY_PERIOD_{names[name]}")


def _pages(page: Callable[[int, str], Any], limit: int) -> Iterator[Any]:
    """Pages on for as long as it is read. One more than `limit` is asked for, to know whether there are more."""
    token = ""
    while True:
        answer = page(min(limit + 1, LARGEST_PAGE), token)
        yield answer
        token = answer.next_page_token
        if not token:
            return


def _show_document(answer: Message, as_json: bool, drawn: Callable[[Any], Any]) -> None:
    if as_json:
        print(documents.line(documents.document(answer)))
        return
    from tenkay.cli import signal_tables, tables

    tables.console().print(drawn(signal_tables))


def _show_lines(
    found: Iterable[Any],
    limit: int,
    as_json: bool,
    drawn: Callable[[Any, Sequence[Any]], Any],
    nothing: str,
) -> None:
    items = iter(found)
    if as_json:
        for each in islice(items, limit):
            print(documents.line(documents.document(each)))
    else:
        from tenkay.cli import signal_tables, tables

        shown = list(islice(items, limit))
        if not shown:
            print(nothing)
            return
        tables.console().print(drawn(signal_tables, shown))
    if next(items, None) is not None:
        print(f"tenkay: there are more than {limit:,}; --limit shows more of them", file=sys.stderr)
