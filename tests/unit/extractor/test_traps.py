"""The traps that readers of EDGAR fall into, each where the extractor can see it.

That an index which does not exist answers 404 with NoSuchKey, which must not be remembered as an absence, is the
fetcher's to know: tests/integration/fetcher/test_filings.py.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tenkay_extractor.extraction import Blob, FilingMismatchError, extract
from tenkay_extractor.filing_view import EarlierFilingError, FilingView
from tenkay_extractor.identity import Listing
from tenkay_extractor.missing import MissingSignal
from tenkay_extractor.signals import Signal
from tests.unit.extractor.signals.annual_reports import Told, Year, financial, report
from tests.unit.extractor.signals.made_filings import ISSUER, Paper, Tagged, evaluate, filing, instance, value

OWNER = 1999101
TEN_K = "FORM 10-K\n\nFor the fiscal year ended December 31, 2023\n\nItem 8. Financial Statements\n\n{}\n\nSIGNATURES\n"


def annual(
    text: str, *facts: Tagged, name: str = "", cik: int = ISSUER, filed: str = "20240220", **given: object
) -> FilingView:
    papers = [Paper("10-K", TEN_K.format(text))] + ([instance(*facts)] if facts else [])
    return filing("10-K", *papers, filed=filed, period="20231231", cik=cik, **given)  # type: ignore[arg-type]


def test_a_report_of_an_owner_in_a_companys_feed_is_about_the_issuer() -> None:
    header = (
        "<SEC-DOCUMENT>0001999001-24-000009.txt : 20240506\n<SEC-HEADER>\nACCESSION NUMBER: 0001999001-24-000009\n"
        "CONFORMED SUBMISSION TYPE: 4\nFILED AS OF DATE: 20240506\n\nREPORTING-OWNER:\n\n\tOWNER DATA:\n"
        f"\t\tCOMPANY CONFORMED NAME: DOE JANE\n\t\tCENTRAL INDEX KEY: {OWNER:010}\n\nISSUER:\n\n\tCOMPANY DATA:\n"
        f"\t\tCOMPANY CONFORMED NAME: MADE UP CORP\n\t\tCENTRAL INDEX KEY: {ISSUER:010}\n</SEC-HEADER>\n<DOCUMENT>\n"
        "<TYPE>4\n<SEQUENCE>1\n<FILENAME>a.txt\n<TEXT>\nFORM 4\n</TEXT>\n</DOCUMENT>\n</SEC-DOCUMENT>\n"
    )
    for listed in (OWNER, ISSUER):
        found = extract([Blob(header.encode(), "a.txt")], Listing(cik=listed))
        assert (found.filing.cik, found.filing.company_name) == (ISSUER, "MADE UP CORP")
    gaps = {gap.id: gap.reason.name for gap in found.missing}
    assert gaps["revenue"] == gaps["going_concern_doubt"] == "FORM_NOT_APPLICABLE"


def test_a_13f_notice_has_no_positions() -> None:
    found = evaluate(filing("13F-NT", Paper("13F-NT", "FORM 13F-NT\n\nOther managers report the holdings.")))
    assert not [each for each in found.values() if isinstance(each, Signal)]
    for signal in ("institutional_position_change", "institutional_portfolio_concentration"):
        gap = found[signal]
        assert isinstance(gap, MissingSignal)
        assert gap.reason.name == "FORM_NOT_APPLICABLE"


@pytest.mark.parametrize(
    "name", ["AT&T INC.", "L'OREAL S.A.", "QUARRY & SONS, INC. /DE/", 'YAHOO! "INC"', "BRÜCK-WERKE AG"]
)
def test_punctuation_stays_in_a_name(name: str) -> None:
    text = (
        "<SEC-DOCUMENT>0001999001-24-000009.txt : 20240506\n<SEC-HEADER>\nACCESSION NUMBER: 0001999001-24-000009\n"
        "CONFORMED SUBMISSION TYPE: 10-K\nFILED AS OF DATE: 20240506\n\nFILER:\n\n\tCOMPANY DATA:\n"
        f"\t\tCOMPANY CONFORMED NAME: {name}\n\t\tCENTRAL INDEX KEY: {ISSUER:010}\n</SEC-HEADER>\n<DOCUMENT>\n<TYPE>10-K\n"
        f"<SEQUENCE>1\n<FILENAME>a.txt\n<TEXT>\n{TEN_K}\n</TEXT>\n</DOCUMENT>\n</SEC-DOCUMENT>\n"
    )
    assert extract([Blob(text.encode(), "a.txt")]).filing.company_name == name
    escaped = name.replace("&", "&amp;").replace('"', "&quot;")
    page = (
        '<html xmlns:ix="http://www.xbrl.org/2013/inlineXBRL" xmlns:dei="http://xbrl.sec.gov/dei/2023"'
        ' xmlns:xbrli="http://www.xbrl.org/2003/instance"><body><ix:header><ix:resources><xbrli:context id="c"><xbrli:entity>'
        '<xbrli:identifier scheme="http://www.sec.gov/CIK">0001999001</xbrli:identifier></xbrli:entity><xbrli:period>'
        "<xbrli:instant>2023-12-31</xbrli:instant></xbrli:period></xbrli:context></ix:resources></ix:header>"
        f'<p><ix:nonNumeric name="dei:EntityRegistrantName" contextRef="c">{escaped}</ix:nonNumeric></p></body></html>'
    )
    assert extract([Blob(page.encode(), "a.htm")]).filing.company_name == name


def test_a_reorganised_issuer_is_not_taken_for_its_predecessor() -> None:
    predecessor = annual("Nothing.", cik=1999002, filed="20230220", number=2)
    with pytest.raises(EarlierFilingError, match="CIK 1999002"):
        annual("Nothing.", earlier=(predecessor,))


def test_a_filing_of_two_registrants_answers_to_both_and_to_no_third() -> None:
    entities = "".join(
        f"\nFILER:\n\n\tCOMPANY DATA:\n\t\tCOMPANY CONFORMED NAME: {name}\n\t\tCENTRAL INDEX KEY: {cik:010}\n"
        for name, cik in (("NEW HOLDING CORP", 1999003), ("OLD OPERATING CORP", 1999004))
    )
    text = (
        "<SEC-DOCUMENT>0001999003-24-000009.txt : 20240506\n<SEC-HEADER>\nACCESSION NUMBER: 0001999003-24-000009\n"
        f"CONFORMED SUBMISSION TYPE: 8-K\nFILED AS OF DATE: 20240506\n{entities}</SEC-HEADER>\n<DOCUMENT>\n<TYPE>8-K\n"
        "<SEQUENCE>1\n<FILENAME>a.txt\n<TEXT>\nFORM 8-K\n</TEXT>\n</DOCUMENT>\n</SEC-DOCUMENT>\n"
    )
    for cik in (1999003, 1999004):
        assert extract([Blob(text.encode(), "a.txt")], Listing(cik=cik)).filing.cik == 1999003
    with pytest.raises(FilingMismatchError, match="1999003, 1999004"):
        extract([Blob(text.encode(), "a.txt")], Listing(cik=1999005))


def test_words_are_no_claim() -> None:
    asked = "We evaluate whether there is substantial doubt about the Company's ability to continue as a going concern."
    assert value(annual(asked), "going_concern_doubt") is False
    stated = "There is substantial doubt about the Company's ability to continue as a going concern."
    assert value(annual(stated), "going_concern_doubt") is True


def test_a_share_that_was_typed_as_percent_is_marked_and_not_mended() -> None:
    customer = Tagged(
        "us-gaap:ConcentrationRiskPercentage1",
        "22",
        "shares",
        members=(
            ("srt:MajorCustomersAxis", "q:BuilderMember"),
            ("us-gaap:ConcentrationRiskByBenchmarkAxis", "us-gaap:SalesRevenueNetMember"),
            ("us-gaap:ConcentrationRiskByTypeAxis", "us-gaap:CustomerConcentrationRiskMember"),
        ),
    )
    found = evaluate(annual("Nothing.", customer, Tagged("us-gaap:NetIncomeLoss", "5", "USD")))[
        "customer_concentration"
    ]
    assert isinstance(found, Signal)
    assert (found.value, found.out_of_range, found.confidence) == (22.0, True, 0.4)


def test_a_share_in_a_sentence_is_read_in_its_own_magnitude() -> None:
    told = annual("In 2023, one customer accounted for 22% of net sales of $1.5 billion.")
    assert value(told, "customer_concentration") == 0.22


def test_a_notice_of_sale_is_no_sale_and_a_sale_is_no_notice() -> None:
    notice = evaluate(filing("144", Paper("144", "FORM 144\n\nNotice of proposed sale of 5,000 shares.")))
    assert [each.id for each in notice.values() if isinstance(each, Signal)] == ["planned_insider_sale_144"]
    sale = evaluate(filing("4", Paper("4", "FORM 4\n\nS 5,000 shares.")))["planned_insider_sale_144"]
    assert isinstance(sale, MissingSignal)
    assert sale.reason.name == "FORM_NOT_APPLICABLE"


YEAR = Year(2023)


def told_in(unit: str) -> list[Told]:
    return [Told("us-gaap:Assets", "500", YEAR.end, unit), Told("us-gaap:Revenues", "900", YEAR.flow, unit)]


def test_amounts_are_in_the_reporting_currency_whatever_the_shares_trade_in() -> None:
    euros = report(told_in("eur"), form="20-F")
    euros = Blob(
        euros.content.replace(
            b'<xbrli:unit id="usd">',
            b'<xbrli:unit id="eur"><xbrli:measure>iso4217:EUR</xbrli:measure></xbrli:unit><xbrli:unit id="usd">',
        ),
        euros.filename,
    )
    revenue = next(each for each in financial(euros).signals if each.id == "revenue")
    assert (revenue.value, revenue.currency, revenue.unit) == (Decimal(900), "EUR", "EUR")
    domestic = Blob(euros.content.replace(b"20-F", b"10-K"), euros.filename)
    gaps = {gap.id: gap.reason.name for gap in financial(domestic).missing}
    assert gaps["revenue"] == "CURRENCY_UNCLEAR"


def test_amounts_in_two_currencies_are_told_in_none() -> None:
    both = report([*told_in("usd"), *told_in("gbp")], form="20-F")
    both = Blob(
        both.content.replace(
            b'<xbrli:unit id="usd">',
            b'<xbrli:unit id="gbp"><xbrli:measure>iso4217:GBP</xbrli:measure></xbrli:unit><xbrli:unit id="usd">',
        ),
        both.filename,
    )
    gaps = {gap.id: gap.reason.name for gap in financial(both).missing}
    assert gaps["revenue"] == "CURRENCY_UNCLEAR"


def test_periods_are_told_by_their_days_and_not_by_their_order_or_label() -> None:
    facts = [
        Told("us-gaap:Revenues", "800", YEAR.before.flow),
        Told("us-gaap:Revenues", "230", (date(2023, 10, 1), YEAR.end)),
        Told("us-gaap:Revenues", "900", YEAR.flow),
        Told("us-gaap:Assets", "400", YEAR.before.end),
        Told("us-gaap:Assets", "500", YEAR.end),
    ]
    found = {each.id: each.value for each in financial(report(facts)).signals}
    assert found["revenue"] == Decimal(900)
    assert found["total_assets"] == Decimal(500)
    without = [facts[0], facts[1], *facts[3:], Told("us-gaap:NetIncomeLoss", "5", YEAR.flow)]
    gaps = {gap.id: gap.reason.name for gap in financial(report(without)).missing}
    assert gaps["revenue"] == "CONCEPT_NOT_REPORTED"


def test_depositary_shares_are_not_added_to_the_shares_they_stand_for() -> None:
    axis = "us-gaap:StatementClassOfStockAxis"
    facts = [
        *told_in("usd"),
        *(
            Told(
                "dei:EntityCommonStockSharesOutstanding",
                number,
                date(2024, 1, 31),
                "shares",
                ((axis, member),),
            )
            for number, member in (
                ("1000", "q:OrdinarySharesMember"),
                ("250", "q:AmericanDepositarySharesMember"),
            )
        ),
    ]
    shares = next(
        each for each in financial(report(facts, form="20-F")).signals if each.id == "shares_outstanding"
    )
    assert shares.value == Decimal(1000)


def test_the_fetchers_trap_has_a_test() -> None:
    tests = Path(__file__).resolve().parents[2] / "integration" / "fetcher"
    assert any("NoSuchKey" in path.read_text("utf-8") for path in tests.glob("test_*.py"))
