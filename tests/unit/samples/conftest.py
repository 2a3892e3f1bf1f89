from __future__ import annotations

from pathlib import Path

import pytest

from samples import SampleFiling, Truth, build_truth, generate, sample_filings


@pytest.fixture(scope="session")
def filings() -> tuple[SampleFiling, ...]:
    return sample_filings()


@pytest.fixture(scope="session")
def truth() -> Truth:
    return build_truth()


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with everything that `generate` writes."""
    directory = tmp_path_factory.mktemp("edgar")
    generate(directory)
    return directory
