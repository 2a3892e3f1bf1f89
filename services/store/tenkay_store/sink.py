"""A second database that commits go to, as the outbox sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tenkay_store.records import CommitRecord


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


class Sink(Protocol):
    """Takes batches of commits. Each batch is taken whole or not at all; what was taken before changes nothing."""

    @property
    def name(self) -> str:
        """The sink's name in the outbox."""

    def payload_of(self, record: CommitRecord) -> bytes:
        """What the sink is sent for a commit, as text to look at."""

    async def write(self, batch: Sequence[CommitRecord]) -> None:
        """Make the batch durable. SinkFailure when it is not, or may not be."""


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
