"""Every risk row on made-up filings: with a value, and missing with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tenkay_extractor.evidence import FactEvidence, SearchEvidence, TextEvidence
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.missing import MissingSignal
from tenkay_extractor.signals import Signal
from tests.unit.extractor.signals.made_filings import Paper, Tagged, evaluate, filing, instance, quotes, value

TITLES = {
    "1": "Business",
    "1A": "Risk Factors",
    "1B": "Unresolved Staff Comments",
    "1C": "Cybersecurity",
    "3": "Legal Proceedings",
    "4": "Mine Safety Disclosures",
    "7": "Management's Discussion and Analysis of Financial Condition and Results of Operations",
    "8": "Financial Statements and Supplementary Data",
    "9": "Changes in and Disagreements with Accountants on Accounting and Financial Disclosure",
    "9A": "Controls and Procedures",
    "9C": "Disclosure Regarding Foreign Jurisdictions that Prevent Inspections",
}
QUARTERLY_TITLES = {
    ("I", "1"): "Financial Statements",
    ("I", "2"): "Management's Discussion and Analysis of Financial Condition and Results of Operations",
    ("II", "1"): "Legal Proceedings",
    ("II", "1A"): "Risk Factors",
    ("II", "3"): "Defaults Upon Senior Securities",
    ("II", "4"): "Mine Safety Disclosures",
}
PLAIN = "The Company makes bricks from clay in two kilns and sells them to builders of houses near by."


def annual(facts: Sequence[Tagged] = (), form: str = "10-K", **items: str) -> FilingView:
    """An annual report for 2023 with these items, by "item_1A"; `earlier` and the like go to `filing`."""
    given: dict[str, Any] = {"filed": "20240220", "period": "20231231"}
    given |= {name: items.pop(name) for name in tuple(items) if not name.startswith("item_")}
    numbers = sorted((name.removeprefix("item_") for name in items), key=list(TITLES).index)
    body = "".join(f"Item {number}. {TITLES[number]}\n\n{items[f'item_{number}']}\n\n" for number in numbers)
    text = f"FORM 10-K\n\nANNUAL REPORT\n\nFor the fiscal year ended December 31, 2023\n\n{body}SIGNATURES\n\nA name\n"
    papers = [Paper(form, text)]
    if facts:
        papers.append(instance(*facts))
    return filing(form, *papers, **given)


def quarterly(**items: str) -> FilingView:
    """A report for the third quarter of 2023 with these items, by "part2_item1A"."""
    body = ""
    for part in ("I", "II"):
        body += f"PART {part}\n\n"
        for (of_part, number), title in QUARTERLY_TITLES.items():
            told = items.get(f"part{len(part)}_item{number}")
            if of_part == part and told is not None:
                body += f"Item {number}. {title}\n\n{told}\n\n"
    text = (
        "FORM 10-Q\n\nQUARTERLY REPORT\n\nFor the quarterly period ended September 30, 2023\n\n"
        f"{body}SIGNATURES\n\nA name\n"
    )
    return filing("10-Q", Paper("10-Q", text), filed="20231103", period="20230930")


def notes(told: str) -> FilingView:
    return annual(item_7=PLAIN, item_8=f"{PLAIN}\n\n{told}", item_9A=PLAIN, item_1A=PLAIN, item_1=PLAIN)


Report = Callable[[], FilingView]

FLAGS: list[tuple[str, Report, Report, Report]] = [
    # signal, a report that states the matter, one that does not, one in which the section is missing
    (
        "covenant_breach_waiver",
        lambda: notes("We violated the leverage covenant of our term loan in October 2023."),
        lambda: notes("If we violate a covenant, our lenders could ask for the loan."),
        lambda: annual(item_1=PLAIN),
    ),
    (
        "regulatory_investigation",
        lambda: annual(item_3="On June 4, 2023, we received a subpoena from the SEC.", item_8=PLAIN),
        lambda: annual(item_3="We may receive a subpoena from the SEC.", item_8=PLAIN),
        lambda: annual(item_1=PLAIN),
    ),
    (
        "wells_notice",
        lambda: annual(item_3="On June 4, 2023, we received a Wells Notice from the SEC.", item_8=PLAIN),
        lambda: annual(item_3="We have not received a Wells Notice.", item_8=PLAIN),
        lambda: annual(),
    ),
    (
        "supplier_concentration",
        lambda: annual(
            item_1="We depend on a single supplier for all of our clay.", item_1A=PLAIN, item_8=PLAIN
        ),
        lambda: annual(item_1="We do not depend on a single supplier.", item_1A=PLAIN, item_8=PLAIN),
        lambda: annual(item_3=PLAIN),
    ),
    (
        "cyber_incident_text",
        lambda: annual(item_1A="In May 2023, we experienced a ransomware attack.", item_7=PLAIN),
        lambda: annual(item_1A="We may experience a ransomware attack.", item_7=PLAIN),
        lambda: annual(item_3=PLAIN),
    ),
    (
        "unresolved_staff_comments",
        lambda: annual(item_1B="In May 2023, we received comments from the staff, which remain unresolved."),
        lambda: annual(item_1B="None."),
        lambda: annual(item_1=PLAIN),
    ),
    (
        "off_balance_sheet",
        lambda: annual(item_7="We have entered into off-balance sheet arrangements for two of our kilns."),
        lambda: annual(item_7="We do not have any off-balance sheet arrangements."),
        lambda: annual(item_1=PLAIN),
    ),
    (
        "mine_safety_disclosure",
        lambda: annual(item_4="Information on mine safety is included in Exhibit 95 to this report."),
        lambda: annual(item_4="Not applicable."),
        lambda: annual(item_1=PLAIN),
    ),
    (
        "debt_default_disclosed",
        lambda: quarterly(
            part2_item3="We failed to make the payment of interest due on our notes on August 1, 2023."
        ),
        lambda: quarterly(part2_item3="None."),
        lambda: quarterly(part2_item1=PLAIN),
    ),
    (
        "listing_compliance_risk",
        lambda: annual(
            item_1A="In August 2023, we received a notice from Nasdaq of not being in compliance."
        ),
        lambda: annual(
            item_1A="If we fail to meet the Nasdaq listing standards, our shares could be delisted."
        ),
        lambda: annual(item_3=PLAIN),
    ),
    (
        "auditor_change_annual",
        lambda: annual(
            item_9="On May 3, 2023, the Company dismissed Example LLP as its independent accountant."
        ),
        lambda: annual(item_9="None."),
        lambda: annual(item_1=PLAIN),
    ),
    (
        "environmental_liability",
        lambda: annual(
            item_1="We have been named a potentially responsible party at one site.", item_8=PLAIN
        ),
        lambda: annual(item_1="We may have to pay for environmental remediation.", item_8=PLAIN),
        lambda: annual(item_1A=PLAIN),
    ),
    (
        "restatement_disclosed",
        lambda: notes("The balance sheet as of December 31, 2022 has been restated to correct an error."),
        lambda: notes("We may have to restate our previously issued financial statements."),
        lambda: annual(item_1=PLAIN),
    ),
    (
        "subsequent_event_disclosed",
        lambda: notes("Subsequent to December 31, 2023, the Company sold its older kiln for $2 million."),
        lambda: notes("The Company evaluated subsequent events and found none."),
        lambda: annual(item_1=PLAIN),
    ),
]


@pytest.mark.parametrize(("signal", "stating", "silent", "without"), FLAGS)
def test_a_flag_is_raised_by_what_is_stated_and_missing_without_its_section(
    signal: str, stating: Report, silent: Report, without: Report
) -> None:
    raised, lowered = evaluate(stating())[signal], evaluate(silent())[signal]
    assert isinstance(raised, Signal)
    assert raised.value is True
    assert all(isinstance(each, TextEvidence) for each in raised.evidence)
    assert isinstance(lowered, Signal)
    assert lowered.value is False
    assert all(isinstance(each, SearchEvidence) for each in lowered.evidence)
    assert value(without(), signal) in ("SECTION_NOT_FOUND", "INCORPORATED_BY_REFERENCE")


# Shares of sentences

TOPICS = {
    "exposure_china": "Many of our customers build houses in China.",
    "exposure_russia": "The war in Ukraine raised the price of gas.",
    "exposure_climate": "Climate change brings rain that fills our clay pits.",
    "exposure_tariff": "New tariffs raise the cost of our machines.",
    "exposure_ai": "We use artificial intelligence to sort our bricks.",
    "exposure_pandemic": "The pandemic closed our kilns for many weeks.",
    "exposure_inflation": "High inflation raises what we pay for gas.",
    "exposure_interest_rate": "Higher interest rates slow the building of houses.",
    "exposure_fx": "Changes of exchange rates move our foreign sales.",
    "exposure_reference_rate": "Our loan bears interest at SOFR plus two percent.",
    "exposure_credit": "Our customers expose us to credit risk each year.",
    "exposure_liquidity": "We may need additional capital to build a kiln.",
    "exposure_dilution": "New shares would dilute the stake of holders.",
    "exposure_supply_chain": "Trouble in the supply chain delays our machines.",
    "exposure_cyber": "A cyberattack could stop the kilns for days.",
    "exposure_regulation": "New regulations could limit the burning of gas.",
    "exposure_intellectual_property": "Our patents protect the shape of our bricks.",
    "exposure_key_personnel": "We depend on key personnel in our two kilns.",
    "exposure_geopolitics": "Armed conflict abroad raises the price of gas.",
}


@pytest.mark.parametrize("signal", TOPICS)
def test_an_exposure_is_the_share_of_sentences_that_name_the_topic(signal: str) -> None:
    told = " ".join([TOPICS[signal]] * 6 + [PLAIN] * 54)
    view = annual(item_1=told, item_1A=f"RISKS OF OUR BUSINESS\n\n{PLAIN}", item_7="")
    found = evaluate(view)[signal]
    assert isinstance(found, Signal)
    assert found.value == pytest.approx(6 / 61)
    assert {each.quote for each in found.evidence if isinstance(each, TextEvidence)} == {TOPICS[signal]}
    assert value(annual(item_1=TOPICS[signal]), signal) == "TEXT_TOO_SHORT"
    assert value(annual(item_3=PLAIN), signal) == "SECTION_NOT_FOUND"


def test_words_of_something_else_are_no_mention() -> None:
    told = " ".join(["Diluted earnings per share rose to two dollars this year."] + [PLAIN] * 59)
    assert value(annual(item_1=told), "exposure_dilution") == 0


def test_rows_of_tables_and_headings_are_no_sentences() -> None:
    told = " ".join([PLAIN] * 60) + "\n\nChina sales 1,204 1,377\n\nSales to China\n\n"
    assert value(annual(item_1=told), "exposure_china") == 0


def test_litigation_intensity_is_the_share_of_sentences_about_lawsuits() -> None:
    told = " ".join(["The plaintiffs filed a complaint against the Company."] * 12 + [PLAIN] * 48)
    assert value(annual(item_3=told), "litigation_intensity") == pytest.approx(0.2)
    assert value(annual(item_3="None."), "litigation_intensity") == "TEXT_TOO_SHORT"
    elsewhere = "The information is incorporated by reference to Note 9 of the Annual Report."
    assert value(annual(item_3=elsewhere), "litigation_intensity") == "INCORPORATED_BY_REFERENCE"


def test_legal_section_length_adds_the_note_that_the_section_points_to() -> None:
    note = f"Note 9. Commitments and Contingencies\n\n{' '.join([PLAIN] * 5)}\n\nNote 10. Leases\n\n{PLAIN}"
    view = annual(item_3="See Note 9 in Item 8.", item_8=note)
    assert value(view, "legal_section_length") == 4 + 5 * 18
    assert value(annual(item_3=PLAIN), "legal_section_length") == 18
    assert (
        value(annual(item_3="See Note 9 in Item 8."), "legal_section_length") == "INCORPORATED_BY_REFERENCE"
    )
    assert value(annual(item_1=PLAIN), "legal_section_length") == "SECTION_NOT_FOUND"


# Risk factors

CAPTIONS = (
    "Our two kilns are old and may break down.",
    "The price of gas could rise and lower our profit.",
    "We sell to few builders and could lose one of them.",
    "Rain may fill our clay pits and stop the digging.",
)
BODIES = (
    "Both were built by hand a century ago, their vaults have cracks, and nobody makes spare stones for them today.",
    "Fuel is a third of all cost, it is bought at day rates, and contracts with neighbours end without any notice.",
    "Four firms take nearly everything that leaves the yard, none has signed, and each may turn elsewhere tomorrow.",
    "Water stands for weeks after storms, pumps are rented, and diggers then idle while wages must still be paid.",
    "Parliament debates a ban, ministers have promised exceptions, and electric furnaces would be ten times dearer.",
)
NEW = "A new law may forbid the burning of gas."


def risk_page(captions: Sequence[str], *, bold: bool = True) -> str:
    caption = "<p><b>{}</b></p>" if bold else "<p>{}</p>"
    told = "".join(
        f"{caption.format(each)}<p>{' '.join([BODIES[(*CAPTIONS, NEW).index(each)]] * 4)}</p>"
        for each in captions
    )
    return (
        "<html><body><p>FORM 10-K</p><p>For the fiscal year ended December 31, 2023</p>"
        f"<p><b>Item 1A. Risk Factors</b></p><p><b>Risks Related to Our Kilns</b></p>{told}"
        f"<p><b>Item 2. Properties</b></p><p>{PLAIN}</p><p>SIGNATURES</p></body></html>"
    )


def risks(captions: Sequence[str], *, bold: bool = True, **given: Any) -> FilingView:
    told: dict[str, Any] = {"filed": "20240220", "period": "20231231"}
    return filing("10-K", Paper("10-K", risk_page(captions, bold=bold), "q.htm"), **told | given)


def test_risk_factor_count_counts_captions_and_no_headings_of_groups() -> None:
    found = evaluate(risks(CAPTIONS))["risk_factor_count"]
    assert isinstance(found, Signal)
    assert (found.value, found.confidence) == (4, 0.85)
    assert [each.quote for each in found.evidence if isinstance(each, TextEvidence)] == list(CAPTIONS)
    plain = evaluate(risks(CAPTIONS, bold=False))["risk_factor_count"]
    assert isinstance(plain, Signal)
    assert plain.confidence == 0.5
    assert (
        value(annual(item_1A="Not required of a smaller company."), "risk_factor_count") == "TEXT_TOO_SHORT"
    )
    assert value(annual(item_1=PLAIN), "risk_factor_count") == "SECTION_NOT_FOUND"


def test_risk_factor_word_count_counts_words_and_no_figures() -> None:
    assert value(annual(item_1A=f"{PLAIN} 12 " * 20), "risk_factor_word_count") == 18 * 20
    assert value(annual(item_1A="Not required."), "risk_factor_word_count") == "TEXT_TOO_SHORT"


def test_risk_factors_are_compared_with_those_of_a_year_earlier() -> None:
    before = risks(CAPTIONS[:3], filed="20230221", period="20221231", number=2)
    now = risks((*CAPTIONS[1:], NEW), earlier=(before,))
    assert value(now, "new_risk_factor_count") == 2
    assert value(now, "removed_risk_factor_count") == 1
    words, words_before = value(now, "risk_factor_word_count"), value(before, "risk_factor_word_count")
    assert value(now, "risk_factor_growth") == pytest.approx(words / words_before - 1)
    assert CAPTIONS[3] in quotes(now, "new_risk_factor_count")
    for signal in ("new_risk_factor_count", "removed_risk_factor_count", "risk_factor_growth"):
        assert value(risks(CAPTIONS), signal) == "PRIOR_FILING_NOT_GIVEN"


def test_risk_factor_update_10q_is_a_text_of_its_own_without_a_word_of_no_change() -> None:
    signal = "risk_factor_update_10q"
    assert value(quarterly(part2_item1A=f"{PLAIN} " * 10), signal) is True
    unchanged = "There have been no material changes to the risk factors of our Form 10-K."
    assert value(quarterly(part2_item1A=f"{unchanged} {PLAIN * 10}"), signal) is False
    assert (
        value(quarterly(part2_item1A="Not required for smaller reporting companies."), signal) == "NOT_STATED"
    )
    assert value(quarterly(part2_item1=PLAIN), signal) == "SECTION_NOT_FOUND"


# Customers

CONCENTRATION = "us-gaap:ConcentrationRiskPercentage1"
REVENUE = ("us-gaap:ConcentrationRiskByBenchmarkAxis", "us-gaap:RevenueFromContractWithCustomerMember")
RECEIVABLES = ("us-gaap:ConcentrationRiskByBenchmarkAxis", "us-gaap:AccountsReceivableMember")
OF_CUSTOMERS = ("us-gaap:ConcentrationRiskByTypeAxis", "us-gaap:CustomerConcentrationRiskMember")


def share(
    of: str, told: str, benchmark: tuple[str, str] = REVENUE, *more: tuple[str, str], **given: str
) -> Tagged:
    return Tagged(
        CONCENTRATION,
        told,
        "shares",
        members=(("srt:MajorCustomersAxis", of), benchmark, OF_CUSTOMERS, *more),
        **given,
    )


def test_the_largest_customers_share_is_that_of_one_customer_of_all_revenue_in_this_year() -> None:
    facts = (
        share("q:BuilderMember", "0.22"),
        share("q:MasonMember", "0.12"),
        share("q:SmallMember", "0.04"),
        share("q:FiveLargestCustomersMember", "0.61"),
        share("q:BuilderMember", "0.44", RECEIVABLES),
        share(
            "q:BuilderMember", "0.55", REVENUE, ("us-gaap:StatementBusinessSegmentsAxis", "q:BricksMember")
        ),
        share("q:BuilderMember", "0.31", start="2022-01-01", end="2022-12-31"),
        Tagged("us-gaap:NetIncomeLoss", "5", "USD"),
        Tagged("us-gaap:Assets", "50", "USD", start=""),
    )
    view = annual(facts, item_1=PLAIN)
    found = evaluate(view)["customer_concentration"]
    assert isinstance(found, Signal)
    assert (found.value, found.confidence) == (0.22, 0.98)
    assert value(view, "major_customer_count") == 2


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Our largest customer, Builder Inc., accounted for 16.8%, 14.6% and 13.0% of net sales in 2023, 2022 and 2021.",
            0.168,
        ),
        ("Sales to Builder Inc. represented approximately 22% of our total revenue in 2023.", 0.22),
        ("One customer accounted for 31 percent of revenues.", 0.31),
        ("Our five largest customers accounted for 61% of net sales in 2023.", "NOT_STATED"),
        ("Two customers accounted for 41% of net sales in 2023.", "NOT_STATED"),
        ("No customer accounted for more than 10% of net sales in 2023.", "NOT_STATED"),
        ("In 2019, one customer accounted for 31 percent of revenues.", "NOT_STATED"),
        ("One customer accounted for 31 percent of accounts receivable.", "NOT_STATED"),
        ("One customer could account for 31 percent of revenues.", "NOT_STATED"),
        ("One product accounted for 31% of net sales in 2023.", "NOT_STATED"),
    ],
)
def test_customer_concentration_is_read_from_a_sentence_about_one_customer(
    sentence: str, expected: object
) -> None:
    assert value(annual(item_1=sentence), "customer_concentration") == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("No customer accounted for 10% or more of net sales in 2023, 2022 or 2021.", 0),
        ("No single customer represented more than ten percent of revenue.", 0),
        ("No other customer accounted for more than 10% of net sales in 2023.", "NOT_STATED"),
        ("No customer accounted for more than 10% of receivables.", "NOT_STATED"),
        ("We sell to many builders.", "NOT_STATED"),
    ],
)
def test_major_customer_count_is_zero_only_where_a_sentence_says_so(sentence: str, expected: object) -> None:
    assert value(annual(item_1=sentence), "major_customer_count") == expected


# Marks

CYD = "cyd:Cybersecurity"
FOR_GOOD = (
    f"{CYD}RiskManagementProcessesIntegratedFlag",
    f"{CYD}RiskManagementThirdPartyEngagedFlag",
    f"{CYD}RiskThirdPartyOversightAndIdentificationProcessesFlag",
    f"{CYD}RiskManagementPositionsOrCommitteesResponsibleFlag",
    f"{CYD}RiskManagementPositionsOrCommitteesResponsibleReportToBoardFlag",
)
AFFECTED = f"{CYD}RiskMateriallyAffectedOrReasonablyLikelyToMateriallyAffectRegistrantFlag"
CORRECTED = "dei:DocumentFinStmtErrorCorrectionFlag"


def test_cyber_governance_score_is_the_share_of_good_answers() -> None:
    marks = [Tagged(name, "true") for name in FOR_GOOD[:4]] + [Tagged(FOR_GOOD[4], "false")]
    view = annual([*marks, Tagged(AFFECTED, "false")], item_1C=PLAIN)
    assert value(view, "cyber_governance_score") == pytest.approx(5 / 7)
    assert value(annual(item_1C=PLAIN), "cyber_governance_score") == "CONCEPT_NOT_REPORTED"
    assert value(annual(marks[:2], item_1C=PLAIN), "cyber_governance_score") == "CONCEPT_NOT_REPORTED"


@pytest.mark.parametrize(
    ("signal", "element"), [("cyber_material_effect", AFFECTED), ("error_correction_flag", CORRECTED)]
)
def test_a_mark_is_what_it_is_tagged_as(signal: str, element: str) -> None:
    assert value(annual([Tagged(element, "true")], item_1=PLAIN), signal) is True
    assert value(annual([Tagged(element, "0")], item_1=PLAIN), signal) is False
    assert value(annual(item_1=PLAIN), signal) == "CONCEPT_NOT_REPORTED"


def test_a_mark_of_an_error_correction_has_the_last_word_on_restatements() -> None:
    told = "The balance sheet as of December 31, 2022 has been restated to correct an error."
    raised = evaluate(annual([Tagged(CORRECTED, "true")], item_8=PLAIN, item_9A=PLAIN))[
        "restatement_disclosed"
    ]
    assert isinstance(raised, Signal)
    assert (raised.value, raised.confidence) == (True, 1.0)
    doubted = evaluate(annual([Tagged(CORRECTED, "false")], item_8=told, item_9A=PLAIN))[
        "restatement_disclosed"
    ]
    assert isinstance(doubted, Signal)
    assert (doubted.value, doubted.confidence) == (True, 0.4)


def test_an_accrual_for_environmental_losses_is_a_liability() -> None:
    accrual = Tagged("us-gaap:AccrualForEnvironmentalLossContingencies", "5", "USD", start="")
    found = evaluate(annual([accrual], item_1=PLAIN, item_8=PLAIN))["environmental_liability"]
    assert isinstance(found, Signal)
    assert found.value is True
    assert isinstance(found.evidence[0], FactEvidence)
    none = Tagged("us-gaap:AccrualForEnvironmentalLossContingencies", "0", "USD", start="")
    assert value(annual([none], item_1=PLAIN, item_8=PLAIN), "environmental_liability") is False


def test_a_subsequent_event_is_told_under_a_heading_of_its_own() -> None:
    told = "Note 15. Subsequent Events\n\nOn January 20, 2024, the Company sold its older kiln.\n\nNote 16. Leases"
    assert value(notes(told), "subsequent_event_disclosed") is True
    none = (
        "Note 15. Subsequent Events\n\nThe Company evaluated events up to February 20, 2024 and found none."
    )
    assert value(notes(none), "subsequent_event_disclosed") is False
    older = "Note 15. Subsequent Events\n\nOn January 20, 2023, the Company sold its older kiln."
    assert value(notes(older), "subsequent_event_disclosed") is False


# Auditors

REPORT = "Report of Independent Registered Public Accounting Firm\n\nWe have audited the balance sheets.\n\n"


def audited(told: str) -> FilingView:
    return annual(
        item_8=f"{REPORT}{PLAIN}\n\n{told}\n\nWe have served as the auditor since 2001.", item_9A=PLAIN
    )


@pytest.mark.parametrize(
    ("told", "expected", "confidence"),
    [
        (
            "Critical Audit Matters\n\nThe critical audit matters communicated below arose from the audit.\n\n"
            "Goodwill\n\nDescription of the Matter: goodwill is large.\n\nHow We Addressed the Matter in Our Audit: tests.\n\n"
            "Taxes\n\nDescription of the Matter: taxes are many.\n\nHow We Addressed the Matter in Our Audit: tests.",
            2,
            0.9,
        ),
        (
            "Critical Audit Matter\n\nThe critical audit matter communicated below arose from the audit.\n\nGoodwill\n\n"
            "The principal considerations for our determination that goodwill is a critical audit matter are these.\n\n"
            "Addressing the matter involved performing procedures.",
            1,
            0.9,
        ),
        (
            "Critical Audit Matter\n\nEvaluation of goodwill\n\nWe identified the evaluation of goodwill as a critical audit"
            " matter.",
            1,
            0.6,
        ),
        ("Critical Audit Matters\n\nWe determined that there are no critical audit matters.", 0, 0.9),
    ],
)
def test_critical_audit_matter_count_counts_what_each_firm_says_once_a_matter(
    told: str, expected: int, confidence: float
) -> None:
    found = evaluate(audited(told))["critical_audit_matter_count"]
    assert isinstance(found, Signal)
    assert (found.value, found.confidence) == (expected, confidence)


def test_a_report_that_is_silent_on_critical_audit_matters_counts_none() -> None:
    assert value(audited(PLAIN), "critical_audit_matter_count") == "NOT_STATED"
    assert value(annual(item_8=PLAIN), "critical_audit_matter_count") == "SECTION_NOT_FOUND"


def test_a_section_on_critical_audit_matters_that_cannot_be_counted_is_not_called_silence() -> None:
    silent = evaluate(audited(PLAIN))["critical_audit_matter_count"]
    assert isinstance(silent, MissingSignal)
    assert silent.detail.startswith("the auditor's report says nothing of critical audit matters")
    spoken = evaluate(audited(f"Critical Audit Matters\n\n{PLAIN}"))["critical_audit_matter_count"]
    assert isinstance(spoken, MissingSignal)
    assert "cannot be counted" in spoken.detail


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ((Tagged("dei:AuditorFirmId", "34"), Tagged("dei:AuditorName", "Deloitte & Touche LLP")), False),
        ((Tagged("dei:AuditorFirmId", "1118"), Tagged("dei:AuditorName", "KPMG LLP")), False),
        ((Tagged("dei:AuditorFirmId", "688"), Tagged("dei:AuditorName", "Marcum LLP")), True),
        ((), "CONCEPT_NOT_REPORTED"),
    ],
)
def test_small_auditor_is_one_outside_the_six_networks(facts: tuple[Tagged, ...], expected: object) -> None:
    assert value(annual(facts, item_1=PLAIN), "small_auditor") == expected


@pytest.mark.parametrize(
    ("place", "filed", "expected"),
    [
        ("Beijing, People's Republic of China", "20220420", True),
        ("Hong Kong", "20220420", True),
        ("Beijing, China", "20230420", False),
        ("Taipei, Taiwan, Republic of China", "20220420", False),
        ("New York, New York", "20220420", False),
    ],
)
def test_chinese_auditor_hfcaa_goes_by_the_determinations_of_the_filings_day(
    place: str, filed: str, expected: bool
) -> None:
    view = annual([Tagged("dei:AuditorLocation", place)], filed=filed, item_1=PLAIN)
    assert value(view, "chinese_auditor_hfcaa") is expected


def test_an_issuer_that_says_it_was_identified_needs_no_location() -> None:
    told = "In May 2023, we were conclusively identified by the SEC as a Commission-Identified Issuer."
    assert value(annual(item_9C=told), "chinese_auditor_hfcaa") is True
    assert value(annual(item_9C="Not applicable."), "chinese_auditor_hfcaa") == "CONCEPT_NOT_REPORTED"


# The filing's own form

LATE = (
    "FORM 12b-25\n\nNOTIFICATION OF LATE FILING\n\nPART III -- NARRATIVE\n\nState below in reasonable detail why the form"
    " could not be filed within the prescribed time period.\n\nThe kiln burned down together with our books of account.\n\n"
    "PART IV -- OTHER INFORMATION\n\n(3) Is it anticipated that any significant change in results of operations will be"
    " reflected? [X] Yes [ ] No\n"
)


def test_late_filing_notice_quotes_the_form_and_the_reason() -> None:
    view = filing("NT 10-K", Paper("NT 10-K", LATE))
    found = evaluate(view)["late_filing_notice"]
    assert isinstance(found, Signal)
    assert (found.value, found.confidence) == (True, 0.98)
    assert found.notes == ("a significant change in results is anticipated",)
    assert quotes(view, "late_filing_notice") == (
        "CONFORMED SUBMISSION TYPE: NT 10-K\nThe kiln burned down together with our books of account."
    )
    assert value(annual(item_1=PLAIN), "late_filing_notice") == "FORM_NOT_APPLICABLE"


def test_going_private_filing_is_told_by_the_form() -> None:
    view = filing(
        "15-12G", Paper("15-12G", "FORM 15\n\nCERTIFICATION AND NOTICE OF TERMINATION OF REGISTRATION\n")
    )
    assert value(view, "going_private_filing") is True
    assert quotes(view, "going_private_filing") == "CONFORMED SUBMISSION TYPE: 15-12G"
    assert value(annual(item_1=PLAIN), "going_private_filing") == "FORM_NOT_APPLICABLE"


@pytest.mark.parametrize(
    ("note", "part"),
    [
        (
            "The sole purpose of this Amendment No. 1 is to include the information of Part III.",
            "Part III only",
        ),
        ("The purpose of this Amendment No. 1 is solely to file Exhibit 10.1.", "exhibits only"),
        ("This Amendment No. 2 restates our previously issued financial statements.", "restated statements"),
        ("This Amendment No. 1 answers comments.", "other"),
    ],
)
def test_amended_filing_says_what_it_amends(note: str, part: str) -> None:
    found = evaluate(annual(form="10-K/A", item_1=f"EXPLANATORY NOTE\n\n{note}"))["amended_filing"]
    assert isinstance(found, Signal)
    assert (found.value, found.notes) == (True, (f"amends: {part}",))


def test_an_original_is_no_amendment_unless_it_is_tagged_as_one() -> None:
    assert value(annual(item_1=PLAIN), "amended_filing") is False
    assert value(annual([Tagged("dei:AmendmentFlag", "true")], item_1=PLAIN), "amended_filing") is True
    assert value(filing("NT 10-K", Paper("NT 10-K", LATE)), "amended_filing") == "FORM_NOT_APPLICABLE"


@pytest.mark.parametrize(
    ("form", "cover", "expected"),
    [
        ("S-3", "PROSPECTUS\n\n$50,000,000\n\nCommon Stock\n\nPreferred Stock\n\nWarrants", True),
        (
            "424B5",
            "Prospectus supplement\n\n5,000,000 shares of common stock\n\nWe entered into a sales agreement.",
            True,
        ),
        ("424B2", "$2,000,000 Buffered Notes Linked to the Common Stock of Builder Inc.", False),
        ("424B5", "$500,000,000\n\n4.25% Senior Notes due 2033", "CONDITION_NOT_MET"),
    ],
)
def test_shelf_or_atm_offering_is_of_equity(form: str, cover: str, expected: object) -> None:
    assert value(filing(form, Paper(form, cover)), "shelf_or_atm_offering") == expected


# Current reports


def current(items: Sequence[str], text: str) -> FilingView:
    return filing(
        "8-K", Paper("8-K", f"FORM 8-K\n\n{text}\n\nSIGNATURES\n\nA name\n"), filed="20240501", items=items
    )


EVENTS = {
    "agreement_terminated": ("1.02", "Termination of a Material Definitive Agreement"),
    "auditor_change": ("4.01", "Changes in Registrant's Certifying Accountant"),
    "bankruptcy_event": ("1.03", "Bankruptcy or Receivership"),
    "cyber_incident_8k": ("1.05", "Material Cybersecurity Incidents"),
    "debt_acceleration": (
        "2.04",
        "Triggering Events That Accelerate or Increase a Direct Financial Obligation",
    ),
    "delisting_notice": ("3.01", "Notice of Delisting or Failure to Satisfy a Continued Listing Rule"),
    "exit_disposal_costs": ("2.05", "Costs Associated with Exit or Disposal Activities"),
    "holder_rights_modified": ("3.03", "Material Modifications to Rights of Security Holders"),
    "material_impairment_event": ("2.06", "Material Impairments"),
    "mine_shutdown_order": ("1.04", "Mine Safety - Reporting of Shutdowns and Patterns of Violations"),
    "new_debt_obligation": ("2.03", "Creation of a Direct Financial Obligation"),
    "non_reliance_restatement": ("4.02", "Non-Reliance on Previously Issued Financial Statements"),
    "unregistered_sale": ("3.02", "Unregistered Sales of Equity Securities"),
}


@pytest.mark.parametrize("signal", EVENTS)
def test_an_event_is_reported_as_its_item(signal: str) -> None:
    number, caption = EVENTS[signal]
    reporting = current((caption,), f"Item {number} {caption}\n\nOn May 1, 2024, it happened.")
    assert value(reporting, signal) is True
    assert value(current(("Other Events",), "Item 8.01 Other Events\n\nWe opened a shop."), signal) is False
    assert value(annual(item_1=PLAIN), signal) == "FORM_NOT_APPLICABLE"
    assert value(current((), "Nothing that is an item."), signal) == "SECTION_NOT_FOUND"


def test_a_cyber_incident_may_be_told_of_its_own_accord() -> None:
    told = "Item 8.01 Other Events\n\nOn April 20, 2024, the Company detected unauthorized access to its network."
    found = evaluate(current(("Other Events",), told))["cyber_incident_8k"]
    assert isinstance(found, Signal)
    assert (found.value, found.confidence) == (True, 0.7)
    may = "Item 8.01 Other Events\n\nThe Company may experience unauthorized access to its network."
    assert value(current(("Other Events",), may), "cyber_incident_8k") is False


def test_a_move_to_another_exchange_is_no_delisting_notice() -> None:
    number, caption = EVENTS["delisting_notice"]
    told = "The Company will voluntarily transfer the listing of its common stock to the NYSE."
    view = current((caption,), f"Item {number} {caption}\n\n{told}")
    assert value(view, "delisting_notice") is False
    assert told in quotes(view, "delisting_notice")


# Rows over facts

LOSSES = {
    "loss_contingency_accrual": "us-gaap:LossContingencyAccrualAtCarryingValue",
    "vie_exposure": "us-gaap:VariableInterestEntityEntityMaximumLossExposureAmount",
}


@pytest.mark.parametrize("signal", LOSSES)
def test_a_loss_is_told_in_shares_of_assets(signal: str) -> None:
    assets = Tagged("us-gaap:Assets", "50", "USD", start="")
    loss = Tagged(LOSSES[signal], "5", "USD", start="")
    income = Tagged("us-gaap:NetIncomeLoss", "1", "USD")
    assert value(annual([assets, loss, income], item_1=PLAIN), signal) == pytest.approx(0.1)
    assert value(annual([assets, income], item_1=PLAIN), signal) == "CONCEPT_NOT_REPORTED"


def test_going_concern_doubt_and_material_weakness_are_stated_by_whom_they_concern() -> None:
    doubt = (
        "These conditions raise substantial doubt about the Company's ability to continue as a going concern."
    )
    weakness = "Management identified a material weakness in internal control over financial reporting."
    view = annual(item_7=PLAIN, item_8=doubt, item_9A=weakness)
    assert value(view, "going_concern_doubt") is True
    assert value(view, "material_weakness") is True
    assert value(annual(item_1=PLAIN), "going_concern_doubt") == "SECTION_NOT_FOUND"
    assert value(annual(item_1=PLAIN), "material_weakness") == "SECTION_NOT_FOUND"
