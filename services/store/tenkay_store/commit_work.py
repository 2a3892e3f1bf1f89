"""The pieces of work that the writing thread joins into groups, and what becomes of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tenkay_store.records import (
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
from tenkay_store.screen_segments import Segment


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
class OpenSegment:
    """Work: close the screens' open segment and open the next."""


@dataclass(frozen=True, slots=True)
class PlaceSegment:
    """Work: let a sorted segment count in the place of those it was made from."""

    parts: tuple[Segment, ...]
    built: Segment
    purges: int
    """`Segments.purges` when it was made."""


Work = Commit | Mark | Prune | Remove | Say | OpenSegment | PlaceSegment


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
