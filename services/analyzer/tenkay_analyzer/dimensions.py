"""Dimension scores: what a filing's signals say about one side of the company.

For the rules r of a dimension that apply to the filing, with weight w, and for those present with confidence c and
goodness g:

    coverage = sum of w over those present / sum of w over all
    raw      = 100 * sum(w c g) / sum(w c)
    score    = coverage * raw + (1 - coverage) * 50

So what is missing pulls towards the middle, never up or down. Under the least coverage there is no score.

The band is one standard deviation, in points: of the mean over the signals present (their weighted spread, with a
spread of 0.15 assumed on top since few signals spread little by chance), and of what is missing (uniform between 0 and
1, hence 1/sqrt(12)).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tenkay_analyzer.expressions import Value
from tenkay_analyzer.readings import FilingReadings, Reading
from tenkay_analyzer.rules import Dimension, Rules, ScoringRule

ASSUMED_SPREAD = 0.15
UNKNOWN_SPREAD = 1 / math.sqrt(12)


@dataclass(frozen=True, slots=True)
class Part:
    """What one present signal is in its dimension."""

    rule: ScoringRule
    reading: Reading
    goodness: float
    share: float
    """w c / sum(w c): its share of the raw score. The shares of a dimension add up to 1."""


@dataclass(frozen=True, slots=True)
class DimensionResult:
    """One dimension of one filing."""

    dimension: Dimension
    weight: float
    """Points of 100 in the overall score."""
    coverage: float
    score: float | None
    """None when not rated."""
    band: float | None
    parts: tuple[Part, ...]

    @property
    def is_rated(self) -> bool:
        return self.score is not None


def score_dimensions(filing: FilingReadings, rules: Rules) -> tuple[DimensionResult, ...]:
    """All dimensions, in their order, those not rated included."""
    values = context_values(filing) | {name: reading.value for name, reading in filing.signals.items()}
    return tuple(
        _score(
            dimension, [rule for rule in rules.scoring if rule.dimension is dimension], filing, rules, values
        )
        for dimension in Dimension
    )


def context_values(filing: FilingReadings) -> dict[str, Value]:
    """What conditions may ask of the filing itself, as far as it is known."""
    known: dict[str, Value] = {}
    if filing.sic_code is not None:
        known["sic_code"] = filing.sic_code
    if filing.form_type:
        known["form_type"] = filing.form_type
    return known


def _score(
    dimension: Dimension,
    scoring: Sequence[ScoringRule],
    filing: FilingReadings,
    rules: Rules,
    values: dict[str, Value],
) -> DimensionResult:
    applicable = [
        rule for rule in scoring if rule.applies_if is None or rule.applies_if.holds(values) is not False
    ]
    present = [
        (rule, reading)
        for rule in applicable
        if (reading := filing.signals.get(rule.signal_id)) is not None and reading.confidence > 0
    ]
    all_weight = math.fsum(rule.weight for rule in applicable)
    coverage = math.fsum(rule.weight for rule, _ in present) / all_weight if all_weight else 0.0
    sure_weight = math.fsum(rule.weight * reading.confidence for rule, reading in present)
    parts = tuple(
        Part(
            rule,
            reading,
            rule.measure.goodness(reading.value),
            rule.weight * reading.confidence / sure_weight,
        )
        for rule, reading in present
    )
    weight = rules.weights[dimension]
    if coverage < rules.least_coverage:
        return DimensionResult(dimension, weight, coverage, None, None, parts)
    mean = math.fsum(part.share * part.goodness for part in parts)
    score = coverage * 100 * mean + (1 - coverage) * 50
    return DimensionResult(dimension, weight, coverage, score, _band(parts, mean, coverage), parts)


def _band(parts: Sequence[Part], mean: float, coverage: float) -> float:
    spread = math.fsum(part.share * (part.goodness - mean) ** 2 for part in parts)
    per_independent_signal = math.fsum(part.share**2 for part in parts)
    of_present = (spread + ASSUMED_SPREAD**2) * per_independent_signal
    return 100 * math.sqrt(coverage**2 * of_present + ((1 - coverage) * UNKNOWN_SPREAD) ** 2)
