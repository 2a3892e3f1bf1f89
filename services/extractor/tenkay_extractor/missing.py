"""Why a signal has no value: a closed list, each with words a person understands."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class MissingReason(enum.Enum):
    """The names are those of the API's MissingReason."""

    FORM_NOT_APPLICABLE = "FORM_NOT_APPLICABLE"
    NO_FACTS = "NO_FACTS"
    CONCEPT_NOT_REPORTED = "CONCEPT_NOT_REPORTED"
    PRIOR_PERIOD_NOT_REPORTED = "PRIOR_PERIOD_NOT_REPORTED"
    CONFLICTING_FACTS = "CONFLICTING_FACTS"
    PERIOD_UNCLEAR = "PERIOD_UNCLEAR"
    ZERO_DENOMINATOR = "ZERO_DENOMINATOR"
    CONDITION_NOT_MET = "CONDITION_NOT_MET"
    SECTION_NOT_FOUND = "SECTION_NOT_FOUND"
    CURRENCY_UNCLEAR = "CURRENCY_UNCLEAR"
    FORM_UNKNOWN = "FORM_UNKNOWN"
    EXTRACTOR_FAILED = "EXTRACTOR_FAILED"
    EXTRACTOR_TIMEOUT = "EXTRACTOR_TIMEOUT"
    NOT_COMPUTABLE = "NOT_COMPUTABLE"
    INCORPORATED_BY_REFERENCE = "INCORPORATED_BY_REFERENCE"
    PRIOR_FILING_NOT_GIVEN = "PRIOR_FILING_NOT_GIVEN"
    TABLE_NOT_GIVEN = "TABLE_NOT_GIVEN"
    DOCUMENT_NOT_FOUND = "DOCUMENT_NOT_FOUND"
    TEXT_TOO_SHORT = "TEXT_TOO_SHORT"
    NOT_STATED = "NOT_STATED"


@dataclass(frozen=True, slots=True)
class MissingSignal:
    """A signal without a value. `detail` is never empty."""

    id: str
    reason: MissingReason
    detail: str


NOT_REPORTED = (MissingReason.CONCEPT_NOT_REPORTED, MissingReason.PRIOR_PERIOD_NOT_REPORTED)


class MissingOperandError(Exception):
    """A value that an expression needs is missing.

    `unreported` says that the filing would tell it if there were such a thing, so that `opt` may count it as zero; by
    default that is so of what is not reported, and of nothing else. `in_parts` says which element is reported for some
    parts of the company only, so that zero is less sure.
    """

    def __init__(
        self, reason: MissingReason, detail: str, *, unreported: bool | None = None, in_parts: str = ""
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.unreported = reason in NOT_REPORTED if unreported is None else unreported
        self.in_parts = in_parts
