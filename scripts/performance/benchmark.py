"""Run a suite of benchmarks and print its figures.

    python scripts/performance/benchmark.py SUITE [--json] [--quick]

Figures are ratios within one run: these machines are shared, so absolute times say little. With ``--json`` one object
is printed, else a table: ``{"suite": …, "figures": {name: number}, "notes": [text], "machine": …, "command": …,
"date": …}``. ``--quick`` finishes within two minutes, at the price of wider noise. Notes say what a figure does not
cover and why one is absent; they go to standard error too.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import shlex
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tenkay.runtime.logs import start_logging

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

Suite = Callable[[bool, Callable[[str], None]], dict[str, float]]

SUITES = {
    "backup": "backup_suite",
    "extract": "extract_suite",
    "query": "query_suite",
    "rpc": "rpc_suite",
    "store": "store_suite",
}
"""Name of a suite and its module beside this file, which has ``run(quick, note)``, a ``Suite``."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", choices=sorted(SUITES))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="finish within two minutes")
    options = parser.parse_args()
    run: Suite = importlib.import_module(SUITES[options.suite]).run
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        print(text, file=sys.stderr)

    # Standard output is for the figures alone.
    start_logging("benchmark", stream=sys.stderr)
    figures = run(options.quick, note)
    if options.json:
        print(
            json.dumps(
                {
                    "suite": options.suite,
                    "figures": figures,
                    "notes": notes,
                    "machine": machine(),
                    "command": shlex.join(["python", "scripts/performance/benchmark.py", *sys.argv[1:]]),
                    "date": datetime.now(UTC).date().isoformat(),
                }
            )
        )
    else:
        for name, value in figures.items():
            print(f"{name:32} {value:10.3f}")
    return 0


def machine() -> str:
    """The machine in a line: processors, memory, system, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


if __name__ == "__main__":
    sys.exit(main())
