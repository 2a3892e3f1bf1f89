"""The overall score and its rating.

    uncapped = sum(W * score) / sum(W) over the rated dimensions, W their points of 100
    score    = the smaller of that and the cap of the red flags

With less than the least weight rated there is no score, and a reason why.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tenkay_analyzer.dimensions import DimensionResult
from tenkay_analyzer.rules import Rating, Rules
from tenkay_analyzer.wording import named


@dataclass(frozen=True, slots=True)
class Overall:
    """A rated filing's judgement."""

    rating: Rating
    score: float
    uncapped_score: float
    band: float
    """One standard deviation, in points."""
    low_confidence: bool


@dataclass(frozen=True, slots=True)
class NotRated:
    """Why there is no judgement, in plain words."""

    reason: str


def overall(results: Sequence[DimensionResult], cap: float | None, rules: Rules) -> Overall | NotRated:
    """The judgement over the dimensions, under `cap`."""
    scored = [
        (result.weight, result.score, result.band)
        for result in results
        if result.score is not None and result.band is not None
    ]
    weight = math.fsum(points for points, _, _ in scored)
    if weight < rules.least_rated_weight:
        return NotRated(_too_little(results, weight, rules))
    uncapped = math.fsum(points * score for points, score, _ in scored) / weight
    band = math.sqrt(math.fsum((points * width) ** 2 for points, _, width in scored)) / weight
    score = _capped(uncapped, cap)
    return Overall(
        rating=rating_of(score, rules),
        score=score,
        uncapped_score=uncapped,
        band=band,
        # A cap is certain: a step across a cut counts only where the cap lets the score take it.
        low_confidence=rating_of(_capped(uncapped - band, cap), rules)
        is not rating_of(_capped(uncapped + band, cap), rules),
    )


def rating_of(score: float, rules: Rules) -> Rating:
    """The rating whose cut the score reaches."""
    return next((rating for rating, cut in rules.cuts if score >= cut), Rating.CRITICAL)


def _capped(score: float, cap: float | None) -> float:
    return score if cap is None else min(score, cap)


def _too_little(results: Sequence[DimensionResult], weight: float, rules: Rules) -> str:
    without = [named(result.dimension) for result in results if not result.is_rated]
    return (
        f"{weight:g} of the 100 points of weight have enough signals behind them; {rules.least_rated_weight:g} are "
        f"needed. Too few signals for: {', '.join(without)}."
    )
