"""What a store in memory holds, and what of it is seen at a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from tenkay_store.domain.disputes import StoredDispute
from tenkay_store.domain.filter import FieldType
from tenkay_store.domain.records import (
    Analysis,
    Change,
    CommitRecord,
    Delivery,
    Extraction,
    Fence,
    Filing,
    Purge,
    Signal,
)
from tenkay_store.domain.selections import Page, Position
from tenkay_store.domain.staleness import StaleReason, Standing
from tenkay_store.domain.stored import Moment, Staleness, StoredFiling, Summary


@dataclass(slots=True)
class Version:
    """A version of a filing or of an analysis."""

    record: CommitRecord
    fence: Fence | None
    superseded_by: int | None = None
    filing_sequence: int = 0
    """Of an analysis: the version of the filing it is of."""

    @property
    def sequence(self) -> int:
        return self.record.sequence

    def is_valid(self, moment: Moment) -> bool:
        return is_valid_at(self.sequence, self.superseded_by, moment)


@dataclass(slots=True)
class Said:
    """What was said of a value."""

    filing_sequence: int
    dispute: StoredDispute
    superseded_by: int | None = None


@dataclass(slots=True)
class Mark:
    """That a version was stale on account of an earlier filing."""

    sequence: int
    filing_sequence: int
    reason: StaleReason
    earlier: str
    superseded_by: int | None = None


def versions_of(versions: Sequence[Version], accession_number: str) -> list[Version]:
    return [each for each in versions if each.record.accession_number == accession_number]


def purge_of(record: CommitRecord) -> Purge:
    assert isinstance(record.body, Purge)
    return record.body


def extraction_of(version: Version) -> Extraction:
    assert isinstance(version.record.body, Extraction)
    return version.record.body


def result_key_of(record: CommitRecord) -> str:
    return record.body.result_key if isinstance(record.body, Extraction | Analysis) else ""


def is_valid_at(sequence: int, superseded_by: int | None, moment: Moment) -> bool:
    return sequence <= moment.sequence and (superseded_by is None or superseded_by > moment.sequence)


def standing_of(version: Version) -> Standing:
    body = extraction_of(version)
    filing = body.filing
    return Standing(
        filing.accession_number,
        version.record.version,
        version.sequence,
        filing.cik,
        filing.form_type or None,
        filing.is_amendment,
        filing.period_end,
        filing.filed_date,
        filing.accepted_at,
        body.content_key or None,
        {each.accession_number: each.content_key for each in body.earlier_filings},
    )


def place_of(filing: Filing) -> tuple[bool, int, str]:
    return place_of_position(Position(filing.filed_date, filing.accession_number))


def place_of_position(position: Position) -> tuple[bool, int, str]:
    day = position.filed_date
    return day is None, 0 if day is None else -day.toordinal(), position.accession_number


class ReferenceState:
    """Versions, marks and what was said, in lists."""

    def __init__(self, clock: Callable[[], datetime], sink: str | None = None) -> None:
        self.created_at = clock()
        self.store_id = uuid4().hex
        self.resumed_at = 0
        self._clock = clock
        self._sink = sink
        self._head = 0
        self._recorded_at: datetime | None = None
        self._read_at = datetime.min.replace(tzinfo=UTC)
        """The newest moment that was read as of."""
        self._filings: list[Version] = []
        self._analyses: list[Version] = []
        self._said: list[Said] = []
        self._marks: list[Mark] = []
        self._purges: list[CommitRecord] = []
        self._changes: list[Change] = []
        self._moments: list[tuple[int, datetime]] = []
        self._outbox: dict[int, tuple[CommitRecord, Delivery, datetime]] = {}
        self._last: dict[str, tuple[int, int]] = {}
        self._types: dict[str, frozenset[FieldType]] = {}
        self._categories: dict[str, str] = {}
        self._units: dict[str, set[str]] = {}
        """What numbers of each signal were ever in, with "money" in the place of a currency."""
        self._amounts: set[str] = set()
        """Signals that ever were amounts in a currency."""
        self._listeners: list[Callable[[Sequence[CommitRecord], Sequence[Change]], None]] = []
        self._advanced = asyncio.Event()
        self._group: list[CommitRecord] = []
        """Records of the commit that is being made."""

    async def close(self) -> None:
        """Nothing is held."""

    @property
    def filings_held(self) -> Sequence[Version]:
        """All versions of filings."""
        return self._filings

    # What is seen at a moment

    def _version(self, accession_number: str, moment: Moment) -> Version | None:
        return next(
            (each for each in self._seen(moment) if each.record.accession_number == accession_number), None
        )

    def _seen(self, moment: Moment) -> Iterator[Version]:
        for version in self._filings:
            at = extraction_of(version).filing.accepted_at
            is_known = moment.known_at is None or (at is not None and at <= moment.known_at)
            if is_known and version.is_valid(moment):
                yield version

    def _in_order(self, moment: Moment) -> list[Version]:
        return sorted(self._seen(moment), key=lambda each: place_of(extraction_of(each).filing))

    def _stored(self, version: Version, moment: Moment) -> StoredFiling:
        body = extraction_of(version)
        marks = [
            each
            for each in self._marks
            if each.filing_sequence == version.sequence
            and is_valid_at(each.sequence, each.superseded_by, moment)
        ]
        oldest = min(marks, key=lambda mark: mark.sequence, default=None)
        return StoredFiling(
            body.filing,
            version.record.version,
            version.sequence,
            version.record.recorded_at,
            body.result_key,
            body.catalog_version,
            stale=None if oldest is None else Staleness(oldest.reason, oldest.earlier, oldest.sequence),
        )

    def _open_disputes(self, filing_sequence: int, moment: Moment) -> list[Said]:
        return [
            each
            for each in self._said
            if each.filing_sequence == filing_sequence
            and each.dispute.body.is_open
            and is_valid_at(each.dispute.sequence, each.superseded_by, moment)
        ]

    def _shown(self, version: Version, moment: Moment) -> Mapping[str, Signal]:
        """A version's signals, as screens show them."""
        disputed = {each.dispute.body.signal_id for each in self._open_disputes(version.sequence, moment)}
        return {
            each.id: each._replace(notes=(), evidence="[]", category=self._categories[each.id])
            for each in extraction_of(version).signals
            if each.id not in disputed
        }

    def _analysis_of(self, version: Version, moment: Moment) -> Analysis | None:
        for each in self._analyses:
            if each.filing_sequence == version.sequence and each.is_valid(moment):
                assert isinstance(each.record.body, Analysis)
                return each.record.body
        return None

    def _summary(
        self, version: Version, moment: Moment, shown: Sequence[str] = (), *, with_rating: bool = True
    ) -> Summary:
        signals = self._shown(version, moment)
        analysis = self._analysis_of(version, moment) if with_rating else None
        return Summary(
            filing=extraction_of(version).filing,
            version=version.record.version,
            signal_count=len(extraction_of(version).signals),
            signals=tuple(signals[each] for each in shown if each in signals),
            rating=analysis.rating if analysis else None,
            score=analysis.score if analysis else None,
            flag_ids=analysis.flag_ids if analysis else (),
        )

    def _page(
        self,
        found: Sequence[Version],
        moment: Moment,
        after: Position | None,
        limit: int,
        shown: Sequence[str],
    ) -> Page:
        if after is not None:
            start = place_of_position(after)
            found = [each for each in found if place_of(extraction_of(each).filing) > start]
        summaries = tuple(self._summary(each, moment, shown) for each in found[:limit])
        last = summaries[-1].filing if len(found) > limit else None
        return Page(summaries, None if last is None else Position(last.filed_date, last.accession_number))
