"""The second sink, as long as it is this store's.

What a sink holds is guarded by sequences, and each store counts its own from 1: in another store's sink, or in its own
when the file is an older copy, new commits would be ignored as old ones and taken for durable. So before the first
batch of a process, and whenever the sink says that it is not ours, it is asked whose it is and what its newest commit
is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date

from tenkay_store.domain.records import CommitRecord, DayDigest, HeldCommit
from tenkay_store.domain.sink import ClaimedSink, SinkCommit, SinkNotOurs, SinkOwner
from tenkay_store.domain.storage import AnalyticalStore


class OwnedSink:
    """A `sink.Sink` and `sink.SinkLedger` whose calls raise SinkNotOurs while the sink is not the store's."""

    def __init__(self, store: AnalyticalStore, sink: ClaimedSink) -> None:
        self._store = store
        self._sink = sink
        self._is_ours = asyncio.Event()
        self._asking = asyncio.Lock()

    @property
    def name(self) -> str:
        """The sink's name in the outbox."""
        return self._sink.name

    def payload_of(self, record: CommitRecord) -> bytes:
        """What the sink is sent for a commit, as text to look at."""
        return self._sink.payload_of(record)

    async def write(self, batch: Sequence[CommitRecord]) -> None:
        """Make the batch durable. SinkFailure when it is not, or may not be."""
        await self._make_sure()
        try:
            await self._sink.write(batch)
        except SinkNotOurs:
            # It was ours: somebody emptied it, or gave it away. The next look tells.
            self._is_ours.clear()
            await self._make_sure()
            await self._sink.write(batch)

    async def day_digests(self, first: date, last: date, *, with_contents: bool) -> Mapping[date, DayDigest]:
        """As `sink.SinkLedger` says."""
        await self._make_sure()
        return await self._sink.day_digests(first, last, with_contents=with_contents)

    async def commits_of_day(
        self, day: date, after: int, up_to: int, limit: int, *, with_contents: bool
    ) -> Sequence[HeldCommit]:
        """As `sink.SinkLedger` says."""
        await self._make_sure()
        return await self._sink.commits_of_day(day, after, up_to, limit, with_contents=with_contents)

    async def _make_sure(self) -> None:
        if self._is_ours.is_set():
            return
        async with self._asking:
            if self._is_ours.is_set():
                return
            owner = await self._sink.claim(self._store.store_id, used=False)
            if owner.store_id is None:
                # Of a store of before identities: ours if its newest commit is.
                await self._require_own_commit(owner)
                owner = await self._sink.claim(self._store.store_id, used=True)
            if owner.store_id != self._store.store_id:
                raise SinkNotOurs(
                    f"{self.name} holds the commits of another store, {owner.store_id}, and this is "
                    f"{self._store.store_id}; {_WHAT_TO_DO}"
                )
            # What a restore left out or could not put back may be there: sequences go on beyond it.
            if owner.newest is not None and owner.newest.sequence > self._store.resumed_at:
                await self._require_own_commit(owner)
            self._is_ours.set()

    async def _require_own_commit(self, owner: SinkOwner) -> None:
        newest = owner.newest
        if newest is None or await self._holds(newest):
            return
        whose = (
            "of another store"
            if owner.store_id is None
            else "lacking here: this file is an older copy of its store, or another one"
        )
        raise SinkNotOurs(
            f"{self.name} holds commit {newest.sequence} of {newest.accession_number}, made at "
            f"{newest.recorded_at:%Y-%m-%dT%H:%M:%SZ}, which is {whose}; {_WHAT_TO_DO}"
        )

    async def _holds(self, commit: SinkCommit) -> bool:
        """Whether the primary has made this commit, as far as it was not purged since."""
        if commit.sequence > self._store.head:
            return False
        for own in await self._store.commit_records([commit.sequence]):
            return (own.accession_number, own.recorded_at) == (commit.accession_number, commit.recorded_at)
        standing = await self._store.standing([], [commit.accession_number])
        return standing.purges.get(commit.accession_number, 0) > commit.sequence


_WHAT_TO_DO = (
    "nothing was written there; restore this store from it with tenkay store restore, or name an empty project in "
    "TENKAY_STORE_SUPABASE_URL"
)
