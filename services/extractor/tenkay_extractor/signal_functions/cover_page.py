"""Rows over the cover page and the tagged yes-or-no facts of Forms 10-K, 10-Q, 8-K and proxy statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.cover_pages import CoverPage, read_cover_page
from tenkay_extractor.evidence import Evidence, FactEvidence
from tenkay_extractor.facts import Fact
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.periods import Basis

TAGGED = Decimal(1)
BY_BOX = Decimal("0.85")
RECOVERY_BY_BOX = Decimal("0.75")
MOST_FACTS = 20

_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no"})
_INDIVIDUAL_AXIS = "ecd:IndividualAxis"
_ADOPTED = ("ecd:Rule10b51ArrAdoptedFlag", "ecd:NonRule10b51ArrAdoptedFlag")


def tagged_flag(filing: FilingView, *, elements: str) -> Computed:
    """True when any fact of the elements (parted by spaces) is true, whoever it is about; false when all are false."""
    told = [(fact, truth(fact)) for element in elements.split() for fact in filing.facts_named(element)]
    known = [(fact, is_true) for fact, is_true in told if is_true is not None]
    if not known:
        detail = "its fact is nil or cannot be read" if told else "it is not tagged"
        raise MissingOperandError(MissingReason.CONCEPT_NOT_REPORTED, f"{elements}: {detail}")
    value = any(is_true for _, is_true in known)
    deciding = [fact for fact, is_true in known if is_true == value]
    return Computed(value, TAGGED, tuple(FactEvidence(fact.concept, fact) for fact in deciding[:MOST_FACTS]))


def cover_answer(filing: FilingView, *, element: str, question: str) -> Computed:
    """A yes or no of the cover page: its fact, else its boxes. `question` is one of `cover_pages`."""
    try:
        return tagged_flag(filing, elements=element)
    except MissingOperandError:
        cover = cover_of(filing)
    answer = cover.answers.get(question)
    if answer is None:
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            f"{element} is not tagged, and no box on the cover plainly answers the question",
        )
    value, (start, end) = answer
    confidence = RECOVERY_BY_BOX if question == "clawback_recovery_analysis" else BY_BOX
    return Computed(value, confidence, (filing.main_text().passage(start, end, (end - 1, end)),))


def cover_box(filing: FilingView, *, element: str, box: str) -> Computed:
    """Whether a kind of filer is ticked on the cover: its fact, else its box. `box` is the box's words."""
    try:
        return tagged_flag(filing, elements=element)
    except MissingOperandError:
        cover = cover_of(filing)
    if box not in cover.category_boxes or cover.category_span is None:
        raise MissingOperandError(
            MissingReason.NOT_STATED, f"{element} is not tagged, and the cover has no plain box for it"
        )
    value = any(each.words == box for each in cover.categories)
    return Computed(value, BY_BOX, (filing.main_text().passage(*cover.category_span),))


def filer_category(filing: FilingView) -> Computed:
    """large_accelerated, accelerated or non_accelerated (Exchange Act Rule 12b-2), tagged or by the ticked box.

    From 2008 to 2018 a smaller reporting company ticked that box in place of "non-accelerated filer".
    """
    for fact in filing.facts_named("dei:EntityFilerCategory"):
        category = _CATEGORIES.get(_plain(fact.text or ""))
        if category is not None:
            return Computed(category, TAGGED, (FactEvidence(fact.concept, fact),))
    cover = cover_of(filing)
    ticked = {each.words for each in cover.categories}
    kinds = {_CATEGORIES[_plain(words)] for words in ticked if _plain(words) in _OF_SIZE}
    notes: tuple[str, ...] = ()
    if not kinds and "smaller reporting company" in ticked:
        kinds = {"non_accelerated"}
        notes = ("only the box of a smaller reporting company is ticked",)
    if len(kinds) != 1 or cover.category_span is None:
        raise MissingOperandError(
            MissingReason.NOT_STATED, "the category is not tagged, and no single box of it is plainly ticked"
        )
    return Computed(kinds.pop(), BY_BOX, (filing.main_text().passage(*cover.category_span),), notes)


_OF_SIZE = frozenset({"large accelerated filer", "accelerated filer", "non accelerated filer"})
_CATEGORIES = {
    "large accelerated filer": "large_accelerated",
    "accelerated filer": "accelerated",
    "non accelerated filer": "non_accelerated",
    "smaller reporting accelerated filer": "accelerated",
    "smaller reporting company": "non_accelerated",
}


def plan_shares(filing: FilingView) -> Computed:
    """Shares covered by trading arrangements adopted in the quarter, over shares outstanding."""
    adopters = {
        _individual(fact)
        for element in _ADOPTED
        for fact in filing.facts_named(element)
        if truth(fact) is True
    }
    covered: dict[tuple[tuple[str, str], ...], Fact] = {}
    for fact in filing.facts_named("ecd:TrdArrSecuritiesAggAvailAmt"):
        if fact.value is None or fact.unit != "shares":
            continue
        if not ({_individual(fact), None} & adopters):
            continue
        known = covered.setdefault(fact.context.members, fact)
        if known.value != fact.value:
            raise MissingOperandError(
                MissingReason.CONFLICTING_FACTS, "the shares of one arrangement are tagged twice"
            )
    if not covered:
        raise MissingOperandError(
            MissingReason.CONCEPT_NOT_REPORTED, "no shares of an adopted arrangement are tagged"
        )
    outstanding = filing.facts_resolver().resolve("shares_outstanding", "current", Basis.QUARTER)
    if outstanding.value == 0:
        raise MissingOperandError(MissingReason.ZERO_DENOMINATOR, "no shares are outstanding")
    total = sum((fact.value for fact in covered.values() if fact.value is not None), Decimal(0))
    evidence: list[Evidence] = [FactEvidence(fact.concept, fact) for fact in covered.values()]
    evidence += outstanding.evidence
    return Computed(
        total / outstanding.value, min(TAGGED, outstanding.confidence), tuple(evidence), exact=False
    )


def truth(fact: Fact) -> bool | None:
    """What a yes-or-no fact says; None when it is nil or says something else."""
    text = (fact.text or "").strip().lower()
    return True if text in _TRUE else False if text in _FALSE else None


def cover_of(filing: FilingView) -> CoverPage:
    """The boxes of the primary document's cover. Raises MissingOperandError when it has no text."""
    return filing.derive(_read, filing.main_text())


def _read(section: SectionText) -> CoverPage:
    return read_cover_page(section.source.text)


def _plain(words: str) -> str:
    return " ".join(words.lower().replace("-", " ").split())


def _individual(fact: Fact) -> str | None:
    return dict(fact.context.members).get(_INDIVIDUAL_AXIS)


FUNCTIONS: Mapping[str, Callable[..., Computed]] = {
    "tagged_flag": tagged_flag,
    "cover_answer": cover_answer,
    "cover_box": cover_box,
    "filer_category": filer_category,
    "trading_plan_shares": plan_shares,
}
