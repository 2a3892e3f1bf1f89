"""What answers say, in one form for the answers of query and for the history that they are held against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

from scripts.quality.coherence.history import Content, FilingState
from tenkay.common.v1 import company_pb2
from tenkay.errors import Reason
from tenkay.query.v1 import query_service_pb2 as pb

ANNUAL, QUARTERLY = "10-K", "10-Q"
AMENDED_ANNUAL = "10-K/A"

States = Mapping[str, FilingState | None]
"""Filings by accession number, as of one sequence."""


class Method(StrEnum):
    """The methods that are asked."""

    FILING = "GetFiling"
    SIGNALS = "GetSignals"
    ANALYSIS = "GetAnalysis"
    COMPANY = "GetCompanySummary"
    LIST = "ListFilings"
    SCREEN = "ScreenFilings"


OF_FILING = (Method.FILING, Method.SIGNALS, Method.ANALYSIS)
OF_COMPANY = (Method.COMPANY, Method.LIST)

UNKNOWN = frozenset({Reason.FILING_UNKNOWN, Reason.ANALYSIS_UNKNOWN, Reason.COMPANY_UNKNOWN})


def told_by_filing(answer: pb.GetFilingResponse) -> Content:
    """GetFiling."""
    return (answer.filing.cik, answer.version, answer.HasField("stale"), answer.amends)


def told_by_signals(answer: pb.GetSignalsResponse) -> Content:
    """GetSignals."""
    revenue = next((each.value.decimal for each in answer.signals if each.id == "revenue"), None)
    disputed = any(each.is_open for each in answer.disputes)
    return (answer.version, revenue, disputed, answer.HasField("stale"))


def told_by_analysis(answer: pb.GetAnalysisResponse) -> Content:
    """GetAnalysis."""
    return (answer.version, answer.analysis.score, answer.HasField("stale"))


def told_by_company(answer: pb.GetCompanySummaryResponse) -> Content:
    """GetCompanySummary."""
    company = answer.company
    return (
        _summary(company.latest_annual) if company.HasField("latest_annual") else None,
        _summary(company.latest_quarterly) if company.HasField("latest_quarterly") else None,
        tuple(sorted((each.form_type, each.filings) for each in company.forms)),
    )


def told_by_list(answer: pb.ListFilingsResponse) -> Content:
    """ListFilings of one company."""
    return tuple(sorted(_summary(each) for each in answer.filings))


def told_by_screen(answer: pb.ScreenFilingsResponse) -> Content:
    """ScreenFilings over all."""
    return tuple(
        sorted(
            (each.filing.accession_number, each.version, each.signals[0].value.decimal)
            for each in answer.filings
        )
    )


def _summary(each: company_pb2.FilingSummary) -> tuple[str, int, float]:
    return (each.filing.accession_number, each.version, each.score if each.HasField("score") else -1.0)


# From the history


def expected(method: Method, subject: str, states: States) -> Content | Reason:
    """What `method` must say of `subject` (an accession number, a CIK, or nothing) when all is as `states` say."""
    match method:
        case Method.SCREEN:
            return _screen(state for state in states.values() if state is not None)
        case Method.COMPANY | Method.LIST:
            own = [state for state in states.values() if state is not None and state.step.cik == int(subject)]
            return _list(own) if method is Method.LIST else _company(own)
        case _:
            state = states[subject]
            if state is None:
                return Reason.FILING_UNKNOWN
            return _filing(state, states) if method is Method.FILING else _OF_ONE[method](state)


def _filing(state: FilingState, states: States) -> Content:
    return (state.step.cik, state.version, state.stale, _amended_by(state, states))


def _amended_by(state: FilingState, states: States) -> str:
    """The stored original, of those that filings are amended by here: one of each period, filed before them."""
    step = state.step
    if not step.is_amendment:
        return ""
    originals = [
        each.step.accession_number
        for each in states.values()
        if each is not None
        and not each.step.is_amendment
        and (each.step.cik, each.step.period_end) == (step.cik, step.period_end)
        and f"{each.step.form_type}/A" == step.form_type
    ]
    return max(originals, default="")


def _signals(state: FilingState) -> Content:
    return (state.version, state.step.revenue, state.disputed, state.stale)


def _analysis(state: FilingState) -> Content | Reason:
    made = state.analysis
    if made is None:
        return Reason.ANALYSIS_UNKNOWN
    return (made.version, made.score, state.stale or made.of_version != state.version)


_OF_ONE: Mapping[Method, Callable[[FilingState], Content | Reason]] = {
    Method.SIGNALS: _signals,
    Method.ANALYSIS: _analysis,
}


def _company(own: list[FilingState]) -> Content | Reason:
    if not own:
        return Reason.COMPANY_UNKNOWN
    return (
        _newest(own, (ANNUAL, AMENDED_ANNUAL)),
        _newest(own, (QUARTERLY,)),
        tuple(sorted(Counter(each.step.form_type for each in own).items())),
    )


def _newest(own: Iterable[FilingState], forms: Sequence[str]) -> tuple[str, int, float] | None:
    """Of the latest period; of one period a whole amendment, as it is filed after its original."""
    standing = [each for each in own if each.step.form_type in forms and each.step.is_whole]
    newest = max(standing, key=lambda each: (each.step.period_end, each.step.filed), default=None)
    return None if newest is None else _of(newest)


def _list(own: Iterable[FilingState]) -> Content:
    return tuple(sorted(_of(each) for each in own))


def _screen(states: Iterable[FilingState]) -> Content:
    return tuple(
        sorted(
            (each.step.accession_number, each.version, each.step.revenue)
            for each in states
            if not each.disputed
        )
    )


def _of(state: FilingState) -> tuple[str, int, float]:
    made = state.analysis
    # A summary has the rating of the version it is of, and none until that is analysed.
    score = made.score if made is not None and made.of_version == state.version else -1.0
    return (state.step.accession_number, state.version, score)
