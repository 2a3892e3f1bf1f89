"""Values as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.cli import wording
from tenkay.common.v1.analysis_pb2 import Analysis, Rating
from tenkay.common.v1.date_pb2 import Date
from tenkay.common.v1.signal_pb2 import (
    Evidence,
    FactEvidence,
    MissingReason,
    MissingSignal,
    SearchEvidence,
    Signal,
    SignalValue,
    TextEvidence,
)


@pytest.mark.parametrize(
    ("value", "unit", "currency", "text"),
    [
        (SignalValue(decimal="391035000000"), "USD", "USD", "391,035,000,000 USD"),
        (SignalValue(decimal="-1234.5"), "USD", "USD", "-1,234.5 USD"),
        (SignalValue(decimal="6.08"), "USD/shares", "USD", "6.08 USD/shares"),
        (SignalValue(decimal="1500"), "USD", "EUR", "1,500 EUR"),
        (SignalValue(decimal="15204137000"), "shares", "", "15,204,137,000 shares"),
        (SignalValue(double=0.2397), "fraction", "", "24.0 %"),
        (SignalValue(double=-0.05), "fraction of revenue", "", "-5.0 % of revenue"),
        (SignalValue(double=0.867), "ratio", "", "0.867"),
        (SignalValue(double=12.0), "months", "", "12 months"),
        (SignalValue(double=123456.7), "days", "", "123,457 days"),
        (SignalValue(double=0.00001234), "ratio", "", "1.23e-05"),
        (SignalValue(double=0.0), "ratio", "", "0"),
        (SignalValue(bool=True), "flag", "", "yes"),
        (SignalValue(bool=False), "flag", "", "no"),
        (SignalValue(int64=15204), "words", "", "15,204 words"),
        (SignalValue(enum="adverse"), "category", "", "adverse"),
        (SignalValue(), "USD", "USD", "—"),
    ],
)
def test_a_value_is_shown_with_its_unit(value: SignalValue, unit: str, currency: str, text: str) -> None:
    assert wording.signal_value(value, unit, currency) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**30), max_value=10**30))
def test_money_keeps_every_digit(amount: Decimal) -> None:
    shown = wording.decimal_number(f"{amount:f}")
    assert "e" not in shown.lower()
    assert Decimal(shown.replace(",", "")) == amount


def test_a_day_that_is_not_known_is_a_dash() -> None:
    assert wording.day(None) == "—"
    assert wording.day(Date(year=2024, month=9, day=28)) == "2024-09-28"


def test_a_missing_signal_tells_its_reason() -> None:
    missing = MissingSignal(
        id="interest_coverage",
        reason=MissingReason.MISSING_REASON_CONCEPT_NOT_REPORTED,
        detail="no interest expense\nfor 2024-09-28",
    )
    assert wording.missing(missing) == "concept not reported: no interest expense for 2024-09-28"


@pytest.mark.parametrize(
    ("analysis", "text"),
    [
        (Analysis(rating=Rating.RATING_SOUND, score=67.44), "sound 67.4"),
        (Analysis(rating=Rating.RATING_WEAK, score=0.0, low_confidence=True), "weak 0.0 (low confidence)"),
        (
            Analysis(rating=Rating.RATING_NOT_RATED, not_rated_reason="only 20 % of the weight is covered"),
            "not rated: only 20 % of the weight is covered",
        ),
    ],
)
def test_a_rating_has_its_score_or_the_reason_there_is_none(analysis: Analysis, text: str) -> None:
    assert wording.analysis_rating(analysis) == text


def test_a_passage_is_quoted_with_its_place() -> None:
    passage = TextEvidence(
        document="a10k.htm", section="item_8", start=1200, end=1290, quote="raise substantial\ndoubt"
    )
    assert (
        wording.evidence(Evidence(text=passage))
        == "“raise substantial doubt” (item_8, a10k.htm, 1,200-1,290)"
    )


def test_a_quote_cannot_command_the_terminal() -> None:
    shown = wording.evidence(Evidence(text=TextEvidence(quote="red \x1b[31mtext\x07", section="item_1A")))
    assert shown.isprintable()


def test_a_fact_is_shown_with_element_value_and_period() -> None:
    fact = FactEvidence(
        element="us-gaap:Revenues",
        value="-1234567",
        unit="USD",
        start=Date(year=2024, month=1, day=1),
        end=Date(year=2024, month=12, day=31),
    )
    assert (
        wording.evidence(Evidence(fact=fact)) == "us-gaap:Revenues -1,234,567 USD, 2024-01-01 to 2024-12-31"
    )


def test_an_instants_fact_has_one_day() -> None:
    fact = FactEvidence(
        element="us-gaap:Assets", value="5", unit="USD", end=Date(year=2024, month=12, day=31)
    )
    assert wording.evidence(Evidence(fact=fact)) == "us-gaap:Assets 5 USD, 2024-12-31"


def test_a_fact_of_an_earlier_filing_says_of_which() -> None:
    fact = FactEvidence(
        element="us-gaap:Assets",
        value="5",
        unit="USD",
        end=Date(year=2023, month=12, day=31),
        accession_number="0009999999-24-000001",
    )
    assert wording.evidence(Evidence(fact=fact)) == (
        "us-gaap:Assets 5 USD, 2023-12-31, in 0009999999-24-000001"
    )


def test_a_false_flag_says_where_it_was_looked_for() -> None:
    search = Evidence(search=SearchEvidence(sections=["item_8", "item_9A"]))
    assert wording.evidence(search) == "not found in item_8, item_9A"


def test_further_evidence_is_counted() -> None:
    search = Evidence(search=SearchEvidence(sections=["item_8"]))
    assert wording.proof(Signal(evidence=[search, search, search])) == "not found in item_8 (+2 more)"
