"""The commands that read signals over time, over companies and in context: their options and their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from tenkay.cli.addresses import DEFAULT_VAR
from tenkay.cli.options import (
    LARGEST_LIMIT,
    Address,
    AsJson,
    Filing,
    Forms,
    Insecure,
    TlsCa,
    Var,
    addresses_of,
    day_of,
    parts_of,
)
from tenkay.cli.selectors import parse_company, parse_filing

Period = Literal["annual", "quarter", "twelve-months"]
View = Literal["every-filing", "point-in-time", "restated"]

Signals = Annotated[
    list[str], typer.Option("--signal", help="A signal to show. May be repeated.", metavar="ID")
]
MoreSignals = Annotated[
    list[str] | None,
    typer.Option("--signal", help="Show this signal too. May be repeated.", metavar="ID"),
]
OfPeriod = Annotated[
    Period,
    typer.Option(
        "--period",
        help="By the latest annual report, the latest quarterly one, or twelve months of quarters.",
    ),
]
Currency = Annotated[
    str, typer.Option("--currency", help="Compare money in this currency only.", metavar="CODE")
]
Count = Annotated[int, typer.Option("--limit", help="Most to show.", min=1, max=LARGEST_LIMIT, metavar="N")]
Companies = Annotated[
    list[str],
    typer.Argument(help="Companies by ticker or CIK.", metavar="TICKER|CIK…", show_default=False),
]
Filter = Annotated[
    str, typer.Option("--filter", help="Only filings that meet this, as in `tenkay screen`.", metavar="EXPR")
]


def add_to(app: typer.Typer) -> None:
    """Adds the commands to `tenkay`."""
    app.command()(evidence)
    app.command()(facts)
    app.command()(compare)
    app.command()(series)
    app.command("screen-companies")(screen_companies)
    app.command("compare-companies")(compare_companies)
    app.command()(aggregate)
    app.command()(export)
    app.command()(watch)


def evidence(
    filing: Filing,
    signal: Annotated[str, typer.Argument(help="The signal.", metavar="ID", show_default=False)],
    context: Annotated[
        int,
        typer.Option(
            "--context", help="Characters before and behind each quote.", min=0, max=4000, metavar="N"
        ),
    ] = 400,
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """Show what proves a signal: its facts, and each quote in the passage around it.

    --json prints one document: filing, signal, missing, evidence[{evidence, quotes[{quote, passage, passage_start,
    quote_offset, is_cut_before, is_cut_after, reason, detail}]}], disputes[].
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    selector = parse_filing(filing)
    from tenkay.cli.signal_reads import show_evidence

    show_evidence(addresses, selector, signal, context, as_json=as_json)


def facts(
    filing: Filing,
    concept: Annotated[
        list[str] | None,
        typer.Option("--concept", help="Only this element. May be repeated.", metavar="us-gaap:NAME"),
    ] = None,
    limit: Count = 100,
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """List the XBRL facts of a filing.

    --json prints one object a fact and line: concept, start, end, dimensions[], unit, value, text, decimals, …
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    selector = parse_filing(filing)
    from tenkay.cli.signal_reads import show_facts

    show_facts(addresses, selector, concept or [], limit, as_json=as_json)


def compare(
    filing: Filing,
    prior: Annotated[
        str | None,
        typer.Option(
            "--with", help="Compare with this filing, not with its comparable prior.", metavar="ACCESSION"
        ),
    ] = None,
    signal: MoreSignals = None,
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed since the filing of a year before: both values of every signal, or why there is no change.

    --json prints one document: filing, prior, signals[{signal_id, current, prior, absolute_change, relative_change,
    is_changed, no_change_reason, no_change_detail, …}].
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    selector = parse_filing(filing)
    other = None if prior is None else parse_filing(prior)
    from tenkay.cli.signal_reads import show_comparison

    show_comparison(addresses, selector, other, signal or [], as_json=as_json)


def series(
    company: Annotated[
        str, typer.Argument(help="A ticker or a CIK.", metavar="TICKER|CIK", show_default=False)
    ],
    signals: Annotated[
        list[str], typer.Argument(help="Signals, 50 at most.", metavar="ID…", show_default=False)
    ],
    forms: Forms = "",
    view: Annotated[
        View, typer.Option("--view", help="Each filing, or each period as first or as last reported.")
    ] = "every-filing",
    since: Annotated[
        str | None, typer.Option("--since", help="First period end to show.", metavar="YYYY-MM-DD")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Last period end to show.", metavar="YYYY-MM-DD")
    ] = None,
    limit: Count = 100,
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """Show a company's signals over its filings, the newest period first.

    --json prints one object a filing and line: filing, version, signals[].
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    selector = parse_company(company)
    first, last = day_of(since, "--since"), day_of(until, "--until")
    from tenkay.cli.signal_reads import show_series

    show_series(addresses, selector, signals, parts_of(forms), view, first, last, limit, as_json=as_json)


def screen_companies(
    expression: Annotated[
        str,
        typer.Argument(help="The filter, as in `tenkay screen`.", metavar="EXPR", show_default=False),
    ],
    period: OfPeriod = "annual",
    signal: MoreSignals = None,
    currency: Currency = "",
    limit: Count = 50,
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """List the companies that meet a filter, each once.

    --json prints one object a company and line: filing{…, signals[]}, gaps[], summed_signal_ids[], quarter_filings[],
    year_to_date_filings[].
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    from tenkay.cli.signal_reads import show_company_screen

    show_company_screen(addresses, expression, period, signal or [], currency, limit, as_json=as_json)


def compare_companies(
    companies: Companies,
    signal: Signals,
    period: OfPeriod = "annual",
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """Show signals of 2 to 20 companies in a table, with the reason for each gap.

    --json prints one document: companies[{cik, filing, …}], signals[{signal_id, values[{cik, signal, gap, is_sum}],
    currencies[], units[]}].
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    selectors = [parse_company(each) for each in companies]
    from tenkay.cli.signal_reads import show_company_comparison

    show_company_comparison(addresses, selectors, signal, period, as_json=as_json)


def aggregate(
    signal: Annotated[str, typer.Argument(help="The signal.", metavar="ID", show_default=False)],
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by", help="What to group by: form, sector, year or quarter. May be repeated.", metavar="WHAT"
        ),
    ] = None,
    only: Filter = "",
    currency: Currency = "",
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """Show count, mean, extremes and quartiles of a signal over filings.

    --json prints one document: groups[{keys[], value_count, mean, least, largest, quantiles[]}], unit, currency.
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    from tenkay.cli.signal_reads import show_aggregate

    show_aggregate(addresses, signal, by or [], only, currency, as_json=as_json)


def export(
    to: Annotated[
        Path,
        typer.Argument(
            help="File to write, in Arrow's IPC stream format.", metavar="FILE", show_default=False
        ),
    ],
    signal: Signals,
    only: Filter = "",
    currency: Currency = "",
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
) -> None:
    """Write all values of signals to a file, a row a value: `pyarrow.ipc.open_stream(FILE)` reads it.

    The file is there when it is whole; what was there before stays until then.
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    from tenkay.cli.signal_reads import export_to

    export_to(addresses, to, signal, only, currency)


def watch(
    companies: Companies,
    after: Annotated[
        str,
        typer.Option("--after", help="Go on after this sequence, as an event has it.", metavar="SEQUENCE"),
    ] = "",
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """Show new filings, and ratings and flags that changed, as they come, until Ctrl-C.

    --json prints one object an event and line: sequence, kind, cik, accession_number, filing, previous_rating, …
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    selectors = [parse_company(each) for each in companies]
    from tenkay.cli.signal_reads import watch_companies

    watch_companies(addresses, selectors, after, as_json=as_json)
