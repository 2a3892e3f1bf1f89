"""Which state a call reads: the newest, one a caller has seen already, or an earlier one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tenkay import sequences
from tenkay.common.v1 import read_pb2
from tenkay.errors import Reason, failure
from tenkay.runtime.call import current_deadline
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment
from tenkay_store.wire import messages

CLOCKS_APART_SECONDS = 2.0
"""How far a caller's clock may be ahead of the store's: for a moment that near, the store's clock is waited for."""
RETRY_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What reads and waiting commits are bounded by."""

    shard: int
    sequence_wait_seconds: float
    wait_for_all_seconds: float
    moment_wait_seconds: float = 5.0
    """How long a read waits for commits that are being recorded at its moment: far longer than a group takes."""


class Moments:
    """Reads the fields `min_sequence` and `as_of` of requests."""

    def __init__(self, store: AnalyticalStore, options: ReadOptions) -> None:
        self._store = store
        self._options = options

    async def reached(self, request: Any) -> int:
        """The sequence to read at, once the store has reached what the request's `min_sequence` and `as_of` ask for."""
        recorded_at = _recorded_at(request)
        if recorded_at is not None:
            await self._readable(recorded_at)
        shard = self._options.shard
        least = sequences.part_of(request.min_sequence, (shard,)).get(shard, 0)
        seconds = _within_deadline(self._options.sequence_wait_seconds)
        if not await self._store.wait_for(least, seconds):
            raise failure(
                Reason.SEQUENCE_NOT_REACHED,
                f"the store is at {self.token(self._store.head)}, before {request.min_sequence}; try again in a moment",
                metadata={"sequence": self.token(self._store.head)},
                retry_after=seconds,
            )
        return self._store.head

    async def of(self, request: Any, head: int) -> Moment:
        """The moment that a request's `as_of` names, at the state `head`, which was `reached` for it."""
        known_at = None
        if request.as_of.HasField("known_at"):
            known_at = messages.moment(request.as_of.known_at, "as_of.known_at")
        recorded_at = _recorded_at(request)
        sequence = head if recorded_at is None else await self._store.sequence_at(recorded_at, head)
        return Moment(sequence, known_at)

    async def _readable(self, recorded_at: datetime) -> None:
        ahead = (recorded_at - self._store.newest_moment).total_seconds()
        if ahead > CLOCKS_APART_SECONDS:
            raise failure(
                Reason.INVALID_FIELD,
                f"as_of.recorded_at lies {ahead:,.0f} seconds after the store's clock; what will be answered then "
                "nobody knows. Leave it out for the newest, or name a moment that has passed",
                field="as_of.recorded_at",
            )
        seconds = _within_deadline(max(0.0, ahead) + self._options.moment_wait_seconds)
        if not await self._store.wait_for_moment(recorded_at, seconds):
            raise failure(
                Reason.SEQUENCE_NOT_REACHED,
                "what is recorded at as_of.recorded_at is still being written; try again in a moment, or leave "
                "it out for the newest",
                field="as_of.recorded_at",
                metadata={"sequence": self.token(self._store.head)},
                retry_after=RETRY_SECONDS,
            )

    def token(self, sequence: int) -> str:
        """A sequence as callers hold it."""
        return sequences.encode(self._options.shard, sequence)


def _within_deadline(seconds: float) -> float:
    left = current_deadline()
    return seconds if left is None else min(seconds, left)


def _recorded_at(request: Any) -> datetime | None:
    as_of: read_pb2.AsOf = request.as_of
    if not as_of.HasField("recorded_at"):
        return None
    return messages.moment(as_of.recorded_at, "as_of.recorded_at")
