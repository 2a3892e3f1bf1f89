"""Decimals as text: digits, a point, never an exponent."""

from __future__ import annotations

from decimal import Decimal


def plain(value: Decimal) -> str:
    """The value's exact digits, without an exponent and without zeros that say nothing: "108807000000", "-0.15"."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def plain_float(value: float) -> str:
    """The shortest digits that give the same double, without an exponent."""
    return plain(Decimal(repr(value)))
