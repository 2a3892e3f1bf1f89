"""What a read finds: filings, signals and analyses as they stood at a moment, and what is known of a company."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenkay_store.domain.records import (
    Artifact,
    CommitRecord,
    Filing,
    Section,
    Signal,
    Text,
)
from tenkay_store.domain.staleness import StaleReason


@dataclass(frozen=True, slots=True)
class Moment:
    """What a read may see."""

    sequence: int
    """Nothing committed after it."""
    known_at: datetime | None = None
    """Only filings that EDGAR accepted at or before it; those whose acceptance is not known are left out."""


@dataclass(frozen=True, slots=True)
class Staleness:
    """That a result is out of date."""

    reason: StaleReason
    earlier_filing: str
    """Its accession number; empty for EXTRACTION_SUPERSEDED."""
    since: int
    """Sequence from which on it is."""


@dataclass(frozen=True, slots=True)
class StoredFiling:
    """A version of a filing, without its signals."""

    filing: Filing
    version: int
    sequence: int
    recorded_at: datetime
    result_key: str
    catalog_version: str
    sections: tuple[Section, ...] = ()
    stale: Staleness | None = None
    amends: str | None = None
    """Accession number of the stored filing that it amends."""


@dataclass(frozen=True, slots=True)
class StoredSignals:
    """A version of a filing with its signals and gaps."""

    sequence: int
    version: int
    report: bytes
    """The filing, its signals and its gaps, as `wire.reports` reads them."""
    stale: Staleness | None = None
    disputes: tuple[CommitRecord, ...] = ()
    """Open ones, of values among its signals."""
    comparable_prior: str | None = None
    """Accession number of what it is compared with; None when none is stored or none was asked for."""


@dataclass(frozen=True, slots=True)
class StoredArtifacts:
    """A version of a filing with the texts its offsets refer to, and the artifacts it was committed with."""

    stored: StoredFiling
    texts: tuple[Text, ...]
    artifacts: tuple[Artifact, ...]


@dataclass(frozen=True, slots=True)
class StoredAnalysis:
    """A version of an analysis, with the filing it is of."""

    filing: Filing
    version: int
    recorded_at: datetime
    document: str
    sequence: int
    superseded_at: int | None
    """Sequence of the version of the filing after the one that was analysed; None when that is the newest."""
    stale: Staleness | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A filing as lists show it."""

    filing: Filing
    version: int
    signal_count: int
    signals: tuple[Signal, ...] = ()
    rating: str | None = None
    score: float | None = None
    flag_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompanySummary:
    """A company by its filings."""

    cik: int
    company_name: str
    sic_code: int | None
    latest_annual: Summary | None
    latest_quarterly: Summary | None
    recent: tuple[Summary, ...]
    forms: tuple[tuple[str, int], ...]
    """Form type and number of filings, the most frequent first."""
