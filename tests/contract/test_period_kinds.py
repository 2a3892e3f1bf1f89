"""The store's tables of what may be summed over quarters, against the formulas of the extractor's catalog."""

from __future__ import annotations

import re

from tenkay_extractor.catalog import Catalog, SignalDefinition, UnitKind, ValueKind
from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.periods import Basis
from tenkay_store.domain.period_kinds import OF_PERIOD, QUARTER_FLOWS, YEAR_TO_DATE_FLOWS

SUM_OF_CONCEPTS = re.compile(
    r"(opt\([a-z0-9_]+\)|[a-z0-9_]+)( [+-] (opt\([a-z0-9_]+\)|[a-z0-9_]+))*", re.ASCII
)

SHARES_OF_FLOWS = frozenset({"segment_concentration", "geographic_concentration"})
"""Functions over the period's revenue by segment, which no formula shows."""


def is_sum_of_money_flows(catalog: Catalog, row: SignalDefinition) -> bool:
    expression = row.expression
    return (
        expression is not None
        and row.value_kind is ValueKind.DECIMAL
        and SUM_OF_CONCEPTS.fullmatch(expression.source) is not None
        and all(
            not catalog.concepts[name].instant and catalog.concepts[name].unit is UnitKind.MONEY
            for name in expression.concepts
        )
    )


def is_computed_from_flows(catalog: Catalog, row: SignalDefinition) -> bool:
    if row.composite is not None:
        return True
    expression = row.expression
    return expression is not None and any(not catalog.concepts[name].instant for name in expression.concepts)


def test_exactly_the_sums_of_money_flows_are_summed() -> None:
    catalog = load_catalog()
    summable = {row.id: row.basis for row in catalog.signals if is_sum_of_money_flows(catalog, row)}
    assert {name for name, basis in summable.items() if basis is Basis.QUARTER} == QUARTER_FLOWS
    assert {name for name, basis in summable.items() if basis is Basis.YEAR_TO_DATE} == YEAR_TO_DATE_FLOWS


def test_what_else_is_computed_from_flows_is_of_its_period_only() -> None:
    catalog = load_catalog()
    computed = {row.id for row in catalog.signals if is_computed_from_flows(catalog, row)}
    assert computed - QUARTER_FLOWS - YEAR_TO_DATE_FLOWS | SHARES_OF_FLOWS == OF_PERIOD


def test_balances_flags_and_measures_of_text_are_of_their_filing() -> None:
    of_filing = {
        "total_assets",
        "current_ratio",
        "going_concern_doubt",
        "mdna_net_tone",
        "shares_outstanding",
    }
    assert of_filing <= {row.id for row in load_catalog().signals}
    assert not of_filing & (QUARTER_FLOWS | YEAR_TO_DATE_FLOWS | OF_PERIOD)
