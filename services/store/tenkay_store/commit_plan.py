"""What a group of commits adds to what is stored: versions, rows, changes, outbox entries. Worked out without SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tenkay.errors import Reason, TenkayError, failure
from tenkay_store.commit_tables import TABLES, naive, naive_or_none
from tenkay_store.commit_work import Written
from tenkay_store.records import (
    Analysis,
    Artifact,
    Change,
    CommitKind,
    CommitRecord,
    Committed,
    Delivery,
    DeliveryState,
    Extraction,
    Fence,
    Filing,
    Purge,
    kind_of,
)
from tenkay_store.screen_segments import Segments
from tenkay_store.signal_columns import SignalColumns
from tenkay_store.signal_ids import SignalId, SignalIds, bits_of


@dataclass(slots=True)
class FilingVersion:
    """A stored version of a filing, as far as the next one depends on it."""

    version: int
    sequence: int
    recorded_at: datetime
    superseded_by: int | None
    result_key: str
    fence_scope: str | None
    fence_token: int | None
    cik: int | None


@dataclass(slots=True)
class AnalysisVersion:
    """The same of an analysis."""

    version: int
    sequence: int
    recorded_at: datetime
    superseded_by: int | None
    result_key: str
    fence_scope: str | None
    fence_token: int | None
    filing_sequence: int


@dataclass(slots=True)
class CommitPlan:
    """What a group adds to what is stored, worked out in the order of its pieces."""

    head: int
    recorded_at: datetime
    stored_ids: SignalIds
    sink: str | None
    segments: Segments
    filings: dict[str, list[FilingVersion]] = field(default_factory=dict)
    analyses: dict[str, list[AnalysisVersion]] = field(default_factory=dict)
    rows: dict[str, list[tuple[Any, ...]]] = field(
        default_factory=lambda: {name: [] for name in TABLES if name != "signal_ids"}
    )
    signals: SignalColumns = field(default_factory=SignalColumns)
    new_filings: list[str] = field(default_factory=list)
    """Accession numbers of the filings that had no version, and of purges whose filing was lost before."""
    purged: dict[str, list[int]] = field(default_factory=dict)
    """Sequences of the versions to delete, by filing."""
    artifacts: dict[int, list[Artifact]] = field(default_factory=dict)
    """What versions of filings to purge name, and those of this group, by sequence."""
    purged_versions: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The newest version, and that of its analyses, that a filing had before it was purged."""
    superseded_filings: dict[int, int] = field(default_factory=dict)
    superseded_analyses: dict[int, int] = field(default_factory=dict)
    marks: dict[int, Delivery] = field(default_factory=dict)
    prune_before: datetime | None = None
    copies_clean: tuple[int, datetime] | None = None
    """Up to which purge no copy holds what was purged, and since when."""
    resumes: list[tuple[datetime, int, int]] = field(default_factory=list)
    """Rows of `restores`."""
    outcomes: list[Written | TenkayError] = field(default_factory=list)
    signal_ids: dict[str, SignalId] = field(default_factory=dict)
    """Rows of the dimension table that are new or changed, by id."""
    _new_ids: int = 0

    def add_extraction(
        self, body: Extraction, traceparent: str, fence: Fence | None = None
    ) -> Written | TenkayError:
        """The next version of a filing, unless it is stored."""
        filing = body.filing
        versions = self.filings.setdefault(filing.accession_number, [])
        for old in versions:
            if old.result_key == body.result_key:
                return _unchanged(old.sequence, old.version, old.recorded_at)
        if stale := _stale(fence, versions, filing.accession_number):
            return stale
        before = self.purged_versions.get(filing.accession_number, (0, 0))[0]
        version = (versions[-1].version if versions else before) + 1
        return self._put_extraction(body, version, traceparent, fence, _left_company(versions, filing))

    def _put_extraction(
        self, body: Extraction, version: int, traceparent: str, fence: Fence | None, left_company: int | None
    ) -> Written:
        filing = body.filing
        versions = self.filings[filing.accession_number]
        # Before the commit's own, so that a follower that has seen the commit has seen both.
        left = () if left_company is None else (self._leave_company(left_company, filing, version),)
        sequence = self._next_sequence()
        if versions:
            self.superseded_filings[versions[-1].sequence] = sequence
        else:
            self.new_filings.append(filing.accession_number)
        versions.append(
            FilingVersion(
                version, sequence, self.recorded_at, None, body.result_key, *_columns(fence), filing.cik
            )
        )
        self.rows["filings"].append(
            (
                filing.accession_number,
                version,
                sequence,
                self.recorded_at,
                body.result_key,
                body.catalog_version,
                body.code_version,
                body.fact_count,
                len(body.signals),
                filing.cik,
                filing.form_type or None,
                filing.company_name or None,
                filing.filed_date,
                naive_or_none(filing.accepted_at),
                filing.period_end,
                filing.sic_code,
                filing.items,
                filing.primary_document or None,
                filing.source or None,
                filing.is_amendment,
                *_columns(fence),
            )
        )
        self._add_parts(sequence, body)
        return self._finish(sequence, version, filing.cik, body, traceparent, fence, before=left)

    def add_analysis(
        self, body: Analysis, traceparent: str, fence: Fence | None = None
    ) -> Written | TenkayError:
        """The next version of a filing's analysis, unless it is stored."""
        filings = self.filings.get(body.accession_number)
        if not filings:
            return failure(
                Reason.FILING_UNKNOWN,
                f"filing {body.accession_number} is not stored; commit its extraction first",
                field="analysis.accession_number",
            )
        versions = self.analyses.setdefault(body.accession_number, [])
        for old in versions:
            if old.result_key == body.result_key:
                return _unchanged(old.sequence, old.version, old.recorded_at)
        if stale := _stale(fence, versions, body.accession_number):
            return stale
        made_from = next((each for each in filings if each.result_key == body.extraction_key), None)
        if made_from is None:
            return _lacks_extraction(body)
        before = self.purged_versions.get(body.accession_number, (0, 0))[1]
        version = (versions[-1].version if versions else before) + 1
        return self._put_analysis(body, version, traceparent, fence, made_from)

    def _put_analysis(
        self,
        body: Analysis,
        version: int,
        traceparent: str,
        fence: Fence | None,
        made_from: FilingVersion,
    ) -> Written:
        versions = self.analyses.setdefault(body.accession_number, [])
        sequence = self._next_sequence()
        for old in versions:
            if old.filing_sequence == made_from.sequence and old.superseded_by is None:
                old.superseded_by = sequence
                self.superseded_analyses[old.sequence] = sequence
        versions.append(
            AnalysisVersion(
                version,
                sequence,
                self.recorded_at,
                None,
                body.result_key,
                *_columns(fence),
                made_from.sequence,
            )
        )
        self.rows["analyses"].append(
            (
                made_from.sequence,
                body.accession_number,
                version,
                sequence,
                self.recorded_at,
                body.result_key,
                body.extraction_key,
                body.rules_version,
                body.rating,
                body.score,
                body.flag_ids,
                body.document,
                *_columns(fence),
            )
        )
        return self._finish(sequence, version, made_from.cik, body, traceparent, fence)

    def add_purge(self, purge: Purge) -> Written:
        """The removal of a filing, unless it is not stored."""
        versions = self.filings.get(purge.accession_number, [])
        if not versions:
            return Written()
        return self._put_purge(self._described(purge), versions[-1].version)

    def reapply(self, record: CommitRecord) -> Written | TenkayError:
        """A commit of a lost file, as it was made, unless it is stored. INVALID_FIELD when it does not follow that.

        What is stored may have gaps before it, where commits were lost: sequence, version and moment are the record's.
        """
        if record.sequence <= self.head:
            return Written()
        name = record.accession_number
        filings = self.filings.setdefault(name, [])
        stored = self.analyses.get(name, []) if record.kind is CommitKind.ANALYSIS else filings
        newest = stored[-1].version if stored else 0
        if record.version <= newest and record.kind is not CommitKind.PURGE:
            return _does_not_follow(record, f"version {newest} of it is stored")
        skipped = record.sequence - self.head - 1
        body = record.body
        made_from: FilingVersion | None = None
        if isinstance(body, Analysis):
            made_from = next((each for each in filings if each.result_key == body.extraction_key), None)
            if made_from is None:
                return _lacks_extraction(body)
        self.head, self.recorded_at = record.sequence - 1, naive(record.recorded_at)
        if isinstance(body, Extraction):
            # The number before it is that of the change that told its former company, unless another commit has it.
            left = _left_company(filings, body.filing) if skipped else None
            self.head -= left is not None
            return self._put_extraction(body, record.version, record.traceparent, record.fence, left)
        if isinstance(body, Analysis) and made_from is not None:
            return self._put_analysis(body, record.version, record.traceparent, record.fence, made_from)
        assert isinstance(body, Purge)  # noqa: S101 - there is no fourth kind
        if not body.versions:
            body = self._described(body)
        if not filings:
            self.new_filings.append(name)
        return self._put_purge(body, max(newest, record.version))

    def resume(self, complete_up_to: int, resumed_at: int) -> None:
        """The end of a restore."""
        self.resumes.append((self.recorded_at, complete_up_to, resumed_at))
        self.head = resumed_at

    def _described(self, purge: Purge) -> Purge:
        """The purge with what there is of the filing."""
        name = purge.accession_number
        versions, analyses = self.filings.get(name, []), self.analyses.get(name, [])
        named = (each for version in versions for each in self.artifacts.get(version.sequence, ()))
        return replace(
            purge,
            cik=versions[-1].cik if versions else None,
            versions=len(versions),
            last_analysis_version=(
                analyses[-1].version if analyses else self.purged_versions.get(name, (0, 0))[1]
            ),
            artifacts=tuple(dict.fromkeys(named)),
        )

    def _put_purge(self, body: Purge, last_version: int) -> Written:
        name = body.accession_number
        versions = self.filings.get(name, [])
        last = (last_version, body.last_analysis_version)
        sequence = self._next_sequence()
        self.rows["purges"].append(
            (
                sequence,
                name,
                body.cik,
                body.versions,
                *last,
                self.recorded_at,
                body.requested_by,
                body.reason,
            )
        )
        self.purged.setdefault(name, []).extend(each.sequence for each in versions)
        self.purged_versions[name] = last
        self.filings[name], self.analyses[name] = [], []
        self.superseded_filings = {
            old: new for old, new in self.superseded_filings.items() if old not in self.purged[name]
        }
        return self._finish(sequence, last[0], body.cik, body, "", None)

    def _add_parts(self, sequence: int, body: Extraction) -> None:
        rows = self.rows
        keys = [self._signal_key(each.id, each.category, bits_of(each)) for each in body.signals]
        self.signals.add(sequence, body.filing.filed_date, keys, body.signals)
        for ordinal, gap in enumerate(body.missing):
            key = self._signal_key(gap.id, None, 0)
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

    def _signal_key(self, signal_id: str, category: str | None, kind: int) -> int:
        row = self.signal_ids.get(signal_id) or self.stored_ids.find(signal_id)
        if (
            row is not None
            and row.kinds | kind == row.kinds
            and (category is None or row.category is not None)
        ):
            return row.key
        if row is None:
            row = SignalId(len(self.stored_ids) + self._new_ids, signal_id, category, kind)
            self._new_ids += 1
        else:
            row = replace(row, category=row.category or category, kinds=row.kinds | kind)
        self.signal_ids[signal_id] = row
        return row.key

    def _next_sequence(self) -> int:
        self.head += 1
        return self.head

    def _leave_company(self, former: int, filing: Filing, version: int) -> Change:
        """The change that tells a filing's former company of a version that names another one."""
        return self._tell(
            self._next_sequence(), CommitKind.EXTRACTION, filing.accession_number, former, version
        )

    def _tell(
        self, sequence: int, kind: CommitKind, accession_number: str, cik: int | None, version: int
    ) -> Change:
        self.rows["change_feed"].append(
            (sequence, kind.value, accession_number, cik, version, self.recorded_at)
        )
        return Change(sequence, kind, accession_number, cik, version, self.recorded_at.replace(tzinfo=UTC))

    def _finish(
        self,
        sequence: int,
        version: int,
        cik: int | None,
        body: Extraction | Analysis | Purge,
        traceparent: str,
        fence: Fence | None,
        *,
        before: tuple[Change, ...] = (),
    ) -> Written:
        accession_number = body.accession_number
        kind = kind_of(body)
        recorded_at = self.recorded_at.replace(tzinfo=UTC)
        change = self._tell(sequence, kind, accession_number, cik, version)
        if self.sink is not None:
            self.rows["outbox"].append(
                (
                    sequence,
                    accession_number,
                    kind.value,
                    "" if isinstance(body, Purge) else body.result_key,
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
            (*before, change),
        )


def _columns(fence: Fence | None) -> tuple[str | None, int | None]:
    return (None, None) if fence is None else (fence.scope, fence.token)


def _left_company(versions: Sequence[FilingVersion], filing: Filing) -> int | None:
    """The company that a filing's newest version is of, when the next one is of another."""
    former = versions[-1].cik if versions else None
    return None if former == filing.cik else former


def _lacks_extraction(body: Analysis) -> TenkayError:
    return failure(
        Reason.INVALID_FIELD,
        f"no stored extraction of {body.accession_number} has the key {body.extraction_key}; "
        "commit the extraction that the analysis was made from first",
        field="analysis.extraction_key",
    )


def _does_not_follow(record: CommitRecord, stored: str) -> TenkayError:
    return failure(
        Reason.INVALID_FIELD,
        f"commit {record.sequence} (version {record.version} of {record.accession_number}) does not follow: {stored}",
        field="sequence",
    )


def _stale(
    fence: Fence | None, versions: Sequence[FilingVersion | AnalysisVersion], accession_number: str
) -> TenkayError | None:
    """STALE_LEASE when a later lease of the same scope has committed already."""
    if fence is None:
        return None
    newest = max((each.fence_token or 0 for each in versions if each.fence_scope == fence.scope), default=0)
    if fence.token >= newest:
        return None
    return failure(
        Reason.STALE_LEASE,
        f"the lease {fence.token} of {accession_number} is over: a result under the lease {newest} is stored; drop "
        "this one",
        metadata={"token": str(newest)},
    )


def _unchanged(sequence: int, version: int, recorded_at: datetime) -> Written:
    return Written(Committed(sequence, version, recorded_at.replace(tzinfo=UTC), changed=False))
