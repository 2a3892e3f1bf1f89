"""Fixtures every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.recorded_documents import EDGAR_VARIABLE, is_recorded_folder, named_folder

pytest_plugins = ["tests.stack_fixtures"]

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Says so when the groups of tests that share a stack are spread over the workers, each of which would start one."""
    if getattr(config.option, "loadgroup", False):
        spread = [each for each in items if each.get_closest_marker("xdist_group") and "@" not in each.nodeid]
        if spread:
            raise pytest.UsageError(f"pytest-xdist took no notice of the group of {spread[0].nodeid}")


@pytest.fixture(scope="session")
def edgar_folder() -> Path:
    """The folder of recorded EDGAR filings; the test is skipped, saying so, where there is none."""
    folder = named_folder()
    if not is_recorded_folder(folder):
        pytest.skip(f"no recorded EDGAR filings in {folder}; set {EDGAR_VARIABLE} to their folder")
    return folder
