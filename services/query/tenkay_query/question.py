"""What a caller asks and what it gets, as the servicer, the cache and the store's reader speak of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from tenkay.errors import TenkayError
from tenkay_query.admission.work_class import WorkClass

Request = TypeVar("Request", covariant=True)


class Kind(StrEnum):
    """The kinds of answers, each with its own time to live."""

    FILING = "filing"
    SIGNALS = "signals"
    COMPANY_SUMMARY = "company_summary"
    QUERY_RESULT = "query_result"
    AGGREGATION = "aggregation"


class Level(StrEnum):
    """Which level an answer came from."""

    PROCESS = "process"
    """This process's own memory."""
    REDIS = "redis"
    STORE = "store"


class Outcome(StrEnum):
    """Where an answer came from, as the trailing metadata "tenkay-cache" tells it."""

    HIT = "hit"
    MISS = "miss"
    """The cache was asked and had nothing that is true."""
    BYPASS = "bypass"
    """The cache could not be used."""


@dataclass(frozen=True, slots=True)
class Question(Generic[Request]):
    """A request in its canonical form, and how it is cached."""

    method: str
    kind: Kind
    request: Request
    """What the store is asked: without min_sequence, defaults filled in."""
    canonical: bytes
    """The same, serialised."""
    generations: tuple[str, ...]
    """Keys of the generations the answer hangs on. Empty: an answer over many companies."""
    min_sequence: str
    """The oldest state the caller accepts."""
    as_of_field: int | None
    """Number of the answer's field as_of_sequence. None for a page of a list that stays at its first page's state."""

    max_staleness_seconds: float | None = None
    """How old an answer over many companies may be. None: as the settings say. Not used when it is bound."""
    is_expensive: bool = False
    """Whether the store works long for it (an aggregate, a screen of companies): then the answer is made anew before it
    ends, and processes wait for one another's question."""

    @property
    def is_bound(self) -> bool:
        """Whether the answer is about one filing or company."""
        return bool(self.generations)

    @property
    def work(self) -> WorkClass:
        """What it is to those who wait for the store beside it."""
        if self.is_expensive or self.kind is Kind.AGGREGATION:
            return WorkClass.EXPENSIVE
        return WorkClass.READ


@dataclass(frozen=True, slots=True)
class Keepable:
    """Under what a process may keep an answer for itself."""

    as_of_sequence: str
    """A state that the answer is known to be true at."""
    stamp: int
    """`NearCache.stamp` before the look-up that led to the answer."""
    seconds: float
    """How long it may be kept."""
    read_at: float
    """When the store was asked, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer or an error, and where it came from."""

    outcome: Outcome
    level: Level
    body: bytes = b""
    error: TenkayError | None = None
    keepable: Keepable | None = None
    """None: not to be kept."""
    read_at: float | None = None
    """When the store was asked, in seconds since 1970. None: it did not answer."""
