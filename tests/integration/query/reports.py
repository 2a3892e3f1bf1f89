"""Reports of made-up companies, committed to a store with their texts and facts."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tenkay.client.store import AsyncArtifactClient, AsyncFilingStoreClient
from tenkay.common.v1 import analysis_pb2, filing_pb2, signal_pb2
from tests.unit.store.artifacts import sha256
from tests.unit.store.filings import analysis, extraction, key

CIKS = itertools.count(1_500_000_000 + time.time_ns() % 10**8 * 7)


@dataclass(slots=True)
class Company:
    """A company of one test, and the store it commits to."""

    store: AsyncFilingStoreClient
    artifacts: AsyncArtifactClient
    cik: int
    count: int = 0
    newest: str = ""

    async def report(
        self, form: str, end: date, signals: dict[str, Any], **given: Any
    ) -> filing_pb2.FilingRef:
        """Commits a report of the period that ends there."""
        self.count += 1
        number = f"{self.cik:010}-24-{self.count:06}"
        filed = given.pop("filed", end + timedelta(days=40))
        message = extraction(
            number,
            cik=self.cik,
            form_type=form,
            period_end=end,
            filed=filed,
            accepted=datetime(filed.year, filed.month, filed.day, tzinfo=UTC),
            signals=signals,
            **given,
        )
        self.newest = (await self.store.commit_extraction(extraction=message)).outcome.sequence
        return filing_pb2.FilingRef(accession_number=number, cik=self.cik)

    async def analyse(
        self, filing: filing_pb2.FilingRef, rating: analysis_pb2.Rating.ValueType, flags: tuple[str, ...]
    ) -> str:
        """Commits an analysis of a report."""
        found = await self.store.get_filing(filing=filing)
        of = extraction(filing.accession_number)
        of.result_key = found.result_key
        body = analysis(of, rating=rating, flags=flags)
        self.newest = (await self.store.commit_analysis(analysis=body)).outcome.sequence
        return self.newest


BODY = "Before. " * 100 + "There is substantial doubt." + " After." * 100


async def commit_with_artifacts(
    company: Company,
    artifacts: list[Any],
    filing: filing_pb2.FilingRef | None = None,
    *,
    code_version: str = "1",
    text: str = BODY,
    proofs: tuple[signal_pb2.Evidence, ...] = (),
) -> filing_pb2.FilingRef:
    if filing is None:
        company.count += 1
        filing = filing_pb2.FilingRef(
            accession_number=f"{company.cik:010}-24-{company.count:06}", cik=company.cik
        )
    message = extraction(
        filing.accession_number,
        cik=company.cik,
        signals={"going_concern_doubt": True, "revenue": "1"},
        code_version=code_version,
        section_codes=(),
    )
    message.texts[0].sha256, message.texts[0].length = sha256(text.encode()), len(text)
    if proofs:
        message.signals[0].ClearField("evidence")
        message.signals[0].evidence.extend(proofs)
    message.artifacts.extend(artifacts)
    message.result_key = key(filing.accession_number, code_version, text, len(proofs))
    company.newest = (await company.store.commit_extraction(extraction=message)).outcome.sequence
    return filing


def quote_of(text: str, quote: str, said: str = "") -> signal_pb2.Evidence:
    start = text.index(quote)
    return signal_pb2.Evidence(
        text=signal_pb2.TextEvidence(
            document="filing.htm",
            text_sha256=sha256(text.encode()),
            start=start,
            end=start + len(quote),
            quote=said or quote,
        )
    )
