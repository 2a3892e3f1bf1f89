"""Rows on how hard a text is to read and how long it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import islice
from math import fsum, log

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import TextEvidence
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.identity import FilingSource
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.narrative import LEAST_WORDS, confidence, discussion, main_document
from tenkay_extractor.readability import (
    DIVERSITY_WINDOW,
    LONGEST_SENTENCE,
    Legibility,
    is_passive,
    legibility,
    moving_type_token_ratio,
    syllables,
)
from tenkay_extractor.reference_tables import Moments, PlainEnglishNorms
from tenkay_extractor.words import Prose, lexicon_words

OF_PARTS = Decimal("0.6")
"""Confidence in a size summed from single documents, without the submission's own wrapping."""


def fog_index(filing: FilingView) -> Computed:
    """0.4 x (words per sentence + 100 x hard words / words) of the discussion.

    Gunning (1952); Li (2008), Annual report readability, Journal of Accounting and Economics 45.
    """
    prose, counted = _discussion(filing)
    note = f"{counted.complex_words} hard of {counted.words} words in {counted.sentences} sentences"
    return Computed(counted.fog_index, confidence(prose), _with_longest(prose), (note,))


def flesch_reading_ease(filing: FilingView) -> Computed:
    """206.835 - 1.015 x words per sentence - 84.6 x syllables per word of the discussion. Flesch (1948)."""
    prose, counted = _discussion(filing)
    note = f"{counted.syllables} syllables in {counted.words} words in {counted.sentences} sentences"
    return Computed(counted.flesch_reading_ease, confidence(prose), _with_longest(prose), (note,))


def words_per_sentence(filing: FilingView) -> Computed:
    """Mean over the discussion's sentences of 3 to 150 words."""
    prose, counted = _discussion(filing)
    note = f"{counted.words} words in {counted.sentences} sentences"
    return Computed(counted.words_per_sentence, confidence(prose), _with_longest(prose), (note,))


def passive_share(filing: FilingView) -> Computed:
    """Sentences with a passive by all sentences of the discussion. SEC, A Plain English Handbook (1998), chapter 6."""
    prose = discussion(filing)
    passive = prose.once(_passives)
    units = prose.units_of(passive)
    return Computed(
        len(units) / prose.unit_count,
        confidence(prose),
        (prose.opening, *prose.passages(passive, 3)),
        (f"{len(units)} of {prose.unit_count} sentences",),
    )


def plain_english_index(filing: FilingView) -> Computed:
    """Mean of six z-scores: words a sentence, letters a word, passive sentences, legal words and, with the sign turned,
    first-person pronouns and words of one syllable.

    Means and deviations are of the table `plain_english`. Loughran and McDonald (2014), Regulation and financial
    disclosure, Journal of Regulatory Economics 45; 17 CFR 230.421(d).
    """
    prose = discussion(filing)
    table = filing.table(PlainEnglishNorms)
    scores = []
    for name, value, sign in plain_english_measures(prose):
        norm: Moments = getattr(table, name)
        scores.append(sign * (value - norm.mean) / norm.deviation)
    return Computed(
        fsum(scores) / len(scores),
        confidence(prose),
        _with_longest(prose),
        (f"table {table.name} {table.version}",),
    )


def plain_english_measures(prose: Prose) -> tuple[tuple[str, float, int], ...]:
    """(name, value, +1 where more is harder to read and -1 where it is easier) of each part of the index."""
    counted = prose.once(_counted)
    if not counted.words:
        return ()
    passive = prose.units_of(prose.once(_passives))
    legal = lexicon_words(prose, "legalese")
    short = sum(number for word, number in prose.counts.items() if syllables(word) == 1)
    return (
        ("sentence_length", counted.words_per_sentence, 1),
        ("word_length", counted.letters / counted.words, 1),
        ("passive_share", len(passive) / prose.unit_count, 1),
        ("legalese_share", legal / prose.word_count, 1),
        ("pronoun_share", len(prose.hits("self_reference")) / prose.word_count, -1),
        ("everyday_share", short / prose.word_count, -1),
    )


def lexical_diversity(filing: FilingView) -> Computed:
    """Distinct words by words, mean over all windows of 500 words of the discussion. Covington and McFall (2010)."""
    prose = discussion(filing)
    if prose.word_count < DIVERSITY_WINDOW:
        raise MissingOperandError(
            MissingReason.TEXT_TOO_SHORT,
            f"the discussion holds {prose.word_count} words, and at least {DIVERSITY_WINDOW} are needed",
        )
    return Computed(
        moving_type_token_ratio(prose.words),
        confidence(prose),
        (prose.opening,),
        (f"{prose.word_count} words",),
    )


# Length


def discussion_length(filing: FilingView) -> Computed:
    """Natural logarithm of the discussion's number of words."""
    prose = discussion(filing)
    return Computed(
        log(prose.word_count),
        confidence(prose),
        (prose.opening,),
        (f"{prose.word_count} words",),
    )


def document_length(filing: FilingView) -> Computed:
    """Natural logarithm of the main document's number of words of prose. You and Zhang (2009)."""
    total = sum(prose.word_count for prose in main_document(filing))
    if total < LEAST_WORDS:
        raise MissingOperandError(
            MissingReason.TEXT_TOO_SHORT,
            f"the main document holds {total} words of prose, and at least {LEAST_WORDS} are needed",
        )
    return Computed(
        log(total),
        min(Decimal(1), Decimal(total) / 1_500),
        (filing.main_text().opening(),),
        (f"{total} words",),
    )


def filing_size(filing: FilingView) -> Computed:
    """Natural logarithm of the filing's size in bytes.

    Loughran and McDonald (2014), Measuring readability in financial disclosures, Journal of Finance 69.
    """
    size = filing.content.size_bytes
    if size <= 0:
        raise MissingOperandError(MissingReason.DOCUMENT_NOT_FOUND, "the filing has no bytes")
    whole = filing.content.identity.source is FilingSource.FULL_SUBMISSION
    main = filing.main_text()
    notes: tuple[str, ...] = (
        f"{size} bytes, of which {len(main.source.text)} characters are text of the main document",
    )
    if not whole:
        notes = (*notes, "the sum of the documents given, not of the full submission")
    return Computed(log(size), Decimal(1) if whole else OF_PARTS, (main.opening(),), notes)


# Figures

_NUMBER = re.compile(r"\d[\d,]*+(?:\.\d+)?+(?!-[KQ]\b|/)")
_YEARS = range(1990, 2041)
_MONTH_BEFORE = re.compile(
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?\s$"
)
_DATE_LOOK_BACK = 11  # characters of "September. "


def numeric_density(filing: FilingView) -> Computed:
    """Numbers by words of the discussion's prose; years from 1990 to 2040 and days of dates are no numbers."""
    prose = discussion(filing)
    text = prose.section.source.text
    found: list[int] = []
    for unit, (start, end) in enumerate(prose.spans):
        found += [
            prose.starts[unit] for match in _NUMBER.finditer(text, start, end) if _is_figure(text, match)
        ]
    return Computed(
        len(found) / prose.word_count,
        confidence(prose),
        (prose.opening, *prose.passages(found, 2)),
        (f"{len(found)} numbers and {prose.word_count} words",),
    )


def _is_figure(text: str, match: re.Match[str]) -> bool:
    number, start = match.group(), match.start()
    before = text[start - 1] if start else ""
    if before == "$":
        return True
    if before.isalnum() or before in ("/", "."):
        return False  # "Q4", the rest of a date or of a number that begins with a full stop
    if not number.isdigit():
        return number[-1] != "," or _is_bare_figure(text, number[:-1], start)
    return _is_bare_figure(text, number, start)


def _is_bare_figure(text: str, number: str, start: int) -> bool:
    if len(number) == 4:
        return int(number) not in _YEARS
    return len(number) > 2 or not _MONTH_BEFORE.search(text, max(0, start - _DATE_LOOK_BACK), start)


_FIGURE = re.compile(r"\d[\d,.]*")
_LEAST_FIGURES = 4
_DIGITS = "0123456789"
_NEAR_END = 100  # characters from the end of a table, where its last figure mostly stands


def table_share(filing: FilingView) -> Computed:
    """Characters of the main document's tables by all its characters.

    The text keeps no cells: a table is what lies, between two paragraphs of prose, from its first to its last figure,
    when there are at least four.
    """
    prose = main_document(filing)
    source = filing.main_text().source
    text = source.text
    if not text:
        raise MissingOperandError(MissingReason.DOCUMENT_NOT_FOUND, "the main document has no text")
    in_tables = 0
    longest: tuple[int, int] | None = None
    position = 0
    spans = [span for part in prose for span in part.spans] + [(len(text), len(text))]
    for start, end in spans:
        if start - position < _LEAST_FIGURES:  # the space between two sentences
            position = max(position, end)
            continue
        figures = list(islice(_FIGURE.finditer(text, position, start), _LEAST_FIGURES))
        if len(figures) == _LEAST_FIGURES:
            last = _last_digit(text, figures[-1].start(), start)
            table = figures[0].start(), last + 1
            in_tables += table[1] - table[0]
            if longest is None or table[1] - table[0] > longest[1] - longest[0]:
                longest = table
        position = max(position, end)
    whole = filing.main_text()
    evidence: tuple[TextEvidence, ...] = (whole.opening(),)
    if longest:
        evidence = (whole.passage(*longest),)
    return Computed(
        in_tables / len(text),
        Decimal("0.8"),
        evidence,
        (f"{in_tables} of {len(text)} characters",),
    )


def _last_digit(text: str, start: int, end: int) -> int:
    """Where the last digit of text[start:end] stands. A digit that is not there is looked for up to the start."""
    near = max(start, end - _NEAR_END)
    last = max(text.rfind(digit, near, end) for digit in _DIGITS)
    return last if last >= 0 else max(text.rfind(digit, start, near) for digit in _DIGITS)


# Shared


def _discussion(filing: FilingView) -> tuple[Prose, Legibility]:
    prose = discussion(filing)
    counted = prose.once(_counted)
    if not counted.sentences:
        raise MissingOperandError(
            MissingReason.TEXT_TOO_SHORT, "no sentence of the discussion has 3 to 150 words"
        )
    return prose, counted


def _counted(prose: Prose) -> Legibility:
    return legibility(prose.units(), prose.printed)


def _with_longest(prose: Prose) -> tuple[TextEvidence, ...]:
    """How the discussion begins, and its longest sentence that is counted."""
    longest = max((each for each in prose.lengths if each <= LONGEST_SENTENCE), default=0)
    return (prose.opening, *((prose.passage(prose.lengths.index(longest)),) if longest else ()))


def _passives(prose: Prose) -> list[int]:
    """Positions of the forms of "be" that make a passive."""
    return [
        position
        for position in prose.hits("be")
        if is_passive(prose.words[position + 1 : min(position + 3, prose.end_of(prose.unit_of(position)))])
    ]


FUNCTIONS: Mapping[str, Callable[..., Computed]] = {
    "fog_index": fog_index,
    "flesch_reading_ease": flesch_reading_ease,
    "words_per_sentence": words_per_sentence,
    "passive_share": passive_share,
    "plain_english_index": plain_english_index,
    "lexical_diversity": lexical_diversity,
    "discussion_length": discussion_length,
    "document_length": document_length,
    "filing_size": filing_size,
    "numeric_density": numeric_density,
    "table_share": table_share,
}
