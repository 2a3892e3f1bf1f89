"""Management rows over Items 5.02 and 5.05 of Form 8-K: sentences of every kind, all made up."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.extraction import Blob, read_filing
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.officer_changes import read_changes
from tenkay_extractor.sentences import index_sentences
from tenkay_extractor.signals import Signal
from tests.unit.extractor.signals.made_filings import Paper, evaluate, filing, quotes, value

CAPTION = (
    "Item 5.02 Departure of Directors or Certain Officers; Election of Directors; Appointment of Certain Officers;"
    " Compensatory Arrangements of Certain Officers."
)
LISTED = (
    "Departure of Directors or Certain Officers; Election of Directors; Appointment of Certain Officers: Compensatory"
    " Arrangements of Certain Officers"
)


def report(*sentences: str, others: tuple[Paper, ...] = (), **given: Any) -> FilingView:
    body = f"FORM 8-K\n\nCURRENT REPORT\n\n{CAPTION}\n\n{' '.join(sentences)}\n\nSIGNATURES\n\nA name\n"
    told = {"items": (LISTED,), "filed": "20240506", "period": "20240503"} | given
    return filing("8-K", Paper("8-K", body), *others, **told)


CEO_LEAVES = [
    "On May 1, 2024, Jane Q. Doe resigned as President and Chief Executive Officer of the Company.",
    "Jane Doe, the Company's Chief Executive Officer, notified the Board of her decision to resign effective May 31, 2024.",
    "Jane Doe, age 61, our Chairman and CEO, will retire on June 30, 2024.",
    "The Board accepted the resignation of Jane Doe as Chief Executive Officer.",
    "Ms. Doe will step down as Chief Executive Officer and remain on the board.",
    "Jane Doe ceased to serve as the Company's Chief Executive Officer.",
    'Jane Doe resigned as Chief Executive Officer of Made Up Corp (the "Company").',
    "The Company's current Chief Executive Officer, Jane Doe, has served since 2012. Ms. Doe will leave the Company on May 31, 2024.",
    "The Company announced that Jane Doe, its Chief Executive Officer, passed away on May 2, 2024.",
    "Effective May 3, 2024, Jane Doe is no longer serving as Chief Executive Officer.",
    "Ms. Doe notified the Board of her intention to retire as Chief Executive Officer at the end of the term of her"
    " employment agreement.",
    "The Company announced that Jane Doe, who has served as its Chief Executive Officer since May 2018, will step down from"
    " her duties as President and Chief Executive Officer.",
    "Jane Doe will relinquish and transition the duties of Chief Executive Officer to Max Roe.",
    "Ms. Doe relinquished her position as Chief Executive Officer.",
    "Jane Doe, our Chairman and Chief Executive Officer, will step down as Chairman and Chief Executive Officer.",
    "Jane Doe, our Chief Executive Officer, resigned as Chairman, President and Chief Executive Officer.",
    "Jane Doe, our Chief Executive Officer, resigned from the Company.",
    "Jane Doe, our Chief Executive Officer, resigned from the Company and its Board of Directors.",
    "Ms. Doe vacated the office of Chief Executive Officer.",
]
CEO_STAYS = {
    "hypothetical": [
        "If Ms. Doe resigns as Chief Executive Officer for good reason, she will receive severance.",
        "Upon a termination of Jane Doe as Chief Executive Officer without cause, her options would vest.",
        "Ms. Doe may be removed as Chief Executive Officer.",
    ],
    "negated": ["Ms. Doe continues as Chief Executive Officer."],
    "another company": [
        "On May 1, 2024, Jane Doe resigned as Chief Executive Officer of Another Systems, Inc.",
        "Mr. Roe resigned as Chief Executive Officer of the Company's Retail Division.",
    ],
    "another office": [
        "Jane Doe, the Company's Chief Executive Officer, announced that Max Roe, Chief Financial Officer, will retire.",
        "Jane Doe, Chief Executive Officer, accepted the resignation of Max Roe as Treasurer.",
        "Max Roe, Assistant to the Chief Executive Officer, resigned.",
    ],
    "interim": ["Jane Doe resigned as interim Chief Executive Officer on May 1, 2024."],
    "curriculum": [
        "Prior to joining the Company, Mr. Roe served as Chief Executive Officer of Acme until he resigned.",
        "Mr. Roe retired as Chief Executive Officer in June 2015.",
        "Mr. Roe, who has served on the Board since May 2018, had served Acme since 2010 until he stepped down as Chief"
        " Executive Officer.",
    ],
    "other duties": [
        "Jane Doe, Chief Executive Officer, will relinquish her duties as Chairman.",
        "Jane Doe, our Chairman and Chief Executive Officer, will step down as Chairman of the Board on May 31, 2024.",
        "Jane Doe, our President and Chief Executive Officer, resigned from her position as President.",
        "Jane Doe, our Chief Executive Officer, resigned as a director of the Company on May 1, 2024.",
        "Max Roe relinquished the duties of Treasurer to the Chief Executive Officer.",
        "Ms. Doe will take a leave of absence.",
    ],
    "end of an agreement": [
        "Ms. Doe has indicated her intention to retire as Chief Executive Officer at the end of the term of the New"
        " Employment Agreement.",
        "Jane Doe intends to resign as Chief Executive Officer upon the expiration of her amended employment agreement.",
    ],
    "caption": ["Resignation of the Chief Executive Officer", "Departure of Chief Executive Officer"],
    "pay": ["The Committee approved an increase in the salary of Jane Doe, Chief Executive Officer."],
    "appointment": ["Jane Doe was appointed Chief Executive Officer, effective May 31, 2024."],
}


@pytest.mark.parametrize("sentence", CEO_LEAVES)
def test_a_leaving_chief_executive_is_seen(sentence: str) -> None:
    view = report(sentence)
    assert value(view, "ceo_departure") is True
    assert quotes(view, "ceo_departure")


@pytest.mark.parametrize("sentence", [each for kind in CEO_STAYS.values() for each in kind])
def test_what_is_no_leaving_of_the_chief_executive_is_not_taken_for_one(sentence: str) -> None:
    assert value(report(sentence), "ceo_departure") is False


@pytest.mark.parametrize(
    ("signal", "sentence", "expected"),
    [
        ("cfo_departure", "Max Roe resigned as Chief Financial Officer, effective May 4, 2024.", True),
        ("cfo_departure", "Max Roe, our Chief Financial Officer, informed us that he will retire.", True),
        ("cfo_departure", "Max Roe, our Chief Financial Officer, received a bonus.", False),
        ("accounting_officer_departure", "Ann Poe resigned as Controller and principal accounting officer.", True),
        ("accounting_officer_departure", "Ann Poe was appointed principal accounting officer.", False),
        ("ceo_appointment", "The Board appointed Tom Lee as President and Chief Executive Officer.", True),
        ("ceo_appointment", "Tom Lee, age 50, will succeed Ms. Doe as Chief Executive Officer.", True),
        ("ceo_appointment", "Tom Lee became the Chief Executive Officer of the Company.", True),
        ("ceo_appointment", "The Board appointed Tom Lee, Chief Executive Officer, to the Audit Committee.", False),
        ("ceo_appointment", "Previously, Mr. Lee was appointed Chief Executive Officer of Acme in 2011.", False),
        ("ceo_appointment", "Tom Lee will continue to serve as Chief Executive Officer.", False),
        ("cfo_appointment", "The Company appointed Ann Poe, age 44, as its Chief Financial Officer.", True),
        ("cfo_appointment", "The appointment of Ann Poe as Chief Financial Officer is effective May 6, 2024.", True),
        ("ceo_appointment", "Tom Lee was appointed by the Board to succeed Ms. Doe and assume the duties of President and Chief"
         " Executive Officer.", True),
        ("ceo_appointment", "Mr. Lee will assume the role of Chief Executive Officer.", True),
        ("ceo_appointment", "The Board looks for a person to succeed Ms. Doe and assume the duties of Chief Executive Officer.",
         False),
        ("cfo_appointment", "Ann Poe reports to the Chief Financial Officer.", False),
        ("director_departure", "On May 1, 2024, Sam Fox resigned from the Board of Directors.", True),
        ("director_departure", "Sam Fox, a director, notified the Company of his decision to resign.", True),
        ("director_departure", "Sam Fox will not stand for re-election and will leave the Board at the annual meeting.", False),
        ("director_departure", "Jane Doe resigned as Chief Executive Officer and as a director.", False),
        ("director_departure", "Sam Fox was elected to the Board of Directors.", False),
        ("abrupt_departure", "Max Roe resigned as Chief Financial Officer, effective immediately.", True),
        ("abrupt_departure", "Max Roe resigned as Chief Financial Officer, effective May 10, 2024.", True),
        ("abrupt_departure", "Max Roe resigned as Chief Financial Officer, effective August 1, 2024.", False),
        ("abrupt_departure", "Max Roe retired as Chief Financial Officer, effective immediately.", False),
        ("abrupt_departure", "Max Roe resigned as Chief Financial Officer.", "NOT_STATED"),
        ("abrupt_departure", "The Committee approved bonuses.", False),
        (
            "abrupt_departure",
            "Max Roe resigned as Chief Financial Officer, effective immediately. The Board appointed Ann Poe as Chief"
            " Financial Officer.",
            False,
        ),
        ("director_disagreement", "Sam Fox resigned because of a disagreement with management about the audit.", True),
        ("director_disagreement", "His resignation was not due to any disagreement with the Company.", False),
        ("director_disagreement", "No executive officer is aware of a disagreement by Mr. Fox.", False),
    ],
)  # fmt: skip
def test_rows_of_item_5_02(signal: str, sentence: str, expected: Any) -> None:
    assert value(report(sentence), signal) == expected


def test_a_letter_of_a_director_is_a_disagreement() -> None:
    letter = Paper("EX-17.1", "To the Board: I resign since I do not agree with the audit.")
    view = report("Sam Fox resigned from the Board.", others=(letter,))
    assert value(view, "director_disagreement") is True
    assert value(report("Sam Fox resigned from the Board."), "director_disagreement") is False


def test_an_interim_appointment_says_so() -> None:
    found = evaluate(report("Tom Lee was appointed interim Chief Executive Officer."))["ceo_appointment"]
    assert isinstance(found, Signal)
    assert (found.value, found.notes) == (True, ("interim",))


ROWS_OF_5_02 = [
    "ceo_departure", "cfo_departure", "accounting_officer_departure", "ceo_appointment", "cfo_appointment",
    "director_departure", "abrupt_departure", "director_disagreement",
]  # fmt: skip


def test_the_caption_alone_states_nothing() -> None:
    view = report("The Committee approved the bonus plan.")
    assert {value(view, signal) for signal in ROWS_OF_5_02} == {False}


def test_without_the_item_nothing_is_ruled_out() -> None:
    view = filing(
        "8-K",
        Paper("8-K", "FORM 8-K\n\nItem 8.01 Other Events\n\nJane Doe resigned as Chief Executive Officer.\n"),
    )
    assert {value(view, signal) for signal in ROWS_OF_5_02} == {"SECTION_NOT_FOUND"}


def test_where_no_item_was_found_no_row_says_that_the_report_lacks_this_one() -> None:
    view = filing("8-K", Paper("8-K", "FORM 8-K\n\nJane Doe resigned as Chief Executive Officer.\n"))
    found = evaluate(view)
    told = {found[signal].detail for signal in (*ROWS_OF_5_02, "officer_or_director_change")}  # type: ignore[union-attr]
    assert told == {"no item of the current report was found, so none can be ruled out"}


COVERS = {
    "Date of Report (Date of earliest event reported):\n\nMarch 22, 2018 (March 19, 2018)": date(2018, 3, 19),
    "Date of Report (Date of Earliest Event Reported): May 9, 2019": date(2019, 5, 9),
    "March 22, 2018\n\nDate of Report (Date of earliest event reported)": date(2018, 3, 22),
    "Date of Report: March 22, 2018\n\nDate of earliest event reported: March 19, 2018": date(2018, 3, 19),
    "Date of Report (Date of earliest event reported)": None,
}


def alone(cover: str, *sentences: str) -> FilingView:
    """A report without its submission's header: only its own words tell its day."""
    body = f"FORM 8-K\n\nCURRENT REPORT\n\n{cover}\n\n{CAPTION}\n\n{' '.join(sentences)}\n\nSIGNATURES\n"
    return read_filing([Blob(body.encode(), filename="report.txt")])


@pytest.mark.parametrize(("cover", "day"), COVERS.items())
def test_the_cover_tells_the_day_of_a_report_without_a_header(cover: str, day: date | None) -> None:
    plan = "The plan is an exhibit to the annual report for the fiscal year ended September 30, 1995."
    view = alone(cover, plan)
    assert view.content.identity.period_end == day
    assert [section.code for section in view.content.sections if section.code] == ["item_5.02"]


@pytest.mark.parametrize("cover", COVERS)
def test_a_curriculum_is_no_appointment_without_a_header_either(cover: str) -> None:
    view = alone(
        cover,
        "On March 19, 2018, the Board approved the compensation of Max Roe.",
        "Mr. Roe joined the Company in March 2008 and was appointed as Chief Financial Officer in July 2015.",
    )
    assert value(view, "cfo_appointment") is False


def test_turnover_counts_each_person_of_the_year_once() -> None:
    earlier = [
        report(
            "Jane Doe resigned as Chief Executive Officer.", number=1, filed="20231002", period="20230929"
        ),
        report(
            "Jane Doe resigned as Chief Executive Officer.", number=2, filed="20231009", period="20231005"
        ),
        report("Old Man resigned as Chief Financial Officer.", number=3, filed="20230301", period="20230227"),
    ]
    view = report(
        "Max Roe resigned as Chief Financial Officer.",
        number=9,
        earlier=earlier,
        complete_since=date(2023, 1, 1),
    )
    found = evaluate(view)["executive_turnover_12m"]
    assert isinstance(found, Signal)
    assert found.value == 2
    assert len(found.evidence) == 2
    annual = filing(
        "10-K",
        Paper("10-K", "FORM 10-K\n"),
        filed="20240506",
        number=8,
        earlier=earlier,
        complete_since=date(2023, 1, 1),
    )
    assert value(annual, "executive_turnover_12m") == 1
    quiet = filing("10-K", Paper("10-K", "FORM 10-K\n"), complete_since=date(2023, 1, 1))
    assert value(quiet, "executive_turnover_12m") == 0
    assert value(report("Nothing."), "executive_turnover_12m") == "PRIOR_FILING_NOT_GIVEN"


def ethics(sentence: str) -> FilingView:
    caption = "Item 5.05 Amendments to the Registrant's Code of Ethics, or Waiver of a Provision of the Code of Ethics"
    return filing("8-K", Paper("8-K", f"FORM 8-K\n\n{caption}.\n\n{sentence}\n\nSIGNATURES\n\nA name\n"))


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (lambda: ethics("The Board granted Jane Doe a waiver of the Code of Ethics."), True),
        (lambda: ethics("The Board waived a provision of the Code for Mr. Roe."), True),
        (lambda: ethics("The Board adopted an amended Code of Ethics."), False),
        (lambda: ethics("The amendment did not result in any waiver of the prior Code."), False),
        (lambda: ethics("We will disclose on our website any future waivers granted."), False),
        (lambda: report("Nothing."), False),
        (lambda: filing("8-K", Paper("8-K", "FORM 8-K\n\nNothing that is an item.\n")), "SECTION_NOT_FOUND"),
    ],
)
def test_ethics_code_waiver(view: Any, expected: Any) -> None:
    assert value(view(), "ethics_code_waiver") == expected


@given(
    st.lists(
        st.sampled_from(
            [
                "Jane",
                "Doe",
                "resigned",
                "as",
                "Chief",
                "Financial",
                "Officer",
                "of",
                "the",
                "Company",
                ",",
                ".",
                "(",
                ")",
                "will",
                "retire",
                "CEO",
            ]
        ),
        max_size=60,
    )
)
def test_any_words_are_read_without_failing(words: list[str]) -> None:
    text = " ".join(words)
    index = index_sentences(text)
    changes = read_changes(text, zip(index.starts, index.ends, strict=True), date(2024, 5, 3), "Made Up Corp")
    for change in (*changes.departures, *changes.appointments):
        assert 0 <= change.start <= change.focus[0] < change.focus[1] <= change.end <= len(text)


def test_long_lists_of_titles_are_read_in_linear_time() -> None:
    def seconds(count: int) -> float:
        text = ("Jane Doe resigned as Chief Financial Officer and " * 40 + ".\n") * count
        index = index_sentences(text)
        start = time.process_time()
        read_changes(text, zip(index.starts, index.ends, strict=True), date(2024, 5, 3), "Made Up Corp")
        return time.process_time() - start

    assert seconds(40) < 16 * max(seconds(5), 0.01)
