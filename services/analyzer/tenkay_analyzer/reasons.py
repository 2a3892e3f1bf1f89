"""The reasons of a score, exactly: what each signal moved it by.

    contribution = W / sum(W) * coverage * share * 100 * (goodness - 0.5)

with W the points of the signal's dimension and sum(W) those of all rated dimensions. 50 plus all contributions is the
uncapped score, since each dimension's score is 50 + coverage * sum(share * 100 * (goodness - 0.5)).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tenkay_analyzer.dimensions import DimensionResult, Part
from tenkay_analyzer.goodness import Line
from tenkay_analyzer.readings import Reading
from tenkay_analyzer.rules import Dimension, Input, Rules, Show
from tenkay_analyzer.wording import shown, signed_points


@dataclass(frozen=True, slots=True)
class Reason:
    """What one signal contributed."""

    reading: Reading
    dimension: Dimension
    contribution: float
    """Points of the uncapped score."""
    goodness: float
    label: str
    shown: str
    """The value, for people."""
    is_flag: bool
    explanation: str


def reasons_of(results: Sequence[DimensionResult], rules: Rules) -> tuple[Reason, ...]:
    """One reason for each signal of each rated dimension, by falling size of contribution."""
    rated = [result for result in results if result.is_rated]
    all_points = math.fsum(result.weight for result in rated)
    reasons = [
        _reason(result, part, result.weight / all_points, rules) for result in rated for part in result.parts
    ]
    return tuple(sorted(reasons, key=lambda r: (-abs(r.contribution), r.reading.signal_id, r.dimension)))


def _reason(result: DimensionResult, part: Part, dimension_share: float, rules: Rules) -> Reason:
    given = rules.inputs[part.rule.signal_id]
    contribution = dimension_share * result.coverage * part.share * 100 * (part.goodness - 0.5)
    value = shown(part.reading.value, given.show, part.reading.currency)
    return Reason(
        reading=part.reading,
        dimension=part.rule.dimension,
        contribution=contribution,
        goodness=part.goodness,
        label=given.label,
        shown=value,
        is_flag=given.show is Show.FLAG,
        explanation=_explained(part, given, value, contribution),
    )


def _explained(part: Part, given: Input, value: str, contribution: float) -> str:
    opening = f"{given.label[0].upper()}{given.label[1:]}"
    opening = f"{opening}: {value}" if given.show is Show.FLAG else f"{opening} of {value}"
    judged = f"goodness {part.goodness:.2f}{_between(part, given)}"
    sure = "" if part.reading.confidence >= 0.995 else f", at a confidence of {part.reading.confidence:.2f}"
    return f"{opening}: {judged}{sure}, moves the score by {signed_points(contribution)}."


def _between(part: Part, given: Input) -> str:
    """The anchor points on either side of the value."""
    measure = part.rule.measure
    if not isinstance(measure, Line) or isinstance(part.reading.value, str):
        return ""
    value = float(part.reading.value)
    below = [point for point in measure.points if point[0] <= value]
    above = [point for point in measure.points if point[0] > value]
    named = [
        f"{shown(x, given.show, part.reading.currency)} ({goodness:.2f})"
        for x, goodness in [*below[-1:], *above[:1]]
    ]
    if len(named) == 2:
        return f" between the anchors {named[0]} and {named[1]}"
    return f" {'beyond' if below else 'below'} the anchor {named[0]}"
