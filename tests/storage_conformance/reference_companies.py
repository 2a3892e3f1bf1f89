"""Companies by the filing that stands for them, in a store in memory: each sum written out filing by filing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from tenkay import periodic_forms
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
from tenkay_store.domain.records import Filing, Signal, Value, ValueKind
from tenkay_store.domain.stored import Moment, Summary
from tests.storage_conformance.reference_filter import verdict
from tests.storage_conformance.reference_reads import (
    ReferenceReads,
    check_one_unit,
    of_numbers,
    units_among,
)
from tests.storage_conformance.reference_state import Version, extraction_of

QUARTERS = ((75, 105), (165, 201), (250, 296))


@dataclass(frozen=True, slots=True)
class Parts:
    """What twelve months are put together from."""

    added: tuple[Version, ...] = ()
    taken_off: tuple[Version, ...] = ()

    def told(self) -> tuple[SummedFiling, ...]:
        return tuple(
            SummedFiling(number, is_subtracted)
            for is_subtracted, versions in ((False, self.added), (True, self.taken_off))
            for number in sorted(filing_of(each).accession_number for each in versions)
        )


def filing_of(version: Version) -> Filing:
    return extraction_of(version).filing


class ReferenceCompanies(ReferenceReads):
    """Screens of companies."""

    async def screen_companies(
        self, screen: CompanyScreen, moment: Moment, after: int | None, limit: int
    ) -> CompanyPage:
        shown = tuple(dict.fromkeys((*signal_ids(screen.expression), *screen.signal_ids)))
        chosen = self._chosen(screen, moment)
        figures = {
            cik: self._figures(cik, version, screen.period, shown, moment)
            for cik, version in sorted(chosen.items())
        }
        if after is None:
            self._check_company_units(screen, chosen, figures, moment)
        met = [
            (cik, each)
            for cik, each in figures.items()
            if (after is None or cik > after)
            and (
                screen.expression is None
                or verdict(
                    screen.expression,
                    self._fields(chosen[cik], moment),
                    {signal.id: signal for signal in each.summary.signals},
                    screen.currency,
                )
            )
        ]
        return CompanyPage(
            tuple(each for _, each in met[:limit]), met[limit - 1][0] if len(met) > limit else None
        )

    def _check_company_units(
        self,
        screen: CompanyScreen,
        chosen: Mapping[int, Version],
        figures: Mapping[int, CompanyFigures],
        moment: Moment,
    ) -> None:
        if screen.expression is None:
            return
        mixed = self._mixed(screen.expression, screen.currency)
        found = set()
        for cik, each in figures.items():
            signals = {signal.id: signal for signal in each.summary.signals}
            fields = self._fields(chosen[cik], moment)
            if verdict(screen.expression, fields, signals, screen.currency, assumed=of_numbers(mixed)):
                found |= units_among(signals, mixed, screen.currency)
        check_one_unit(found)

    def _chosen(self, screen: CompanyScreen, moment: Moment) -> dict[int, Version]:
        annual, quarterly = periodic_forms.ANNUAL_FORMS, periodic_forms.QUARTERLY_FORMS
        forms = {
            CompanyPeriod.LATEST_ANNUAL: annual,
            CompanyPeriod.LATEST_QUARTER: quarterly,
            CompanyPeriod.TRAILING_TWELVE_MONTHS: (*annual, *quarterly),
        }[screen.period]
        chosen: dict[int, Version] = {}
        for version in self._periodic(moment):
            filing = filing_of(version)
            cik = filing.cik
            if cik is None or base(filing) not in forms or (screen.ciks and cik not in screen.ciks):
                continue
            if cik not in chosen or place(filing) > place(filing_of(chosen[cik])):
                chosen[cik] = version
        return chosen

    def _periodic(self, moment: Moment) -> list[Version]:
        """Annual and quarterly reports, but partial amendments."""
        found = []
        for version in self._seen(moment):
            filing = filing_of(version)
            codes = {section.code for section in extraction_of(version).sections}
            needed = {"item_7", "item_8"}
            if base(filing) in periodic_forms.QUARTERLY_FORMS:
                needed = {"part1_item1", "part1_item2"}
            elif base(filing) not in periodic_forms.ANNUAL_FORMS:
                continue
            if not filing.is_amendment or needed <= codes:
                found.append(version)
        return found

    def _figures(
        self, cik: int, version: Version, period: CompanyPeriod, shown: Sequence[str], moment: Moment
    ) -> CompanyFigures:
        parts: dict[PeriodKind, Parts] = {}
        if period is CompanyPeriod.TRAILING_TWELVE_MONTHS:
            parts = self._parts(cik, version, moment)
        own = self._shown(version, moment)
        signals: list[Signal] = []
        gaps: list[FigureGap] = []
        summed: list[str] = []
        for name in shown:
            kind = PeriodKind.OF_FILING
            if period is CompanyPeriod.TRAILING_TWELVE_MONTHS:
                kind = period_kind(name)
            if kind is PeriodKind.OF_PERIOD:
                gaps.append(gap_not_a_sum(name))
            elif kind is PeriodKind.OF_FILING and name in own:
                signals.append(own[name])
            elif kind is PeriodKind.OF_FILING:
                gaps.append(self._own_gap(version, name, moment))
            else:
                total = self._total(name, parts.get(kind, Parts()), moment)
                if isinstance(total, Signal):
                    signals.append(total)
                    summed.append(name)
                else:
                    gaps.append(gap_of_sum(name, total))
        summary = self._summary(version, moment)
        return CompanyFigures(
            Summary(
                summary.filing,
                summary.version,
                summary.signal_count,
                tuple(signals),
                summary.rating,
                summary.score,
                summary.flag_ids,
            ),
            tuple(gaps),
            tuple(summed),
            parts.get(PeriodKind.QUARTER_FLOW, Parts()).told(),
            parts.get(PeriodKind.YEAR_TO_DATE_FLOW, Parts()).told(),
        )

    def _own_gap(self, version: Version, name: str, moment: Moment) -> FigureGap:
        if any(each.dispute.body.signal_id == name for each in self._open_disputes(version.sequence, moment)):
            return gap_disputed(name)
        for gap in extraction_of(version).missing:
            if gap.id == name:
                return gap_in_filing(name, (gap.reason, gap.detail))
        return gap_in_filing(name, None)

    def _parts(self, cik: int, newest: Version, moment: Moment) -> dict[PeriodKind, Parts]:
        newest_filing = filing_of(newest)
        if base(newest_filing) in periodic_forms.TRANSITION_FORMS:
            return {}
        if base(newest_filing) in periodic_forms.ANNUAL_FORMS:
            alone = Parts((newest,))
            return {PeriodKind.QUARTER_FLOW: alone, PeriodKind.YEAR_TO_DATE_FLOW: alone}
        if newest_filing.period_end is None:
            return {}
        annual, quarterly = self._reports(cik, moment)
        found: dict[PeriodKind, Parts] = {}
        ends = newest_filing.period_end
        four = [each for each in quarterly if 0 <= days(each, ends) <= QUARTERS[2][1]]
        if len(four) == 4 and follow_one_another(four):
            found[PeriodKind.QUARTER_FLOW] = Parts(tuple(four))
        earlier = [each for each in annual if days(each, ends) > 0]
        if not earlier:
            return found
        year = earlier[-1]
        count = next(
            (n for n, (least, most) in enumerate(QUARTERS, start=1) if least <= days(year, ends) <= most),
            None,
        )
        if count is None:
            return found
        year_end = filing_of(year).period_end
        assert year_end is not None
        since = [each for each in quarterly if days(each, ends) >= 0 and days(each, year_end) < 0]
        before = [[o for o in quarterly if 350 <= days(o, end_of(each)) <= 380] for each in since]
        if (
            PeriodKind.QUARTER_FLOW not in found
            and len(since) == count
            and follow_one_another([year, *since])
            and all(len(each) == 1 for each in before)
            and len({each[0].sequence for each in before}) == count
        ):
            found[PeriodKind.QUARTER_FLOW] = Parts((year, *since), tuple(each[0] for each in before))
        if len(before[-1]) == 1:
            found[PeriodKind.YEAR_TO_DATE_FLOW] = Parts((year, newest), (before[-1][0],))
        return found

    def _reports(self, cik: int, moment: Moment) -> tuple[list[Version], list[Version]]:
        """Annual and quarterly ones in the order of periods, each period once, by its newest full version."""
        newest: dict[tuple[bool, date], Version] = {}
        for version in self._periodic(moment):
            filing = filing_of(version)
            if (
                filing.cik != cik
                or filing.period_end is None
                or base(filing) in periodic_forms.TRANSITION_FORMS
            ):
                continue
            key = base(filing) in periodic_forms.ANNUAL_FORMS, filing.period_end
            if key not in newest or place(filing) > place(filing_of(newest[key])):
                newest[key] = version
        in_order = sorted(newest.items(), key=lambda each: each[0][1])
        return [v for (is_annual, _), v in in_order if is_annual], [
            v for (is_annual, _), v in in_order if not is_annual
        ]

    def _total(self, name: str, parts: Parts, moment: Moment) -> Signal | FoundParts:
        versions = (*parts.added, *parts.taken_off)
        values = [self._shown(each, moment).get(name) for each in versions]
        found = [each for each in values if each is not None and each.value.kind is ValueKind.DECIMAL]
        without = [
            filing_of(version).accession_number
            for version, value in zip(versions, values, strict=True)
            if value not in found
        ]
        currencies = sorted({each.currency for each in found})
        if not versions or without or len({(each.unit, each.currency) for each in found}) > 1:
            return FoundParts(len(versions), tuple(sorted(without)), tuple(currencies))
        amounts = [Decimal(each.value.exact or "") for each in found]
        total = sum(amounts[: len(parts.added)], Decimal(0)) - sum(amounts[len(parts.added) :], Decimal(0))
        return found[0]._replace(
            value=Value(ValueKind.DECIMAL, f"{total.normalize():f}", float(total)),
            confidence=min(each.confidence for each in found),
            out_of_range=any(each.out_of_range for each in found),
        )


def base(filing: Filing) -> str:
    return filing.form_type.removesuffix("/A")


def place(filing: Filing) -> tuple[date, date, str]:
    return (
        filing.period_end or filing.filed_date or date.min,
        filing.filed_date or date.min,
        filing.accession_number,
    )


def end_of(version: Version) -> date:
    end = filing_of(version).period_end
    assert end is not None
    return end


def days(version: Version, ends: date) -> int:
    return (ends - end_of(version)).days


def follow_one_another(versions: Sequence[Version]) -> bool:
    least, most = QUARTERS[0]
    return all(least <= days(earlier, end_of(later)) <= most for earlier, later in pairwise(versions))
