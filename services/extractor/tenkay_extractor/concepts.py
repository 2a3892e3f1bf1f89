"""Resolves the catalog's concepts to a filing's facts: by element in order of preference, then by derivation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from tenkay_extractor.catalog import Catalog, Concept, Dated, Derivation, Element, Industry, UnitKind
from tenkay_extractor.evidence import FactEvidence
from tenkay_extractor.expressions import ARITHMETIC, Expression, UndefinedResultError, ZeroDenominatorError
from tenkay_extractor.facts import STANDARD_PREFIXES, Agreement, Conflict, Fact, FactIndex, Period
from tenkay_extractor.missing import NOT_REPORTED, MissingOperandError, MissingReason
from tenkay_extractor.periods import COMPARABLE_DAYS, SAME_LENGTH_DAYS, Basis, ReportingPeriod

FALLBACK_LOWERS = Decimal("0.05")
ROUNDED_DUPLICATE_LOWERS = Decimal("0.1")
HIDDEN_LOWERS = Decimal("0.1")
ZERO_FILL_LOWERS = Decimal("0.05")
ANNUALISED_LOWERS = Decimal("0.1")
OTHER_FILING_LOWERS = Decimal("0.1")
OTHER_ELEMENT_LOWERS = Decimal("0.1")
LEAST_CONFIDENCE = Decimal("0.3")
DAYS_AFTER_PERIOD_END = {Dated.ON_COVER: range(-10, 201), Dated.AT_SECOND_QUARTER_END: range(-250, 32)}
"""How long after the period's end a figure of the cover page may be dated. Some filers date the float at that end."""

IN_PARTS_LOWERS = Decimal("0.3")
_SPLITS_OF_STATEMENTS = frozenset(
    {
        "us-gaap:StatementBusinessSegmentsAxis", "srt:ConsolidationItemsAxis", "us-gaap:ConsolidationItemsAxis",
        "srt:ProductOrServiceAxis", "us-gaap:ProductOrServiceAxis", "dei:LegalEntityAxis",
        "us-gaap:RelatedAndNonrelatedPartyStatusAxis",
    }
)  # fmt: skip
"""Axes by which companies split the lines of their statements, without the line's total."""
_NO_PARTS_OF_A_TOTAL = frozenset(
    {
        "us-gaap:StatementEquityComponentsAxis", "us-gaap:FairValueByMeasurementFrequencyAxis",
        "us-gaap:FairValueByMeasurementBasisAxis", "us-gaap:FairValueByFairValueHierarchyLevelAxis",
        "us-gaap:FinancialInstrumentAxis", "us-gaap:BusinessAcquisitionAxis", "srt:ConsolidatedEntitiesAxis",
        "srt:CumulativeEffectPeriodOfAdoptionAxis", "srt:ScenarioAxis", "srt:RangeAxis",
        "us-gaap:ReclassificationOutOfAccumulatedOtherComprehensiveIncomeAxis", "srt:LitigationCaseAxis",
    }
)  # fmt: skip
"""Axes whose figures repeat or explain what is reported elsewhere."""

_DAYS_OF_A_YEAR = 365  # of an annual report, the years of 52 and 53 weeks among them
_SHARE_CLASS_AXIS = "us-gaap:StatementClassOfStockAxis"
_DEPOSITARY = re.compile(r"(?i:depositary)|AD[RS]s?(?=[A-Z]|Member)|Ad[rs]s?Member")
_FIRST_CLASS = "us-gaap:CommonClassAMember"
_COVER_SHARES = "dei:EntityCommonStockSharesOutstanding"


@dataclass(frozen=True, slots=True)
class Resolved:
    """A concept's value at one of the filing's periods, and what it rests on."""

    value: Decimal
    confidence: Decimal
    evidence: tuple[FactEvidence, ...]
    notes: tuple[str, ...] = ()
    exact: bool = True


@dataclass(frozen=True, slots=True)
class PriorFacts:
    """The facts of the comparable filing of a year earlier."""

    resolver: ConceptResolver
    accession_number: str
    form_type: str


def _no_prior_filing() -> PriorFacts:
    raise MissingOperandError(
        MissingReason.PRIOR_FILING_NOT_GIVEN, "the filing of a year earlier was not given"
    )


@dataclass(slots=True)
class ConceptResolver:
    """Looks concepts up in one filing's facts; what it does not tell of a year earlier, in the prior filing's."""

    catalog: Catalog
    index: FactIndex
    period: ReportingPeriod
    currency: str
    industry: Industry | None
    prior_facts: Callable[[], PriorFacts] = _no_prior_filing
    """Raises MissingOperandError when the caller gave none, or none that can be used."""
    _resolved: dict[tuple[str, str, bool, bool], Resolved | MissingOperandError] = field(default_factory=dict)
    _in_progress: set[tuple[str, str]] = field(default_factory=set)
    _cycles_met: int = 0

    def resolve(self, concept: str, at: str, basis: Basis) -> Resolved:
        """The concept `at` "current", "prior", "opening" or "prior opening". Raises MissingOperandError."""
        # What a derivation is made from is never looked up in another filing: it would mix the two.
        whole = at == "current" or not self._in_progress
        key = (concept, at, basis is Basis.QUARTER, whole)  # an enum's hash is computed in Python
        known = self._resolved.get(key)
        if known is None:
            cycles = self._cycles_met
            try:
                known = self._look_up(self.catalog.concepts[concept], at, basis, whole=whole)
            except MissingOperandError as error:
                known = error
            if self._cycles_met == cycles or not self._in_progress:
                self._resolved[key] = known
        if isinstance(known, MissingOperandError):
            raise MissingOperandError(
                known.reason, str(known), unreported=known.unreported, in_parts=known.in_parts
            )
        return known

    def _look_up(self, concept: Concept, at: str, basis: Basis, *, whole: bool) -> Resolved:
        if at == "prior opening":
            return self._in_prior_filing(concept, "opening", basis, "at the start of the year before")
        if at == "prior" and concept.instant and not self.period.annual:
            told = "a year earlier: a 10-Q carries no balance of a year ago"
            return self._in_prior_filing(concept, "current", basis, told)
        try:
            return self._in_this_filing(concept, at, basis)
        except MissingOperandError as error:
            ends_a_year_before = at == "prior" or (at == "opening" and self.period.annual)
            if not (whole and ends_a_year_before and error.reason is MissingReason.PRIOR_PERIOD_NOT_REPORTED):
                raise
            return self._instead_in_prior_filing(concept, basis, error)

    def _in_this_filing(self, concept: Concept, at: str, basis: Basis) -> Resolved:
        if (concept.name, at) in self._in_progress:
            self._cycles_met += 1
            raise MissingOperandError(MissingReason.CONCEPT_NOT_REPORTED, f"{concept.name} is not reported")
        periods = self._periods(concept, at, basis)
        self._in_progress.add((concept.name, at))
        try:
            found = self._by_element(concept, periods, at, basis) or self._by_derivation(concept, at, basis)
        finally:
            self._in_progress.discard((concept.name, at))
        if found is None:
            raise self._not_reported(concept, periods, at)
        return self._with_own_elements(concept, found)

    # In the filing of a year earlier

    def _instead_in_prior_filing(
        self, concept: Concept, basis: Basis, error: MissingOperandError
    ) -> Resolved:
        if concept.unit in (UnitKind.SHARES, UnitKind.MONEY_PER_SHARE):
            raise error  # a split of the shares in between would make the other filing's figure a wrong one
        try:
            self.resolve(concept.name, "current", basis)
        except MissingOperandError:
            raise error from None  # not reported now either: an earlier filing is not what is lacking
        try:
            return self._in_prior_filing(concept, "current", basis, "a year earlier")
        except MissingOperandError as other:
            raise MissingOperandError(
                other.reason,
                f"{error}; {other}",
                unreported=error.unreported and other.unreported,
                in_parts=error.in_parts,
            ) from None

    def _in_prior_filing(self, concept: Concept, at: str, basis: Basis, told: str) -> Resolved:
        """The concept `at` the prior filing's own "current" or "opening"."""
        name = _words(concept.name)
        try:
            prior = self.prior_facts()
        except MissingOperandError as error:
            raise MissingOperandError(
                error.reason,
                f"{name} {told}; {error}",
                unreported=error.reason is MissingReason.PRIOR_FILING_NOT_GIVEN and told == "a year earlier",
            ) from None
        other = prior.resolver
        where = f"the {prior.form_type} of a year earlier ({prior.accession_number})"
        if other.currency != self.currency:
            raise MissingOperandError(
                MissingReason.CURRENCY_UNCLEAR,
                f"{where} is in {other.currency}, this filing in {self.currency}",
            )
        flows, before = self.period.flow(basis), other.period.flow(basis)
        if (self.period.end - other.period.end).days not in COMPARABLE_DAYS or (
            flows and before and abs(flows[0].days - before[0].days) > SAME_LENGTH_DAYS
        ):
            raise MissingOperandError(
                MissingReason.PERIOD_UNCLEAR, f"the periods of this filing and of {where} do not correspond"
            )
        try:
            found = other.resolve(concept.name, at, basis)
        except MissingOperandError as error:
            reason = error.reason
            if reason is MissingReason.CONCEPT_NOT_REPORTED:
                reason = MissingReason.PRIOR_PERIOD_NOT_REPORTED
            raise MissingOperandError(reason, f"in {where}: {error}", unreported=error.unreported) from None
        lowers = OTHER_FILING_LOWERS
        notes = [f"{name} of a year earlier is that of {where}"]
        if at == "current" and (note := self._note_on_other_elements(concept, basis, found)):
            lowers += OTHER_ELEMENT_LOWERS
            notes.append(note)
        return Resolved(
            found.value,
            max(found.confidence - lowers, LEAST_CONFIDENCE),
            tuple(
                replace(each, accession_number=each.accession_number or prior.accession_number)
                for each in found.evidence
            ),
            (*found.notes, *notes),
            found.exact,
        )

    def _note_on_other_elements(self, concept: Concept, basis: Basis, before: Resolved) -> str:
        """What to say when the two filings report the concept differently; empty when they do not."""
        now = self._elements_now(concept, basis)
        then = {each.fact.concept for each in before.evidence}
        if not now or now == then:
            return ""
        return f"{_words(concept.name)} was reported as {', '.join(sorted(then))} then"

    def _elements_now(self, concept: Concept, basis: Basis) -> set[str]:
        """The elements that the current value of the concept comes from; empty when there is none."""
        try:
            return {each.fact.concept for each in self.resolve(concept.name, "current", basis).evidence}
        except MissingOperandError:
            return set()

    def _not_reported(self, concept: Concept, periods: Sequence[Period], at: str) -> MissingOperandError:
        reason = (
            MissingReason.CONCEPT_NOT_REPORTED if at == "current" else MissingReason.PRIOR_PERIOD_NOT_REPORTED
        )
        if not concept.elements:
            return MissingOperandError(reason, f"{_words(concept.name)} cannot be derived for {periods[0]}")
        first, *others = (element.name for element in concept.elements)
        fallbacks = f" (nor {_count(len(others), 'fallback')})" if others else ""
        underived = ", and it cannot be derived" if concept.derivations else ""
        told = f"{_words(concept.name)}: {first}{fallbacks} is not reported in {self._unit(concept.unit)}"
        detail = f"{told} for {periods[0]}{underived}"
        if other := self._may_be(concept, periods):
            return MissingOperandError(reason, f"{detail}; {other} may be it", unreported=False)
        element, splits_the_whole = self._in_parts(concept, periods)
        if element:
            detail += f"; {element} is reported for parts only, with dimensions"
        return MissingOperandError(reason, detail, unreported=not splits_the_whole, in_parts=element)

    def _may_be(self, concept: Concept, periods: Sequence[Period]) -> str:
        """An element that the concept may be reported under, although it is not known to be; empty for none."""
        if concept.not_zero_with is None:
            return ""
        unit = self._unit(concept.unit)
        for name in self.index.concepts():
            if concept.not_zero_with.search(name.partition(":")[2]) and any(
                (period, unit) in self.index.consolidated(name) for period in periods
            ):
                return name
        return ""

    def _in_parts(self, concept: Concept, periods: Sequence[Period]) -> tuple[str, bool]:
        """An element reported for parts of the company only, and whether its statements are split into those parts."""
        unit = self._unit(concept.unit)
        found = ""
        for element in concept.elements:
            for period in periods:
                for axes in self.index.axes_of_parts(element.name, period, unit):
                    if axes <= _SPLITS_OF_STATEMENTS:
                        return element.name, True
                    if not found and not axes & _NO_PARTS_OF_A_TOTAL:
                        found = element.name
        return found, False

    def _periods(self, concept: Concept, at: str, basis: Basis) -> Sequence[Period]:
        """The periods to look at, best first; never empty."""
        reporting = self.period
        if concept.instant:
            if at == "current":
                return (Period(None, reporting.end),)
            dates = reporting.prior_ends if at == "prior" else reporting.openings
            if not dates:
                when = "a year earlier" if at == "prior" else "at the start of the period"
                raise MissingOperandError(
                    MissingReason.PRIOR_PERIOD_NOT_REPORTED,
                    f"{_words(concept.name)} {when}: no balance of that day",
                    unreported=False,
                )
            return tuple(Period(None, day) for day in dates)
        if at == "opening":
            raise MissingOperandError(
                MissingReason.NOT_COMPUTABLE, f"{_words(concept.name)} is a flow and has no opening balance"
            )
        flows = reporting.flow(basis) if at == "current" else reporting.prior_flow(basis)
        if flows:
            return flows
        if at == "prior" and reporting.flow(basis):
            raise MissingOperandError(
                MissingReason.PRIOR_PERIOD_NOT_REPORTED,
                f"{_words(concept.name)}: no period of the same length ended a year before {reporting.end}",
                unreported=False,
            )
        length = (
            "a year" if reporting.annual else "a quarter" if basis is Basis.QUARTER else "the year to date"
        )
        raise MissingOperandError(
            MissingReason.PERIOD_UNCLEAR,
            f"{_words(concept.name)}: no flow of {length} ends on {reporting.end}",
        )

    # By element

    def _by_element(
        self, concept: Concept, periods: Sequence[Period], at: str, basis: Basis
    ) -> Resolved | None:
        elements = self._in_order(concept)
        if at != "current" and len(elements) > 1:
            # Two periods are compared by the same element wherever both report it.
            now = self._elements_now(concept, basis)
            for rank, element in enumerate(elements):
                if element.name in now and len(now) == 1:
                    same = self._reported(concept, element, periods, at, rank)
                    if same is not None:
                        return same
        chosen: Resolved | None = None
        chosen_name = ""
        for rank, element in enumerate(elements):
            if chosen is not None and chosen_name not in concept.part_of_larger:
                break
            try:
                found = self._reported(concept, element, periods, at, rank)
            except MissingOperandError:
                if chosen is None:
                    raise
                continue  # a conflict elsewhere says nothing about what is chosen
            if found is None or (chosen is not None and found.value <= chosen.value):
                continue
            chosen, chosen_name = found, element.name
        return chosen

    def _in_order(self, concept: Concept) -> Sequence[Element]:
        first = concept.first_for.get(self.industry.name) if self.industry else None
        if first is None:
            return concept.elements
        return sorted(concept.elements, key=lambda element: element.name != first)

    def _reported(
        self, concept: Concept, element: Element, periods: Sequence[Period], at: str, rank: int
    ) -> Resolved | None:
        unit = self._unit(concept.unit)
        if element.dated is not Dated.AT_PERIOD_END and at == "current":
            periods = self._cover_dates(element, unit)
        for period in periods:
            report = self.index.reported(element.name, period, unit)
            if report is not None:
                return self._accept(concept, element, report, rank)
            if concept.share_classes:
                by_class = self.index.by_member(element.name, _SHARE_CLASS_AXIS, period, unit)
                if by_class:
                    return self._of_classes(concept, element, by_class, rank)
        return None

    def _accept(
        self, concept: Concept, element: Element, report: Agreement | Conflict, rank: int
    ) -> Resolved | None:
        if isinstance(report, Conflict):
            raise _conflict(concept, element, report)
        fact = report.fact
        value = _value(fact)
        notes: list[str] = []
        confidence = Decimal(1) - element.lowers
        if element.expense_only:
            if value >= 0:
                return None
            value = ARITHMETIC.minus(value)
            notes.append(f"{_words(concept.name)}: {element.name} is a net figure; its expense is taken")
        if rank:
            confidence -= FALLBACK_LOWERS
            notes.append(f"{_words(concept.name)} is reported as {element.name}")
        if report.rounded_differently:
            confidence -= ROUNDED_DUPLICATE_LOWERS
            notes.append(f"{_words(concept.name)} is also reported rounded; the more precise value is taken")
        if fact.hidden and not element.name.startswith("dei:"):
            confidence -= HIDDEN_LOWERS
        return Resolved(
            value, max(confidence, LEAST_CONFIDENCE), (FactEvidence(concept.name, fact),), tuple(notes)
        )

    def _of_classes(
        self, concept: Concept, element: Element, by_class: Mapping[str, Agreement | Conflict], rank: int
    ) -> Resolved | None:
        agreed: dict[str, Fact] = {}
        for member, report in by_class.items():
            if isinstance(report, Conflict):
                raise _conflict(concept, element, report)
            agreed[member] = report.fact
        confidence = Decimal(1) - element.lowers - (FALLBACK_LOWERS if rank else 0)
        if concept.share_classes == "sum":
            # A depositary share stands for shares that the class it is of counts already.
            agreed = {m: fact for m, fact in agreed.items() if not _DEPOSITARY.search(m)} or agreed
            value = Decimal(0)
            for fact in agreed.values():
                value = ARITHMETIC.add(value, _value(fact))
            return Resolved(
                value,
                max(confidence, LEAST_CONFIDENCE),
                tuple(FactEvidence(concept.name, fact) for fact in agreed.values()),
                (f"{_words(concept.name)} is the sum over {len(agreed)} classes of shares",),
            )
        main_class = _FIRST_CLASS if _FIRST_CLASS in agreed else self._largest_class(agreed)
        if main_class is None:
            return None
        return Resolved(
            _value(agreed[main_class]),
            max(confidence - FALLBACK_LOWERS, LEAST_CONFIDENCE),
            (FactEvidence(concept.name, agreed[main_class]),),
            (f"{_words(concept.name)} is reported by class of shares; that of {main_class} is taken",),
        )

    def _largest_class(self, members: Iterable[str]) -> str | None:
        """The class with most shares on the cover page; None when the cover does not tell."""
        wanted = set(members)
        shares: dict[str, Decimal] = {}
        for period in self._cover_dates(Element(_COVER_SHARES, dated=Dated.ON_COVER), "shares"):
            for member, report in self.index.by_member(
                _COVER_SHARES, _SHARE_CLASS_AXIS, period, "shares"
            ).items():
                if isinstance(report, Agreement) and member in wanted:
                    shares.setdefault(member, _value(report.fact))
        if shares:
            return max(shares, key=lambda member: (shares[member], member))
        return next(iter(wanted)) if len(wanted) == 1 else None

    def _cover_dates(self, element: Element, unit: str) -> tuple[Period, ...]:
        """Days on which the cover page gives the element, newest first."""
        days = DAYS_AFTER_PERIOD_END[element.dated]
        dates = {
            period
            for source in (
                self.index.consolidated(element.name),
                self.index.periods_by_axis(element.name, _SHARE_CLASS_AXIS),
            )
            for period, of_unit in source
            if of_unit == unit and period.is_instant and (period.end - self.period.end).days in days
        }
        return tuple(sorted(dates, key=lambda period: period.end, reverse=True))

    def _unit(self, kind: UnitKind) -> str:
        if kind is UnitKind.MONEY:
            return self.currency
        if kind is UnitKind.MONEY_PER_SHARE:
            return f"{self.currency}/shares"
        return "shares" if kind is UnitKind.SHARES else "pure"

    # By derivation

    def _by_derivation(self, concept: Concept, at: str, basis: Basis) -> Resolved | None:
        refused = ""
        told_otherwise: MissingOperandError | None = None
        for derivation in concept.derivations:
            if derivation.when is not None and not self._holds(derivation.when, at, basis):
                continue
            evaluation = Evaluation(self, basis, at)
            try:
                outcome = derivation.expression.evaluate(evaluation)
            except MissingOperandError as error:
                if error.reason in (MissingReason.CONFLICTING_FACTS, MissingReason.PERIOD_UNCLEAR):
                    raise
                if error.reason in NOT_REPORTED and (error.in_parts or not error.unreported):
                    told_otherwise = told_otherwise or error
                continue
            except (ZeroDenominatorError, UndefinedResultError):
                continue
            refusal = self._refusal(derivation, evaluation, at, basis)
            if refusal:
                refused = refusal
                continue
            value = outcome.value
            if isinstance(value, bool):
                continue
            confidence = evaluation.confidence() - derivation.lowers
            because = f", because {derivation.because}" if derivation.because else ""
            derived = f"{_words(concept.name)} is derived: {derivation.expression.source}{because}"
            return Resolved(
                value,
                max(confidence, LEAST_CONFIDENCE),
                evaluation.evidence(),
                (*evaluation.notes(), derived),
                outcome.exact and evaluation.exact(),
            )
        if refused:
            raise MissingOperandError(
                MissingReason.CONCEPT_NOT_REPORTED, f"{_words(concept.name)} is not reported, and {refused}"
            )
        if told_otherwise is not None:
            raise MissingOperandError(
                told_otherwise.reason,
                f"{_words(concept.name)} is not reported; {told_otherwise}",
                unreported=told_otherwise.unreported,
                in_parts=told_otherwise.in_parts,
            )
        return None

    def _holds(self, condition: Expression, at: str, basis: Basis) -> bool:
        """Whether a derivation's condition holds; not where it cannot be told."""
        try:
            return bool(condition.evaluate(Evaluation(self, basis, at)).value)
        except (MissingOperandError, ZeroDenominatorError, UndefinedResultError):
            return False

    def _refusal(self, derivation: Derivation, evaluation: Evaluation, at: str, basis: Basis) -> str:
        """Why the derivation would give a wrong number; empty when it would not."""
        for evidence in evaluation.evidence():
            if evidence.fact.concept in derivation.unless_from.get(evidence.concept, ()):
                return f"{evidence.fact.concept} covers a part only, so it is not derived"
        if derivation.unless_reported and at in ("current", "prior"):
            periods = set(self.period.flow(basis) if at == "current" else self.period.prior_flow(basis))
            for name in self.index.concepts():
                if name.startswith(derivation.unless_reported) and any(
                    period in periods for period, _ in self.index.consolidated(name)
                ):
                    return f"{name} is a cost beside those, so it is not derived"
        if derivation.unless is not None and self._holds(derivation.unless.when, at, basis):
            return f"{derivation.unless.because}, so it is not derived"
        return ""

    def _with_own_elements(self, concept: Concept, found: Resolved) -> Resolved:
        own = concept.own_elements
        if own is None:
            return found
        end = Period(None, self.period.end)
        for name in self.index.concepts():
            prefix, _, local = name.partition(":")
            if prefix in STANDARD_PREFIXES or not own.names.search(local):
                continue
            if (end, self.currency) in self.index.consolidated(name):
                return Resolved(
                    found.value,
                    max(found.confidence - own.lowers, LEAST_CONFIDENCE),
                    found.evidence,
                    (*found.notes, f"{_words(concept.name)} may leave out what is reported as {name}"),
                    found.exact,
                )
        return found


@dataclass(slots=True)
class Evaluation:
    """The operands of one expression: resolves them and remembers what the value rests on.

    A derivation is evaluated `at` the period of the concept that it stands for.
    """

    resolver: ConceptResolver
    basis: Basis
    at: str = "current"
    used: list[Resolved] = field(default_factory=list)
    filled_with_zero: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Elements of what counts as zero, or is left out of a sum, and is reported for parts of the company."""
    annualised: bool = False

    def current(self, concept: str) -> Decimal:
        return self._take(concept, self.at)

    def prior(self, concept: str) -> Decimal:
        return self._take(concept, "prior")

    def opening(self, concept: str) -> Decimal:
        return self._take(concept, "opening")

    def prior_opening(self, concept: str) -> Decimal:
        return self._take(concept, "prior opening")

    def price_index(self) -> Decimal:
        if self.resolver.currency != "USD":
            raise MissingOperandError(
                MissingReason.NOT_COMPUTABLE,
                "the price index is that of US dollars, and the statements are not",
            )
        year = self.resolver.period.end.year - 1
        known = self.resolver.catalog.price_index
        if year not in known:
            raise MissingOperandError(
                MissingReason.TABLE_NOT_GIVEN,
                f"the price index is known for {min(known)} to {max(known)}, not for {year}",
            )
        return known[year]

    def or_zero(self, value: Callable[[], Decimal], concept: str) -> Decimal:
        try:
            return value()
        except MissingOperandError as error:
            if not error.unreported:
                raise
            if concept not in self.filled_with_zero:
                self.filled_with_zero.append(concept)
            self._leave_out(error)
            return Decimal(0)

    def sum_of_reported(self, concepts: tuple[str, ...]) -> Decimal:
        total: Decimal | None = None
        first: MissingOperandError | None = None
        for concept in concepts:
            try:
                value = self.current(concept)
            except MissingOperandError as error:
                if not error.unreported:
                    raise
                first = first or error
                self._leave_out(error)
                continue
            total = value if total is None else ARITHMETIC.add(total, value)
        if total is None:
            raise first or MissingOperandError(MissingReason.CONCEPT_NOT_REPORTED, "nothing is reported")
        return total

    def days(self) -> int:
        flows = self.resolver.period.flow(self.basis)
        if not flows:
            raise MissingOperandError(
                MissingReason.PERIOD_UNCLEAR,
                f"no flow ends on {self.resolver.period.end}, so its length is not known",
            )
        return _DAYS_OF_A_YEAR if self.resolver.period.annual else flows[0].days

    def days_to_annualise(self) -> int | None:
        if self.resolver.period.annual:
            return None
        self.annualised = True
        return self.days()

    def _take(self, concept: str, at: str) -> Decimal:
        resolved = self.resolver.resolve(concept, at, self.basis)
        if resolved not in self.used:
            self.used.append(resolved)
        return resolved.value

    def _leave_out(self, error: MissingOperandError) -> None:
        if error.in_parts and error.in_parts not in self.left_out:
            self.left_out.append(error.in_parts)

    def confidence(self) -> Decimal:
        """The least of the parts', less what zero-filling and annualising cost."""
        confidence = min((resolved.confidence for resolved in self.used), default=Decimal(1))
        if self.filled_with_zero:
            confidence -= ZERO_FILL_LOWERS
        if self.left_out:
            confidence -= IN_PARTS_LOWERS
        if self.annualised:
            confidence -= ANNUALISED_LOWERS
        return confidence

    def evidence(self) -> tuple[FactEvidence, ...]:
        # Facts are told apart by identity: cheaper than by all that they say, and each stands in the filing once.
        found: dict[tuple[str, int], FactEvidence] = {}
        for resolved in self.used:
            for evidence in resolved.evidence:
                found.setdefault((evidence.concept, id(evidence.fact)), evidence)
        return tuple(found.values())

    def notes(self) -> tuple[str, ...]:
        filled = tuple(
            f"{_words(concept)} is not reported and counts as zero" for concept in self.filled_with_zero
        )
        parts = tuple(
            f"{element} is reported for parts of the company only and is left out"
            for element in self.left_out
        )
        taken = (note for resolved in self.used for note in resolved.notes)
        return tuple(dict.fromkeys((*taken, *filled, *parts)))

    def exact(self) -> bool:
        return all(resolved.exact for resolved in self.used)


def industry_of(
    catalog: Catalog, sic_code: int | None, index: FactIndex, period: ReportingPeriod | None
) -> Industry | None:
    """The class by SIC code; by what is reported only when no code is known."""
    if sic_code is not None:
        for industry in catalog.industries:
            if any(low <= sic_code <= high for low, high in industry.sic):
                return industry
        return None
    if period is None:
        return None
    for industry in catalog.industries:
        if industry.facts and all(
            any(reported.end == period.end for reported, _ in index.consolidated(name))
            for name in industry.facts
        ):
            return industry
    return None


def evaluate(
    expression: Expression, resolver: ConceptResolver, basis: Basis
) -> tuple[Decimal | bool, bool, Evaluation]:
    """(value, exact, what it rests on). Raises as Expression.evaluate and ConceptResolver.resolve do."""
    evaluation = Evaluation(resolver, basis)
    outcome = expression.evaluate(evaluation)
    return outcome.value, outcome.exact and evaluation.exact(), evaluation


def _value(fact: Fact) -> Decimal:
    assert fact.value is not None, "an index holds facts with a value only"  # noqa: S101
    return fact.value


def _conflict(concept: Concept, element: Element, conflict: Conflict) -> MissingOperandError:
    values = sorted({f"{fact.value:f}" for fact in conflict.facts if fact.value is not None})
    return MissingOperandError(
        MissingReason.CONFLICTING_FACTS,
        f"{_words(concept.name)}: {element.name} is reported as {' and '.join(values[:4])} for"
        f" {conflict.facts[0].context.period}",
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _words(concept: str) -> str:
    return concept.replace("_", " ")
