"""What the next version of a filing or analysis depends on of those that are stored, and whose lease it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tenkay.errors import Reason, TenkayError, failure
from tenkay_store.domain.records import Fence


@dataclass(slots=True)
class FilingVersion:
    """A stored version of a filing, as far as the next one depends on it."""

    version: int
    sequence: int
    recorded_at: datetime
    superseded_by: int | None
    result_key: str
    fence_scope: str | None
    fence_token: int | None
    cik: int | None
    period_end: date | None
    content_key: str | None


@dataclass(slots=True)
class AnalysisVersion:
    """The same of an analysis."""

    version: int
    sequence: int
    recorded_at: datetime
    superseded_by: int | None
    result_key: str
    fence_scope: str | None
    fence_token: int | None
    filing_sequence: int


@dataclass(frozen=True, slots=True)
class PurgedVersions:
    """What a purge leaves of a filing."""

    filing: int = 0
    """Its newest version; 0 when it was never purged."""
    analysis: int = 0
    """That of its analyses."""
    sequence: int = 0
    """The newest purge's."""
    cik: int | None = None


def fence_columns(fence: Fence | None) -> tuple[str | None, int | None]:
    """Scope and token of a lease as a version keeps them."""
    return (None, None) if fence is None else (fence.scope, fence.token)


def stale_lease(
    fence: Fence | None, versions: Sequence[FilingVersion | AnalysisVersion], accession_number: str
) -> TenkayError | None:
    """STALE_LEASE when a later lease of the same scope has committed already."""
    if fence is None:
        return None
    newest = max((each.fence_token or 0 for each in versions if each.fence_scope == fence.scope), default=0)
    if fence.token >= newest:
        return None
    return failure(
        Reason.STALE_LEASE,
        f"the lease {fence.token} of {accession_number} is over: a result under the lease {newest} is stored; drop "
        "this one",
        metadata={"token": str(newest)},
    )
