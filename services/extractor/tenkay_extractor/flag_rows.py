"""Rows whose value is whether the filing states a matter, by one of the catalog's patterns."""

from __future__ import annotations

from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.flags import raise_flag
from tenkay_extractor.item_schemes import FormFamily
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.phrases import Horizon, SentencePattern


def stated(filing: FilingView, pattern: SentencePattern) -> Computed:
    """Whether a sentence of the pattern's sections states its matter, with the sentences or what was searched.

    Raises MissingOperandError when the form has no such section, and as `flags.raise_flag` does.
    """
    content = filing.content
    if content.family is None or content.family.value not in pattern.home:
        raise MissingOperandError(
            MissingReason.FORM_NOT_APPLICABLE,
            f"form {content.identity.form_type} has no section that would say so",
        )
    flag = raise_flag(
        pattern,
        content.sections,
        filing.scanned_document,
        filing.refers_elsewhere,
        horizon(filing),
        family=content.family,
        element_reported=pattern.element is not None
        and any(not fact.nil for fact in filing.facts_named(pattern.element)),
    )
    return Computed(flag.value, Decimal(str(flag.confidence)), flag.evidence, flag.notes)


def horizon(filing: FilingView) -> Horizon | None:
    """How far back a sentence of this filing may look; None when its period cannot be told."""
    period = filing.content.period
    if period is None:
        return None
    return Horizon(period.end, annual=filing.content.family is not FormFamily.QUARTERLY)
