"""The parts of a company's prose that stay the same from year to year."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Risk:
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Profile:
    """All texts in the small markup of `markup`."""

    business: str
    risks: tuple[Risk, ...]
    properties: str
    legal: str
    market_risk: str
    revenue_policy: str
    debt_note: str
    commitments: str
    outlook: str
    """What the year was like, for management's discussion; one piece, the numbers follow it."""
