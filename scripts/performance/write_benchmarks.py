"""Writes docs/performance/benchmarks.md from the figures that the suites have left in docs/performance/figures/.

    python scripts/performance/write_benchmarks.py [--check] [--take FILE …]

Each file there has one object as `benchmark.py SUITE --json` prints it; load_test.py and coherence_check.py write the
same form with --figures. The newest of a suite counts. --take puts files there first, in place of the suite's older
ones. Bars and the seed's figures are in figure_bars.toml; what a figure is, is taken from the suites' own words.

--check writes nothing and says whether the page is what the files give: exit status 0 or 1.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DOCS = HERE.parents[1] / "docs" / "performance"
PAGE = DOCS / "benchmarks.md"
FIGURES = DOCS / "figures"
BARS = HERE / "figure_bars.toml"
WORDS = {
    "backup": ("backup_suite.py",),
    "extract": ("extract_suite.py",),
    "query": ("query_suite.py", "query_load_figures.py"),
    "rpc": ("rpc_suite.py",),
    "store": ("store_suite.py", "second_sink_figures.py"),
}
"""Where a suite says what its figures are: modules beside this one."""
LOAD = "load_test.py"
ORDER = ("rpc", "extract", "store", "backup", "query", "coherence")
"""Suites as the page has them; load tests come after."""
_NAMES = re.compile(r"[a-zA-Z0-9_…]+(, [a-zA-Z0-9_…]+)*")


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a suite printed."""

    suite: str
    figures: Mapping[str, float]
    notes: Sequence[str]
    machine: str
    command: str
    date: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--take", nargs="+", type=Path, default=[])
    given = parser.parse_args()
    for file in given.take:
        _take(file)
    text = page(newest(FIGURES), tomllib.loads(BARS.read_text()))
    if given.check:
        if PAGE.read_text() == text:
            return 0
        print(f"{PAGE} is not what the figures give: run {Path(__file__).name}", file=sys.stderr)
        return 1
    PAGE.write_text(text)
    return 0


def newest(folder: Path) -> list[Run]:
    """The newest run of each suite, in the page's order."""
    runs: dict[str, Run] = {}
    for file in sorted(folder.glob("*.json")):
        run = _read(file)
        if run.suite not in runs or run.date >= runs[run.suite].date:
            runs[run.suite] = run
    places = {suite: place for place, suite in enumerate(ORDER)}
    return sorted(runs.values(), key=lambda run: (places.get(run.suite, len(ORDER)), run.suite))


def page(runs: Sequence[Run], bars: Mapping[str, Any]) -> str:
    """The whole page."""
    parts = [
        "# Benchmarks",
        "",
        "Written by `python scripts/performance/write_benchmarks.py` from `docs/performance/figures/`: run that again "
        "instead of editing this page. Each section has the last run of a suite; its command runs it again. Figures "
        "are ratios within one run where they end in `_x`: machines differ, and shared ones are slower at times.",
        "",
        *_beside_the_seed(runs, bars.get("seed", [])),
    ]
    for run in runs:
        parts += _section(run, bars.get(run.suite, {}))
    return "\n".join(parts).rstrip() + "\n"


def figure_words(text: str) -> dict[str, str]:
    """What a module's docstring says of each figure: entries indented by four, names first, words after two spaces."""
    words: dict[str, str] = {}
    names: list[str] = []
    for line in text.splitlines():
        if not line.startswith("    "):
            names = []
        elif line.startswith("     "):
            words |= {name: f"{words[name]} {line.strip()}".strip() for name in names}
        else:
            before, _, after = line.strip().partition("  ")
            first = before.partition(" ")[0]
            if not after and "_" in first and not first.endswith(","):
                before, _, after = before.partition(" ")  # a name so long that it has one space after it
            is_entry = _NAMES.fullmatch(before.rstrip(",")) is not None
            names = before.rstrip(",").split(", ") if is_entry else []
            words |= dict.fromkeys(names, after.strip())
    return words


def _beside_the_seed(runs: Sequence[Run], claims: Iterable[Mapping[str, str]]) -> list[str]:
    by_suite = {run.suite: run for run in runs}
    rows = []
    for claim in claims:
        run = by_suite.get(claim["suite"])
        value = None if run is None else run.figures.get(claim["figure"])
        rows.append(
            f"| {claim['what']} | {claim['before']} | {claim['aim']} | "
            f"{'not measured yet' if value is None else _number(value)} | {claim['suite']}: `{claim['figure']}` |"
        )
    if not rows:
        return []
    return [
        "## Beside the seed's figures",
        "",
        "What the recommendations that this project began from had measured (before) and hoped for (aim).",
        "",
        "| | before | aim | here | figure |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ]


def _section(run: Run, bars: Mapping[str, Mapping[str, float]]) -> list[str]:
    words = _words_of(run.suite)
    parts = [
        f"## {run.suite}",
        "",
        f"`{run.command}`, {run.date}, {run.machine}",
        "",
        "| figure | value | bar | met | what it is |",
        "|---|---|---|---|---|",
    ]
    for name, value in run.figures.items():
        bar = bars.get(name, {})
        parts.append(
            f"| {name} | {_number(value)} | {_bar(bar)} | {_verdict(value, bar)} | {_cell(words.get(name, ''))} |"
        )
    for name, bar in bars.items():
        if name not in run.figures:
            parts.append(f"| {name} | not measured | {_bar(bar)} | | {_cell(words.get(name, ''))} |")
    parts.append("")
    for note in run.notes:
        parts += [f"- {_cell(note)}"]
    return [*parts, ""] if run.notes else parts


def _words_of(suite: str) -> dict[str, str]:
    files = WORDS.get(suite, (LOAD,) if suite.startswith("load") else ())
    words: dict[str, str] = {}
    for name in files:
        file = HERE / name
        if file.exists():
            words |= figure_words(ast.get_docstring(ast.parse(file.read_text()), clean=False) or "")
    return words


def _bar(bar: Mapping[str, float]) -> str:
    if "least" in bar:
        return f">= {_number(bar['least'])}"
    return f"<= {_number(bar['most'])}" if "most" in bar else ""


def _verdict(value: float, bar: Mapping[str, float]) -> str:
    if not bar:
        return ""
    is_met = value >= bar.get("least", value) and value <= bar.get("most", value)
    return "yes" if is_met else "**no**"


def _number(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return "never"
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _read(file: Path) -> Run:
    told = json.loads(file.read_text())
    return Run(
        suite=told["suite"],
        figures=told["figures"],
        notes=told["notes"],
        machine=told["machine"],
        command=told["command"],
        date=told["date"],
    )


def _take(file: Path) -> None:
    run = _read(file)
    name = re.sub(r"[^a-z0-9]+", "-", run.suite.lower())
    FIGURES.mkdir(parents=True, exist_ok=True)
    (FIGURES / f"{name}.json").write_text(json.dumps(json.loads(file.read_text()), indent=1) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
