"""A second database that commits go to, as the outbox sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from tenkay_store.domain.records import CommitRecord, DayDigest, HeldCommit


class Remedy(StrEnum):
    """What a failed write calls for."""

    RETRY = "retry"
    """The sink is busy, away or slow: send it again later."""
    DEAD = "dead"
    """The sink will never take this batch: find the commit at fault, set it aside for a person, go on."""
    STOP = "stop"
    """The sink takes nothing from us: the key or the schema is wrong. Send nothing, and say so loudly."""


class SinkFailure(Exception):
    """A batch was not taken, or nobody can tell whether it was."""

    def __init__(self, remedy: Remedy, detail: str) -> None:
        super().__init__(detail)
        self.remedy = remedy
        self.detail = detail


class SinkNotOurs(SinkFailure):
    """The sink is another store's, or has commits that this one has not: it is to be left as it is."""

    def __init__(self, detail: str) -> None:
        super().__init__(Remedy.STOP, detail)


@dataclass(frozen=True, slots=True)
class SinkCommit:
    """A commit that a sink holds."""

    sequence: int
    accession_number: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class SinkOwner:
    """Whose a sink is."""

    store_id: str | None
    """None: nobody has claimed it."""
    newest: SinkCommit | None
    """The newest commit there; None when there is none."""


class Sink(Protocol):
    """Takes batches of commits. Each batch is taken whole or not at all; what was taken before changes nothing."""

    @property
    def name(self) -> str:
        """The sink's name in the outbox."""

    def payload_of(self, record: CommitRecord) -> bytes:
        """What the sink is sent for a commit, as text to look at."""

    async def write(self, batch: Sequence[CommitRecord]) -> None:
        """Make the batch durable. SinkFailure when it is not, or may not be."""


class SinkLedger(Protocol):
    """What a sink tells of the commits it holds. Each call may raise SinkFailure."""

    async def day_digests(self, first: date, last: date, *, with_contents: bool) -> Mapping[date, DayDigest]:
        """Of the days that have commits. `with_contents`: rows are read and compared with what came with the commit."""

    async def commits_of_day(
        self, day: date, after: int, up_to: int, limit: int, *, with_contents: bool
    ) -> Sequence[HeldCommit]:
        """Commits of a day with a sequence in (after, up_to], in order: `limit` of them, and more only where they
        share the last one's sequence. With contents, one whose rows were altered has the hash 0."""


class ClaimedSink(Sink, SinkLedger, Protocol):
    """A sink that is one store's."""

    async def claim(self, store_id: str, *, used: bool) -> SinkOwner:
        """Make the sink that store's, whose batches are written from now on, if it is nobody's; whose it then is.

        While there are commits in it that nobody has claimed, only with `used`. SinkFailure.
        """


class BreakerOpen(Exception):
    """The sink is left alone for a while after failures; nothing was sent."""


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """When a sink is left alone."""

    failures: int
    """In a row."""
    seconds: float
    """For how long."""


class Breaker(Protocol):
    """Guards a sink that is down from being asked all the time."""

    @property
    def is_open(self) -> bool:
        """Whether the sink is left alone."""

    async def call(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work, or raise BreakerOpen."""


@dataclass(frozen=True, slots=True)
class SupabaseOptions:
    """How Supabase is reached."""

    url: str
    key: str
    connections: int
    connect_seconds: float
    read_seconds: float
