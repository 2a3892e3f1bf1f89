"""Sums that hold in every set of statements: assets and what finances them, cash flows and the change of cash.

Each is tested on what is tagged, within what rounding allows: every report may be off by half a unit of its last place,
so a sum by as much for each of its parts (Calculations 1.1, XBRL International 2023, section 3). An identity that does
not hold shows a tagging or an accounting error; what rests on its figures is then less sure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from tenkay_extractor.evidence import FactEvidence
from tenkay_extractor.expressions import ARITHMETIC
from tenkay_extractor.facts import Agreement, Fact, FactIndex, Period
from tenkay_extractor.periods import ReportingPeriod

PER_SHARE_TOLERANCE = Decimal("0.015")
"""Share of the income that earnings per share times shares may miss it by: average shares are rounded figures."""

_EQUITY = (
    ("us-gaap:StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest",),
    ("us-gaap:StockholdersEquity", "us-gaap:MinorityInterest"),
    ("us-gaap:StockholdersEquity",),
    ("us-gaap:PartnersCapitalIncludingPortionAttributableToNoncontrollingInterest",),
    ("us-gaap:PartnersCapital",),
    ("us-gaap:MembersEquity",),
    ("ifrs-full:Equity",),
)
_BETWEEN = re.compile(
    r"TemporaryEquity|Redeemable|Redemption|MinorityInterest|Noncontrolling|Mezzanine|PreferredStock"
    r"|PreferredShares|PreferredUnits|CommitmentsAndContingencies"
)
"""Names of what stands between liabilities and equity: standard elements and the filers' own."""
_MOST_BETWEEN = 12

_CASH_FLOWS = (
    "us-gaap:NetCashProvidedByUsedInOperatingActivities",
    "us-gaap:NetCashProvidedByUsedInInvestingActivities",
    "us-gaap:NetCashProvidedByUsedInFinancingActivities",
)
_EXCHANGE_EFFECTS = (
    "us-gaap:EffectOfExchangeRateOnCashCashEquivalentsRestrictedCashAndRestrictedCashEquivalents",
    "us-gaap:EffectOfExchangeRateOnCashCashEquivalentsRestrictedCashAndRestrictedCashEquivalentsIncludingDisposalGroupAndDiscontinuedOperations",
    "us-gaap:EffectOfExchangeRateOnCashAndCashEquivalents",
    "us-gaap:EffectOfExchangeRateOnCash",
)
_DISCONTINUED_CASH = (
    "us-gaap:NetCashProvidedByUsedInDiscontinuedOperations",
    "us-gaap:CashProvidedByUsedInOperatingActivitiesDiscontinuedOperations",
    "us-gaap:CashProvidedByUsedInInvestingActivitiesDiscontinuedOperations",
    "us-gaap:CashProvidedByUsedInFinancingActivitiesDiscontinuedOperations",
)
_CHANGES_OF_CASH = (
    (
        "us-gaap:CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalentsPeriodIncreaseDecreaseIncludingExchangeRateEffect",
        True,
    ),
    (
        "us-gaap:CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalentsPeriodIncreaseDecreaseExcludingExchangeRateEffect",
        False,
    ),
    ("us-gaap:CashAndCashEquivalentsPeriodIncreaseDecrease", True),
    ("us-gaap:CashAndCashEquivalentsPeriodIncreaseDecreaseExcludingExchangeRateEffect", False),
)


@dataclass(frozen=True, slots=True)
class IdentityTest:
    """One identity, tested on one filing."""

    name: str
    """In words, as "assets = liabilities + equity"."""
    total: Decimal
    parts: Decimal
    """What the parts add up to."""
    tolerance: Decimal
    evidence: tuple[FactEvidence, ...]
    """All figures that took part."""
    doubted: frozenset[Fact]
    """The figures that are less sure when it does not hold."""

    @property
    def difference(self) -> Decimal:
        return ARITHMETIC.subtract(self.total, self.parts)

    @property
    def holds(self) -> bool:
        return abs(self.difference) <= self.tolerance

    def __str__(self) -> str:
        told = "holds" if self.holds else "does not hold"
        return f"{self.name} {told}: {self.total:f} and {self.parts:f}, a difference of {self.difference:f}"


def tie_out(index: FactIndex, period: ReportingPeriod, currency: str) -> tuple[IdentityTest, ...]:
    """Every identity whose figures the filing tags, for its reporting period."""
    statements = _Statements(index, period, currency)
    found = (
        statements.assets_and_what_finances_them(),
        statements.assets_liabilities_and_equity(),
        statements.in_parts("assets = current + non-current", "Assets", "AssetsCurrent", "AssetsNoncurrent"),
        statements.in_parts(
            "liabilities = current + non-current",
            "Liabilities",
            "LiabilitiesCurrent",
            "LiabilitiesNoncurrent",
        ),
        statements.cash_flows(),
        statements.gross_profit(),
        statements.earnings_per_share(),
    )
    return tuple(each for each in found if each is not None)


def rounding(facts: Sequence[Fact]) -> Decimal:
    """How far a sum of these facts may be off because each is rounded."""
    allowed = Decimal(0)
    for fact in facts:
        if fact.decimals is not None and not fact.infinitely_precise:
            allowed += Decimal(5).scaleb(-fact.decimals - 1)
    return allowed


@dataclass(frozen=True, slots=True)
class _Statements:
    index: FactIndex
    period: ReportingPeriod
    currency: str

    def assets_and_what_finances_them(self) -> IdentityTest | None:
        total = self._balance("us-gaap:Assets")
        parts = self._balance("us-gaap:LiabilitiesAndStockholdersEquity")
        if total is None or parts is None:
            return None
        return _sum("assets = liabilities and equity", total, [parts], doubted=[total, parts])

    def assets_liabilities_and_equity(self) -> IdentityTest | None:
        for prefix in ("us-gaap", "ifrs-full"):
            assets = self._balance(f"{prefix}:Assets")
            liabilities = self._balance(f"{prefix}:Liabilities")
            if assets is not None and liabilities is not None:
                break
        else:
            return None
        tests = [
            _sum(
                "assets = liabilities + equity",
                assets,
                [liabilities, *equity],
                doubted=[assets, liabilities, *equity],
            )
            for equity in self._equities()
        ]
        for test in tests:
            if test.holds:
                return test
        return self._with_what_stands_between(tests) or (tests[0] if tests else None)

    def _equities(self) -> Iterator[list[Fact]]:
        for elements in _EQUITY:
            facts = [self._balance(element) for element in elements]
            told = [fact for fact in facts if fact is not None]
            if len(told) == len(elements):
                yield told

    def _with_what_stands_between(self, tests: Sequence[IdentityTest]) -> IdentityTest | None:
        """The test with temporary equity and the like that make up the difference; None when none do."""
        end = Period(None, self.period.end)
        between: list[Fact] = []
        for name in self.index.concepts():
            if _BETWEEN.search(name) and len(between) < _MOST_BETWEEN:
                report = self.index.reported(name, end, self.currency)
                if isinstance(report, Agreement) and report.fact.value:
                    between.append(report.fact)
        for test in tests:
            known = {each.fact for each in test.evidence}
            further = [fact for fact in between if fact not in known]
            for size in (1, 2, 3):
                for chosen in combinations(further, size):
                    added = sum((_value(fact) for fact in chosen), Decimal(0))
                    allowed = ARITHMETIC.add(test.tolerance, rounding(chosen))
                    if abs(test.difference - added) <= allowed:
                        return IdentityTest(
                            test.name,
                            test.total,
                            ARITHMETIC.add(test.parts, added),
                            allowed,
                            (*test.evidence, *(_evidence(fact) for fact in chosen)),
                            test.doubted,
                        )
        return None

    def in_parts(self, name: str, total: str, *parts: str) -> IdentityTest | None:
        whole = self._balance(f"us-gaap:{total}")
        told = [self._balance(f"us-gaap:{part}") for part in parts]
        facts = [fact for fact in told if fact is not None]
        if whole is None or len(facts) < len(parts):
            return None
        return _sum(name, whole, facts, doubted=[whole, *facts])

    def cash_flows(self) -> IdentityTest | None:
        for period in self.period.year_to_date:
            flows = [self._flow(element, period) for element in _CASH_FLOWS]
            told = [fact for fact in flows if fact is not None]
            if len(told) < len(_CASH_FLOWS):
                continue
            effect = next(
                (fact for name in _EXCHANGE_EFFECTS if (fact := self._flow(name, period)) is not None), None
            )
            discontinued = [
                fact for name in _DISCONTINUED_CASH if (fact := self._flow(name, period)) is not None
            ]
            tests: list[IdentityTest] = []
            for element, with_effect in _CHANGES_OF_CASH:
                change = self._flow(element, period)
                if change is None:
                    continue
                parts = [*told, effect] if with_effect and effect is not None else told
                tests += [
                    _sum("cash flows = change of cash", change, [*parts, *more], doubted=[change, *told])
                    for size in range(len(discontinued) + 1)
                    for more in combinations(discontinued, size)
                ]
            if tests:
                return next((test for test in tests if test.holds), tests[0])
        return None

    def gross_profit(self) -> IdentityTest | None:
        for period in self.period.flows:
            profit = self._flow("us-gaap:GrossProfit", period)
            cost = self._flow("us-gaap:CostOfRevenue", period)
            revenues = [
                fact
                for name in (
                    "Revenues",
                    "RevenueFromContractWithCustomerExcludingAssessedTax",
                    "RevenueFromContractWithCustomerIncludingAssessedTax",
                    "SalesRevenueNet",
                )
                if (fact := self._flow(f"us-gaap:{name}", period)) is not None
            ]
            if profit is None or cost is None or not revenues:
                continue
            tests = [
                _sum("revenue = gross profit + its cost", revenue, [profit, cost], doubted=[profit, cost])
                for revenue in revenues
            ]
            return next((test for test in tests if test.holds), tests[0])
        return None

    def earnings_per_share(self) -> IdentityTest | None:
        for period in self.period.flows:
            earnings = self._reported("us-gaap:EarningsPerShareBasic", period, f"{self.currency}/shares")
            shares = self._reported("us-gaap:WeightedAverageNumberOfSharesOutstandingBasic", period, "shares")
            incomes = [
                fact
                for name in (
                    "NetIncomeLossAvailableToCommonStockholdersBasic",
                    "NetIncomeLoss",
                    "ProfitLoss",
                )
                if (fact := self._flow(f"us-gaap:{name}", period)) is not None
            ]
            if earnings is None or shares is None or not incomes:
                continue
            product = ARITHMETIC.multiply(_value(earnings), _value(shares))
            # Half a cent of earnings, on so many shares, is rounding; so is half a unit of the shares themselves.
            allowed = _as_printed(earnings) * _value(shares) + rounding([shares]) * abs(_value(earnings))
            tests = [
                IdentityTest(
                    "income = earnings per share x shares",
                    _value(income),
                    product,
                    max(
                        ARITHMETIC.add(allowed, rounding([income])), abs(_value(income)) * PER_SHARE_TOLERANCE
                    ),
                    (_evidence(income), _evidence(earnings), _evidence(shares)),
                    frozenset({earnings, shares}),
                )
                for income in incomes
            ]
            return next((test for test in tests if test.holds), tests[0])
        return None

    def _balance(self, element: str) -> Fact | None:
        return self._reported(element, Period(None, self.period.end), self.currency)

    def _flow(self, element: str, period: Period) -> Fact | None:
        return self._reported(element, period, self.currency)

    def _reported(self, element: str, period: Period, unit: str) -> Fact | None:
        report = self.index.reported(element, period, unit)
        return report.fact if isinstance(report, Agreement) else None


def _sum(name: str, total: Fact, parts: Sequence[Fact], *, doubted: Sequence[Fact]) -> IdentityTest:
    added = Decimal(0)
    for part in parts:
        added = ARITHMETIC.add(added, _value(part))
    return IdentityTest(
        name,
        _value(total),
        added,
        rounding([total, *parts]),
        tuple(_evidence(fact) for fact in (total, *parts)),
        frozenset(doubted),
    )


def _as_printed(fact: Fact) -> Decimal:
    """Half a unit of the last place that the figure shows. Many tag earnings per share as exact, which they are not."""
    exponent = _value(fact).as_tuple().exponent
    shown = Decimal(5).scaleb(min(exponent, 0) - 1) if isinstance(exponent, int) else Decimal(0)
    return max(shown, rounding([fact]))


def _evidence(fact: Fact) -> FactEvidence:
    return FactEvidence(fact.concept.partition(":")[2], fact)


def _value(fact: Fact) -> Decimal:
    assert fact.value is not None, "an index holds facts with a value only"  # noqa: S101
    return fact.value
