"""Rows over major customers (ASC 280-10-50-42: those of ten percent of revenue or more)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tenkay_extractor.claims import takes_back
from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import FactEvidence, TextEvidence
from tenkay_extractor.facts import Fact
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.flag_rows import horizon
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.signal_functions.exposures import told_sections

FROM_FACTS = Decimal("0.98")
COUNTED_FROM_FACTS = Decimal("0.95")
FROM_TEXT = Decimal("0.7")
NONE_STATED = Decimal("0.8")
MAJOR = Decimal("0.1")

_ELEMENTS = ("us-gaap:ConcentrationRiskPercentage1", "us-gaap:ConcentrationRiskPercentage")
_CUSTOMER_AXES = frozenset({"srt:MajorCustomersAxis", "us-gaap:MajorCustomersAxis"})
_BENCHMARK_AXIS = "us-gaap:ConcentrationRiskByBenchmarkAxis"
_TYPE_AXIS = "us-gaap:ConcentrationRiskByTypeAxis"
_REVENUE = frozenset(
    {
        "us-gaap:SalesRevenueNetMember",
        "us-gaap:SalesRevenueGoodsNetMember",
        "us-gaap:SalesMember",
        "us-gaap:RevenueFromContractWithCustomerMember",
        "us-gaap:RevenueFromContractWithCustomerProductOrServiceBenchmarkMember",
        "us-gaap:RevenueBenchmarkMember",
    }
)
_OTHER_RISKS = re.compile(
    r"Geographic|Product|Supplier|Credit|Lender|Labor"
    r"|Government(?=ContractsConcentration)"
)
_SEVERAL = re.compile(
    r"Customers(?:Member)?$|(?:Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten|Top|Largest\d|Other|All|Major"
    r"|Principal|Agencies)(?=[A-Z]|Member)"
    r"|Group(?=Member)|Aggregate|Combined|Total|Government(?:And|Entities)|Wholesalers"
    r"|Distributors(?=Member)|Retailers(?=Member)"
)


def largest_customer_share(filing: FilingView) -> Computed:
    """Largest share of revenue that one customer has in the period, as a fraction: tagged, else printed.

    Shares of several customers together, of receivables and of single segments are none. From text, the largest share
    of ten percent or more that a sentence gives one customer for this year.
    """
    tagged = _tagged(filing)
    if tagged:
        share, fact = max(((fact.value or Decimal(0), fact) for fact in tagged), key=lambda pair: pair[0])
        return Computed(share, FROM_FACTS, (FactEvidence("share of one customer", fact),))
    printed = list(_printed(filing))
    if not printed:
        raise MissingOperandError(
            MissingReason.NOT_STATED, "neither a fact nor a sentence gives one customer's share of revenue"
        )
    best = max(printed, key=lambda each: each.share)
    return Computed(best.share, FROM_TEXT, (best.passage,), ("read from a sentence",))


def major_customers(filing: FilingView) -> Computed:
    """Customers that each have ten percent of revenue or more, by their members; none only where a sentence says so."""
    tagged = _tagged(filing)
    major = {_customer(fact): fact for fact in tagged if (fact.value or Decimal(0)) >= MAJOR}
    if major:
        return Computed(
            Decimal(len(major)),
            COUNTED_FROM_FACTS,
            tuple(FactEvidence("share of one customer", fact) for fact in major.values()),
        )
    denial = _none_is_major(filing)
    if denial is None:
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            "no customer's share is tagged, and no sentence says that none has ten percent",
        )
    return Computed(Decimal(0), NONE_STATED, (denial,))


def _tagged(filing: FilingView) -> list[Fact]:
    """Facts that give one customer's share of the whole revenue, for this period."""
    period = filing.content.period
    if period is None:
        return []
    flows = set(period.flows) or set(period.year_to_date)
    found = [
        fact
        for element in _ELEMENTS
        for fact in filing.facts_named(element)
        if fact.value is not None and _is_one_customers(fact)
    ]
    current = [fact for fact in found if fact.context.period in flows]
    if not current:
        current = [fact for fact in found if fact.context.period in set(period.year_to_date)]
    return current


def _is_one_customers(fact: Fact) -> bool:
    members = dict(fact.context.members)
    axes = set(members)
    customer_axes = axes & _CUSTOMER_AXES
    if len(customer_axes) != 1 or axes - _CUSTOMER_AXES - {_BENCHMARK_AXIS, _TYPE_AXIS}:
        return False
    if members.get(_BENCHMARK_AXIS) not in _REVENUE or _OTHER_RISKS.search(members.get(_TYPE_AXIS, "")):
        return False
    return not _SEVERAL.search(_customer(fact))


def _customer(fact: Fact) -> str:
    return next(member for axis, member in fact.context.members if axis in _CUSTOMER_AXES)


@dataclass(frozen=True, slots=True)
class _Printed:
    share: Decimal
    passage: TextEvidence


_NARRATIVE = ("business", "mdna", "statements", "risk_factors")
_WHO = r"(?:customers?|clients?|distributors?|wholesalers?|retailers?|payors?)"
_SHARE = (
    r"(?:approximately |about |over |more than |an estimated |nearly )?(\d{1,2}(?:\.\d+)?) ?(?:%|percent\b)"
)
_REVENUES = (
    r"(?:(?:our|the company's|total|net|consolidated|annual|overall|its|the|fiscal|worldwide|product) ){0,5}"
    r"(?:\d{4} )?(?:net )?(?:sales|revenues?|turnover)\b"
)
_NEAR = r"(?:(?!\d)[\w'-]+ ){0,3}?"
_MORE_SHARES = r"(?:,? (?:and )?\d{1,2}(?:\.\d+)? ?(?:%|percent)){0,3}"
"""Shares of the years before, behind that of this year."""
_ONE = re.compile(
    rf"\b(?:one|a single|an individual|our (?:single )?largest|the (?:company's )?(?:single )?largest|its"
    rf" (?:single )?largest|no one other"
    rf"|{_WHO[:-1]}) ?[A-D]?\b)(?: (?:[\w'&.,()-]+)){{0,12}}? ?(?:accounted for|represented|comprised"
    rf"|contributed|generated|constituted|was|were)"
    rf" {_NEAR}{_SHARE}{_MORE_SHARES} of {_REVENUES}",
    re.IGNORECASE,
)
_SALES_TO = re.compile(
    rf"\b(?:sales|revenues?) (?:to|from|with|generated from|derived from|attributable to)"
    rf" (?:(?!customers\b|our (?:top|two|three|four|five|ten)\b)"
    rf"[\w'&.,()-]+ ){{1,10}}?(?:accounted for|represented|comprised|constituted|was|were)"
    rf" {_NEAR}{_SHARE}{_MORE_SHARES} of {_REVENUES}",
    re.IGNORECASE,
)
_AGGREGATE = re.compile(
    r"\b(?:top|largest|top-)\s?(?:two|three|four|five|six|ten|twenty|\d+)\b|\b(?:two|three|four|five|six"
    r"|ten|twenty|several|certain|these|all|both)"
    r" (?:[\w-]+ ){0,3}(?:customers|clients|distributors|wholesalers|retailers|payors)\b|\blargest"
    r" (?:customers|clients|distributors)\b|\bin the aggregate\b"
    r"|\baggregate\b|\bcollectively\b|\bcombined\b|\btogether\b|\bchannels?\b|\bsegment'?s?\b"
    r"|\breceivables?\b|\bgovernments?\b"
    r"|\bcustomers (?:in|located|outside|within)\b|\bproducts? (?:\w+ ){0,3}accounted\b|\bless than\b|\bno"
    r" (?:[\w-]+ ){0,4}(?:customer|client|distributor)"
    r"|\bnone of\b|\bin excess of\b|\bmore than (?:10|ten) ?(?:%|percent)\b|\bat least\b|\bcountr(?:y"
    r"|ies)\b|\bstates?\b",
    re.IGNORECASE,
)
_PAST_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def _printed(filing: FilingView) -> Iterator[_Printed]:
    limit = horizon(filing)
    for section, start, end, sentence in _sentences(filing):
        if _AGGREGATE.search(sentence):
            continue
        found = _ONE.search(sentence) or _SALES_TO.search(sentence)
        if found is None or takes_back(sentence, found.span(), _KINDS):
            continue
        if limit is not None and (
            limit.is_past(sentence) or not _names_this_year_first(sentence, limit.period_end.year)
        ):
            continue
        share = Decimal(found.group(1)) / 100
        if MAJOR <= share < 1:
            yield _Printed(share, section.passage(start, end, (start + found.start(1), start + found.end(1))))


_KINDS = frozenset({"caption", "quoted", "rule", "hypothetical", "negated"})


def _names_this_year_first(sentence: str, year: int) -> bool:
    """True when the first year that the sentence names is this one or the one it began in, or it names none."""
    named = _PAST_YEAR.search(sentence)
    return named is None or int(named.group()) in (year, year + 1)


_NONE = re.compile(
    rf"\bno (?:single |one |individual |customer or |single external )*{_WHO}\b(?!"
    rf" other)[^.;]{{0,80}}?\b(?:accounted|accounts|represented|represents|comprised|contributed"
    rf"|exceeded|exceeds|constituted|generated|was|made up)[^.;]{{0,60}}?\b(?:10|ten) ?(?:%|percent)"
    rf"|\b(?:none of (?:our|the company's|its) {_WHO}|(?:did|do|does) not have any (?:single |individual"
    rf" )?{_WHO})[^.;]{{0,100}}?\b(?:10|ten) ?(?:%|percent)"
    rf"|\bno (?:single |one |individual )*{_WHO} (?:with|of) [^.;]{{0,40}}?\b(?:10|ten) ?(?:%|percent)",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"\b(?:other than|aside from|apart from|excluding|except|no other|other customers?"
    r"|receivables?|segment)\b",
    re.IGNORECASE,
)


def _none_is_major(filing: FilingView) -> TextEvidence | None:
    limit = horizon(filing)
    for section, start, end, sentence in _sentences(filing):
        found = _NONE.search(sentence)
        if found is None or _BUT.search(sentence) or (limit is not None and limit.is_past(sentence)):
            continue
        if takes_back(sentence, found.span(), frozenset({"caption", "quoted", "rule"})):
            continue
        return section.passage(start, end, (start + found.start(), start + found.end()))
    return None


def _sentences(filing: FilingView) -> Iterator[tuple[SectionText, int, int, str]]:
    """Each sentence of the narrative that speaks of a customer's share, with its section."""
    try:
        sections = told_sections(filing, _NARRATIVE)
    except MissingOperandError:
        return
    seen: set[tuple[str, int]] = set()
    for section in sections:
        for start, end, sentence in filing.scanned(section.source).sentences_with(
            "customer_share", section.section.body_start, section.section.end
        ):
            if (section.source.document, start) not in seen:
                seen.add((section.source.document, start))
                yield section, start, end, sentence


FUNCTIONS = {"largest_customer_share": largest_customer_share, "major_customers": major_customers}
