"""Which period a filing reports on, and which of its contexts are that period, the year before and the opening balance.

Periods are told by their first and last day only, never by fiscal-year labels. A printed period end is snapped to the
day that the filing's own flows end on, because companies with a 52- or 53-week year print the month's end.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tenkay_extractor.facts import Fact, Period

SNAP_DAYS = 8
YEAR_DAYS = range(340, 386)
QUARTER_DAYS = range(75, 106)
YEAR_TO_DATE_DAYS = (QUARTER_DAYS, range(165, 201), range(250, 296))
"""One, two and three quarters. A flow of another length was cut at a merger or a change of the year's end."""
COMPARABLE_DAYS = range(350, 381)
SAME_LENGTH_DAYS = 8
"""By which two comparable flows may differ: a 53rd week and a day."""
_OPENING_DAYS = 4

CASH_FLOW_ELEMENTS = (
    "us-gaap:NetCashProvidedByUsedInOperatingActivities",
    "us-gaap:NetCashProvidedByUsedInOperatingActivitiesContinuingOperations",
    "ifrs-full:CashFlowsFromUsedInOperatingActivities",
)
INCOME_ELEMENTS = ("us-gaap:NetIncomeLoss", "us-gaap:ProfitLoss", "ifrs-full:ProfitLoss")


class Basis(enum.Enum):
    """Which flow a 10-Q row takes: the quarter's own, or the one since the fiscal year began."""

    QUARTER = "q"
    YEAR_TO_DATE = "ytd"


@dataclass(frozen=True, slots=True)
class ReportingPeriod:
    """The periods of one filing. Each list is in order of preference and empty when there is none."""

    end: date
    annual: bool
    flows: tuple[Period, ...]
    """The flow of a year, or the quarter's own in a 10-Q."""
    year_to_date: tuple[Period, ...]
    """The same as `flows` in annual forms."""
    prior_flows: tuple[Period, ...]
    prior_year_to_date: tuple[Period, ...]
    openings: tuple[date, ...]
    """Balance dates at the start of the fiscal year's flow."""
    prior_ends: tuple[date, ...]
    """Balance dates a year before the end."""

    def flow(self, basis: Basis) -> tuple[Period, ...]:
        return self.flows if basis is Basis.QUARTER else self.year_to_date

    def prior_flow(self, basis: Basis) -> tuple[Period, ...]:
        return self.prior_flows if basis is Basis.QUARTER else self.prior_year_to_date


def reporting_period(printed_end: date, facts: Sequence[Fact], *, annual: bool) -> ReportingPeriod:
    """Finds the periods of a filing whose printed period end is known, from its consolidated facts."""
    numeric = [fact for fact in facts if fact.value is not None and not fact.context.members]
    usage = Counter(fact.context.period for fact in numeric if fact.context.period is not None)
    end = snap(printed_end, usage)
    ending = [period for period in usage if not period.is_instant and period.end == end]
    if annual:
        flows = _most_used((period for period in ending if period.days in YEAR_DAYS), usage)
        year_to_date = flows
    else:
        flows = _most_used((period for period in ending if period.days in QUARTER_DAYS), usage)
        year_to_date = _year_to_date(numeric, end) or _longest(flows)
    return ReportingPeriod(
        end=end,
        annual=annual,
        flows=flows,
        year_to_date=year_to_date,
        prior_flows=_comparable(flows, usage),
        prior_year_to_date=_comparable(year_to_date, usage),
        openings=_openings(year_to_date, usage),
        prior_ends=_year_before(end, usage),
    )


def snap(printed_end: date, usage: Counter[Period]) -> date:
    """The last day that most flows within eight days of the printed end have; the printed one when there are none."""
    ends: Counter[date] = Counter()
    for period, count in usage.items():
        if not period.is_instant and abs((period.end - printed_end).days) <= SNAP_DAYS:
            ends[period.end] += count
    if not ends:
        return printed_end
    return max(ends, key=lambda day: (ends[day], -abs((day - printed_end).days), day))


def _most_used(periods: Iterable[Period], usage: Counter[Period]) -> tuple[Period, ...]:
    return tuple(sorted(periods, key=lambda period: (-usage[period], abs(period.days - 365), period.end)))


def _longest(periods: Sequence[Period]) -> tuple[Period, ...]:
    return tuple(sorted(periods, key=lambda period: -period.days))


def _year_to_date(facts: Sequence[Fact], end: date) -> tuple[Period, ...]:
    """The flow since the fiscal year began, as the cash-flow statement has it, else the income statement."""
    for elements in (CASH_FLOW_ELEMENTS, INCOME_ELEMENTS):
        found = {
            period
            for fact in facts
            if fact.concept in elements
            and (period := fact.context.period) is not None
            and not period.is_instant
            and period.end == end
            and any(period.days in lengths for lengths in YEAR_TO_DATE_DAYS)
        }
        if found:
            return _longest(sorted(found, key=lambda period: period.days)[-1:])
    return ()


def _comparable(flows: Sequence[Period], usage: Counter[Period]) -> tuple[Period, ...]:
    """Flows of the same length that ended 350 to 380 days before the first of these."""
    if not flows:
        return ()
    current = flows[0]
    return _most_used(
        (
            period
            for period in usage
            if not period.is_instant
            and (current.end - period.end).days in COMPARABLE_DAYS
            and abs(period.days - current.days) <= SAME_LENGTH_DAYS
        ),
        usage,
    )


def _openings(flows: Sequence[Period], usage: Counter[Period]) -> tuple[date, ...]:
    if not flows or flows[0].start is None:
        return ()
    eve = flows[0].start - timedelta(days=1)
    days = {
        period.end for period in usage if period.is_instant and abs((period.end - eve).days) <= _OPENING_DAYS
    }
    return tuple(sorted(days, key=lambda day: (abs((day - eve).days), day)))


def _year_before(end: date, usage: Counter[Period]) -> tuple[date, ...]:
    days = [period for period in usage if period.is_instant and (end - period.end).days in COMPARABLE_DAYS]
    return tuple(period.end for period in sorted(days, key=lambda period: (-usage[period], period.end)))
