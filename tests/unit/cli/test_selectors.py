"""What people type to name companies and filings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.cli.selectors import (
    CikSelector,
    FilingSelector,
    TickerSelector,
    parse_company,
    parse_filing,
    parse_selector,
)
from tenkay.errors import InvalidArgument, Reason

accession_numbers = st.from_regex(r"[0-9]{10}-[0-9]{2}-[0-9]{6}", fullmatch=True).filter(str.isascii)
ciks = st.integers(min_value=1, max_value=9_999_999_999)
tickers = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,9}([.-][A-Za-z0-9]{1,4})?", fullmatch=True).filter(
    str.isascii
)


@given(accession_numbers)
def test_an_accession_number_is_a_filing(text: str) -> None:
    assert parse_selector(text) == FilingSelector(text) == parse_filing(text)


@given(ciks, accession_numbers, st.sampled_from(":/"), st.booleans())
def test_a_cik_before_an_accession_number_says_the_folder(
    cik: int, accession_number: str, separator: str, padded: bool
) -> None:
    text = f"{cik:010}" if padded else str(cik)
    named = FilingSelector(accession_number, cik)
    assert parse_selector(f"{text}{separator}{accession_number}") == named
    assert parse_filing(f"{text}{separator}{accession_number}") == named


@given(ciks, st.booleans())
def test_digits_are_a_cik_with_or_without_leading_zeros(cik: int, padded: bool) -> None:
    text = f"{cik:010}" if padded else str(cik)
    assert parse_selector(text) == CikSelector(cik) == parse_company(text)


@given(tickers)
def test_a_ticker_is_a_company_in_any_case(text: str) -> None:
    assert parse_selector(text) == TickerSelector(text.upper()) == parse_company(text.lower())


@given(st.text() | st.text(alphabet="0123456789-:/.AaBb \n"))
def test_anything_is_understood_or_refused_as_the_users_mistake(text: str) -> None:
    try:
        selector = parse_selector(text)
    except InvalidArgument as error:
        assert error.fields[0].field == "selector"
        assert error.message
        return
    match selector:
        case TickerSelector(ticker):
            assert ticker == text.upper()
        case CikSelector(cik):
            assert cik == int(text)
        case FilingSelector(accession_number, cik):
            assert text.endswith(accession_number)
            assert cik is None or text.startswith(("0", str(cik)))


@pytest.mark.parametrize(
    ("text", "reason", "says"),
    [
        ("000032019324000123", Reason.MALFORMED_ACCESSION_NUMBER, "did you mean 0000320193-24-000123?"),
        ("320193:0000320193-24-00012", Reason.MALFORMED_ACCESSION_NUMBER, "is not an accession number"),
        ("AAPL:0000320193-24-000123", Reason.INVALID_FIELD, "is not a CIK"),
        ("0", Reason.INVALID_FIELD, "is not a CIK"),
        ("12345678901", Reason.MALFORMED_ACCESSION_NUMBER, "is not an accession number"),
        ("", Reason.INVALID_FIELD, "is none of"),
        ("٣٢٠", Reason.INVALID_FIELD, "is none of"),
        ("--forms", Reason.INVALID_FIELD, "is none of"),
    ],
)
def test_a_refusal_says_what_would_do(text: str, reason: Reason, says: str) -> None:
    with pytest.raises(InvalidArgument, match=says.replace("?", r"\?")) as refused:
        parse_selector(text)
    assert refused.value.reason is reason


def test_a_filing_is_refused_where_a_company_is_asked_for() -> None:
    with pytest.raises(InvalidArgument, match="is a filing; give a company"):
        parse_company("0000320193-24-000123")


def test_a_company_is_refused_where_a_filing_is_asked_for() -> None:
    with pytest.raises(InvalidArgument, match="is not an accession number"):
        parse_filing("AAPL")
