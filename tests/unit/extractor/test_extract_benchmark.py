"""The benchmark of extractions measures what it says it does."""

from __future__ import annotations

from pathlib import Path

import extract_suite
import pytest
from recorded_filings import MeasuredFiling, reports, spread

from scripts.recorded_documents import EDGAR_VARIABLE
from tenkay_extractor import extraction


def test_the_stages_are_functions_that_extract_calls() -> None:
    held = [each for stage in extract_suite.STAGES.values() for each in stage]
    functions = [getattr(owner, name) for owner, name in held]
    with extract_suite._stages() as seconds:
        extraction.extract([extraction.Blob(_html(), "report.htm")])
    assert seconds["split"] > 0
    assert seconds["text"] > 0
    assert seconds["phrases"] > 0
    assert seconds["facts"] == 0  # a page without facts
    assert [getattr(owner, name) for owner, name in held] == functions


def test_a_filing_is_measured_in_parses_of_its_own_documents() -> None:
    one = extract_suite._measure(_filing("one", _html()), repeats=2)
    assert len(one.parse) == 4
    assert len(one.total) == len(one.stages["text"]) == 2
    assert 0 < one.ratio(one.stages["text"]) < one.ratio(one.total)


def test_a_sample_is_of_all_sizes_and_so_is_its_beginning() -> None:
    sizes = [filing.size for filing in spread([_filing(str(n), b"x" * n) for n in range(120)], 12)]
    assert sorted(sizes) == list(range(5, 120, 10))
    assert max(sizes[:3]) > 100 > min(sizes[:3])


def test_all_filings_are_kept_when_fewer_than_asked_for() -> None:
    filings = [_filing(str(n), b"x" * n) for n in range(7)]
    assert sorted(filing.size for filing in spread(filings, 12)) == list(range(7))


def test_without_the_recorded_folder_the_samples_are_measured_and_a_note_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EDGAR_VARIABLE, str(tmp_path))
    notes: list[str] = []
    found = reports(notes.append)
    assert {filing.form_type for filing in found} == {"10-K", "10-K/A", "10-Q"}
    assert len(notes) == 1
    assert "no recorded EDGAR filings" in notes[0]
    assert all(len(filing.read()) == filing.size for filing in found)


def _filing(name: str, content: bytes) -> MeasuredFiling:
    return MeasuredFiling(name, f"{name}.htm", "10-K", len(content), False, lambda: content)


def _html() -> bytes:
    items = "".join(
        f"<p><b>Item {number}. {title}</b></p><p>{'We sell things to people. ' * 40}</p>"
        for number, title in (("1", "Business"), ("2", "Properties"), ("9A", "Controls and Procedures"))
    )
    return f"<html><body><p>FORM 10-K</p><p>Annual report</p>{items}</body></html>".encode()
