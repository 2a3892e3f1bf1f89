"""Jobs: which filings must go through which stages, how far each is, and when a failed stage is tried again.

A filing of a job (an item) goes FETCH -> EXTRACT -> ANALYZE and ends STORED, or FAILED with a reason of the closed
list. Nothing here reads a clock, a database or a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum, IntEnum

from tenkay.errors import Reason

MAX_DETAIL_CHARACTERS = 1000
"""Of the plain words that go with a reason; longer ones are cut."""


class Stage(IntEnum):
    """A stage of a filing's way; a later one is greater."""

    FETCH = 1
    """The bytes are brought into the blob store."""
    EXTRACT = 2
    """Signals are extracted and committed."""
    ANALYZE = 3
    """The rating is made and committed."""


class ItemState(IntEnum):
    """Where a filing of a job stands."""

    WAITING = 1
    """For a worker, or for the next try."""
    RUNNING = 2
    """A worker holds its lease."""
    STORED = 3
    """All stages are done."""
    FAILED = 4
    """A stage failed for good."""


OPEN_STATES = (ItemState.WAITING, ItemState.RUNNING)
"""States of a filing that its job still waits for."""


def stage_after(stage: Stage) -> Stage | None:
    """The next stage; none after the last."""
    return None if stage is Stage.ANALYZE else Stage(stage + 1)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a listing told of a filing before it was opened. What it did not tell is None or empty."""

    accession_number: str
    cik: int | None = None
    """Under whose folder EDGAR keeps it."""
    primary_document: str | None = None
    form_type: str = ""
    filed_date: date | None = None
    accepted_at: datetime | None = None
    """In UTC."""
    period_end: date | None = None
    company_name: str = ""
    items: tuple[str, ...] = ()
    """Of an 8-K: "2.02"."""

    def completed_by(self, other: Listing) -> Listing:
        """This listing, with what only `other` (of the same filing) tells filled in."""
        return Listing(
            accession_number=self.accession_number,
            cik=self.cik if self.cik is not None else other.cik,
            primary_document=self.primary_document or other.primary_document,
            form_type=self.form_type or other.form_type,
            filed_date=self.filed_date or other.filed_date,
            accepted_at=self.accepted_at or other.accepted_at,
            period_end=self.period_end or other.period_end,
            company_name=self.company_name or other.company_name,
            items=self.items or other.items,
        )

    def found_under(self, cik: int | None, primary_document: str | None) -> Listing:
        """This listing with what fetching the filing found out; what it did not find out stays."""
        return replace(
            self,
            cik=cik if cik is not None else self.cik,
            primary_document=primary_document or self.primary_document,
        )


@dataclass(frozen=True, slots=True)
class JobCounts:
    """How far a job's filings are."""

    total: int = 0
    fetched: int = 0
    """Past the fetch stage."""
    extracted: int = 0
    """Past the extract stage."""
    stored: int = 0
    failed: int = 0
    running: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands."""

    id: str
    created_at: datetime
    finished_at: datetime | None
    """When its last filing was stored or failed."""
    counts: JobCounts
    sequence: str
    """The newest sequence among its commits; empty before the first."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """How the newest settled lease of a filing ended; lets a repeated message be answered as the first one was."""

    token: int
    failed: bool


@dataclass(frozen=True, slots=True)
class Item:
    """A filing of a job."""

    job_id: str
    position: int
    """In the order of submission, from 0."""
    listing: Listing
    due_at: datetime
    """Not to be given to a worker before."""
    stage: Stage = Stage.FETCH
    state: ItemState = ItemState.WAITING
    attempts: int = 0
    """Times a worker has been given the present stage."""
    strikes: int = 0
    """How many of them ended with something that the filing itself may be the cause of."""
    reason: Reason | None = None
    """Why it failed, or the last try did."""
    detail: str = ""
    sequence: str = ""
    """Of its newest commit."""
    lease_token: int | None = None
    """Of the lease in force; None unless RUNNING."""
    lease_expires_at: datetime | None = None
    leased_at: datetime | None = None
    settled: Settlement | None = None

    @property
    def accession_number(self) -> str:
        """The filing's id."""
        return self.listing.accession_number


@dataclass(frozen=True, slots=True)
class Failure:
    """What a worker reports of a stage that failed."""

    reason: Reason
    detail: str
    retryable: bool
    """The worker's own judgement: False ends it, True leaves it to the policy."""
    retry_after: timedelta | None = None
    """How long the failing service asked to be left alone."""


class Patience(Enum):
    """How long a reason is put up with."""

    OUTAGE = "outage"
    """A service or EDGAR is down or full. It says nothing about the filing, so it is waited out for about an hour."""
    PASSING = "passing"
    """Likely to pass, but the filing may be the cause (too slow, a worker lost with it): a few tries."""
    ONCE_MORE = "once more"
    """Likely to happen again: one more try, for the case that it was chance."""
    FINAL = "final"
    """About the filing or the call itself: trying again gives the same."""


PATIENCE: Mapping[Reason, Patience] = {
    **dict.fromkeys(Reason, Patience.FINAL),
    Reason.EDGAR_UNAVAILABLE: Patience.OUTAGE,
    Reason.EDGAR_RATE_LIMITED: Patience.OUTAGE,
    Reason.DEPENDENCY_UNAVAILABLE: Patience.OUTAGE,
    Reason.SEQUENCE_NOT_REACHED: Patience.OUTAGE,
    Reason.DRAINING: Patience.OUTAGE,
    Reason.QUEUE_FULL: Patience.OUTAGE,
    Reason.TOO_MANY_CALLS: Patience.OUTAGE,
    Reason.DISK_FULL: Patience.OUTAGE,
    Reason.DEADLINE_EXCEEDED: Patience.PASSING,
    Reason.CANCELLED: Patience.PASSING,
    Reason.STALE_LEASE: Patience.PASSING,
    Reason.ARTIFACT_MISSING: Patience.PASSING,
    Reason.EXTRACTION_TIMEOUT: Patience.ONCE_MORE,
    Reason.EXTRACTION_CRASHED: Patience.ONCE_MORE,
    Reason.BLOB_UNKNOWN: Patience.ONCE_MORE,
    Reason.INTERNAL: Patience.ONCE_MORE,
}
"""Every reason's patience. Reasons that are not named are FINAL."""

TRIES_ONCE_MORE = 2
MAX_RETRY_AFTER = timedelta(hours=1)
"""A service that asks for longer is asked again after this."""


def may_pass(reason: Reason) -> bool:
    """True when trying the stage again may help."""
    return PATIENCE[reason] is not Patience.FINAL


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a failed stage is tried again. Tries are bounded, delays double up to a bound."""

    max_strikes: int = 5
    """Failures of the PASSING kind after which the filing has failed."""
    max_attempts: int = 20
    """Tries of one stage after which the filing has failed, outages included: with the delays below, about an hour."""
    first_delay: timedelta = timedelta(seconds=1)
    longest_delay: timedelta = timedelta(minutes=5)

    def retry_delay(self, item: Item, failure: Failure, jitter: float) -> timedelta | None:
        """How long `item` waits after `failure` of its present attempt; None when it has failed for good.

        `item.strikes` counts the failures before this one. `jitter` (0 to 1) spreads the delay over 0.75 to 1.25 of
        itself, so that filings that failed together do not come back together.
        """
        if not failure.retryable or item.attempts >= self.max_attempts:
            return None
        if item.strikes + strike(failure.reason) >= self._bearable_strikes(failure.reason):
            return None
        doublings = min(item.attempts - 1, 30)
        delay = min(self.longest_delay, self.first_delay * (1 << doublings)) * (0.75 + 0.5 * jitter)
        if failure.retry_after is not None:
            delay = max(delay, min(failure.retry_after, MAX_RETRY_AFTER))
        return delay

    def _bearable_strikes(self, reason: Reason) -> int:
        match PATIENCE[reason]:
            case Patience.OUTAGE | Patience.PASSING:
                return self.max_strikes
            case Patience.ONCE_MORE:
                return TRIES_ONCE_MORE
            case Patience.FINAL:
                return 0


def strike(reason: Reason) -> int:
    """1 when the filing itself may be the cause of `reason`, 0 when it is not."""
    return 0 if PATIENCE[reason] is Patience.OUTAGE else 1
