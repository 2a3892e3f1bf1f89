"""What is written: next versions and analyses of the recorded mix, and filings that nobody has seen."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Iterator

from made_up_filings import accession_number, filing
from query_load.caller import Caller
from query_load.recorded_mix import COMPANIES, FILINGS_A_COMPANY, RecordedMix, Write
from query_load.sender import Answered
from store_load import message_of

from tenkay.client.store import AsyncFilingStoreClient
from tenkay.common.v1 import analysis_pb2
from tenkay.errors import TenkayError

FILLED_COMPANIES = 4000
FILLED_SIGNALS = FILLED_COMPANIES * FILINGS_A_COMPANY * 125
"""What fill_store.py fills the store with: each company's four quarters."""
NEWEST = FILINGS_A_COMPANY - 1
_FIRST_NEW_QUARTER = 40
_IN_FLIGHT = 100


def analysis_of(company: int, quarter: int, extraction_key: str, number: int) -> analysis_pb2.Analysis:
    """An analysis of a filing, another one for each number."""
    name = accession_number(company, quarter)
    score = number % 10_000 / 100
    return analysis_pb2.Analysis(
        accession_number=name,
        rating=analysis_pb2.RATING_SOUND,
        score=score,
        uncapped_score=score,
        band=1,
        narrative="made up",
        backend="embedded/template-v1",
        result_key=_sha(f"{name} {extraction_key} {number}"),
        extraction_key=extraction_key,
        rules_version="1",
    )


async def analyse_newest(store: AsyncFilingStoreClient) -> None:
    """Give the newest filing of each company of the mix an analysis, in a store that is freshly filled."""
    slots = asyncio.Semaphore(_IN_FLIGHT)

    async def one(company: int) -> None:
        key = _sha(f"{NEWEST * FILLED_COMPANIES + company}")
        async with slots:
            await store.commit_analysis(analysis=analysis_of(company, NEWEST, key, company))

    await asyncio.gather(*(one(company) for company in range(COMPANIES)))


class MixWriter:
    """Writes about the mix's companies; what it writes is checked for by the caller whose floor it shares."""

    def __init__(self, mix: RecordedMix, store: AsyncFilingStoreClient, caller: Caller) -> None:
        self._writes = mix.companies_to_write()
        self._store = store
        self._caller = caller
        self._keys: dict[int, str] = {}
        self._numbers = itertools.count(10_000)
        self.written = 0
        self.failed: list[str] = []

    async def every(self, seconds: float) -> None:
        """One write after another, until cancelled. One that fails is noted."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self._write()
                self.written += 1
            except TenkayError as error:
                self.failed.append(error.reason.value)

    async def _write(self) -> None:
        kind, company = next(self._writes)
        if kind is Write.ANALYSIS and company in self._keys:
            await self._store.commit_analysis(
                analysis=analysis_of(company, NEWEST, self._keys[company], next(self._numbers))
            )
            return
        message = message_of(filing(company, NEWEST, version=next(self._numbers)))
        outcome = (await self._store.commit_extraction(extraction=message)).outcome
        self._keys[company] = message.result_key
        self._caller.versions[company, NEWEST] = outcome.version


class Ingest:
    """Filings as they come in: an extraction, then its analysis."""

    def __init__(self, store: AsyncFilingStoreClient) -> None:
        self._store = store
        self._new = _new_filings()

    async def one(self, _place: int) -> Answered:
        """The next filing. TenkayError when it failed."""
        company, quarter = next(self._new)
        message = message_of(filing(company, quarter))
        await self._store.commit_extraction(extraction=message)
        await self._store.commit_analysis(analysis=analysis_of(company, quarter, message.result_key, quarter))
        return Answered()


def _new_filings() -> Iterator[tuple[int, int]]:
    for quarter in itertools.count(_FIRST_NEW_QUARTER):
        for company in range(FILLED_COMPANIES):
            yield company, quarter


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
