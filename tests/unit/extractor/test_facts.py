"""Several reports of one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.facts import Agreement, Conflict, Context, Fact, FactIndex, Period, agree

CONTEXT = Context("c", "9999999", Period(None, date(2023, 12, 31)))


def report(value: str, decimals: int | None, *, exact: bool = False) -> Fact:
    return Fact("us-gaap:Assets", CONTEXT, "q.htm", unit="USD", value=Decimal(value), decimals=decimals,
                infinitely_precise=exact)  # fmt: skip


def test_the_most_precise_of_rounded_duplicates_is_taken() -> None:
    found = agree([report("1200000000", -8), report("1234567000", -3), report("1235000000", -6)])
    assert isinstance(found, Agreement)
    assert found.fact.value == Decimal(1234567000)
    assert found.rounded_differently


def test_an_infinitely_precise_report_comes_first() -> None:
    found = agree([report("1000", 3), report("1000", None, exact=True)])
    assert isinstance(found, Agreement)
    assert found.fact.infinitely_precise
    assert not found.rounded_differently


def test_reports_that_differ_by_more_than_rounding_conflict() -> None:
    assert isinstance(agree([report("1234567000", -3), report("1300000000", -6)]), Conflict)


def test_exactly_half_a_unit_is_rounding() -> None:
    assert isinstance(agree([report("1500", 0), report("2000", -3)]), Agreement)
    assert isinstance(agree([report("1499", 0), report("2000", -3)]), Conflict)


def test_reports_of_untold_accuracy_must_be_equal() -> None:
    assert isinstance(agree([report("1000", -3), report("1001", None)]), Conflict)


@given(st.integers(1, 10**15), st.lists(st.integers(-9, 0), min_size=1, max_size=5))
def test_roundings_of_one_number_always_agree(number: int, places: list[int]) -> None:
    rounded = [report(str(Decimal(number).quantize(Decimal(1).scaleb(-place))), place) for place in places]
    found = agree(rounded)
    assert isinstance(found, Agreement)
    assert found.fact.decimals == max(places)


def test_dimensions_keep_facts_apart() -> None:
    segment = Context(
        "s", "9999999", CONTEXT.period, (("us-gaap:StatementBusinessSegmentsAxis", "q:StoneMember"),)
    )
    index = FactIndex.of(
        [
            report("100", 0),
            Fact("us-gaap:Assets", segment, "q.htm", unit="USD", value=Decimal(40), decimals=0),
        ]
    )
    assert CONTEXT.period is not None
    found = index.reported("us-gaap:Assets", CONTEXT.period, "USD")
    assert isinstance(found, Agreement)
    assert found.fact.value == 100
    assert set(
        index.by_member("us-gaap:Assets", "us-gaap:StatementBusinessSegmentsAxis", CONTEXT.period, "USD")
    ) == {"q:StoneMember"}
    assert index.reported("us-gaap:Assets", CONTEXT.period, "EUR") is None


def test_conflicting_reports_are_told_with_element_and_contexts() -> None:
    facts = [report("5", decimals=0), report("7", decimals=0)]
    (told,) = FactIndex.of(facts).conflicts()
    assert facts[0].concept in told
    assert facts[0].context.id in told
    assert FactIndex.of([report("5.4", decimals=1), report("5", decimals=0)]).conflicts() == ()


def test_conflicts_beyond_fifty_are_counted() -> None:
    facts = [
        replace(report(value, decimals=0), concept=f"q:Element{number}")
        for number in range(60)
        for value in "57"
    ]
    told = FactIndex.of(facts).conflicts()
    assert len(told) == 51
    assert told[-1] == "10 more conflicts"
