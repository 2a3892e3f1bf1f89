"""What writers sent to a store and what they were answered, kept outside of it.

Each filing belongs to one writer, which sends the next step of it only after the last one was answered. So the version
that each answer must name is known beforehand, and of each filing at most one step is in doubt after a kill.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import TracebackType

from tenkay import sequences
from tenkay.client.store import AsyncFilingStoreClient, AsyncStoreAdminClient
from tenkay.common.v1 import analysis_pb2, extraction_pb2
from tenkay.errors import DeadlineExceeded, ResourceExhausted, Unavailable
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay_store.domain.records import CommitKind
from tests.unit.store.filings import accession_number, analysis, extraction

COMPANIES = 40
ANSWER_SECONDS = 10.0
NOTE_CHARACTERS = 3000
"""Of a filing, so that some hundreds of them fill the write-ahead log up to a checkpoint."""
FILED = (None, date(2023, 3, 1), date(2024, 3, 1), date(2024, 4, 2))


@dataclass(frozen=True, slots=True)
class Step:
    """One commit, or one purge."""

    kind: CommitKind
    accession_number: str
    message: extraction_pb2.Extraction | analysis_pb2.Analysis | None
    """None: a purge."""

    @property
    def key(self) -> str:
        """The result's key; empty for a purge."""
        return "" if self.message is None else self.message.result_key


@dataclass(frozen=True, slots=True)
class Answer:
    """What a step was answered."""

    step: Step
    sequence: int | None
    """None: a purge that was sent again after it had taken place."""
    version: int
    """0 for a purge."""
    changed: bool
    in_both: bool
    """It was said to be durable in the second sink too."""


@dataclass(slots=True)
class FilingOfWriter:
    """A filing as its writer knows it to be stored."""

    accession_number: str
    extractions: list[Answer] = field(default_factory=list)
    """Versions, without those purged."""
    analyses: list[Answer] = field(default_factory=list)
    last_version: int = 0
    """Numbers are not given again after a purge."""
    last_analysis_version: int = 0
    sent: int = 0
    in_doubt: Step | None = None


class Wrong(Exception):
    """The store's answer contradicts an earlier one."""


class Ledger:
    """All answers of one round. They are written to a file too, for whoever looks into a failure."""

    def __init__(self, file: Path) -> None:
        self.filings: dict[str, FilingOfWriter] = {}
        self.purges: list[Answer] = []
        self.answers = 0
        self.newest = 0
        """The newest sequence that was answered."""
        self._before_this_life = 0
        self._changed: dict[int, Step] = {}
        self._file = file.open("a", encoding="utf-8")

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def begin_life(self) -> None:
        """From here on answers are of another process: what it commits comes after all that was answered before."""
        self._before_this_life = self.newest

    def live(self) -> Iterator[Answer]:
        """The newest answer of every commit that is to be found in both databases."""
        for filing in self.filings.values():
            yield from filing.extractions
            yield from filing.analyses

    def take(self, answer: Answer) -> None:
        """Note an answer. Wrong when it cannot be."""
        step, sequence = answer.step, answer.sequence
        note = [step.kind, step.accession_number, step.key, sequence, answer.version, answer.changed]
        self._file.write(f"{json.dumps(note)}\n")
        self._file.flush()
        self.answers += 1
        if sequence is not None:
            if answer.changed and sequence <= self._before_this_life:
                raise Wrong(f"{note} is before {self._before_this_life}, which an earlier process answered")
            if self._changed.setdefault(sequence, step) != step:
                raise Wrong(f"{note}: the sequence was given to {self._changed[sequence].key} before")
            self.newest = max(self.newest, sequence)
        filing = self.filings[step.accession_number]
        filing.in_doubt = None
        match step.kind:
            case CommitKind.EXTRACTION:
                filing.last_version = self._next(note, answer, filing.extractions, filing.last_version)
            case CommitKind.ANALYSIS:
                filing.last_analysis_version = self._next(
                    note, answer, filing.analyses, filing.last_analysis_version
                )
            case CommitKind.PURGE:
                self.purges.append(answer)
                filing.extractions.clear()
                filing.analyses.clear()

    def _next(self, note: object, answer: Answer, held: list[Answer], last: int) -> int:
        """Put the answer among those held, and the newest version's number."""
        for index, before in enumerate(held):
            if before.step.key == answer.step.key:
                if (before.sequence, before.version) != (answer.sequence, answer.version) or answer.changed:
                    raise Wrong(f"{note}: it was answered {before.sequence} and {before.version} before")
                held[index] = answer
                return last
        if answer.version != last + 1:
            raise Wrong(f"{note}: the version after {last} is {last + 1}")
        held.append(answer)
        return answer.version


@dataclass(frozen=True, slots=True)
class Habits:
    """What a writer does how often."""

    purges: bool = True
    next_versions: float = 0.2
    """Share of steps that are another extraction of a filing."""


class Writer:
    """Sends filings, their next versions, analyses and purges, and some of them again."""

    def __init__(self, number: int, draw: random.Random, ledger: Ledger) -> None:
        self._number = number
        self._draw = draw
        self._ledger = ledger
        self._own: list[FilingOfWriter] = []

    async def work(self, store: AsyncFilingStoreClient, admin: AsyncStoreAdminClient, habits: Habits) -> None:
        """Without end, or until the store is gone; first what is in doubt."""
        # While a purge is in doubt, nobody knows whether the filing is there: nothing else may be sent of it.
        settled = await self.settle(store, admin)
        while settled and await self._send(self._next_step(habits), store, admin):
            pass

    async def settle(self, store: AsyncFilingStoreClient, admin: AsyncStoreAdminClient) -> bool:
        """Send again what was not answered; False when nobody answers."""
        for filing in self._own:
            if filing.in_doubt is not None and not await self._send(filing.in_doubt, store, admin):
                return False
        return True

    def _next_step(self, habits: Habits) -> Step:
        draw = self._draw
        choice = draw.random()
        stored = [each for each in self._own if each.extractions]
        if not stored or choice < 0.4:
            count = self._number * 1000 + len(self._own) + 1
            filing = FilingOfWriter(accession_number(count))
            self._own.append(filing)
            self._ledger.filings[filing.accession_number] = filing
            return self._extraction_of(filing)
        filing = draw.choice(stored[-20:])
        if choice < 0.4 + habits.next_versions:
            return self._extraction_of(filing)
        if choice < 0.8:
            made_from = draw.choice(filing.extractions).step.message
            assert isinstance(made_from, extraction_pb2.Extraction)
            filing.sent += 1
            message = analysis(made_from, rules_version=str(filing.sent))
            return Step(CommitKind.ANALYSIS, filing.accession_number, message)
        if choice < 0.9 or not habits.purges:
            return draw.choice([*filing.extractions, *filing.analyses]).step
        return Step(CommitKind.PURGE, filing.accession_number, None)

    def _extraction_of(self, filing: FilingOfWriter) -> Step:
        filing.sent += 1
        message = extraction(
            filing.accession_number,
            cik=self._draw.randrange(COMPANIES) + 1,
            signals={
                "revenue": f"{self._draw.randrange(10**12)}.25",
                "current_ratio": self._draw.random() * 10,
                "going_concern_doubt": self._draw.random() < 0.5,
                "staff": self._draw.randrange(2**40),
                "opinion": self._draw.choice(("CLEAN", "QUALIFIED")),
            },
            filed=self._draw.choice(FILED),
            code_version=str(filing.sent),
        )
        message.signals[0].notes.append(self._draw.randbytes(NOTE_CHARACTERS // 2).hex())
        return Step(CommitKind.EXTRACTION, filing.accession_number, message)

    async def _send(self, step: Step, store: AsyncFilingStoreClient, admin: AsyncStoreAdminClient) -> bool:
        """Send one step until it is answered; False when nobody answers."""
        filing = self._ledger.filings[step.accession_number]
        known = any(each.step.key == step.key for each in (*filing.extractions, *filing.analyses))
        if not known:
            filing.in_doubt = step
        while True:
            try:
                answer = await self._call(step, store, admin)
            except (Unavailable, DeadlineExceeded):
                return False
            except ResourceExhausted as full:
                await asyncio.sleep(full.retry_after or 0.05)
                continue
            self._ledger.take(answer)
            return True

    async def _call(self, step: Step, store: AsyncFilingStoreClient, admin: AsyncStoreAdminClient) -> Answer:
        if step.message is None:
            purged = await admin.purge_filings(
                accession_numbers=[step.accession_number],
                requested_by="crash rounds",
                reason="to see it gone",
                timeout=ANSWER_SECONDS,
            )
            number = number_of(purged.purged[0].sequence) if purged.purged else None
            return Answer(step, number, 0, changed=bool(purged.purged), in_both=False)
        wait_for = store_pb2.WAIT_FOR_ALL if self._draw.random() < 0.15 else store_pb2.WAIT_FOR_PRIMARY
        if isinstance(step.message, extraction_pb2.Extraction):
            outcome = (
                await store.commit_extraction(
                    extraction=step.message, wait_for=wait_for, timeout=ANSWER_SECONDS
                )
            ).outcome
        else:
            outcome = (
                await store.commit_analysis(analysis=step.message, wait_for=wait_for, timeout=ANSWER_SECONDS)
            ).outcome
        in_both = all(each.state == store_pb2.SINK_STATE_DURABLE for each in outcome.sinks)
        return Answer(step, number_of(outcome.sequence), outcome.version, outcome.changed, in_both)


def number_of(sequence: str) -> int:
    """A sequence of the one shard there is, as a number."""
    return sequences.parse(sequence)[0]
