"""Numbers of different units are not set against one another, and no figure is infinite."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tenkay.common.v1 import extraction_pb2
from tenkay.errors import FailedPrecondition, Reason
from tenkay_store.domain import filter as filters
from tenkay_store.domain.company_screens import CompanyPeriod, CompanyScreen
from tenkay_store.domain.filter import TypedExpression
from tenkay_store.domain.records import Purge
from tenkay_store.domain.selections import Aggregate, AggregateSelection, GroupBy, Screen
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment
from tenkay_store.wire.commit_messages import extraction_record
from tests.unit.store.filings import Value, accession_number, extraction

LARGE = 1.7e308


async def commit(
    store: AnalyticalStore, number: int, value: Value, unit: str, currency: str = "", **given: object
) -> None:
    """A filing of a company of its own, with one signal, `margin`."""
    message: extraction_pb2.Extraction = extraction(
        accession_number(number),
        cik=number + 1,
        signals={"margin": value, "size": number + 1},
        **given,  # type: ignore[arg-type]
    )
    message.signals[0].unit, message.signals[0].currency = unit, currency
    await store.commit(extraction_record(message))


async def fractions_and_a_percentage(store: AnalyticalStore) -> None:
    for number, value in enumerate((1.0, 2.0, 3.0)):
        await commit(store, number, value, "fraction")
    await commit(store, 3, 50.0, "percent", form_type="10-Q")


def typed(store: AnalyticalStore, text: str) -> TypedExpression | None:
    expression = filters.parse(text)
    return None if expression is None else filters.resolve(expression, store.signal_types)


async def aggregate(
    store: AnalyticalStore,
    text: str = "",
    currency: str = "",
    group_by: tuple[GroupBy, ...] = (),
    quantiles: tuple[float, ...] = (),
) -> Aggregate:
    selection = AggregateSelection("margin", typed(store, text), currency, group_by, quantiles)
    return await store.aggregate(selection, Moment(store.head))


async def screened(store: AnalyticalStore, text: str, currency: str = "") -> Sequence[int | None]:
    page = await store.screen_filings(Screen(typed(store, text), currency), Moment(store.head), None, 50)
    return sorted(each.filing.cik or 0 for each in page.summaries)


async def screened_companies(store: AnalyticalStore, text: str) -> Sequence[int | None]:
    screen = CompanyScreen(CompanyPeriod.LATEST_ANNUAL, typed(store, text))
    page = await store.screen_companies(screen, Moment(store.head), None, 50)
    return [each.summary.filing.cik for each in page.companies]


async def test_figures_are_of_values_of_one_unit(store: AnalyticalStore) -> None:
    await fractions_and_a_percentage(store)
    with pytest.raises(FailedPrecondition) as mixed:
        await aggregate(store)
    assert mixed.value.reason is Reason.UNIT_MISMATCH
    assert mixed.value.metadata["signal_id"] == "margin"
    with pytest.raises(FailedPrecondition):
        await aggregate(store, group_by=(GroupBy.FORM,))
    found = await aggregate(store, 'form_type = "10-K"')
    assert (found.groups[0].mean, found.groups[0].count, found.unit) == (2.0, 3, "fraction")
    found = await aggregate(store, 'form_type = "10-Q"')
    assert (found.groups[0].mean, found.groups[0].count, found.unit) == (50.0, 1, "percent")


async def test_figures_are_not_of_a_ratio_and_an_amount(store: AnalyticalStore) -> None:
    await commit(store, 1, "50", "ratio")
    await commit(store, 2, "70.5", "USD", "USD")
    for currency in ("", "USD"):
        with pytest.raises(FailedPrecondition) as mixed:
            await aggregate(store, currency=currency)
        assert mixed.value.reason is Reason.UNIT_MISMATCH
    with pytest.raises(FailedPrecondition):
        await screened(store, "signals.margin > 40", "USD")
    # An amount in another currency than the one named is not among the values.
    found = await aggregate(store, currency="EUR")
    assert (found.groups[0].mean, found.unit, found.currency) == (50.0, "ratio", "")


async def test_many_units_of_one_currency_hide_no_other_currency(store: AnalyticalStore) -> None:
    for number in range(12):
        await commit(store, number, "1", f"EUR per {number}", "EUR")
    await commit(store, 12, "1", "USD", "USD")
    with pytest.raises(FailedPrecondition) as mixed:
        await aggregate(store)
    assert mixed.value.reason is Reason.CURRENCY_MISMATCH
    assert mixed.value.metadata["currencies"] == "EUR,USD"
    with pytest.raises(FailedPrecondition) as mixed:
        await screened(store, "signals.margin > 0")
    assert mixed.value.metadata["currencies"] == "EUR,USD"
    with pytest.raises(FailedPrecondition) as mixed:
        await aggregate(store, currency="EUR")
    assert mixed.value.reason is Reason.UNIT_MISMATCH


async def test_a_number_is_compared_in_one_unit_only(store: AnalyticalStore) -> None:
    await fractions_and_a_percentage(store)
    for text in ("signals.margin > 40", "NOT signals.margin > 2", "signals.size > 0 AND signals.margin < 9"):
        with pytest.raises(FailedPrecondition) as mixed:
            await screened(store, text)
        assert mixed.value.reason is Reason.UNIT_MISMATCH, text
        assert mixed.value.metadata["signal_id"] == "margin"
        with pytest.raises(FailedPrecondition):
            await aggregate(store, text)
    assert await screened(store, 'signals.margin > 1 AND form_type = "10-K"') == [2, 3]
    assert await screened(store, "signals.margin > 1 AND signals.size > 3") == [4]
    assert await screened(store, "signals.size > 2") == [3, 4]


async def test_companies_are_compared_in_one_unit_only(store: AnalyticalStore) -> None:
    for number, unit in enumerate(("fraction", "percent")):
        await commit(store, number, 5.0, unit)
    with pytest.raises(FailedPrecondition) as mixed:
        await screened_companies(store, "signals.margin > 1")
    assert mixed.value.reason is Reason.UNIT_MISMATCH
    assert await screened_companies(store, "signals.margin > 1 AND cik = 2") == [2]


async def test_two_currencies_are_one_unit_once_one_of_them_is_named(store: AnalyticalStore) -> None:
    await commit(store, 1, "10", "USD per person", "USD")
    await commit(store, 2, "20", "EUR per person", "EUR")
    with pytest.raises(FailedPrecondition) as mixed:
        await aggregate(store)
    assert mixed.value.reason is Reason.CURRENCY_MISMATCH
    found = await aggregate(store, currency="EUR")
    assert (found.groups[0].mean, found.unit, found.currency) == (20.0, "EUR per person", "EUR")
    assert await screened(store, "signals.margin > 1", "USD") == [2]


async def test_numbers_of_one_unit_are_compared_however_they_are_written(store: AnalyticalStore) -> None:
    values: tuple[Value, ...] = (1, 2.5, "4")
    for number, value in enumerate(values):
        await commit(store, number, value, "words")
    found = await aggregate(store)
    assert (found.groups[0].mean, found.groups[0].count, found.unit) == (2.5, 3, "words")
    assert await screened(store, "signals.margin > 2") == [2, 3]


async def test_what_replaces_or_removes_the_other_unit_lets_the_rest_be_compared(
    store: AnalyticalStore,
) -> None:
    await fractions_and_a_percentage(store)
    await commit(store, 3, 0.5, "fraction", form_type="10-Q", code_version="2")
    found = await aggregate(store)
    assert (found.groups[0].mean, found.unit) == (1.625, "fraction")
    await commit(store, 4, 50.0, "percent")
    await store.purge([Purge(accession_number(4), "test", "test")])
    assert await screened(store, "signals.margin > 1") == [2, 3]


@pytest.mark.parametrize("values", [(LARGE,) * 3, (-LARGE, LARGE), (LARGE, LARGE, -LARGE, 1.0)])
async def test_figures_of_the_largest_doubles_are_finite(
    store: AnalyticalStore, values: tuple[float, ...]
) -> None:
    for number, value in enumerate(values):
        await commit(store, number, value, "fraction")
    await commit(store, 9, 0.1, "fraction", form_type="10-Q")
    found = await aggregate(store, group_by=(GroupBy.FORM,), quantiles=(0.0, 0.3, 1.0))
    large, small = found.groups
    assert large.mean == pytest.approx(sum(each / 8 for each in values) / len(values) * 8)
    assert (large.least, large.largest) == (min(values), max(values))
    assert (large.quantiles[0], large.quantiles[2]) == (min(values), max(values))
    assert min(values) <= large.quantiles[1] <= max(values)
    # Beside them, the others keep all their digits.
    assert (small.mean, small.quantiles) == (0.1, (0.1, 0.1, 0.1))
