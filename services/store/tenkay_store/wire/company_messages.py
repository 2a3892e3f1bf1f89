"""Screens of companies: protobuf <-> records."""

from __future__ import annotations

from collections.abc import Sequence

from tenkay.common.v1 import company_figures_pb2, signal_pb2
from tenkay.errors import Reason, failure
from tenkay_store.domain.company_screens import CompanyFigures, CompanyPeriod, FigureGap, SummedFiling
from tenkay_store.wire import messages


def company_period(number: int) -> CompanyPeriod:
    """The period of a request. INVALID_FIELD when it is none."""
    for period in CompanyPeriod:
        if company_figures_pb2.CompanyPeriod.Value(f"COMPANY_PERIOD_{period}") == number:
            return period
    raise failure(
        Reason.INVALID_FIELD,
        f"period is {number}; say one of {', '.join(CompanyPeriod)}",
        field="period",
    )


def figures_message(figures: CompanyFigures) -> company_figures_pb2.CompanyFigures:
    """A company of a page."""
    return company_figures_pb2.CompanyFigures(
        filing=messages.summary_message(figures.summary),
        gaps=[_gap_message(each) for each in figures.gaps],
        summed_signal_ids=figures.summed,
        quarter_filings=_summed_messages(figures.quarter_filings),
        year_to_date_filings=_summed_messages(figures.year_to_date_filings),
    )


def _gap_message(gap: FigureGap) -> company_figures_pb2.FigureGap:
    missing = f"MISSING_REASON_{gap.missing_reason or 'UNSPECIFIED'}"
    return company_figures_pb2.FigureGap(
        signal_id=gap.signal_id,
        reason=company_figures_pb2.FigureGapReason.Value(f"FIGURE_GAP_REASON_{gap.reason}"),
        missing_reason=signal_pb2.MissingReason.Value(missing),
        detail=gap.detail,
    )


def _summed_messages(filings: Sequence[SummedFiling]) -> list[company_figures_pb2.SummedFiling]:
    return [
        company_figures_pb2.SummedFiling(
            accession_number=each.accession_number, is_subtracted=each.is_subtracted
        )
        for each in filings
    ]
