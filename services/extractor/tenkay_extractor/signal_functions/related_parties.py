"""Row over transactions with related parties (ASC 850-10-50; Regulation S-K, item 404)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import Evidence, FactEvidence
from tenkay_extractor.expressions import ARITHMETIC
from tenkay_extractor.facts import Fact
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.periods import Basis

TOTAL_TAGGED = Decimal("0.9")
ADDED = Decimal("0.7")

_AMOUNTS = (
    "us-gaap:RelatedPartyTransactionAmountsOfTransaction",
    "us-gaap:RelatedPartyTransactionAmountOfTransaction",
)
_REVENUES = (
    "us-gaap:RevenueFromRelatedParties",
    "us-gaap:RevenueFromContractWithCustomerExcludingAssessedTax",
    "us-gaap:RevenueFromContractWithCustomerIncludingAssessedTax",
    "us-gaap:Revenues",
)
_COSTS = (
    "us-gaap:RelatedPartyTransactionExpensesFromTransactionsWithRelatedParty",
    "us-gaap:RelatedPartyCosts",
    "us-gaap:CostOfRevenue",
    "us-gaap:CostsAndExpenses",
)
_ALWAYS_RELATED = frozenset({*_AMOUNTS, _REVENUES[0], *_COSTS[:2]})
_PARTY_AXES = frozenset(
    {"us-gaap:RelatedPartyTransactionsByRelatedPartyAxis", "us-gaap:RelatedAndNonrelatedPartyStatusAxis"}
)
_ALL_PARTIES = "us-gaap:RelatedPartyMember"


def related_party_share(filing: FilingView) -> Computed:
    """Tagged amounts of transactions with related parties over revenue of the period, as a fraction.

    Amounts of transactions where they are tagged, else revenue from related parties and costs to them. The total where
    it is tagged, else the single parties' amounts added.
    """
    revenue = filing.facts_resolver().resolve("revenue", "current", Basis.YEAR_TO_DATE)
    period = filing.content.period
    flows = period.year_to_date if period else ()
    parts = [part for part in (_first(filing, _AMOUNTS, flows),) if part]
    if not parts:
        parts = [part for group in (_REVENUES, _COSTS) if (part := _first(filing, group, flows))]
    if not parts:
        raise MissingOperandError(
            MissingReason.CONCEPT_NOT_REPORTED, "no amount of a transaction with related parties is tagged"
        )
    if revenue.value <= 0:
        raise MissingOperandError(MissingReason.ZERO_DENOMINATOR, "revenue is not above zero")
    total = sum((fact.value or Decimal(0) for part in parts for fact in part), Decimal(0))
    added = any(len(part) > 1 or part[0].context.members for part in parts)
    evidence: tuple[Evidence, ...] = tuple(
        FactEvidence("transactions with related parties", fact) for part in parts for fact in part
    )
    notes = (
        ("amounts of single related parties are added; amounts that are not tagged by party may be missing",)
        if added
        else ()
    )
    return Computed(
        ARITHMETIC.divide(total, revenue.value),
        min(revenue.confidence, ADDED if added else TOTAL_TAGGED),
        (*evidence, *revenue.evidence),
        (*notes, *revenue.notes),
        exact=False,
    )


def _first(filing: FilingView, elements: Iterable[str], flows: Iterable[object]) -> tuple[Fact, ...]:
    """The facts that give the first element's total of all related parties; empty when none is told."""
    wanted = list(flows)
    for element in elements:
        facts = [
            fact
            for fact in filing.facts_named(element)
            if fact.value is not None and fact.value >= 0 and fact.context.period in wanted
        ]
        totals = [
            fact
            for fact in facts
            if (not fact.context.members and element in _ALWAYS_RELATED) or (_party(fact) == _ALL_PARTIES)
        ]
        if totals:
            if len({fact.value for fact in totals}) > 1:
                raise MissingOperandError(
                    MissingReason.CONFLICTING_FACTS, f"{element} is tagged with more than one total"
                )
            return (totals[0],)
        by_party: dict[str, Fact] = {}
        for fact in facts:
            party = _party(fact)
            if party is None or element not in _ALWAYS_RELATED:
                continue
            known = by_party.setdefault(party, fact)
            if known.value != fact.value:
                raise MissingOperandError(
                    MissingReason.CONFLICTING_FACTS, f"{element} has several amounts for {party}"
                )
        if by_party:
            return tuple(by_party.values())
    return ()


def _party(fact: Fact) -> str | None:
    """The related party of a fact that is about one and nothing else."""
    members = fact.context.members
    return members[0][1] if len(members) == 1 and members[0][0] in _PARTY_AXES else None


FUNCTIONS = {"related_party_share": related_party_share}
