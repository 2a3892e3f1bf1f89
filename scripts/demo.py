"""The whole path once, with made-up companies: what `make demo` runs.

Samples are written, the local stack is started on them, they are ingested and asked about, and the stack is stopped.
Everything is below var/demo, which is made anew each time. The stack hangs on this process: however it ends, the stack
ends too.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))  # for `samples`, which is no distribution

from samples.library import generate  # noqa: E402
from tenkay.cli import tables  # noqa: E402
from tenkay.cli.addresses import Addresses  # noqa: E402
from tenkay.cli.failures import ExitCode, error_line, exit_code  # noqa: E402
from tenkay.errors import TenkayError  # noqa: E402
from tenkay.stack.errors import StackError  # noqa: E402

VAR = Path("var") / "demo"
FORMS = ("10-K", "10-K/A", "10-Q", "8-K")
SCREEN = 'form_type = "10-K" AND signals.current_ratio < 1.5'
COLD_RUNS = 20
"""Filings whose signals are asked for the first time."""
CACHED_RUNS_EACH = 5
"""Times each of them is asked for again."""
START_SECONDS = 120.0
STOP_SECONDS = 60.0
OLD_STACK_SECONDS = 30.0
"""How long the stack of a demo that was killed may take to end."""


class DemoError(Exception):
    """Something did not come out as it must; the message says what."""


def main() -> int:
    console = tables.console()
    try:
        run(console, VAR)
    except KeyboardInterrupt:
        console.print("\nStopped, and the stack with it.")
        return ExitCode.INTERRUPTED
    except (DemoError, StackError, TenkayError) as error:
        print(error_line(error) if not isinstance(error, DemoError) else f"demo: {error}", file=sys.stderr)
        print(f"demo: the logs are in {VAR / 'log'}", file=sys.stderr)
        return exit_code(error) if not isinstance(error, DemoError) else ExitCode.NOT_DONE
    return ExitCode.OK


def run(console: Console, var: Path) -> None:
    """The demo, with all it keeps below `var`."""
    times = TimeLine()
    with times.step("samples written"):
        make_room(var)
        truth = generate(var / "edgar")
    console.print(
        f"{len(truth.filings)} filings of {len(truth.companies)} made-up companies are in {var / 'edgar'}."
    )
    with times.step("stack started") as started, console.status("Starting the stack …"):
        stack = start(var, started)
        stack.__enter__()
    try:
        show_path(console, Addresses(var=var), truth, times)
    finally:
        with times.step("stack stopped"), console.status("Stopping the stack …"):
            stack.__exit__(None, None, None)
    times.show(console)
