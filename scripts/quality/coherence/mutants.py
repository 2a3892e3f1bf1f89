"""Runs a query process with a fault in it, to see that the check finds it.

    python -m scripts.quality.coherence.mutants NAME

The service itself has no switch for any of these: the faults are put between its parts from outside.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from typing import Any

import tenkay_query.__main__ as service
from tenkay import sequences
from tenkay_query import servicer, store_reader
from tenkay_query.cache.answers import Answers
from tenkay_query.cache.feed_follower import FeedBatch

SKIPPED_OF = 100
"""One change of so many is skipped, the same ones by all processes."""
LATE_SECONDS = 0.3


def skip_changes() -> None:
    """A follower that does not hear of 1 % of the changes."""

    class Deaf(store_reader.StoreFeed):
        async def watch(self, from_sequence: str) -> AsyncGenerator[FeedBatch, None]:
            async for batch in super().watch(from_sequence):
                heard = tuple(
                    each for each in batch.changes if sequences.parse(each.sequence)[0] % SKIPPED_OF != 37
                )
                yield replace(batch, changes=heard)

    vars(service).update(StoreFeed=Deaf)


def late_changes() -> None:
    """A follower that hears of everything 300 ms late."""

    class Late(store_reader.StoreFeed):
        async def watch(self, from_sequence: str) -> AsyncGenerator[FeedBatch, None]:
            async for batch in super().watch(from_sequence):
                await asyncio.sleep(LATE_SECONDS)
                yield batch

    vars(service).update(StoreFeed=Late)


def forget_tokens() -> None:
    """Questions lose the state that their caller asked for."""
    reply = Answers.reply

    async def without_token(self: Any, question: Any, *, has_slot: bool = False) -> Any:
        return await reply(self, replace(question, min_sequence=""), has_slot=has_slot)

    Answers.reply = without_token  # type: ignore[method-assign]


def forget_originals() -> None:
    """A cached amendment does not hang on its company, whose commits decide what it amends."""
    vars(servicer).update(_amendment_of=lambda *_: None)


MUTANTS: Mapping[str, Callable[[], None]] = {
    "skip_changes": skip_changes,
    "late_changes": late_changes,
    "forget_tokens": forget_tokens,
    "forget_originals": forget_originals,
}


if __name__ == "__main__":
    MUTANTS[sys.argv[1]]()
    service.main()
