"""Questions to DuckDB: each function takes a cursor and a moment, and answers in records.

Whatever is read was committed at or before the moment's sequence. Rows are only added, but for purges, and a version
that was superseded says by which sequence. What reads a filing's parts one after the other runs in one transaction, so
that a purge takes all of them or none.
"""

# Queries are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from tenkay.errors import Reason, failure
from tenkay_store import companies
from tenkay_store.commit_tables import naive
from tenkay_store.duckdb_artifacts import artifacts_of, texts_of
from tenkay_store.filter_sql import Parameters
from tenkay_store.records import (
    Analysis,
    Backlog,
    Change,
    CommitKind,
    CommitRecord,
    DeadLetter,
    Delivery,
    DeliveryState,
    EarlierFiling,
    Extraction,
    Fence,
    Filing,
    MissingSignal,
    Purge,
    Section,
    Signal,
    Value,
    ValueKind,
)
from tenkay_store.signal_ids import SignalIds
from tenkay_store.storage import (
    CompanySummary,
    FilingSelection,
    Moment,
    OutboxEntry,
    Page,
    Position,
    StoredAnalysis,
    StoredArtifacts,
    StoredFiling,
    StoredSignals,
    Summary,
)

Cursor = duckdb.DuckDBPyConnection

MAX_RECENT = 10
MAX_CANDIDATES = 60
"""Newest periodic filings of one kind looked at for the latest full one."""

FILING = (
    "f.accession_number, f.cik, f.form_type, f.company_name, f.filed_date, f.accepted_at, f.period_end, "
    "f.sic_code, f.items, f.primary_document, f.source, f.is_amendment, f.entity_ciks"
)
FILING_WIDTH = 13
_VERSION = "f.version, f.sequence, f.recorded_at, f.result_key, f.catalog_version"
IN_ORDER = "f.filed_date DESC NULLS LAST, f.accession_number"


def head(cursor: Cursor) -> tuple[int, datetime | None]:
    """The newest commit's sequence, or where a restore resumed after it; and when it was recorded, without a zone."""
    row = cursor.execute(
        """
        SELECT greatest(coalesce(max(f.sequence), 0), (SELECT coalesce(max(resumed_at), 0) FROM restores)),
               max(f.recorded_at)
        FROM change_feed f
        """
    ).fetchone()
    return (0, None) if row is None else (int(row[0]), row[1])


def sequence_at(cursor: Cursor, recorded_at: datetime, up_to: int) -> int:
    """The newest sequence recorded at or before a moment, `up_to` at most; 0 when there is none."""
    row = cursor.execute(
        """
        SELECT coalesce(max(sequence), 0) FROM (
            SELECT max(sequence) AS sequence FROM filings WHERE recorded_at <= $at AND sequence <= $up_to::UBIGINT
            UNION ALL
            SELECT max(sequence) FROM analyses WHERE recorded_at <= $at AND sequence <= $up_to::UBIGINT
            UNION ALL
            SELECT max(sequence) FROM purges WHERE recorded_at <= $at AND sequence <= $up_to::UBIGINT
            UNION ALL
            SELECT max(sequence) FROM disputes WHERE recorded_at <= $at AND sequence <= $up_to::UBIGINT
            UNION ALL
            SELECT max(sequence) FROM stale_marks WHERE recorded_at <= $at AND sequence <= $up_to::UBIGINT
        )
        """,
        {"at": naive(recorded_at), "up_to": up_to},
    ).fetchone()
    return 0 if row is None else int(row[0])


def filing(
    cursor: Cursor, accession_number: str, moment: Moment, *, with_sections: bool
) -> StoredFiling | None:
    """The version of a filing that is valid at a moment."""
    # Ordered here: an ORDER BY would have DuckDB read the whole table beside its index.
    rows = cursor.execute(
        f"""
        SELECT {FILING}, {_VERSION} FROM filings f
        WHERE f.accession_number = $accession_number AND f.sequence <= $sequence::UBIGINT
        """,
        {"accession_number": accession_number, "sequence": moment.sequence},
    ).fetchall()
    if not rows:
        return None
    row = max(rows, key=lambda row: int(row[FILING_WIDTH]))
    found = filing_of(row)
    if not _wasknown(found, moment):
        return None
    version, sequence, recorded_at, result_key, catalog_version = row[FILING_WIDTH:]
    return StoredFiling(
        found,
        version,
        sequence,
        utc(recorded_at),
        result_key,
        catalog_version,
        _sections(cursor, sequence) if with_sections else (),
    )


def signals(
    cursor: Cursor, ids: SignalIds, accession_number: str, moment: Moment, *, with_evidence: bool
) -> StoredSignals | None:
    """A filing's signals and gaps at a moment."""
    stored = filing(cursor, accession_number, moment, with_sections=False)
    if stored is None:
        return None
    return StoredSignals(
        stored,
        signals_of_version(cursor, ids, stored.sequence, with_evidence=with_evidence),
        _missing(cursor, ids, stored.sequence),
    )


def artifacts(cursor: Cursor, accession_number: str, moment: Moment) -> StoredArtifacts | None:
    """A filing's texts and artifacts at a moment."""
    stored = filing(cursor, accession_number, moment, with_sections=False)
    if stored is None:
        return None
    return StoredArtifacts(stored, texts_of(cursor, stored.sequence), artifacts_of(cursor, stored.sequence))


def analysis(cursor: Cursor, stored: StoredFiling, moment: Moment) -> StoredAnalysis | None:
    """The newest analysis of a filing's newest analysed version; None when it has none."""
    row = cursor.execute(
        """
        SELECT a.version, a.recorded_at, a.document, a.sequence, f.superseded_by
        FROM filings f JOIN analyses a ON a.filing_sequence = f.sequence
        WHERE f.accession_number = $accession_number AND a.sequence <= $sequence::UBIGINT
        ORDER BY f.version DESC, a.version DESC LIMIT 1
        """,
        {"accession_number": stored.filing.accession_number, "sequence": moment.sequence},
    ).fetchone()
    if row is None:
        return None
    version, recorded_at, document, sequence, superseded_at = row
    return StoredAnalysis(
        stored.filing, version, utc(recorded_at), document, sequence=sequence, superseded_at=superseded_at
    )


def list_filings(
    cursor: Cursor, selection: FilingSelection, moment: Moment, after: Position | None, limit: int
) -> Page:
    """A page of filings, in the order of lists."""
    parameters = Parameters()
    conditions = [valid("f", moment, parameters), known("f", moment, parameters)]
    if selection.cik is not None:
        conditions.append(f"f.cik = {parameters.bind(selection.cik, 'UBIGINT')}")
    if selection.forms:
        conditions.append(f"list_contains({parameters.bind(list(selection.forms))}, f.form_type)")
    if selection.filed_from is not None:
        conditions.append(f"f.filed_date >= {parameters.bind(selection.filed_from)}")
    if selection.filed_to is not None:
        conditions.append(f"f.filed_date <= {parameters.bind(selection.filed_to)}")
    conditions.append(after_position(after, parameters))
    rows = cursor.execute(
        f"""
        SELECT {FILING}, f.version, f.sequence, f.signal_count FROM filings f
        WHERE {" AND ".join(conditions)}
        ORDER BY {IN_ORDER} LIMIT {limit + 1}
        """,
        parameters,
    ).fetchall()
    return page_of(cursor, rows, moment, limit)


def company(cursor: Cursor, cik: int, moment: Moment) -> CompanySummary | None:
    """What is known of a company; None when no filing of it is stored."""
    parameters = Parameters()
    of_company = (
        f"f.cik = {parameters.bind(cik, 'UBIGINT')} AND {valid('f', moment, parameters)} "
        f"AND {known('f', moment, parameters)}"
    )
    forms = cursor.execute(
        f"""
        SELECT coalesce(f.form_type, ''), count(*) FROM filings f WHERE {of_company}
        GROUP BY ALL ORDER BY 2 DESC, 1
        """,
        parameters,
    ).fetchall()
    if not forms:
        return None
    named = cursor.execute(
        f"""
        SELECT (SELECT f.company_name FROM filings f WHERE {of_company} AND f.company_name IS NOT NULL
                ORDER BY {IN_ORDER} LIMIT 1),
               (SELECT f.sic_code FROM filings f WHERE {of_company} AND f.sic_code IS NOT NULL
                ORDER BY {IN_ORDER} LIMIT 1)
        """,
        parameters,
    ).fetchone()
    latest = {
        name: _latest(cursor, of_company, parameters, kinds)
        for name, kinds in (("annual", companies.ANNUAL_FORMS), ("quarterly", companies.QUARTERLY_FORMS))
    }
    sequences = [sequence for sequence in latest.values() if sequence is not None]
    rows = cursor.execute(
        f"""
        (SELECT {FILING}, f.version, f.sequence, f.signal_count FROM filings f
         WHERE {of_company} AND list_contains($latest::UBIGINT[], f.sequence))
        UNION ALL
        (SELECT {FILING}, f.version, f.sequence, f.signal_count FROM filings f
         WHERE {of_company} AND NOT list_contains($latest::UBIGINT[], f.sequence)
         ORDER BY {IN_ORDER} LIMIT {MAX_RECENT})
        """,
        {**parameters, "latest": sequences},
    ).fetchall()
    summaries = _summaries(cursor, rows, moment)
    by_sequence = dict(zip((row[FILING_WIDTH + 1] for row in rows), summaries, strict=True))
    annual, quarterly = (
        None if latest[name] is None else by_sequence[latest[name]] for name in ("annual", "quarterly")
    )
    return CompanySummary(
        cik=cik,
        company_name=(named[0] if named else None) or "",
        sic_code=named[1] if named else None,
        latest_annual=annual,
        latest_quarterly=quarterly,
        recent=tuple(summary for sequence, summary in by_sequence.items() if sequence not in sequences),
        forms=tuple((form, count) for form, count in forms),
    )


def changes(cursor: Cursor, after: int, limit: int) -> Sequence[Change]:
    """Changes after a sequence, in order. FEED_POSITION_EXPIRED when they are no longer all held."""
    rows = cursor.execute(
        """
        SELECT sequence, kind, accession_number, cik, version, recorded_at FROM change_feed
        WHERE sequence > $after::UBIGINT ORDER BY sequence LIMIT $most
        """,
        {"after": after, "most": limit},
    ).fetchall()
    if (rows and rows[0][0] != after + 1) or _fell_into_a_restore(cursor, after):
        raise position_expired(after)
    return [
        Change(sequence, CommitKind(kind), accession_number, cik, version, utc(recorded_at))
        for sequence, kind, accession_number, cik, version, recorded_at in rows
    ]


def _fell_into_a_restore(cursor: Cursor, after: int) -> bool:
    """Whether what a follower of this position has seen may have been lost since."""
    row = cursor.execute(
        "SELECT count(*) FROM restores WHERE complete_up_to < $after::UBIGINT AND resumed_at > $after::UBIGINT",
        {"after": after},
    ).fetchone()
    return row is not None and row[0] > 0


def position_expired(sequence: int) -> Exception:
    """FEED_POSITION_EXPIRED for a sequence."""
    return failure(
        Reason.FEED_POSITION_EXPIRED,
        f"the change feed does not hold what follows {sequence}; drop what was derived from it and start with "
        "an empty from_sequence",
        field="from_sequence",
    )


def accession_numbers_of(cursor: Cursor, cik: int, limit: int) -> Sequence[str]:
    """Filings any version of which is of the company, in order."""
    rows = cursor.execute(
        "SELECT DISTINCT accession_number FROM filings WHERE cik = $cik::UBIGINT ORDER BY 1 LIMIT $most",
        {"cik": cik, "most": limit},
    ).fetchall()
    return [row[0] for row in rows]


def purges(cursor: Cursor, after: int, limit: int) -> Sequence[CommitRecord]:
    """Purges after a sequence, in order."""
    return _purges(cursor, "sequence > $after::UBIGINT", {"after": after, "most": limit})


def _purges(cursor: Cursor, condition: str, parameters: Mapping[str, Any]) -> list[CommitRecord]:
    rows = cursor.execute(
        f"""
        SELECT sequence, last_version, recorded_at, accession_number, requested_by, reason, cik, version_count,
               last_analysis_version, copies_clean_at
        FROM purges WHERE {condition} ORDER BY sequence LIMIT $most
        """,
        dict(parameters),
    ).fetchall()
    return [_purge_record(row) for row in rows]


def _purge_record(row: Sequence[Any]) -> CommitRecord:
    (
        sequence,
        version,
        recorded_at,
        accession_number,
        requested_by,
        reason,
        cik,
        versions,
        last_analysis_version,
        copies_clean_at,
    ) = row
    body = Purge(
        accession_number=accession_number,
        requested_by=requested_by,
        reason=reason,
        cik=cik,
        versions=versions,
        last_analysis_version=last_analysis_version,
        copies_clean_at=utc_or_none(copies_clean_at),
    )
    return CommitRecord(sequence, version, utc(recorded_at), body)


def pending(cursor: Cursor, sink: str, after: int, limit: int) -> Sequence[OutboxEntry]:
    """Commits after a sequence that the sink has not taken, in order."""
    rows = cursor.execute(
        """
        SELECT sequence, accession_number, attempts, size_bytes FROM outbox
        WHERE state = 'PENDING' AND sink = $sink AND sequence > $after::UBIGINT ORDER BY sequence LIMIT $most
        """,
        {"sink": sink, "after": after, "most": limit},
    ).fetchall()
    return [OutboxEntry(*row) for row in rows]


def delivery(cursor: Cursor, sink: str, sequence: int) -> Delivery | None:
    """A commit's row of the outbox."""
    row = cursor.execute(
        """
        SELECT state, attempts, durable_at, next_try_at, coalesce(last_error, '') FROM outbox
        WHERE sequence = $sequence::UBIGINT AND sink = $sink
        """,
        {"sequence": sequence, "sink": sink},
    ).fetchone()
    if row is None:
        return None
    state, attempts, durable_at, next_try_at, last_error = row
    return Delivery(
        DeliveryState(state), attempts, utc_or_none(durable_at), utc_or_none(next_try_at), last_error
    )


def dead_letters(cursor: Cursor, sink: str, after: int, limit: int) -> Sequence[DeadLetter]:
    """Commits after a sequence that the sink refused for good, in order."""
    return _dead_letters(cursor, "sequence > $after::UBIGINT", {"sink": sink, "after": after, "most": limit})


def dead_among(cursor: Cursor, sink: str, sequences: Sequence[int]) -> Sequence[DeadLetter]:
    """Those of these commits that the sink refused for good, in order."""
    return _dead_letters(
        cursor,
        "list_contains($sequences::UBIGINT[], sequence)",
        {"sink": sink, "sequences": list(sequences), "most": len(sequences)},
    )


def _dead_letters(cursor: Cursor, condition: str, parameters: Mapping[str, Any]) -> Sequence[DeadLetter]:
    rows = cursor.execute(
        f"""
        SELECT sequence, accession_number, kind, result_key, attempts, coalesce(last_error, ''), enqueued_at, size_bytes
        FROM outbox WHERE state = 'DEAD' AND sink = $sink AND {condition} ORDER BY sequence LIMIT $most
        """,
        dict(parameters),
    ).fetchall()
    return [
        DeadLetter(sequence, accession_number, CommitKind(kind), result_key, attempts, error, utc(at), size)
        for sequence, accession_number, kind, result_key, attempts, error, at, size in rows
    ]


def backlog(cursor: Cursor, sink: str) -> Backlog:
    """Counts of what the sink has not taken."""
    row = cursor.execute(
        """
        SELECT count(*) FILTER (WHERE state = 'PENDING'), count(*) FILTER (WHERE state = 'DEAD'),
               min(enqueued_at) FILTER (WHERE state = 'PENDING')
        FROM outbox WHERE state <> 'DURABLE' AND sink = $sink
        """,
        {"sink": sink},
    ).fetchone()
    return Backlog(0, 0, None) if row is None else Backlog(row[0], row[1], utc_or_none(row[2]))


def commit_records(cursor: Cursor, ids: SignalIds, sequences: Sequence[int]) -> Sequence[CommitRecord]:
    """Commits of extractions, analyses and purges as they were made."""
    wanted = {"sequences": list(sequences)}
    records = [
        _analysis_record(row)
        for row in cursor.execute(
            """
            SELECT sequence, version, recorded_at, accession_number, result_key, extraction_key, rating, score,
                   flag_ids, rules_version, document, fence_scope, fence_token
            FROM analyses WHERE sequence IN (SELECT unnest($sequences::UBIGINT[]))
            """,
            wanted,
        ).fetchall()
    ]
    records += _purges(
        cursor,
        "sequence IN (SELECT unnest($sequences::UBIGINT[]))",
        {**wanted, "most": len(sequences)},
    )
    for row in cursor.execute(
        f"""
        SELECT {FILING}, {_VERSION}, f.code_version, f.fact_count, f.content_key, f.earlier_filings, f.fence_scope,
               f.fence_token
        FROM filings f
        WHERE f.sequence IN (SELECT unnest($sequences::UBIGINT[]))
        """,
        wanted,
    ).fetchall():
        version, sequence, recorded_at, result_key, catalog_version = row[FILING_WIDTH:][:5]
        code_version, fact_count, content_key, earlier_filings, *lease = row[FILING_WIDTH + 5 :]
        body = Extraction(
            filing=filing_of(row),
            sections=_sections(cursor, sequence),
            signals=signals_of_version(cursor, ids, sequence, with_evidence=True),
            missing=_missing(cursor, ids, sequence),
            texts=texts_of(cursor, sequence),
            result_key=result_key,
            catalog_version=catalog_version,
            code_version=code_version,
            fact_count=fact_count,
            artifacts=artifacts_of(cursor, sequence),
            size_bytes=0,
            content_key=content_key or "",
            earlier_filings=tuple(EarlierFiling(**each) for each in earlier_filings or ()),
        )
        records.append(CommitRecord(sequence, version, utc(recorded_at), body, fence=_fence(*lease)))
    return records


def commits_after(cursor: Cursor, after: int, limit: int) -> Sequence[int]:
    """Sequences of the commits after one, in order, as far as they were not purged."""
    rows = cursor.execute(
        """
        SELECT sequence FROM filings WHERE sequence > $after::UBIGINT
        UNION ALL SELECT sequence FROM analyses WHERE sequence > $after::UBIGINT
        UNION ALL SELECT sequence FROM disputes WHERE sequence > $after::UBIGINT
        UNION ALL SELECT sequence FROM purges WHERE sequence > $after::UBIGINT
        ORDER BY sequence LIMIT $most
        """,
        {"after": after, "most": limit},
    ).fetchall()
    return [row[0] for row in rows]


def unclean_purges(cursor: Cursor) -> tuple[int, datetime] | None:
    """The newest purge whose filing may be in copies, and when the oldest such purge was recorded; None for none."""
    row = cursor.execute(
        "SELECT max(sequence), min(recorded_at) FROM purges WHERE copies_clean_at IS NULL"
    ).fetchone()
    return None if row is None or row[0] is None else (int(row[0]), utc(row[1]))


def valid(alias: str, moment: Moment, parameters: Parameters) -> str:
    """The condition that a version was the newest of its filing at the moment."""
    sequence = parameters.bind(moment.sequence, "UBIGINT")
    return (
        f"({alias}.sequence <= {sequence} "
        f"AND ({alias}.superseded_by IS NULL OR {alias}.superseded_by > {sequence}))"
    )


def known(alias: str, moment: Moment, parameters: Parameters) -> str:
    """The condition that a filing was accepted by the moment's `known_at`."""
    if moment.known_at is None:
        return "TRUE"
    return f"({alias}.accepted_at <= {parameters.bind(naive(moment.known_at))})"


def after_position(position: Position | None, parameters: Parameters) -> str:
    """The condition that a filing comes after a position, in the order of lists."""
    if position is None:
        return "TRUE"
    accession_number = parameters.bind(position.accession_number)
    if position.filed_date is None:
        return f"(f.filed_date IS NULL AND f.accession_number > {accession_number})"
    day = parameters.bind(position.filed_date)
    return (
        f"(f.filed_date IS NULL OR f.filed_date < {day} "
        f"OR (f.filed_date = {day} AND f.accession_number > {accession_number}))"
    )


def _latest(cursor: Cursor, of_company: str, parameters: Parameters, forms: tuple[str, ...]) -> int | None:
    rows = cursor.execute(
        f"""
        SELECT f.sequence, f.form_type, f.accession_number, f.filed_date, f.period_end, f.is_amendment
        FROM filings f WHERE {of_company} AND list_contains($forms, f.form_type)
        ORDER BY coalesce(f.period_end, f.filed_date) DESC NULLS LAST, f.filed_date DESC NULLS LAST,
            f.accession_number DESC
        LIMIT {MAX_CANDIDATES}
        """,
        {**parameters, "forms": list(companies.with_amendments(forms))},
    ).fetchall()
    candidates = [companies.Candidate(*row) for row in rows]
    amendments = [each.sequence for each in candidates if each.is_amendment]
    sections: dict[int, frozenset[str]] = {}
    if amendments:
        sections = {
            sequence: frozenset(codes)
            for sequence, codes in cursor.execute(
                "SELECT sequence, list(code) FROM sections WHERE sequence IN (SELECT unnest($amendments::UBIGINT[])) "
                "GROUP BY sequence",
                {"amendments": amendments},
            ).fetchall()
        }
    latest = companies.newest(candidates, sections)
    return None if latest is None else latest.sequence


def page_of(
    cursor: Cursor,
    rows: Sequence[tuple[Any, ...]],
    moment: Moment,
    limit: int,
    signals_in: Callable[[Sequence[Any]], tuple[Signal, ...]] = lambda _columns: (),
) -> Page:
    """The page of these rows, one more of which than `limit` says that it is not the last.

    A row is a filing, its version, sequence and number of signals, and then what `signals_in` makes signals of.
    """
    summaries = _summaries(cursor, rows[:limit], moment, signals_in)
    last = summaries[-1].filing if len(rows) > limit else None
    return Page(summaries, None if last is None else Position(last.filed_date, last.accession_number))


def _summaries(
    cursor: Cursor,
    rows: Sequence[tuple[Any, ...]],
    moment: Moment,
    signals_in: Callable[[Sequence[Any]], tuple[Signal, ...]] = lambda _columns: (),
) -> tuple[Summary, ...]:
    ratings = _ratings(cursor, [row[FILING_WIDTH + 1] for row in rows], moment)
    summaries = []
    for row in rows:
        rating, score, flag_ids = ratings.get(row[FILING_WIDTH + 1], (None, None, ()))
        summaries.append(
            Summary(
                filing=filing_of(row),
                version=row[FILING_WIDTH],
                signal_count=row[FILING_WIDTH + 2],
                signals=signals_in(row[FILING_WIDTH + 3 :]),
                rating=rating,
                score=score,
                flag_ids=tuple(flag_ids),
            )
        )
    return tuple(summaries)


def _ratings(
    cursor: Cursor, sequences: Sequence[int], moment: Moment
) -> Mapping[int, tuple[str, float | None, Sequence[str]]]:
    parameters = Parameters()
    rows = cursor.execute(
        f"""
        SELECT a.filing_sequence, a.rating, a.score, a.flag_ids FROM analyses a
        WHERE a.filing_sequence IN (SELECT unnest({parameters.bind(list(sequences), "UBIGINT[]")}))
          AND {valid("a", moment, parameters)}
        """,
        parameters,
    ).fetchall()
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


_SIGNAL = (
    "s.signal_key, s.category, s.kind, s.exact, s.number, s.unit, s.currency, s.confidence, s.out_of_range, "
    "s.notes"
)


def signals_of_version(
    cursor: Cursor, ids: SignalIds, sequence: int, *, with_evidence: bool
) -> tuple[Signal, ...]:
    """The signals of the version committed at a sequence."""
    rows = cursor.execute(
        f"SELECT {_SIGNAL} FROM signals s WHERE s.sequence = $sequence::UBIGINT ORDER BY s.ordinal",
        {"sequence": sequence},
    ).fetchall()
    evidence = ["[]"] * len(rows)
    if with_evidence:
        evidence = [
            row[0]
            for row in cursor.execute(
                "SELECT document FROM evidence WHERE sequence = $sequence::UBIGINT ORDER BY ordinal",
                {"sequence": sequence},
            ).fetchall()
        ]
    return tuple(_signal(row, ids, each) for row, each in zip(rows, evidence, strict=True))


def _signal(row: Sequence[Any], ids: SignalIds, evidence: str) -> Signal:
    key, category, kind, exact, number, unit, currency, confidence, out_of_range, notes = row
    return Signal(
        id=ids.of_key(key).id,
        category=category,
        value=Value(ValueKind(kind), exact, number),
        unit=unit,
        currency=currency or "",
        confidence=confidence,
        out_of_range=out_of_range,
        notes=tuple(notes or ()),
        evidence=evidence,
    )


def _missing(cursor: Cursor, ids: SignalIds, sequence: int) -> tuple[MissingSignal, ...]:
    rows = cursor.execute(
        "SELECT signal_key, reason, detail FROM missing_signals WHERE sequence = $sequence::UBIGINT ORDER BY ordinal",
        {"sequence": sequence},
    ).fetchall()
    return tuple(
        MissingSignal(row.id, reason, detail, row.category or "")
        for row, reason, detail in ((ids.of_key(key), reason, detail) for key, reason, detail in rows)
    )


def _sections(cursor: Cursor, sequence: int) -> tuple[Section, ...]:
    rows = cursor.execute(
        "SELECT code, part, title, document, start_offset, end_offset, confidence FROM sections "
        "WHERE sequence = $sequence::UBIGINT ORDER BY ordinal",
        {"sequence": sequence},
    ).fetchall()
    return tuple(Section(*row) for row in rows)


def filing_of(row: Sequence[Any]) -> Filing:
    """The filing in a row's first columns, which are FILING."""
    (
        accession_number,
        cik,
        form_type,
        company_name,
        filed_date,
        accepted_at,
        period_end,
        sic_code,
        items,
        primary_document,
        source,
        is_amendment,
        entity_ciks,
    ) = row[:FILING_WIDTH]
    return Filing(
        accession_number=accession_number,
        cik=cik,
        form_type=form_type or "",
        company_name=company_name or "",
        filed_date=filed_date,
        accepted_at=utc_or_none(accepted_at),
        period_end=period_end,
        sic_code=sic_code,
        items=tuple(items),
        primary_document=primary_document or "",
        source=source or "",
        is_amendment=is_amendment,
        entity_ciks=tuple(entity_ciks or ()),
    )


def _analysis_record(row: Sequence[Any]) -> CommitRecord:
    (
        sequence,
        version,
        recorded_at,
        accession_number,
        result_key,
        extraction_key,
        rating,
        score,
        flag_ids,
        rules_version,
        document,
        *lease,
    ) = row
    body = Analysis(
        accession_number=accession_number,
        result_key=result_key,
        extraction_key=extraction_key,
        rating=rating,
        score=score,
        flag_ids=tuple(flag_ids),
        rules_version=rules_version,
        document=document,
        size_bytes=0,
    )
    return CommitRecord(sequence, version, utc(recorded_at), body, fence=_fence(*lease))


def _fence(scope: str | None, token: int | None) -> Fence | None:
    return None if scope is None or token is None else Fence(scope, token)


def _wasknown(found: Filing, moment: Moment) -> bool:
    return moment.known_at is None or (found.accepted_at is not None and found.accepted_at <= moment.known_at)


def utc(at: datetime) -> datetime:
    """A moment of a TIMESTAMP."""
    return at.replace(tzinfo=UTC)


def utc_or_none(at: datetime | None) -> datetime | None:
    """The same of one that may not be known."""
    return None if at is None else utc(at)
