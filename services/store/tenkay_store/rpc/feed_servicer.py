"""The change feed over gRPC: protobuf <-> records, nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc

from tenkay import sequences
from tenkay.errors import Reason, failure
from tenkay.identifiers import require_cik
from tenkay.store.v1 import change_feed_service_pb2 as feed_pb2
from tenkay.store.v1 import change_feed_service_pb2_grpc as feed_pb2_grpc
from tenkay_store.domain.change_feed import ChangeFeed
from tenkay_store.domain.records import Change, CommitKind
from tenkay_store.wire import messages

Context = grpc.aio.ServicerContext[Any, Any]

CHANGE_FEED = "tenkay.store.v1.ChangeFeedService"
MAX_CIKS = 500
"""Companies that one follower may name."""


class ChangeFeedServicer(feed_pb2_grpc.ChangeFeedServiceServicer):
    """The change feed."""

    def __init__(self, feed: ChangeFeed, shard: int) -> None:
        self._feed = feed
        self._shard = shard

    async def Watch(
        self, request: feed_pb2.WatchRequest, _context: Context
    ) -> AsyncIterator[feed_pb2.WatchResponse]:
        """Streams changes after a position."""
        after = None
        if request.from_sequence:
            after = sequences.parse(request.from_sequence).get(self._shard)
            if after is None:
                raise failure(
                    Reason.MALFORMED_SEQUENCE,
                    f"{request.from_sequence[:80]!r} is of another store; use one that this store's feed gave",
                    field="from_sequence",
                )
        if len(request.ciks) > MAX_CIKS:
            raise failure(
                Reason.INVALID_FIELD,
                f"{len(request.ciks):,} companies are named; {MAX_CIKS} are the most",
                field="ciks",
            )
        ciks = frozenset(require_cik(cik, f"ciks[{index}]") for index, cik in enumerate(request.ciks))
        async for batch in self._feed.watch(after, ciks):
            yield feed_pb2.WatchResponse(
                changes=[self._change(each) for each in batch.changes],
                up_to_sequence=sequences.encode(self._shard, batch.up_to),
            )

    def _change(self, change: Change) -> feed_pb2.Change:
        return feed_pb2.Change(
            sequence=sequences.encode(self._shard, change.sequence),
            kind=_CHANGE_KINDS[change.kind],
            accession_number=change.accession_number,
            cik=change.cik,
            version=change.version,
            recorded_at=messages.timestamp(change.recorded_at),
        )


_CHANGE_KINDS = {
    CommitKind.EXTRACTION: feed_pb2.CHANGE_KIND_EXTRACTION,
    CommitKind.ANALYSIS: feed_pb2.CHANGE_KIND_ANALYSIS,
    CommitKind.PURGE: feed_pb2.CHANGE_KIND_PURGE,
    CommitKind.DISPUTE: feed_pb2.CHANGE_KIND_DISPUTE,
    CommitKind.STALENESS: feed_pb2.CHANGE_KIND_STALENESS,
}
