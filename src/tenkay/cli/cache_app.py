"""`tenkay cache`: its commands, their options and help. What they do is in `cache_commands`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tenkay.cli.addresses import DEFAULT_VAR
from tenkay.cli.options import Address, AsJson, Insecure, TlsCa, Var, addresses_of
from tenkay.cli.selectors import parse_company, parse_filing
from tenkay.errors import Reason, failure

cache_app = typer.Typer(name="cache", no_args_is_help=True, rich_markup_mode=None)


class AnswerKind(StrEnum):
    """The kinds of answers, as the options name them."""

    FILING = "filing"
    SIGNALS = "signals"
    COMPANY_SUMMARY = "company_summary"
    QUERY_RESULT = "query_result"
    AGGREGATION = "aggregation"


@cache_app.callback()
def cache() -> None:
    """How query's cache fares; fill it, and make answers void."""


@cache_app.command()
def stats(
    top: Annotated[
        int, typer.Option("--top", help="Questions asked most to show.", min=0, max=100, metavar="N")
    ] = 10,
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """Show how the cache of the query process that answers fares, since it started.

    --json prints one document: process, started_at, kinds[{kind, request_count, hit_rate, …}], process_cache, redis,
    stampedes, top_questions[], work_classes[], caller_count. A rate of no requests is null.
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    from tenkay.cli.cache_commands import show_stats

    show_stats(addresses, top, as_json=as_json)


@cache_app.command()
def warm(
    top: Annotated[
        int | None,
        typer.Option(
            "--top",
            help="How many of the questions asked most to fill in; the service's setting without it.",
            min=0,
            max=1000,
            metavar="N",
        ),
    ] = None,
    company: Annotated[
        list[str] | None,
        typer.Option(
            "--company",
            help="Fill in this company's latest filings, in place of the service's watch list. May be repeated.",
            metavar="TICKER|CIK",
        ),
    ] = None,
    filings: Annotated[
        int | None,
        typer.Option(
            "--filings", help="Latest filings of each company to fill in.", min=0, max=100, metavar="N"
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate", help="Questions a second at most; no more than the service allows.", metavar="N"
        ),
    ] = None,
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """Fill the cache with what is asked most and with latest filings, behind all callers. Ctrl-C stops it.

    Exit code 1 when a question was not answered. Progress goes to standard error. --json prints one document when it
    is done: planned_count, done_count, failed_count, skipped_count (cached already), rate_per_second, finished.
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    companies = [parse_company(text) for text in company or []]
    from tenkay.cli.cache_commands import warm as run

    raise typer.Exit(run(addresses, top, companies, filings, rate, as_json=as_json))


@cache_app.command()
def invalidate(
    company: Annotated[
        str | None,
        typer.Option(
            "--company", help="What is about this company: its summary, its lists.", metavar="TICKER|CIK"
        ),
    ] = None,
    filing: Annotated[
        str | None,
        typer.Option("--filing", help="What is about this filing.", metavar="ACCESSION"),
    ] = None,
    kind: Annotated[AnswerKind | None, typer.Option("--kind", help="All answers of a kind.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All answers there are.")] = False,
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """Make cached answers void in all query processes; they are asked of the store again. Name exactly one thing.

    --json prints one document: kinds[], dropped_count (in the memory of the process that answered).
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    if sum((company is not None, filing is not None, kind is not None, everything)) != 1:
        raise failure(
            Reason.INVALID_FIELD,
            "name exactly one thing to make void: --company, --filing, --kind or --all",
            field="what",
        )
    company_selector = None if company is None else parse_company(company)
    filing_selector = None if filing is None else parse_filing(filing)
    from tenkay.cli.cache_commands import invalidate as run

    run(addresses, company_selector, filing_selector, kind, as_json=as_json)
