from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.errors import Reason, TenkayError
from tenkay_fetcher.submissions import EASTERN, Company, acceptance_zone, parse_overflow, parse_submissions

COMPANY = Company(77, "Made Up Co")


def body(rows: list[dict[str, str]], **company: Any) -> bytes:
    names = sorted({name for row in rows for name in row} | {"accessionNumber"})
    recent = {name: [row.get(name, "") for row in rows] for name in names}
    return json.dumps(
        {"cik": "0000000077", "name": "Made Up Co", "filings": {"recent": recent, "files": []}, **company}
    ).encode()


def row(number: int, accepted: str, **other: str) -> dict[str, str]:
    return {
        "accessionNumber": f"0000000077-24-{number:06d}",
        "filingDate": "2024-06-03",
        "form": "8-K",
        "acceptanceDateTime": accepted,
        **other,
    }


def test_what_a_row_leaves_empty_is_absent() -> None:
    listing = parse_submissions(body([row(1, "")])).recent[0]
    assert listing.accepted_at is None
    assert listing.period_end is None
    assert listing.primary_document is None
    assert listing.items == ()
    assert (listing.cik, listing.company_name, listing.filed_date) == (77, "Made Up Co", date(2024, 6, 3))


def test_a_list_in_eastern_time_is_told_by_its_mornings() -> None:
    parsed = parse_submissions(body([row(1, "2024-06-03T07:01:02.000Z"), row(2, "2024-01-03T16:30:00.000Z")]))
    assert [listing.accepted_at for listing in parsed.recent] == [
        datetime(2024, 6, 3, 11, 1, 2, tzinfo=UTC),  # summer: four hours
        datetime(2024, 1, 3, 21, 30, tzinfo=UTC),  # winter: five
    ]


def test_a_list_in_utc_is_told_by_its_nights() -> None:
    parsed = parse_submissions(body([row(1, "2024-06-03T23:01:02.000Z"), row(2, "2024-06-03T20:30:00.000Z")]))
    assert parsed.recent[1].accepted_at == datetime(2024, 6, 3, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "clocks",
    [["2024-06-03T15:00:00.000Z"], ["2024-06-03T07:00:00.000Z", "2024-06-03T23:00:00.000Z"]],
    ids=["untelling", "contradicting"],
)
def test_a_list_that_does_not_tell_its_zone_tells_no_acceptance(clocks: list[str]) -> None:
    rows = [row(number, clock) for number, clock in enumerate(clocks)]
    assert {listing.accepted_at for listing in parse_submissions(body(rows)).recent} == {None}


@given(st.lists(st.times(min_value=time(6), max_value=time(21, 59)), min_size=1, max_size=40), st.booleans())
def test_a_zone_that_is_told_is_the_right_one(clocks: list[time], winter: bool) -> None:
    """Filings accepted in EDGAR's hours, printed in Eastern time and in UTC."""
    day = date(2024, 1, 9) if winter else date(2024, 7, 9)
    moments = [datetime.combine(day, clock, EASTERN) for clock in clocks]
    number = "0000000077-24-000001"
    assert acceptance_zone([(number, moment.replace(tzinfo=None)) for moment in moments]) in (EASTERN, None)
    utc = [(number, moment.astimezone(UTC).replace(tzinfo=None)) for moment in moments]
    assert acceptance_zone(utc) in (UTC, None)


def test_papers_of_the_staff_do_not_tell_the_zone() -> None:
    assert acceptance_zone([("9999999995-24-000001", datetime.fromisoformat("2024-01-01T00:15"))]) is None


def test_items_and_documents_are_taken_apart() -> None:
    listing = parse_submissions(
        body(
            [row(1, "", items="1.01, 9.01", primaryDocument="xslF345X05/form4.xml", reportDate="2024-05-31")]
        )
    ).recent[0]
    assert listing.items == ("1.01", "9.01")
    assert listing.primary_document == "xslF345X05/form4.xml"
    assert listing.period_end == date(2024, 5, 31)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\0b", "/etc/passwd", "a/b/c.htm", ".."])
def test_a_document_name_that_leads_elsewhere_is_absent(name: str) -> None:
    assert parse_submissions(body([row(1, "", primaryDocument=name)])).recent[0].primary_document is None


def test_the_company_is_told_by_its_list() -> None:
    company = parse_submissions(
        body(
            [],
            tickers=["MUC", "MUC-B"],
            sic="2834",
            formerNames=[{"name": "A", "to": "2001"}, {"name": "B", "to": "2009"}],
        )
    ).company
    assert company == Company(77, "Made Up Co", ("MUC", "MUC-B"), ("B", "A"), 2834)
    assert parse_submissions(body([], sic="")).company.sic_code is None
    assert parse_submissions(body([], sic="0000")).company.sic_code is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"cik": "x", "name": "n", "filings": {"recent": {"accessionNumber": []}}}',
        body([row(1, "")]).replace(b"0000000077-24-000001", b"0000000077-24-1"),
        body([row(1, "")]).replace(b"2024-06-03", b"03.06.2024"),
        body([row(1, "")]).replace(b'"form": ["8-K"]', b'"form": ["8-K", "10-K"]'),
        body([]).replace(b'"files": []', b'"files": [{"name": "../x", "filingFrom": "", "filingTo": ""}]'),
    ],
)
def test_a_list_that_cannot_be_read_is_a_typed_error(content: bytes) -> None:
    with pytest.raises(TenkayError, match="unexpected") as failed:
        parse_submissions(content)
    assert failed.value.reason is Reason.EDGAR_UNAVAILABLE


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_a_typed_error(content: bytes) -> None:
    for parse in (parse_submissions, lambda page: parse_overflow(page, COMPANY)):
        with pytest.raises(TenkayError):
            parse(content)


def test_an_overflow_page_has_no_envelope() -> None:
    page = json.dumps(
        {"accessionNumber": ["0000000077-09-000001"], "filingDate": ["2009-01-02"], "form": ["10-K"]}
    )
    (listing,) = parse_overflow(page.encode(), COMPANY)
    assert (listing.form_type, listing.cik, listing.period_end) == ("10-K", 77, None)
