"""Comparisons: the store's messages -> the domain -> the answer's messages."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tenkay.common.v1 import company_figures_pb2, signal_pb2
from tenkay.errors import Reason, failure
from tenkay.query.v1 import comparisons_pb2 as pb
from tenkay.store.v1 import filing_store_service_pb2 as store_pb
from tenkay_query.comparisons import Amount, Change, Measured, change, in_order


def filings_compared(
    current: store_pb.FilingSignals, prior: store_pb.FilingSignals | None, as_of_sequence: str
) -> pb.CompareFilingsResponse:
    """The answer of CompareFilings. INVALID_FIELD when the two are of different companies."""
    if (
        prior is not None
        and current.filing.HasField("cik")
        and prior.filing.HasField("cik")
        and current.filing.cik != prior.filing.cik
    ):
        raise failure(
            Reason.INVALID_FIELD,
            f"{prior.filing.accession_number} is of company {prior.filing.cik}, not of {current.filing.cik}; name a "
            "filing of the same company",
            field="prior.accession_number",
        )
    ours, theirs = _Side(current), _Side(prior)
    answer = pb.CompareFilingsResponse(
        filing=current.filing, version=current.version, as_of_sequence=as_of_sequence
    )
    if prior is not None:
        answer.prior.CopyFrom(prior.filing)
        answer.prior_version = prior.version
    for signal_id in in_order(ours.ids, theirs.ids):
        entry = answer.signals.add(signal_id=signal_id)
        found = change(
            ours.measured(signal_id), theirs.measured(signal_id), has_prior_filing=prior is not None
        )
        for side, value, gap in ((ours, "current", "current_missing"), (theirs, "prior", "prior_missing")):
            if signal_id in side.values:
                getattr(entry, value).CopyFrom(side.values[signal_id])
                entry.category = entry.category or side.values[signal_id].category
            elif signal_id in side.gaps:
                getattr(entry, gap).CopyFrom(side.gaps[signal_id])
        _tell(entry, found)
    return answer


class _Side:
    """One of two filings; None is a filing that there is not."""

    def __init__(self, found: store_pb.FilingSignals | None) -> None:
        self.values = {} if found is None else {each.id: each for each in found.signals}
        self.gaps = {} if found is None else {each.id: each for each in found.missing}
        self._disputed = (
            frozenset() if found is None else frozenset(each.signal_id for each in found.disputes)
        )
        self.ids: Sequence[str] = (*self.values, *self.gaps)

    def measured(self, signal_id: str) -> Measured | None:
        signal = self.values.get(signal_id)
        if signal is None:
            return None
        return Measured(amount_of(signal.value), signal.unit, signal.currency, signal_id in self._disputed)


def amount_of(value: signal_pb2.SignalValue) -> Amount:
    """A value as its kind."""
    match value.WhichOneof("kind"):
        case "decimal":
            return Decimal(value.decimal)
        case "double":
            return value.double
        case "bool":
            return value.bool
        case "int64":
            return value.int64
        case _:
            return value.enum


def _tell(entry: pb.SignalComparison, found: Change) -> None:
    if found.reason is not None:
        entry.no_change_reason = pb.NoChangeReason.Value(f"NO_CHANGE_REASON_{found.reason}")
        entry.no_change_detail = found.detail
        return
    if found.is_changed is not None:
        entry.is_changed = found.is_changed
    if found.relative is not None:
        entry.relative_change = found.relative
    if isinstance(found.absolute, Decimal):
        entry.absolute_change.decimal = f"{found.absolute:f}"
    elif isinstance(found.absolute, float):
        entry.absolute_change.double = found.absolute
    elif found.absolute is not None and -(2**63) <= found.absolute < 2**63:
        entry.absolute_change.int64 = found.absolute


def companies_compared(
    ciks: Sequence[int],
    signal_ids: Sequence[str],
    figures: Sequence[company_figures_pb2.CompanyFigures],
    as_of_sequence: str,
) -> pb.CompareCompaniesResponse:
    """The answer of CompareCompanies: a table with a cell for each company and signal."""
    by_cik = {each.filing.filing.cik: each for each in figures}
    answer = pb.CompareCompaniesResponse(as_of_sequence=as_of_sequence)
    for cik in ciks:
        column = answer.companies.add(cik=cik)
        if cik in by_cik:
            column.filing.CopyFrom(by_cik[cik].filing.filing)
            column.quarter_filings.extend(by_cik[cik].quarter_filings)
            column.year_to_date_filings.extend(by_cik[cik].year_to_date_filings)
    for signal_id in signal_ids:
        row = answer.signals.add(signal_id=signal_id)
        found = []
        for cik in ciks:
            cell = row.values.add(cik=cik)
            if cik not in by_cik:
                continue
            signal = next((each for each in by_cik[cik].filing.signals if each.id == signal_id), None)
            gap = next((each for each in by_cik[cik].gaps if each.signal_id == signal_id), None)
            if signal is not None:
                cell.signal.CopyFrom(signal)
                cell.is_sum = signal_id in by_cik[cik].summed_signal_ids
                found.append(signal)
            elif gap is not None:
                cell.gap.CopyFrom(gap)
        row.currencies.extend(sorted({each.currency for each in found if each.currency}))
        row.units.extend(sorted({each.unit for each in found}))
    return answer
