"""Management rows over covers, tagged flags, deadlines, controls and certifications, on made-up filings."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.business_days import add_business_days, federal_holidays, next_business_day
from tenkay_extractor.certifications import read_signers, similarity
from tenkay_extractor.cover_pages import read_cover_page
from tenkay_extractor.extraction import Blob, read_filing
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.signals import Signal
from tests.unit.extractor.signals.made_filings import Paper, Tagged, evaluate, filing, instance, quotes, value

SHELL = "Indicate by check mark whether the registrant is a shell company (as defined in Rule 12b-2 of the Exchange Act)."
WKSI = "Indicate by check mark if the registrant is a well-known seasoned issuer, as defined in Rule 405 of the Securities Act."
VOLUNTARY = (
    "Indicate by check mark if the registrant is not required to file reports pursuant to Section 13 or Section 15(d) of"
    " the Act."
)
ATTESTED = (
    "Indicate by check mark whether the registrant has filed a report on and attestation to its management's assessment of"
    " the effectiveness of its internal control over financial reporting under Section 404(b) of the Sarbanes-Oxley Act by"
    " the registered public accounting firm that prepared or issued its audit report."
)
RECOVERY = (
    "Indicate by check mark whether any of those error corrections are restatements that required a recovery analysis of"
    " incentive-based compensation received by any of the registrant's executive officers during the relevant recovery"
    " period pursuant to §240.10D-1(b)."
)
CATEGORY = (
    "Indicate by check mark whether the registrant is a large accelerated filer, an accelerated filer, a non-accelerated"
    ' filer, a smaller reporting company, or an emerging growth company. See the definitions of "large accelerated filer,"'
    ' "accelerated filer," "smaller reporting company," and "emerging growth company" in Rule 12b-2 of the Exchange Act.'
)
BOXES = (
    "Large accelerated filer {} Accelerated filer {}\n\nNon-accelerated filer {} Smaller reporting company {}\n\n"
    "Emerging growth company {}"
)


def annual(
    *paragraphs: str,
    facts: tuple[Tagged, ...] = (),
    others: tuple[Paper, ...] = (),
    form: str = "10-K",
    **given: Any,
) -> FilingView:
    papers = [Paper(form, "FORM 10-K\n\n" + "\n\n".join(paragraphs) + "\n\nSIGNATURES\n\nA name\n"), *others]
    if facts:
        papers.append(instance(*facts))
    told = {"filed": "20240220", "period": "20231231"} | given
    return filing(form, *papers, **told)


def boxed(*ticks: str, asked: str = CATEGORY, boxes: str = BOXES) -> str:
    return f"{asked}\n\n{boxes.format(*ticks)}\n\nIndicate by check mark whether something else is so. Yes [X] No [ ]"


def answered(question: str, answer: str) -> str:
    return f"{question} {answer}\n\nThe aggregate market value was $5."


def dei(name: str, told: str) -> Tagged:
    return Tagged(f"dei:{name}", told)


ANNA = (("ecd:IndividualAxis", "q:AnnaMember"),)
BEN = (("ecd:IndividualAxis", "q:BenMember"),)
LARGE = boxed("[X]", "[ ]", "[ ]", "[ ]", "[ ]")


@pytest.mark.parametrize(
    ("signal", "report", "expected"),
    [
        (
            "filer_category",
            lambda: annual(facts=(dei("EntityFilerCategory", "Accelerated Filer"),)),
            "accelerated",
        ),
        ("filer_category", lambda: annual(LARGE), "large_accelerated"),
        ("filer_category", lambda: annual(boxed("☐", "☒", "☐", "☐", "☐")), "accelerated"),
        ("filer_category", lambda: annual(boxed("o", "o", "x", "x", "o")), "non_accelerated"),
        ("filer_category", lambda: annual(boxed("¨", "¨", "¨", "þ", "¨")), "non_accelerated"),
        ("filer_category", lambda: annual(boxed("", "", "", "", "")), "NOT_STATED"),
        ("filer_category", lambda: annual(boxed("[X]", "[X]", "[ ]", "[ ]", "[ ]")), "NOT_STATED"),
        ("filer_category", lambda: annual("No cover at all."), "NOT_STATED"),
        ("shell_company", lambda: annual(answered(SHELL, "Yes [ ] No [X]")), False),
        ("shell_company", lambda: annual(answered(SHELL, "☒ Yes ☐ No")), True),
        ("shell_company", lambda: annual(answered(SHELL, "Yes o No x")), False),
        ("shell_company", lambda: annual(facts=(dei("EntityShellCompany", "true"),)), True),
        ("shell_company", lambda: annual(answered(SHELL, "Yes No")), "NOT_STATED"),
        ("shell_company", lambda: annual(answered(SHELL, "Yes [X] No [X]")), "NOT_STATED"),
        ("well_known_seasoned_issuer", lambda: annual(answered(WKSI, "Yes þ No ¨")), True),
        (
            "well_known_seasoned_issuer",
            lambda: annual(facts=(dei("EntityWellKnownSeasonedIssuer", "No"),)),
            False,
        ),
        ("well_known_seasoned_issuer", lambda: annual("Nothing."), "NOT_STATED"),
        ("voluntary_filer", lambda: annual(answered(VOLUNTARY, "Yes ___ No _X_")), False),
        ("voluntary_filer", lambda: annual("Nothing."), "NOT_STATED"),
        ("icfr_auditor_attestation", lambda: annual(answered(ATTESTED, "☒")), True),
        ("icfr_auditor_attestation", lambda: annual(answered(ATTESTED, "☐")), False),
        ("icfr_auditor_attestation", lambda: annual(answered(ATTESTED, "Yes [X] No [ ]")), True),
        ("icfr_auditor_attestation", lambda: annual(answered(ATTESTED, "")), "NOT_STATED"),
        ("clawback_recovery_analysis", lambda: annual(answered(RECOVERY, "☐")), False),
        ("clawback_recovery_analysis", lambda: annual(answered(RECOVERY, "☒")), True),
        ("clawback_recovery_analysis", lambda: annual("Nothing."), "NOT_STATED"),
        ("emerging_growth_company", lambda: annual(boxed("☐", "☐", "☒", "☒", "☒")), True),
        ("emerging_growth_company", lambda: annual(LARGE), False),
        ("emerging_growth_company", lambda: annual("Nothing."), "NOT_STATED"),
        ("smaller_reporting_company", lambda: annual(boxed("☐", "☐", "☒", "☒", "☐")), True),
        ("smaller_reporting_company", lambda: annual(facts=(dei("EntitySmallBusiness", "false"),)), False),
        ("smaller_reporting_company", lambda: annual("Nothing."), "NOT_STATED"),
        (
            "insider_plan_adopted",
            lambda: annual(
                facts=(
                    Tagged("ecd:Rule10b51ArrAdoptedFlag", "false", members=ANNA),
                    Tagged("ecd:Rule10b51ArrAdoptedFlag", "true", members=BEN),
                )
            ),
            True,
        ),
        (
            "insider_plan_adopted",
            lambda: annual(facts=(Tagged("ecd:Rule10b51ArrAdoptedFlag", "false"),)),
            False,
        ),
        ("insider_plan_adopted", lambda: annual("Nothing."), "CONCEPT_NOT_REPORTED"),
        (
            "insider_plan_terminated",
            lambda: annual(facts=(Tagged("ecd:Rule10b51ArrTrmntdFlag", "true"),)),
            True,
        ),
        ("insider_plan_terminated", lambda: annual("Nothing."), "CONCEPT_NOT_REPORTED"),
        (
            "non_10b5_1_arrangement",
            lambda: annual(
                facts=(
                    Tagged("ecd:NonRule10b51ArrAdoptedFlag", "false"),
                    Tagged("ecd:NonRule10b51ArrTrmntdFlag", "true"),
                )
            ),
            True,
        ),
        ("non_10b5_1_arrangement", lambda: annual("Nothing."), "CONCEPT_NOT_REPORTED"),
        (
            "insider_trading_policy",
            lambda: annual(facts=(Tagged("ecd:InsiderTrdPoliciesProcAdoptedFlag", "true"),)),
            True,
        ),
        ("insider_trading_policy", lambda: annual("Nothing."), "CONCEPT_NOT_REPORTED"),
        (
            "insider_plan_shares",
            lambda: annual(
                facts=(
                    dei("DocumentPeriodEndDate", "2023-12-31"),
                    Tagged("dei:EntityCommonStockSharesOutstanding", "1000", "shares", "", "2024-02-01"),
                    Tagged("ecd:Rule10b51ArrAdoptedFlag", "true", members=ANNA),
                    Tagged("ecd:TrdArrSecuritiesAggAvailAmt", "30", "shares", "", "2023-12-31", ANNA),
                    Tagged("ecd:TrdArrSecuritiesAggAvailAmt", "500", "shares", "", "2023-12-31", BEN),
                )
            ),
            0.03,
        ),
        ("insider_plan_shares", lambda: annual("Nothing."), "CONCEPT_NOT_REPORTED"),
        (
            "insider_plan_adopted",
            lambda: annual(facts=(Tagged("ecd:Rule10b51ArrAdoptedFlag", "adopted"),)),
            "CONCEPT_NOT_REPORTED",
        ),
    ],
)
def test_rows_of_the_cover_and_of_tagged_flags(signal: str, report: Any, expected: Any) -> None:
    found = value(report(), signal)
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


def test_a_tagged_answer_comes_before_the_printed_box() -> None:
    view = annual(answered(SHELL, "Yes [X] No [ ]"), facts=(dei("EntityShellCompany", "false"),))
    found = evaluate(view)["shell_company"]
    assert isinstance(found, Signal)
    assert (found.value, found.confidence) == (False, 1.0)


def test_a_box_is_less_sure_than_a_tag_and_quotes_the_answer() -> None:
    view = annual(answered(SHELL, "Yes [ ] No [X]"))
    found = evaluate(view)["shell_company"]
    assert isinstance(found, Signal)
    assert found.confidence == 0.85
    assert quotes(view, "shell_company").endswith("Yes [ ] No [X]")


@given(st.text(alphabet="Yesno []Xx☐☒_o\n" + "Large accelerated filer", max_size=300))
def test_any_cover_is_read_without_failing(text: str) -> None:
    cover = read_cover_page(f"{CATEGORY} {text} {SHELL} {text}")
    for _, (start, end) in cover.answers.values():
        assert 0 <= start < end


# Deadlines


def quarterly(**given: Any) -> FilingView:
    return annual(LARGE, form="10-Q", **given)


NOTICE = filing(
    "NT 10-K",
    Paper("NT 10-K", "FORM 12b-25\n\nNotification of late filing.\n"),
    filed="20240229",
    period="20231231",
)


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (lambda: annual(LARGE, filed="20240229"), 0),
        (lambda: annual(LARGE, filed="20240220"), -9),
        (lambda: annual(LARGE, filed="20240310"), 10),
        (lambda: annual(LARGE, filed="20240315", number=2, earlier=[NOTICE]), 0),
        (lambda: annual(boxed("[ ]", "[X]", "[ ]", "[ ]", "[ ]"), filed="20240315"), 0),
        # 90 days after 31 December 2022 is Friday 31 March 2023.
        (lambda: annual(boxed("[ ]", "[ ]", "[X]", "[ ]", "[ ]"), filed="20230331", period="20221231"), 0),
        # 40 days after 30 September 2023 is Thursday 9 November.
        (lambda: quarterly(filed="20231113", period="20230930"), 4),
        # 40 days after 30 June 2024 is Friday 9 August; 45 days after 30 September 2000 is a Tuesday.
        (lambda: annual("No boxes yet.", form="10-Q", filed="20001114", period="20000930"), 0),
        (lambda: annual("No boxes.", filed="20240229"), "NOT_STATED"),
        (lambda: annual(LARGE, form="10-K/A"), "CONDITION_NOT_MET"),
        (lambda: annual(LARGE, form="10-KT"), "CONDITION_NOT_MET"),
    ],
)
def test_filing_delay_days(report: Any, expected: Any) -> None:
    assert value(report(), "filing_delay_days") == expected


def test_a_late_report_without_a_known_notice_is_less_sure() -> None:
    found = evaluate(annual(LARGE, filed="20240310"))["filing_delay_days"]
    assert isinstance(found, Signal)
    assert found.confidence == 0.7
    assert any("notice" in note for note in found.notes)


def test_holidays_are_kept_on_the_nearest_working_day() -> None:
    assert date(2021, 12, 24) in federal_holidays(2021)  # Christmas on a Saturday
    assert date(2021, 12, 31) in federal_holidays(2021)  # New Year's Day 2022 on a Saturday
    assert date(2023, 1, 2) in federal_holidays(2023)  # New Year's Day on a Sunday
    assert date(2024, 5, 27) in federal_holidays(2024)
    assert date(2020, 6, 19) not in federal_holidays(2020)
    assert next_business_day(date(2024, 3, 30)) == date(2024, 4, 1)
    assert add_business_days(date(2024, 5, 24), 2) == date(2024, 5, 29)


# Controls

DCP = "our disclosure controls and procedures"
ICFR = "our internal control over financial reporting"


def controls(
    *sentences: str, form: str = "10-K", item_8: str = "The statements follow.", **given: Any
) -> FilingView:
    text = " ".join(sentences)
    if form.startswith("10-Q"):
        items = (
            "PART I. FINANCIAL INFORMATION\n\nItem 1. Financial Statements\n\nThe statements follow.\n\n"
            f"Item 4. Controls and Procedures\n\n{text}\n\nPART II. OTHER INFORMATION\n\nItem 6. Exhibits\n\nNone."
        )
    else:
        items = (
            f"PART II\n\nItem 8. Financial Statements and Supplementary Data\n\n{item_8}\n\n"
            f"Item 9A. Controls and Procedures\n\n{text}\n\nItem 9B. Other Information\n\nNone.\n\n"
            "PART III\n\nItem 10. Directors, Executive Officers and Corporate Governance\n\nSee the proxy statement."
        )
    return annual(items, form=form, **given)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (f"Based upon that evaluation, our officers concluded that {DCP} were effective.", True),
        (
            f"They concluded that, as of December 31, 2023, {DCP} were effective at the reasonable assurance level.",
            True,
        ),
        (f"Based on their evaluation, management determined that {DCP} are adequate and effective.", True),
        (f"Our officers concluded that {DCP} were not effective due to a material weakness.", False),
        (f"Our officers concluded that {DCP} were ineffective.", False),
        (f"Our officers have concluded that {DCP} did not operate and were not effective.", False),
        # none of these is a conclusion
        (f"Our officers evaluated whether {DCP} were effective.", "NOT_STATED"),
        (f"We evaluated the effectiveness of {DCP}.", "NOT_STATED"),
        (f"If we fail, {DCP} may not be effective, as determined by us.", "NOT_STATED"),
        (
            "A control system can provide only reasonable assurance that controls and procedures are effective.",
            "NOT_STATED",
        ),
        (f"In order to ensure that {DCP} are effective, management assesses them.", "NOT_STATED"),
        (f"In prior years, our officers concluded that {DCP} were not effective.", "NOT_STATED"),
        (f"In their report for fiscal 2020, our officers concluded that {DCP} were effective.", "NOT_STATED"),
        ("Evaluation of Effective Disclosure Controls and Procedures", "NOT_STATED"),
    ],
)
@pytest.mark.parametrize("form", ["10-K", "10-Q"])
def test_disclosure_controls_effective(sentence: str, expected: Any, form: str) -> None:
    assert value(controls(sentence, form=form), "disclosure_controls_effective") == expected


def test_two_opposite_conclusions_are_negative_and_less_sure() -> None:
    view = controls(
        f"We concluded that {DCP} were effective.", f"We later concluded that {DCP} were not effective."
    )
    found = evaluate(view)["disclosure_controls_effective"]
    assert isinstance(found, Signal)
    assert (found.value, found.confidence) == (False, 0.6)


def test_without_a_section_on_controls_nothing_is_concluded() -> None:
    assert value(annual("Nothing."), "disclosure_controls_effective") == "SECTION_NOT_FOUND"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (f"Management concluded that {ICFR} was effective as of December 31, 2023.", True),
        ("Based on that assessment, management concluded that we maintained effective internal control over financial"
         " reporting.", True),
        (f"Management concluded that {ICFR} was not effective as of December 31, 2023.", False),
        ("In our opinion, the Company has not maintained effective internal control over financial reporting.", False),
        ("This annual report does not include a report of management's assessment regarding internal control over financial"
         " reporting due to a transition period established by rules of the SEC for newly public companies.",
         "CONDITION_NOT_MET"),
        (f"Management is responsible for establishing {ICFR}.", "NOT_STATED"),
        (f"We cannot assure you that {ICFR} will be effective, as of any date.", "NOT_STATED"),
        ("As of the end of 2019, we concluded that our internal control over financial reporting was not effective.",
         "NOT_STATED"),
        (f"Management is required to assess the effectiveness of {ICFR} and report, based on that assessment, whether {ICFR}"
         " is effective.", "NOT_STATED"),
        (f"Therefore, {ICFR} determined to be effective can provide only reasonable assurance.", "NOT_STATED"),
        (f"We evaluated {ICFR} to find out whether it changed, and concluded that it is effective.", True),
    ],
)  # fmt: skip
def test_icfr_effective(sentence: str, expected: Any) -> None:
    assert value(controls(sentence), "icfr_effective") == expected


def test_a_conclusion_beside_the_statements_counts_less() -> None:
    view = controls(
        "Management's report is included in Item 8.",
        item_8=f"Management concluded that {ICFR} was effective.",
    )
    found = evaluate(view)["icfr_effective"]
    assert isinstance(found, Signal)
    assert (found.value, found.confidence) == (True, 0.7)


# Certifications


def certificate(name: str, office: str = "Chief Executive Officer", number: str = "31.1") -> Paper:
    return Paper(
        f"EX-{number}",
        f"CERTIFICATION\n\nI, {name}, certify that:\n\n1. I have reviewed it.\n\n{name}\n{office}",
    )


FURNISHED = Paper("EX-32.1", "CERTIFICATION PURSUANT TO SECTION 906\n\nThe undersigned certifies.")
CHIEF, FINANCE = certificate("Jane Q. Doe"), certificate("Max Roe, Jr.", "Chief Financial Officer", "31.2")
SOLE = certificate("Ada Poe", "Chief Executive Officer and Chief Financial Officer")


@pytest.mark.parametrize(
    ("others", "given", "expected"),
    [
        ((CHIEF, FINANCE, FURNISHED), {}, True),
        ((SOLE, FURNISHED), {}, True),
        ((CHIEF, FURNISHED), {}, False),
        ((CHIEF, FINANCE), {}, False),
        ((), {}, False),
        ((CHIEF, FINANCE, FURNISHED), {"filed": "20030401", "period": "20021231"}, "CONDITION_NOT_MET"),
        ((CHIEF, FINANCE, FURNISHED), {"sic": "6189"}, "CONDITION_NOT_MET"),
        ((CHIEF,), {"form": "10-K/A"}, "CONDITION_NOT_MET"),
        ((Paper("EX-31.1", "Signed by all."), FURNISHED), {}, "NOT_STATED"),
    ],
)
def test_certifications_complete(others: Any, given: Any, expected: Any) -> None:
    assert value(annual("Nothing.", others=others, **given), "certifications_complete") == expected


@pytest.mark.parametrize(
    ("year", "reason"),
    [("2001", "CONDITION_NOT_MET"), ("2023", "DOCUMENT_NOT_FOUND"), ("", "PERIOD_UNCLEAR")],
)
def test_the_period_tells_of_a_report_by_itself_whether_its_officers_certify_in_exhibits(
    year: str, reason: str
) -> None:
    covered = f"For the fiscal year ended December 31, {year}" if year else ""
    report = f"FORM 10-K\n\nANNUAL REPORT\n\n{covered}\n\nItem 1. Business\n\nWe cut stone.\n"
    view = read_filing([Blob(report.encode(), filename="report.txt")])
    assert value(view, "certifications_complete") == reason


def before(*others: Paper) -> FilingView:
    return annual("Nothing.", form="10-Q", others=others, filed="20231101", period="20230930")


@pytest.mark.parametrize(
    ("others", "earlier", "expected"),
    [
        ((CHIEF, FINANCE), lambda: [before(CHIEF, FINANCE)], False),
        ((certificate("Jane Doe"), FINANCE), lambda: [before(CHIEF, FINANCE)], False),
        ((certificate("Tom Other"), FINANCE), lambda: [before(CHIEF, FINANCE)], True),
        ((CHIEF, FINANCE), list, "PRIOR_FILING_NOT_GIVEN"),
        ((CHIEF,), lambda: [before(CHIEF, FINANCE)], "NOT_STATED"),
        ((), lambda: [before(CHIEF, FINANCE)], "DOCUMENT_NOT_FOUND"),
    ],
)
def test_signature_ceo_change(others: Any, earlier: Any, expected: Any) -> None:
    assert (
        value(annual("Nothing.", others=others, number=9, earlier=earlier()), "signature_ceo_change")
        == expected
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("I, Timothy D. Cook, certify that:", ["Timothy D. Cook"]),
        ("I, Max Roe, Jr., certify that:", ["Max Roe, Jr."]),
        ("I, José Núñez-Díaz, Chief Executive Officer of Made Up Corp, certify that:", ["José Núñez-Díaz"]),
        ("I, the undersigned, certify that:", []),
        ("We certify that it is so.", []),
    ],
)
def test_signers_are_read(text: str, names: list[str]) -> None:
    assert [signer.name for signer in read_signers(text)] == names


def test_similarity_is_that_of_jaro_and_winkler() -> None:
    assert similarity("martha", "marhta") == pytest.approx(0.9611, abs=1e-4)
    assert similarity("dixon", "dicksonx") == pytest.approx(0.8133, abs=1e-4)
    assert similarity("abc", "xyz") == 0
