"""Which state a call reads: the newest, one a caller has seen already, or an earlier one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tenkay import sequences
from tenkay.common.v1 import read_pb2
from tenkay.errors import Reason, failure
from tenkay.runtime.call import current_deadline
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment
from tenkay_store.wire import messages


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What reads and waiting commits are bounded by."""

    shard: int
    sequence_wait_seconds: float
    wait_for_all_seconds: float


class Moments:
    """Reads the fields `min_sequence` and `as_of` of requests."""

    def __init__(self, store: AnalyticalStore, options: ReadOptions) -> None:
        self._store = store
        self._options = options

    async def reached(self, min_sequence: str) -> int:
        """The sequence to read at, once the store has reached the one asked for."""
        least = sequences.parse(min_sequence).get(self._options.shard, 0)
        seconds = self._options.sequence_wait_seconds
        left = current_deadline()
        if left is not None:
            seconds = min(seconds, left)
        if not await self._store.wait_for(least, seconds):
            raise failure(
                Reason.SEQUENCE_NOT_REACHED,
                f"the store is at {self.token(self._store.head)}, before {min_sequence}; try again in a moment",
                metadata={"sequence": self.token(self._store.head)},
                retry_after=seconds,
            )
        return self._store.head

    async def of(self, request: Any, head: int) -> Moment:
        """The moment that a request's `as_of` names, at the state `head`."""
        as_of: read_pb2.AsOf = request.as_of
        known_at = recorded_at = None
        if as_of.HasField("known_at"):
            known_at = messages.moment(as_of.known_at, "as_of.known_at")
        if as_of.HasField("recorded_at"):
            recorded_at = messages.moment(as_of.recorded_at, "as_of.recorded_at")
        sequence = head if recorded_at is None else await self._store.sequence_at(recorded_at, head)
        return Moment(sequence, known_at)

    def token(self, sequence: int) -> str:
        """A sequence as callers hold it."""
        return sequences.encode(self._options.shard, sequence)
