"""Rows over legal proceedings (Regulation S-K, item 103)."""

from __future__ import annotations

import re
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import Evidence
from tenkay_extractor.expressions import ARITHMETIC
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.flags import refers_elsewhere
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.signal_functions.risk_factors import WORDS_OF_FULL_CONFIDENCE, count_words

_POINTS_TO_NOTE = re.compile(
    r"\b(?:see|refer to|incorporated|included|contained|described|set forth|discussed|disclosed|found"
    r"|appears?|under|in)\b"
    r"[^.]{0,200}\bnotes?\b",
    re.IGNORECASE,
)
_NOTE_HEADING = re.compile(
    r"^(?:note )?\W{0,3}\d{0,2}\W{0,6}(?:commitments(?:,? (?:guarantees|indemnifications))? and"
    r" contingenc(?:y|ies)|contingenc(?:y|ies)"
    r"(?: and commitments)?|legal (?:proceedings|matters)(?: and contingencies)?|litigation(?: and"
    r" contingencies)?"
    r"|commitments, contingencies and [\w ]{3,30})\W*$",
    re.IGNORECASE | re.MULTILINE,
)
_NEXT_NOTE = re.compile(
    r"^(?:note )\W{0,3}\d{1,2}\W|^\(?\d{1,2}[.)\u2014:-] ?[A-Z][^\n.]{3,80}$|^\d{1,2}\."
    r" [A-Z][A-Z ,&-]{5,80}$",
    re.IGNORECASE | re.MULTILINE,
)
_LONGEST_NOTE = 150_000  # characters
_LEAST_WORDS = 5
_STUB_WORDS = 200


def legal_section_words(filing: FilingView) -> Computed:
    """Words of the legal proceedings, with those of the note on contingencies that they point to.

    A section that is short, points to a note and whose note is not found has no length that says anything: missing.
    """
    section = filing.sections("legal_proceedings")[0]
    words = filing.derive(count_words, section)
    evidence: list[Evidence] = [section.opening()]
    notes = [f"{section.section.code}: {words} words"]
    total = words
    points = _POINTS_TO_NOTE.search(section.body)
    if points:
        note = _note(filing)
        if note is not None:
            more = count_words(note)
            total += more
            evidence.append(note.opening())
            notes.append(f"the note it points to: {more} words")
        elif words < _STUB_WORDS:
            raise MissingOperandError(
                MissingReason.INCORPORATED_BY_REFERENCE,
                f"{section.section.code} points to a note on contingencies that was not found",
            )
        else:
            notes.append("the note it points to was not found")
    elsewhere = refers_elsewhere(section.section, section.source.text)
    if elsewhere and total == words and words < _STUB_WORDS:
        raise MissingOperandError(
            MissingReason.INCORPORATED_BY_REFERENCE,
            f"{section.section.code} only says in which other document its matter is to be read",
        )
    if total < _LEAST_WORDS and not re.search(r"\bnone\b|\bnot applicable\b", section.body, re.IGNORECASE):
        raise MissingOperandError(MissingReason.TEXT_TOO_SHORT, f"{section.section.code} has {total} words")
    confidence = Decimal(str(section.section.confidence))
    if total >= _STUB_WORDS:
        confidence = ARITHMETIC.multiply(
            confidence, min(Decimal(1), Decimal(total) / WORDS_OF_FULL_CONFIDENCE)
        )
    return Computed(Decimal(total), confidence, tuple(evidence), tuple(notes))


def _note(filing: FilingView) -> SectionText | None:
    """The note on contingencies: from its heading in the statements to the next note's."""
    try:
        sections = filing.sections("statements")
    except MissingOperandError:
        return None
    for section in (*sections, *filing.sections_coded("")):
        text, end = section.source.text, section.section.end
        for heading in _NOTE_HEADING.finditer(text, section.section.body_start, end):
            stop = _NEXT_NOTE.search(text, heading.end(), min(end, heading.end() + _LONGEST_NOTE))
            if stop is None:
                continue
            note = section.cut(heading.end(), stop.start())
            if count_words(note) >= _LEAST_WORDS * 4:
                return note
    return None


FUNCTIONS = {"legal_section_words": legal_section_words}
