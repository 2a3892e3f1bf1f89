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
from operator import itemgetter
from typing import Any, cast

import duckdb

from tenkay import periodic_forms
from tenkay_store.domain import companies
from tenkay_store.domain.records import (
    Filing,
    MissingSignal,
    Section,
    Signal,
    Value,
    ValueKind,
)
from tenkay_store.domain.selections import FilingSelection, Page, Position
from tenkay_store.domain.signal_ids import SignalId, SignalIds
from tenkay_store.domain.stored import (
    CompanySummary,
    Moment,
    StoredAnalysis,
    StoredArtifacts,
    StoredFiling,
    StoredSignals,
    Summary,
)
from tenkay_store.primary.commit_tables import naive
from tenkay_store.primary.duckdb_artifacts import artifacts_of, texts_of
from tenkay_store.primary.filter_sql import FilingDays, Parameters

Cursor = duckdb.DuckDBPyConnection

MAX_RECENT = 10
MAX_CANDIDATES = 60
"""Newest periodic filings of one kind looked at for the latest full one."""

REPORTS_AT_ONCE = 8
"""Versions of a filing whose reports are read to answer with one of them. Of more, the version is chosen first."""
FILED_A_DAY = 2000
"""Filings of a busy day."""
MOST_COMPARED = 500_000
"""Comparisons with the sequences of a list that take less time than planning a join with them."""

FILING = (
    "f.accession_number, f.cik, f.form_type, f.company_name, f.filed_date, f.accepted_at, f.period_end, "
    "f.sic_code, f.items, f.primary_document, f.source, f.is_amendment, f.entity_ciks"
)
FILING_WIDTH = 13
VERSION = "f.version, f.sequence, f.recorded_at, f.result_key, f.catalog_version"
MISSING = "signal_key, reason, detail"
SECTION = "code, part, title, document, start_offset, end_offset, confidence"
IN_ORDER = "f.filed_date DESC NULLS LAST, f.accession_number"


def stored_signal_ids(cursor: Cursor) -> SignalIds:
    """All signal ids that were ever stored."""
    rows = cursor.execute("SELECT signal_key, signal_id, category, kinds, unit FROM signal_ids").fetchall()
    return SignalIds(SignalId(*row) for row in rows)


def filing(
    cursor: Cursor, accession_number: str, moment: Moment, *, with_sections: bool
) -> StoredFiling | None:
    """The version of a filing that is valid at a moment."""
    # A filing has few versions: which one it is is cheaper found out here, and an ORDER BY would have DuckDB read the
    # whole table beside its index.
    versions = cursor.execute(
        f"SELECT {FILING}, {VERSION} FROM filings f WHERE f.accession_number = ?", (accession_number,)
    ).fetchall()
    rows = [row for row in versions if row[FILING_WIDTH + 1] <= moment.sequence]
    if not rows:
        return None
    row = max(rows, key=lambda row: int(row[FILING_WIDTH]))
    found = filing_of(row)
    if not _was_known(found.accepted_at, moment):
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


def signals(cursor: Cursor, accession_number: str, moment: Moment) -> StoredSignals | None:
    """A filing's signals and gaps at a moment, without what was said of them since."""
    # As in `filing`: few versions, and each condition more would cost a quarter of the statement. What the answer says
    # of the filing itself is in the report too, where it costs less than as columns.
    versions = cursor.execute(
        "SELECT f.version, f.sequence, f.accepted_at, f.report FROM filings f WHERE f.accession_number = ? "
        f"LIMIT {REPORTS_AT_ONCE + 1}",
        (accession_number,),
    ).fetchall()
    is_of_many = len(versions) > REPORTS_AT_ONCE
    if is_of_many:
        versions = cursor.execute(
            "SELECT f.version, f.sequence, f.accepted_at, NULL FROM filings f WHERE f.accession_number = ?",
            (accession_number,),
        ).fetchall()
    rows = [row for row in versions if row[1] <= moment.sequence]
    if not rows:
        return None
    version, sequence, accepted_at, report = max(rows, key=itemgetter(0))
    if not _was_known(utc_or_none(accepted_at), moment):
        return None
    if is_of_many:
        found = cursor.execute(
            "SELECT f.report FROM filings f WHERE f.sequence = ?::UBIGINT", (sequence,)
        ).fetchone()
        if found is None:  # purged since
            return None
        (report,) = found
    return StoredSignals(sequence, version, report)


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
        for name, kinds in (
            ("annual", periodic_forms.ANNUAL_FORMS),
            ("quarterly", periodic_forms.QUARTERLY_FORMS),
        )
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


def accession_numbers_of(cursor: Cursor, cik: int, limit: int) -> Sequence[str]:
    """Filings any version of which is of the company, in order."""
    rows = cursor.execute(
        "SELECT DISTINCT accession_number FROM filings WHERE cik = $cik::UBIGINT ORDER BY 1 LIMIT $most",
        {"cik": cik, "most": limit},
    ).fetchall()
    return [row[0] for row in rows]


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


def among(
    column: str, sequences: Sequence[int], days: FilingDays, moment: Moment, parameters: Parameters
) -> str:
    """The condition that a column has one of these sequences, where only what was filed between `days` is looked at."""
    wanted = parameters.bind_numbers(sequences, "UBIGINT")
    filings = moment.sequence
    if days.first is not None and days.last is not None:
        filings = min(filings, ((days.last - days.first).days + 1) * FILED_A_DAY)
    # A join takes half a millisecond to plan, a list is gone through with each row.
    if len(sequences) * filings <= MOST_COMPARED:
        return f"list_contains({wanted}, {column})"
    return f"{column} IN (SELECT unnest({wanted}))"


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
        {**parameters, "forms": list(periodic_forms.with_amendments(forms))},
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


def summaries_of(
    cursor: Cursor,
    sequences: Sequence[int],
    days: FilingDays,
    moment: Moment,
    signals: Mapping[int, tuple[Signal, ...]],
) -> tuple[Summary, ...]:
    """These versions in this order, filed between these days, with their newest ratings and these signals of each."""
    if not sequences:
        return ()
    parameters = Parameters()
    conditions = days.conditions("f.filed_date", parameters)
    conditions.append(among("f.sequence", sequences, days, moment, parameters))
    rows = cursor.execute(
        f"""
        SELECT {FILING}, f.version, f.sequence, f.signal_count FROM filings f WHERE {" AND ".join(conditions)}
        """,
        parameters,
    ).fetchall()
    found = {row[FILING_WIDTH + 1]: (*row, signals.get(row[FILING_WIDTH + 1], ())) for row in rows}
    in_order = [found[sequence] for sequence in sequences]
    return _summaries(cursor, in_order, moment, lambda columns: cast(tuple[Signal, ...], columns[0]))


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
    if not sequences:
        return {}
    parameters = Parameters()
    rows = cursor.execute(
        f"""
        SELECT a.filing_sequence, a.rating, a.score, a.flag_ids FROM analyses a
        WHERE list_contains({parameters.bind_numbers(sequences, "UBIGINT")}, a.filing_sequence)
          AND {valid("a", moment, parameters)}
        """,
        parameters,
    ).fetchall()
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


SIGNAL = (
    "s.signal_key, s.category, s.kind, s.exact, s.number, s.unit, s.currency, s.confidence, s.out_of_range, "
    "s.notes"
)
SIGNAL_WIDTH = 10
KINDS = {each.value: each for each in ValueKind}
"""By what they are called in tables."""
_LAST = itemgetter(-1)


def signals_of_version(cursor: Cursor, ids: SignalIds, sequence: int) -> tuple[Signal, ...]:
    """The signals of the version committed at a sequence, with their evidence."""
    rows = _parts(cursor, SIGNAL, "signals s", sequence)
    evidence = _parts(cursor, "document", "evidence", sequence)
    return tuple(signal_of(row, ids, each[0]) for row, each in zip(rows, evidence, strict=True))


def _parts(cursor: Cursor, columns: str, table: str, sequence: int) -> list[tuple[Any, ...]]:
    """A version's rows of a table, each followed by its `ordinal`, in the order of that."""
    rows = cursor.execute(
        f"SELECT {columns}, ordinal FROM {table} WHERE sequence = ?::UBIGINT", (sequence,)
    ).fetchall()
    # They lie in this order already, as commits added them. An ORDER BY costs DuckDB as much as finding them.
    rows.sort(key=_LAST)
    return rows


def signal_of(row: Sequence[Any], ids: SignalIds, evidence: str) -> Signal:
    """The signal in a row's first columns, which are SIGNAL."""
    key, category, kind, exact, number, unit, currency, confidence, out_of_range, notes = row[:SIGNAL_WIDTH]
    return Signal(
        id=ids.of_key(key).id,
        category=category,
        value=Value(KINDS[kind], exact, number),
        unit=unit,
        currency=currency or "",
        confidence=confidence,
        out_of_range=out_of_range,
        notes=tuple(notes or ()),
        evidence=evidence,
    )


def missing_of(row: Sequence[Any], ids: SignalIds) -> MissingSignal:
    """The gap in a row's first columns, which are MISSING."""
    key, reason, detail = row[:3]
    signal = ids.of_key(key)
    return MissingSignal(signal.id, reason, detail, signal.category or "")


def _sections(cursor: Cursor, sequence: int) -> tuple[Section, ...]:
    return tuple(Section(*row[:-1]) for row in _parts(cursor, SECTION, "sections", sequence))


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


def _was_known(accepted_at: datetime | None, moment: Moment) -> bool:
    return moment.known_at is None or (accepted_at is not None and accepted_at <= moment.known_at)


def utc(at: datetime) -> datetime:
    """A moment of a TIMESTAMP."""
    return at.replace(tzinfo=UTC)


def utc_or_none(at: datetime | None) -> datetime | None:
    """The same of one that may not be known."""
    return None if at is None else utc(at)
