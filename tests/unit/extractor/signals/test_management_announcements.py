"""Management rows on votes and on what is announced, on made-up 8-Ks, periodic reports and proxy statements."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.signals import Signal
from tenkay_extractor.vote_results import Matter, read_tallies
from tests.unit.extractor.signals.made_filings import Paper, evaluate, filing, quotes, value

# Votes


def meeting(*lines: str, **given: Any) -> FilingView:
    body = "\n\n".join(lines)
    text = (
        "FORM 8-K\n\nItem 5.07 Submission of Matters to a Vote of Security Holders.\n\nThe annual meeting was held on May 1.\n\n"
        f"{body}\n\nSIGNATURES\n\nA name\n"
    )
    return filing("8-K", Paper("8-K", text), filed="20240506", **given)


COLUMNS = "For Against Abstain Broker Non-Votes"
DIRECTORS = (
    "Proposal 1: Election of directors.",
    f"Nominee {COLUMNS}",
    "Jane Q. Doe 900 100 10 90",
    "Max Roe 600 400 10 90",
)
PAY = (
    "Proposal 2: To approve, on a non-binding advisory basis, the compensation of the named executive officers.",
    COLUMNS,
    "700 300 10 90",
)
AUDITOR = (
    "Proposal 3: To ratify the appointment of Audit LLP as auditor.",
    "For",
    "Against",
    "Abstain",
    "990",
    "10",
    "100",
)
FREQUENCY = (
    "Proposal 4: Frequency of the advisory vote on executive compensation.",
    "1 Year 2 Years 3 Years",
    "800 100 100",
)
HOLDERS = ("Proposal 5: Shareholder proposal on a report.", COLUMNS, "600 400 10 90")
HOLDERS_LOSE = ("Proposal 6: Stockholder proposal on a chair.", COLUMNS, "200 800 10 90")
ALL = (*DIRECTORS, *PAY, *AUDITOR, *FREQUENCY, *HOLDERS, *HOLDERS_LOSE)
PAIRED = (
    "With respect to the ratification of the selection of Audit LLP:",
    "Votes For",
    "930,000",
    "Votes Against",
    "70,000",
)


@pytest.mark.parametrize(
    ("signal", "lines", "expected"),
    [
        ("say_on_pay_support", ALL, 0.7),
        ("say_on_pay_support", DIRECTORS, "NOT_STATED"),
        ("say_on_pay_support", FREQUENCY, "NOT_STATED"),
        ("say_on_pay_support", (*PAY, *PAY[:2], "500 500 10 90"), "CONFLICTING_FACTS"),
        (
            "say_on_pay_support",
            (
                "The advisory vote on executive compensation passed with 7,000 votes for and 3,000 votes against.",
            ),
            0.7,
        ),
        (
            "say_on_pay_support",
            (
                "Proposal 2: Advisory vote on the compensation in connection with the merger.",
                COLUMNS,
                "7 3 0 0",
            ),
            "NOT_STATED",
        ),
        ("auditor_ratification_support", ALL, 0.99),
        ("auditor_ratification_support", PAIRED, 0.93),
        ("auditor_ratification_support", PAY, "NOT_STATED"),
        ("director_support_min", ALL, 0.6),
        (
            "director_support_min",
            ("Election of directors", "Nominee", "For", "Withheld", "Jane Doe", "750,000", "250,000"),
            0.75,
        ),
        ("director_support_min", PAY, "NOT_STATED"),
        ("shareholder_proposal_passed", ALL, 1),
        ("shareholder_proposal_passed", PAY, 0),
        ("shareholder_proposal_passed", ("All proposals passed.",), "NOT_STATED"),
        (
            "shareholder_proposal_passed",
            ("With respect to Proposal No. 1:", "For 600", "Against 400"),
            "NOT_STATED",
        ),
    ],
)
def test_rows_of_votes(signal: str, lines: tuple[str, ...], expected: Any) -> None:
    found = value(meeting(*lines), signal)
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


def test_totals_that_agree_raise_the_confidence_and_the_quote_has_the_counts() -> None:
    found = evaluate(meeting(*ALL))["say_on_pay_support"]
    assert isinstance(found, Signal)
    assert found.confidence == 0.95
    assert "700 300 10 90" in quotes(meeting(*ALL), "say_on_pay_support")


def test_without_the_item_there_are_no_votes() -> None:
    view = filing("8-K", Paper("8-K", "FORM 8-K\n\nItem 8.01 Other Events\n\nNothing.\n"))
    assert value(view, "say_on_pay_support") == "SECTION_NOT_FOUND"


@given(
    st.lists(
        st.sampled_from(
            ["For", "Against", "Withheld", "Abstain", "12", "3,456", "Jane Doe", "-", "Proposal 1: x", "."]
        ),
        max_size=40,
    )
)
def test_any_cells_are_read_without_failing(cells: list[str]) -> None:
    text = "\n".join(cells)
    for tally in read_tallies(text, 0, len(text)):
        assert isinstance(tally.matter, Matter)
        assert 0 <= tally.start <= tally.end <= len(text)
        assert tally.total >= tally.cast


# Announcements


def release(
    sentence: str, item: str = "2.02", caption: str = "Results of Operations and Financial Condition"
) -> FilingView:
    text = f"FORM 8-K\n\nItem {item} {caption}\n\nA release is furnished.\n\nSIGNATURES\n\nA name\n"
    return filing("8-K", Paper("8-K", text), Paper("EX-99.1", sentence), filed="20240506")


WITHOUT_RELEASE = filing(
    "8-K",
    Paper(
        "8-K", "FORM 8-K\n\nItem 2.02 Results of Operations and Financial Condition\n\nWe raised guidance.\n"
    ),
)
OTHER_ITEM = release("We raised our full-year guidance.", "5.03", "Amendments to Articles")


@pytest.mark.parametrize(
    ("signal", "sentence"),
    [
        ("guidance_given", "For fiscal 2024, the Company expects revenue of $1.2 billion to $1.3 billion."),
        ("guidance_raised", "The Company raised its full-year guidance to $2.00 per share."),
        ("guidance_lowered", "The Company lowered its full-year guidance to $1.00 per share."),
        ("guidance_withdrawn", "The Company has withdrawn its full-year guidance."),
    ],
)
def test_guidance_is_read_from_the_press_release(signal: str, sentence: str) -> None:
    assert value(release(sentence), signal) is True
    assert quotes(release(sentence), signal) == sentence
    assert value(release("Revenue for the quarter was $1 billion."), signal) is False
    assert value(WITHOUT_RELEASE, signal) == "DOCUMENT_NOT_FOUND"
    assert value(OTHER_ITEM, signal) == "CONDITION_NOT_MET"


def annual(item_1a: str = "None apply.", item_5: str = "It is listed.", **given: Any) -> FilingView:
    text = (
        f"FORM 10-K\n\nPART I\n\nItem 1A. Risk Factors\n\n{item_1a}\n\nItem 2. Properties\n\nOne office.\n\nPART II\n\n"
        f"Item 5. Market for Registrant's Common Equity\n\n{item_5}\n\nItem 7. Management's Discussion and Analysis\n\n"
        "Sales rose.\n\nItem 8. Financial Statements and Supplementary Data\n\nThey follow.\n"
    )
    return filing("10-K", Paper("10-K", text), filed="20240220", period="20231231", **given)


@pytest.mark.parametrize(
    ("signal", "view", "expected"),
    [
        ("dividend_raised", lambda: release("The Board increased the quarterly dividend to $0.25 per share."), True),
        ("dividend_raised", lambda: annual(item_5="The Board raised the quarterly dividend to $0.25 per share."), True),
        ("dividend_raised", lambda: annual(), False),
        ("dividend_raised", lambda: filing("10-K", Paper("10-K", "Nothing.")), "SECTION_NOT_FOUND"),
        ("dividend_cut", lambda: release("The Board suspended the quarterly dividend."), True),
        ("dividend_cut", lambda: release("The Board declared the quarterly dividend."), False),
        ("dividend_cut", lambda: filing("10-K", Paper("10-K", "Nothing.")), "SECTION_NOT_FOUND"),
        ("repurchase_authorised", lambda: annual(item_5="The Board authorized the repurchase of up to $5 million of shares."), True),
        ("repurchase_authorised", lambda: annual(), False),
        ("repurchase_authorised", lambda: filing("10-K", Paper("10-K", "Nothing.")), "SECTION_NOT_FOUND"),
        ("poison_pill", lambda: annual(item_1a="We have a stockholder rights plan that may deter a takeover."), True),
        ("poison_pill", lambda: annual(), False),
        ("poison_pill", lambda: filing("8-A12B", Paper("8-A12B", "The Company entered into a Rights Agreement.")), True),
        ("poison_pill", lambda: filing("10-K", Paper("10-K", "Nothing.")), "SECTION_NOT_FOUND"),
        ("dual_class_shares", lambda: annual(item_1a="Our Class B common stock has ten votes per share."), True),
        ("dual_class_shares", lambda: annual(), False),
        ("dual_class_shares", lambda: filing("DEF 14A", Paper("DEF 14A", "Class B common stock has 10 votes per share.")), True),
        ("dual_class_shares", lambda: filing("10-K", Paper("10-K", "Nothing.")), "SECTION_NOT_FOUND"),
    ],
)  # fmt: skip
def test_rows_of_announcements(signal: str, view: Any, expected: Any) -> None:
    assert value(view(), signal) == expected


def test_a_release_that_is_not_among_the_bytes_leaves_the_answer_unsure() -> None:
    found = evaluate(WITHOUT_RELEASE)["dividend_cut"]
    assert isinstance(found, Signal)
    assert (found.value, found.confidence) == (False, 0.5)
