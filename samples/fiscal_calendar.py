"""Fiscal years and their quarters, and EDGAR's clock."""

from __future__ import annotations

from calendar import SATURDAY, SUNDAY, monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A span of days, both ends included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """Four quarters without a gap. `label` is what the company calls the year: 2024 can end in January 2025."""

    label: int
    quarters: tuple[Period, Period, Period, Period]

    @property
    def whole(self) -> Period:
        return self.to_date(4)

    def to_date(self, quarter: int) -> Period:
        """From the year's first day to the end of `quarter`, 1 to 4."""
        return Period(self.quarters[0].start, self.quarters[quarter - 1].end)


def month_end_fiscal_year(label: int, last_month: int) -> FiscalYear:
    """A year of twelve calendar months. One that ends before June is named for the year in which it began."""
    end_year = label + 1 if last_month < 6 else label
    ends = [_month_end(end_year, last_month - back) for back in (12, 9, 6, 3, 0)]
    return _from_ends(label, ends)


def last_saturday_fiscal_year(label: int, last_month: int) -> FiscalYear:
    """A 52- or 53-week year that ends on the last Saturday of `last_month`.

    A 53rd week falls into the first quarter.
    """
    end = _last_saturday(label, last_month)
    ends = [end - timedelta(weeks=13 * back) for back in (3, 2, 1, 0)]
    return _from_ends(label, [_last_saturday(label - 1, last_month), *ends])


def eastern_to_utc(local: datetime) -> datetime:
    """The instant of a New York wall-clock time, which is what EDGAR stamps on a submission.

    Daylight saving by the rules of 2007 on (second Sunday of March to first Sunday of November), and of 1987 to 2006
    before that (first Sunday of April to last Sunday of October). Written out so that no time zone database is needed.
    """
    day = local.date()
    if day.year >= 2007:
        summer = _nth_sunday(day.year, 3, 2) <= day < _nth_sunday(day.year, 11, 1)
    else:
        last_october = _month_end(day.year, 10)
        summer = (
            _nth_sunday(day.year, 4, 1)
            <= day
            < last_october - timedelta(days=(last_october.weekday() - SUNDAY) % 7)
        )
    return (local + timedelta(hours=4 if summer else 5)).replace(tzinfo=UTC)


def next_business_day(day: date) -> date:
    """`day` itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= SATURDAY else 0)


def spoken(day: date) -> str:
    """As filings print a date: "September 28, 2024"."""
    return f"{day:%B} {day.day}, {day.year}"


def _from_ends(label: int, ends: list[date]) -> FiscalYear:
    first, second, third, fourth = (Period(before + timedelta(days=1), end) for before, end in pairwise(ends))
    return FiscalYear(label, (first, second, third, fourth))


def _month_end(year: int, month: int) -> date:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, monthrange(year, month)[1])


def _last_saturday(year: int, month: int) -> date:
    last = _month_end(year, month)
    return last - timedelta(days=(last.weekday() - SATURDAY) % 7)


def _nth_sunday(year: int, month: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(SUNDAY - first.weekday()) % 7 + 7 * (nth - 1))
