"""Rows over the sums that statements must keep (calculations of the US GAAP taxonomy; XBRL US data quality rules)."""

from __future__ import annotations

from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.missing import MissingOperandError, MissingReason

LEAST_TESTED = 2
ALL_TESTED = 5
"""So many tested identities give full confidence."""


def statement_tie_out_errors(filing: FilingView) -> Computed:
    """How many of the tested identities do not hold."""
    filing.facts_resolver()
    tests = filing.identities()
    if len(tests) < LEAST_TESTED:
        raise MissingOperandError(
            MissingReason.NOT_COMPUTABLE,
            f"only {len(tests)} of its sums can be tested on what is tagged, {LEAST_TESTED} are needed",
        )
    evidence = dict.fromkeys(each for test in tests for each in test.evidence)
    failures = sum(not test.holds for test in tests)
    confidence = min(Decimal(1), Decimal(len(tests)) / ALL_TESTED)
    return Computed(failures, confidence, tuple(evidence), tuple(str(test) for test in tests))


FUNCTIONS = {"statement_tie_out_errors": statement_tie_out_errors}
