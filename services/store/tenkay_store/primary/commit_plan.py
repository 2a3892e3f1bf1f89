"""What a group of commits adds to what is stored: versions, rows, changes, outbox entries. Worked out without SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

from tenkay.errors import Reason, TenkayError, failure
from tenkay_store.domain.disputes import StoredDispute, carried_over, value_digest
from tenkay_store.domain.records import (
    Analysis,
    Change,
    CommitKind,
    CommitRecord,
    Committed,
    Delivery,
    Dispute,
    Extraction,
    Fence,
    Filing,
    Purge,
)
from tenkay_store.domain.signal_ids import SignalIds
from tenkay_store.domain.stale_marks import StaleMarks, Turn
from tenkay_store.domain.staleness import Past, Standing
from tenkay_store.domain.stored_versions import (
    AnalysisVersion,
    FilingVersion,
    PurgedVersions,
    fence_columns,
    stale_lease,
)
from tenkay_store.primary.commit_tables import naive_or_none
from tenkay_store.primary.commit_work import Written
from tenkay_store.primary.planned_rows import PlannedRows
from tenkay_store.primary.screen_segments import Segments
from tenkay_store.wire import reports


@dataclass(slots=True, kw_only=True)
class CommitPlan(PlannedRows):
    """What a group adds to what is stored, worked out in the order of its pieces."""

    segments: Segments
    filings: dict[str, list[FilingVersion]] = field(default_factory=dict)
    analyses: dict[str, list[AnalysisVersion]] = field(default_factory=dict)
    new_filings: list[str] = field(default_factory=list)
    """Accession numbers of the filings that had no version, and of purges whose filing was lost before."""
    purged: dict[str, list[int]] = field(default_factory=dict)
    """Sequences of the versions to delete, by filing."""
    purged_versions: dict[str, PurgedVersions] = field(default_factory=dict)
    stale_marks: StaleMarks = field(default_factory=StaleMarks)
    ended_marks: dict[int, int] = field(default_factory=dict)
    disputes: dict[int, dict[str, StoredDispute]] = field(default_factory=dict)
    """What was said newest of values, by the version's sequence and the signal."""
    disputable: dict[int, dict[str, str]] = field(default_factory=dict)
    """Digests of stored values that the group's disputes may be about, in the same way."""
    superseded_disputes: dict[int, int] = field(default_factory=dict)
    superseded_filings: dict[int, int] = field(default_factory=dict)
    superseded_analyses: dict[int, int] = field(default_factory=dict)
    marks: dict[int, Delivery] = field(default_factory=dict)
    prune_before: datetime | None = None
    copies_clean: tuple[int, datetime] | None = None
    """Up to which purge no copy holds what was purged, and since when."""
    resumes: list[tuple[datetime, int, int]] = field(default_factory=list)
    """Rows of `restores`."""
    outcomes: list[Written | TenkayError] = field(default_factory=list)
    _extractions: dict[int, Extraction] = field(default_factory=dict)
    """Those of the group, by sequence."""

    def add_extraction(
        self, body: Extraction, traceparent: str, fence: Fence | None = None
    ) -> Written | TenkayError:
        """The next version of a filing, unless it is stored."""
        filing = body.filing
        versions = self.filings.setdefault(filing.accession_number, [])
        for each in versions:
            if each.result_key == body.result_key:
                return _unchanged(each.sequence, each.version, each.recorded_at)
        if stale := stale_lease(fence, versions, filing.accession_number):
            return stale
        before = self.purged_versions.get(filing.accession_number, PurgedVersions()).filing
        version = (versions[-1].version if versions else before) + 1
        old = versions[-1] if versions else None
        written = self.put_extraction(body, version, traceparent, fence, left_company(versions, filing))
        sequence = versions[-1].sequence
        carried = self._carry_disputes(old, sequence, version, body) if old else ()
        turned = self.turn_on_account_of(
            _standing(body, version, sequence), None if old is None else old.cik, sequence
        )
        return replace(
            written,
            carried=tuple(each.record for each in carried if each.record is not None),
            changes=(*written.changes, *(change for each in carried for change in each.changes), *turned),
        )

    def put_extraction(
        self, body: Extraction, version: int, traceparent: str, fence: Fence | None, left_company: int | None
    ) -> Written:
        """A version of a filing, after those that are there; `left_company` is told if it was its company before."""
        filing = body.filing
        versions = self.filings[filing.accession_number]
        old = versions[-1] if versions else None
        # Before the commit's own, so that a follower that has seen the commit has seen both.
        left = () if left_company is None else (self._leave_company(left_company, filing, version),)
        sequence = self.next_sequence()
        if old:
            self.superseded_filings[old.sequence] = sequence
        else:
            self.new_filings.append(filing.accession_number)
        versions.append(
            FilingVersion(
                version,
                sequence,
                self.recorded_at,
                None,
                body.result_key,
                *fence_columns(fence),
                filing.cik,
                filing.period_end,
                body.content_key or None,
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
                *fence_columns(fence),
                filing.entity_ciks,
                body.content_key or None,
                [asdict(each) for each in body.earlier_filings],
                body.report or reports.of_record(body),
            )
        )
        self.add_parts(sequence, body)
        self._extractions[sequence] = body
        marks = self.stale_marks
        before = None if old is None else marks.standing(old.cik, filing.accession_number)
        for mark in marks.replace(before, _standing(body, version, sequence)):
            self.ended_marks[mark.sequence] = sequence
        return self.finish(sequence, version, filing.cik, body, traceparent, fence, before=left)

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
        if stale := stale_lease(fence, versions, body.accession_number):
            return stale
        made_from = next((each for each in filings if each.result_key == body.extraction_key), None)
        if made_from is None:
            return lacks_extraction(body)
        before = self.purged_versions.get(body.accession_number, PurgedVersions()).analysis
        version = (versions[-1].version if versions else before) + 1
        return self.put_analysis(body, version, traceparent, fence, made_from)

    def put_analysis(
        self,
        body: Analysis,
        version: int,
        traceparent: str,
        fence: Fence | None,
        made_from: FilingVersion,
    ) -> Written:
        """A version of an analysis of one version of the filing."""
        versions = self.analyses.setdefault(body.accession_number, [])
        sequence = self.next_sequence()
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
                *fence_columns(fence),
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
                *fence_columns(fence),
            )
        )
        return self.finish(sequence, version, made_from.cik, body, traceparent, fence)

    def add_purge(self, purge: Purge) -> Written:
        """The removal of a filing, unless it is not stored."""
        name = purge.accession_number
        versions = self.filings.get(name, [])
        if not versions:
            return Written()
        newest = versions[-1]
        written = self.put_purge(self.described(purge), newest.version)
        turns = self.stale_marks.turns_by_it_as_input(name, [newest.cik], self.past(name))
        return replace(
            written,
            changes=(*written.changes, *self.write_turns(turns, self.purged_versions[name].sequence)),
        )

    def described(self, purge: Purge) -> Purge:
        """The purge with what there is of the filing."""
        name = purge.accession_number
        versions, analyses = self.filings.get(name, []), self.analyses.get(name, [])
        named = (each for version in versions for each in self.artifacts.get(version.sequence, ()))
        return replace(
            purge,
            cik=versions[-1].cik if versions else None,
            versions=len(versions),
            last_analysis_version=(
                analyses[-1].version
                if analyses
                else self.purged_versions.get(name, PurgedVersions()).analysis
            ),
            artifacts=tuple(dict.fromkeys(named)),
        )

    def put_purge(self, body: Purge, last_version: int) -> Written:
        """The removal of all versions that are there."""
        name = body.accession_number
        versions = self.filings.get(name, [])
        last = (last_version, body.last_analysis_version)
        sequence = self.next_sequence()
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
        self.purged_versions[name] = PurgedVersions(*last, sequence, body.cik)
        for version in versions:
            self.disputes.pop(version.sequence, None)
            self.stale_marks.replace(self.stale_marks.standing(version.cik, name), None)
        self.filings[name], self.analyses[name] = [], []
        self.superseded_filings = {
            old: new for old, new in self.superseded_filings.items() if old not in self.purged[name]
        }
        return self.finish(sequence, last[0], body.cik, body, "", None)

    def add_dispute(self, said: Dispute) -> Written | TenkayError:
        """What an operator says of a value, unless the same is said of it already."""
        versions = self.filings.get(said.accession_number, [])
        if not versions:
            return failure(
                Reason.FILING_UNKNOWN,
                f"filing {said.accession_number} is not stored; check the number",
                field="filing.accession_number",
            )
        version = next((each for each in reversed(versions) if said.version in (None, each.version)), None)
        if version is None:
            return failure(
                Reason.INVALID_FIELD,
                f"filing {said.accession_number} has no version {said.version}; the newest is {versions[-1].version}",
                field="version",
            )
        digest = self.digest_of_value(version.sequence, said.signal_id)
        if digest is None:
            return failure(
                Reason.UNKNOWN_SIGNAL,
                f"version {version.version} of {said.accession_number} has no value of {said.signal_id[:100]!r}; "
                "GetSignals lists those it has",
                field="signal_id",
            )
        before = self.disputes.get(version.sequence, {}).get(said.signal_id)
        if before is None and not said.is_open:
            return failure(
                Reason.INVALID_FIELD,
                f"the value of {said.signal_id} in version {version.version} of {said.accession_number} was never "
                "disputed; there is nothing to resolve",
                field="signal_id",
            )
        if before is not None and before.body.is_open == said.is_open:
            at = before.recorded_at.replace(tzinfo=UTC)
            return Written(
                Committed(before.sequence, version.version, at, changed=False),
                CommitRecord(before.sequence, version.version, at, before.body),
            )
        reason = said.reason if said.is_open or before is None else before.body.reason
        return self.say(
            replace(said, version=version.version, reason=reason), version.sequence, version.cik, digest
        )

    def say(self, body: Dispute, filing_sequence: int, cik: int | None, digest: str) -> Written:
        """What is said of a value of a version; `digest` is of that value."""
        sequence = self.next_sequence()
        said = self.disputes.setdefault(filing_sequence, {})
        if body.signal_id in said:
            self.superseded_disputes[said[body.signal_id].sequence] = sequence
        said[body.signal_id] = StoredDispute(sequence, self.recorded_at, body, digest)
        key = self.signal_key(body.signal_id, None, SignalIds.DISPUTED)
        self.rows["disputes"].append(
            (
                sequence,
                self.recorded_at,
                body.accession_number,
                filing_sequence,
                body.version,
                key,
                body.is_open,
                body.reason,
                body.said_by,
                body.note,
                digest,
            )
        )
        return self.finish(sequence, body.version or 0, cik, body, "", None)

    def _carry_disputes(
        self, old: FilingVersion, sequence: int, version: int, body: Extraction
    ) -> Sequence[Written]:
        said = self.disputes.get(old.sequence)
        if not said:
            return ()
        return [
            self.say(replace(dispute.body, version=version), sequence, body.filing.cik, dispute.value_digest)
            for dispute in carried_over(said, body.signals)
        ]

    def digest_of_value(self, sequence: int, signal_id: str) -> str | None:
        """Of a version's value; None when it has none."""
        if sequence in self._extractions:
            signals = self._extractions[sequence].signals
            return next((value_digest(each) for each in signals if each.id == signal_id), None)
        return self.disputable.get(sequence, {}).get(signal_id)

    def turn_on_account_of(self, new: Standing, former_cik: int | None, cause: int) -> tuple[Change, ...]:
        """Set and end the marks that a filing's newest version calls for, on it and on filings that it bears upon."""
        marks, number = self.stale_marks, new.accession_number
        ciks = (new.cik, former_cik)
        return (
            *self.write_turns(marks.turns_by_its_inputs(new, self.past), cause),
            *self.write_turns(marks.turns_by_it_as_input(number, ciks, self.past(number)), cause),
        )

    def write_turns(self, turns: Iterable[Turn], cause: int) -> tuple[Change, ...]:
        """Set and end marks on account of the commit with sequence `cause`."""
        changes = []
        for turn in list(turns):
            filing, sequence = turn.filing, self.next_sequence()
            if turn.ended is not None:
                # With its cause: a turn that only ends a mark has no row, and so no moment, of its own.
                self.ended_marks[turn.ended.sequence] = cause
            if turn.reason is not None:
                self.rows["stale_marks"].append(
                    (
                        sequence,
                        self.recorded_at,
                        filing.sequence,
                        filing.accession_number,
                        turn.reason.value,
                        turn.earlier_number,
                    )
                )
            self.stale_marks.set(turn, sequence)
            changes.append(
                self.tell(sequence, CommitKind.STALENESS, filing.accession_number, filing.cik, filing.version)
            )
        return tuple(changes)

    def past(self, accession_number: str) -> Past:
        """What of a filing is no longer there."""
        keys = (each.content_key for each in self.filings.get(accession_number, [])[:-1])
        purged = self.purged_versions.get(accession_number, PurgedVersions())
        return Past(frozenset(key for key in keys if key is not None), purged.sequence, purged.cik)

    def _leave_company(self, former: int, filing: Filing, version: int) -> Change:
        """The change that tells a filing's former company of a version that names another one."""
        return self.tell(
            self.next_sequence(), CommitKind.EXTRACTION, filing.accession_number, former, version
        )


def _standing(body: Extraction, version: int, sequence: int) -> Standing:
    filing = body.filing
    return Standing(
        accession_number=filing.accession_number,
        version=version,
        sequence=sequence,
        cik=filing.cik,
        form_type=filing.form_type or None,
        is_amendment=filing.is_amendment,
        period_end=filing.period_end,
        filed_date=filing.filed_date,
        accepted_at=filing.accepted_at,
        content_key=body.content_key or None,
        earlier={each.accession_number: each.content_key for each in body.earlier_filings},
    )


def left_company(versions: Sequence[FilingVersion], filing: Filing) -> int | None:
    """The company that a filing's newest version is of, when the next one is of another."""
    former = versions[-1].cik if versions else None
    return None if former == filing.cik else former


def lacks_extraction(body: Analysis) -> TenkayError:
    return failure(
        Reason.INVALID_FIELD,
        f"no stored extraction of {body.accession_number} has the key {body.extraction_key}; "
        "commit the extraction that the analysis was made from first",
        field="analysis.extraction_key",
    )


def _unchanged(sequence: int, version: int, recorded_at: datetime) -> Written:
    return Written(Committed(sequence, version, recorded_at.replace(tzinfo=UTC), changed=False))
