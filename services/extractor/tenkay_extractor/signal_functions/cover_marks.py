"""Rows over a tagged yes or no: boxes of the cover page, and the flags of Regulation S-K, item 106."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import FactEvidence
from tenkay_extractor.expressions import ARITHMETIC
from tenkay_extractor.facts import Fact
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.missing import MissingOperandError, MissingReason

TAGGED = Decimal(1)


def tagged_mark(filing: FilingView, *, element: str) -> Computed:
    """What the element, a boolean of the cover page or of item 1C, is tagged as.

    Facts of one registrant only: those with dimensions are left out. Missing when it is not tagged, or both ways.
    """
    marks = marks_of(filing, element)
    if not marks:
        raise MissingOperandError(MissingReason.CONCEPT_NOT_REPORTED, f"{element} is not tagged")
    value = marked(marks)
    if value is None:
        raise MissingOperandError(
            MissingReason.CONFLICTING_FACTS, f"{element} is tagged as true and as false"
        )
    return Computed(value, TAGGED, (FactEvidence(element, marks[0]),))


_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})
"""XML Schema's boolean."""


def marks_of(filing: FilingView, element: str) -> tuple[Fact, ...]:
    """The element's facts that are true or false, of the registrant as a whole."""
    return tuple(
        fact
        for fact in filing.facts_named(element)
        if fact.text in _TRUE | _FALSE and not fact.context.members
    )


def marked(marks: Sequence[Fact]) -> bool | None:
    """What the marks say; None when there is none, or they differ."""
    values = {fact.text in _TRUE for fact in marks}
    return values.pop() if len(values) == 1 else None


_GOVERNANCE = (
    "cyd:CybersecurityRiskManagementProcessesIntegratedFlag",
    "cyd:CybersecurityRiskManagementThirdPartyEngagedFlag",
    "cyd:CybersecurityRiskThirdPartyOversightAndIdentificationProcessesFlag",
    "cyd:CybersecurityRiskManagementPositionsOrCommitteesResponsibleFlag",
    "cyd:CybersecurityRiskManagementPositionsOrCommitteesResponsibleReportToBoardFlag",
)
_AFFECTED = "cyd:CybersecurityRiskMateriallyAffectedOrReasonablyLikelyToMateriallyAffectRegistrantFlag"
_BOARD = "cyd:CybersecurityRiskBoardCommitteeOrSubcommitteeResponsibleForOversightTextBlock"
_LEAST_ANSWERED = 4


def cyber_governance(filing: FilingView) -> Computed:
    """Share, as a fraction, of the answers of Regulation S-K, item 106(b) and (c), that speak for good governance.

    Five flags count when true, that of material effects when false, and the board's oversight when it is described. A
    flag that is not tagged is left out, which a note says; fewer than four answers are missing.
    """
    answers: list[bool] = []
    evidence = []
    notes = []
    for element in (*_GOVERNANCE, _AFFECTED):
        marks = marks_of(filing, element)
        value = marked(marks)
        if value is None:
            notes.append(f"left out, as it is {'not tagged' if not marks else 'tagged both ways'}: {element}")
            continue
        answers.append(value != (element == _AFFECTED))
        evidence.append(FactEvidence(element, marks[0]))
    if not answers:
        raise MissingOperandError(
            MissingReason.CONCEPT_NOT_REPORTED,
            "no flag of item 106 is tagged; they are since fiscal years ending in 2024",
        )
    if len(answers) < _LEAST_ANSWERED:
        raise MissingOperandError(
            MissingReason.CONCEPT_NOT_REPORTED,
            f"only {len(answers)} of the flags of item 106 are tagged, {_LEAST_ANSWERED} are needed",
        )
    described = [fact for fact in filing.facts_named(_BOARD) if not fact.nil]
    answers.append(bool(described))
    evidence += [FactEvidence(_BOARD, fact) for fact in described[:1]]
    share = ARITHMETIC.divide(Decimal(sum(answers)), Decimal(len(answers)))
    return Computed(share, TAGGED, tuple(evidence), tuple(notes), exact=False)


FUNCTIONS: Mapping[str, Callable[..., Computed]] = {
    "tagged_mark": tagged_mark,
    "cyber_governance": cyber_governance,
}
