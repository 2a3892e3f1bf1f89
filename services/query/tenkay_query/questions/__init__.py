"""From a request to a question: checked at the door, in one canonical form, and how its answer is cached.

The canonical form is the store's own message (query's and the store's are the same on the wire), or query's where the
answer is put together here, without what does not change the answer: min_sequence and max_staleness, which say how new
it must be; fields this code does not know; the order and repeats of sets; defaults spelt out or not. as_of is part of
it: another moment is another answer.
"""

from tenkay_query.questions.many_companies import aggregate, company_screen, export, screen
from tenkay_query.questions.one_company import company_comparison, company_summary, filings, series
from tenkay_query.questions.one_filing import (
    amendment,
    analysis,
    compared_filing,
    comparison,
    evidence,
    evidence_signal,
    facts,
    filing,
    signals,
    whole_filing,
)

__all__ = (
    "aggregate",
    "amendment",
    "analysis",
    "company_comparison",
    "company_screen",
    "company_summary",
    "compared_filing",
    "comparison",
    "evidence",
    "evidence_signal",
    "export",
    "facts",
    "filing",
    "filings",
    "screen",
    "series",
    "signals",
    "whole_filing",
)
