"""Fixtures every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.recorded_documents import EDGAR_VARIABLE, is_recorded_folder, named_folder

pytest_plugins = ["tests.stack_fixtures"]

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Says so when tests that share a stack are spread over the workers, each of which would start one."""
    is_grouped = item.get_closest_marker("xdist_group") is not None
    if is_grouped and getattr(item.config.option, "loadgroup", False) and "@" not in item.nodeid:
        pytest.fail("pytest-xdist takes no notice of xdist_group with this version of pytest", pytrace=False)


@pytest.fixture(scope="session")
def edgar_folder() -> Path:
    """The folder of recorded EDGAR filings; the test is skipped, saying so, where there is none."""
    folder = named_folder()
    if not is_recorded_folder(folder):
        pytest.skip(f"no recorded EDGAR filings in {folder}; set {EDGAR_VARIABLE} to their folder")
    return folder
