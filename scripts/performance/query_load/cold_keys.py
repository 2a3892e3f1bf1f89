"""Many callers who ask at once what nobody has asked before: how often the store is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from made_up_filings import accession_number
from query_load.target import OwnStack

from tenkay.client.query import AsyncQueryClient
from tenkay.common.v1.filing_pb2 import FilingRef


async def cold_read(target: OwnStack, callers: int) -> float:
    """Calls of the store when so many ask one query process for a filing's signals."""
    filing = FilingRef(accession_number=accession_number(0, 0))

    async def ask(client: AsyncQueryClient) -> bool:
        answer = await client.get_signals(filing=filing)
        return answer.filing.accession_number == filing.accession_number and len(answer.signals) >= 100

    async with AsyncQueryClient(target.stack.queries[0].endpoint) as client:
        return await _store_calls(target, "GetSignals", callers, lambda: ask(client))


async def cold_aggregate(target: OwnStack, callers: int) -> float:
    """Calls of the store when so many ask all query processes for one aggregate."""

    async def ask(client: AsyncQueryClient) -> bool:
        answer = await client.aggregate_signals(signal_id="signal_40")
        return len(answer.groups) == 1 and answer.groups[0].value_count > 0

    async with AsyncQueryClient(target.query_endpoint) as client:
        return await _store_calls(target, "Aggregate", callers, lambda: ask(client))


async def _store_calls(
    target: OwnStack, method: str, callers: int, ask: Callable[[], Awaitable[bool]]
) -> float:
    before = target.store_calls([method])
    are_right = await asyncio.gather(*(ask() for _ in range(callers)))
    after = target.store_calls([method])
    if not all(are_right):
        raise AssertionError(f"an answer of {method} was wrong")
    if before is None or after is None:
        raise AssertionError("the store's calls cannot be counted")
    return after - before
