"""What the read path and the feed's follower need of Redis, and the one thing that can go wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tenkay_query.generations import Lookup


class CacheLost(Exception):
    """Redis did not answer in time, or answered with an error. Nothing is known about what it did."""


class AnswerCache(Protocol):
    """Answers and the generations they hang on."""

    async def look_up(self, key: str, generations: Sequence[str]) -> Lookup:
        """The entry and all that its truth hangs on, as of one moment. CacheLost."""

    async def keep(
        self,
        key: str,
        entry: bytes,
        seconds: float,
        found: Lookup,
        generations: Sequence[str],
        as_of_sequence: str,
    ) -> bool:
        """Keeps `entry` unless something has changed since `found`; whether it was kept. CacheLost.

        `as_of_sequence` is the state that the answer was read from. A generation that was missing in `found` is set to
        it, unless the feed has been followed past it: then a change may have come and been forgotten in between.
        """


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
