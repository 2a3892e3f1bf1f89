"""A store in memory, written as plainly as can be: every read goes through everything.

It is the second backend of the conformance suite and the model that random histories are compared with. What it shares
with the store are the rules (which filing stands for a company, what makes an extraction stale, what carries a dispute
over), not how they are applied.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from tenkay.errors import Reason, failure
from tenkay_store.domain.disputes import StoredDispute
from tenkay_store.domain.records import (
    Analysis,
    Backlog,
    Change,
    CommitKind,
    CommitRecord,
    DayDigest,
    DeadLetter,
    Delivery,
    DeliveryState,
    Extraction,
    HeldCommit,
)
from tenkay_store.domain.selections import DisputeSelection
from tenkay_store.domain.statistics import FormStatistics, Statistics
from tenkay_store.domain.storage import OutboxEntry, Standing
from tests.storage_conformance.reference_companies import ReferenceCompanies
from tests.storage_conformance.reference_state import (
    Version,
    extraction_of,
    purge_of,
    result_key_of,
)


class ReferenceStore(ReferenceCompanies):
    """`storage.AnalyticalStore` in lists."""

    async def changes(self, after: int, limit: int) -> Sequence[Change]:
        found = [each for each in self._changes if each.sequence > after][:limit]
        if found and found[0].sequence != after + 1:
            raise failure(Reason.FEED_POSITION_EXPIRED, "no longer held", field="from_sequence")
        return found

    async def prune_changes(self, before: datetime) -> None:
        self._changes = [
            each for each in self._changes if each.recorded_at >= before or each.sequence == self._head
        ]

    async def commit_records(self, sequences: Sequence[int]) -> Sequence[CommitRecord]:
        records = [
            *(each.record for each in (*self._filings, *self._analyses)),
            *self._purges,
            *await self.disputes(DisputeSelection(history=True), 0, len(self._said)),
        ]
        found = [_read_back(each) for each in records if each.sequence in sequences]
        return sorted(found, key=lambda record: record.sequence)

    async def commits_after(self, after: int, limit: int) -> Sequence[int]:
        records = [
            *(each.record for each in (*self._filings, *self._analyses)),
            *self._purges,
            *await self.disputes(DisputeSelection(history=True), 0, len(self._said)),
        ]
        return sorted(each.sequence for each in records if each.sequence > after)[:limit]

    async def unclean_purges(self) -> tuple[int, datetime] | None:
        unclean = [each for each in self._purges if purge_of(each).copies_clean_at is None]
        return (unclean[-1].sequence, unclean[0].recorded_at) if unclean else None

    async def mark_copies_clean(self, up_to: int, at: datetime) -> None:
        self._purges = [
            replace(each, body=replace(purge_of(each), copies_clean_at=at))
            if each.sequence <= up_to and purge_of(each).copies_clean_at is None
            else each
            for each in self._purges
        ]

    async def pending(self, after: int, limit: int) -> Sequence[OutboxEntry]:
        return [
            OutboxEntry(sequence, record.accession_number, delivery.attempts, record.body.size_bytes)
            for sequence, (record, delivery, _) in sorted(self._outbox.items())
            if sequence > after and delivery.state is DeliveryState.PENDING
        ][:limit]

    async def delivery(self, sequence: int) -> Delivery | None:
        entry = self._outbox.get(sequence)
        return None if entry is None else entry[1]

    async def mark(self, deliveries: Mapping[int, Delivery]) -> None:
        for sequence, delivery in deliveries.items():
            if sequence in self._outbox:
                record, _, at = self._outbox[sequence]
                self._outbox[sequence] = (record, delivery, at)

    async def dead_letters(self, after: int, limit: int) -> Sequence[DeadLetter]:
        return [
            DeadLetter(
                sequence,
                record.accession_number,
                record.kind,
                result_key_of(record),
                delivery.attempts,
                delivery.last_error,
                at,
                record.body.size_bytes,
            )
            for sequence, (record, delivery, at) in sorted(self._outbox.items())
            if sequence > after and delivery.state is DeliveryState.DEAD
        ][:limit]

    async def dead_among(self, sequences: Sequence[int]) -> Sequence[DeadLetter]:
        return [each for each in await self.dead_letters(0, len(self._outbox)) if each.sequence in sequences]

    async def delivered_among(self, sequences: Sequence[int]) -> Sequence[OutboxEntry]:
        return [
            OutboxEntry(sequence, record.accession_number, 0, record.body.size_bytes)
            for sequence, (record, delivery, _) in sorted(self._outbox.items())
            if sequence in sequences and delivery.state is DeliveryState.DURABLE
        ]

    async def day_digests(self, first: date, last: date) -> Mapping[date, DayDigest]:
        taken: dict[date, list[int]] = {}
        for at, commit in self._held() + self._newest_compared(delivered=True):
            if first <= at.date() <= last and self._is_delivered(commit.sequence):
                taken.setdefault(at.date(), []).append(commit.hash)
        return {day: DayDigest(len(hashes), sum(hashes)) for day, hashes in sorted(taken.items())}

    async def commits_of_day(self, day: date, after: int, limit: int) -> Sequence[tuple[HeldCommit, bool]]:
        held = self._held() + self._newest_compared(delivered=False)
        found = [commit for at, commit in held if at.date() == day and commit.sequence > after]
        found.sort(key=lambda commit: commit.sequence)
        return [(each, self._is_delivered(each.sequence)) for each in found[:limit]]

    async def standing(self, sequences: Sequence[int], accession_numbers: Sequence[str]) -> Standing:
        of_filings: dict[str, list[int]] = {}
        for purge in self._purges:
            if purge.accession_number in accession_numbers:
                of_filings.setdefault(purge.accession_number, []).append(purge.sequence)
        return Standing(
            frozenset(
                sequence
                for sequence in (
                    *(commit.sequence for _, commit in self._held()),
                    *(each.dispute.sequence for each in self._said),
                )
                if sequence in sequences
            ),
            {name: max(purged) for name, purged in of_filings.items()},
            frozenset(
                name
                for name, purged in of_filings.items()
                if all(self._is_delivered(each) for each in purged)
            ),
        )

    def _held(self) -> list[tuple[datetime, HeldCommit]]:
        """What a sink is compared by, with when it was recorded: of several purges of a filing the newest."""
        newest = {each.accession_number: each for each in self._purges}
        records = [each.record for each in (*self._filings, *self._analyses)] + list(newest.values())
        return [(each.recorded_at, _held_commit(each)) for each in records]

    def _newest_compared(self, *, delivered: bool) -> list[tuple[datetime, HeldCommit]]:
        """The newest that was said of each value, or the newest of that which was delivered."""
        newest: dict[tuple[int, str], StoredDispute] = {}
        for said in self._said:
            dispute = said.dispute
            if not delivered or self._is_delivered(dispute.sequence):
                newest[said.filing_sequence, dispute.body.signal_id] = dispute
        return [(each.recorded_at, _held_dispute(each)) for each in newest.values()]

    def _is_delivered(self, sequence: int) -> bool:
        entry = self._outbox.get(sequence)
        return entry is None or entry[1].state is DeliveryState.DURABLE

    async def backlog(self) -> Backlog:
        states = [(delivery.state, at) for _, delivery, at in self._outbox.values()]
        pending = [at for state, at in states if state is DeliveryState.PENDING]
        dead = sum(state is DeliveryState.DEAD for state, _ in states)
        return Backlog(len(pending), dead, min(pending, default=None))

    async def statistics(self) -> Statistics:
        by_form: dict[str, list[Version]] = {}
        for version in self._filings:
            by_form.setdefault(extraction_of(version).filing.form_type, []).append(version)
        forms = []
        for form, versions in by_form.items():
            days = [day for each in versions if (day := extraction_of(each).filing.filed_date)]
            held = {each.sequence for each in versions}
            forms.append(
                FormStatistics(
                    form,
                    sum(each.superseded_by is None for each in versions),
                    len(versions),
                    sum(len(extraction_of(each).signals) for each in versions),
                    sum(each.filing_sequence in held for each in self._analyses),
                    min(days, default=None),
                    max(days, default=None),
                )
            )
        recorded = [each.record.recorded_at for each in self._filings]
        return Statistics(
            tables=(),
            forms=tuple(sorted(forms, key=lambda form: (-form.filings, form.form_type))),
            days=len({day for each in self._filings if (day := extraction_of(each).filing.filed_date)}),
            oldest_recorded_at=min(recorded, default=None),
            newest_recorded_at=max(recorded, default=None),
            file_bytes=0,
            wal_bytes=0,
            counted_at=self._clock(),
            sequence=self._head,
        )


def _held_dispute(said: StoredDispute) -> HeldCommit:
    body = said.body
    version = body.version
    assert version is not None
    return HeldCommit(
        said.sequence,
        CommitKind.DISPUTE,
        body.accession_number,
        version,
        _hash(
            CommitKind.DISPUTE.value,
            body.accession_number,
            version,
            said.sequence,
            _microseconds(said.recorded_at),
            body.signal_id,
            int(body.is_open),
            body.reason,
            body.said_by,
            body.note,
        ),
    )


def _hash(*identity: object) -> int:
    return int(hashlib.sha256("|".join(map(str, identity)).encode()).hexdigest()[:15], 16)


def _microseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _held_commit(record: CommitRecord) -> HeldCommit:
    is_purge = record.kind is CommitKind.PURGE
    identity: list[object] = [record.kind.value, record.accession_number]
    if not is_purge:
        identity.append(record.version)
    identity += [record.sequence, _microseconds(record.recorded_at)]
    if not is_purge:
        identity.append(result_key_of(record))
    version = 0 if is_purge else record.version
    return HeldCommit(record.sequence, record.kind, record.accession_number, version, _hash(*identity))


def _read_back(record: CommitRecord) -> CommitRecord:
    """A commit without what is not kept of it."""
    body = record.body
    return replace(
        record,
        traceparent="",
        body=replace(body, size_bytes=0) if isinstance(body, Extraction | Analysis) else body,
    )
