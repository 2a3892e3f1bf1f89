"""What a read finds: filings, signals and analyses as they stood at a moment, and what is known of a company."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from tenkay_store.domain.records import (
    Artifact,
    CommitRecord,
    Dispute,
    Filing,
    MissingSignal,
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
    """A version of a filing with its signals and gaps, in the catalog's order."""

    stored: StoredFiling
    signals: tuple[Signal, ...]
    missing: tuple[MissingSignal, ...]
    disputes: tuple[CommitRecord, ...] = ()
    """Open ones, of values among `signals`."""
    comparable_prior: str | None = None
    """Accession number of what it is compared with; None when none is stored or none was asked for."""

    @property
    def reported(self) -> frozenset[str]:
        """Ids of all signals that it has a value or a gap for."""
        return frozenset([*(each.id for each in self.signals), *(each.id for each in self.missing)])

    def only(self, signal_ids: Collection[str], categories: Collection[str]) -> StoredSignals:
        """The same with these signals of these categories alone; all when empty."""
        if not signal_ids and not categories:
            return self
        signals = tuple(
            each
            for each in self.signals
            if (not signal_ids or each.id in signal_ids) and (not categories or each.category in categories)
        )
        shown = frozenset(each.id for each in signals)
        return replace(
            self,
            signals=signals,
            missing=tuple(
                each
                for each in self.missing
                if (not signal_ids or each.id in signal_ids)
                # The category of a signal that no filing has had a value for is not known.
                and (not categories or not each.category or each.category in categories)
            ),
            disputes=tuple(
                each
                for each in self.disputes
                if isinstance(each.body, Dispute) and each.body.signal_id in shown
            ),
        )


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
