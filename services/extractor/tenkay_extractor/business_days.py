"""Business days of the Commission: not Saturdays, Sundays or federal holidays.

Exchange Act Rules 0-2 and 0-3; 5 USC 6103.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

_JUNETEENTH_SINCE = 2021
_KING_DAY_SINCE = 1986
_DAY = timedelta(days=1)


def is_business_day(day: date) -> bool:
    return day.weekday() < 5 and day not in federal_holidays(day.year)


def next_business_day(day: date) -> date:
    """The day itself when it is a business day, else the first one after it."""
    while not is_business_day(day):
        day += _DAY
    return day


def add_business_days(day: date, count: int) -> date:
    """The count-th business day after the day, which need not be one itself."""
    for _ in range(count):
        day = next_business_day(day + _DAY)
    return day


@lru_cache(maxsize=256)
def federal_holidays(year: int) -> frozenset[date]:
    """Days of the year on which a federal holiday is kept: a Saturday's on the Friday before, a Sunday's on the Monday
    after. The Friday before a Saturday's New Year's Day is in the year before.
    """
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25), date(year + 1, 1, 1)]
    if year >= _JUNETEENTH_SINCE:
        fixed.append(date(year, 6, 19))
    kept = {_kept(day) for day in fixed}
    if year >= _KING_DAY_SINCE:
        kept.add(_weekday(year, 1, 0, 3))
    kept |= {
        _weekday(year, 2, 0, 3),  # Washington's Birthday
        _last_monday(year, 5),  # Memorial Day
        _weekday(year, 9, 0, 1),  # Labor Day
        _weekday(year, 10, 0, 2),  # Columbus Day
        _weekday(year, 11, 3, 4),  # Thanksgiving
    }
    return frozenset(day for day in kept if day.year == year)


def _kept(day: date) -> date:
    return day - _DAY if day.weekday() == 5 else day + _DAY if day.weekday() == 6 else day


def _weekday(year: int, month: int, weekday: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))


def _last_monday(year: int, month: int) -> date:
    last = date(year, month + 1, 1) - _DAY
    return last - timedelta(days=last.weekday())
