"""What rows see of a filing: the earlier filing that fits, sections by role, exhibits, and why something is not there."""

from __future__ import annotations

from datetime import date
from functools import cache

import pytest

from samples import FilingTruth, build_truth, sample_filings, submission_text
from tenkay_extractor.extraction import Blob, Question, extract, read_filing
from tenkay_extractor.filing_view import EarlierFilingError, FilingView, SectionText
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.reference_tables import DocumentFrequencies
from tenkay_extractor.sections import Section
from tenkay_extractor.text import plain_text

FILINGS = build_truth().filings
SUBMISSIONS = {filing.accession_number: filing for filing in sample_filings()}
ANNUAL = sorted(
    (each for each in FILINGS if each.ticker == "PLDM" and each.form == "10-K"),
    key=lambda each: each.filed_on,
)


def blobs(truth: FilingTruth) -> list[Blob]:
    return [Blob(submission_text(SUBMISSIONS[truth.accession_number]), filename="submission.txt")]


@cache
def view(accession_number: str) -> FilingView:
    return read_filing(blobs(next(each for each in FILINGS if each.accession_number == accession_number)))


def with_earlier(truth: FilingTruth, *earlier: FilingTruth) -> FilingView:
    given = tuple(view(each.accession_number) for each in earlier)
    return read_filing(blobs(truth), question=Question(earlier=given))


def test_the_comparable_prior_is_the_same_form_a_year_earlier() -> None:
    oldest, middle, newest = ANNUAL[-3:]
    filing = with_earlier(newest, oldest, middle)
    assert filing.comparable_prior().content.identity.accession_number == middle.accession_number


def test_without_a_filing_of_a_year_earlier_the_reason_says_which_was_not_given() -> None:
    oldest, _, newest = ANNUAL[-3:]
    with pytest.raises(MissingOperandError, match="10-K of a year earlier") as caught:
        with_earlier(newest, oldest).comparable_prior()
    assert caught.value.reason is MissingReason.PRIOR_FILING_NOT_GIVEN


def test_a_later_filing_is_refused_as_an_earlier_one() -> None:
    with pytest.raises(EarlierFilingError, match="accepted after this filing"):
        with_earlier(ANNUAL[-2], ANNUAL[-1])


def test_another_companys_filing_is_refused_as_an_earlier_one() -> None:
    other = next(each for each in FILINGS if each.ticker == "LKFI" and each.filed_on < ANNUAL[-1].filed_on)
    with pytest.raises(EarlierFilingError, match="of the same company"):
        with_earlier(ANNUAL[-1], other)


def test_a_filing_is_not_its_own_earlier_one() -> None:
    with pytest.raises(EarlierFilingError, match="this filing itself"):
        with_earlier(ANNUAL[-1], ANNUAL[-1])


def test_the_result_key_says_what_the_result_was_computed_from() -> None:
    newest, middle = ANNUAL[-1], ANNUAL[-2]
    keys = {
        extract(blobs(newest), question=question).result_key
        for question in (
            Question(),
            Question(earlier=(view(middle.accession_number),)),
            Question(earlier_complete_since=date(2020, 1, 1)),
            Question(tables=(DocumentFrequencies("1", 9, {"loss": 3}),)),
            Question(tables=(DocumentFrequencies("1", 9, {"loss": 4}),)),
            Question(tables=(DocumentFrequencies("2", 9, {"loss": 3}),)),
            Question(left_out={"revenue": MissingReason.EXTRACTOR_TIMEOUT}),
        )
    }
    assert len(keys) == 7


def test_what_is_left_out_is_missing_for_the_reason_given() -> None:
    found = extract(
        blobs(ANNUAL[-1]), question=Question(left_out={"revenue": MissingReason.EXTRACTOR_TIMEOUT})
    )
    assert {gap.id: gap.reason for gap in found.missing}["revenue"] is MissingReason.EXTRACTOR_TIMEOUT


def test_each_signal_is_told_before_its_code_runs() -> None:
    started: list[str] = []
    found = extract(blobs(ANNUAL[-1]), starting=started.append)
    assert sorted(started) == sorted(
        [*(each.id for each in found.signals), *(gap.id for gap in found.missing)]
    )


def test_a_section_is_found_by_what_it_is_about() -> None:
    filing = view(ANNUAL[-1].accession_number)
    assert filing.section("mdna").section.code == "item_7"
    assert (
        filing.section("mdna").body
        == filing.section("mdna").source.text[
            filing.section("mdna").section.body_start : filing.section("mdna").section.end
        ]
    )


def test_a_form_without_such_a_section_says_so() -> None:
    current = next(each for each in FILINGS if each.form == "8-K")
    with pytest.raises(MissingOperandError) as caught:
        view(current.accession_number).section("mdna")
    assert caught.value.reason is MissingReason.FORM_NOT_APPLICABLE


def test_an_exhibit_that_is_not_there_is_named() -> None:
    with pytest.raises(MissingOperandError, match="EX-17") as caught:
        view(ANNUAL[-1].accession_number).exhibits("EX-17")
    assert caught.value.reason is MissingReason.DOCUMENT_NOT_FOUND


def test_what_is_derived_from_a_section_is_derived_once() -> None:
    filing = view(ANNUAL[-1].accession_number)
    calls: list[str] = []

    def length(section: object) -> int:
        calls.append("called")
        return 1

    section = filing.section("mdna")
    assert filing.derive(length, section) + filing.derive(length, section) == 2
    assert calls == ["called"]


def test_the_submission_header_is_a_text_that_quotes_slice_from() -> None:
    filing = view(ANNUAL[-1].accession_number)
    header = filing.header_text()
    at = header.body.index("CONFORMED SUBMISSION TYPE: 10-K")
    quoted = header.passage(at, at + len("CONFORMED SUBMISSION TYPE: 10-K"))
    text = next(each for each in filing.texts() if each.document == quoted.document)
    assert text.text[quoted.start : quoted.end] == quoted.quote == "CONFORMED SUBMISSION TYPE: 10-K"
    assert (quoted.section, quoted.text_sha256) == ("header", text.sha256)
    assert filing.header_text() is header


def test_a_document_without_a_submission_around_it_has_no_header_to_quote() -> None:
    filing = read_filing([Blob(b"<html><body><p>FORM 10-K</p></body></html>", filename="a.htm")])
    with pytest.raises(MissingOperandError) as caught:
        filing.header_text()
    assert caught.value.reason is MissingReason.DOCUMENT_NOT_FOUND


def test_a_section_of_nothing_but_its_heading_is_proved_by_the_heading() -> None:
    text = b"<DOCUMENT>\n<TYPE>8-K\n<TEXT>\nItem 1.03 Bankruptcy or Receivership\n</TEXT>\n</DOCUMENT>\n"
    (section,) = read_filing([Blob(text)]).sections_coded("item_1.03")
    assert section.body == ""
    assert section.opening().quote == "Item 1.03 Bankruptcy or Receivership"


def test_a_text_of_nothing_proves_nothing() -> None:
    empty = Section("ex_99.1", "", "", "ex99.htm", 0, 0, 0, 0.9)
    with pytest.raises(MissingOperandError, match=r"ex_99\.1 is empty") as caught:
        SectionText(empty, plain_text("ex99.htm", "")).opening()
    assert caught.value.reason is MissingReason.TEXT_TOO_SHORT
