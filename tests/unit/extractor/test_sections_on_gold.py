"""The sections of recorded filings against expected ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.quality.section_report import evaluate


@pytest.mark.edgar
def test_recorded_filings_have_the_sections_that_are_expected(edgar_folder: Path) -> None:
    tallies = evaluate(edgar_folder)
    assert {tally.form for tally in tallies} == {"8-K", "10-K", "10-Q"}
    assert [(tally.source, tally.form) for tally in tallies if not tally.holds] == []
