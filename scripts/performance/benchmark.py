"""Run a suite of benchmarks and print its figures.

    python scripts/performance/benchmark.py SUITE [--json] [--quick]

Figures are ratios within one run: these machines are shared, so absolute times say little. With ``--json`` the one
object ``{"suite": …, "figures": {name: number}, "machine": …, "command": …}`` is printed, else a table. ``--quick``
finishes within 50 seconds, at the price of wider noise.
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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

SUITES = {
    "rpc": "rpc_suite",
}
"""Name of a suite and its module beside this file, which has ``run(quick: bool) -> dict[str, float]``."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", choices=sorted(SUITES))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="finish within 50 seconds")
    options = parser.parse_args()
    run: Callable[[bool], dict[str, float]] = importlib.import_module(SUITES[options.suite]).run
    figures = run(options.quick)
    if options.json:
        print(
            json.dumps(
                {
                    "suite": options.suite,
                    "figures": figures,
                    "machine": machine(),
                    "command": shlex.join(["python", "scripts/performance/benchmark.py", *sys.argv[1:]]),
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
