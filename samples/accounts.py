"""A company's accounts by fiscal year, as first reported and as later shown beside a newer year."""

from __future__ import annotations

from dataclasses import dataclass, replace

from samples.financials import Balance, DebtDue, Flows, reclassified, roll_forward, together
from samples.fiscal_calendar import FiscalYear


@dataclass(frozen=True, slots=True)
class YearAccounts:
    fiscal: FiscalYear
    opening: Balance
    """At the end of the year before."""
    quarters: tuple[Flows, ...]
    balances: tuple[Balance, ...]
    """At the end of each quarter."""

    @property
    def annual(self) -> Flows:
        return together(self.quarters)

    @property
    def closing(self) -> Balance:
        return self.balances[-1]

    def to_date(self, quarter: int) -> Flows:
        """The flows from the year's first day to the end of `quarter`, 1 to 4."""
        return together(self.quarters[:quarter])


@dataclass(frozen=True, slots=True)
class Accounts:
    unit_scale: int
    """Power of ten of the unit the amounts are in: 6 = millions of US dollars."""
    years: tuple[YearAccounts, ...]
    reclassification: tuple[int, tuple[int, ...]] | None = None
    """A fiscal year whose revenue and cost later reports show reduced, and by how much in each quarter."""

    def year(self, label: int) -> YearAccounts:
        """As first reported."""
        return next(year for year in self.years if year.fiscal.label == label)

    def comparative(self, label: int) -> YearAccounts:
        """As the report of a later year shows it."""
        year = self.year(label)
        if self.reclassification is None or self.reclassification[0] != label:
            return year
        reductions = self.reclassification[1]
        quarters = tuple(
            reclassified(flows, reduction) for flows, reduction in zip(year.quarters, reductions, strict=True)
        )
        return replace(year, quarters=quarters)


def accounts_of(
    unit_scale: int,
    fiscal_years: tuple[FiscalYear, ...],
    opening: Balance,
    quarters: tuple[Flows, ...],
    debt_due: tuple[DebtDue, ...],
    reclassification: tuple[int, tuple[int, ...]] | None = None,
) -> Accounts:
    """Cut consecutive quarters into fiscal years of four."""
    balances = roll_forward(opening, quarters, debt_due)
    openings = (opening, *balances[3::4])
    years = tuple(
        YearAccounts(fiscal, openings[n], quarters[4 * n : 4 * n + 4], balances[4 * n : 4 * n + 4])
        for n, fiscal in enumerate(fiscal_years)
    )
    return Accounts(unit_scale, years, reclassification)
