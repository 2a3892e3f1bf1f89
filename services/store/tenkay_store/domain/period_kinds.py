"""How a signal's value relates to its filing's period: what may be summed over quarters, and what may not.

The catalog says so by its formulas: a sum of flows of money is itself a flow; anything else that is computed from flows
is a measure of its own period. A test derives these tables from the catalog's rows, so that a new row cannot be missed.

An annual report gives the year's flow. A quarterly one gives some flows of the quarter alone, others since the fiscal
year began, as the statements print them: both can be brought to twelve months, each in its own way.
"""

from __future__ import annotations

from enum import Enum


class PeriodKind(Enum):
    """What a value becomes over twelve months."""

    QUARTER_FLOW = "quarter flow"
    """Money of the quarter alone in a quarterly report: four quarters are summed."""
    YEAR_TO_DATE_FLOW = "year-to-date flow"
    """Money since the fiscal year began in a quarterly report."""
    OF_PERIOD = "of its period"
    """Computed from flows without being a sum of them: never summed, and not what another period would give."""
    OF_FILING = "of its filing"
    """A balance at a day, a flag, a measure of the text: the newest filing's."""


QUARTER_FLOWS = frozenset(
    {
        "revenue", "cost_of_revenue", "gross_profit", "operating_income", "pretax_income", "income_tax_expense",
        "net_income", "research_and_development", "sga_expense",
    }
)  # fmt: skip
YEAR_TO_DATE_FLOWS = frozenset(
    {
        "ebitda", "operating_cash_flow", "capital_expenditure", "free_cash_flow", "stock_compensation", "reit_ffo",
    }
)  # fmt: skip
OF_PERIOD = frozenset(
    {
        "acquisition_intensity", "advertising_intensity", "altman_z_double_prime", "altman_z_private",
        "asset_turnover", "bank_efficiency_ratio", "bank_net_charge_off_rate", "bank_net_interest_margin",
        "bank_provision_rate", "beneish_m", "buyback_ratio", "capex_growth_yoy", "capex_intensity",
        "capex_to_depreciation", "cash_conversion_cycle", "cash_earnings_ratio", "cash_flow_accruals",
        "cash_return_on_assets", "cash_runway_months", "cash_tax_rate", "cfo_growth_yoy", "cfo_to_debt",
        "days_inventory", "days_payables", "days_sales_outstanding", "dechow_f", "deferred_revenue_growth",
        "diluted_shares", "dilution_spread", "discontinued_share", "dividends_per_share", "dso_change",
        "ebitda_margin", "effective_tax_rate", "eps_diluted", "eps_growth_yoy", "fcf_margin", "foreign_income_share",
        "geographic_concentration", "gross_margin", "gross_margin_change", "gross_profit_growth_yoy",
        "gross_profitability", "impairment_ratio", "insurer_loss_ratio", "insurer_reserve_development",
        "interest_coverage", "inventory_vs_sales_growth", "montier_c", "net_debt_to_ebitda", "net_external_financing",
        "net_income_growth_yoy", "net_margin", "net_share_issuance", "nonoperating_share", "ohlson_o",
        "operating_income_growth_yoy", "operating_margin", "operating_margin_change", "operating_profitability",
        "payout_ratio", "percent_accruals", "piotroski_f", "receivables_vs_sales_growth", "restructuring_ratio",
        "return_on_assets", "return_on_equity", "return_on_invested_capital", "revenue_growth_yoy", "rnd_growth_yoy",
        "rnd_intensity", "sbc_to_cfo", "sbc_to_revenue", "segment_concentration", "sga_ratio", "sga_vs_sales_growth",
        "sloan_accruals", "small_profit", "zmijewski_x",
    }
)  # fmt: skip


def period_kind(signal_id: str) -> PeriodKind:
    """The kind of a signal. One that is not of the catalog is taken as the filing's: nothing is summed by default."""
    if signal_id in QUARTER_FLOWS:
        return PeriodKind.QUARTER_FLOW
    if signal_id in YEAR_TO_DATE_FLOWS:
        return PeriodKind.YEAR_TO_DATE_FLOW
    return PeriodKind.OF_PERIOD if signal_id in OF_PERIOD else PeriodKind.OF_FILING
