"""From a signal's value to its goodness: 0 the worst, 1 the best, 0.5 neither.

Without a peer table the measure is fixed anchor points from the literature, joined by straight lines and level beyond
the outermost two. The points are data (``rules.yaml``), each set with its source.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from tenkay_analyzer.expressions import Value


@dataclass(frozen=True, slots=True)
class Line:
    """Straight lines through (value, goodness) points, level outside of them."""

    points: tuple[tuple[float, float], ...]
    """At least two, by rising value; goodness in 0..1."""

    def goodness(self, value: Value) -> float:
        """Of a number."""
        x = _number(value)
        values = [point[0] for point in self.points]
        position = bisect_right(values, x)
        if position == 0:
            return self.points[0][1]
        if position == len(self.points):
            return self.points[-1][1]
        (x0, g0), (x1, g1) = self.points[position - 1], self.points[position]
        return g0 + (g1 - g0) * (x - x0) / (x1 - x0)


@dataclass(frozen=True, slots=True)
class Sign:
    """One goodness above zero, another at and below it: for amounts, whose size says how large a company is."""

    positive: float
    otherwise: float

    def goodness(self, value: Value) -> float:
        """Of a number."""
        return self.positive if _number(value) > 0 else self.otherwise


@dataclass(frozen=True, slots=True)
class Answer:
    """One goodness for true, another for false."""

    if_true: float
    if_false: float

    def goodness(self, value: Value) -> float:
        """Of a flag."""
        if not isinstance(value, bool):
            raise TypeError(f"expected a flag, got {type(value).__name__}")
        return self.if_true if value else self.if_false


Measure = Line | Sign | Answer


def is_line(points: Sequence[tuple[float, float]]) -> bool:
    """Whether `points` make a Line: two or more, values rising, goodness in 0..1."""
    rising = all(a[0] < b[0] for a, b in pairwise(points))
    return len(points) >= 2 and rising and all(0 <= goodness <= 1 for _, goodness in points)


def _number(value: Value) -> float:
    if isinstance(value, bool | str):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    return float(value) if isinstance(value, Decimal | int) else value
