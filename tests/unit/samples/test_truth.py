"""The truth against what stands in the documents, read with a reader of the tests' own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import pytest
from lxml import etree

from samples import Expected, FilingTruth, SampleFiling, Truth, sample_filings
from samples.expectations import FINANCIAL, SIGNALS
from tests.unit.samples.inline_reader import IX, InlineReader

PERIODIC = [filing for filing in sample_filings() if filing.reporting is not None]
each_periodic_report = pytest.mark.parametrize(
    "filing", PERIODIC, ids=lambda f: f"{f.company.ticker}-{f.form}-{f.period_end}"
)


@pytest.fixture(scope="module")
def by_accession(truth: Truth) -> Mapping[str, FilingTruth]:
    return {filing.accession_number: filing for filing in truth.filings}


def test_every_filing_has_a_value_or_a_reason_for_every_signal(truth: Truth) -> None:
    for filing in truth.filings:
        assert list(filing.signals) == list(SIGNALS)
        for signal, expected in filing.signals.items():
            assert expected.unit == SIGNALS[signal]
            assert expected.missing == bool(expected.reason)
            assert isinstance(expected.value, bool) == (expected.unit == "flag") or expected.missing


def test_the_truth_covers_the_filings_and_forms_promised(truth: Truth) -> None:
    forms: dict[tuple[str, str], int] = {}
    for filing in truth.filings:
        forms[filing.ticker, filing.form] = forms.get((filing.ticker, filing.form), 0) + 1
    assert forms == {
        ("LKFI", "10-K"): 5, ("LKFI", "10-Q"): 9, ("LKFI", "8-K"): 8,
        ("PLDM", "10-K"): 3, ("PLDM", "10-Q"): 9, ("PLDM", "8-K"): 8,
        ("CRVX", "10-K"): 3, ("CRVX", "10-Q"): 9, ("CRVX", "8-K"): 7, ("CRVX", "10-K/A"): 1,
    }  # fmt: skip


@each_periodic_report
def test_amounts_are_those_printed_in_the_report(
    filing: SampleFiling, by_accession: Mapping[str, FilingTruth]
) -> None:
    assert filing.reporting is not None
    reader, tagging = InlineReader(filing.documents[0].content), filing.reporting.tagging
    signals, end = by_accession[filing.accession_number].signals, filing.period_end
    flow = (filing.reporting.period if filing.reporting.annual else filing.reporting.three_months).days
    to_date = filing.reporting.period.days
    read = {
        "revenue": reader.total(f"us-gaap:{tagging.revenue}", end, flow),
        "operating_income": reader.total("us-gaap:OperatingIncomeLoss", end, flow),
        "net_income": reader.total("us-gaap:NetIncomeLoss", end, flow),
        "total_assets": reader.total("us-gaap:Assets", end),
        "stockholders_equity": reader.total("us-gaap:StockholdersEquity", end),
        "cash_and_equivalents": reader.total("us-gaap:CashAndCashEquivalentsAtCarryingValue", end),
        "operating_cash_flow": reader.total(
            "us-gaap:NetCashProvidedByUsedInOperatingActivities", end, to_date
        ),
        "capital_expenditure": reader.total(
            "us-gaap:PaymentsToAcquirePropertyPlantAndEquipment", end, to_date
        ),
        "gross_profit": _gross_profit(reader, filing, flow),
        "total_liabilities": _liabilities(reader, filing),
        "eps_diluted": _earnings_per_share(reader, filing, flow),
        "total_debt": _debt(reader, filing),
        "shares_outstanding": _shares(reader),
    }
    assert {name: signals[name].exact for name in read} == {
        name: Fraction(value or 0) for name, value in read.items()
    }


@each_periodic_report
def test_ratios_follow_from_the_amounts_printed_in_the_report(
    filing: SampleFiling, by_accession: Mapping[str, FilingTruth]
) -> None:
    """Each formula once more, from the facts as read."""
    assert filing.reporting is not None
    reporting, reader = filing.reporting, InlineReader(filing.documents[0].content)
    signals, end = by_accession[filing.accession_number].signals, filing.period_end
    year_start = reporting.year_start_balance_day

    def at(element: str, day_is_start: bool = False) -> Fraction:
        return Fraction(reader.total(f"us-gaap:{element}", year_start if day_is_start else end) or 0)

    def to_date(element: str) -> Fraction:
        return Fraction(reader.total(f"us-gaap:{element}", end, reporting.period.days) or 0)

    yearly = Fraction(1) if filing.form == "10-K" else Fraction(365, (end - reporting.period.start).days + 1)
    assets = (at("Assets") + at("Assets", day_is_start=True)) / 2
    cash_flow = to_date("NetCashProvidedByUsedInOperatingActivities")
    free = cash_flow - to_date("PaymentsToAcquirePropertyPlantAndEquipment")
    liquid = at("CashAndCashEquivalentsAtCarryingValue") + at(reporting.tagging.investments)
    prior = reporting.prior_year.fiscal
    prior_flow = prior.whole if reporting.annual else prior.quarters[reporting.quarter - 1]
    before = Fraction(
        reader.total(f"us-gaap:{reporting.tagging.revenue}", prior_flow.end, prior_flow.days) or 0
    )
    revenue = signals["revenue"].exact
    computed = {
        "free_cash_flow": free,
        "gross_margin": signals["gross_profit"].exact / revenue,
        "operating_margin": signals["operating_income"].exact / revenue,
        "net_margin": signals["net_income"].exact / revenue,
        "revenue_growth_yoy": (revenue - before) / abs(before),
        "return_on_assets": to_date("NetIncomeLoss") * yearly / assets,
        "current_ratio": at("AssetsCurrent") / at("LiabilitiesCurrent"),
        "liabilities_to_assets": signals["total_liabilities"].exact / at("Assets"),
        "interest_coverage": to_date("OperatingIncomeLoss") / to_date(reporting.tagging.interest_expense),
        "cash_flow_accruals": (to_date("NetIncomeLoss") - cash_flow) / assets,
    }
    if free < 0:
        computed["cash_runway_months"] = liquid / -(free * yearly) * 12
    else:
        assert signals["cash_runway_months"].missing
    assert {name: signals[name].exact for name in computed} == computed
    assert signals["negative_equity"].value == (at("StockholdersEquity") < 0)


def test_a_ratio_is_given_exactly_and_to_twelve_places(truth: Truth) -> None:
    ratios = [e for filing in truth.filings for e in filing.signals.values() if e.fraction]
    assert len(ratios) > 300
    for expected in ratios:
        assert isinstance(expected.value, str)
        assert abs(Fraction(expected.value) - expected.exact) <= Fraction(1, 2 * 10**12)
        assert -Decimal(expected.value).as_tuple().exponent == 12  # type: ignore[operator]


def test_a_flag_has_no_exact_value() -> None:
    with pytest.raises(ValueError, match="only a number"):
        _ = Expected("flag", False).exact


def test_the_quotes_stand_in_the_document_whole_and_once_markup_is_gone(
    filings: tuple[SampleFiling, ...], by_accession: Mapping[str, FilingTruth]
) -> None:
    quoted = 0
    for filing in filings:
        for flag in ("going_concern_doubt", "material_weakness"):
            expected = by_accession[filing.accession_number].signals[flag]
            assert bool(expected.quotes) == (expected.value is True)
            for quote in expected.quotes:
                assert quote.section in filing.sections
                assert quote.text in _text(filing)
                assert len(quote.text) <= 300
                quoted += 1
    assert quoted >= 30


def test_sound_reports_speak_of_doubt_and_weakness_without_having_any(
    filings: tuple[SampleFiling, ...], by_accession: Mapping[str, FilingTruth]
) -> None:
    for filing in (f for f in filings if f.company.ticker == "LKFI" and f.reporting):
        signals = by_accession[filing.accession_number].signals
        assert "substantial doubt" in _text(filing)
        assert signals["going_concern_doubt"].value is False
        if filing.form == "10-K":
            assert "material weakness" in _text(filing)
            assert signals["material_weakness"].value is False


def test_a_remediated_weakness_is_no_weakness(truth: Truth, filings: tuple[SampleFiling, ...]) -> None:
    filing = next(f for f in truth.filings if (f.ticker, f.form, f.fiscal_year) == ("CRVX", "10-K", 2023))
    document = next(f for f in filings if f.accession_number == filing.accession_number)
    assert "material weakness related to revenue cut-off was remediated" in _text(document)
    assert filing.signals["material_weakness"].value is False


def test_the_amendment_states_nothing_but_its_cover(truth: Truth) -> None:
    amendment = next(f for f in truth.filings if f.form == "10-K/A")
    assert truth.filing(amendment.amends).form == "10-K"
    assert truth.filing(amendment.amends).period_end == amendment.period_end
    assert [name for name, e in amendment.signals.items() if not e.missing] == ["shares_outstanding"]


def test_current_reports_have_items_and_no_values(truth: Truth) -> None:
    for filing in (f for f in truth.filings if f.form == "8-K"):
        assert filing.sections == tuple(f"item_{number}" for number in filing.items)
        assert all(expected.missing for expected in filing.signals.values())


def test_an_unknown_accession_number_is_no_sample(truth: Truth) -> None:
    with pytest.raises(KeyError):
        truth.filing("0000320193-24-000123")


def test_only_annual_reports_since_the_rule_have_an_item_on_cybersecurity(truth: Truth) -> None:
    for filing in (f for f in truth.filings if f.form == "10-K"):
        assert ("item_1C" in filing.sections) == (filing.period_end.isoformat() >= "2023-12-15")


def test_the_cover_may_print_another_day_than_the_facts_end_on(truth: Truth) -> None:
    odd = [f for f in truth.filings if f.report_date != f.period_end]
    assert [(f.ticker, f.report_date.isoformat(), f.period_end.isoformat()) for f in odd] == [
        ("CRVX", "2022-09-30", "2022-09-24")
    ]


def test_a_year_without_debt_differs_from_a_year_with_debt_of_zero(truth: Truth) -> None:
    old = next(f for f in truth.filings if f.fiscal_year == 2012)
    repaid = next(f for f in truth.filings if (f.ticker, f.form, f.fiscal_year) == ("CRVX", "10-K", 2024))
    assert old.signals["total_debt"].missing
    assert repaid.signals["total_debt"].value == "0"
    assert set(FINANCIAL) > {"total_debt"}


def _gross_profit(reader: InlineReader, filing: SampleFiling, days: int) -> Decimal:
    assert filing.reporting is not None
    tagging, end = filing.reporting.tagging, filing.period_end
    if tagging.gross_profit:
        return reader.total(f"us-gaap:{tagging.gross_profit}", end, days) or Decimal(0)
    assert reader.total("us-gaap:GrossProfit", end, days) is None
    revenue = reader.total(f"us-gaap:{tagging.revenue}", end, days)
    cost = reader.total(f"us-gaap:{tagging.cost_of_revenue}", end, days)
    return (revenue or Decimal(0)) - (cost or Decimal(0))


def _liabilities(reader: InlineReader, filing: SampleFiling) -> Decimal:
    end = filing.period_end
    if (tagged := reader.total("us-gaap:Liabilities", end)) is not None:
        return tagged
    whole = reader.total(
        "us-gaap:StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest", end
    )
    equity = whole if whole is not None else reader.total("us-gaap:StockholdersEquity", end)
    return (reader.total("us-gaap:Assets", end) or Decimal(0)) - (equity or Decimal(0))


def _earnings_per_share(reader: InlineReader, filing: SampleFiling, days: int) -> Decimal | None:
    for element in ("EarningsPerShareDiluted", "EarningsPerShareBasicAndDiluted"):
        if (value := reader.total(f"us-gaap:{element}", filing.period_end, days)) is not None:
            return value
    return None


def _debt(reader: InlineReader, filing: SampleFiling) -> Decimal:
    def at(element: str) -> Decimal | None:
        return reader.total(f"us-gaap:{element}", filing.period_end)

    current = at("DebtCurrent")
    if current is None:
        parts = [at("ShortTermBorrowings"), at("LongTermDebtCurrent")]
        current = sum((part for part in parts if part is not None), Decimal(0))
    noncurrent = at("LongTermDebtNoncurrent")
    if noncurrent is None:
        whole = at("LongTermDebt")
        assert whole is not None
        return whole
    return current + noncurrent


def _shares(reader: InlineReader) -> Decimal:
    found = [n for n in reader.numbers if n.element == "dei:EntityCommonStockSharesOutstanding"]
    assert {len(n.context.dimensions) for n in found} in ({0}, {1})
    return sum((n.value for n in found), Decimal(0))


def _text(filing: SampleFiling) -> str:
    if not filing.is_inline:
        return " ".join(filing.documents[0].content.decode("ascii").split())
    root = etree.fromstring(filing.documents[0].content)
    for header in root.iter(f"{IX}header"):
        header.getparent().remove(header)
    return " ".join("".join(root.itertext()).split())
