"""Numbers and dates as filings display them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.number_formats import UnreadableNumberError, read_date, read_number, read_xbrl_number


@pytest.mark.parametrize(
    ("displayed", "number_format", "scale", "negative", "value"),
    [
        ("1,234.5", "num-dot-decimal", 6, False, "1234500000"),
        ("1,234", "numdotdecimal", 3, True, "-1234000"),
        ("1.234,5", "num-comma-decimal", 0, False, "1234.5"),
        ("1 234,5", "numspacecomma", 0, False, "1234.5"),
        ("0.05", "num-dot-decimal", -2, False, "0.0005"),
        ("—", "fixed-zero", 6, False, "0"),
        ("-", "zerodash", 3, True, "0"),
        ("none", "numwordsen", 0, False, "0"),
        ("twenty-five thousand and three", "numwordsen", 0, False, "25003"),
        ("two hundred", "num-words-en".replace("-", ""), 0, False, "200"),
        ("12", None, 0, False, "12"),
        ("1,234", None, 0, False, "1234"),
        ("2 dollars 5 cents", "num-unit-decimal", 0, False, "2.05"),
        ("1'234.50", "num-dot-decimal-apos", 0, False, "1234.50"),
        ("1’234,50", "num-comma-decimal-apos", 0, False, "1234.50"),
        ("12,34,567.8", "num-dot-decimal-in", 0, False, "1234567.8"),
        ("1,234.5", "numcommadot", 0, False, "1234.5"),
        ("1 234.5", "numspacedot", 0, False, "1234.5"),
        ("–", "numdash", 0, False, "0"),
        ("anything", "fixed-zero", 9, True, "0"),
        ("twenty‑one", "numwordsen", 0, False, "21"),
        ("one million, two hundred thousand", "numwordsen", 0, False, "1200000"),
    ],
)
def test_a_displayed_number_is_read(
    displayed: str, number_format: str | None, scale: int, negative: bool, value: str
) -> None:
    assert read_number(displayed, number_format, scale, negative=negative) == Decimal(value)


@pytest.mark.parametrize(
    ("displayed", "number_format", "scale"),
    [
        ("(1,234)", "num-dot-decimal", 0),
        ("-5", None, 0),
        ("", None, 0),
        ("about 5", "num-dot-decimal", 0),
        ("1,23", None, 0),
        ("5", "an-unknown-format", 0),
        ("five-ish", "numwordsen", 0),
        ("9" * 10_000, "num-dot-decimal", 0),
        ("9" * 41, "num-dot-decimal", 0),
        ("5", "num-dot-decimal", 99),
        ("٣", "num-dot-decimal", 0),
        (",123", "num-dot-decimal", 0),
    ],
)
def test_what_its_format_does_not_allow_is_unreadable(
    displayed: str, number_format: str | None, scale: int
) -> None:
    with pytest.raises(UnreadableNumberError):
        read_number(displayed, number_format, scale)


@given(st.decimals(0, 10**15, places=3, allow_nan=False), st.integers(-6, 9), st.booleans())
def test_a_number_written_with_thousands_separators_reads_back_exactly(
    value: Decimal, scale: int, negative: bool
) -> None:
    expected = value.scaleb(scale)
    assert read_number(f"{value:,}", "num-dot-decimal", scale, negative=negative) == (
        -expected if negative else expected
    )
    swapped = f"{value:,}".translate(str.maketrans(",.", ".,"))
    assert read_number(swapped, "num-comma-decimal", scale) == expected


@given(
    st.text(max_size=60),
    st.sampled_from([None, "num-dot-decimal", "num-comma-decimal", "numwordsen", "fixed-zero"]),
)
def test_any_display_gives_a_finite_number_or_is_unreadable(
    displayed: str, number_format: str | None
) -> None:
    try:
        value = read_number(displayed, number_format, 3)
    except UnreadableNumberError:
        return
    assert value.is_finite()


@pytest.mark.parametrize(
    ("lexical", "value"), [("-1234", "-1234"), (" 1.5 ", "1.5"), ("1.2E3", "1200"), ("-0", "0")]
)
def test_instance_numbers_are_read(lexical: str, value: str) -> None:
    assert read_xbrl_number(lexical) == Decimal(value)


@pytest.mark.parametrize("lexical", ["", "NaN", "INF", "1,000", "1e999", "0x10"])
def test_instance_numbers_that_are_none_are_unreadable(lexical: str) -> None:
    with pytest.raises(UnreadableNumberError):
        read_xbrl_number(lexical)


@pytest.mark.parametrize(
    ("displayed", "day"),
    [
        ("September 28, 2024", date(2024, 9, 28)),
        ("September\xa028,\xa02024", date(2024, 9, 28)),
        ("Sept. 3, 2024", date(2024, 9, 3)),
        ("28 September 2024", date(2024, 9, 28)),
        ("2024-09-28", date(2024, 9, 28)),
        ("2024-09-28T00:00:00", date(2024, 9, 28)),
        ("9/28/2024", date(2024, 9, 28)),
        ("February 30, 2024", None),
        ("soon", None),
    ],
)
def test_displayed_dates_are_read(displayed: str, day: date | None) -> None:
    assert read_date(displayed) == day


@pytest.mark.parametrize(
    ("displayed", "number_format"),
    [("5", "zerodash"), ("", "zerodash"), ("12", "numdash"), ("∞", "numinf"), ("n/a", "numnan")],
)
def test_only_a_dash_stands_for_zero_and_only_finite_numbers_are_numbers(
    displayed: str, number_format: str
) -> None:
    with pytest.raises(UnreadableNumberError):
        read_number(displayed, number_format)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_dates_written_out_read_back(day: date) -> None:
    assert read_date(f"{day:%B} {day.day}, {day.year}") == day
    assert read_date(day.isoformat()) == day
