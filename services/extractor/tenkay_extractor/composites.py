"""Scores that are made of terms: each an expression of its own, some of which may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal

from tenkay_extractor.catalog import Composite
from tenkay_extractor.computed import Computed
from tenkay_extractor.concepts import ConceptResolver, Evaluation, evaluate
from tenkay_extractor.expressions import ARITHMETIC, UndefinedResultError, ZeroDenominatorError
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.periods import Basis

LEAST_SCORE_CONFIDENCE = Decimal("0.5")
"""A score that is less sure is not given."""
SCALED_CONFIDENCE = Decimal("0.7")


def score(composite: Composite, resolver: ConceptResolver, basis: Basis) -> Computed:
    """The composite for one filing. Raises MissingOperandError when too much of it is missing."""
    computed: dict[str, tuple[Decimal, Evaluation]] = {}
    gaps: dict[str, MissingOperandError] = {}
    for term in composite.terms:
        try:
            value, _, evaluation = evaluate(term.expression, resolver, basis)
            computed[term.name] = (Decimal(value), evaluation)
        except MissingOperandError as error:
            gaps[term.name] = error
        except (ZeroDenominatorError, UndefinedResultError) as error:
            gaps[term.name] = MissingOperandError(MissingReason.NOT_COMPUTABLE, str(error))
    _refuse_too_little(composite, gaps)
    total = composite.constant
    notes = []
    for term in composite.terms:
        if term.name in computed:
            value = computed[term.name][0]
            notes.append(f"{term.name}: {_shown(value)}")
        elif term.neutral is not None:
            value = term.neutral
            notes.append(f"{term.name}: {_shown(value)}, its neutral value; {gaps[term.name]}")
        else:
            notes.append(f"{term.name}: left out; {gaps[term.name]}")
            continue
        total = ARITHMETIC.add(total, ARITHMETIC.multiply(term.weight, value))
    confidence = _confidence(composite, computed)
    if gaps and composite.scaled:
        scaled = ARITHMETIC.divide(ARITHMETIC.multiply(total, Decimal(len(composite.terms))), len(computed))
        total = scaled.to_integral_value(ROUND_FLOOR)
        confidence = min(confidence, SCALED_CONFIDENCE)
    if confidence < LEAST_SCORE_CONFIDENCE:
        raise MissingOperandError(
            MissingReason.NOT_COMPUTABLE,
            f"its terms are too unsure: a confidence of {confidence:.2f} is under 0.5",
        )
    evidence = dict.fromkeys(each for _, evaluation in computed.values() for each in evaluation.evidence())
    parts = dict.fromkeys(note for _, evaluation in computed.values() for note in evaluation.notes())
    return Computed(total, confidence, tuple(evidence), (*notes, *parts), exact=False)


def _refuse_too_little(composite: Composite, gaps: Mapping[str, MissingOperandError]) -> None:
    for term in composite.terms:
        if term.name in gaps and term.neutral is None and not composite.scaled:
            raise MissingOperandError(gaps[term.name].reason, f"{term.name}: {gaps[term.name]}")
    count = len(composite.terms) - len(gaps)
    if count < composite.least:
        name, error = next(iter(gaps.items()))
        raise MissingOperandError(
            error.reason,
            f"only {count} of {len(composite.terms)} terms can be computed, {composite.least} are needed;"
            f" {name}: {error}",
        )


def _confidence(composite: Composite, computed: Mapping[str, tuple[Decimal, Evaluation]]) -> Decimal:
    """The mean of the terms' confidences, times the share of the terms that were computed."""
    sure = sum((evaluation.confidence() for _, evaluation in computed.values()), Decimal(0))
    return ARITHMETIC.divide(sure, Decimal(len(composite.terms)))


def _shown(value: Decimal) -> str:
    rounded = round(value, 4).normalize()
    return f"{rounded:f}"
