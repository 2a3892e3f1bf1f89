"""Evaluates the catalog's rows for one filing: each gives a signal or a reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import isfinite

from tenkay_extractor.catalog import Category, SignalDefinition, ValueKind
from tenkay_extractor.composites import score
from tenkay_extractor.computed import Computed, Value
from tenkay_extractor.concepts import LEAST_CONFIDENCE, ConceptResolver, evaluate
from tenkay_extractor.evidence import Evidence, FactEvidence
from tenkay_extractor.expressions import Expression, UndefinedResultError, ZeroDenominatorError
from tenkay_extractor.facts import FactIndex
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.flag_rows import stated
from tenkay_extractor.missing import MissingOperandError, MissingReason, MissingSignal
from tenkay_extractor.periods import ReportingPeriod
from tenkay_extractor.signal_functions import FUNCTIONS

MONEY_PLACES = Decimal("0.000001")
"""Derived amounts that are not exact are rounded half-even to six places."""
OUT_OF_RANGE_CONFIDENCE = 0.4
INCONSISTENT_CONFIDENCE = Decimal("0.5")
"""The most a value has that rests on a figure of a sum that does not hold."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal's value."""

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


def unwatched(_: str) -> None:
    """Nobody watches which row runs."""


def evaluate_catalog(
    filing: FilingView,
    *,
    categories: frozenset[Category] = frozenset(),
    left_out: Mapping[str, MissingReason] = {},
    starting: Callable[[str], None] = unwatched,
) -> tuple[tuple[Signal, ...], tuple[MissingSignal, ...], tuple[Failure, ...]]:
    """Every row of the catalog, in its order, as a signal or as missing. A row whose code fails costs only itself.

    `categories` are the only ones to evaluate; all when empty. Rows in `left_out` are missing for the reason that
    stands there, without being run. `starting` is told each row's id before the row is run.
    """
    signals: list[Signal] = []
    missing: list[MissingSignal] = []
    failures: list[Failure] = []
    for row in filing.catalog.signals:
        if categories and row.category not in categories:
            continue
        if row.id in left_out:
            missing.append(MissingSignal(row.id, left_out[row.id], "this signal's own code was stopped"))
            continue
        starting(row.id)
        try:
            _refuse_what_does_not_apply(row, filing)
            signals.append(_signal(row, filing))
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


def _refuse_what_does_not_apply(row: SignalDefinition, filing: FilingView) -> None:
    form_type, industry = filing.content.identity.form_type, filing.industry
    if not form_type:
        raise MissingOperandError(MissingReason.FORM_UNKNOWN, "nothing in the filing tells its form type")
    if form_type not in row.forms:
        raise MissingOperandError(
            MissingReason.FORM_NOT_APPLICABLE,
            f"not defined for form {form_type}, only for {_forms(row.forms)}",
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


def _signal(row: SignalDefinition, filing: FilingView) -> Signal:
    cautions: tuple[tuple[Decimal, str], ...] = ()
    try:
        if row.pattern is not None:
            computed = stated(filing, row.pattern)
        elif row.function is not None:
            computed = FUNCTIONS[row.function.name](filing, **row.function.arguments)
        else:
            computed, cautions = _from_facts(row, filing.facts_resolver())
    except ZeroDenominatorError:
        raise MissingOperandError(MissingReason.ZERO_DENOMINATOR, f"divides by zero: {row.formula}") from None
    except UndefinedResultError as error:
        raise MissingOperandError(MissingReason.NOT_COMPUTABLE, str(error)) from None
    if not computed.evidence:
        raise ValueError(f"row {row.id} has a value without evidence")
    value = _typed(row, computed)
    out_of_range = _is_out_of_range(row, value)
    if row.function is None:
        cautions = (*cautions, *_inconsistencies(filing, computed.evidence))
    confidence = min([computed.confidence, *(limit for limit, _ in cautions)])
    currency = filing.content.currency or ""
    is_money = row.unit.startswith("USD")
    return Signal(
        id=row.id,
        category=row.category,
        value=value,
        unit=row.unit.replace("USD", currency) if is_money and currency else row.unit,
        currency=(currency or "USD") if is_money else "",
        confidence=_rounded(confidence, out_of_range=out_of_range),
        out_of_range=out_of_range,
        evidence=computed.evidence,
        notes=(*computed.notes, *(note for _, note in cautions)),
    )


@lru_cache(maxsize=512)
def _forms(forms: tuple[str, ...]) -> str:
    return ", ".join(form for form in forms if not form.endswith("/A"))


# Rows over facts


def _from_facts(
    row: SignalDefinition, resolver: ConceptResolver
) -> tuple[Computed, tuple[tuple[Decimal, str], ...]]:
    """The row's value and the cautions that hold: the most confidence each leaves, and why."""
    if row.emit_if is not None and not evaluate(row.emit_if, resolver, row.basis)[0]:
        raise MissingOperandError(
            MissingReason.CONDITION_NOT_MET, f"its condition does not hold: {row.emit_if.source}"
        )
    computed = _computed(row, resolver)
    return computed, tuple(
        (caution.confidence, caution.note) for caution in row.cautions if _holds(caution.when, resolver, row)
    )


def _inconsistencies(filing: FilingView, evidence: Iterable[Evidence]) -> tuple[tuple[Decimal, str], ...]:
    """What is said of a value that rests on a figure which a failed identity casts doubt on."""
    failed = [test for test in filing.identities() if not test.holds]
    if not failed:
        return ()
    facts = {each.fact for each in evidence if isinstance(each, FactEvidence) and not each.accession_number}
    return tuple(
        (INCONSISTENT_CONFIDENCE, f"inconsistent: {test}") for test in failed if facts & test.doubted
    )


def _computed(row: SignalDefinition, resolver: ConceptResolver) -> Computed:
    if row.composite is not None:
        return score(row.composite, resolver, row.basis)
    if row.expression is None:
        raise TypeError(f"row {row.id} is computed from nothing")
    number, exact, evaluation = evaluate(row.expression, resolver, row.basis)
    return Computed(
        Decimal(number), evaluation.confidence(), evaluation.evidence(), evaluation.notes(), exact=exact
    )


def _holds(condition: Expression, resolver: ConceptResolver, row: SignalDefinition) -> bool:
    try:
        return bool(evaluate(condition, resolver, row.basis)[0])
    except (MissingOperandError, ZeroDenominatorError, UndefinedResultError):
        return False


# Values


def _typed(row: SignalDefinition, computed: Computed) -> Value:
    """The value as the row's kind; a ratio leaves Decimal here and nowhere before."""
    value, kind = computed.value, row.value_kind
    if kind is ValueKind.ENUM:
        if value not in row.values:
            raise ValueError(f"row {row.id} has no value {value!r}")
        return value
    if isinstance(value, str):
        raise TypeError(f"row {row.id} is no enum and has the value {value!r}")
    if kind is ValueKind.BOOL:
        return value != 0
    if kind is ValueKind.DOUBLE:
        number = float(value) + 0.0  # no negative zero
        if not isfinite(number):
            raise MissingOperandError(MissingReason.NOT_COMPUTABLE, "the result is not a finite number")
        return number
    if kind is ValueKind.INT64:
        if value != int(value):
            raise ValueError(f"row {row.id} is a count and has the value {value}")
        return int(value)
    if isinstance(value, float):
        raise TypeError(f"row {row.id} is an exact amount and was computed as a float")
    amount = Decimal(value)
    return amount if computed.exact else amount.quantize(MONEY_PLACES).normalize()


def _is_out_of_range(row: SignalDefinition, value: Value) -> bool:
    return not isinstance(value, bool | str) and not row.valid_range.holds(Decimal(value))


def _rounded(confidence: Decimal, *, out_of_range: bool) -> float:
    bounded = max(min(confidence, Decimal(1)), LEAST_CONFIDENCE)
    result = float(round(bounded, 2))
    return min(result, OUT_OF_RANGE_CONFIDENCE) if out_of_range else result


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
