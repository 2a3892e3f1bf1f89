"""Where a restore ends, and what it found and did."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tenkay_store.backups.backup import SnapshotName
from tenkay_store.backups.commit_parts import Range


@dataclass(frozen=True, slots=True)
class Until:
    """Where a restore ends before the end: at a commit, or at a moment. Neither: with all there is."""

    sequence: int | None = None
    recorded_at: datetime | None = None

    def admits(self, sequence: int, recorded_at: datetime) -> bool:
        """Whether a commit, or a snapshot whose newest commit it is, lies before the end."""
        return (self.sequence is None or sequence <= self.sequence) and (
            self.recorded_at is None or recorded_at <= self.recorded_at
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be used or put back."""

    what: str
    why: str


@dataclass(slots=True)
class Report:
    """What a restore found and did."""

    snapshot: SnapshotName | None = None
    """What it began with; None: with an empty store."""
    damaged: list[Problem] = field(default_factory=list)
    """Snapshots and parts that could not be used."""
    from_copy: int = 0
    """Commits put back from the copied commits."""
    from_second_sink: int = 0
    """Commits put back from the second sink."""
    purges_without_record: list[str] = field(default_factory=list)
    """Filings whose purge is known from the second sink alone: who asked for it, and why, is lost."""
    refused: list[Problem] = field(default_factory=list)
    """Commits that were found and do not fit, because what they build upon is lost."""
    refused_count: int = 0
    lost: list[Range] = field(default_factory=list)
    """Sequences that neither the copies nor the second sink have. Not each is a commit: numbers of purged filings, and
    those by which a filing left a company, are among them."""
    missing_artifacts: list[Problem] = field(default_factory=list)
    """Texts and facts of restored filings that are not where artifacts are kept."""
    missing_artifact_count: int = 0
    filings: int = 0
    """Filings in the restored store."""
    complete_up_to: int = 0
    """Nothing up to this commit is missing. Whether any was made after the newest one found, nobody knows."""
    newest_commit: int = 0
    """The newest commit that was put back."""
    resumed_at: int = 0
    """New commits come after this sequence."""
