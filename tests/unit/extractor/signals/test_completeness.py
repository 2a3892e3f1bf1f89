"""Every row of the catalog is implemented, founded and tried: with a value, and on a filing that holds nothing.

Which tests give a row a value is read from their source: its id stands in an assertion, in a parameter or in a table of a
test module, and no reason for missing values stands beside it.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
import yaml

from tenkay_extractor.catalog import SignalDefinition
from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.missing import MissingReason, MissingSignal
from tenkay_extractor.signals import Signal
from tests.unit.extractor.signals.made_filings import Paper, evaluate, filing

ROWS = {row.id: row for row in load_catalog().signals}
TESTS = Path(__file__).resolve().parent.parent
SHARED = (
    Path(os.environ.get("TENKAY_TEST_EDGAR", TESTS.parents[3] / "shared" / "edgar")).parent / "signals.yaml"
)
REASONS = frozenset(reason.name for reason in MissingReason)
ALWAYS_TOLD = frozenset(
    {
        "activist_13d", "amended_filing", "certifications_complete", "contested_meeting", "filing_size", "going_private_filing",
        "late_filing_notice", "planned_insider_sale_144", "table_share",
    }
)  # fmt: skip
"""Rows that every filing of their forms has, by its form, its size or what is not in it."""


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_a_row_has_one_implementation_and_a_literature_note(row: SignalDefinition) -> None:
    ways = (row.expression, row.composite, row.pattern, row.function)
    assert sum(way is not None for way in ways) == 1
    assert len(row.source) >= 5
    assert row.formula
    assert row.definition
    assert row.missing_when
    assert row.direction
    assert row.unit


@pytest.mark.parametrize("signal", ROWS)
def test_a_row_is_missing_where_the_filing_holds_nothing(signal: str) -> None:
    found = empty(ROWS[signal].forms[0])[signal]
    if signal in ALWAYS_TOLD:
        assert isinstance(found, Signal)
        found = empty("CORRESP")[signal]
        assert isinstance(found, MissingSignal)
        assert found.reason is MissingReason.FORM_NOT_APPLICABLE
        return
    assert isinstance(found, MissingSignal)
    assert found.reason not in (MissingReason.FORM_NOT_APPLICABLE, MissingReason.EXTRACTOR_FAILED)
    assert found.detail


@cache
def empty(form: str) -> Mapping[str, Signal | MissingSignal]:
    return evaluate(filing(form, Paper(form, "Nothing."), filed="20240220", period="20231231"))


def test_every_row_is_tried_with_a_value() -> None:
    assert sorted(ROWS.keys() - tried_with_a_value()) == []


def tried_with_a_value() -> set[str]:
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        if path == Path(__file__).resolve():
            continue
        tree = ast.parse(path.read_text("utf-8"))
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name) and "GAP" not in target.id and "MISSING" not in target.id:
                    found |= _valued(entries(node.value))
            elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found |= _valued(node.body)
                for decorator in node.decorator_list:
                    for call in ast.walk(decorator):
                        found |= _valued(entries(call))
    return found


def _valued(nodes: Iterator[ast.AST] | list[ast.stmt]) -> set[str]:
    """Ids that stand in a node without a reason for missing values."""
    return {signal for node in nodes if not _names_a_reason(node) for signal in _ids(node)}


def entries(table: ast.AST) -> Iterator[ast.AST]:
    """The entries of a table; of a dict, key and value together."""
    if isinstance(table, ast.Dict):
        for key, value in zip(table.keys, table.values, strict=True):
            yield ast.Tuple([each for each in (key, value) if each is not None], ast.Load())
    elif isinstance(table, ast.List | ast.Tuple | ast.Set):
        yield from table.elts


def _ids(node: ast.AST) -> set[str]:
    return {
        each.value
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value in ROWS
    }


def _names_a_reason(node: ast.AST) -> bool:
    return any(
        (isinstance(each, ast.Attribute) and each.attr in REASONS)
        or (isinstance(each, ast.Constant) and each.value in REASONS)
        for each in ast.walk(node)
    )


def test_the_catalog_has_all_rows_of_the_specification_in_its_categories() -> None:
    if not SHARED.is_file():
        pytest.skip(f"no specification of the signals in {SHARED}")
    loaded = yaml.load(SHARED.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    specified = {row["id"]: (row["category"], row["tier"]) for row in loaded["signals"]}
    own = {row.id: (row.category.value, row.tier.value) for row in ROWS.values()}
    assert {row: own.get(row) for row in specified} == specified
