"""The filter's grammar, its types and its SQL."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenkay.common.v1 import analysis_pb2
from tenkay.errors import InvalidArgument, Reason
from tenkay_store.domain import filter as filters
from tenkay_store.domain.filter import And, Comparison, FieldType, Not, Operator, Or, TypedExpression
from tenkay_store.domain.selections import Screen
from tenkay_store.domain.stored import Moment
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.wire.commit_messages import analysis_record, extraction_record
from tests.unit.store.conftest import Clock, options
from tests.unit.store.filings import Value, accession_number, analysis, extraction

TYPES = {
    "revenue": frozenset({FieldType.NUMBER}),
    "going_concern_doubt": frozenset({FieldType.BOOLEAN}),
    "auditor_opinion": frozenset({FieldType.TEXT}),
    "only_gaps": frozenset[FieldType](),
}


def _names(expression: filters.Expression | None) -> object:
    match expression:
        case And(parts):
            return ("and", *map(_names, parts))
        case Or(parts):
            return ("or", *map(_names, parts))
        case Not(part):
            return ("not", _names(part))
        case Comparison():
            return expression.name
    return None


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", None),
        (" \n ", None),
        ("a = 1", "a"),
        ("a=1 AND b=2 AND c=3", ("and", "a", "b", "c")),
        ("a=1 OR b=2 OR c=3", ("or", "a", "b", "c")),
        # OR binds tighter than AND.
        ("a=1 AND b=2 OR c=3 AND d=4", ("and", "a", ("or", "b", "c"), "d")),
        # Comparisons side by side are one more AND, tighter than the word.
        ("a=1 b=2 AND c=3", ("and", ("and", "a", "b"), "c")),
        ("NOT a=1", ("not", "a")),
        ("-a=1", ("not", "a")),
        ("NOT (a=1 OR b=2) c=3", ("and", ("not", ("or", "a", "b")), "c")),
        ("((a=1))", "a"),
        ("ANDROID=1 OR NOTHING=2", ("or", "ANDROID", "NOTHING")),
        ("a = -1.5", "a"),
        ("a=1\nAND\tb=2", ("and", "a", "b")),
    ],
)
def test_text_becomes_the_tree_of_aip_160(text: str, tree: object) -> None:
    assert _names(filters.parse(text)) == tree


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("a", 2, "expected a comparison"),
        ("a =", 4, "expected a field or value"),
        ("= 1", 1, "not expected"),
        ("a = 1 AND", 10, "the end"),
        ("a = 1)", 6, "')'"),
        ("(a = 1", 7, "expected"),
        ('a = "x', 5, "no partner"),
        ("a ! 1", 3, "'!'"),
        ("NOT NOT a = 1", 9, "expected a comparison"),
        ("a = 1, b = 2", 6, "','"),
        ("a = b = c", 7, "'='"),
        ("(" * 51 + "a = 1" + ")" * 51, 51, "nested more than 50"),
        (" AND ".join(["a = 1"] * 101), 1001, "more than 100"),
        ("a = " + "1" * 5000, 4097, "4,096"),
    ],
)
def test_text_that_cannot_be_parsed_says_where(text: str, column: int, words: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        filters.parse(text)
    assert refused.value.reason is Reason.FILTER_SYNTAX
    assert refused.value.metadata["column"] == str(column)
    assert words in refused.value.message


def test_the_bounds_themselves_are_allowed() -> None:
    assert filters.parse("(" * 50 + "a = 1" + ")" * 50) is not None
    assert filters.parse(" AND ".join(["a = 1"] * 100)) is not None
    # Parentheses in a quoted value are no nesting.
    assert filters.parse('a = "' + "(" * 60 + '"') is not None


def _resolved(text: str) -> TypedExpression:
    expression = filters.parse(text)
    assert expression is not None
    return filters.resolve(expression, TYPES)


@pytest.mark.parametrize(
    ("text", "reason", "closest"),
    [
        ("form_typ = x", Reason.FILTER_UNKNOWN_FIELD, "form_type"),
        ("zzz = 1", Reason.FILTER_UNKNOWN_FIELD, ""),
        ("signal.revenue = 1", Reason.FILTER_UNKNOWN_FIELD, ""),
        ("signals.revenu = 1", Reason.UNKNOWN_SIGNAL, "revenue"),
        ("signals. = 1", Reason.UNKNOWN_SIGNAL, ""),
    ],
)
def test_an_unknown_name_is_answered_with_the_closest_ones(text: str, reason: Reason, closest: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        _resolved(text)
    assert refused.value.reason is reason
    assert refused.value.metadata["closest"] == closest
    assert refused.value.metadata["column"] == "1"


@pytest.mark.parametrize(
    "text",
    [
        'cik = "5"',
        "cik = five",
        "cik = 1e999",
        "cik = nan",
        "filed_date = 20240131",
        'filed_date > "2024-02-30"',
        "is_amendment = 1",
        "is_amendment < true",
        'is_amendment = "true"',
        "rating = GOOD",
        "rating < WEAK",
        "form_type > 10-K",
        "flags = going_concern",
        "form_type : 10-K",
        "signals.revenue = true",
        'signals.revenue = "5"',
        "signals.revenue : 5",
        "signals.going_concern_doubt = 1",
        "signals.going_concern_doubt > false",
        "signals.auditor_opinion = 3",
        "signals.auditor_opinion < x",
    ],
)
def test_a_literal_or_operator_of_another_type_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        _resolved(text)
    assert refused.value.reason is Reason.FILTER_SYNTAX
    assert int(refused.value.metadata["column"]) >= 1


def test_literals_are_typed_by_their_field() -> None:
    assert filters.FieldComparison("form_type", Operator.EQUAL, "10-K") == _resolved("form_type = 10-K")
    assert filters.FieldComparison("company_name", Operator.EQUAL, 'a "b" \\') == _resolved(
        r'company_name = "a \"b\" \\"'
    )
    assert filters.FieldComparison("filed_date", Operator.LESS, date(2024, 1, 31)) == _resolved(
        "filed_date < 2024-01-31"
    )
    assert filters.SignalComparison("revenue", FieldType.NUMBER, Operator.LESS, -1e-3) == _resolved(
        "signals.revenue < -1e-3"
    )
    assert filters.signal_ids(
        _resolved("signals.only_gaps = x OR signals.revenue < 1 signals.revenue > 0")
    ) == (
        "only_gaps",
        "revenue",
    )


@given(st.text(max_size=200))
def test_any_text_parses_or_is_refused_in_words(text: str) -> None:
    try:
        expression = filters.parse(text)
        if expression is not None:
            filters.resolve(expression, TYPES)
    except InvalidArgument as refused:
        assert 1 <= int(refused.metadata["column"]) <= len(text) + 1


# Random filters against an evaluator in Python.


@dataclass(frozen=True)
class Company:
    """A stored filing as the evaluator sees it."""

    number: int
    fields: dict[str, object]
    signals: dict[str, Value]


FILINGS = [
    Company(
        0,
        {"cik": 1, "form_type": "10-K", "filed_date": date(2024, 1, 1), "score": 40.0, "flags": ["a", "b"]},
        {"revenue": "10.5", "margin": 0.25, "doubt": True, "opinion": "CLEAN", "staff": 12},
    ),
    Company(
        1, {"cik": 2, "form_type": "10-Q", "filed_date": date(2023, 6, 1)}, {"revenue": "-3", "doubt": False}
    ),
    Company(
        2,
        {"cik": 3, "form_type": "10-K/A", "filed_date": None, "score": None, "flags": []},
        {"margin": -0.5, "opinion": "QUALIFIED"},
    ),
    Company(3, {"cik": None, "form_type": None, "filed_date": date(2024, 1, 1)}, {"staff": 3, "doubt": True}),
    Company(4, {"cik": 1, "form_type": "8-K", "filed_date": date(2022, 12, 31)}, {}),
]
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ORDERS, EQUALITY = tuple(COMPARE), ("=", "!=")

Tree = tuple[object, ...]


def _leaf(
    name: str, operators: tuple[str, ...], values: st.SearchStrategy[object]
) -> st.SearchStrategy[Tree]:
    return st.tuples(st.just("leaf"), st.just(name), st.sampled_from(operators), values)


LEAVES: st.SearchStrategy[Tree] = st.one_of(
    _leaf("cik", ORDERS, st.integers(0, 4)),
    _leaf("form_type", EQUALITY, st.sampled_from(["10-K", "10-Q", "8-K", "x' OR 1=1 --"])),
    _leaf("filed_date", ORDERS, st.sampled_from([date(2024, 1, 1), date(2023, 6, 1), date(2025, 1, 1)])),
    _leaf("is_amendment", EQUALITY, st.booleans()),
    _leaf("rating", EQUALITY, st.sampled_from(["WEAK", "NOT_RATED", "STRONG"])),
    _leaf("score", ORDERS, st.sampled_from([40.0, 39.5, 60.0])),
    _leaf("flags", (":",), st.sampled_from(["a", "b", "c"])),
    _leaf("signals.revenue", ORDERS, st.sampled_from([10.5, -3, 0])),
    _leaf("signals.margin", ORDERS, st.sampled_from([0.25, -0.5, 0])),
    _leaf("signals.staff", ORDERS, st.sampled_from([12, 3, 7])),
    _leaf("signals.doubt", EQUALITY, st.booleans()),
    _leaf("signals.opinion", EQUALITY, st.sampled_from(["CLEAN", "QUALIFIED"])),
    _leaf("signals.never", EQUALITY, st.sampled_from([1, 2])),
)
TREES = st.recursive(
    LEAVES,
    lambda part: st.one_of(
        st.tuples(st.just("not"), part),
        st.tuples(st.sampled_from(["and", "or"]), part, part),
        st.tuples(st.sampled_from(["and", "or"]), part, part, part),
    ),
    max_leaves=12,
)


def _text(tree: Tree) -> str:
    kind, *rest = tree
    if kind == "leaf":
        name, compared, value = rest
        if isinstance(value, bool):
            return f"{name} {compared} {str(value).lower()}"
        quoted = isinstance(value, str | date)
        return f'{name} {compared} "{value}"' if quoted else f"{name} {compared} {value}"
    parts = [f"({_text(part)})" for part in rest]  # type: ignore[arg-type]
    return f"NOT {parts[0]}" if kind == "not" else f" {str(kind).upper()} ".join(parts)


def _verdict(tree: Tree, filing: Company) -> bool | None:
    """Kleene's three values."""
    kind, *rest = tree
    if kind == "not":
        inner = _verdict(rest[0], filing)  # type: ignore[arg-type]
        return None if inner is None else not inner
    if kind in ("and", "or"):
        deciding = kind == "or"
        verdicts = [_verdict(part, filing) for part in rest]  # type: ignore[arg-type]
        if deciding in verdicts:
            return deciding
        return None if None in verdicts else not deciding
    name, compared, value = rest
    has = _value_of(filing, str(name))
    if has is None:
        return None
    if compared == ":":
        assert isinstance(has, list)
        return value in has
    return bool(COMPARE[str(compared)](has, value))


def _value_of(filing: Company, name: str) -> object:
    if name.startswith("signals."):
        value = filing.signals.get(name.removeprefix("signals."))
        return float(value) if isinstance(value, str) and name == "signals.revenue" else value
    if name == "is_amendment":
        return str(filing.fields["form_type"]).endswith("/A")
    if name == "rating":
        if "score" not in filing.fields:
            return None
        return "NOT_RATED" if filing.fields["score"] is None else "WEAK"
    return filing.fields.get(name)


async def _fill(store: DuckDBStore) -> None:
    """Commit FILINGS, each after a version that says otherwise."""
    for each in FILINGS:
        for current in (False, True):
            message = extraction(
                accession_number(each.number),
                signals=each.signals if current else {"revenue": "10.5", "before": 1.0, "doubt": True},
                gaps=("never",),
                cik=each.fields["cik"],  # type: ignore[arg-type]
                form_type=str(each.fields["form_type"] or ""),
                filed=each.fields["filed_date"],  # type: ignore[arg-type]
                code_version=str(current),
            )
            await store.commit(extraction_record(message))
            if "score" in each.fields:
                score = each.fields["score"] if current else 99.0
                message_of_analysis = analysis(
                    message,
                    score=score,  # type: ignore[arg-type]
                    rating=analysis_pb2.RATING_NOT_RATED if score is None else analysis_pb2.RATING_WEAK,
                    flags=tuple(each.fields["flags"]) if current else ("c",),  # type: ignore[arg-type]
                )
                await store.commit(analysis_record(message_of_analysis))


@pytest.fixture(scope="module")
def found_by(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], set[int]]]:
    """Screens a store that holds FILINGS; answers with their numbers."""
    with asyncio.Runner() as runner:

        async def opened() -> DuckDBStore:
            return DuckDBStore.open(options(tmp_path_factory.mktemp("screened")), Clock())

        store = runner.run(opened())
        runner.run(_fill(store))

        def screen(text: str) -> set[int]:
            expression = filters.parse(text)
            assert expression is not None
            screen = Screen(filters.resolve(expression, store.signal_types))
            page = runner.run(store.screen_filings(screen, Moment(store.head), None, 50))
            return {int(summary.filing.accession_number[-6:]) for summary in page.summaries}

        yield screen
        runner.run(store.close())


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tree=TREES)
def test_a_screen_finds_what_an_evaluator_in_python_finds(
    tree: Tree, found_by: Callable[[str], set[int]]
) -> None:
    assert found_by(_text(tree)) == {each.number for each in FILINGS if _verdict(tree, each) is True}
