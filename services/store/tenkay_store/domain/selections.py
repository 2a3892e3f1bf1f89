"""What lists, screens, series and aggregates are asked for, and the pages and groups they answer with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from tenkay_store.domain.filter import TypedExpression
from tenkay_store.domain.records import (
    Filing,
)
from tenkay_store.domain.stored import (
    Staleness,
    Summary,
)


@dataclass(frozen=True, slots=True)
class Position:
    """The last filing of a page, in the order of lists: newest filing day first, unknown ones last, then accession."""

    filed_date: date | None
    accession_number: str


@dataclass(frozen=True, slots=True)
class FilingSelection:
    """Which filings a list takes."""

    cik: int | None = None
    forms: tuple[str, ...] = ()
    filed_from: date | None = None
    filed_to: date | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """Which filings a screen takes, and which signals it shows."""

    expression: TypedExpression | None
    """None takes all."""
    currency: str = ""
    signal_ids: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list."""

    summaries: tuple[Summary, ...]
    next_position: Position | None
    """None on the last page."""


class SeriesView(StrEnum):
    """Which filings give a series its points."""

    EVERY_FILING = "EVERY_FILING"
    POINT_IN_TIME = "POINT_IN_TIME"
    """Of each period the original that was filed first."""
    RESTATED = "RESTATED"
    """Of each period the newest original or full amendment."""


@dataclass(frozen=True, slots=True)
class SeriesSelection:
    """Which of a company's filings and signals a series takes."""

    cik: int
    signal_ids: tuple[str, ...]
    forms: tuple[str, ...] = ()
    period_from: date | None = None
    period_to: date | None = None
    view: SeriesView = SeriesView.EVERY_FILING


@dataclass(frozen=True, slots=True)
class SeriesPosition:
    """The last point of a page, in the order of series: newest period first, unknown ones last, then newest filing day,
    unknown ones last, then accession number downwards.
    """

    period_end: date | None
    filed_date: date | None
    accession_number: str


@dataclass(frozen=True, slots=True)
class Series:
    """A page of a company's signals over its filings."""

    points: tuple[Summary, ...]
    next_position: SeriesPosition | None
    """None on the last page."""


class StaleResult(StrEnum):
    """What of a filing is stale."""

    EXTRACTION = "EXTRACTION"
    ANALYSIS = "ANALYSIS"


@dataclass(frozen=True, slots=True)
class StaleSelection:
    """Which stale results a list takes."""

    cik: int | None = None
    result: StaleResult | None = None
    """None takes both."""


@dataclass(frozen=True, slots=True)
class StaleEntry:
    """A stale result."""

    filing: Filing
    result: StaleResult
    version: int
    stale: Staleness


@dataclass(frozen=True, slots=True)
class StalePage:
    """Part of the list of what is stale."""

    entries: tuple[StaleEntry, ...]
    next_after: int | None
    """None on the last page."""


@dataclass(frozen=True, slots=True)
class DisputeSelection:
    """Which disputes a list takes."""

    accession_number: str = ""
    """Empty takes those of all filings."""
    history: bool = False
    """True takes everything that was ever said, False the disputes that are open."""


class GroupBy(StrEnum):
    """What values are grouped by."""

    FORM = "form"
    SECTOR = "sector"
    """The major group: the first two digits of the SIC code."""
    YEAR = "year"
    """Calendar year of the period's end."""
    QUARTER = "quarter"
    """Calendar quarter of the period's end."""


@dataclass(frozen=True, slots=True)
class AggregateSelection:
    """Which values an aggregate takes, and how it groups them."""

    signal_id: str
    expression: TypedExpression | None
    currency: str
    group_by: tuple[GroupBy, ...]
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class AggregateGroup:
    """One group's figures."""

    keys: tuple[str, ...]
    count: int
    mean: float
    least: float
    largest: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The groups, in the order of their keys."""

    groups: tuple[AggregateGroup, ...]
    unit: str
    currency: str
