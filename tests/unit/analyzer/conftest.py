"""Filings for the analyzer's unit tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest

from tenkay_analyzer.expressions import Value
from tenkay_analyzer.readings import FilingReadings, Reading
from tenkay_analyzer.rules import Rules, shipped_rules

MakeFiling = Callable[..., FilingReadings]

HEALTHY: Mapping[str, Value] = {
    "gross_margin": 0.5,
    "operating_margin": 0.2,
    "net_margin": 0.15,
    "return_on_assets": 0.12,
    "revenue_growth_yoy": 0.08,
    "current_ratio": 2.0,
    "liabilities_to_assets": 0.45,
    "interest_coverage": 12.0,
    "cash_flow_accruals": -0.02,
    "operating_cash_flow": Decimal("123456789.5"),
    "free_cash_flow": Decimal("90000000"),
    "negative_equity": False,
    "going_concern_doubt": False,
    "material_weakness": False,
}


@pytest.fixture(scope="session")
def rules() -> Rules:
    return shipped_rules()


@pytest.fixture(scope="session")
def make_filing() -> MakeFiling:
    """A filing of the given signals; `healthy=True` starts from a healthy company's, None leaves a signal out."""

    def make(
        *,
        healthy: bool = False,
        confidence: float = 1.0,
        confidences: Mapping[str, float] | None = None,
        sic_code: int | None = 3570,
        **signals: Value | None,
    ) -> FilingReadings:
        values = {**(HEALTHY if healthy else {}), **signals}
        return FilingReadings(
            accession_number="0001999001-24-000001",
            extraction_key="e" * 64,
            form_type="10-K",
            sic_code=sic_code,
            signals={
                name: Reading(
                    name,
                    value,
                    "USD" if isinstance(value, Decimal) else "fraction",
                    "USD" if isinstance(value, Decimal) else "",
                    (confidences or {}).get(name, confidence),
                )
                for name, value in values.items()
                if value is not None
            },
        )

    return make
