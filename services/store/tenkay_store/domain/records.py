"""What the store holds, in its own words.

Names of categories, reasons, ratings and sources are those of the protos without their prefix ("FINANCIAL"). Text that
is not known is empty, anything else that is not known is None. Moments are in UTC.

Evidence and the body of an analysis are JSON text: the store keeps them and hands them on, and never looks inside.

What a filing has hundreds of (signals, their values, gaps) are named tuples: they are made in half the time, and
thousands of them become columns at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple


class ValueKind(StrEnum):
    """The type of a signal's value."""

    DECIMAL = "DECIMAL"
    DOUBLE = "DOUBLE"
    BOOL = "BOOL"
    INT64 = "INT64"
    ENUM = "ENUM"


NUMERIC_KINDS = (ValueKind.DECIMAL, ValueKind.DOUBLE, ValueKind.INT64)


class Value(NamedTuple):
    """A typed value: `exact` is what was committed, `number` is what screens compare.

    ======= ======================== =========================
    kind    exact                    number
    ======= ======================== =========================
    DECIMAL the digits as committed  the nearest double
    DOUBLE  None                     the value
    BOOL    None                     0 or 1
    INT64   the digits               the nearest double
    ENUM    the name                 None
    ======= ======================== =========================
    """

    kind: ValueKind
    exact: str | None
    number: float | None


class Signal(NamedTuple):
    """A signal with a value."""

    id: str
    category: str
    value: Value
    unit: str
    currency: str
    confidence: float
    out_of_range: bool
    notes: tuple[str, ...]
    evidence: str
    """A JSON array; "[]" where it was left out of a read."""


class MissingSignal(NamedTuple):
    """A signal without a value, and why."""

    id: str
    reason: str
    detail: str
    category: str = ""
    """As other filings' values had it when it was read back, or empty. Nothing is answered by it; the copies of commits
    that stores have made hold four parts of a gap, and are read by their places."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a filing's text, by offsets into a document's normalised text."""

    code: str
    part: str
    title: str
    document: str
    start: int
    end: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Text:
    """A document's normalised text, by digest."""

    document: str
    sha256: str
    length: int


class ArtifactKind(StrEnum):
    """What an artifact holds."""

    TEXT = "TEXT"
    FACTS = "FACTS"


@dataclass(frozen=True, slots=True)
class Artifact:
    """Bytes kept apart from the extractions that name them, by digest."""

    kind: ArtifactKind
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Filing:
    """What is known of a filing itself."""

    accession_number: str
    cik: int | None
    form_type: str
    company_name: str
    filed_date: date | None
    accepted_at: datetime | None
    period_end: date | None
    sic_code: int | None
    items: tuple[str, ...]
    primary_document: str
    source: str
    is_amendment: bool
    entity_ciks: tuple[int, ...] = ()
    """Of all entities of the filing; empty when they are not known."""


@dataclass(frozen=True, slots=True)
class EarlierFiling:
    """An earlier filing that an extraction was computed from, by the key that its own extractions have."""

    accession_number: str
    content_key: str


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an extractor found in a filing: the unit of a commit."""

    filing: Filing
    sections: tuple[Section, ...]
    signals: tuple[Signal, ...]
    missing: tuple[MissingSignal, ...]
    texts: tuple[Text, ...]
    result_key: str
    catalog_version: str
    code_version: str
    fact_count: int
    artifacts: tuple[Artifact, ...]
    """Texts of `texts`, and its facts at most once; what it was committed without is not among them."""
    size_bytes: int
    """About what it takes in memory: the size of its message. 0 where it was read back."""
    content_key: str = ""
    """Over what of this filing the extractions of later ones depend on. Empty when not told."""
    earlier_filings: tuple[EarlierFiling, ...] = ()
    """Those it was computed from."""
    report: bytes = field(default=b"", compare=False, repr=False)
    """What `wire.reports` made of its message. Empty where it was read back: it is made of the rest then."""

    @property
    def accession_number(self) -> str:
        """The filing's."""
        return self.filing.accession_number


@dataclass(frozen=True, slots=True)
class Analysis:
    """A rating with its reasons: the unit of a commit."""

    accession_number: str
    result_key: str
    extraction_key: str
    rating: str
    score: float | None
    flag_ids: tuple[str, ...]
    rules_version: str
    document: str
    """All of it as a JSON object."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Purge:
    """The removal of all versions of a filing: the unit of a commit, and its record."""

    accession_number: str
    requested_by: str
    reason: str
    cik: int | None = None
    """The company of the newest version; None when it was not known."""
    versions: int = 0
    """How many there were."""
    artifacts: tuple[Artifact, ...] = ()
    """What they named; empty once the purge was read back."""
    last_analysis_version: int = 0
    """Of the newest analysis there was; 0 when there was none."""
    copies_clean_at: datetime | None = None
    """Since when no snapshot and no part of the copied commits holds it; None while one may, and before it is read."""

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory."""
        return 200 + len(self.requested_by) + len(self.reason)


@dataclass(frozen=True, slots=True)
class Dispute:
    """What an operator said of a value, that it is wrong or that this is settled: the unit of a commit."""

    accession_number: str
    version: int | None
    """Of the extraction; None for the newest, until it is committed."""
    signal_id: str
    is_open: bool
    reason: str
    """Why the value is wrong; of a resolution, why it was. Empty in a resolution until it is committed."""
    said_by: str
    note: str

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory."""
        return 300 + len(self.said_by) + len(self.note)


Body = Extraction | Analysis | Purge | Dispute
"""What a commit is of."""


@dataclass(frozen=True, slots=True)
class Fence:
    """The lease that a commit is made under: tokens of one scope, the job, rise with each grant."""

    scope: str
    token: int


class CommitKind(StrEnum):
    """What a commit is of."""

    EXTRACTION = "EXTRACTION"
    ANALYSIS = "ANALYSIS"
    PURGE = "PURGE"
    DISPUTE = "DISPUTE"
    STALENESS = "STALENESS"
    """Only in the change feed: what became stale, or is no longer, by the commit right before."""


@dataclass(frozen=True, slots=True)
class CommitRecord:
    """A commit as it was made."""

    sequence: int
    version: int
    recorded_at: datetime
    body: Body
    traceparent: str = ""
    """Of the call that committed it; empty once it was read back."""
    fence: Fence | None = None
    """The lease it was made under; None when it was made under none."""

    @property
    def kind(self) -> CommitKind:
        """What it is of."""
        return kind_of(self.body)

    @property
    def accession_number(self) -> str:
        """The filing it is about."""
        return self.body.accession_number


_KINDS: Mapping[type[Body], CommitKind] = {
    Extraction: CommitKind.EXTRACTION,
    Analysis: CommitKind.ANALYSIS,
    Purge: CommitKind.PURGE,
    Dispute: CommitKind.DISPUTE,
}


def kind_of(body: Body) -> CommitKind:
    """What a commit is of."""
    return _KINDS[type(body)]


@dataclass(frozen=True, slots=True)
class Committed:
    """The writer's answer: on disk in the primary."""

    sequence: int
    version: int
    recorded_at: datetime
    changed: bool
    """False when the same result was committed before; the rest is then that commit's."""


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of the change feed."""

    sequence: int
    kind: CommitKind
    accession_number: str
    cik: int | None
    version: int
    recorded_at: datetime


class DeliveryState(StrEnum):
    """Where a commit stands in a sink."""

    PENDING = "PENDING"
    DURABLE = "DURABLE"
    DEAD = "DEAD"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A commit's standing in a sink: a row of the outbox."""

    state: DeliveryState
    attempts: int = 0
    durable_at: datetime | None = None
    next_try_at: datetime | None = None
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A commit that the sink refused for good."""

    sequence: int
    accession_number: str
    kind: CommitKind
    result_key: str
    attempts: int
    last_error: str
    enqueued_at: datetime
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a sink has not taken yet."""

    pending: int
    dead: int
    oldest_pending: datetime | None


@dataclass(frozen=True, slots=True)
class DayDigest:
    """The commits recorded on one day (UTC), as something to compare."""

    commits: int
    hashes: int
    """The sum of their hashes."""


@dataclass(frozen=True, slots=True)
class HeldCommit:
    """A commit that is held, without its contents."""

    sequence: int
    kind: CommitKind
    accession_number: str
    version: int
    """0 for a purge."""
    hash: int
    """60 bits over what identifies it and its result."""
