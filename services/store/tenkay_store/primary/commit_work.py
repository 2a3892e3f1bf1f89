"""The pieces of work that the writing thread joins into groups, and what becomes of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tenkay_store.domain.records import (
    Analysis,
    Change,
    CommitRecord,
    Committed,
    Delivery,
    Dispute,
    Extraction,
    Fence,
    Purge,
)
from tenkay_store.primary.screen_segments import Segment


@dataclass(frozen=True, slots=True)
class Commit:
    """Work: make a result durable."""

    body: Extraction | Analysis
    traceparent: str = ""
    fence: Fence | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Work: record where commits stand in the sink."""

    deliveries: Mapping[int, Delivery]


@dataclass(frozen=True, slots=True)
class Prune:
    """Work: forget changes recorded before a moment, but the newest."""

    before: datetime


@dataclass(frozen=True, slots=True)
class Remove:
    """Work: purge a filing."""

    purge: Purge


@dataclass(frozen=True, slots=True)
class Say:
    """Work: record what an operator says of a value."""

    dispute: Dispute


@dataclass(frozen=True, slots=True)
class Reapply:
    """Work: put a commit of a lost file back as it was made."""

    record: CommitRecord


@dataclass(frozen=True, slots=True)
class Resume:
    """Work: end a restore. What is committed from now on comes after `resumed_at`."""

    complete_up_to: int
    """Nothing up to here was lost."""
    resumed_at: int
    """Beyond every sequence that the lost file may have given."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Work: after a restore, mark what filings that were put back make stale, themselves among them."""

    accession_numbers: tuple[str, ...]
    resumed_at: int
    """Where the restore resumed: marks end there that the lost file would have ended earlier."""


@dataclass(frozen=True, slots=True)
class MarkCopiesClean:
    """Work: record that no copy holds what was purged up to a sequence."""

    up_to: int
    at: datetime


@dataclass(frozen=True, slots=True)
class OpenSegment:
    """Work: close the screens' open segment and open the next."""


@dataclass(frozen=True, slots=True)
class PlaceSegment:
    """Work: let a sorted segment count in the place of those it was made from."""

    parts: tuple[Segment, ...]
    built: Segment
    purges: int
    """`Segments.purges` when it was made."""


Work = (
    Commit
    | Mark
    | Prune
    | Remove
    | Say
    | Reapply
    | Resume
    | Settle
    | MarkCopiesClean
    | OpenSegment
    | PlaceSegment
)


@dataclass(frozen=True, slots=True)
class Written:
    """Outcome of a piece of work. Only commits have parts."""

    committed: Committed | None = None
    record: CommitRecord | None = None
    """Only where something was changed; of a dispute always: what was said before, where that is the same."""
    carried: tuple[CommitRecord, ...] = ()
    """Disputes that a new version of a filing starts with, each a commit of its own."""
    changes: tuple[Change, ...] = ()
    """What the feed tells of it, in order; empty where nothing was changed."""
