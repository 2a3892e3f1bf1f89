"""The catalog's functions: rows that no expression and no pattern can say, one small pure function each.

A function takes the filing and the arguments that its row gives under `with`, and returns a Computed or raises
MissingOperandError. It is listed in its module's FUNCTIONS, under the name that rows call it by in `fn`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tenkay_extractor.computed import Computed
from tenkay_extractor.signal_functions import (
    announcements,
    audit_fees,
    auditors,
    blockholders,
    boards,
    comparison,
    controls,
    cover_marks,
    cover_page,
    current_reports,
    customers,
    disaggregations,
    employees,
    executive_pay,
    exposures,
    filing_deadlines,
    filing_forms,
    flags_with_facts,
    insiders,
    institutions,
    legibility,
    litigation,
    officers,
    outlook,
    related_parties,
    releases,
    reported_events,
    risk_factors,
    specificity,
    tagging,
    tie_outs,
    tone,
    votes,
)

SignalFunction = Callable[..., Computed]
"""Called with a FilingView and the row's arguments by name."""


def _all(*modules: Mapping[str, SignalFunction]) -> Mapping[str, SignalFunction]:
    functions: dict[str, SignalFunction] = {}
    for module in modules:
        if twice := functions.keys() & module.keys():
            raise ValueError(f"two modules have a function {', '.join(sorted(twice))}")
        functions |= module
    return functions


FUNCTIONS: Mapping[str, SignalFunction] = _all(
    current_reports.FUNCTIONS,
    insiders.FUNCTIONS,
    blockholders.FUNCTIONS,
    institutions.FUNCTIONS,
    announcements.FUNCTIONS,
    votes.FUNCTIONS,
    disaggregations.FUNCTIONS,
    tagging.FUNCTIONS,
    tie_outs.FUNCTIONS,
    filing_deadlines.FUNCTIONS,
    cover_page.FUNCTIONS,
    controls.FUNCTIONS,
    tone.FUNCTIONS,
    legibility.FUNCTIONS,
    outlook.FUNCTIONS,
    specificity.FUNCTIONS,
    comparison.FUNCTIONS,
    releases.FUNCTIONS,
    exposures.FUNCTIONS,
    risk_factors.FUNCTIONS,
    litigation.FUNCTIONS,
    customers.FUNCTIONS,
    auditors.FUNCTIONS,
    cover_marks.FUNCTIONS,
    filing_forms.FUNCTIONS,
    flags_with_facts.FUNCTIONS,
    reported_events.FUNCTIONS,
    officers.FUNCTIONS,
    audit_fees.FUNCTIONS,
    boards.FUNCTIONS,
    employees.FUNCTIONS,
    executive_pay.FUNCTIONS,
    related_parties.FUNCTIONS,
)
