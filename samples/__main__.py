"""`python -m samples generate DIR`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from samples.library import generate


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m samples", description="Made-up filings in EDGAR's layout."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("generate", help="write the filings, their listings and truth.json")
    command.add_argument("directory", type=Path, help="created when missing")
    directory: Path = parser.parse_args(arguments).directory
    try:
        truth = generate(directory)
    except OSError as error:
        print(f"Could not write into {directory}: {error.strerror or error}.", file=sys.stderr)
        return 1
    print(f"{len(truth.filings)} filings of {len(truth.companies)} companies in {directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
