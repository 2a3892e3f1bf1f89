"""The rows of a group of commits: each commit's parts, its change and its entry in the outbox, with their numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tenkay_store.domain.records import (
    Analysis,
    Artifact,
    Body,
    Change,
    CommitKind,
    CommitRecord,
    Committed,
    DeliveryState,
    Extraction,
    Fence,
    kind_of,
)
from tenkay_store.domain.signal_ids import SignalId, SignalIds, bits_of
from tenkay_store.domain.units import general_unit
from tenkay_store.primary.commit_tables import TABLES
from tenkay_store.primary.commit_work import Written
from tenkay_store.primary.signal_columns import SignalColumns


@dataclass(slots=True, kw_only=True)
class PlannedRows:
    """What is to be inserted, by table, and the numbers that were given for it."""

    head: int
    recorded_at: datetime
    stored_ids: SignalIds
    sink: str | None
    rows: dict[str, list[tuple[Any, ...]]] = field(
        default_factory=lambda: {name: [] for name in TABLES if name != "signal_ids"}
    )
    signals: SignalColumns = field(default_factory=SignalColumns)
    artifacts: dict[int, list[Artifact]] = field(default_factory=dict)
    """What versions of filings to purge name, and those of this group, by sequence."""
    signal_ids: dict[str, SignalId] = field(default_factory=dict)
    """Rows of the dimension table that are new or changed, by id."""
    _new_ids: int = 0

    def add_parts(self, sequence: int, body: Extraction) -> None:
        """An extraction's signals, gaps, sections, texts and artifacts."""
        rows = self.rows
        keys = [
            self.signal_key(each.id, each.category, bits_of(each), general_unit(each))
            for each in body.signals
        ]
        self.signals.add(sequence, body.filing.filed_date, keys, body.signals)
        for ordinal, gap in enumerate(body.missing):
            key = self.signal_key(gap.id, None, 0)
            rows["missing_signals"].append((sequence, ordinal, key, gap.reason, gap.detail))
        for ordinal, section in enumerate(body.sections):
            rows["sections"].append(
                (
                    sequence,
                    ordinal,
                    section.code,
                    section.part,
                    section.title,
                    section.document,
                    section.start,
                    section.end,
                    section.confidence,
                )
            )
        for ordinal, text in enumerate(body.texts):
            rows["texts"].append((sequence, ordinal, text.document, text.sha256, text.length))
        for ordinal, each in enumerate(body.artifacts):
            rows["artifacts"].append((sequence, ordinal, each.kind.value, each.sha256, each.size_bytes))
        self.artifacts[sequence] = list(body.artifacts)

    def signal_key(self, signal_id: str, category: str | None, kind: int, unit: str | None = None) -> int:
        """The number of a signal id, which a new one is given; `kind` are the bits of `SignalIds`."""
        row = self.signal_ids.get(signal_id) or self.stored_ids.find(signal_id)
        if unit is not None and row is not None and row.unit not in (None, unit):
            kind |= SignalIds.UNITS
        if (
            row is not None
            and row.kinds | kind == row.kinds
            and (category is None or row.category is not None)
            and (unit is None or row.unit is not None)
        ):
            return row.key
        if row is None:
            row = SignalId(len(self.stored_ids) + self._new_ids, signal_id, category, kind, unit)
            self._new_ids += 1
        else:
            row = replace(
                row, category=row.category or category, kinds=row.kinds | kind, unit=row.unit or unit
            )
        self.signal_ids[signal_id] = row
        return row.key

    def next_sequence(self) -> int:
        """The number of the next commit or change."""
        self.head += 1
        return self.head

    def tell(
        self, sequence: int, kind: CommitKind, accession_number: str, cik: int | None, version: int
    ) -> Change:
        """An entry of the change feed."""
        self.rows["change_feed"].append(
            (sequence, kind.value, accession_number, cik, version, self.recorded_at)
        )
        return Change(sequence, kind, accession_number, cik, version, self.recorded_at.replace(tzinfo=UTC))

    def finish(
        self,
        sequence: int,
        version: int,
        cik: int | None,
        body: Body,
        traceparent: str,
        fence: Fence | None,
        *,
        before: tuple[Change, ...] = (),
    ) -> Written:
        """A commit's change and entry in the outbox, and what became of it; `before` are changes told ahead of it."""
        accession_number = body.accession_number
        kind = kind_of(body)
        recorded_at = self.recorded_at.replace(tzinfo=UTC)
        change = self.tell(sequence, kind, accession_number, cik, version)
        if self.sink is not None:
            self.rows["outbox"].append(
                (
                    sequence,
                    accession_number,
                    kind.value,
                    body.result_key if isinstance(body, Extraction | Analysis) else "",
                    self.sink,
                    DeliveryState.PENDING.value,
                    0,
                    body.size_bytes,
                    self.recorded_at,
                )
            )
        return Written(
            Committed(sequence, version, recorded_at, changed=True),
            CommitRecord(sequence, version, recorded_at, body, traceparent, fence),
            changes=(*before, change),
        )
