"""A load test's outcome as one page of HTML that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from query_load.plots import Line, Plot, Shade, svg

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1d2329; max-width: 900px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.1em; margin-top: 2em; }
table { border-collapse: collapse; margin: .6em 0; } th, td { padding: .25em .8em; text-align: right; }
th { border-bottom: 2px solid #c9d1d9; font-weight: 600; } td { border-bottom: 1px solid #e6eaee; }
th:first-child, td:first-child { text-align: left; }
.met { color: #1a6b3a; } .missed { color: #b3262e; font-weight: 600; } code { background: #f2f4f6; padding: .1em .3em; }
svg { max-width: 100%; height: auto; } .small { font-size: 11px; fill: #57606a; } .middle { text-anchor: middle; }
.end { text-anchor: end; } .grid { stroke: #e6eaee; } .shade { fill: #f5d9d0; opacity: .6; }
"""
MEGABYTE = 1024 * 1024


def page(told: Mapping[str, Any]) -> str:
    """The page of what load_test.py writes as JSON."""
    shades = [Shade(each["name"], each["began"], each["ended"]) for each in told["faults"]]
    title = f"Load test: {told['scenario']}"
    verdict = "all objectives are met" if told["passed"] else "objectives are missed"
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
        f'<p class="{_class(told["passed"])}">In {told["seconds"]:.0f} s and {told["calls"]:,} calls, {verdict}.</p>',
        f"<p>{escape(told['date'])} · {escape(told['machine'])} · <code>{escape(told['command'])}</code></p>",
        "<h2>Objectives</h2>",
        _table(
            ("", "bar", "value", ""),
            [
                (
                    each["name"],
                    _value(each["bar"]),
                    _value(each["value"]),
                    f'<span class="{_class(each["is_met"])}">{"met" if each["is_met"] else "missed"}</span>',
                )
                for each in told["objectives"]
                if each["value"] is not None
            ],
        ),
        "<h2>Calls by method</h2><p>Latencies in milliseconds, from the moment a call was meant to be sent.</p>",
        _methods(told["methods"]),
    ]
    if told["stages"]:
        parts += ["<h2>Stages</h2>", _stages(told["stages"], told["scenario"])]
    if told["faults"]:
        parts += ["<h2>Faults</h2>", _faults(told["faults"])]
    for line in told["timeline"]:
        parts += _timeline(line, shades)
    parts.append(_spectrum(told["methods"]))
    if told["memory"]:
        parts.append(_memory(told["memory"], shades))
    return "".join((*parts, "</body></html>\n"))


def _methods(methods: Mapping[str, Mapping[str, Any]]) -> str:
    return _table(
        ("method", "calls", "failed", "from cache", "p50", "p90", "p99", "p99.9", "max"),
        [
            (
                name,
                f"{row['calls']:,}",
                _reasons(row["errors"]),
                "" if row["hit_share"] is None or name == "Ingest" else f"{row['hit_share']:.1%}",
                *(_value(row["latency_ms"].get(each)) for each in ("p50", "p90", "p99", "p99.9", "p100")),
            )
            for name, row in methods.items()
        ],
    )


def _reasons(errors: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {escape(reason)}" for reason, count in errors.items()) or "0"


def _stages(stages: Sequence[Mapping[str, Any]], scenario: str) -> str:
    factor, unit = (3600, "filings an hour") if scenario == "ingest" else (1, "calls a second")
    return _table(
        (unit, "calls", "answered", "sent late", "p50, ms", "p99, ms", "objectives"),
        [
            (
                f"{each['rate'] * factor:,.0f}",
                f"{each['calls']:,}",
                "" if each["success_share"] is None else f"{each['success_share']:.2%}",
                "" if each["late_share"] is None else f"{each['late_share']:.1%}",
                _value(each["p50_ms"]),
                _value(each["p99_ms"]),
                f'<span class="{_class(each["is_met"])}">{"met" if each["is_met"] else "missed"}</span>',
            )
            for each in stages
        ],
    )


def _faults(faults: Sequence[Mapping[str, Any]]) -> str:
    return _table(
        ("fault", "began, s", "lasted, s", "recovered after, s"),
        [
            (
                each["name"],
                f"{each['began']:.1f}",
                f"{each['ended'] - each['began']:.1f}",
                _value(each["recovery_seconds"]),
            )
            for each in faults
        ],
    )


def _timeline(line: Mapping[str, Any], shades: Sequence[Shade]) -> list[str]:
    def of(name: str, words: str) -> Line:
        return Line(words, list(enumerate(line[name])))

    what = line["methods"][0] if len(line["methods"]) == 1 else "reads"
    hits = [
        (second, hits / ok if ok else None)
        for second, (hits, ok) in enumerate(zip(line["hits"], line["ok"], strict=True))
    ]
    plots = [
        Plot(
            f"Calls a second: {what}",
            "seconds",
            "calls a second",
            [of("intended", "meant to be sent"), of("ok", "answered"), of("failed", "failed")],
            shades,
        ),
        Plot(
            f"Latency: {what}",
            "seconds",
            "milliseconds (log)",
            [of("p50_ms", "p50"), of("p99_ms", "p99")],
            shades,
            log_y=True,
        ),
    ]
    if any(line["hits"]):
        plots.append(Plot("From the cache", "seconds", "share", [Line("share of answers", hits)], shades))
    return [f"<h2>{escape(each.title)}</h2>{svg(each)}" for each in plots]


def _spectrum(methods: Mapping[str, Mapping[str, Any]]) -> str:
    lines, ticks = [], {}
    for name, row in methods.items():
        points = []
        for which, milliseconds in row["latency_ms"].items():
            share = float(which[1:]) / 100
            if share < 1:
                place = -math.log10(1 - share)
                ticks[place] = f"{share * 100:g} %"
                points.append((place, max(milliseconds, 0.01)))
        lines.append(Line(name, points))
    plot = Plot(
        "Latency by percentile",
        "percentile",
        "milliseconds (log)",
        lines,
        log_y=True,
        x_ticks=[(place, words) for place, words in ticks.items() if words not in ("25 %", "95 %", "75 %")],
    )
    return f"<h2>{plot.title}</h2>{svg(plot)}"


def _memory(samples: Sequence[Mapping[str, Any]], shades: Sequence[Shade]) -> str:
    names = [name for name in samples[0] if name != "at"]
    lines = [
        Line(name, [(each["at"], each[name] / MEGABYTE if name in each else None) for each in samples])
        for name in names
    ]
    return f"<h2>Memory</h2>{svg(Plot('Memory', 'seconds', 'MiB resident', lines, shades))}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{each}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _value(value: float | None) -> str:
    if value is None:
        return ""
    if math.isinf(value):
        return "never"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _class(is_met: bool) -> str:
    return "met" if is_met else "missed"
