"""Which element each line is tagged with: it differs between the companies and, for some, from year to year."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from samples.companies import SampleCompany


class DebtLines(StrEnum):
    """How a balance sheet shows what is borrowed."""

    SPLIT = "split"
    """Short-term borrowings, the current and the non-current part of long-term debt."""
    CURRENT_TOTAL = "current_total"
    """`DebtCurrent` and the non-current part; the parts of `DebtCurrent` are tagged in the notes as well."""
    TOTAL_ONLY = "total_only"
    """One line, tagged `LongTermDebt`."""
    NONE = "none"
    """No borrowing, and no fact that says zero."""


@dataclass(frozen=True, slots=True)
class Tagging:
    """Elements of the us-gaap taxonomy by local name. An empty one means the line is not tagged."""

    revenue: str = "RevenueFromContractWithCustomerExcludingAssessedTax"
    cost_of_revenue: str = "CostOfGoodsAndServicesSold"
    gross_profit: str = "GrossProfit"
    interest_expense: str = "InterestExpense"
    liabilities: str = "Liabilities"
    investments: str = "ShortTermInvestments"
    earnings_per_share: tuple[str, ...] = ("EarningsPerShareBasic", "EarningsPerShareDiluted")
    """Two: basic and diluted on lines of their own. One: a single line."""
    debt: DebtLines = DebtLines.SPLIT


def tagging_of(company: SampleCompany, label: int, *, annual: bool) -> Tagging:
    """The choice in the reports of fiscal year `label`."""
    if company.key == "larkfield":
        return Tagging(
            investments="MarketableSecuritiesCurrent",
            interest_expense="InterestExpenseNonoperating" if label >= 2024 else "InterestExpense",
        )
    if company.key == "pell_dunmore":
        return Tagging(
            revenue="Revenues",
            cost_of_revenue="CostOfRevenue",
            gross_profit="GrossProfit" if annual else "",
            liabilities="",
            earnings_per_share=("EarningsPerShareBasicAndDiluted",)
            if label >= 2024
            else ("EarningsPerShareDiluted",),
        )
    if label == 2022:
        return Tagging(revenue="Revenues", cost_of_revenue="CostOfRevenue", debt=DebtLines.CURRENT_TOTAL)
    if label == 2023:
        return Tagging(
            cost_of_revenue="CostOfRevenue", gross_profit="", liabilities="", debt=DebtLines.TOTAL_ONLY
        )
    return Tagging(interest_expense="InterestExpenseDebt")
