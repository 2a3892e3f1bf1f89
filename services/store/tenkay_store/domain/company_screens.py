"""Screens that show each company once: what is asked, what is answered, and what a filter may compare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tenkay.errors import Reason, failure
from tenkay_store.domain.filter import Expression, TypedExpression, signal_comparisons
from tenkay_store.domain.period_kinds import PeriodKind, period_kind
from tenkay_store.domain.stored import Summary


class CompanyPeriod(StrEnum):
    """Which filing stands for a company."""

    LATEST_ANNUAL = "LATEST_ANNUAL"
    LATEST_QUARTER = "LATEST_QUARTER"
    TRAILING_TWELVE_MONTHS = "TRAILING_TWELVE_MONTHS"
    """The newest of both, with flows summed."""


@dataclass(frozen=True, slots=True)
class CompanyScreen:
    """Which companies a screen takes, and which signals it shows."""

    period: CompanyPeriod
    expression: TypedExpression | None = None
    """None takes all."""
    currency: str = ""
    signal_ids: tuple[str, ...] = ()
    ciks: tuple[int, ...] = ()
    """All when empty."""


class GapReason(StrEnum):
    """Why a company has no value of a signal; named as in the protos."""

    NOT_IN_FILING = "NOT_IN_FILING"
    DISPUTED = "DISPUTED"
    QUARTERS_NOT_CONSECUTIVE = "QUARTERS_NOT_CONSECUTIVE"
    PART_WITHOUT_VALUE = "PART_WITHOUT_VALUE"
    CURRENCIES_DIFFER = "CURRENCIES_DIFFER"
    NOT_A_SUM = "NOT_A_SUM"


@dataclass(frozen=True, slots=True)
class FigureGap:
    """A signal that a company has no value of."""

    signal_id: str
    reason: GapReason
    missing_reason: str = ""
    """Of NOT_IN_FILING, what the filing's extraction says; empty when it does not know the signal."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SummedFiling:
    """A filing whose values went into a sum."""

    accession_number: str
    is_subtracted: bool


@dataclass(frozen=True, slots=True)
class CompanyFigures:
    """A company, by the filing that stands for it."""

    summary: Summary
    gaps: tuple[FigureGap, ...] = ()
    summed: tuple[str, ...] = ()
    """Ids of those of its signals that are sums."""
    quarter_filings: tuple[SummedFiling, ...] = ()
    year_to_date_filings: tuple[SummedFiling, ...] = ()


@dataclass(frozen=True, slots=True)
class CompanyPage:
    """Part of a screen, in the order of CIKs."""

    companies: tuple[CompanyFigures, ...]
    next_after: int | None
    """The CIK that the next page comes after; None on the last page."""


def check_has_values(expression: Expression | None, period: CompanyPeriod) -> None:
    """INVALID_FIELD for a filter that compares what has no value over twelve months, with the column of its name."""
    if expression is None or period is not CompanyPeriod.TRAILING_TWELVE_MONTHS:
        return
    for signal_id, column in signal_comparisons(expression):
        if period_kind(signal_id) is PeriodKind.OF_PERIOD:
            raise failure(
                Reason.INVALID_FIELD,
                f"filter, column {column}: {signal_id} is of one period and can be neither summed over twelve months "
                "nor taken over from a quarter; screen LATEST_ANNUAL or LATEST_QUARTER by it",
                field="filter",
                metadata={"column": str(column)},
            )


@dataclass(frozen=True, slots=True)
class FoundParts:
    """What was found of a sum's parts."""

    part_count: int
    """How many there are; 0 when the quarters are not consecutive."""
    without_value: Sequence[str]
    """Accession numbers of those without a value."""
    currencies: Sequence[str]


def gap_of_sum(signal_id: str, found: FoundParts) -> FigureGap:
    """Why a flow could not be summed."""
    if not found.part_count:
        return FigureGap(
            signal_id,
            GapReason.QUARTERS_NOT_CONSECUTIVE,
            detail="no four consecutive quarters are stored that end with this report",
        )
    if found.without_value:
        return FigureGap(
            signal_id,
            GapReason.PART_WITHOUT_VALUE,
            detail=f"{_listed(found.without_value)} has no value of it to be summed",
        )
    return FigureGap(
        signal_id,
        GapReason.CURRENCIES_DIFFER,
        detail=f"the quarters are in {_listed(found.currencies)}",
    )


def gap_not_a_sum(signal_id: str) -> FigureGap:
    """Of a signal that is of its period only."""
    return FigureGap(
        signal_id,
        GapReason.NOT_A_SUM,
        detail=f"{signal_id} is of one period, and is not the sum of four quarters",
    )


def gap_disputed(signal_id: str) -> FigureGap:
    """Of a value that is disputed."""
    return FigureGap(signal_id, GapReason.DISPUTED, detail="the filing's value is disputed")


def gap_in_filing(signal_id: str, missing: tuple[str, str] | None) -> FigureGap:
    """Of a signal that the filing has no value of, with the reason and detail that its extraction gives."""
    if missing is None:
        return FigureGap(
            signal_id, GapReason.NOT_IN_FILING, detail=f"the filing was extracted without {signal_id}"
        )
    return FigureGap(signal_id, GapReason.NOT_IN_FILING, missing[0], missing[1])


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
