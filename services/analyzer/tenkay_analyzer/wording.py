"""Values put for people: one way for each kind of value, used by explanations and narrative alike."""

from __future__ import annotations

from decimal import Decimal

from tenkay_analyzer.expressions import Value
from tenkay_analyzer.rules import Dimension, Show

_LARGE = ((Decimal(10) ** 12, "trillion"), (Decimal(10) ** 9, "billion"), (Decimal(10) ** 6, "million"))


def shown(value: Value, show: Show, currency: str) -> str:
    """The value with its unit: "12.3 %", "1.52 times", "7.4 months", "-12.4 million USD", "yes"."""
    match show:
        case Show.PERCENT:
            return f"{_rounded(_number(value) * 100, 1)} %"
        case Show.TIMES:
            return f"{_rounded(_number(value), 2)} times"
        case Show.MONTHS:
            return f"{_rounded(_number(value), 1)} months"
        case Show.MONEY:
            return _money(_number(value), currency)
        case Show.FLAG:
            return "yes" if value is True else "no"


def named(dimension: Dimension) -> str:
    """The dimension's name in a sentence."""
    match dimension:
        case Dimension.LEVERAGE_LIQUIDITY:
            return "leverage and liquidity"
        case Dimension.GOVERNANCE_CONTROL:
            return "governance and control"
    return dimension.replace("_", " ")


def points(amount: float) -> str:
    """A score, a band or a cap: one decimal."""
    return _rounded(Decimal(repr(amount)), 1)


def signed_points(amount: float) -> str:
    """A contribution: one decimal, always with its sign."""
    return f"{_normal(Decimal(repr(amount)), 1):+,.1f}"


def _number(value: Value) -> Decimal:
    if isinstance(value, bool | str):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _money(amount: Decimal, currency: str) -> str:
    size, word = next((step for step in _LARGE if abs(amount) >= step[0]), (Decimal(1), ""))
    return " ".join(filter(None, [_rounded(amount / size, 1 if word else 0), word, currency]))


def _rounded(number: Decimal, places: int) -> str:
    return f"{_normal(number, places):,.{places}f}"


def _normal(number: Decimal, places: int) -> Decimal:
    # Half away from zero as people round; and no "-0.0".
    rounded = round(number, places)
    return abs(rounded) if rounded == 0 else rounded
