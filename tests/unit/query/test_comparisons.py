"""What changed between two values: exact where it can be, silent with a reason where it cannot."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.common.v1 import company_figures_pb2, company_pb2, filing_pb2, signal_pb2
from tenkay.errors import InvalidArgument
from tenkay.query.v1 import comparisons_pb2 as pb
from tenkay.store.v1 import filing_store_service_pb2 as store_pb
from tenkay_query.comparison_messages import companies_compared, filings_compared
from tenkay_query.comparisons import EXACT, Amount, Change, Measured, NoChange, change, in_order


def money(amount: str, currency: str = "USD", *, disputed: bool = False) -> Measured:
    return Measured(Decimal(amount), currency, currency, disputed)


@pytest.mark.parametrize(
    ("current", "prior", "absolute", "relative"),
    [
        ("125", "100", "25", 0.25),
        ("-50", "-100", "50", 0.5),
        ("-100", "100", "-200", -2.0),
        ("0.000000000000000000000000000001", "0", "1E-30", None),
        (
            "100000000000000000000000000000000000000.01",
            "100000000000000000000000000000000000000.00",
            "0.01",
            1e-40,
        ),
    ],
)
def test_money_changes_by_an_exact_amount_and_a_share_of_the_priors_size(
    current: str, prior: str, absolute: str, relative: float | None
) -> None:
    found = change(money(current), money(prior))
    assert found.absolute == Decimal(absolute)
    assert found.relative == (None if relative is None else pytest.approx(relative))
    assert found.is_changed is True


@pytest.mark.parametrize(
    ("current", "prior", "expected"),
    [
        (0.5, 0.25, Change(0.25, 1.0, True)),
        (0.5, 0.0, Change(0.5, None, True)),
        (7, 7, Change(0, 0.0, False)),
        (True, False, Change(is_changed=True)),
        (False, False, Change(is_changed=False)),
        ("LARGE", "SMALL", Change(is_changed=True)),
        (1e308, -1e308, Change(is_changed=True)),
    ],
)
def test_other_kinds_change_in_their_own_way(current: Amount, prior: Amount, expected: Change) -> None:
    assert change(Measured(current, "x"), Measured(prior, "x")) == expected


@pytest.mark.parametrize(
    ("current", "prior", "reason"),
    [
        (None, None, NoChange.BOTH_MISSING),
        (None, money("1"), NoChange.CURRENT_MISSING),
        (money("1"), None, NoChange.PRIOR_MISSING),
        (money("1"), money("1", "EUR"), NoChange.CURRENCIES_DIFFER),
        (Measured(1.0, "days"), Measured(1.0, "months"), NoChange.UNITS_DIFFER),
        (Measured(1.0, "days"), Measured(1, "days"), NoChange.UNITS_DIFFER),
        (Measured(True, "flag"), Measured(1, "flag"), NoChange.UNITS_DIFFER),
        (money("1", disputed=True), money("2"), NoChange.DISPUTED),
        (money("1"), money("2", disputed=True), NoChange.DISPUTED),
    ],
)
def test_nothing_is_computed_where_the_two_cannot_be_compared(
    current: Measured | None, prior: Measured | None, reason: NoChange
) -> None:
    found = change(current, prior)
    assert (found.absolute, found.relative, found.is_changed, found.reason) == (None, None, None, reason)
    assert found.detail


def test_without_a_prior_filing_no_signal_has_a_change() -> None:
    assert change(money("1"), None, has_prior_filing=False).reason is NoChange.NO_PRIOR_FILING


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=6),
    st.decimals(allow_nan=False, allow_infinity=False, places=6),
)
def test_the_prior_and_the_change_add_up_to_the_value(current: Decimal, prior: Decimal) -> None:
    found = change(Measured(current, "USD", "USD"), Measured(prior, "USD", "USD"))
    assert isinstance(found.absolute, Decimal)
    assert EXACT.add(found.absolute, prior) == current


def test_signals_come_in_the_order_of_the_filing_then_of_the_prior() -> None:
    assert in_order(["b", "a"], ["c", "a", "d"]) == ("b", "a", "c", "d")


def signal(signal_id: str, value: signal_pb2.SignalValue, currency: str = "") -> signal_pb2.Signal:
    return signal_pb2.Signal(id=signal_id, value=value, unit=currency or "x", currency=currency, category=1)  # type: ignore[arg-type]


def filing(
    number: str, *signals: signal_pb2.Signal, cik: int = 7, gaps: tuple[str, ...] = ()
) -> store_pb.FilingSignals:
    return store_pb.FilingSignals(
        filing=filing_pb2.Filing(accession_number=number, cik=cik),
        signals=signals,
        missing=[signal_pb2.MissingSignal(id=each, reason=3, detail="why") for each in gaps],  # type: ignore[arg-type]
        version=2,
    )


def test_a_comparison_shows_both_values_or_why_one_is_missing() -> None:
    current = filing(
        "a",
        signal("revenue", signal_pb2.SignalValue(decimal="10.50"), "USD"),
        signal("count", signal_pb2.SignalValue(int64=2**62)),
        signal("flag", signal_pb2.SignalValue(bool=True)),
        gaps=("margin",),
    )
    prior = filing(
        "b",
        signal("revenue", signal_pb2.SignalValue(decimal="8.5"), "USD"),
        signal("count", signal_pb2.SignalValue(int64=-(2**62))),
        signal("margin", signal_pb2.SignalValue(double=0.5)),
        gaps=("flag",),
    )
    answer = filings_compared(current, prior, "0.9")
    assert (answer.filing.accession_number, answer.prior.accession_number) == ("a", "b")
    assert (answer.version, answer.prior_version, answer.as_of_sequence) == (2, 2, "0.9")
    revenue, count, flag, margin = answer.signals
    assert (revenue.absolute_change.decimal, revenue.is_changed) == ("2.00", True)
    assert revenue.relative_change == pytest.approx(2 / 8.5)
    # Beyond what a count may be: the change is told, the number is not.
    assert not count.HasField("absolute_change")
    assert count.is_changed
    assert flag.no_change_reason == pb.NO_CHANGE_REASON_PRIOR_MISSING
    assert (flag.current.value.bool, flag.prior_missing.detail) == (True, "why")
    assert margin.no_change_reason == pb.NO_CHANGE_REASON_CURRENT_MISSING
    assert (margin.current_missing.detail, margin.prior.value.double) == ("why", 0.5)
    assert margin.category == signal_pb2.SIGNAL_CATEGORY_FINANCIAL


def test_filings_of_two_companies_are_not_compared() -> None:
    with pytest.raises(InvalidArgument) as refused:
        filings_compared(filing("a"), filing("b", cik=8), "0.9")
    assert refused.value.fields[0].field == "prior.accession_number"


def test_a_table_of_companies_has_a_cell_for_each_and_shows_the_currencies() -> None:
    def figures(cik: int, *signals: signal_pb2.Signal) -> company_figures_pb2.CompanyFigures:
        return company_figures_pb2.CompanyFigures(
            filing=company_pb2.FilingSummary(filing=filing_pb2.Filing(cik=cik), signals=signals),
            gaps=[company_figures_pb2.FigureGap(signal_id="margin", detail="why")],
            summed_signal_ids=["revenue"],
        )

    dollars = figures(3, signal("revenue", signal_pb2.SignalValue(decimal="1"), "USD"))
    euros = figures(1, signal("revenue", signal_pb2.SignalValue(decimal="2"), "EUR"))
    answer = companies_compared([3, 2, 1], ["revenue", "margin"], [euros, dollars], "0.5")
    assert [each.cik for each in answer.companies] == [3, 2, 1]
    assert [each.HasField("filing") for each in answer.companies] == [True, False, True]
    revenue, margin = answer.signals
    assert [each.signal.value.decimal for each in revenue.values] == ["1", "", "2"]
    assert [each.is_sum for each in revenue.values] == [True, False, True]
    assert list(revenue.currencies) == ["EUR", "USD"]
    assert [each.gap.detail for each in margin.values] == ["why", "", "why"]
    assert not margin.currencies
