"""What a filing tags, read with lxml and not with the extractor: the second pair of eyes of `coverage_report.py`.

It knows nothing of the extractor's scanners, periods and resolver. It takes the catalog's expressions and the names of
elements, and looks in the document itself whether a value could have been had.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from lxml import etree

from tenkay_extractor.catalog import Catalog, UnitKind
from tenkay_extractor.expressions import Expression, UndefinedResultError, ZeroDenominatorError
from tenkay_extractor.periods import Basis

Span = tuple[date | None, date]
"""First and last day; no first day for a balance."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One tagged number."""

    element: str
    span: Span
    dimensions: int
    unit: str
    value: Decimal | None


class AbsentError(LookupError):
    """A concept has no value. `look` says what the filing has instead."""

    def __init__(self, concept: str, look: str) -> None:
        super().__init__(f"{concept}: {look}")
        self.concept = concept
        self.look = look


_NEAR_WORDS: Mapping[str, tuple[str, str]] = {  # concept: (what its name holds, what it does not hold)
    "inventory": ("Inventor", "DeferredTax Increase Reserve Adjust Writ Noncurrent Purchase Obligation"),
    "receivables": (
        r"^(Accounts|Trade|Billed|Customer)\w*Receivable",
        "DeferredTax Increase Allowance Noncurrent Sold Sale Tax",
    ),
    "goodwill": ("^(IntangibleAssetsNetIncludingGoodwill|Goodwill(Net|Gross)?)$", ""),
    "cost_of_revenue": ("Costs?Of(Revenue|Goods|Sales|Services|Products)", "Increase Unusual"),
    "gross_profit": ("Gross(Profit|Margin)", ""),
    "total_debt": (
        "Debt|Borrowings|NotesPayable|SeniorNotes",
        "Securities Maturit FairValue Issu Proceeds Repay Payment Unamort Exting Gain Interest Capacity DeferredTax"
        " Receiv Percent Allowance Provision Sale Collateral Covenant",
    ),
    "debt_current": (
        r"(Debt|Borrowings|NotesPayable)\w*Current$",
        "Securities Maturit FairValue Issu Proceeds Repay Payment Exting Gain Interest Capacity DeferredTax Receiv",
    ),
    "interest_expense": (
        r"Interest\w*(Expense|Charge)",
        "Income Accrued Payable Tax Minority Noncontrolling PolicyBenefit Net Capitalized Paid",
    ),
    "sbc": (
        "StockBased|ShareBased|StockComp|EquityComp",
        "Incremental Arrangement Proceeds Tax Unrecog NotYet Payment Unvested Issued Plan Related",
    ),
    "buybacks": (
        r"^(Payments|Purchases?|Repurchases?|Stock|TreasuryStock)\w*(Repurchase|Acquired)",
        "Preferred Redeemable Remaining Authorized Tax Average CashAcquired Business",
    ),
    "operating_income": (
        r"Operating(Income|Profit|Earnings)|(Income|Profit|Earnings)\w*FromOperations",
        "Nonoperating NonOperating",
    ),
    "impairment_goodwill": (
        "Impair",
        "Accumulated DeferredTax Securities Alternative Investment IncomeTax Recovery Servicing Reconcil Contract"
        " EquityMethod Translation Nondeductible",
    ),
    "capex": (
        r"^(Payments|Purchase|Capital(Expend|Addition)|Addition|Expenditure)\w*"
        "(Propert|Equipment|Plant|Productive|CapitalExpend|Vehicle|Aircraft)",
        "NotYetPaid",
    ),
    "current_assets": ("^(Total)?(AssetsCurrent|CurrentAssets)", ""),
    "pretax_income": (r"Before\w*Tax", "Domestic Foreign"),
}
NEAR = {
    concept: (re.compile(held), re.compile(without.replace(" ", "|")) if without else None)
    for concept, (held, without) in _NEAR_WORDS.items()
}
"""Names, without prefix, that come near a concept. A filing that tags one is not said to lack the concept."""


@dataclass(slots=True)
class Statements:
    """The tagged numbers of one filing, by element."""

    catalog: Catalog
    tags: dict[str, list[Tag]]
    end: date
    annual: bool
    _periods: dict[str, list[Span]] = field(default_factory=dict)

    @classmethod
    def read(cls, catalog: Catalog, documents: Iterable[bytes], *, annual: bool) -> Statements | None:
        """None when the documents tag no period end or no numbers."""
        tags: dict[str, list[Tag]] = {}
        printed: date | None = None
        for content in documents:
            found, told = _read_document(content)
            for tag in found:
                tags.setdefault(tag.element, []).append(tag)
            printed = printed or told
        if printed is None or not tags:
            return None
        return cls(catalog, tags, _snapped(printed, tags), annual)

    def evaluate(self, expression: Expression, basis: Basis) -> Decimal | bool:
        """Raises AbsentError, ZeroDenominatorError, UndefinedResultError."""
        return expression.evaluate(_Values(self, basis)).value

    def value(self, name: str, at: str, basis: Basis, seen: frozenset[str] = frozenset()) -> Decimal:
        """The concept by its elements, then by its derivations. Raises AbsentError."""
        concept = self.catalog.concepts[name]
        spans = self.spans(name, at, basis)
        units = _UNITS[concept.unit]
        whole = [
            tag.value
            for element in concept.elements
            for span in spans
            for tag in self.tags.get(element.name, ())
            if tag.span == span and not tag.dimensions and tag.value is not None and tag.unit.endswith(units)
            if not element.expense_only or tag.value < 0
        ]
        if whole:
            return whole[0]
        if name not in seen:
            for derivation in concept.derivations:
                operands = _Values(self, basis, at, seen | {name})
                try:
                    if derivation.when is not None and not derivation.when.evaluate(operands).value:
                        continue
                    outcome = derivation.expression.evaluate(operands)
                except (AbsentError, ZeroDenominatorError, UndefinedResultError):
                    continue
                if derivation.unless is not None and _holds(derivation.unless.when, operands):
                    continue
                if not isinstance(outcome.value, bool):
                    return outcome.value
        raise AbsentError(name, self.look(name, spans))

    def look(self, name: str, spans: Sequence[Span]) -> str:
        """What the filing has of the concept's elements, in words."""
        concept = self.catalog.concepts[name]
        if near := self._near(name, spans):
            return f"NEAR {near}"
        all_tags = [tag for element in concept.elements for tag in self.tags.get(element.name, ())]
        if not all_tags:
            return "no element of it is tagged" if concept.elements else "not derivable from what is tagged"
        here = [tag for tag in all_tags if tag.span in spans]
        if not here:
            return "tagged for other periods only"
        if all(tag.value is None for tag in here):
            return "tagged nil"
        if all(tag.dimensions for tag in here):
            return "tagged with dimensions only"
        return (
            "a net figure that is no expense" if any(e.expense_only for e in concept.elements) else "TAGGED"
        )

    def _near(self, name: str, spans: Sequence[Span]) -> str:
        """An element, of the filer's own or not in the catalog, whose name says that it may be the concept."""
        held, without = NEAR.get(name, (None, None))
        if held is None:
            return ""
        known = {element.name for element in self.catalog.concepts[name].elements}
        units = _UNITS[self.catalog.concepts[name].unit]
        for element, tags in self.tags.items():
            local = element.partition(":")[2]
            if element in known or not held.search(local) or (without and without.search(local)):
                continue
            if any(
                tag.span in spans and not tag.dimensions and tag.value and tag.unit.endswith(units)
                for tag in tags
            ):
                return element
        return ""

    def spans(self, name: str, at: str, basis: Basis) -> list[Span]:
        """The periods to look at, best first. Raises AbsentError when the filing has none such."""
        concept = self.catalog.concepts[name]
        flows = self._flows(basis)
        if concept.instant:
            if at == "current":
                cover = any(element.dated.value != "period_end" for element in concept.elements)
                if cover:
                    return [(None, self.end + timedelta(days=days)) for days in range(-250, 201)]
                return [(None, self.end)]
            if at == "opening" and flows and flows[0][0] is not None:
                eve = flows[0][0] - timedelta(days=1)
                return [(None, eve + timedelta(days=days)) for days in (0, -1, 1, -2, 2, -3, 3, -4, 4)]
            if at == "prior" and not self.annual:
                raise AbsentError(name, "a balance of a year ago, in a 10-Q")
            return [(None, self.end - timedelta(days=days)) for days in range(350, 381)]
        if at == "current":
            if not flows:
                raise AbsentError(name, "no flow of the period's length ends with it")
            return flows
        if not flows:
            raise AbsentError(name, "no flow of the period's length ends with it")
        return [span for span in self._durations() if _is_comparable(span, flows[0])]

    def _flows(self, basis: Basis) -> list[Span]:
        key = "annual" if self.annual else basis.value
        if key not in self._periods:
            ending = [span for span in self._durations() if span[1] == self.end]
            if self.annual:
                chosen = [span for span in ending if 340 <= _days(span) <= 385]
            elif basis is Basis.QUARTER:
                chosen = [span for span in ending if 75 <= _days(span) <= 105]
            else:
                cash = self.tags.get("us-gaap:NetCashProvidedByUsedInOperatingActivities", ())
                own = {
                    tag.span
                    for tag in cash
                    if not tag.dimensions and tag.span[0] is not None and tag.span[1] == self.end
                }
                own = {
                    span for span in own or ending if _days(span) <= 300
                }  # some add the last twelve months
                chosen = sorted(own, key=_days, reverse=True)[:1]
            self._periods[key] = chosen
        return self._periods[key]

    def _durations(self) -> list[Span]:
        if "durations" not in self._periods:
            counted = Counter(
                tag.span
                for tags in self.tags.values()
                for tag in tags
                if tag.span[0] is not None and not tag.dimensions
            )
            self._periods["durations"] = [span for span, _ in counted.most_common()]
        return self._periods["durations"]


_UNITS = {
    UnitKind.MONEY: ("USD", "EUR", "GBP", "CAD", "JPY", "CNY", "CHF"),
    UnitKind.MONEY_PER_SHARE: ("shares",),
    UnitKind.SHARES: ("shares",),
    UnitKind.PURE: ("pure",),
}


@dataclass(frozen=True, slots=True)
class _Values:
    """The operands of the catalog's expressions, from tags."""

    statements: Statements
    basis: Basis
    at: str = "current"
    seen: frozenset[str] = frozenset()

    def current(self, concept: str) -> Decimal:
        return self.statements.value(concept, self.at, self.basis, self.seen)

    def prior(self, concept: str) -> Decimal:
        return self.statements.value(concept, "prior", self.basis, self.seen)

    def opening(self, concept: str) -> Decimal:
        return self.statements.value(concept, "opening", self.basis, self.seen)

    def prior_opening(self, concept: str) -> Decimal:
        raise AbsentError(concept, "a balance of two years ago")

    def price_index(self) -> Decimal:
        return self.statements.catalog.price_index.get(self.statements.end.year - 1, Decimal(0))

    def or_zero(self, value: Callable[[], Decimal], concept: str) -> Decimal:
        del concept
        try:
            return value()
        except AbsentError:
            return Decimal(0)

    def sum_of_reported(self, concepts: tuple[str, ...]) -> Decimal:
        told: list[Decimal] = []
        first: AbsentError | None = None
        for concept in concepts:
            try:
                told.append(self.current(concept))
            except AbsentError as error:
                first = first or error
        if not told:
            raise first or AbsentError(concepts[0], "none of the parts is tagged")
        return sum(told, Decimal(0))

    def days(self) -> int:
        flows = self.statements._flows(self.basis)
        if not flows:
            raise AbsentError("days", "no flow of the period's length ends with it")
        return 365 if self.statements.annual else _days(flows[0])

    def days_to_annualise(self) -> int | None:
        return None if self.statements.annual else self.days()


# Reading


def _read_document(content: bytes) -> tuple[list[Tag], date | None]:
    root = etree.fromstring(_xml_of(content), etree.XMLParser(huge_tree=True, recover=True))
    if root is None:
        return [], None
    spans: dict[str, tuple[Span, int]] = {}
    for context in root.iter("{http://www.xbrl.org/2003/instance}context"):
        dimensions = sum(1 for each in context.iter() if _local(each) in ("explicitMember", "typedMember"))
        days = {
            _local(each): _day(each.text or "") for each in context.iter() if _local(each) in _PERIOD_PARTS
        }
        last = days.get("instant") or days.get("endDate")
        if last is not None:
            spans[context.get("id", "")] = ((days.get("startDate"), last), dimensions)
    units = {}
    for unit in root.iter("{http://www.xbrl.org/2003/instance}unit"):
        measures = [(each.text or "").strip() for each in unit.iter() if _local(each) == "measure"]
        units[unit.get("id", "")] = "/".join(measure.rpartition(":")[2] for measure in measures)
    tags: list[Tag] = []
    printed: date | None = None
    for node in root.iter():
        reference = node.get("contextRef") if isinstance(node.tag, str) else None
        if reference is None or reference not in spans:
            continue
        inline = node.get("name")
        element = inline or _qualified(node)
        if element.endswith(":DocumentPeriodEndDate"):
            printed = printed or _day("".join(node.itertext()))
        unit_id = node.get("unitRef")
        if unit_id is None:
            continue
        span, dimensions = spans[reference]
        nil = any(key.endswith("}nil") and told in ("true", "1") for key, told in node.attrib.items())
        shown = "".join(node.itertext())
        value = None if nil else _number(shown, node.get("format", ""), node.get("scale", "0"))
        if value is not None and node.get("sign") == "-":
            value = -value
        tags.append(Tag(element, span, dimensions, units.get(unit_id, ""), value))
    return tags, printed


_PERIOD_PARTS = ("instant", "startDate", "endDate")
_ROOT = re.compile(rb"<(?:\w+:)?(?:html|xbrl)\b", re.IGNORECASE)


def _xml_of(content: bytes) -> bytes:
    """The XHTML or XML inside what EDGAR serves."""
    start = _ROOT.search(content)
    end = max(content.rfind(b"</html>"), content.rfind(b"</xbrl>"), content.rfind(b"</xbrli:xbrl>"))
    if start is None:
        return content
    return content[start.start() : content.find(b">", end) + 1 if end >= 0 else len(content)]


def _local(node: etree._Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _qualified(node: etree._Element) -> str:
    prefix = node.prefix or ""
    return f"{prefix}:{_local(node)}"


_DAY_FORMATS = ("%Y-%m-%d", "%B %d, %Y", "%B %d %Y", "%b %d, %Y", "%d %B %Y", "%m/%d/%Y", "%m/%d/%y")


def _day(text: str) -> date | None:
    folded = " ".join(text.replace("\xa0", " ").split()).replace(" ,", ",")
    for form in _DAY_FORMATS:
        try:
            return datetime.strptime(folded[:40], form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


_DASHES = frozenset({"-", "—", "–", ""})


def _number(shown: str, form: str, scale: str) -> Decimal | None:
    text = re.sub(r"[\s,$()%]", "", shown)
    if "zero" in form or text in _DASHES or form.endswith(("nocontent", "dash")):
        return Decimal(0)
    try:
        return Decimal(text).scaleb(int(scale or "0"))
    except (InvalidOperation, ValueError):
        return None


def _days(span: Span) -> int:
    return 0 if span[0] is None else (span[1] - span[0]).days + 1


def _is_comparable(span: Span, now: Span) -> bool:
    return 350 <= (now[1] - span[1]).days <= 380 and abs(_days(span) - _days(now)) <= 8


def _snapped(printed: date, tags: dict[str, list[Tag]]) -> date:
    ends = Counter(
        tag.span[1]
        for of_element in tags.values()
        for tag in of_element
        if tag.span[0] is not None and not tag.dimensions and abs((tag.span[1] - printed).days) <= 8
    )
    return ends.most_common(1)[0][0] if ends else printed


def _holds(condition: Expression, operands: _Values) -> bool:
    """Whether it does; not where an operand is absent."""
    try:
        return bool(condition.evaluate(operands).value)
    except (AbsentError, ZeroDenominatorError, UndefinedResultError):
        return False
