"""The store's clients that query speaks to it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tenkay.client import Endpoint, NoFloor
from tenkay.client.caller import AsyncCaller
from tenkay.client.store import (
    AsyncArtifactClient,
    AsyncChangeFeedClient,
    AsyncFilingStoreClient,
    AsyncSignalAnalyticsClient,
)
from tenkay_query import metrics
from tenkay_query.admission.store_budget import CURRENT_BUDGET


class _Counted(AsyncCaller):
    """Counts what is asked, and holds the call being served to its budget."""

    def _before(self, request: Any) -> None:
        budget = CURRENT_BUDGET.get()
        if budget is not None:
            budget.spend()
        metrics.STORE_CALLS.labels(request.DESCRIPTOR.name.removesuffix("Request")).inc()
        super()._before(request)


class _Filings(_Counted, AsyncFilingStoreClient):
    pass


class _Analytics(_Counted, AsyncSignalAnalyticsClient):
    pass


class _Artifacts(_Counted, AsyncArtifactClient):
    pass


@dataclass(frozen=True, slots=True)
class StoreClients:
    """One of each."""

    filings: AsyncFilingStoreClient
    analytics: AsyncSignalAnalyticsClient
    artifacts: AsyncArtifactClient
    feed: AsyncChangeFeedClient

    @classmethod
    def of(cls, endpoint: Endpoint) -> StoreClients:
        """All of one store. Query speaks for many callers: each brings its own floor, none is held to another's."""
        return cls(
            _Filings(endpoint, floor=NoFloor()),
            _Analytics(endpoint, floor=NoFloor()),
            _Artifacts(endpoint, floor=NoFloor()),
            AsyncChangeFeedClient(endpoint, floor=NoFloor()),
        )

    async def close(self) -> None:
        """Closes their channels."""
        for client in (self.filings, self.analytics, self.artifacts, self.feed):
            await client.close()
