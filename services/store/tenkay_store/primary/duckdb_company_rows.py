"""The filing that stands for each company, and sums over its last four quarters, as tables of a query.

Twelve months are put together from reports that follow one another, in the first of these ways that is possible:

- the newest report is an annual one: it alone;
- four quarterly reports, each a quarter after the one before;
- the last annual report, the quarterly ones since, each a quarter after the one before, less those of the same quarters
  a year earlier: what is left of the fiscal year lies within the twelve months. Of figures that quarterly reports give
  since the fiscal year began, the newest one and the one a year before it are enough.

Transition reports (10-KT, 10-QT), whose periods are of any length, are never summed.
"""

# Queries are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tenkay import periodic_forms
from tenkay_store.domain.company_screens import CompanyPeriod
from tenkay_store.domain.filter import TypedExpression
from tenkay_store.domain.period_kinds import PeriodKind, period_kind
from tenkay_store.domain.signal_ids import SignalId
from tenkay_store.domain.staleness import COMPARABLE_PRIOR_DAYS
from tenkay_store.domain.stored import Moment
from tenkay_store.primary import filter_sql
from tenkay_store.primary.duckdb_amendments import is_quarterly, is_whole
from tenkay_store.primary.duckdb_reads import known, valid
from tenkay_store.primary.duckdb_screens import values_of
from tenkay_store.primary.filter_sql import FilingDays, Parameters

QUARTERS_DAYS = (range(75, 106), range(165, 202), range(250, 297))
"""Days of one, two and three quarters, as the extractor has them."""
LARGEST_SUMMED = 1e30
"""Amounts from here on are not summed: seven of them would not fit into a DECIMAL(38, 6)."""

_FORMS: Mapping[CompanyPeriod, tuple[str, ...]] = {
    CompanyPeriod.LATEST_ANNUAL: periodic_forms.ANNUAL_FORMS,
    CompanyPeriod.LATEST_QUARTER: periodic_forms.QUARTERLY_FORMS,
    CompanyPeriod.TRAILING_TWELVE_MONTHS: (*periodic_forms.ANNUAL_FORMS, *periodic_forms.QUARTERLY_FORMS),
}
BASES: Mapping[PeriodKind, str] = {
    PeriodKind.QUARTER_FLOW: "QUARTER",
    PeriodKind.YEAR_TO_DATE_FLOW: "YEAR_TO_DATE",
}


@dataclass(frozen=True, slots=True)
class CompanyRows:
    """The filing that stands for each company; of twelve months, with sums in the place of its flows."""

    segments: Sequence[str]
    period: CompanyPeriod
    expression: TypedExpression | None
    moment: Moment
    ciks: Sequence[int] = ()
    filings: str = "chosen c JOIN filings f ON f.sequence = c.sequence"

    def prefix(self, parameters: Parameters) -> str:
        """The tables `chosen` and, of twelve months, `parts`: which filings are summed, by the newest one and basis."""
        tables = [("periodic", self._periodic(parameters)), ("chosen", _CHOSEN)]
        if self.period is CompanyPeriod.TRAILING_TWELVE_MONTHS:
            tables += _PARTS
        return "WITH " + ", ".join(f"{name} AS MATERIALIZED ({query})" for name, query in tables)

    def values(self, signal: SignalId, parameters: Parameters, columns: str = "*", test: str = "TRUE") -> str:
        """The filing's own values, or sums over the parts."""
        return f"SELECT {columns} FROM ({self._values(signal, parameters)}) v WHERE {test}"

    def _values(self, signal: SignalId, parameters: Parameters) -> str:
        if self.period is not CompanyPeriod.TRAILING_TWELVE_MONTHS:
            return self._own_values(signal, parameters)
        kind = period_kind(signal.id)
        if kind is PeriodKind.OF_PERIOD:
            return f"SELECT * FROM ({self._own_values(signal, parameters)}) WHERE FALSE"
        if kind is PeriodKind.OF_FILING:
            return self._own_values(signal, parameters)
        found = self.found_parts(signal, parameters)
        return f"""
            SELECT newest AS sequence, 'DECIMAL' AS kind, total::VARCHAR AS exact, total::DOUBLE AS number,
                units[1] AS unit, currencies[1] AS currency, confidence, out_of_range
            FROM ({found}) WHERE found_count = part_count AND len(units) = 1 AND len(currencies) = 1
        """

    def found_parts(self, signal: SignalId, parameters: Parameters) -> str:
        """What there is of a flow's parts, by the newest filing of each company."""
        values = values_of(self.segments, signal, FilingDays(), self.moment, parameters)
        return f"""
            SELECT p.newest, p.part_count, count(v.amount) AS found_count,
                sum(CASE WHEN p.is_subtracted THEN -v.amount ELSE v.amount END) AS total,
                list_distinct(list(v.unit)) AS units, list_sort(list_distinct(list(v.currency))) AS currencies,
                min(v.confidence) AS confidence, coalesce(bool_or(v.out_of_range), FALSE) AS out_of_range,
                list(p.accession_number ORDER BY p.accession_number) FILTER (v.amount IS NULL) AS without_value
            FROM parts p LEFT JOIN (
                SELECT sequence, TRY_CAST(exact AS DECIMAL(38, 6)) AS amount, unit, coalesce(currency, '') AS currency,
                    confidence, out_of_range
                FROM ({values}) WHERE kind = 'DECIMAL' AND abs(number) < {LARGEST_SUMMED!r}
            ) v ON v.sequence = p.sequence
            WHERE p.basis = '{BASES[period_kind(signal.id)]}'
            GROUP BY p.newest, p.part_count
        """

    def _own_values(self, signal: SignalId, parameters: Parameters) -> str:
        days = filter_sql.filing_days(self.expression)
        return values_of(self.segments, signal, days, self.moment, parameters)

    def _periodic(self, parameters: Parameters) -> str:
        forms = parameters.bind(list(periodic_forms.with_amendments(_FORMS[self.period])))
        of_company = "f.cik IS NOT NULL"
        if self.ciks:
            of_company = f"f.cik IN (SELECT unnest({parameters.bind(list(self.ciks), 'UBIGINT[]')}))"
        seen = f"{valid('f', self.moment, parameters)} AND {known('f', self.moment, parameters)} AND {of_company}"
        transition = parameters.bind(list(periodic_forms.with_amendments(periodic_forms.TRANSITION_FORMS)))
        return f"""
            SELECT f.sequence, f.cik, f.accession_number, f.period_end, f.filed_date,
                NOT {is_quarterly("f", parameters)} AS is_annual,
                list_contains({transition}, f.form_type) AS is_transition
            FROM filings f WHERE {seen} AND list_contains({forms}, f.form_type) AND {is_whole("f", parameters)}
        """


_CHOSEN = """
    SELECT * FROM periodic QUALIFY row_number() OVER (
        PARTITION BY cik
        ORDER BY coalesce(period_end, filed_date) DESC NULLS LAST, filed_date DESC NULLS LAST, accession_number DESC
    ) = 1
"""


def _within(days: str, lengths: range) -> str:
    return f"{days} BETWEEN {lengths.start} AND {lengths.stop - 1}"


_QUARTER = QUARTERS_DAYS[0]
_SINCE_EARLIER = "date_diff('day', q.earlier_end, q.period_end)"
_A_YEAR_LATER = "date_diff('day', q.period_end, s.period_end)"
_SINCE_YEAR_END = "date_diff('day', a.period_end, c.period_end)"
_QUARTER_COUNT = " ".join(
    f"WHEN {_within(_SINCE_YEAR_END, lengths)} THEN {count}"
    for count, lengths in enumerate(QUARTERS_DAYS, start=1)
)
_PARTS: Sequence[tuple[str, str]] = (
    (
        # Of each period its newest full version.
        "reports",
        """
        SELECT * FROM periodic WHERE period_end IS NOT NULL AND NOT is_transition QUALIFY row_number() OVER (
            PARTITION BY cik, is_annual, period_end ORDER BY filed_date DESC NULLS LAST, accession_number DESC
        ) = 1
        """,
    ),
    (
        "quarters",
        f"""
        SELECT newest, sequence, accession_number FROM (
            SELECT c.sequence AS newest, q.sequence, q.accession_number,
                count(*) OVER company AS quarter_count,
                bool_and(coalesce({_within(_SINCE_EARLIER, _QUARTER)}, FALSE)
                    OR q.period_end = q.first_end) OVER company AS are_consecutive
            FROM chosen c JOIN (
                SELECT r.*, lag(r.period_end) OVER reports_of AS earlier_end,
                    first_value(r.period_end) OVER reports_of AS first_end
                FROM (
                    SELECT r.* FROM reports r JOIN chosen c ON c.cik = r.cik
                    WHERE NOT r.is_annual AND r.period_end <= c.period_end
                        AND date_diff('day', r.period_end, c.period_end) < {QUARTERS_DAYS[2].stop}
                ) r
                WINDOW reports_of AS (PARTITION BY r.cik ORDER BY r.period_end)
            ) q ON q.cik = c.cik
            WHERE NOT c.is_annual AND NOT c.is_transition
            WINDOW company AS (PARTITION BY c.cik)
        ) WHERE quarter_count = 4 AND are_consecutive
        """,
    ),
    (
        # The last annual report before the newest, which is quarterly, and how many quarters lie between them.
        "fiscal",
        f"""
        SELECT c.cik, c.sequence AS newest, c.accession_number AS newest_number, c.period_end AS ends,
            a.sequence, a.accession_number, a.period_end AS year_ends,
            CASE {_QUARTER_COUNT} END AS quarter_count
        FROM chosen c JOIN reports a ON a.cik = c.cik AND a.is_annual AND a.period_end < c.period_end
        WHERE NOT c.is_annual AND NOT c.is_transition
        QUALIFY row_number() OVER (PARTITION BY c.cik ORDER BY a.period_end DESC) = 1
        """,
    ),
    (
        "since",
        """
        SELECT y.cik, y.newest, y.quarter_count, q.sequence, q.accession_number, q.period_end,
            date_diff('day', coalesce(lag(q.period_end) OVER (PARTITION BY y.cik ORDER BY q.period_end), y.year_ends),
                q.period_end) AS days
        FROM fiscal y JOIN reports q
            ON q.cik = y.cik AND NOT q.is_annual AND q.period_end > y.year_ends AND q.period_end <= y.ends
        """,
    ),
    (
        "year_before",
        f"""
        SELECT s.newest, s.quarter_count, s.sequence AS of_sequence, q.sequence, q.accession_number
        FROM since s JOIN reports q ON q.cik = s.cik AND NOT q.is_annual
            AND {_within(_A_YEAR_LATER, COMPARABLE_PRIOR_DAYS)}
        """,
    ),
    (
        "complete",
        f"""
        SELECT newest FROM since GROUP BY newest, quarter_count
        HAVING count(*) = quarter_count AND bool_and({_within("days", _QUARTER)})
        INTERSECT
        SELECT newest FROM year_before GROUP BY newest, quarter_count
        HAVING count(*) = quarter_count AND count(DISTINCT of_sequence) = quarter_count
            AND count(DISTINCT sequence) = quarter_count
        """,
    ),
    (
        "to_date",
        """
        SELECT newest FROM year_before WHERE of_sequence = newest AND quarter_count IS NOT NULL
        GROUP BY newest HAVING count(*) = 1
        """,
    ),
    (
        "parts",
        """
        SELECT *, count(*) OVER (PARTITION BY newest, basis) AS part_count FROM (
            SELECT c.sequence AS newest, c.sequence, c.accession_number, b.basis, FALSE AS is_subtracted
            FROM chosen c, (SELECT unnest(['QUARTER', 'YEAR_TO_DATE']) AS basis) b
            WHERE c.is_annual AND NOT c.is_transition
            UNION ALL
            SELECT newest, sequence, accession_number, 'QUARTER', FALSE FROM quarters
            UNION ALL
            SELECT newest, sequence, accession_number, 'QUARTER', is_subtracted FROM (
                SELECT newest, sequence, accession_number, FALSE AS is_subtracted FROM fiscal
                UNION ALL SELECT newest, sequence, accession_number, FALSE FROM since
                UNION ALL SELECT newest, sequence, accession_number, TRUE FROM year_before
            ) WHERE newest IN (SELECT newest FROM complete) AND newest NOT IN (SELECT newest FROM quarters)
            UNION ALL
            SELECT newest, sequence, accession_number, 'YEAR_TO_DATE', is_subtracted FROM (
                SELECT newest, sequence, accession_number, FALSE AS is_subtracted FROM fiscal
                UNION ALL SELECT newest, newest, newest_number, FALSE FROM fiscal
                UNION ALL SELECT newest, sequence, accession_number, TRUE FROM year_before WHERE of_sequence = newest
            ) WHERE newest IN (SELECT newest FROM to_date)
        )
        """,
    ),
)
