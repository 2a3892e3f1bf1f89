"""Evaluates the catalog's rows for one filing: each gives a signal or a reason why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tenkay_extractor.catalog import Catalog, Category, Industry, SignalDefinition, ValueKind
from tenkay_extractor.composites import Computed, score
from tenkay_extractor.concepts import LEAST_CONFIDENCE, ConceptResolver, evaluate, industry_of
from tenkay_extractor.evidence import Evidence
from tenkay_extractor.expressions import Expression, UndefinedResultError, ZeroDenominatorError
from tenkay_extractor.facts import FactIndex, FactSet
from tenkay_extractor.flags import raise_flag
from tenkay_extractor.item_schemes import FormFamily
from tenkay_extractor.missing import MissingOperandError, MissingReason, MissingSignal
from tenkay_extractor.periods import ReportingPeriod
from tenkay_extractor.phrases import Horizon
from tenkay_extractor.sections import Section
from tenkay_extractor.text import NormalisedText

MONEY_PLACES = Decimal("0.000001")
"""Derived amounts that are not exact are rounded half-even to six places."""
OUT_OF_RANGE_CONFIDENCE = 0.4

Value = Decimal | float | bool


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal's value. Money is an exact Decimal, a ratio a float, a flag a bool."""

    id: str
    category: Category
    value: Value
    unit: str
    currency: str
    """ISO 4217 code of money values; empty for others."""
    confidence: float
    out_of_range: bool
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A row whose own code raised. Told to the operator, never to the caller."""

    id: str
    error: str


@dataclass(frozen=True, slots=True)
class FilingInputs:
    """All that rows are computed from."""

    form_type: str
    family: FormFamily | None
    sic_code: int | None
    facts: FactSet
    index: FactIndex
    period: ReportingPeriod | None
    sections: tuple[Section, ...]
    texts: Mapping[str, NormalisedText]
    currency: str | None
    """The one reporting currency; None when it cannot be told."""


def evaluate_catalog(
    catalog: Catalog, inputs: FilingInputs
) -> tuple[tuple[Signal, ...], tuple[MissingSignal, ...], tuple[Failure, ...]]:
    """Every row of the catalog, in its order, as a signal or as missing. A row whose code fails costs only itself."""
    signals: list[Signal] = []
    missing: list[MissingSignal] = []
    failures: list[Failure] = []
    resolver: ConceptResolver | None = None
    industry = industry_of(catalog, inputs.sic_code, inputs.index, inputs.period)
    if inputs.period is not None and inputs.currency is not None:
        resolver = ConceptResolver(catalog, inputs.index, inputs.period, inputs.currency, industry)
    for row in catalog.signals:
        try:
            _refuse_what_does_not_apply(row, inputs, industry)
            if row.pattern is not None:
                signals.append(_from_text(row, inputs))
            else:
                signals.append(_from_facts(row, inputs, resolver))
        except MissingOperandError as error:
            missing.append(MissingSignal(row.id, error.reason, str(error)))
        except Exception as error:
            failures.append(Failure(row.id, f"{type(error).__name__}: {error}"))
            missing.append(
                MissingSignal(
                    row.id, MissingReason.EXTRACTOR_FAILED, "this signal's own code failed on this filing"
                )
            )
    return tuple(signals), tuple(missing), tuple(failures)


def _refuse_what_does_not_apply(
    row: SignalDefinition, inputs: FilingInputs, industry: Industry | None
) -> None:
    if not inputs.form_type:
        raise MissingOperandError(MissingReason.FORM_UNKNOWN, "nothing in the filing tells its form type")
    if inputs.form_type not in row.forms:
        raise MissingOperandError(
            MissingReason.FORM_NOT_APPLICABLE,
            f"not defined for form {inputs.form_type}, only for {_forms(row.forms)}",
        )
    if row.industry and (industry is None or industry.name not in row.industry):
        raise MissingOperandError(
            MissingReason.CONDITION_NOT_MET,
            f"only defined for a company of the class {', '.join(row.industry)}",
        )
    if industry is not None and industry.name in row.not_industry:
        raise MissingOperandError(
            MissingReason.CONDITION_NOT_MET,
            f"not defined for a {industry.name}, whose statements have another form",
        )


def _forms(forms: Iterable[str]) -> str:
    return ", ".join(form for form in forms if not form.endswith("/A"))


# Rows over facts


def _from_facts(row: SignalDefinition, inputs: FilingInputs, resolver: ConceptResolver | None) -> Signal:
    if not any(fact.value is not None for fact in inputs.facts.facts):
        raise MissingOperandError(MissingReason.NO_FACTS, "the filing carries no XBRL facts")
    if inputs.period is None:
        raise MissingOperandError(
            MissingReason.PERIOD_UNCLEAR, "the end of the reporting period cannot be told"
        )
    if resolver is None or inputs.currency is None:
        raise MissingOperandError(
            MissingReason.CURRENCY_UNCLEAR, "the facts are not in US dollars, or in more than one currency"
        )
    try:
        if row.emit_if is not None and not evaluate(row.emit_if, resolver, row.basis)[0]:
            raise MissingOperandError(
                MissingReason.CONDITION_NOT_MET, f"its condition does not hold: {row.emit_if.source}"
            )
        computed = _computed(row, resolver)
    except ZeroDenominatorError:
        raise MissingOperandError(MissingReason.ZERO_DENOMINATOR, f"divides by zero: {row.formula}") from None
    except UndefinedResultError as error:
        raise MissingOperandError(MissingReason.NOT_COMPUTABLE, str(error)) from None
    confidence = computed.confidence
    notes = list(computed.notes)
    for caution in row.cautions:
        if _holds(caution.when, resolver, row):
            confidence = min(confidence, caution.confidence)
            notes.append(caution.note)
    out_of_range = not row.valid_range.holds(computed.value)
    return Signal(
        id=row.id,
        category=row.category,
        value=_typed(row.value_kind, computed.value, exact=computed.exact),
        unit=row.unit.replace("USD", inputs.currency),
        currency=inputs.currency if row.unit.startswith("USD") else "",
        confidence=_rounded(confidence, out_of_range=out_of_range),
        out_of_range=out_of_range,
        evidence=computed.evidence,
        notes=tuple(notes),
    )


def _computed(row: SignalDefinition, resolver: ConceptResolver) -> Computed:
    if row.composite is not None:
        return score(row.composite, resolver, row.basis)
    if row.expression is None:
        raise TypeError(f"row {row.id} is computed from nothing")
    number, exact, evaluation = evaluate(row.expression, resolver, row.basis)
    return Computed(
        Decimal(number), exact, evaluation.confidence(), evaluation.evidence(), evaluation.notes()
    )


def _holds(condition: Expression, resolver: ConceptResolver, row: SignalDefinition) -> bool:
    try:
        return bool(evaluate(condition, resolver, row.basis)[0])
    except (MissingOperandError, ZeroDenominatorError, UndefinedResultError):
        return False


def _typed(kind: ValueKind, number: Decimal, *, exact: bool) -> Value:
    """The number as the row's kind of value; a ratio leaves Decimal here and nowhere before."""
    if kind is ValueKind.BOOL:
        return number != 0
    if kind is ValueKind.DOUBLE:
        return float(number) + 0.0  # no negative zero
    return number if exact else number.quantize(MONEY_PLACES).normalize()


def _rounded(confidence: Decimal, *, out_of_range: bool) -> float:
    bounded = max(min(confidence, Decimal(1)), LEAST_CONFIDENCE)
    result = float(round(bounded, 2))
    return min(result, OUT_OF_RANGE_CONFIDENCE) if out_of_range else result


# Rows over text


def _from_text(row: SignalDefinition, inputs: FilingInputs) -> Signal:
    pattern = row.pattern
    if pattern is None or inputs.family is None:
        raise TypeError(f"row {row.id} has no pattern for form {inputs.form_type}")
    horizon = (
        Horizon(inputs.period.end, annual=inputs.family is not FormFamily.QUARTERLY)
        if inputs.period
        else None
    )
    flag = raise_flag(
        pattern,
        inputs.sections,
        inputs.texts,
        horizon,
        family=inputs.family,
        element_reported=pattern.element is not None
        and any(fact.concept == pattern.element and not fact.nil for fact in inputs.facts.facts),
    )
    return Signal(
        id=row.id,
        category=row.category,
        value=flag.value,
        unit=row.unit,
        currency="",
        confidence=round(flag.confidence, 2),
        out_of_range=False,
        evidence=flag.evidence,
        notes=flag.notes,
    )


def reporting_currency(index: FactIndex, form_type: str, period: ReportingPeriod | None) -> str | None:
    """US dollars in domestic forms; in 20-F and 40-F the one currency in which total assets are reported.

    None when a domestic form reports total assets in other currencies only, and when there is more than one.
    """
    currencies = sorted(
        {
            unit
            for element in ("us-gaap:Assets", "ifrs-full:Assets")
            for reported, unit in index.consolidated(element)
            if period is None or reported.end == period.end
        }
    )
    if not form_type.startswith(("20-F", "40-F")):
        return "USD" if not currencies or "USD" in currencies else None
    return currencies[0] if len(currencies) == 1 else None
