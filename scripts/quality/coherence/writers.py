"""Writers that change their own companies' filings in every way there is, and look whether it is seen."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from scripts.quality.coherence.contents import UNKNOWN, Method
from scripts.quality.coherence.history import AnalysisStep, ExtractionStep, Ledger
from scripts.quality.coherence.readers import Observation, Pods
from tenkay import sequences
from tenkay.client.store import AsyncFilingStoreClient, AsyncStoreAdminClient
from tenkay.common.v1 import dispute_pb2, extraction_pb2, filing_pb2
from tests.unit.store.filings import accession_number, analysis, content_key_of, extraction

COMPANIES_A_WRITER = 3
FILINGS_A_COMPANY = 4
WHOLE_SECTIONS, PART_SECTIONS = ("item_7", "item_8"), ("item_10", "item_11")
"""Of amendments: those that stand in for the original, and those that do not."""
POLL_SECONDS = 0.002
WRITE_SECONDS = 60.0
"""Patience with a store on a busy machine: it is query that is on trial."""
UNSEEN_SECONDS = 10.0
"""A commit that a reader without a token does not see within this is never seen."""
_FIRST_CIK = 1_700_000_000
_AGENT = 1_999_000_001


@dataclass(frozen=True, slots=True)
class Visibility:
    """How long a commit took to be seen through one process without a token."""

    method: Method
    pod: int
    answered_at: float
    seen_at: float
    """When the first read that saw it was sent."""
    is_seen: bool
    """False: not within UNSEEN_SECONDS."""


@dataclass(slots=True)
class OwnFiling:
    """A filing as its writer knows it to be stored."""

    accession_number: str
    cik: int
    form_type: str
    period_end: date
    filed: date
    prior: OwnFiling | None = None
    """The company's filing of a year earlier, which this one is computed from."""
    stored: extraction_pb2.Extraction | None = None
    version: int = 0
    """Of what is stored."""
    is_disputed: bool = False
    amendment: OwnFiling | None = None
    """The filing that amends this one."""

    @property
    def ref(self) -> filing_pb2.FilingRef:
        return filing_pb2.FilingRef(accession_number=self.accession_number)


@dataclass(slots=True)
class Board:
    """What all writers share."""

    ledger: Ledger
    wanted: int
    """Commits to make at least."""
    may_end: Callable[[], bool] = lambda: True
    """Whether enough has happened beside them."""
    begun: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    visibility: list[Visibility] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def goes_on(self) -> bool:
        """Whether another commit is to be made."""
        return self.begun < self.wanted or not self.may_end()

    @property
    def commits(self) -> int:
        """Those that were answered."""
        return self.kinds.total()


def filings_of(writer: int) -> list[OwnFiling]:
    """The filings of a writer's companies: two annual reports, an amendment of the newer and a quarterly one each."""
    own = []
    for number in range(writer * COMPANIES_A_WRITER, (writer + 1) * COMPANIES_A_WRITER):
        cik = _FIRST_CIK + number
        first = number * FILINGS_A_COMPANY + 1
        names = [accession_number(first + each, _AGENT) for each in range(FILINGS_A_COMPANY)]
        before = OwnFiling(names[0], cik, "10-K", date(2022, 12, 31), date(2023, 3, 1))
        annual = OwnFiling(names[1], cik, "10-K", date(2023, 12, 31), date(2024, 3, 1), prior=before)
        amendment = OwnFiling(names[3], cik, "10-K/A", date(2023, 12, 31), date(2024, 5, 1), prior=before)
        annual.amendment = amendment
        # Quarterly filings change companies, so no two have the same period.
        quarter_end = date(2023, 6, 30) + timedelta(days=number % COMPANIES_A_WRITER)
        quarterly = OwnFiling(names[2], cik, "10-Q", quarter_end, date(2023, 11, 1))
        own += [before, annual, quarterly, amendment]
    return own


class Writer:
    """Commits one step after another."""

    def __init__(
        self,
        filings: Sequence[OwnFiling],
        board: Board,
        store: AsyncFilingStoreClient,
        admin: AsyncStoreAdminClient,
        pods: Pods,
        draw: random.Random,
    ) -> None:
        self._filings = filings
        self._ciks = sorted({each.cik for each in filings})
        self._board = board
        self._store = store
        self._admin = admin
        self._pods = pods
        self._draw = draw

    async def begin(self) -> None:
        """Commit the first version of each filing."""
        for filing in self._filings:
            await self._extract(filing, filing.cik)

    async def work(self) -> None:
        """Until enough commits are made."""
        while self._board.goes_on:
            self._board.begun += 1
            filing = self._draw.choice(self._filings)
            former = filing.cik
            kind, sequence, method = await self._step(filing)
            if self._draw.random() < 0.5:
                await self._read_with_token(filing, sequence)
            else:
                await self._watch(filing, sequence, method)
            if filing.amendment is not None:
                # It names its original, or none when that is purged.
                token = sequences.encode(0, sequence)
                await self._read(Method.FILING, filing.amendment.accession_number, token)
            if filing.cik != former:
                await self._read(Method.COMPANY, str(former), sequences.encode(0, sequence))
            self._board.kinds[kind] += 1

    async def _step(self, filing: OwnFiling) -> tuple[str, int, Method]:
        """One change: what it is called, its sequence, a method whose answer it changes."""
        choice = self._draw.random()
        if filing.stored is None or choice < 0.45:
            kind = "amendment" if filing.form_type.endswith("/A") else "extraction"
            return kind, await self._extract(filing, filing.cik), Method.SIGNALS
        if choice < 0.5 and filing.form_type == "10-Q":
            other = self._draw.choice([cik for cik in self._ciks if cik != filing.cik])
            return "other company", await self._extract(filing, other), Method.SIGNALS
        if choice < 0.7:
            return "analysis", await self._analyse(filing, filing.stored), Method.ANALYSIS
        if choice < 0.92:
            kind = "resolution" if filing.is_disputed else "dispute"
            return kind, await self._dispute(filing), Method.SIGNALS
        return "purge", await self._purge(filing), Method.SIGNALS

    async def _extract(self, filing: OwnFiling, cik: int) -> int:
        number = next(self._board.numbers)
        prior = filing.prior
        earlier: dict[str, str] = {}
        if prior is not None and prior.stored is not None:
            earlier[prior.accession_number] = prior.stored.content_key
        is_whole = not filing.form_type.endswith("/A") or self._draw.random() < 0.5
        message = extraction(
            filing.accession_number,
            signals={"revenue": str(number)},
            cik=cik,
            form_type=filing.form_type,
            filed=filing.filed,
            accepted=None,
            period_end=filing.period_end,
            section_codes=WHOLE_SECTIONS if is_whole else PART_SECTIONS,
            code_version=str(number),
            earlier=earlier,
        )
        outcome = (await self._store.commit_extraction(extraction=message, timeout=WRITE_SECONDS)).outcome
        sequence = self._answered(outcome.sequence)
        self._board.ledger.extractions[filing.accession_number, outcome.version] = (
            sequence,
            ExtractionStep(
                accession_number=filing.accession_number,
                cik=cik,
                form_type=filing.form_type,
                period_end=filing.period_end,
                filed=filing.filed,
                revenue=str(number),
                content_key=content_key_of(filing.accession_number, str(number)),
                earlier=tuple(sorted(earlier.items())),
                is_whole=is_whole,
            ),
        )
        filing.cik, filing.stored, filing.version = cik, message, outcome.version
        filing.is_disputed = False
        return sequence

    async def _analyse(self, filing: OwnFiling, stored: extraction_pb2.Extraction) -> int:
        number = next(self._board.numbers)
        score = number % 10_000 / 100
        message = analysis(stored, score=score, flags=(), rules_version=str(number))
        outcome = (await self._store.commit_analysis(analysis=message, timeout=WRITE_SECONDS)).outcome
        self._board.ledger.analyses[filing.accession_number, outcome.version] = AnalysisStep(
            filing.accession_number, score, filing.version
        )
        return self._answered(outcome.sequence)

    async def _dispute(self, filing: OwnFiling) -> int:
        if filing.is_disputed:
            said = (
                await self._admin.resolve_dispute(
                    filing=filing.ref,
                    signal_id="revenue",
                    said_by="coherence check",
                    note="it is right",
                    timeout=WRITE_SECONDS,
                )
            ).dispute
        else:
            said = (
                await self._admin.dispute_value(
                    filing=filing.ref,
                    signal_id="revenue",
                    reason=dispute_pb2.DISPUTE_REASON_WRONG_SCALE,
                    said_by="coherence check",
                    timeout=WRITE_SECONDS,
                )
            ).dispute
        filing.is_disputed = said.is_open
        sequence = self._answered(said.sequence)
        self._board.ledger.disputes[sequence] = said.is_open
        return sequence

    async def _purge(self, filing: OwnFiling) -> int:
        purged = await self._admin.purge_filings(
            accession_numbers=[filing.accession_number],
            requested_by="coherence check",
            reason="to see it gone",
            timeout=WRITE_SECONDS,
        )
        sequence = self._answered(purged.purged[0].sequence)
        self._board.ledger.purges.add(sequence)
        filing.stored, filing.is_disputed = None, False
        return sequence

    def _answered(self, sequence: str) -> int:
        number = sequences.parse(sequence)[0]
        self._board.ledger.note_answer(time.monotonic(), number)
        return number

    async def _read_with_token(self, filing: OwnFiling, sequence: int) -> None:
        """What the judge holds against the token."""
        token = sequences.encode(0, sequence)
        of_filing = self._draw.choice((Method.FILING, Method.SIGNALS, Method.ANALYSIS))
        await self._read(of_filing, filing.accession_number, token)
        await self._read(
            self._draw.choice((Method.COMPANY, Method.LIST, Method.SCREEN)), str(filing.cik), token
        )

    async def _read(self, method: Method, subject: str, token: str) -> None:
        of = "" if method is Method.SCREEN else subject
        await asyncio.gather(*(self._pods.read(pod, method, of, token) for pod in range(len(self._pods))))

    async def _watch(self, filing: OwnFiling, sequence: int, method: Method) -> None:
        """Reads without a token, again and again, until the commit is seen; how long that took."""
        at = time.monotonic()
        is_gone = filing.stored is None
        company_is_gone = not any(
            each.stored is not None and each.cik == filing.cik for each in self._filings
        )

        def shows_filing(seen: Observation) -> bool:
            return seen.said in UNKNOWN if is_gone else _reaches(seen, sequence)

        def shows_company(seen: Observation) -> bool:
            return seen.said in UNKNOWN if company_is_gone else _reaches(seen, sequence)

        await asyncio.gather(
            *(
                self._poll(pod, of, subject, at, shows)
                for pod in range(len(self._pods))
                for of, subject, shows in (
                    (method, filing.accession_number, shows_filing),
                    (Method.COMPANY, str(filing.cik), shows_company),
                )
            )
        )

    async def _poll(
        self, pod: int, method: Method, subject: str, at: float, shows: Callable[[Observation], bool]
    ) -> None:
        while True:
            seen = await self._pods.read(pod, method, subject)
            is_seen = shows(seen)
            if is_seen or seen.sent_at - at > UNSEEN_SECONDS:
                self._board.visibility.append(Visibility(method, pod, at, seen.sent_at, is_seen))
                return
            await asyncio.sleep(POLL_SECONDS)


def _reaches(seen: Observation, sequence: int) -> bool:
    return seen.as_of is not None and seen.as_of >= sequence
