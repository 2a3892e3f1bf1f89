"""Reads of a store in memory, each of which goes through everything."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction

import pyarrow as pa

from tenkay import periodic_forms
from tenkay.errors import Reason, failure
from tenkay_store.domain import companies
from tenkay_store.domain.filter import FieldType, SignalComparison, TypedExpression, signal_ids
from tenkay_store.domain.records import (
    Analysis,
    ArtifactKind,
    CommitRecord,
    Filing,
    Signal,
)
from tenkay_store.domain.selections import (
    Aggregate,
    AggregateGroup,
    AggregateSelection,
    DisputeSelection,
    FilingSelection,
    GroupBy,
    Page,
    Position,
    Screen,
    Series,
    SeriesPosition,
    SeriesSelection,
    SeriesView,
    StaleEntry,
    StalePage,
    StaleResult,
    StaleSelection,
)
from tenkay_store.domain.staleness import StaleReason
from tenkay_store.domain.stored import (
    CompanySummary,
    Moment,
    Staleness,
    StoredAnalysis,
    StoredArtifacts,
    StoredFiling,
    StoredSignals,
)
from tenkay_store.wire import reports
from tests.storage_conformance.reference_commits import ReferenceCommits
from tests.storage_conformance.reference_filter import Field, number_of, verdict
from tests.storage_conformance.reference_state import (
    Version,
    extraction_of,
    versions_of,
)

MOST_GROUPS = 2_000


class ReferenceReads(ReferenceCommits):
    """What is asked of filings and their signals."""

    # Reads of filings

    async def accession_numbers_of(self, cik: int, limit: int) -> Sequence[str]:
        found = {
            each.record.accession_number for each in self._filings if extraction_of(each).filing.cik == cik
        }
        return sorted(found)[:limit]

    async def purges(self, after: int, limit: int) -> Sequence[CommitRecord]:
        return [each for each in self._purges if each.sequence > after][:limit]

    async def disputes(self, selection: DisputeSelection, after: int, limit: int) -> Sequence[CommitRecord]:
        found = [
            CommitRecord(
                each.dispute.sequence,
                each.dispute.body.version or 0,
                each.dispute.recorded_at,
                each.dispute.body,
            )
            for each in self._said
            if each.dispute.sequence > after
            and selection.accession_number in ("", each.dispute.body.accession_number)
            and (selection.history or (each.dispute.body.is_open and each.superseded_by is None))
        ]
        return sorted(found, key=lambda record: record.sequence)[:limit]

    async def sequence_at(self, recorded_at: datetime, up_to: int) -> int:
        return max(
            (number for number, at in self._moments if at <= recorded_at and number <= up_to), default=0
        )

    async def filing(self, accession_number: str, moment: Moment) -> StoredFiling | None:
        return (await self.filings([accession_number], moment)).get(accession_number)

    async def filings(self, accession_numbers: Sequence[str], moment: Moment) -> Mapping[str, StoredFiling]:
        found = {}
        for number in accession_numbers:
            version = self._version(number, moment)
            if version is not None:
                body = extraction_of(version)
                original = companies.original_of(
                    body.filing,
                    [
                        other
                        for other in (extraction_of(each).filing for each in self._seen(moment))
                        if body.filing.is_amendment
                        and other.cik == body.filing.cik is not None
                        and other.period_end == body.filing.period_end is not None
                        and other.form_type == body.filing.form_type.removesuffix("/A")
                    ],
                )
                found[number] = replace(
                    self._stored(version, moment),
                    sections=body.sections,
                    amends=None if original is None else original.accession_number,
                )
        return found

    async def signals(self, accession_number: str, moment: Moment) -> StoredSignals | None:
        version = self._version(accession_number, moment)
        if version is None:
            return None
        stored = self._stored(version, moment)
        said = [
            CommitRecord(
                each.dispute.sequence, version.record.version, each.dispute.recorded_at, each.dispute.body
            )
            for each in self._open_disputes(version.sequence, moment)
        ]
        return StoredSignals(
            stored.sequence,
            stored.version,
            # Of the record, whatever report the commit brought along: both say the same.
            reports.of_record(extraction_of(version)),
            stored.stale,
            tuple(sorted(said, key=lambda record: record.sequence)),
        )

    async def signals_of(
        self, accession_numbers: Sequence[str], moment: Moment, *, with_comparable_prior: bool
    ) -> Mapping[str, StoredSignals]:
        found = {}
        for number in accession_numbers:
            one = await self.signals(number, moment)
            if one is not None:
                found[number] = one
        if with_comparable_prior:
            for number in list(found):
                stored = await self.filing(number, moment)
                assert stored is not None
                of_company = [extraction_of(each).filing for each in self._seen(moment)]
                prior = companies.comparable_prior(stored.filing, of_company)
                if prior is not None:
                    found[number] = replace(found[number], comparable_prior=prior.accession_number)
                    if prior.accession_number not in found:
                        one = await self.signals(prior.accession_number, moment)
                        assert one is not None
                        found[prior.accession_number] = one
        return found

    async def analysis(self, accession_number: str, moment: Moment) -> StoredAnalysis | Filing | None:
        version = self._version(accession_number, moment)
        if version is None:
            return None
        found = [
            each for each in versions_of(self._analyses, accession_number) if each.sequence <= moment.sequence
        ]
        if not found:
            return extraction_of(version).filing
        newest = max(found, key=lambda each: (each.filing_sequence, each.sequence))
        made_from = next(each for each in self._filings if each.sequence == newest.filing_sequence)
        stale = self._stored(version, moment).stale
        if made_from.sequence != version.sequence:
            assert made_from.superseded_by is not None
            since = max(made_from.superseded_by, newest.sequence)
            stale = Staleness(StaleReason.EXTRACTION_SUPERSEDED, "", since)
        body = newest.record.body
        assert isinstance(body, Analysis)
        return StoredAnalysis(
            extraction_of(version).filing,
            newest.record.version,
            newest.record.recorded_at,
            body.document,
            newest.sequence,
            made_from.superseded_by,
            stale,
        )

    async def artifacts(self, accession_number: str, moment: Moment) -> StoredArtifacts | None:
        version = self._version(accession_number, moment)
        if version is None:
            return None
        body = extraction_of(version)
        return StoredArtifacts(replace(self._stored(version, moment), stale=None), body.texts, body.artifacts)

    async def named_artifacts(self, kind: ArtifactKind, digests: Sequence[str]) -> frozenset[str]:
        held = {each for version in self._filings for each in extraction_of(version).artifacts}
        return frozenset(each.sha256 for each in held if each.kind is kind and each.sha256 in digests)

    async def company(self, cik: int, moment: Moment) -> CompanySummary | None:
        of_company = [each for each in self._in_order(moment) if extraction_of(each).filing.cik == cik]
        if not of_company:
            return None
        filings = [extraction_of(each).filing for each in of_company]
        latest = [
            _latest(of_company, periodic_forms.with_amendments(forms))
            for forms in (periodic_forms.ANNUAL_FORMS, periodic_forms.QUARTERLY_FORMS)
        ]
        others = [each for each in of_company if each not in latest]
        forms = Counter(each.form_type for each in filings)
        annual, quarterly = (None if each is None else self._summary(each, moment) for each in latest)
        return CompanySummary(
            cik=cik,
            company_name=next((each.company_name for each in filings if each.company_name), ""),
            sic_code=next((each.sic_code for each in filings if each.sic_code is not None), None),
            latest_annual=annual,
            latest_quarterly=quarterly,
            recent=tuple(self._summary(each, moment) for each in others[:10]),
            forms=tuple(sorted(forms.items(), key=lambda form: (-form[1], form[0]))),
        )

    async def list_filings(
        self, selection: FilingSelection, moment: Moment, after: Position | None, limit: int
    ) -> Page:
        def is_selected(filing: Filing) -> bool:
            day = filing.filed_date
            return (
                selection.cik in (None, filing.cik)
                and (not selection.forms or filing.form_type in selection.forms)
                and (selection.filed_from is None or (day is not None and day >= selection.filed_from))
                and (selection.filed_to is None or (day is not None and day <= selection.filed_to))
            )

        found = [each for each in self._in_order(moment) if is_selected(extraction_of(each).filing)]
        return self._page(found, moment, after, limit, ())

    async def list_stale(
        self, selection: StaleSelection, moment: Moment, after: int, limit: int
    ) -> StalePage:
        entries = []
        for version in self._seen(moment):
            number = version.record.accession_number
            filing = extraction_of(version).filing
            stored = self._stored(version, moment)
            if stored.stale is not None:
                entries.append(StaleEntry(filing, StaleResult.EXTRACTION, stored.version, stored.stale))
            analysis = await self.analysis(number, moment)
            if (
                isinstance(analysis, StoredAnalysis)
                and analysis.stale is not None
                and analysis.stale.reason is StaleReason.EXTRACTION_SUPERSEDED
            ):
                entries.append(StaleEntry(filing, StaleResult.ANALYSIS, analysis.version, analysis.stale))
        wanted = [
            each
            for each in sorted(entries, key=lambda entry: entry.stale.since)
            if each.stale.since > after
            and selection.cik in (None, each.filing.cik)
            and selection.result in (None, each.result)
        ]
        page = tuple(wanted[:limit])
        return StalePage(page, page[-1].stale.since if len(wanted) > limit else None)

    # Reads over signals

    async def screen_filings(
        self, screen: Screen, moment: Moment, after: Position | None, limit: int
    ) -> Page:
        if after is None:
            self._check_units(screen, moment)
        shown = tuple(dict.fromkeys((*signal_ids(screen.expression), *screen.signal_ids)))
        return self._page(self._screened(screen, moment), moment, after, limit, shown)

    async def series(
        self, selection: SeriesSelection, moment: Moment, after: SeriesPosition | None, limit: int
    ) -> Series | None:
        if not any(extraction_of(each).filing.cik == selection.cik for each in self._seen(moment)):
            return None
        forms = list(selection.forms)
        if selection.view is SeriesView.RESTATED:
            forms += [f"{form}/A" for form in forms]
        candidates = [
            version
            for version in self._seen(moment)
            for filing in [extraction_of(version).filing]
            for end in [filing.period_end]
            if filing.cik == selection.cik
            and (not forms or filing.form_type in forms)
            and (selection.period_from is None or (end is not None and end >= selection.period_from))
            and (selection.period_to is None or (end is not None and end <= selection.period_to))
        ]
        points = [
            summary
            for version in _of_view(candidates, selection.view)
            for summary in [self._summary(version, moment, selection.signal_ids, with_rating=False)]
            if summary.signals
        ]
        points.sort(key=lambda point: _by_period(point.filing), reverse=True)
        if after is not None:
            start = (after.period_end or date.min, after.filed_date or date.min, after.accession_number)
            points = [point for point in points if _by_period(point.filing) < start]
        last = points[limit - 1].filing if len(points) > limit else None
        return Series(
            tuple(points[:limit]),
            None if last is None else SeriesPosition(last.period_end, last.filed_date, last.accession_number),
        )

    async def aggregate(self, selection: AggregateSelection, moment: Moment) -> Aggregate:
        screen = Screen(selection.expression, selection.currency)
        self._check_units(screen, moment)
        groups: dict[tuple[str, ...], list[float]] = {}
        units: set[tuple[str, str]] = set()
        for version in self._screened(screen, moment):
            signal = self._shown(version, moment).get(selection.signal_id)
            number = number_of(signal, selection.currency)
            if signal is None or number is None or signal.out_of_range:
                continue
            units.add((signal.unit, signal.currency))
            keys = tuple(_group(extraction_of(version).filing, each) for each in selection.group_by)
            groups.setdefault(keys, []).append(number)
        check_one_unit({(selection.signal_id, *each) for each in units})
        if len(groups) > MOST_GROUPS:
            raise failure(Reason.INVALID_FIELD, "too many groups", field="group_by")
        return Aggregate(
            groups=tuple(
                AggregateGroup(
                    keys,
                    len(values),
                    float(sum(map(Fraction, values)) / len(values)),
                    min(values),
                    max(values),
                    tuple(_quantile(sorted(values), each) for each in selection.quantiles),
                )
                for keys, values in sorted(groups.items())
            ),
            unit=next((unit for unit, _ in units), ""),
            currency=next((currency for _, currency in units), ""),
        )

    async def export(self, screen: Screen, moment: Moment) -> AsyncGenerator[bytes, None]:
        self._check_units(screen, moment)
        rows = [
            {
                "accession_number": filing.accession_number,
                "cik": filing.cik,
                "company_name": filing.company_name or None,
                "form_type": filing.form_type or None,
                "filed_date": filing.filed_date,
                "period_end": filing.period_end,
                "sic_code": filing.sic_code,
                "version": version.record.version,
                "signal_id": signal.id,
                "kind": signal.value.kind.value,
                "number": signal.value.number,
                "exact": signal.value.exact,
                "unit": signal.unit,
                "currency": signal.currency or None,
                "confidence": signal.confidence,
                "out_of_range": signal.out_of_range,
            }
            for version in self._screened(Screen(screen.expression, screen.currency), moment)
            for filing in [extraction_of(version).filing]
            for signal in self._shown(version, moment).values()
            if signal.id in screen.signal_ids
        ]
        rows.sort(key=lambda row: (row["signal_id"], row["filed_date"] or date.max, row["accession_number"]))
        table = pa.Table.from_pylist(rows, EXPORTED)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        yield sink.getvalue().to_pybytes()

    def _check_units(self, screen: Screen, moment: Moment) -> None:
        expression = screen.expression
        if expression is None:
            return
        mixed = self._mixed(expression, screen.currency)
        found = set()
        for version in self._seen(moment):
            signals = self._shown(version, moment)
            fields = self._fields(version, moment)
            if verdict(expression, fields, signals, screen.currency, assumed=of_numbers(mixed)):
                found |= units_among(signals, mixed, screen.currency)
        check_one_unit(found)

    def _mixed(self, expression: TypedExpression, currency: str) -> set[str]:
        """Signals of an expression whose numbers may be of different currencies or units."""
        return {
            name
            for name in signal_ids(expression)
            if len(self._units.get(name, ())) > 1 or (not currency and name in self._amounts)
        }

    def _screened(self, screen: Screen, moment: Moment) -> list[Version]:
        return [
            each
            for each in self._in_order(moment)
            if screen.expression is None
            or verdict(
                screen.expression, self._fields(each, moment), self._shown(each, moment), screen.currency
            )
        ]

    def _fields(self, version: Version, moment: Moment) -> Mapping[str, Field]:
        filing, analysis = extraction_of(version).filing, self._analysis_of(version, moment)
        return {
            "accession_number": filing.accession_number,
            "cik": filing.cik,
            "company_name": filing.company_name or None,
            "form_type": filing.form_type or None,
            "filed_date": filing.filed_date,
            "period_end": filing.period_end,
            "sic_code": filing.sic_code,
            "is_amendment": filing.is_amendment,
            "rating": analysis.rating if analysis else None,
            "score": analysis.score if analysis else None,
            "flags": analysis.flag_ids if analysis else None,
        }


EXPORTED = pa.schema(
    [
        ("accession_number", pa.string()),
        ("cik", pa.uint64()),
        ("company_name", pa.string()),
        ("form_type", pa.string()),
        ("filed_date", pa.date32()),
        ("period_end", pa.date32()),
        ("sic_code", pa.int32()),
        ("version", pa.uint32()),
        ("signal_id", pa.string()),
        ("kind", pa.string()),
        ("number", pa.float64()),
        ("exact", pa.string()),
        ("unit", pa.string()),
        ("currency", pa.string()),
        ("confidence", pa.float64()),
        ("out_of_range", pa.bool_()),
    ]
)


def _latest(of_company: Sequence[Version], forms: Sequence[str]) -> Version | None:
    candidates = {each.sequence: each for each in of_company if extraction_of(each).filing.form_type in forms}
    newest = companies.newest(
        [
            companies.Candidate(
                sequence,
                filing.form_type,
                filing.accession_number,
                filing.filed_date,
                filing.period_end,
                filing.is_amendment,
            )
            for sequence, each in candidates.items()
            for filing in [extraction_of(each).filing]
        ],
        {
            sequence: frozenset(section.code for section in extraction_of(each).sections)
            for sequence, each in candidates.items()
        },
    )
    return None if newest is None else candidates[newest.sequence]


def _of_view(versions: Sequence[Version], view: SeriesView) -> list[Version]:
    """The versions that give points."""
    if view is SeriesView.EVERY_FILING:
        return list(versions)
    of_period: dict[tuple[object, ...], list[Version]] = {}
    for version in versions:
        filing = extraction_of(version).filing
        form = filing.form_type.removesuffix("/A")
        codes = {section.code for section in extraction_of(version).sections}
        key: tuple[object, ...] = (filing.accession_number,)
        is_whole = not filing.is_amendment
        if form in periodic_forms.ANNUAL_FORMS:
            is_whole |= view is SeriesView.RESTATED and {"item_7", "item_8"} <= codes
            key = ("annual", filing.period_end) if filing.period_end else key
        elif form in periodic_forms.QUARTERLY_FORMS:
            is_whole |= view is SeriesView.RESTATED and {"part1_item1", "part1_item2"} <= codes
            key = ("quarterly", filing.period_end) if filing.period_end else key
        if is_whole:
            of_period.setdefault(key, []).append(version)

    def filed(version: Version) -> tuple[date, str]:
        filing = extraction_of(version).filing
        latest = date.min if view is SeriesView.RESTATED else date.max
        return filing.filed_date or latest, filing.accession_number

    choose = max if view is SeriesView.RESTATED else min
    return [choose(each, key=filed) for each in of_period.values()]


def _by_period(filing: Filing) -> tuple[date, date, str]:
    return filing.period_end or date.min, filing.filed_date or date.min, filing.accession_number


def _group(filing: Filing, by: GroupBy) -> str:
    end = filing.period_end
    match by:
        case GroupBy.FORM:
            return filing.form_type
        case GroupBy.SECTOR:
            return "" if filing.sic_code is None else f"{filing.sic_code // 100:02}"
        case GroupBy.YEAR:
            return "" if end is None else str(end.year)
        case GroupBy.QUARTER:
            return "" if end is None else f"{end.year}-Q{(end.month + 2) // 3}"


def _quantile(values: Sequence[float], share: float) -> float:
    """Interpolated between the two values around it."""
    at = share * (len(values) - 1)
    low, high = Fraction(values[math.floor(at)]), Fraction(values[math.ceil(at)])
    return float(low + (high - low) * Fraction(at - math.floor(at)))


def of_numbers(names: Collection[str]) -> Callable[[SignalComparison], bool]:
    return lambda leaf: leaf.type is FieldType.NUMBER and leaf.signal_id in names


def units_among(
    signals: Mapping[str, Signal], names: Collection[str], currency: str
) -> set[tuple[str, str, str]]:
    """(signal, unit, currency) of the numbers that are compared."""
    return {
        (name, signal.unit, signal.currency)
        for name in names
        if (signal := signals.get(name)) is not None and number_of(signal, currency) is not None
    }


def check_one_unit(found: Collection[tuple[str, str, str]]) -> None:
    currencies = sorted({currency for _, _, currency in found} - {""})
    if len(currencies) > 1:
        metadata = {"currencies": ",".join(currencies)}
        raise failure(Reason.CURRENCY_MISMATCH, "name one", field="currency", metadata=metadata)
    signals = [name for name, _, _ in found]
    for name in sorted(signals):
        if signals.count(name) > 1:
            raise failure(Reason.UNIT_MISMATCH, "narrow it", field="filter", metadata={"signal_id": name})
