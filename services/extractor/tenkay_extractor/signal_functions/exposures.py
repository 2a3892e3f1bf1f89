"""Rows over how much of the narrative speaks of a subject: the share of its sentences that name it.

A mention counts whatever is said of the subject: the risks that Regulation S-K, item 105, asks for are possibilities by
nature. (Hassan, Hollander, van Lent and Tahoun 2019 measure exposure to political risk in the same way.)
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from decimal import Decimal

from tenkay_extractor.catalog import Topic
from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import Evidence, TextEvidence
from tenkay_extractor.expressions import ARITHMETIC
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.phrases import ScannedText, fold, small_letters
from tenkay_extractor.prose_sentences import ProseSentences

NARRATIVE = ("risk_factors", "mdna", "business")
"""Regulation S-K, items 105, 303 and 101; a 10-Q has the first two."""
LEGAL_NARRATIVE = ("legal_proceedings", "statements")
LEAST_SENTENCES = 50
WORDS_OF_FULL_CONFIDENCE = 1_500
MOST_QUOTED = 20


def mention_share(filing: FilingView, *, topic: str) -> Computed:
    """Share of the sentences of risk factors, MD&A and business that name the topic, as a fraction."""
    return _share(filing, topic, NARRATIVE)


def litigation_share(filing: FilingView) -> Computed:
    """Share of the sentences of legal proceedings and of the statements' notes that are about lawsuits."""
    return _share(filing, "litigation", LEGAL_NARRATIVE)


def _share(filing: FilingView, topic: str, roles: tuple[str, ...]) -> Computed:
    sections = told_sections(filing, roles)
    subject = filing.catalog.topics[topic]
    total = words = mentioning = 0
    quotes: list[TextEvidence] = []
    notes = []
    for section in sections:
        scanned = filing.scanned(section.source)
        prose = filing.prose(section)
        hits = _mentions(scanned, subject, section, prose)
        total += len(prose.numbers)
        words += prose.words
        mentioning += len(hits)
        notes.append(f"{section.section.code}: {len(hits)} of {len(prose.numbers)} sentences")
        for number in hits[: MOST_QUOTED - len(quotes)]:
            start, end = scanned.sentences.starts[number], scanned.sentences.ends[number]
            focus = _first_trigger(scanned, subject, start, end)
            quotes.append(section.passage(start, end, (focus, focus)))
    if total < LEAST_SENTENCES:
        raise MissingOperandError(
            MissingReason.TEXT_TOO_SHORT,
            f"the sections have {total} sentences together; a share is told from {LEAST_SENTENCES} on",
        )
    evidence: tuple[Evidence, ...] = tuple(quotes) or (filing.searched(sections),)
    found = min(Decimal(str(section.section.confidence)) for section in sections)
    confidence = ARITHMETIC.multiply(found, min(Decimal(1), Decimal(words) / WORDS_OF_FULL_CONFIDENCE))
    return Computed(
        ARITHMETIC.divide(Decimal(mentioning), Decimal(total)),
        confidence,
        evidence,
        tuple(notes),
        exact=False,
    )


def told_sections(filing: FilingView, roles: tuple[str, ...]) -> tuple[SectionText, ...]:
    """The sections about these subjects that are there and tell something themselves, in the filing's order.

    Raises MissingOperandError when there is none.
    """
    found: dict[tuple[str, int], SectionText] = {}
    elsewhere = []
    for role in roles:
        try:
            sections = filing.sections(role)
        except MissingOperandError:
            continue
        for each in sections:
            if filing.refers_elsewhere(each.section):
                elsewhere.append(each.section.code)
            else:
                found.setdefault((each.source.document, each.section.body_start), each)
    if found:
        return tuple(found[key] for key in sorted(found))
    if elsewhere:
        raise MissingOperandError(
            MissingReason.INCORPORATED_BY_REFERENCE,
            f"{', '.join(elsewhere)} only say in which other document their matter is to be read",
        )
    raise MissingOperandError(
        MissingReason.SECTION_NOT_FOUND,
        f"no section on {', '.join(role.replace('_', ' ') for role in roles)} was found",
    )


def _mentions(scanned: ScannedText, topic: Topic, section: SectionText, prose: ProseSentences) -> list[int]:
    """Numbers of the prose sentences of the section that name the topic, rising."""
    named = set(scanned.numbers_with(topic.name, section.section.body_start, section.section.end))
    hits = [number for number in prose.numbers if number in named] if named else []
    if topic.unless is None:
        return hits
    return [number for number in hits if _is_about(topic, scanned, number)]


def _is_about(topic: Topic, scanned: ScannedText, number: int) -> bool:
    """False when all that names the topic in the sentence belongs to words about something else."""
    start, end = scanned.sentences.starts[number], scanned.sentences.ends[number]
    sentence = small_letters(fold(scanned.source.text[start:end]))
    if topic.unless is None or not topic.unless.search(sentence):
        return True
    return bool(topic.trigger.search(topic.unless.sub(" ", sentence)))


def _first_trigger(scanned: ScannedText, topic: Topic, start: int, end: int) -> int:
    offsets = scanned.triggers[topic.name]
    at = bisect_left(offsets, start)
    return offsets[at] if at < len(offsets) and offsets[at] < end else start


FUNCTIONS: Mapping[str, Callable[..., Computed]] = {
    "mention_share": mention_share,
    "litigation_share": litigation_share,
}
