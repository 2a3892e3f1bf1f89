from __future__ import annotations

import pytest
from lxml import etree

from samples import SampleFiling, sample_filings
from tests.unit.samples.inline_reader import IX, NIL, XBRLI, InlineReader

INLINE = [filing for filing in sample_filings() if filing.is_inline]
each_inline_filing = pytest.mark.parametrize(
    "filing", INLINE, ids=lambda filing: f"{filing.company.ticker}-{filing.form}-{filing.report_date}"
)


def _reader(filing: SampleFiling) -> InlineReader:
    return InlineReader(filing.documents[0].content)


def _of(ticker: str, form: str, year: int) -> SampleFiling:
    return next(f for f in INLINE if (f.company.ticker, f.form, f.filed_on.year) == (ticker, form, year))


@each_inline_filing
def test_the_document_is_well_formed_and_every_reference_in_it_leads_somewhere(filing: SampleFiling) -> None:
    reader = _reader(filing)
    ids = [
        element.get("id")
        for element in reader.root.iter()
        if isinstance(element.tag, str) and element.get("id")
    ]
    assert len(ids) == len(set(ids))
    for tag in reader.root.iter(f"{IX}nonFraction", f"{IX}nonNumeric"):
        assert tag.get("contextRef") in reader.contexts
        assert tag.tag == f"{IX}nonNumeric" or tag.get("unitRef") in reader.units
    for tag in reader.root.iter():
        if isinstance(tag.tag, str) and tag.get("continuedAt"):
            assert tag.get("continuedAt") in reader.continuations
        if isinstance(tag.tag, str) and (tag.get("href") or "").startswith("#"):
            assert (tag.get("href") or "")[1:] in ids
    used = {tag.get("contextRef") for tag in reader.root.iter(f"{IX}nonFraction", f"{IX}nonNumeric")}
    assert used == set(reader.contexts)
    assert {tag.get("unitRef") for tag in reader.root.iter(f"{IX}nonFraction")} == set(reader.units)


@each_inline_filing
def test_every_prefix_of_a_fact_is_declared_and_the_filer_is_the_company(filing: SampleFiling) -> None:
    root = _reader(filing).root
    for tag in root.iter(f"{IX}nonFraction", f"{IX}nonNumeric"):
        assert tag.get("name").partition(":")[0] in root.nsmap
    assert {i.text for i in root.iter(f"{XBRLI}identifier")} == {f"{filing.company.cik:010d}"}


@each_inline_filing
def test_duplicate_facts_agree_within_the_coarser_ones_rounding(filing: SampleFiling) -> None:
    groups: dict[object, list[tuple[int | None, object]]] = {}
    reader = _reader(filing)
    for number in reader.numbers:
        groups.setdefault((number.element, number.context, number.unit), []).append(
            (number.decimals, number.value)
        )
    for found in groups.values():
        values = {value for _, value in found}
        if len(values) > 1:
            coarsest = min(decimals for decimals, _ in found if decimals is not None)
            assert max(values) - min(values) <= 10**-coarsest / 2  # type: ignore[operator, type-var]


@each_inline_filing
def test_the_document_states_its_entity_on_the_cover(filing: SampleFiling) -> None:
    texts = _reader(filing).texts
    assert texts["dei:DocumentType"] == filing.form
    assert texts["dei:EntityRegistrantName"] == filing.company.name
    assert texts["dei:EntityCentralIndexKey"] == f"{filing.company.cik:010d}"
    printed = f"{filing.report_date:%B} {filing.report_date.day}, {filing.report_date.year}"
    assert texts["dei:DocumentPeriodEndDate"].replace("\u00a0", " ") == printed
    assert "\u00a0" in texts["dei:DocumentPeriodEndDate"]


@pytest.mark.parametrize("form", ["10-K", "10-Q"])
@pytest.mark.parametrize("ticker", ["LKFI", "PLDM", "CRVX"])
def test_periodic_reports_identities_hold_in_what_is_printed(ticker: str, form: str) -> None:
    for filing in (f for f in INLINE if (f.company.ticker, f.form) == (ticker, form)):
        reader, end = _reader(filing), filing.period_end
        assert filing.reporting is not None
        days = filing.reporting.period.days
        equity = reader.total("us-gaap:StockholdersEquity", end)
        whole = reader.total(
            "us-gaap:StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest", end
        )
        assert reader.total("us-gaap:LiabilitiesAndStockholdersEquity", end) == reader.total(
            "us-gaap:Assets", end
        )
        liabilities = reader.total("us-gaap:Liabilities", end)
        if liabilities is not None:
            assert liabilities + (whole or equity) == reader.total("us-gaap:Assets", end)  # type: ignore[operator]
        change = sum(
            reader.total(f"us-gaap:NetCashProvidedByUsedIn{kind}Activities", end, days) or 0
            for kind in ("Operating", "Investing", "Financing")
        )
        level = "us-gaap:CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalents"
        assert change == reader.total(f"{level}PeriodIncreaseDecreaseIncludingExchangeRateEffect", end, days)
        opening = reader.total(level, filing.reporting.year_start_balance_day)
        assert opening is not None
        assert opening + change == reader.total(level, end)


@pytest.mark.parametrize("ticker", ["LKFI", "PLDM", "CRVX"])
def test_three_quarters_of_three_months_make_the_nine_months_in_what_is_printed(ticker: str) -> None:
    for label in (2022, 2023, 2024):
        quarters = {
            f.reporting.quarter: _reader(f)
            for f in INLINE
            if f.company.ticker == ticker and f.reporting and f.reporting.label == label
        }
        fiscal = next(f.company for f in INLINE if f.company.ticker == ticker).year(label).fiscal
        single = [
            quarters[n].total(
                "us-gaap:OperatingIncomeLoss", fiscal.quarters[n - 1].end, fiscal.quarters[n - 1].days
            )
            for n in (1, 2, 3)
        ]
        nine = quarters[3].total(
            "us-gaap:OperatingIncomeLoss", fiscal.quarters[2].end, fiscal.to_date(3).days
        )
        assert sum(single) == nine  # type: ignore[arg-type]


def test_parentheses_alone_do_not_make_a_payment_negative() -> None:
    reader = _reader(_of("LKFI", "10-K", 2025))
    capex = next(
        t for t in reader.root.iter(f"{IX}nonFraction") if "PaymentsToAcquireProperty" in t.get("name")
    )
    assert capex.getparent().text.endswith("(")
    assert capex.get("sign") is None
    assert all(n.value > 0 for n in reader.numbers if "PaymentsToAcquireProperty" in n.element)


def test_a_loss_is_negative_by_its_sign_and_not_by_its_digits() -> None:
    tag = next(
        t for t in _reader(_of("PLDM", "10-K", 2024)).root.iter(f"{IX}nonFraction")
        if t.get("name") == "us-gaap:NetIncomeLoss"
    )  # fmt: skip
    assert tag.get("sign") == "-"
    assert "-" not in (tag.text or "")


@pytest.mark.parametrize(("ticker", "format_name"), [("PLDM", "ixt:zerodash"), ("CRVX", "ixt:fixed-zero")])
def test_a_dash_can_be_a_tagged_zero(ticker: str, format_name: str) -> None:
    reader = _reader(_of(ticker, "10-K", 2025 if ticker == "PLDM" else 2024))
    dashes = [t for t in reader.root.iter(f"{IX}nonFraction") if t.get("format") == format_name]
    assert dashes
    assert {"".join(t.itertext()) for t in dashes} == {"—"}


def test_the_samples_hold_every_construct_that_readers_get_wrong() -> None:
    seen = set()
    for filing in INLINE:
        root = _reader(filing).root
        for tag in root.iter(f"{IX}nonFraction"):
            seen.add(f"scale {tag.get('scale')}")
            seen.add("nil" if tag.get(NIL) == "true" else "not nil")
            if tag.getparent().tag == f"{IX}nonFraction":
                seen.add("number in number")
            if tag.get("decimals") == "INF":
                seen.add("exact")
        for tag in root.iter(f"{IX}nonNumeric"):
            if tag.getparent().tag == f"{IX}nonNumeric":
                seen.add("text in text")
            if any(child.tag == f"{IX}nonFraction" for child in tag.iter(etree.Element)):
                seen.add("number in text")
        seen.update(etree.QName(tag).localname for tag in root.iter() if isinstance(tag.tag, str))
    wanted = {
        "scale 0",
        "scale 3",
        "scale 6",
        "scale -2",
        "nil",
        "number in number",
        "text in text",
        "number in text",
    }
    wanted |= {"exact", "continuation", "hidden", "explicitMember", "typedMember", "divide"}
    assert wanted <= seen
