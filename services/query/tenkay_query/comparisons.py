"""What changed between two values of a signal. Nothing is computed where the two are not of a kind."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum

EXACT = Context(prec=200)
"""Longer than any amount that is stored: differences come out exact."""

Amount = Decimal | float | int | bool | str
"""A value as its kind: an exact decimal, a double, a count, a flag, a name."""


class NoChange(StrEnum):
    """Why no change is told; named as in the protos."""

    CURRENT_MISSING = "CURRENT_MISSING"
    PRIOR_MISSING = "PRIOR_MISSING"
    BOTH_MISSING = "BOTH_MISSING"
    NO_PRIOR_FILING = "NO_PRIOR_FILING"
    CURRENCIES_DIFFER = "CURRENCIES_DIFFER"
    UNITS_DIFFER = "UNITS_DIFFER"
    DISPUTED = "DISPUTED"


@dataclass(frozen=True, slots=True)
class Measured:
    """A filing's value of a signal."""

    amount: Amount
    unit: str
    currency: str = ""
    is_disputed: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What changed, as far as it can be told."""

    absolute: Decimal | float | int | None = None
    """In the values' unit. None for flags and names, and where no change is told."""
    relative: float | None = None
    """As a share of the prior's amount without its sign. None where `absolute` is, and when the prior is 0."""
    is_changed: bool | None = None
    reason: NoChange | None = None
    detail: str = ""


def change(current: Measured | None, prior: Measured | None, *, has_prior_filing: bool = True) -> Change:
    """What a signal changed by from `prior` to `current`."""
    if not has_prior_filing:
        return Change(reason=NoChange.NO_PRIOR_FILING, detail="no comparable prior filing is stored")
    if current is None and prior is None:
        return Change(reason=NoChange.BOTH_MISSING, detail="neither filing has a value of it")
    if current is None:
        return Change(reason=NoChange.CURRENT_MISSING, detail="the filing has no value of it")
    if prior is None:
        return Change(reason=NoChange.PRIOR_MISSING, detail="the prior filing has no value of it")
    if current.is_disputed or prior.is_disputed:
        whose = "the filing's" if current.is_disputed else "the prior filing's"
        return Change(reason=NoChange.DISPUTED, detail=f"{whose} value is disputed")
    if current.currency != prior.currency:
        return Change(
            reason=NoChange.CURRENCIES_DIFFER,
            detail=f"{current.currency or 'none'} against {prior.currency or 'none'}; nothing is converted",
        )
    if current.unit != prior.unit:
        return Change(reason=NoChange.UNITS_DIFFER, detail=f"{current.unit} against {prior.unit}")
    return _of_one_unit(current.amount, prior.amount)


def _of_one_unit(current: Amount, prior: Amount) -> Change:
    if type(current) is not type(prior):
        return Change(reason=NoChange.UNITS_DIFFER, detail="the two values are of different kinds")
    if isinstance(current, bool | str) or isinstance(prior, bool | str):
        return Change(is_changed=current != prior)
    absolute: Decimal | float | int
    if isinstance(current, Decimal) or isinstance(prior, Decimal):
        absolute = EXACT.subtract(Decimal(current), Decimal(prior))
    else:
        absolute = current - prior
    share = None
    if prior:
        relative = float(absolute) / abs(float(prior)) if float(prior) else math.inf
        share = relative if math.isfinite(relative) else None
    if isinstance(absolute, float) and not math.isfinite(absolute):
        return Change(is_changed=True)
    return Change(absolute, share, current != prior)


def in_order(of_current: Iterable[str], of_prior: Iterable[str]) -> tuple[str, ...]:
    """Signals of both filings, each once: the current one's in its order, then what only the prior has."""
    return tuple(dict.fromkeys((*of_current, *of_prior)))
