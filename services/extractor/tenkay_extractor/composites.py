"""Scores that are made of terms: each an expression of its own, some of which may be missing."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from decimal import ROUND_FLOOR, Decimal

from tenkay_extractor.catalog import Composite
from tenkay_extractor.computed import Computed
from tenkay_extractor.concepts import ConceptResolver, Evaluation, evaluate
from tenkay_extractor.expressions import (
    ARITHMETIC,
    Expression,
    UndefinedResultError,
    ZeroDenominatorError,
)
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.periods import Basis

LEAST_SCORE_CONFIDENCE = Decimal("0.5")
"""A score that is less sure is not given."""
SCALED_CONFIDENCE = Decimal("0.7")


def score(composite: Composite, resolver: ConceptResolver, basis: Basis) -> Computed:
    """The composite for one filing. Raises MissingOperandError when too much of it is missing."""
    computed: dict[str, tuple[Decimal, Evaluation]] = {}
    approximated: dict[str, tuple[Decimal, Evaluation]] = {}
    gaps: dict[str, MissingOperandError] = {}
    for term in composite.terms:
        try:
            computed[term.name] = _term(term.expression, resolver, basis)
            continue
        except MissingOperandError as error:
            gaps[term.name] = error
        if term.instead is not None:
            with contextlib.suppress(MissingOperandError):
                approximated[term.name] = _term(term.instead, resolver, basis)
    _refuse_too_little(composite, gaps, approximated)
    total = composite.constant
    notes = []
    for term in composite.terms:
        if term.name in computed:
            value = computed[term.name][0]
            notes.append(f"{term.name}: {_shown(value)}")
        elif term.name in approximated and term.instead is not None:
            value = approximated[term.name][0]
            notes.append(f"{term.name}: {_shown(value)}, as {term.instead.source}; {gaps[term.name]}")
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
    taken = (*computed.values(), *approximated.values())
    evidence = dict.fromkeys(each for _, evaluation in taken for each in evaluation.evidence())
    parts = dict.fromkeys(note for _, evaluation in taken for note in evaluation.notes())
    if composite.is_logit:
        probability = _probability(total)
        notes.append(f"as a probability: {_shown(probability)}")
        if composite.odds_over is not None:
            total = ARITHMETIC.divide(probability, composite.odds_over)
    return Computed(total, confidence, tuple(evidence), (*notes, *parts), exact=False)


def _term(expression: Expression, resolver: ConceptResolver, basis: Basis) -> tuple[Decimal, Evaluation]:
    try:
        value, _, evaluation = evaluate(expression, resolver, basis)
    except (ZeroDenominatorError, UndefinedResultError) as error:
        raise MissingOperandError(MissingReason.NOT_COMPUTABLE, str(error)) from None
    return Decimal(value), evaluation


def _probability(logit: Decimal) -> Decimal:
    """1 / (1 + exp(-logit)), of a logit that is held where its exponential is."""
    bounded = max(min(logit, Decimal(1_000)), Decimal(-1_000))
    return ARITHMETIC.divide(Decimal(1), ARITHMETIC.add(Decimal(1), (-bounded).exp(ARITHMETIC)))


def _refuse_too_little(
    composite: Composite, gaps: Mapping[str, MissingOperandError], approximated: Collection[str]
) -> None:
    for term in composite.terms:
        if term.name in approximated:
            continue
        if term.name in gaps and term.neutral is None and not composite.scaled:
            raise MissingOperandError(gaps[term.name].reason, f"{term.name}: {gaps[term.name]}")
    count = len(composite.terms) - len(gaps) + len(approximated)
    if count < composite.least:
        name, error = next((name, error) for name, error in gaps.items() if name not in approximated)
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
