"""Listings from the fetcher."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date

from tenkay.client.fetcher import AsyncFetcherClient
from tenkay.days import day_message
from tenkay_pipeline.jobs import Listing
from tenkay_pipeline.listing_messages import to_listing
from tenkay_pipeline.submission import FiledRange

PAGE_SIZE = 1000


class EdgarListings:
    """`submission.Listings` over the fetcher's API. Its errors pass through."""

    def __init__(self, fetcher: AsyncFetcherClient) -> None:
        self._fetcher = fetcher

    async def cik_of(self, ticker: str) -> int:
        """The CIK of a ticker. COMPANY_UNKNOWN."""
        return (await self._fetcher.resolve_company(ticker=ticker)).cik

    async def of_company(
        self, cik: int, *, forms: Sequence[str], include_amendments: bool, since: date | None, limit: int
    ) -> list[Listing]:
        """A company's newest filings, newest first, `limit` at most. COMPANY_UNKNOWN."""
        found: list[Listing] = []
        page_token = ""
        # Every page is asked for with the same arguments, to which the token is bound.
        page_size = min(limit, PAGE_SIZE)
        while True:
            page = await self._fetcher.list_filings(
                cik=cik,
                forms=forms,
                include_amendments=include_amendments,
                filed_from=day_message(since),
                page_size=page_size,
                page_token=page_token,
            )
            found += map(to_listing, page.filings)
            page_token = page.next_page_token
            if len(found) >= limit or not page_token:
                return found[:limit]

    async def of_days(self, filed: FiledRange, *, forms: Sequence[str]) -> AsyncIterator[Listing]:
        """All companies' filings of these days, oldest first."""
        stream = self._fetcher.discover_filings(
            filed_from=day_message(filed.first), filed_to=day_message(filed.last), forms=forms
        )
        async for batch in stream:
            for message in batch.filings:
                yield to_listing(message)
