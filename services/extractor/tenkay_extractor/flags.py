"""Flags that a filing's text raises: which sections to search, whose word counts, and what proves the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tenkay_extractor.evidence import Evidence, SearchEvidence, TextEvidence, quote_span
from tenkay_extractor.item_schemes import FormFamily
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.phrases import (
    ALLEVIATED,
    EVERYWHERE,
    STATED,
    WEAK,
    Horizon,
    Judgement,
    ScannedText,
    SentencePattern,
    fold,
    judge,
)
from tenkay_extractor.sections import Section

AT_HOME = 0.9
ELSEWHERE = 0.7
WEAK_ONLY = 0.5
CONTRADICTED = 0.5
NOWHERE = 0.85
NOWHERE_IN_SOME = 0.5
TAKEN_BACK = 0.6
ELEMENT_RAISES = 0.05
MOST_CONFIDENT = 0.97
MOST_HITS = 20
MOST_DISMISSED = 5

_REFERS_ELSEWHERE = re.compile(
    r"\b(?:incorporated|included|set forth|appears?|contained|presented|found|see|refer)\b[^.]{0,200}"
    r"\b(?:by reference|annual report|proxy statement|exhibit 13|item \d|part i|pages? \d"
    r"|under the (?:caption|heading))",
    re.IGNORECASE,
)
_SHORT_SECTION = 1_500


Scanned = Callable[[str], ScannedText]
"""The text of a document, by its name."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag's value with its proof."""

    value: bool
    confidence: float
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...]


def raise_flag(
    pattern: SentencePattern,
    sections: Sequence[Section],
    scanned: Scanned,
    refers: Callable[[Section], bool],
    horizon: Horizon | None,
    *,
    family: FormFamily,
    element_reported: bool,
) -> Flag:
    """Searches the pattern's sections in a filing of this family. `refers` is `refers_elsewhere` of its sections.

    Raises MissingOperandError when no home section is there, or when all of them only refer to other documents.
    """
    expected = pattern.expected[family.value]
    home = [section for section in sections if _is_home(pattern, section, family)]
    if not home:
        wanted = ", ".join(expected)
        raise MissingOperandError(MissingReason.SECTION_NOT_FOUND, f"none of the sections {wanted} was found")
    elsewhere = [section for section in sections if section.code in pattern.elsewhere]
    judged = _judge_all(pattern, home, scanned, horizon)
    judged_elsewhere = _judge_all(pattern, elsewhere, scanned, horizon)
    deciding = [section for section in home if _decides(pattern, section, scanned, refers)]
    stated = [judgement for judgement in judged if judgement.verdict == STATED]
    stated_elsewhere = [judgement for judgement in judged_elsewhere if judgement.verdict == STATED]
    outranking = [judgement for judgement in stated if judgement.section.code == pattern.outranks]
    taken_back = [judgement for judgement in judged if judgement.verdict == ALLEVIATED]
    notes: list[str] = []
    if taken_back and not outranking:
        notes.append("the matter is raised and, in the same filing, taken back: alleviated")
        return _not_stated(judged, home, scanned, TAKEN_BACK, tuple(notes))
    for hits, confidence in ((outranking or stated, AT_HOME), (stated_elsewhere, ELSEWHERE)):
        if hits:
            if pattern.outranks:
                by_auditor = any(hit.section.code == pattern.outranks for hit in hits)
                notes.append("stated by the auditor" if by_auditor else "stated by management")
            if _contradicted(pattern, home, scanned):
                confidence = CONTRADICTED
                notes.append("stated, though the same section concludes the opposite")
            elif element_reported:
                confidence = min(confidence + ELEMENT_RAISES, MOST_CONFIDENT)
            ordered = hits + [
                judgement for judgement in (*stated, *stated_elsewhere) if judgement not in hits
            ]
            return Flag(
                True, confidence, tuple(_passage(hit, scanned) for hit in ordered[:MOST_HITS]), tuple(notes)
            )
    weak = [judgement for judgement in judged if judgement.verdict == WEAK]
    if weak:
        notes.append("only stated in words that say less than the definition asks for")
        return Flag(True, WEAK_ONLY, tuple(_passage(hit, scanned) for hit in weak[:MOST_HITS]), tuple(notes))
    if not deciding:
        raise MissingOperandError(
            MissingReason.INCORPORATED_BY_REFERENCE,
            f"{', '.join(section.code for section in home)} draws no conclusion itself: it refers to another document",
        )
    complete = {section.code for section in deciding} >= set(expected)
    return _not_stated(
        judged + judged_elsewhere,
        home + elsewhere,
        scanned,
        NOWHERE if complete else NOWHERE_IN_SOME,
        tuple(notes),
    )


def _is_home(pattern: SentencePattern, section: Section, family: FormFamily) -> bool:
    codes = pattern.home[family.value]
    if EVERYWHERE in codes:
        return True
    if section.code not in codes:
        return False
    title = pattern.home_titles.get(section.code)
    return title is None or bool(title.search(section.title))


def _decides(
    pattern: SentencePattern, section: Section, scanned: Scanned, refers: Callable[[Section], bool]
) -> bool:
    """False for a section that only says where the matter is to be read."""
    if pattern.concludes is None:
        return not refers(section)
    text = scanned(section.document).source.text
    return bool(pattern.concludes.search(text, section.body_start, section.end))


def refers_elsewhere(section: Section, text: str) -> bool:
    """True for a short section that says in which other place or document its matter is to be read."""
    if section.end - section.body_start > _SHORT_SECTION:
        return False
    return bool(_REFERS_ELSEWHERE.search(text, section.body_start, section.end))


def _contradicted(pattern: SentencePattern, home: Sequence[Section], scanned: Scanned) -> bool:
    if pattern.contradicted_by is None:
        return False
    return any(
        pattern.contradicted_by.search(
            fold(scanned(section.document).source.text[section.body_start : section.end])
        )
        for section in home
    )


def _judge_all(
    pattern: SentencePattern,
    sections: Sequence[Section],
    scanned: Scanned,
    horizon: Horizon | None,
) -> list[Judgement]:
    judged: list[Judgement] = []
    seen: set[tuple[str, int]] = set()
    # The narrowest section first, so that a sentence of the audit report inside Item 8 counts as the auditor's.
    for section in sorted(sections, key=lambda section: (section.end - section.start, section.start)):
        for judgement in judge(pattern, scanned(section.document), [section], horizon):
            key = (section.document, judgement.start)
            if key not in seen:
                seen.add(key)
                judged.append(judgement)
    order = {section: position for position, section in enumerate(sections)}
    return sorted(judged, key=lambda judgement: (order[judgement.section], judgement.start))


def _not_stated(
    judged: Sequence[Judgement],
    searched: Sequence[Section],
    scanned: Scanned,
    confidence: float,
    notes: tuple[str, ...],
) -> Flag:
    dismissed = [judgement for judgement in judged if judgement.verdict not in (STATED, WEAK, "mention")]
    taken_back = [judgement for judgement in judged if judgement.verdict in (STATED, WEAK)]
    kinds = sorted({judgement.verdict for judgement in dismissed})
    if kinds:
        notes = (*notes, f"mentioned, but {', '.join(kind.replace('_', ' ') for kind in kinds)}")
    document = searched[0].document
    evidence = SearchEvidence(
        sections=tuple(dict.fromkeys(section.code for section in searched if section.code)),
        text_sha256=scanned(document).source.sha256,
        dismissed=tuple(
            _passage(judgement, scanned) for judgement in [*dismissed, *taken_back][:MOST_DISMISSED]
        ),
    )
    return Flag(False, confidence, (evidence,), notes)


def _passage(judgement: Judgement, scanned: Scanned) -> TextEvidence:
    section = judgement.section
    normalised = scanned(section.document).source
    start, end = quote_span(normalised.text, judgement.start, judgement.end, judgement.focus)
    return TextEvidence(
        document=section.document,
        section=section.code,
        text_sha256=normalised.sha256,
        start=start,
        end=end,
        quote=normalised.text[start:end],
    )
