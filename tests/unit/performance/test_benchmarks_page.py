"""The page of benchmarks and the files that it is written from."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import write_benchmarks
from write_benchmarks import BARS, FIGURES, PAGE, Run, figure_words, newest, page

RUN = Run(
    "rpc", {"wrapper_cpu_x": 1.14, "sampled_spans": 40}, ["a | note"], "a machine", "a command", "2026-01-02"
)


def test_the_page_is_what_the_figures_give() -> None:
    assert PAGE.read_text() == page(newest(FIGURES), tomllib.loads(BARS.read_text())), (
        "run python scripts/performance/write_benchmarks.py"
    )


def test_a_figure_is_shown_with_its_bar_and_what_it_is() -> None:
    text = page([RUN], {"rpc": {"wrapper_cpu_x": {"most": 1.25}, "wrapper_throughput_x": {"least": 0.5}}})

    assert "| wrapper_cpu_x | 1.14 | <= 1.25 | yes | CPU seconds a call, wrapped / bare" in text
    assert "| wrapper_throughput_x | not measured | >= 0.5 |" in text
    assert "`a command`, 2026-01-02, a machine" in text
    assert "a \\| note" in text


def test_a_bar_that_is_missed_is_shown_as_missed() -> None:
    assert "**no**" in page(
        [replace(RUN, figures={"wrapper_cpu_x": 1.3})], {"rpc": {"wrapper_cpu_x": {"most": 1.25}}}
    )


def test_the_seeds_figures_stand_beside_ours_or_say_that_nothing_was_measured() -> None:
    claim = {"what": "w", "before": "b", "aim": "a", "suite": "rpc"}
    bars = {"seed": [{**claim, "figure": "wrapper_cpu_x"}, {**claim, "figure": "other"}]}

    text = page([RUN], bars)

    assert "| w | b | a | 1.14 | rpc: `wrapper_cpu_x` |" in text
    assert "| w | b | a | not measured yet | rpc: `other` |" in text


def test_what_a_figure_is_comes_from_the_suites_own_words() -> None:
    words = figure_words(
        "Prose.\n\nFigures\n    one, two_x   both of\n             them\n    alone_ms\n             later\n"
        "    a_name_with_one_space after it\n\n    prose that is indented, no figure\n"
    )

    assert words == {
        "one": "both of them",
        "two_x": "both of them",
        "alone_ms": "later",
        "a_name_with_one_space": "after it",
    }


def test_the_newest_run_of_a_suite_counts(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(write_benchmarks, "FIGURES", tmp_path)
    for name, date, value in (("a", "2026-01-02", 2), ("b", "2026-01-01", 1)):
        (tmp_path / f"{name}.json").write_text(
            f'{{"suite": "rpc", "figures": {{"x": {value}}}, "notes": [], "machine": "", "command": "", "date": "{date}"}}'
        )

    [run] = newest(tmp_path)

    assert run.figures == {"x": 2}
