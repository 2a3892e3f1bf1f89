"""The commands that start, stop and look at the local stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tenkay.cli import documents
from tenkay.cli.failures import ExitCode
from tenkay.cli.plain_text import one_line
from tenkay.errors import Reason, failure
from tenkay.stack.commands import logs, status
from tenkay.stack.stack_file import ChildState

LARGEST_PORT = 65535


def parse_ports(texts: Sequence[str]) -> dict[str, int]:
    """The ports of ["query=5005", …]; INVALID_FIELD for anything else."""
    ports = {}
    for text in texts:
        name, _, number = text.partition("=")
        if not (name and number.isascii() and number.isdigit() and 0 < int(number) <= LARGEST_PORT):
            raise failure(
                Reason.INVALID_FIELD, f"--port {text[:60]!r} is not NAME=PORT, as in query=5005", field="port"
            )
        ports[name] = int(number)
    return ports


def show_status(var: Path, *, as_json: bool) -> ExitCode:
    """`tenkay status`: one document with --json."""
    stack = status(var)
    code = ExitCode.OK if stack.is_ready else ExitCode.UNAVAILABLE
    if as_json:
        print(documents.line(asdict(stack)))
        return code
    from rich.text import Text

    from tenkay.cli import tables

    table = tables.table("Part", "State", ">Process", ">Restarts", "Address", "Metrics")
    styles = {ChildState.READY: "green", ChildState.FAILED: "bold red", ChildState.RESTARTING: "yellow"}
    for name, child in stack.children.items():
        table.add_row(
            name,
            Text(child.state, style=styles.get(child.state, "")),
            "—" if child.pid is None else str(child.pid),
            str(child.restarts),
            stack.addresses.get(name, "—"),
            stack.metrics.get(name, "—"),
        )
    console = tables.console()
    console.print(
        f"The stack in {var} {'is ready' if stack.is_ready else 'is not ready yet'}; its supervisor is process "
        f"{stack.supervisor_pid}, started {stack.started_at}; spans go to {stack.otlp_endpoint or 'nobody'}."
    )
    console.print(table)
    return code


def show_logs(var: Path, parts: Sequence[str], lines: int, *, following: bool) -> ExitCode:
    """`tenkay logs`. Ctrl-C is how following ends."""
    try:
        for line in logs(var, parts, lines=lines, following=following):
            print(f"{line.child:<22} {one_line(line.text)}", flush=following)
    except KeyboardInterrupt:
        if not following:
            raise
    return ExitCode.OK
