"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.stack_fixtures"]

REPOSITORY = Path(__file__).resolve().parent.parent
EDGAR_VARIABLE = "TENKAY_TEST_EDGAR"


@pytest.fixture(scope="session")
def edgar_folder() -> Path:
    """The folder of recorded EDGAR filings; the test is skipped, saying so, where there is none."""
    folder = Path(os.environ.get(EDGAR_VARIABLE, REPOSITORY.parent / "shared" / "edgar"))
    if not (folder / "MANIFEST.jsonl").is_file():
        pytest.skip(f"no recorded EDGAR filings in {folder}; set {EDGAR_VARIABLE} to their folder")
    return folder
