"""How commits change a store in memory: one at a time, judging everything anew after each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from tenkay.errors import Reason, failure
from tenkay_store.domain.disputes import StoredDispute, carried_over, value_digest
from tenkay_store.domain.filter import FieldType, SignalTypes
from tenkay_store.domain.records import (
    NUMERIC_KINDS,
    Analysis,
    Change,
    CommitKind,
    CommitRecord,
    Committed,
    Delivery,
    DeliveryState,
    Dispute,
    Extraction,
    Fence,
    Purge,
    Signal,
    ValueKind,
)
from tenkay_store.domain.staleness import Past, why_stale
from tests.storage_conformance.reference_state import (
    Mark,
    ReferenceState,
    Said,
    Version,
    extraction_of,
    result_key_of,
    standing_of,
    versions_of,
)

Done = TypeVar("Done")


class ReferenceCommits(ReferenceState):
    """How they come about."""

    @property
    def head(self) -> int:
        return self._head

    @property
    def signal_types(self) -> SignalTypes:
        return self._types

    async def wait_for(self, sequence: int, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                while self._head < sequence:
                    await self._advanced.wait()
        except TimeoutError:
            return False
        return True

    @property
    def newest_moment(self) -> datetime:
        now = self._clock()
        return max([now, *(at for _, at in self._moments[-1:])])

    async def wait_for_moment(self, recorded_at: datetime, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                while (ahead := (recorded_at - self.newest_moment).total_seconds()) > 0:  # noqa: ASYNC110 - a clock's
                    await asyncio.sleep(ahead)
        except TimeoutError:
            return False
        # Commits are whole at once here; what is left is that none is to come before it.
        self._read_at = max(self._read_at, recorded_at)
        return True

    def on_commit(self, listener: Callable[[Sequence[CommitRecord], Sequence[Change]], None]) -> None:
        self._listeners.append(listener)

    async def commit(
        self, body: Extraction | Analysis, traceparent: str = "", fence: Fence | None = None
    ) -> Committed:
        stored = self._filings if isinstance(body, Extraction) else self._analyses
        versions = versions_of(stored, body.accession_number)
        if isinstance(body, Analysis) and not versions_of(self._filings, body.accession_number):
            raise failure(Reason.FILING_UNKNOWN, "not stored", field="analysis.accession_number")
        for old in versions:
            if result_key_of(old.record) == body.result_key:
                return Committed(old.sequence, old.record.version, old.record.recorded_at, changed=False)
        if fence is not None and any(
            each.fence and each.fence.scope == fence.scope and each.fence.token > fence.token
            for each in versions
        ):
            raise failure(Reason.STALE_LEASE, "the lease is over")
        if isinstance(body, Analysis):
            return self._told(lambda: self._add_analysis(body, versions, traceparent, fence))
        return self._told(lambda: self._add_extraction(body, versions, traceparent, fence))

    async def purge(self, purges: Sequence[Purge]) -> Sequence[CommitRecord]:
        done = []
        for purge in purges:
            versions = versions_of(self._filings, purge.accession_number)
            if versions:
                done.append(self._told(partial(self._remove, purge, versions)))
        return done

    async def dispute(self, said: Dispute) -> tuple[CommitRecord, bool]:
        versions = versions_of(self._filings, said.accession_number)
        if not versions:
            raise failure(Reason.FILING_UNKNOWN, "not stored", field="filing.accession_number")
        version = next(
            (each for each in reversed(versions) if said.version in (None, each.record.version)), None
        )
        if version is None:
            raise failure(Reason.INVALID_FIELD, "no such version", field="version")
        signal = next((each for each in extraction_of(version).signals if each.id == said.signal_id), None)
        if signal is None:
            raise failure(Reason.UNKNOWN_SIGNAL, "no such value", field="signal_id")
        before = self._newest_said(version.sequence).get(said.signal_id)
        if before is None and not said.is_open:
            raise failure(Reason.INVALID_FIELD, "never disputed", field="signal_id")
        number = version.record.version
        if before is not None and before.body.is_open == said.is_open:
            return CommitRecord(before.sequence, number, before.recorded_at, before.body), False
        reason = said.reason if said.is_open or before is None else before.body.reason
        body = replace(said, version=number, reason=reason)
        digest = value_digest(signal)
        return self._told(lambda: self._say(body, version, digest)), True

    def _told(self, write: Callable[[], Done]) -> Done:
        """Do one commit as a group of its own, and tell of it."""
        at = self._clock()
        earlier = max([self._read_at, *(moment for _, moment in self._moments[-1:])])
        self._recorded_at = max(at, earlier + timedelta(microseconds=1))
        first = len(self._changes)
        self._group = []
        done = write()
        for listener in self._listeners:
            listener(self._group, self._changes[first:])
        self._advanced.set()
        self._advanced = asyncio.Event()
        return done

    def _add_extraction(
        self, body: Extraction, versions: Sequence[Version], traceparent: str, fence: Fence | None
    ) -> Committed:
        filing = body.filing
        old = versions[-1] if versions else None
        number = (old.record.version if old else self._last.get(filing.accession_number, (0, 0))[0]) + 1
        if old is not None:
            left = extraction_of(old).filing.cik
            if left is not None and left != filing.cik:
                self._tell(CommitKind.EXTRACTION, filing.accession_number, left, number)
        for gap in body.missing:
            self._types.setdefault(gap.id, frozenset())
        for signal in body.signals:
            self._types[signal.id] = self._types.get(signal.id, frozenset()) | {_type(signal)}
            self._categories.setdefault(signal.id, signal.category)
            if signal.value.kind in NUMERIC_KINDS:
                unit = signal.unit.replace(signal.currency, "money") if signal.currency else signal.unit
                self._units.setdefault(signal.id, set()).add(unit)
                if signal.currency:
                    self._amounts.add(signal.id)
        record = self._record(number, body, filing.cik, traceparent)
        new = Version(record, fence)
        self._filings.append(new)
        if old is not None:
            old.superseded_by = new.sequence
            for dispute in list(carried_over(self._newest_said(old.sequence), body.signals)):
                self._say(replace(dispute.body, version=number), new, dispute.value_digest)
            for mark in self._marks:
                if mark.filing_sequence == old.sequence and mark.superseded_by is None:
                    mark.superseded_by = new.sequence
        self._settle_staleness(filing.accession_number)
        return Committed(new.sequence, number, record.recorded_at, changed=True)

    def _add_analysis(
        self, body: Analysis, versions: Sequence[Version], traceparent: str, fence: Fence | None
    ) -> Committed:
        filings = versions_of(self._filings, body.accession_number)
        made_from = next(
            (each for each in filings if result_key_of(each.record) == body.extraction_key), None
        )
        if made_from is None:
            raise failure(Reason.INVALID_FIELD, "no such extraction", field="analysis.extraction_key")
        before = self._last.get(body.accession_number, (0, 0))[1]
        number = (versions[-1].record.version if versions else before) + 1
        record = self._record(number, body, extraction_of(made_from).filing.cik, traceparent)
        for old in versions:
            if old.filing_sequence == made_from.sequence and old.superseded_by is None:
                old.superseded_by = record.sequence
        self._analyses.append(Version(record, fence, filing_sequence=made_from.sequence))
        return Committed(record.sequence, number, record.recorded_at, changed=True)

    def _remove(self, purge: Purge, versions: Sequence[Version]) -> CommitRecord:
        name, newest = purge.accession_number, versions[-1]
        analyses = versions_of(self._analyses, name)
        last = self._last.get(name, (0, 0))[1]
        self._last[name] = (newest.record.version, analyses[-1].record.version if analyses else last)
        gone = {each.sequence for each in versions}
        self._filings = [each for each in self._filings if each.sequence not in gone]
        self._analyses = [each for each in self._analyses if each.filing_sequence not in gone]
        self._said = [each for each in self._said if each.filing_sequence not in gone]
        self._marks = [each for each in self._marks if each.filing_sequence not in gone]
        for sequence, (waiting, _, _) in list(self._outbox.items()):
            if waiting.accession_number == name and waiting.kind is not CommitKind.PURGE:
                del self._outbox[sequence]
        cik = extraction_of(newest).filing.cik
        named = dict.fromkeys(artifact for each in versions for artifact in extraction_of(each).artifacts)
        body = replace(
            purge,
            cik=cik,
            versions=len(versions),
            last_analysis_version=self._last[name][1],
            artifacts=tuple(named),
        )
        record = self._record(newest.record.version, body, cik, "")
        self._purges.append(record)
        self._settle_staleness(name)
        return record

    def _say(self, body: Dispute, version: Version, digest: str) -> CommitRecord:
        record = self._record(body.version or 0, body, extraction_of(version).filing.cik, "")
        for each in self._said:
            if each.filing_sequence == version.sequence and each.dispute.body.signal_id == body.signal_id:
                each.superseded_by = each.superseded_by or record.sequence
        dispute = StoredDispute(record.sequence, record.recorded_at, body, digest)
        self._said.append(Said(version.sequence, dispute))
        return record

    def _newest_said(self, filing_sequence: int) -> dict[str, StoredDispute]:
        return {
            each.dispute.body.signal_id: each.dispute
            for each in self._said
            if each.filing_sequence == filing_sequence and each.superseded_by is None
        }

    def _settle_staleness(self, changed: str) -> None:
        """Judge all pairs of filings anew. Only pairs with the one that was changed may turn."""
        standings = {
            each.record.accession_number: standing_of(each)
            for each in self._filings
            if each.superseded_by is None
        }
        numbers = {
            *standings,
            *(number for each in standings.values() for number in each.earlier or ()),
            *(each.earlier for each in self._marks),
        }
        pasts = {number: self._past(number) for number in numbers}
        standing = {
            (each.filing_sequence, each.earlier): each for each in self._marks if each.superseded_by is None
        }
        turned = []
        for filing in standings.values():
            for number in numbers - {filing.accession_number}:
                reason = why_stale(filing, number, standings.get(number), pasts[number])
                mark = standing.get((filing.sequence, number))
                if reason is not (mark.reason if mark else None):
                    assert changed in (filing.accession_number, number)
                    place = (filing.accession_number != changed, filing.cik, filing.accession_number, number)
                    turned.append((place, filing, number, mark, reason))
        for _, filing, number, mark, reason in sorted(turned, key=lambda turn: turn[0]):
            sequence = self._tell(CommitKind.STALENESS, filing.accession_number, filing.cik, filing.version)
            if mark is not None:
                mark.superseded_by = sequence
            if reason is not None:
                self._marks.append(Mark(sequence, filing.sequence, reason, number))

    def _past(self, number: str) -> Past:
        keys = frozenset(extraction_of(each).content_key for each in versions_of(self._filings, number)[:-1])
        purged = [each for each in self._purges if each.accession_number == number]
        if not purged:
            return Past(keys - {""})
        assert isinstance(purged[-1].body, Purge)
        return Past(keys - {""}, purged[-1].sequence, purged[-1].body.cik)

    def _record(
        self, version: int, body: Extraction | Analysis | Purge | Dispute, cik: int | None, traceparent: str
    ) -> CommitRecord:
        assert self._recorded_at is not None
        record = CommitRecord(self._head + 1, version, self._recorded_at, body, traceparent)
        self._tell(record.kind, body.accession_number, cik, version)
        if self._sink is not None:
            self._outbox[record.sequence] = (record, Delivery(DeliveryState.PENDING), self._recorded_at)
        self._group.append(record)
        return record

    def _tell(self, kind: CommitKind, accession_number: str, cik: int | None, version: int) -> int:
        assert self._recorded_at is not None
        self._head += 1
        self._changes.append(Change(self._head, kind, accession_number, cik, version, self._recorded_at))
        self._moments.append((self._head, self._recorded_at))
        return self._head


def _type(signal: Signal) -> FieldType:
    if signal.value.kind in NUMERIC_KINDS:
        return FieldType.NUMBER
    return FieldType.BOOLEAN if signal.value.kind is ValueKind.BOOL else FieldType.TEXT
