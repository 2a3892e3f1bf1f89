"""`tenkay`: every command, its options and its help. What a command does is in a module it imports when it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from tenkay.cli import failures, read_commands
from tenkay.cli.addresses import DEFAULT_VAR
from tenkay.cli.cache_app import cache_app
from tenkay.cli.entry_commands import entry_commands
from tenkay.cli.options import (
    Address,
    AsJson,
    Filing,
    Forms,
    Insecure,
    Limit,
    TlsCa,
    Var,
    addresses_of,
    day_of,
    parts_of,
)
from tenkay.cli.selectors import parse_company, parse_filing, parse_selector

EXIT_CODES = "Exit codes:\n" + "\n".join(
    f"  {code.value:<4} {meaning}" for code, meaning in failures.MEANINGS.items()
)
LARGEST_COMPANY_LIMIT = 1000

app = typer.Typer(
    name="tenkay",
    add_completion=False,
    # Plain help: rich would add a tenth of a second to it.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="\b\n" + EXIT_CODES,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code. The console script `tenkay`."""
    _print_what_the_terminal_can()
    # gRPC's own log would stand between the lines that are meant to be read.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    command = typer.main.get_command(app)
    for entry in entry_commands():
        command.add_command(entry)  # type: ignore[attr-defined]
    try:
        code = command.main(arguments, prog_name="tenkay", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit) as error:
        # Whoever read the output has seen enough (`tenkay filings | head`): typer makes SystemExit of that.
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise
        # The interpreter would complain at its exit about what could not be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return failures.ExitCode.OK
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get(failures.TRACEBACK_VARIABLE):
            raise
        print(failures.error_line(error), file=sys.stderr)
        return failures.exit_code(error)
    return int(code or 0)


@app.callback()
def tenkay() -> None:
    """SEC filings as signals with evidence and ratings with reasons.

    Services are found through the local stack's file, var/stack.json (`tenkay up` writes it), or where --address says.
    """


@app.command()
def up(
    edgar_mirror: Annotated[
        Path | None,
        typer.Option(
            "--edgar-mirror", help="Serve filings from this folder in EDGAR's layout.", metavar="DIR"
        ),
    ] = None,
    edgar_url: Annotated[
        str | None,
        typer.Option("--edgar-url", help="Take filings from this server in EDGAR's layout.", metavar="URL"),
    ] = None,
    user_agent: Annotated[
        str | None,
        typer.Option(
            "--user-agent",
            envvar="TENKAY_FETCHER_USER_AGENT",
            help='Who asks: "Example Corp admin@example.com". The SEC wants to know; without a mirror or another '
            "server this is required.",
            metavar="TEXT",
        ),
    ] = None,
    requests_per_second: Annotated[
        float | None,
        typer.Option(
            "--requests-per-second",
            help="Most requests to the source a second. The default is 8, and no such care for a mirror.",
            metavar="N",
        ),
    ] = None,
    otlp: Annotated[
        str | None,
        typer.Option(
            "--otlp", help="Send the spans of every call to this OTLP gRPC receiver.", metavar="HOST:PORT"
        ),
    ] = None,
    port: Annotated[
        list[str] | None,
        typer.Option(
            "--port",
            help="A fixed port: query=5005. May be repeated; the others are free ones.",
            metavar="NAME=PORT",
        ),
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], typer.Option("--log-level", help="Lowest level logged.")
    ] = "info",
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when all is ready, and leave it running.")
    ] = False,
    var: Var = DEFAULT_VAR,
) -> None:
    """Start the local stack: all services with everything they need, on this machine.

    It runs until Ctrl-C, or `tenkay down` with --detach. State is kept in the folder and picked up again next time.
    """
    from tenkay.cli.stack_commands import parse_ports

    ports = parse_ports(port or [])
    from tenkay.stack import commands
    from tenkay.stack.options import StackOptions

    options = StackOptions(
        var_dir=var,
        edgar_mirror=edgar_mirror,
        edgar_url=edgar_url,
        user_agent=user_agent,
        requests_per_second=requests_per_second,
        otlp_endpoint=otlp,
        ports=ports,
        log_level=log_level,
    )
    raise typer.Exit(commands.up(options, detach=detach, say=_say))


@app.command()
def down(var: Var = DEFAULT_VAR) -> None:
    """Stop the local stack; its state stays."""
    from tenkay.stack import commands

    commands.down(var, say=_say)


@app.command()
def status(var: Var = DEFAULT_VAR, as_json: AsJson = False) -> None:
    """Show the parts of the local stack, their states and addresses. Exit code 3 until all are ready.

    --json prints one document: the contents of stack.json.
    """
    from tenkay.cli.stack_commands import show_status

    raise typer.Exit(show_status(var, as_json=as_json))


@app.command()
def logs(
    parts: Annotated[
        list[str] | None,
        typer.Argument(
            help="Parts of the stack, as `tenkay status` names them; all without any.", metavar="PART"
        ),
    ] = None,
    lines: Annotated[
        int,
        typer.Option(
            "--lines", "-n", help="Last lines of each part to show.", min=0, max=100_000, metavar="N"
        ),
    ] = 20,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")
    ] = False,
    var: Var = DEFAULT_VAR,
) -> None:
    """Show what the parts of the local stack log."""
    from tenkay.cli.stack_commands import show_logs

    raise typer.Exit(show_logs(var, parts or [], lines, following=follow))


@app.command("check-schema")
def check_schema(
    database_url: Annotated[
        str,
        typer.Option(
            "--database-url",
            envvar="TENKAY_DATABASE_URL",
            help="The Postgres of a Supabase project, or any other: postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
            metavar="URL",
            show_default=False,
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Compare a database's schema with the migrations, and tell which of them are not applied.

    Exit code 1 when anything differs. Other objects of the database play no part, and nothing is changed in it. The
    migrations are applied to a Postgres of the moment on this machine, to know what they make.

    --json prints one document: is_clean, not_applied[], differences[{finding, kind, name, expected, found}].
    """
    from tenkay.cli.schema import show_schema

    raise typer.Exit(show_schema(database_url, as_json=as_json))


@app.command()
def ingest(
    selectors: Annotated[
        list[str],
        typer.Argument(
            help="Companies by ticker or CIK; filings by accession number, or CIK:ACCESSION where EDGAR's folder "
            "cannot be told from what is known.",
            metavar="TICKER|CIK|ACCESSION",
            show_default=False,
        ),
    ],
    forms: Forms = "10-K,10-Q,8-K",
    since: Annotated[
        str | None,
        typer.Option("--since", help="First filing day to take of companies.", metavar="YYYY-MM-DD"),
    ] = None,
    limit: Annotated[
        int,
        typer.Option(
            "--limit",
            help="Most filings to take of each company, the newest first. 0: 1,000, which is also the most.",
            min=0,
            max=LARGEST_COMPANY_LIMIT,
            metavar="N",
        ),
    ] = 0,
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """Fetch, extract, rate and store filings, and show what became of each.

    --json prints one object a filing and line, when the job is finished: job_id, accession_number, cik, company_name,
    form_type, filed_date, state (STORED or FAILED), stage, attempts, rating, score, flags, reason, detail, sequence.
    Progress goes to standard error. Ctrl-C leaves the job running; `tenkay job ID --watch` follows it again.
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    parsed = [parse_selector(text) for text in selectors]
    first_day = day_of(since, "--since")
    from tenkay.cli.ingest import ingest as run

    raise typer.Exit(run(addresses, parsed, parts_of(forms), first_day, limit, as_json=as_json))


@app.command()
def job(
    job_id: Annotated[str, typer.Argument(help="The job's id.", metavar="ID", show_default=False)],
    watch: Annotated[bool, typer.Option("--watch", help="Follow it until it is finished.")] = False,
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """Show a job's counts and what became of each filing so far.

    --json prints one object a filing and line, as `tenkay ingest` does; state may be WAITING or RUNNING too.
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    from tenkay.cli.ingest import show_job

    raise typer.Exit(show_job(addresses, job_id, watch=watch, as_json=as_json))


@app.command()
def signals(
    filing: Filing,
    signal: Annotated[
        list[str] | None,
        typer.Option("--signal", help="Only this signal. May be repeated.", metavar="ID"),
    ] = None,
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """Show a filing's signals with their evidence, and the reason for each that has no value.

    --json prints one document: filing, signals[{id, category, value, unit, currency, confidence, out_of_range,
    evidence[], notes[]}], missing[{id, reason, detail}], version, result_key, as_of_sequence.
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    selector = parse_filing(filing)
    from tenkay.cli.reads import show_signals

    show_signals(addresses, selector, signal or [], as_json=as_json)


@app.command()
def analysis(
    filing: Filing,
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """Show a filing's rating, its red flags with what they quote, and the reasons.

    --json prints one document: filing, analysis{rating, score, uncapped_score, band, low_confidence, dimensions[],
    flags[{id, severity, cap, explanation, signal_ids[], evidence[]}], reasons[], narrative, …}, version, recorded_at.
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    selector = parse_filing(filing)
    from tenkay.cli.reads import show_analysis

    show_analysis(addresses, selector, as_json=as_json)


@app.command()
def company(
    company: Annotated[
        str, typer.Argument(help="A ticker or a CIK.", metavar="TICKER|CIK", show_default=False)
    ],
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """Show what is stored of a company: its newest filings with their ratings.

    --json prints one document: company{cik, company_name, sic_code, latest_annual, latest_quarterly, recent[],
    forms[{form_type, filings}]}, as_of_sequence.
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    selector = parse_company(company)
    from tenkay.cli.reads import show_company

    show_company(addresses, selector, as_json=as_json)


@app.command()
def filings(
    company: Annotated[
        str | None, typer.Option("--company", help="Only this company's.", metavar="TICKER|CIK")
    ] = None,
    forms: Forms = "",
    since: Annotated[
        str | None, typer.Option("--since", help="First filing day to show.", metavar="YYYY-MM-DD")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Last filing day to show.", metavar="YYYY-MM-DD")
    ] = None,
    limit: Limit = 50,
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """List the filings stored, newest first.

    --json prints one object a filing and line: filing, rating, score, flag_ids[], signal_count, version.
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    selector = None if company is None else parse_company(company)
    first_day, last_day = day_of(since, "--since"), day_of(until, "--until")
    from tenkay.cli.reads import show_filings

    show_filings(addresses, selector, parts_of(forms), first_day, last_day, limit, as_json=as_json)


@app.command()
def screen(
    expression: Annotated[
        str,
        typer.Argument(
            help="The filter: 'signals.current_ratio < 1 AND form_type = \"10-K\"'. Fields: accession_number, cik, "
            "company_name, form_type, filed_date, period_end, sic_code, is_amendment, rating, score, flags (with :), "
            "signals.<id>.",
            metavar="EXPR",
            show_default=False,
        ),
    ],
    signal: Annotated[
        list[str] | None,
        typer.Option(
            "--signal", help="Show this signal besides those of the filter. May be repeated.", metavar="ID"
        ),
    ] = None,
    currency: Annotated[
        str, typer.Option("--currency", help="Compare money in this currency only.", metavar="CODE")
    ] = "",
    limit: Limit = 50,
    var: Var = DEFAULT_VAR,
    address: Address = None,
    insecure: Insecure = False,
    tls_ca: TlsCa = None,
    as_json: AsJson = False,
) -> None:
    """List the filings that meet a filter, newest first.

    --json prints one object a filing and line: filing, signals[], rating, score, flag_ids[], signal_count, version.
    """
    addresses = addresses_of(var, address, insecure, tls_ca)
    from tenkay.cli.reads import show_screen

    show_screen(addresses, expression, signal or [], currency, limit, as_json=as_json)


read_commands.add_to(app)
app.add_typer(cache_app)


def _say(line: str) -> None:
    print(line, flush=True)


def _print_what_the_terminal_can() -> None:
    """Filings hold every character there is; one that the terminal's encoding lacks is shown as "?"."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
