"""Rows over legal proceedings (Regulation S-K, item 103)."""

from __future__ import annotations

import re
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import Evidence
from tenkay_extractor.expressions import ARITHMETIC
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.phrases import small_letters
from tenkay_extractor.signal_functions.risk_factors import WORDS_OF_FULL_CONFIDENCE, count_words
from tenkay_extractor.worded_expressions import WordedExpression

_POINTS_TO_NOTE = WordedExpression(
    r"\b(?:see|refer to|incorporated|included|contained|described|set forth|discussed|disclosed|found"
    r"|appears?|under|in)\b"
    r"[^.]{0,200}\bnotes?\b"
)
_NUMBERED = re.compile(r"\bnotes? (\d{1,2})\b", re.IGNORECASE)
_ABOUT = re.compile(r"contingenc|legal|litigation|proceedings|commitments", re.IGNORECASE)
_NOTE_HEADING = r"^(?:note\W{{0,3}})?\(?{number}\b[ .):\u2013\u2014-]{{1,4}}[^\W\d][^\n]{{3,110}}$"
_UNNUMBERED_HEADING = re.compile(
    r"^(?:commitments(?:,? (?:guarantees|indemnifications))? and contingenc(?:y|ies)"
    r"|contingenc(?:y|ies)(?: and commitments)?|(?:legal (?:proceedings|matters)|litigation)(?: and contingencies)?"
    r"|commitments, contingencies and [\w ]{3,30})\W*$",
    re.IGNORECASE | re.MULTILINE,
)
_NEXT_NOTE = re.compile(
    r"^note \W{0,3}\d{1,2}\W|^\(?\d{1,2}[.)\u2014:-] ?[A-Z][^\n.]{3,80}$|^\d{1,2}\. [A-Z][A-Z ,&-]{5,80}$",
    re.IGNORECASE | re.MULTILINE,
)
_ROW = re.compile(r"[\d\u2014\u2013$-][\d,.\u2014\u2013$() -]*$")
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
    points = _POINTS_TO_NOTE.search(small_letters(section.body))
    if points:
        number = _NUMBERED.search(section.body)
        note = _note(filing, int(number.group(1)) if number else None)
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
    elsewhere = filing.refers_elsewhere(section.section)
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


def _note(filing: FilingView, number: int | None) -> SectionText | None:
    """The note on contingencies: from its heading in the statements, with its number where one is named, to the next.

    On the balance sheet the same words stand in a row without figures; a note has prose behind its heading.
    """
    try:
        sections = filing.sections("statements")
    except MissingOperandError:
        sections = ()
    for section in (*sections, *filing.sections_coded("")):
        text, start, end = section.source.text, section.section.body_start, section.section.end
        best: SectionText | None = None
        for heading in _headings(number).finditer(text, start, end):
            if not _ABOUT.search(heading.group()) or _ROW.search(heading.group()):
                continue
            stop = _end_of_note(text, heading.end(), min(end, heading.end() + _LONGEST_NOTE), number)
            if stop is None:
                continue
            note = section.cut(heading.end(), stop)
            if _begins_with_prose(note) and (best is None or count_words(note) > count_words(best)):
                best = note
        if best is not None:
            return best
    return None


def _headings(number: int | None) -> re.Pattern[str]:
    if number is None:
        return _UNNUMBERED_HEADING
    return re.compile(_NOTE_HEADING.format(number=number), re.IGNORECASE | re.MULTILINE)


def _end_of_note(text: str, start: int, end: int, number: int | None) -> int | None:
    if number is not None and (following := _headings(number + 1).search(text, start, end)):
        return following.start()
    following = _NEXT_NOTE.search(text, start, end)
    return following.start() if following else None


_LINES_TO_PROSE = 4
_WORDS_OF_PROSE = 12
_BALANCE_SHEET = re.compile(
    r"\bpar value\b|\b(?:stock|share)holders.? (?:equity|deficit)|^redeemable", re.IGNORECASE
)


def _begins_with_prose(note: SectionText) -> bool:
    lines = note.body.lstrip("\n").split("\n")[:_LINES_TO_PROSE]
    if any(_BALANCE_SHEET.search(line) for line in lines[:2]):
        return False
    return any(len(line.split()) >= _WORDS_OF_PROSE and not _ROW.search(line) for line in lines)


FUNCTIONS = {"legal_section_words": legal_section_words}
