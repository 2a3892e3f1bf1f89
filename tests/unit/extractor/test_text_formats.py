"""What displays of text formats stand for."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.number_formats import UnreadableDisplayError
from tenkay_extractor.text_formats import read_text


@pytest.mark.parametrize(
    ("displayed", "text_format", "value"),
    [
        ("September 28, 2024", "date-monthname-day-year-en", "2024-09-28"),
        ("September\xa028,\xa02024", "datemonthdayyearen", "2024-09-28"),
        ("SEPT. 3rd, 2024", "datelongus", "2024-09-03"),
        ("28 Sep 24", "dateshortuk", "2024-09-28"),
        ("the 28th of September 2024", "date-day-monthname-year-en", "2024-09-28"),
        ("3/4/2024", "date-month-day-year", "2024-03-04"),
        ("3/4/2024", "date-day-month-year", "2024-04-03"),
        ("3.4.24", "datedoteu", "2024-04-03"),
        ("3/4/2024", "dateslashus", "2024-03-04"),
        ("2024-3-4", "date-year-month-day", "2024-03-04"),
        ("September 28", "date-monthname-day-en", "--09-28"),
        ("February 29", "datemonthdayen", "--02-29"),
        ("28 September", "datedaymonthen", "--09-28"),
        ("--09-28", "date-month-day", "--09-28"),
        ("28/9", "dateslashdaymontheu", "--09-28"),
        ("September 2024", "date-monthname-year-en", "2024-09"),
        ("2024, September", "dateyearmonthen", "2024-09"),
        ("9/2024", "date-month-year", "2024-09"),
        ("Yes", "fixed-true", "true"),
        ("", "booleanfalse", "false"),
        ("whatever", "fixed-empty", ""),
        ("whatever", "nocontent", ""),
        ("☒", "boolballotbox", "true"),
        ("☑", "boolballotbox", "true"),
        ("☐", "boolballotbox", "false"),
        ("þ", "boolballotbox", "true"),
        ("☐", "yesnoballotbox", "No"),
        ("5", "duryear", "P5Y"),
        ("2.5", "duryear", "P2Y6M"),
        ("1.1", "duryear", "P1Y1M6D"),
        ("0", "duryear", "P0Y"),
        ("18", "durmonth", "P18M"),
        ("1.5", "durmonth", "P1M15D"),
        ("-3", "durday", "-P3D"),
        ("2", "durweek", "P14D"),
        ("0.5", "durday", "PT12H"),
        ("36", "durhour", "PT36H"),
        ("five years", "durwordsen", "P5Y"),
        ("two years and six months", "durwordsen", "P2Y6M"),
        ("one year, two months, and 3 days", "durwordsen", "P1Y2M3D"),
        ("12-month", "durwordsen", "P12M"),
        ("twenty-five days", "durwordsen", "P25D"),
        ("no years", "durwordsen", "P0D"),
        ("first quarter of 2024", "datequarterend", "2024-03-31"),
        ("2023 fourth quarter", "datequarterend", "2023-12-31"),
        ("Q2 2024", "datequarterend", "2024-06-30"),
        ("The Nasdaq Stock Market LLC", "exchnameen", "NASDAQ"),
        ("New York Stock Exchange", "exchnameen", "NYSE"),
        ("NYSE Arca, Inc.", "exchnameen", "NYSEArca"),
        ("Delaware", "stateprovnameen", "DE"),
        ("Québec", "stateprovnameen", "QC"),
        ("Bermuda", "edgarprovcountryen", "D0"),
        ("British Columbia, Canada", "edgarprovcountryen", "A1"),
        ("Canada", "edgarprovcountryen", "Z4"),
        ("Côte d’Ivoire", "countrynameen", "CI"),
        ("the United States of America", "countrynameen", "US"),
        ("Non-accelerated\xa0filer", "entityfilercategoryen", "Non-accelerated Filer"),
        ("LARGE ACCELERATED FILER", "entityfilercategoryen", "Large Accelerated Filer"),
        ("1,234", "num-dot-decimal", "1234"),
        ("two", "numwordsen", "2"),
    ],
)
def test_a_display_is_read(displayed: str, text_format: str, value: str) -> None:
    assert read_text(displayed, text_format) == value


@pytest.mark.parametrize(
    ("displayed", "text_format"),
    [
        ("February 30, 2024", "datemonthdayyearen"),
        ("13/13/2024", "date-month-day-year"),
        ("Smarch 3, 2024", "datemonthdayyearen"),
        ("2024", "datemonthdayyearen"),
        ("maybe", "boolballotbox"),
        ("☐☒", "boolballotbox"),
        ("many years", "durwordsen"),
        ("", "durwordsen"),
        ("five", "duryear"),
        ("Elbonia", "countrynameen"),
        ("the exchange", "exchnameen"),
        ("filer", "entityfilercategoryen"),
        ("31 Dezember 2024", "date-day-monthname-year-de"),
        ("x", "no-such-format"),
        ("1" * 10_000, "date-month-day-year"),
        ("nine " * 10_000, "durwordsen"),
    ],
)
def test_what_its_format_does_not_allow_is_unreadable(displayed: str, text_format: str) -> None:
    with pytest.raises(UnreadableDisplayError):
        read_text(displayed, text_format)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_a_date_in_any_order_is_the_same_day(day: date) -> None:
    shown = {
        "date-monthname-day-year-en": f"{day:%B} {day.day}, {day.year}",
        "datedaymonthyearen": f"{day.day} {day:%b} {day.year}",
        "date-month-day-year": f"{day.month}/{day.day}/{day.year}",
        "date-day-month-year": f"{day.day}.{day.month}.{day.year}",
        "date-year-month-day": day.isoformat(),
    }
    assert {read_text(text, name) for name, text in shown.items()} == {day.isoformat()}
    assert read_text(f"{day:%B} {day.day}", "date-monthname-day-en") == f"--{day:%m-%d}"


_NAMES = (
    "datemonthdayyearen", "date-day-month", "date-year-month", "boolballotbox", "yesnoballotbox", "duryear", "durmonth",
    "durweek", "durday", "durhour", "durwordsen", "datequarterend", "countrynameen", "stateprovnameen",
    "edgarprovcountryen", "exchnameen", "entityfilercategoryen", "fixed-true", "fixed-empty", "num-dot-decimal",
    "numwordsen", "unknown",
)  # fmt: skip


@given(st.text(max_size=500), st.sampled_from(_NAMES))
def test_any_display_is_read_or_unreadable(displayed: str, text_format: str) -> None:
    try:
        value = read_text(displayed, text_format)
    except UnreadableDisplayError:
        return
    assert len(value) <= 400
