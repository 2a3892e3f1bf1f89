from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from samples import SampleFiling, Truth

XBRLI = "{http://www.xbrl.org/2003/instance}"
GAAP = "{http://fasb.org/us-gaap/2012-01-31}"
DEI = "{http://xbrl.sec.gov/dei/2012-01-31}"


@pytest.fixture(scope="module")
def text_report(filings: tuple[SampleFiling, ...]) -> SampleFiling:
    return next(f for f in filings if f.form == "10-K" and f.filed_on.year == 1997)


@pytest.fixture(scope="module")
def html_report(filings: tuple[SampleFiling, ...]) -> SampleFiling:
    return next(f for f in filings if f.form == "10-K" and f.filed_on.year == 2013)


def test_the_text_report_is_plain_ascii_with_pages_and_tables(text_report: SampleFiling) -> None:
    text = text_report.documents[0].content.decode("ascii")
    assert text.count("<PAGE>") >= 4
    assert text.count("<TABLE>") == text.count("</TABLE>") == text.count("<S>") == 4
    assert "BEGIN PRIVACY-ENHANCED" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert not text_report.has_xbrl


def test_the_text_report_repeats_headings_on_new_pages(text_report: SampleFiling) -> None:
    text = text_report.documents[0].content.decode("ascii")
    assert "Item 1.  Business\n" in text
    assert "Item 1.  Business (Continued)\n" in text


def test_documents_had_no_names_then(text_report: SampleFiling, filings: tuple[SampleFiling, ...]) -> None:
    assert text_report.primary_document == ""
    assert [d.type for d in text_report.documents] == ["10-K", "EX-27"]
    old = next(f for f in filings if f.form == "8-K" and f.filed_on.year == 1997)
    assert old.items == ("5", "7")
    assert old.sections == ("item_5", "item_7")


def test_the_html_report_holds_all_items_and_the_characters_of_its_time(html_report: SampleFiling) -> None:
    page = html_report.documents[0].content.decode("ascii")
    for code in html_report.sections:
        number = code.removeprefix("item_").upper()
        assert page.count(f"ITEM&nbsp;{number}.&nbsp;&nbsp;") == 1
    assert "&#146;" in page
    assert "ix:" not in page


def test_the_instance_agrees_with_the_truth(html_report: SampleFiling, truth: Truth) -> None:
    signals = truth.filing(html_report.accession_number).signals
    instance = next(d.content for d in html_report.documents if d.type == "EX-101.INS")
    root = etree.fromstring(instance)
    plain = {
        c.get("id"): (
            c.findtext(f".//{XBRLI}startDate"),
            c.findtext(f".//{XBRLI}endDate") or c.findtext(f".//{XBRLI}instant"),
        )
        for c in root.iter(f"{XBRLI}context")
        if c.find(f".//{XBRLI}segment") is None
    }

    def read(element: str, start: str | None = "2012-01-01") -> Decimal:
        found = {
            e.text
            for e in root.iter(f"{GAAP}{element}")
            if plain.get(e.get("contextRef")) == (start, "2012-12-31")
        }
        (text,) = found
        return Decimal(text or "")

    assert Decimal(str(signals["revenue"].value)) == read("SalesRevenueNet")
    assert Decimal(str(signals["net_income"].value)) == read("NetIncomeLoss")
    assert Decimal(str(signals["eps_diluted"].value)) == read("EarningsPerShareDiluted")
    assert Decimal(str(signals["total_assets"].value)) == read("Assets", None)
    assert Decimal(str(signals["total_liabilities"].value)) == read("Liabilities", None)
    assert not [e for e in root.iter() if isinstance(e.tag, str) and "Debt" in e.tag]
    assert root.findtext(f"{DEI}DocumentPeriodEndDate") == date(2012, 12, 31).isoformat()
    contexts = {c.get("id") for c in root.iter(f"{XBRLI}context")}
    units = {u.get("id") for u in root.iter(f"{XBRLI}unit")}
    for fact in root:
        assert fact.get("contextRef") is None or fact.get("contextRef") in contexts
        assert fact.get("unitRef") is None or fact.get("unitRef") in units
