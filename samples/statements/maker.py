"""What all statements share: the company, its choice of elements, its unit, and the columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from samples.blocks import Figure, Member
from samples.companies import SampleCompany
from samples.financials import Balance, Flows
from samples.fiscal_calendar import Period, spoken
from samples.tagging import Tagging


@dataclass(frozen=True, slots=True)
class FlowColumn:
    period: Period
    flows: Flows


@dataclass(frozen=True, slots=True)
class BalanceColumn:
    day: date
    balance: Balance


@dataclass(frozen=True, slots=True)
class CashColumn:
    period: Period
    flows: Flows
    closing: Balance


@dataclass(frozen=True, slots=True)
class StatementMaker:
    """Makes one company's statements. `unit_scale` is the power of ten the amounts are in."""

    company: SampleCompany
    tagging: Tagging
    unit_scale: int

    def money(
        self,
        element: str | tuple[str, ...],
        when: Period | date,
        amount: int | None,
        *,
        outflow: bool = False,
        members: tuple[Member, ...] = (),
    ) -> Figure:
        """An amount in the company's unit, tagged as us-gaap `element` (empty: not tagged)."""
        names = (element,) if isinstance(element, str) else element
        return Figure(
            elements=tuple(f"us-gaap:{name}" for name in names if name),
            when=when,
            value=None if amount is None else Decimal(amount).scaleb(self.unit_scale),
            scale=self.unit_scale,
            decimals=-self.unit_scale,
            members=members,
            outflow=outflow,
        )

    @property
    def unit_name(self) -> str:
        return "millions" if self.unit_scale == 6 else "thousands"


def flow_header(period: Period) -> str:
    months = round(period.days / 30.4)
    length = {3: "Three months ended", 6: "Six months ended", 9: "Nine months ended"}.get(
        months, "Year ended"
    )
    return f"{length} {spoken(period.end)}"
