"""Flags that a sentence raises or a fact does: where both speak, the fact has the last word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from tenkay_extractor.claims import is_caption
from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import Evidence, FactEvidence, SearchEvidence, TextEvidence
from tenkay_extractor.facts import Fact
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.flag_rows import stated
from tenkay_extractor.missing import MissingOperandError
from tenkay_extractor.number_formats import read_date
from tenkay_extractor.phrases import fold
from tenkay_extractor.sentences import sentences
from tenkay_extractor.signal_functions.cover_marks import marked, marks_of

FACT_SAYS = Decimal(1)
FACT_DENIES = Decimal("0.4")

_CORRECTION = "dei:DocumentFinStmtErrorCorrectionFlag"


def restated(filing: FilingView) -> Computed:
    """Whether statements of an earlier period are restated: by the cover's mark of an error correction, else by text.

    A mark of false lowers what the text states to 0.4.
    """
    marks = marks_of(filing, _CORRECTION)
    corrects = marked(marks)
    pattern = filing.catalog.patterns["restatement_text"]
    if corrects:
        mark = FactEvidence("error correction", marks[0])
        try:
            told = stated(filing, pattern)
        except MissingOperandError:
            return Computed(True, FACT_SAYS, (mark,))
        quotes = told.evidence if told.value else ()
        return Computed(True, FACT_SAYS, (mark, *quotes), told.notes if told.value else ())
    told = stated(filing, pattern)
    if corrects is None:
        return told
    mark = FactEvidence("error correction", marks[0])
    if not told.value:
        return replace(told, evidence=(*told.evidence, mark))
    note = "the cover's mark says that no error is corrected"
    return Computed(True, min(told.confidence, FACT_DENIES), (*told.evidence, mark), (*told.notes, note))


_ACCRUALS = (
    "us-gaap:AccrualForEnvironmentalLossContingencies",
    "us-gaap:AccrualForEnvironmentalLossContingenciesGross",
    "us-gaap:AccruedEnvironmentalLossContingenciesNoncurrent",
    "us-gaap:AccruedEnvironmentalLossContingenciesCurrent",
)


def environmental_liability(filing: FilingView) -> Computed:
    """Whether there are duties to clean up: an accrual tagged at the period's end, else what the text states."""
    period = filing.content.period
    for element in _ACCRUALS:
        for fact in filing.facts_named(element):
            when = fact.context.period
            if period is None or when is None or when.end != period.end or fact.context.members:
                continue
            if fact.value is not None and fact.value > 0:
                return Computed(True, FACT_SAYS, (FactEvidence("accrual for environmental losses", fact),))
    return stated(filing, filing.catalog.patterns["environmental_liability"])


_HEADING = re.compile(
    r"(?:note )?\W{0,3}\d{0,2}[A-Z]?\W{0,6}(?:significant )?subsequent events?(?: \(unaudited\))?\W{0,4}$",
    re.IGNORECASE | re.MULTILINE,
)
_NEXT_NOTE = re.compile(
    r"^(?:note \d|\(?\d{1,2}[.)\u2014:-] ?[A-Z]|item \d|part i|signatures?\b|report of |schedule [iv]+\b"
    r"|exhibit\b)",
    re.IGNORECASE,
)
_DAY = re.compile(
    r"\b((?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r" \d{1,2}, ?\d{4})"
)
_HAPPENED = re.compile(
    r"\b(?:(?!evaluated|assessed|reviewed|considered|performed|issued by|based|ended|dated)\w{3,}ed|made"
    r"|sold|bought|paid|began"
    r"|became|drew|lent|won|lost|was|were|has|have)\b"
)
_EVALUATED = re.compile(
    r"\bevaluat\w+|\bassess\w+|\bno (?:\w+ ){0,4}events?\b|\bno (?:\w+ ){0,3}subsequent\b|\bdid not"
    r" identify\b|\bnot aware\b|\bin our opinion\b|/s/",
    re.IGNORECASE,
)
_MOST_LINES = 12
_AT_HEADING = Decimal("0.9")


def subsequent_event(filing: FilingView) -> Computed:
    """Whether the notes tell an event after the period's end.

    In the note that is tagged so, or under a heading "Subsequent events": a sentence that names a later day and says
    what happened; elsewhere: a sentence that says what happened subsequent to the period. That events were looked for,
    or that there were none, is no event.
    """
    if fact := _tagged_event(filing):
        return Computed(True, FACT_SAYS, (FactEvidence("subsequent events", fact),))
    told = stated(filing, filing.catalog.patterns["subsequent_event"])
    if told.value:
        current = tuple(each for each in told.evidence if _is_of_this_period(filing, each))
        if current:
            return replace(told, evidence=current)
        sections = tuple(each.section for each in told.evidence if isinstance(each, TextEvidence))
        sha256 = next(each.text_sha256 for each in told.evidence if isinstance(each, TextEvidence))
        told = Computed(
            False,
            FACT_DENIES,
            (SearchEvidence(tuple(dict.fromkeys(sections)), sha256),),
            ("only of an earlier period",),
        )
    passage = _under_heading(filing)
    if passage is None:
        return told
    return Computed(True, _AT_HEADING, (passage,), ("told under a heading of its own",))


_SUBSEQUENT_TO = re.compile(
    r"\bsubsequent to (?:the )?((?:January|February|March|April|May|June|July|August|September|October"
    r"|November|December)"
    r" \d{1,2})\b(?:, (\d{4}))?",
    re.IGNORECASE,
)
_NEAR_END = timedelta(days=10)


def _is_of_this_period(filing: FilingView, evidence: Evidence) -> bool:
    """False for a passage that speaks of what came after another day than the end of the period."""
    period = filing.content.period
    if period is None or not isinstance(evidence, TextEvidence):
        return True
    named = _SUBSEQUENT_TO.search(fold(evidence.quote))
    if named is None:
        return True
    day = read_date(f"{named.group(1)}, {named.group(2) or period.end.year}")
    return day is None or abs(day - period.end) <= _NEAR_END


_TEXT_BLOCK = "us-gaap:SubsequentEventsTextBlock"


def _tagged_event(filing: FilingView) -> Fact | None:
    period = filing.content.period
    if period is None:
        return None
    for fact in filing.facts_named(_TEXT_BLOCK):
        text = fact.text or ""
        if any(_tells_event(text[start:end], period.end) for start, end in sentences(text, 0, len(text))):
            return fact
    return None


def _tells_event(sentence: str, period_end: date) -> bool:
    """True for a sentence that names a later day and says what happened on it."""
    folded = fold(sentence)
    if is_caption(folded) or _EVALUATED.search(folded) or not _HAPPENED.search(folded):
        return False
    days = [read_date(day) for day in _DAY.findall(folded)]
    return any(day is not None and day > period_end for day in days)


def _under_heading(filing: FilingView) -> TextEvidence | None:
    period = filing.content.period
    if period is None:
        return None
    try:
        sections = (*filing.sections("statements"), *filing.sections_coded(""))
    except MissingOperandError:
        sections = filing.sections_coded("")
    for section in sections:
        text = section.source.text
        for heading in _headings(filing, section):
            for first, last in _note_sentences(filing, section, heading.end()):
                if _tells_event(text[first:last], period.end):
                    return section.passage(first, last)
    return None


def _headings(filing: FilingView, section: SectionText) -> Iterator[re.Match[str]]:
    """The lines that say "Subsequent events" and nothing else; the pattern of that name has its trigger in each."""
    text, begin, end = section.source.text, section.section.body_start, section.section.end
    last = -1
    for offset in filing.scanned(section.source).triggers["subsequent_event"]:
        line = text.rfind("\n", 0, offset) + 1
        if line != last and begin <= line < end and (heading := _HEADING.match(text, line, end)):
            yield heading
        last = line


def _note_sentences(filing: FilingView, section: SectionText, start: int) -> Iterator[tuple[int, int]]:
    """Sentences of the lines behind a heading, up to the next note."""
    text, end = section.source.text, section.section.end
    at = start + 1
    for _ in range(_MOST_LINES):
        if at >= end:
            return
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        if _NEXT_NOTE.match(text, at, stop):
            return
        yield from filing.scanned(section.source).sentences.within(at, stop)
        at = stop + 1


FUNCTIONS = {
    "restated": restated,
    "environmental_liability": environmental_liability,
    "subsequent_event": subsequent_event,
}
