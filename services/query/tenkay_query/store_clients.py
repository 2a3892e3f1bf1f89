"""The store's clients that query speaks to it with."""

from __future__ import annotations

from dataclasses import dataclass

from tenkay.client import Endpoint, SequenceFloor
from tenkay.client.store import (
    AsyncArtifactClient,
    AsyncChangeFeedClient,
    AsyncFilingStoreClient,
    AsyncSignalAnalyticsClient,
)


class NoFloor(SequenceFloor):
    """Query speaks for many callers: each brings its own floor, none must be held to another's."""

    def raise_to(self, sequence: str, *, over_many: bool = True) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class StoreClients:
    """One of each."""

    filings: AsyncFilingStoreClient
    analytics: AsyncSignalAnalyticsClient
    artifacts: AsyncArtifactClient
    feed: AsyncChangeFeedClient

    @classmethod
    def of(cls, endpoint: Endpoint) -> StoreClients:
        """All of one store."""
        return cls(
            AsyncFilingStoreClient(endpoint, floor=NoFloor()),
            AsyncSignalAnalyticsClient(endpoint, floor=NoFloor()),
            AsyncArtifactClient(endpoint, floor=NoFloor()),
            AsyncChangeFeedClient(endpoint, floor=NoFloor()),
        )

    async def close(self) -> None:
        """Closes their channels."""
        for client in (self.filings, self.analytics, self.artifacts, self.feed):
            await client.close()
