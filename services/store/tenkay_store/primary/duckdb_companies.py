"""Screens that show each company once, in DuckDB, with the reason for every value that is not there."""

# Queries are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tenkay_store.domain.company_screens import (
    CompanyFigures,
    CompanyPage,
    CompanyPeriod,
    CompanyScreen,
    FigureGap,
    FoundParts,
    SummedFiling,
    gap_disputed,
    gap_in_filing,
    gap_not_a_sum,
    gap_of_sum,
)
from tenkay_store.domain.filter import signal_ids
from tenkay_store.domain.period_kinds import PeriodKind, period_kind
from tenkay_store.domain.records import Signal
from tenkay_store.domain.signal_ids import SignalId, SignalIds
from tenkay_store.domain.stored import Moment, Summary
from tenkay_store.primary.duckdb_company_rows import BASES, CompanyRows
from tenkay_store.primary.duckdb_reads import FILING, FILING_WIDTH, Cursor, page_of, valid
from tenkay_store.primary.duckdb_screens import check_units, screened, shown_columns, shown_signals
from tenkay_store.primary.filter_sql import Parameters


def screen_companies(
    cursor: Cursor,
    ids: SignalIds,
    segments: Sequence[str],
    screen: CompanyScreen,
    moment: Moment,
    after: int | None,
    limit: int,
) -> CompanyPage:
    """A page of the companies that meet a screen, in the order of CIKs, after one of them.

    CURRENCY_MISMATCH and UNIT_MISMATCH are looked for with the first page.
    """
    expression = screen.expression
    read = CompanyRows(segments, screen.period, expression, moment, screen.ciks)
    if expression is not None and after is None:
        check_units(cursor, ids, read, expression, screen.currency, moment)
    shown = [ids.of_id(each) for each in dict.fromkeys((*signal_ids(expression), *screen.signal_ids))]
    parameters = Parameters()
    prefix = read.prefix(parameters)
    source = screened(ids, read, expression, shown, screen.currency, moment, parameters)
    beyond = "TRUE" if after is None else f"f.cik > {parameters.bind(after, 'UBIGINT')}"
    rows = cursor.execute(
        f"""
        {prefix} SELECT {FILING}, f.version, f.sequence, f.signal_count{shown_columns(shown)} FROM {source}
        AND {beyond} ORDER BY f.cik LIMIT {limit + 1}
        """,
        parameters,
    ).fetchall()
    page = page_of(cursor, rows, moment, limit, lambda columns: shown_signals(shown, columns))
    sequences = [row[FILING_WIDTH + 1] for row in rows[:limit]]
    ciks = [summary.filing.cik for summary in page.summaries if summary.filing.cik is not None]
    page_read = CompanyRows(segments, screen.period, None, moment, ciks)
    reasons = _reasons(cursor, page_read, shown, dict(zip(sequences, page.summaries, strict=True)))
    return CompanyPage(
        tuple(
            reasons.figures(sequence, summary, shown)
            for sequence, summary in zip(sequences, page.summaries, strict=True)
        ),
        ciks[-1] if len(rows) > limit else None,
    )


@dataclass(frozen=True, slots=True)
class _Reasons:
    """Why a page's values are not there, by the sequence of the filing that stands for the company."""

    period: CompanyPeriod
    parts: Mapping[tuple[int, str], tuple[SummedFiling, ...]]
    """By basis too."""
    found: Mapping[tuple[int, str], FoundParts]
    """By signal too, of flows."""
    missing: Mapping[tuple[int, int], tuple[str, str]]
    """Reason and detail by the signal's key too."""
    disputed: frozenset[tuple[int, int]]

    def figures(self, sequence: int, summary: Summary, shown: Sequence[SignalId]) -> CompanyFigures:
        """A company of the page."""
        have = {each.id for each in summary.signals}
        return CompanyFigures(
            summary=replace(summary, signals=tuple(map(self._without_zeros, summary.signals))),
            gaps=tuple(self._gap(sequence, each) for each in shown if each.id not in have),
            summed=tuple(each.id for each in summary.signals if self._kind(each.id) in BASES),
            quarter_filings=self.parts.get((sequence, BASES[PeriodKind.QUARTER_FLOW]), ()),
            year_to_date_filings=self.parts.get((sequence, BASES[PeriodKind.YEAR_TO_DATE_FLOW]), ()),
        )

    def _kind(self, signal_id: str) -> PeriodKind:
        if self.period is not CompanyPeriod.TRAILING_TWELVE_MONTHS:
            return PeriodKind.OF_FILING
        return period_kind(signal_id)

    def _without_zeros(self, signal: Signal) -> Signal:
        """A sum has six decimals; those that say nothing are left out."""
        if self._kind(signal.id) not in BASES or signal.value.exact is None:
            return signal
        exact = f"{Decimal(signal.value.exact).normalize():f}"
        return signal._replace(value=signal.value._replace(exact=exact))

    def _gap(self, sequence: int, signal: SignalId) -> FigureGap:
        kind = self._kind(signal.id)
        if kind is PeriodKind.OF_PERIOD:
            return gap_not_a_sum(signal.id)
        if kind in BASES:
            return gap_of_sum(signal.id, self.found.get((sequence, signal.id), FoundParts(0, (), ())))
        if (sequence, signal.key) in self.disputed:
            return gap_disputed(signal.id)
        return gap_in_filing(signal.id, self.missing.get((sequence, signal.key)))


def _reasons(
    cursor: Cursor, read: CompanyRows, shown: Sequence[SignalId], page: Mapping[int, Summary]
) -> _Reasons:
    """Looked up for a page's companies alone, and for the signals that one of them has no value of."""
    without = [
        each
        for each in shown
        if any(each.id not in {s.id for s in summary.signals} for summary in page.values())
    ]
    parts: dict[tuple[int, str], tuple[SummedFiling, ...]] = {}
    found: dict[tuple[int, str], FoundParts] = {}
    if read.period is CompanyPeriod.TRAILING_TWELVE_MONTHS and page:
        parameters = Parameters()
        rows = cursor.execute(
            f"""
            {read.prefix(parameters)} SELECT newest, basis, accession_number, is_subtracted FROM parts
            ORDER BY newest, basis, is_subtracted, accession_number
            """,
            parameters,
        ).fetchall()
        for newest, basis, number, is_subtracted in rows:
            parts[newest, basis] = (*parts.get((newest, basis), ()), SummedFiling(number, is_subtracted))
        for signal in without:
            if period_kind(signal.id) in BASES:
                found |= _found_parts(cursor, read, signal)
    keys = [each.key for each in without]
    return _Reasons(
        read.period,
        parts,
        found,
        _missing(cursor, list(page), keys),
        _disputed(cursor, list(page), [each.key for each in without if each.is_disputed], read.moment),
    )


def _found_parts(cursor: Cursor, read: CompanyRows, signal: SignalId) -> dict[tuple[int, str], FoundParts]:
    parameters = Parameters()
    prefix = read.prefix(parameters)
    rows = cursor.execute(
        f"""
        {prefix} SELECT newest, part_count, coalesce(without_value, []), currencies
        FROM ({read.found_parts(signal, parameters)})
        """,
        parameters,
    ).fetchall()
    return {
        (newest, signal.id): FoundParts(part_count, tuple(without_value), tuple(currencies))
        for newest, part_count, without_value, currencies in rows
    }


def _missing(
    cursor: Cursor, sequences: Sequence[int], keys: Sequence[int]
) -> dict[tuple[int, int], tuple[str, str]]:
    if not keys or not sequences:
        return {}
    rows = cursor.execute(
        """
        SELECT sequence, signal_key, reason, detail FROM missing_signals
        WHERE sequence IN (SELECT unnest($sequences::UBIGINT[])) AND signal_key IN (SELECT unnest($keys::UINTEGER[]))
        """,
        {"sequences": list(sequences), "keys": list(keys)},
    ).fetchall()
    return {(sequence, key): (reason, detail) for sequence, key, reason, detail in rows}


def _disputed(
    cursor: Cursor, sequences: Sequence[int], keys: Sequence[int], moment: Moment
) -> frozenset[tuple[int, int]]:
    if not keys or not sequences:
        return frozenset()
    parameters = Parameters()
    rows = cursor.execute(
        f"""
        SELECT d.filing_sequence, d.signal_key FROM disputes d
        WHERE d.is_open AND {valid("d", moment, parameters)}
            AND d.filing_sequence IN (SELECT unnest({parameters.bind(list(sequences), "UBIGINT[]")}))
            AND d.signal_key IN (SELECT unnest({parameters.bind(list(keys), "UINTEGER[]")}))
        """,
        parameters,
    ).fetchall()
    return frozenset((sequence, key) for sequence, key in rows)
