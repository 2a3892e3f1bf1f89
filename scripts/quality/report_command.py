"""The command line that the reports beside this file share: write one, or compare it with the one committed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.recorded_documents import ROOT, edgar_folder


@dataclass(frozen=True, slots=True)
class Report:
    """What a script found in the recorded filings."""

    text: str
    """The document, in Markdown."""
    summary: tuple[str, ...]
    """Lines for whoever ran the script."""
    holds: bool
    """True when every bar is met."""


def run(path: Path, description: str, make: Callable[[Path], Report]) -> int:
    """Makes the report of the recorded folder and writes it to `path`; with `--check` compares it with what is there.

    The exit status: 0 when it was written, or is the same, and every bar is met; else 1.
    """
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; compare with the committed report"
    )
    options = parser.parse_args()
    report = make(edgar_folder())
    name = path.relative_to(ROOT)
    if not options.check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(report.text, encoding="utf-8")
        print(f"wrote {name}")
    elif not path.is_file() or path.read_text(encoding="utf-8") != report.text:
        print(f"{name} is another: run without --check")
        return 1
    for line in report.summary:
        print(line)
    return 0 if report.holds else 1
