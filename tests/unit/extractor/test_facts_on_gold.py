"""The facts of recorded filings against EDGAR's own values."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.quality.fact_report import CONVENTIONS, evaluate_with_edgar


@pytest.mark.edgar
def test_recorded_filings_have_the_values_that_edgar_has(edgar_folder: Path) -> None:
    tallies, _ = evaluate_with_edgar(edgar_folder)
    assert [tally.source for tally in tallies if not tally.holds] == []
    assert [miss for tally in tallies for miss in tally.misses or [] if miss.reason not in CONVENTIONS] == []
