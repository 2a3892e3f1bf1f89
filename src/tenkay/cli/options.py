"""Options and arguments that commands share, and what is made of their texts."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from tenkay.cli.addresses import Addresses, parse_addresses
from tenkay.errors import Reason, failure

LARGEST_LIMIT = 100_000

Var = Annotated[
    Path, typer.Option("--var", envvar="TENKAY_VAR", help="Folder of the local stack.", metavar="DIR")
]
Address = Annotated[
    list[str] | None,
    typer.Option(
        "--address",
        help="Where a service is, when it is not the local stack's: query=HOST:PORT. May be repeated; "
        "TENKAY_<SERVICE>_ADDRESS does the same.",
        metavar="SERVICE=HOST:PORT",
    ),
]
Insecure = Annotated[
    bool,
    typer.Option("--insecure", envvar="TENKAY_INSECURE", help="Plaintext for services named by --address."),
]
TlsCa = Annotated[
    Path | None,
    typer.Option(
        "--tls-ca",
        envvar="TENKAY_TLS_CA",
        help="PEM bundle to trust for services named by --address.",
        metavar="FILE",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs; the description says in what shape.")]
Forms = Annotated[
    str,
    typer.Option("--forms", help="Form types, exactly as EDGAR spells them: 10-K,10-Q", metavar="FORM,FORM…"),
]
Limit = Annotated[
    int, typer.Option("--limit", help="Most filings to show.", min=1, max=LARGEST_LIMIT, metavar="N")
]
Filing = Annotated[
    str,
    typer.Argument(
        help="An accession number, 0000320193-24-000123, or CIK:ACCESSION.",
        metavar="ACCESSION",
        show_default=False,
    ),
]


def addresses_of(var: Path, given: list[str] | None, insecure: bool, tls_ca: Path | None) -> Addresses:
    """Where the services are, by these options."""
    return Addresses(var, parse_addresses(given or []), insecure, tls_ca)


def parts_of(text: str) -> list[str]:
    """The parts of a list with commas: form types hold none."""
    return [part.strip() for part in text.split(",") if part.strip()]


def day_of(text: str | None, option: str) -> date | None:
    """The day of an option, None when it is not given. INVALID_FIELD."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise failure(
            Reason.INVALID_FIELD,
            f"{option} {text[:40]!r} is not a day: give it as 2024-09-28",
            field=option.removeprefix("--"),
        ) from None
