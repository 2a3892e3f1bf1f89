"""Options that many commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenkay.cli.addresses import Addresses, parse_addresses

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


def addresses_from(var: Path, given: list[str] | None, insecure: bool, tls_ca: Path | None) -> Addresses:
    """What these options say of where the services are."""
    return Addresses(var, parse_addresses(given or []), insecure, tls_ca)
