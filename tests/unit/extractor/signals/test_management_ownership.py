"""Management rows over reports of insiders, holders of blocks and institutions, on made-up XML and text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tenkay_extractor.extraction import Blob, extract, read_filing
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.missing import MissingReason, MissingSignal
from tenkay_extractor.signals import Signal
from tenkay_extractor.submission import SubmissionError, SubmissionFault
from tests.unit.extractor.signals.made_filings import ISSUER, Paper, evaluate, filing, quotes, value

JANE = ("0001999101", "isOfficer", "Chief Financial Officer")
JOHN = ("0001999102", "isDirector", "")
FUND = ("0001999103", "isTenPercentOwner", "")
MAX = ("0001999104", "isOfficer", "CEO, Retail Stores")


def trade(
    code: str,
    shares: str = "100",
    price: str | None = "20.50",
    day: str = "2024-05-03",
    after: str = "900",
    *,
    derivative: bool = False,
    ownership: str = "D",
    footnote: str = "",
    acquired: str | None = None,
    due_on: str = "4",
    timeliness: str = "",
) -> str:
    kind = "derivative" if derivative else "nonDerivative"
    note = f'<footnoteId id="{footnote}"/>' if footnote else ""
    priced = f"<value>{price}</value>" if price is not None else '<footnoteId id="F9"/>'
    letter = acquired or ("A" if code in "PMA" else "D")
    return (
        f"<{kind}Transaction><securityTitle><value>Common Stock</value></securityTitle>"
        f"<transactionDate><value>{day}</value></transactionDate>"
        f"<transactionCoding><transactionFormType>{due_on}</transactionFormType><transactionCode>{code}</transactionCode>{note}"
        f"</transactionCoding><transactionTimeliness><value>{timeliness}</value></transactionTimeliness>"
        f"<transactionAmounts><transactionShares><value>{shares}</value></transactionShares>"
        f"<transactionPricePerShare>{priced}</transactionPricePerShare>"
        f"<transactionAcquiredDisposedCode><value>{letter}</value></transactionAcquiredDisposedCode></transactionAmounts>"
        f"<postTransactionAmounts><sharesOwnedFollowingTransaction><value>{after}</value></sharesOwnedFollowingTransaction>"
        f"</postTransactionAmounts><ownershipNature><directOrIndirectOwnership><value>{ownership}</value>"
        f"</directOrIndirectOwnership></ownershipNature></{kind}Transaction>"
    )


def holding(shares: str, title: str = "Common Stock") -> str:
    return (
        f"<nonDerivativeHolding><securityTitle><value>{title}</value></securityTitle><postTransactionAmounts>"
        f"<sharesOwnedFollowingTransaction><value>{shares}</value></sharesOwnedFollowingTransaction></postTransactionAmounts>"
        "</nonDerivativeHolding>"
    )


def insider_report(
    *rows: str,
    form: str = "4",
    owners: Sequence[tuple[str, str, str]] = (JANE,),
    box: str = "<aff10b5One>0</aff10b5One>",
    footnotes: str = "",
    extra: str = "",
    day: str = "2024-05-03",
    **given: Any,
) -> FilingView:
    people = "".join(
        f"<reportingOwner><reportingOwnerId><rptOwnerCik>{cik}</rptOwnerCik><rptOwnerName>Name {cik}</rptOwnerName>"
        f"</reportingOwnerId><reportingOwnerRelationship><{role}>1</{role}><officerTitle>{title}</officerTitle>"
        "</reportingOwnerRelationship></reportingOwner>"
        for cik, role, title in owners
    )
    plain = "".join(row for row in rows if row.startswith("<nonDerivative"))
    derived = "".join(row for row in rows if row.startswith("<derivative"))
    xml = (
        '<XML>\n<?xml version="1.0"?>\n<ownershipDocument><schemaVersion>X0508</schemaVersion>'
        f"<documentType>{form}</documentType><periodOfReport>{day}</periodOfReport>{extra}"
        f"<issuer><issuerCik>{ISSUER:010}</issuerCik><issuerName>Made Up Corp</issuerName></issuer>{people}{box}"
        f"<nonDerivativeTable>{plain}</nonDerivativeTable><derivativeTable>{derived}</derivativeTable>"
        f"<footnotes>{footnotes}</footnotes></ownershipDocument>\n</XML>"
    )
    return filing(form, Paper(form, xml, "form4.xml"), **given)


PLAN_NOTE = '<footnote id="F1">Sold under a Rule 10b5-1 plan adopted on May 1, 2023.</footnote>'
NO_PLAN_NOTE = '<footnote id="F1">This sale was not made under a Rule 10b5-1 plan.</footnote>'
PLANNED = "<aff10b5One>1</aff10b5One>"
NO_BOX = ""


@pytest.mark.parametrize(
    ("signal", "report", "expected"),
    [
        (
            "insider_net_purchase_value",
            lambda: insider_report(trade("P"), trade("S", "10", "30")),
            Decimal("1750"),
        ),
        (
            "insider_net_purchase_value",
            lambda: insider_report(trade("A"), trade("F"), trade("M")),
            "NOT_STATED",
        ),
        ("insider_net_purchase_value", lambda: insider_report(trade("S", price=None)), "NOT_STATED"),
        ("insider_net_purchase_value", lambda: insider_report(trade("S", derivative=True)), "NOT_STATED"),
        ("insider_sale_10b5_1", lambda: insider_report(trade("S"), box=PLANNED), True),
        ("insider_sale_10b5_1", lambda: insider_report(trade("S")), False),
        (
            "insider_sale_10b5_1",
            lambda: insider_report(
                trade("S", footnote="F1"), box=NO_BOX, footnotes=PLAN_NOTE, filed="20220506"
            ),
            True,
        ),
        (
            "insider_sale_10b5_1",
            lambda: insider_report(
                trade("S", footnote="F1"), box=NO_BOX, footnotes=NO_PLAN_NOTE, filed="20220506"
            ),
            False,
        ),
        ("insider_sale_10b5_1", lambda: insider_report(trade("P"), box=PLANNED), "NOT_STATED"),
        ("insider_discretionary_sale_value", lambda: insider_report(trade("S"), trade("F")), Decimal("2050")),
        ("insider_discretionary_sale_value", lambda: insider_report(trade("S"), box=PLANNED), Decimal(0)),
        (
            "insider_discretionary_sale_value",
            lambda: insider_report(trade("S", footnote="F1"), trade("S", "1"), footnotes=PLAN_NOTE),
            Decimal("20.50"),
        ),
        ("insider_discretionary_sale_value", lambda: insider_report(trade("F")), "NOT_STATED"),
        (
            "insider_sold_share_of_holding",
            lambda: insider_report(trade("S", "100", after="300"), trade("S", "100", after="200")),
            0.5,
        ),
        (
            "insider_sold_share_of_holding",
            lambda: insider_report(
                trade("S", "100", after="100"), trade("S", "100", after="700", ownership="I")
            ),
            0.2,
        ),
        ("insider_sold_share_of_holding", lambda: insider_report(trade("S", after="")), "NOT_STATED"),
        ("insider_ceo_cfo_trade_value", lambda: insider_report(trade("P")), Decimal("2050")),
        (
            "insider_ceo_cfo_trade_value",
            lambda: insider_report(trade("P"), owners=[MAX]),
            "CONDITION_NOT_MET",
        ),
        (
            "insider_ceo_cfo_trade_value",
            lambda: insider_report(trade("P"), owners=[JOHN]),
            "CONDITION_NOT_MET",
        ),
        ("insider_director_trade_value", lambda: insider_report(trade("S"), owners=[JOHN]), Decimal("-2050")),
        ("insider_director_trade_value", lambda: insider_report(trade("S")), "CONDITION_NOT_MET"),
        (
            "insider_ten_percent_trade_value",
            lambda: insider_report(trade("P"), owners=[FUND]),
            Decimal("2050"),
        ),
        (
            "insider_ten_percent_trade_value",
            lambda: insider_report(trade("P"), owners=[FUND, JOHN]),
            "CONDITION_NOT_MET",
        ),
        ("insider_late_report_days", lambda: insider_report(trade("S", day="2024-05-02")), 0),
        (
            "insider_late_report_days",
            lambda: insider_report(trade("S", day="2024-05-01"), filed="20240510"),
            7,
        ),
        # Two business days after Friday 24 May 2024: Monday is Memorial Day.
        (
            "insider_late_report_days",
            lambda: insider_report(trade("S", day="2024-05-24"), filed="20240529"),
            0,
        ),
        ("insider_late_report_days", lambda: insider_report(trade("G", due_on="5")), "NOT_STATED"),
        ("insider_late_report_days", lambda: insider_report(trade("S"), form="4/A"), "CONDITION_NOT_MET"),
        (
            "insider_late_report_days",
            lambda: insider_report(trade("S", day="2024-05-01", timeliness="L"), form="5", filed="20240510"),
            7,
        ),
        (
            "insider_option_exercise_and_sale",
            lambda: insider_report(trade("M"), trade("S"), trade("M", derivative=True)),
            True,
        ),
        (
            "insider_option_exercise_and_sale",
            lambda: insider_report(trade("M", day="2024-05-02"), trade("S", day="2024-05-03")),
            False,
        ),
        ("insider_option_exercise_and_sale", lambda: insider_report(trade("A")), "NOT_STATED"),
        (
            "insider_gift_value",
            lambda: insider_report(trade("G", "70", "0"), trade("G", "5", "0")),
            Decimal(75),
        ),
        ("insider_gift_value", lambda: insider_report(trade("G", acquired="A")), "NOT_STATED"),
        (
            "insider_initial_holding",
            lambda: insider_report(holding("40"), holding("2", "Class B"), form="3"),
            Decimal(42),
        ),
        (
            "insider_initial_holding",
            lambda: insider_report(form="3", extra="<noSecuritiesOwned>1</noSecuritiesOwned>"),
            Decimal(0),
        ),
        ("insider_initial_holding", lambda: insider_report(form="3"), "NOT_STATED"),
        ("insider_initial_holding", lambda: insider_report(trade("P")), "FORM_NOT_APPLICABLE"),
    ],
)
def test_rows_of_one_insider_report(signal: str, report: Any, expected: Any) -> None:
    found = value(report(), signal)
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


def test_the_quotes_of_a_trade_are_its_code_shares_and_price() -> None:
    quoted = quotes(insider_report(trade("A"), trade("P", "123", "4.5")), "insider_net_purchase_value")
    assert "nonDerivativeTransaction[2]/transactionCoding/transactionCode: P" in quoted
    assert "transactionShares/value: 123" in quoted
    assert "transactionPricePerShare/value: 4.5" in quoted


def test_a_report_on_paper_form_is_not_read() -> None:
    view = filing("4", Paper("4", "FORM 4\n\nCommon Stock   P   100   A   $20\n"), filed="20000314")
    assert value(view, "insider_net_purchase_value") == "DOCUMENT_NOT_FOUND"


# The window

SINCE = date(2023, 11, 8)


def purchase_by(
    owner: tuple[str, str, str], number: int, code: str = "P", day: str = "2024-05-01"
) -> FilingView:
    return insider_report(trade(code, day=day), owners=[owner], number=number, filed="20240503", day=day)


def test_the_ratio_counts_each_insider_and_day_once() -> None:
    earlier = [purchase_by(JOHN, 1), purchase_by(JOHN, 2), purchase_by(FUND, 3, "S")]
    view = insider_report(trade("P"), trade("P"), number=9, earlier=earlier, complete_since=SINCE)
    found = evaluate(view)["insider_net_purchase_ratio_6m"]
    assert isinstance(found, Signal)
    assert found.value == pytest.approx(1 / 3)
    accessions = {each.accession_number for each in found.evidence if hasattr(each, "accession_number")}
    assert accessions == {"", *(each.content.identity.accession_number for each in earlier)}


def test_the_ratio_needs_to_know_that_no_report_is_left_out() -> None:
    assert value(insider_report(trade("P")), "insider_net_purchase_ratio_6m") == "PRIOR_FILING_NOT_GIVEN"
    late = insider_report(trade("P"), complete_since=date(2024, 4, 1))
    assert value(late, "insider_net_purchase_ratio_6m") == "PRIOR_FILING_NOT_GIVEN"
    other = filing("8-K", Paper("8-K", "FORM 8-K\n\nNothing.\n"), filed="20240501", number=3)
    unrelated = insider_report(trade("P"), number=9, earlier=[other], complete_since=SINCE)
    assert value(unrelated, "insider_net_purchase_ratio_6m") == "PRIOR_FILING_NOT_GIVEN"
    assert value(insider_report(trade("P"), complete_since=SINCE), "insider_net_purchase_ratio_6m") == 1.0


def test_an_amendment_takes_the_place_of_its_report() -> None:
    wrong = insider_report(
        trade("S", day="2024-05-01"), owners=[JOHN], number=1, filed="20240503", day="2024-05-01"
    )
    right = insider_report(
        trade("P", day="2024-05-01"), owners=[JOHN], form="4/A", number=2, filed="20240503", day="2024-05-01"
    )
    view = insider_report(trade("P"), number=9, earlier=[wrong, right], complete_since=SINCE)
    found = evaluate(view)["insider_net_purchase_ratio_6m"]
    assert isinstance(found, Signal)
    assert (found.value, found.confidence) == (1.0, 0.7)


def test_three_insiders_who_buy_are_a_cluster_and_a_joint_report_is_one_insider() -> None:
    apart = [purchase_by(JOHN, 1), purchase_by(FUND, 2)]
    assert value(insider_report(trade("P"), number=9, earlier=apart), "insider_cluster_buying") is True
    joint = insider_report(
        trade("P", day="2024-05-01"), owners=[JOHN, FUND], number=1, filed="20240503", day="2024-05-01"
    )
    together = insider_report(trade("P"), number=9, earlier=[joint], complete_since=SINCE)
    assert value(together, "insider_cluster_buying") is False
    assert value(insider_report(trade("P"), number=9, earlier=[joint]), "insider_cluster_buying") == (
        "PRIOR_FILING_NOT_GIVEN"
    )
    old = [purchase_by(JOHN, 1, day="2024-03-01"), purchase_by(FUND, 2)]
    outside = insider_report(trade("P"), number=9, earlier=old, complete_since=SINCE)
    assert value(outside, "insider_cluster_buying") is False
    assert value(insider_report(trade("S"), complete_since=SINCE), "insider_cluster_buying") == "NOT_STATED"


# Notices of sale

NOTICE = (
    '<XML>\n<?xml version="1.0"?><ns2:edgarSubmission xmlns:ns2="http://www.sec.gov/edgar/ownership"><ns2:headerData>'
    "<ns2:submissionType>144</ns2:submissionType></ns2:headerData><ns2:formData><ns2:issuerInfo>"
    f"<ns2:issuerCik>{ISSUER:010}</ns2:issuerCik><ns2:issuerName>Made Up Corp</ns2:issuerName></ns2:issuerInfo>"
    "<ns2:securitiesInformation><ns2:noOfUnitsSold>69996</ns2:noOfUnitsSold>"
    "<ns2:aggregateMarketValue>1588537.76</ns2:aggregateMarketValue></ns2:securitiesInformation></ns2:formData>"
    "</ns2:edgarSubmission>\n</XML>"
)


def test_a_notice_announces_a_sale_and_is_none() -> None:
    notice = filing("144", Paper("144", NOTICE, "primary_doc.xml"))
    found = evaluate(notice)
    signal = found["planned_insider_sale_144"]
    assert isinstance(signal, Signal)
    assert signal.value is True
    assert "noOfUnitsSold: 69996" in signal.notes
    assert value(notice, "insider_net_purchase_value") == "FORM_NOT_APPLICABLE"
    assert value(insider_report(trade("S")), "planned_insider_sale_144") == "FORM_NOT_APPLICABLE"


# Blocks


def schedule_xml(form: str, *percents: str, purpose: str = "For investment.", **given: Any) -> FilingView:
    persons = "".join(
        f"<reportingPersonInfo><reportingPersonCIK>{1999200 + n:010}</reportingPersonCIK>"
        f"<percentOfClass>{percent}</percentOfClass></reportingPersonInfo>"
        for n, percent in enumerate(percents)
    )
    xml = (
        f'<XML>\n<?xml version="1.0"?><edgarSubmission xmlns="http://www.sec.gov/edgar/schedule13D"><headerData>'
        f"<submissionType>{form}</submissionType></headerData><formData><coverPageHeader><issuerInfo>"
        f"<issuerCIK>{ISSUER:010}</issuerCIK></issuerInfo></coverPageHeader><reportingPersons>{persons}</reportingPersons>"
        f"<items1To7><item4><transactionPurpose>{purpose}</transactionPurpose></item4></items1To7></formData>"
        "</edgarSubmission>\n</XML>"
    )
    return filing(form, Paper(form, xml, "primary_doc.xml"), filed_by=1999200, **given)


def schedule_text(form: str, *cells: str, **given: Any) -> FilingView:
    pages = "".join(
        f"(11) PERCENT OF CLASS REPRESENTED BY AMOUNT IN ROW (9)\n\n{cell}\n\n(12) TYPE OF REPORTING PERSON\n\nIA\n\n"
        for cell in cells
    )
    return filing(
        form, Paper(form, f"SCHEDULE 13G\n\n{pages}Item 1. Name of issuer: Made Up Corp\n"), **given
    )


@pytest.mark.parametrize(
    ("signal", "report", "expected"),
    [
        ("activist_13d", lambda: schedule_xml("SCHEDULE 13D", "9.9"), True),
        ("activist_13d", lambda: schedule_xml("SCHEDULE 13D/A", "4.1"), False),
        ("activist_13d", lambda: schedule_text("SC 13G", "9.9%"), "FORM_NOT_APPLICABLE"),
        ("blockholder_percent", lambda: schedule_xml("SCHEDULE 13D", "9.9", "11.9", "2.0"), 11.9),
        ("blockholder_percent", lambda: schedule_xml("SCHEDULE 13D", "see Item 5"), "NOT_STATED"),
        ("blockholder_percent", lambda: schedule_xml("SCHEDULE 13D", "1,190"), "NOT_STATED"),
        ("blockholder_percent", lambda: schedule_text("SC 13G", "5.31%", "5.30%"), 5.31),
        ("blockholder_percent", lambda: schedule_text("SC 13G", "7.2"), 7.2),
        ("blockholder_percent", lambda: schedule_text("SC 13G", "7.2% (1)"), 7.2),
        (
            "blockholder_percent",
            lambda: schedule_text("SC 13G", "Approximately 6.5% (based on 1,000 shares)"),
            6.5,
        ),
        ("blockholder_percent", lambda: schedule_text("SC 13G", "Less than 5%"), "NOT_STATED"),
        ("blockholder_percent", lambda: schedule_text("SC 13G", "See Item 4"), "NOT_STATED"),
        ("blockholder_percent", lambda: schedule_text("SC 13G", "13967335"), "NOT_STATED"),
        (
            "blockholder_change",
            lambda: schedule_xml(
                "SCHEDULE 13D/A",
                "11.5",
                number=2,
                earlier=[schedule_xml("SCHEDULE 13D", "9.0", filed="20240301")],
            ),
            2.5,
        ),
        ("blockholder_change", lambda: schedule_xml("SCHEDULE 13D/A", "11.5"), "PRIOR_FILING_NOT_GIVEN"),
        (
            "blockholder_change",
            lambda: schedule_xml(
                "SCHEDULE 13D/A",
                "11.5",
                number=2,
                earlier=[schedule_text("SC 13G", "9.0%", filed="20240301", filed_by=1999777)],
            ),
            "PRIOR_FILING_NOT_GIVEN",
        ),
    ],
)
def test_rows_of_schedules_13d_and_13g(signal: str, report: Any, expected: Any) -> None:
    found = value(report(), signal)
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


# Institutions


def holdings(
    *rows: tuple[str, int, int],
    form: str = "13F-HR",
    report_type: str = "13F HOLDINGS REPORT",
    amendment: str = "",
    total: int | None = None,
    put_call: str = "",
    **given: Any,
) -> FilingView:
    table = "".join(
        f"<infoTable><nameOfIssuer>Issuer {cusip}</nameOfIssuer><cusip>{cusip}</cusip><value>{worth}</value><shrsOrPrnAmt>"
        f"<sshPrnamt>{shares}</sshPrnamt><sshPrnamtType>SH</sshPrnamtType></shrsOrPrnAmt>{put_call}</infoTable>"
        for cusip, worth, shares in rows
    )
    summed = sum(worth for _, worth, _ in rows) if total is None else total
    cover = (
        '<XML>\n<?xml version="1.0"?><edgarSubmission xmlns="http://www.sec.gov/edgar/thirteenffiler"><headerData>'
        f"<submissionType>{form}</submissionType></headerData><formData><coverPage>{amendment}"
        f"<reportType>{report_type}</reportType></coverPage><summaryPage><tableEntryTotal>{len(rows)}</tableEntryTotal>"
        f"<tableValueTotal>{summed}</tableValueTotal></summaryPage></formData></edgarSubmission>\n</XML>"
    )
    papers = [Paper(form, cover, "primary_doc.xml")]
    if rows:
        papers.append(
            Paper(
                "INFORMATION TABLE",
                f"<XML>\n<informationTable>{table}</informationTable>\n</XML>",
                "table.xml",
            )
        )
    return filing(form, *papers, **given)


ADDED = "<amendmentInfo><amendmentType>NEW HOLDINGS</amendmentType></amendmentInfo>"
NOW = [("111111111", 600, 30), ("222222222", 300, 9), ("222222222", 100, 3)]
BEFORE = [("111111111", 500, 20), ("333333333", 5, 5)]


@pytest.mark.parametrize(
    ("signal", "report", "expected"),
    [
        ("institutional_portfolio_concentration", lambda: holdings(*NOW), 0.52),
        ("institutional_portfolio_concentration", lambda: holdings(), "DOCUMENT_NOT_FOUND"),
        (
            "institutional_portfolio_concentration",
            lambda: holdings(*NOW, form="13F-HR/A", amendment=ADDED),
            "CONDITION_NOT_MET",
        ),
        ("institutional_portfolio_concentration", lambda: holdings(form="13F-NT"), "FORM_NOT_APPLICABLE"),
        (
            "institutional_portfolio_concentration",
            lambda: holdings(report_type="13F NOTICE"),
            "CONDITION_NOT_MET",
        ),
        (
            "institutional_position_change",
            lambda: holdings(
                *NOW,
                period="20240331",
                number=5,
                earlier=[holdings(*BEFORE, period="20231231", filed="20240210")],
            ),
            0.5,
        ),
        (
            "institutional_position_change",
            lambda: holdings(*NOW, period="20240331"),
            "PRIOR_FILING_NOT_GIVEN",
        ),
        (
            "institutional_position_change",
            lambda: holdings(
                ("444444444", 900, 1),
                *NOW,
                period="20240331",
                number=5,
                earlier=[holdings(*BEFORE, period="20231231", filed="20240210")],
            ),
            "CONDITION_NOT_MET",
        ),
        (
            "institutional_position_change",
            lambda: holdings(*NOW, put_call="<putCall>Put</putCall>", period="20240331"),
            "NOT_STATED",
        ),
    ],
)
def test_rows_of_institutional_holdings(signal: str, report: Any, expected: Any) -> None:
    found = value(report(), signal)
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


def test_a_table_that_does_not_add_up_lowers_the_confidence() -> None:
    found = evaluate(holdings(*NOW, total=7))["institutional_portfolio_concentration"]
    assert isinstance(found, Signal)
    assert found.confidence == 0.7


@pytest.mark.edgar
@pytest.mark.parametrize(
    ("path", "signal", "expected"),
    [
        (
            "Archives/edgar/data/1462356/0000320193-22-000061.txt",
            "insider_net_purchase_value",
            Decimal("-4042887.94"),
        ),
        ("Archives/edgar/data/1462356/0000320193-22-000061.txt", "insider_sale_10b5_1", True),
        ("Archives/edgar/data/1462356/0000320193-22-000061.txt", "insider_late_report_days", 0),
        ("loose/5/1640147_form5.snow.xml", "insider_gift_value", Decimal(61386)),
        ("loose/3/1640147_form3.snow.nonderiv.xml", "insider_initial_holding", Decimal(6125376)),
        ("loose/144/320193_apple.144.xml", "planned_insider_sale_144", True),
        ("loose/SCHEDULE_13D/1422142_schedule13d.xml", "blockholder_percent", 9.9),
        ("loose/SC_13G-A/99780_us8965221091_012224.txt", "blockholder_percent", 17.1),
    ],
)
def test_rows_of_recorded_filings(edgar_folder: Path, path: str, signal: str, expected: Any) -> None:
    view = read_filing([Blob((edgar_folder / path).read_bytes(), filename=Path(path).name)])
    assert value(view, signal) == expected


MALFORMED = (
    b'<?xml version="1.0"?>\n<ownershipDocument><documentType>4</documentType><issuer></ownershipDocument>'
)


@pytest.mark.parametrize(
    ("content", "fault", "says"),
    [
        (MALFORMED, SubmissionFault.MALFORMED, "mismatched tag: line 2, column"),
        (
            MALFORMED.replace(b"<ownershipDocument>", b"<!DOCTYPE a>\n<ownershipDocument>").replace(
                b"<issuer>", b""
            ),
            SubmissionFault.MALFORMED,
            "declares a document type",
        ),
        (MALFORMED[:-20], SubmissionFault.TRUNCATED, "ends before its </ownershipDocument>: fetch it again"),
        (MALFORMED[:-2], SubmissionFault.TRUNCATED, "ends before its </ownershipDocument>: fetch it again"),
    ],
    ids=["not well formed", "with a document type", "cut in an element", "cut in the last tag"],
)
def test_an_ownership_report_that_cannot_be_read_is_refused(
    content: bytes, fault: SubmissionFault, says: str
) -> None:
    with pytest.raises(SubmissionError, match=says) as refused:
        extract([Blob(content, "form4.xml")])
    assert refused.value.fault is fault


def test_a_submission_whose_xml_cannot_be_read_is_still_known_by_its_header() -> None:
    report = filing("4", Paper("4", f"<XML>\n{MALFORMED.decode()}\n</XML>", "form4.xml"))
    assert report.content.identity.form_type == "4"
    found = evaluate(report)["insider_net_purchase_value"]
    assert isinstance(found, MissingSignal)
    assert found.reason is MissingReason.DOCUMENT_NOT_FOUND
    assert found.detail == "the primary document's XML cannot be read"
