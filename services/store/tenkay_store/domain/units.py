"""What numbers count: those of one signal can be set against one another, and against a literal, in one unit only.

DECIMAL, DOUBLE and INT64 are three ways to write a number; a unit and a currency say what it counts. An extractor of a
later version may state a signal in another unit than the one before, so a store may hold both.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from tenkay.errors import Reason, failure
from tenkay_store.domain.records import NUMERIC_KINDS, Signal

MOST_TOLD = 10
"""Units or currencies that an error names."""
MAX_TOLD_CHARACTERS = 40


def general_unit(signal: Signal) -> str | None:
    """The unit of a number with a sign in the place of its currency; None when it is no number.

    USD and EUR are two currencies of one unit, which a caller tells apart by naming one.
    """
    if signal.value.kind not in NUMERIC_KINDS:
        return None
    return _without_currency(signal.unit, signal.currency)


def check_one_unit(found: Iterable[tuple[str, str, str]], what: str) -> None:
    """CURRENCY_MISMATCH or UNIT_MISMATCH when numbers are to be set against one another that cannot be.

    `found` are different ones of (signal id, unit, currency), empty where it is no money; `what` is what is done with
    them, for a person: "the filter compares".
    """
    units: dict[str, list[tuple[str, str]]] = {}
    for signal_id, unit, currency in sorted(found):
        units.setdefault(signal_id, []).append((unit, currency))
    currencies = sorted({currency for each in units.values() for _, currency in each if currency})
    if len(currencies) > 1:
        told = currencies[:MOST_TOLD]
        raise failure(
            Reason.CURRENCY_MISMATCH,
            f"{what} amounts in {', '.join(told)}; say which one with currency",
            field="currency",
            metadata={"currencies": ",".join(told)},
        )
    for signal_id, of_signal in units.items():
        if len(of_signal) > 1:
            told = [_told(unit, currency) for unit, currency in of_signal[:MOST_TOLD]]
            raise failure(
                Reason.UNIT_MISMATCH,
                f"{what} values of {signal_id} in {', '.join(told)}, which are not of one scale; narrow the filter to "
                "filings with one of them, for example by filed_date, form_type or accession_number, or have the "
                "others extracted again by today's catalog",
                field="filter",
                metadata={"signal_id": signal_id, "units": ",".join(told)},
            )


def _told(unit: str, currency: str) -> str:
    short = unit[:MAX_TOLD_CHARACTERS]
    return short if not currency or currency in unit else f"{short} ({currency})"


@lru_cache(4096)
def _without_currency(unit: str, currency: str) -> str:
    return unit.replace(currency, "¤") if currency else unit
