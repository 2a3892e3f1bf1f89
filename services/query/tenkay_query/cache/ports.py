"""What the read path and the feed's follower need of Redis and of the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from tenkay_query.cache.generations import Lookup
from tenkay_query.question import Question

Request = TypeVar("Request", contravariant=True)


class CacheLost(Exception):
    """Redis did not answer in time, or answered with an error. Nothing is known about what it did."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer is kept, and the keys of what it hangs on."""

    key: str
    kind_epoch: str
    generations: tuple[str, ...]


class AnswerCache(Protocol):
    """Answers and the generations they hang on."""

    async def look_up(self, place: Place) -> Lookup:
        """The entry and all that its truth hangs on, as of one moment. CacheLost."""

    async def keep(
        self,
        place: Place,
        entry: bytes,
        seconds: float,
        found: Lookup,
        *,
        kind_epoch: bytes,
        as_of_sequence: str,
    ) -> bool:
        """Keeps `entry` unless something has changed since `found`; whether it was kept. CacheLost.

        `kind_epoch` is the entry's; where `found` has none it becomes the kind's.

        `as_of_sequence` is the state that the answer was read from. A generation that was missing in `found` is set to
        it, unless the feed has been followed past it: then a change may have come and been forgotten in between.
        """


class EntryLocks(Protocol):
    """Locks over all processes, so that one of them asks the store for an expensive answer."""

    async def take(self, key: str, holder: bytes, seconds: float) -> bool:
        """Takes the lock for this long, unless somebody has it; whether it was taken. CacheLost."""

    async def renew(self, key: str, holder: bytes, seconds: float) -> bool:
        """Holds it for this long from now; False when `holder` has it no more. CacheLost."""

    async def release(self, key: str, holder: bytes) -> None:
        """Gives it back if `holder` still has it. CacheLost."""


class FeedLedger(Protocol):
    """Where the position in the feed is kept, and the generations it raises."""

    async def position(self) -> str | None:
        """The position up to which changes have been applied. None: not known. CacheLost."""

    async def advance(self, raised: Mapping[str, str], position: str, asserted: str) -> bool:
        """Raises generations (key to sequence, never down) and the position, and notes that the feed is followed.

        `asserted` is the newest position that this follower has told before, empty for none. When Redis holds none, or
        an older one, it has lost its memory: then a new epoch begins, and the answer is True. CacheLost.
        """

    async def start_over(self) -> None:
        """Forgets the position and begins a new epoch: all entries are void. CacheLost."""


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """What the store answered."""

    body: bytes
    """The serialised response."""
    as_of_sequence: str


class Store(Protocol[Request]):
    """The store, as far as the read path asks it."""

    async def ask(self, question: Question[Request], min_sequence: str) -> StoreAnswer:
        """The store's answer from a state not older than `min_sequence`; TenkayError otherwise."""


class FeedProgress(Protocol):
    """How far this process has followed the feed."""

    @property
    def position(self) -> str:
        """The newest sequence it is at. Empty while that is not known."""

    async def reaches(self, sequence: str, seconds: float) -> bool:
        """True once it is there; False when it is not within `seconds`."""

    def nudge(self) -> None:
        """Redis does not know the position: tell it now, not at the next turn."""
