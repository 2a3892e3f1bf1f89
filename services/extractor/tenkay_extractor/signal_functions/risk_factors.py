"""Rows over the risk factors (Regulation S-K, item 105; Form 10-Q, part II, item 1A): how many, how long, how new."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.expressions import ARITHMETIC
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.phrases import fold
from tenkay_extractor.risk_captions import RiskFactor, RiskFactors, emphasised_openings, find_risk_factors

LEAST_WORDS = 200
"""A shorter section says where the risks are told, or that none need be."""
WORDS_OF_FULL_CONFIDENCE = 1_500
BY_TYPE = Decimal("0.85")
BY_PLACE = Decimal("0.5")
UPDATE_WORDS = 150
MOST_WORDS_EACH = 2_000
"""Of a risk factor, on average; where there are more, captions were overlooked."""
MOST_QUOTED = 20

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")


def risk_factor_words(filing: FilingView) -> Computed:
    """Words of the section on risk factors: runs of letters, with an apostrophe inside."""
    section = told_risk_factors(filing)
    words = filing.derive(count_words, section)
    return Computed(Decimal(words), _confidence(section, words), (section.opening(),))


def risk_factor_growth(filing: FilingView) -> Computed:
    """Relative change of the section's words against the filing of a year earlier, as a fraction."""
    section, before = told_risk_factors(filing), _told_before(filing)
    words, words_before = filing.derive(count_words, section), filing.derive(count_words, before)
    change = ARITHMETIC.divide(Decimal(words - words_before), Decimal(words_before))
    return Computed(
        change,
        _confidence(section, words) * _confidence(before, words_before),
        (section.opening(), before.opening()),
        (f"{words} words, a year earlier {words_before}",),
        exact=False,
    )


def risk_factor_count(filing: FilingView) -> Computed:
    """Separately captioned risk factors: sure to 0.85 where type tells the captions, to 0.5 where their place does."""
    section = told_risk_factors(filing)
    factors = _factors(filing, section)
    if len(factors.found) * MOST_WORDS_EACH < filing.derive(count_words, section):
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            f"the captions in {section.section.code} are not told apart: {len(factors.found)} were found",
        )
    quotes = tuple(section.passage(each.start, each.caption_end) for each in factors.found[:MOST_QUOTED])
    return Computed(Decimal(len(factors.found)), BY_TYPE if factors.by_type else BY_PLACE, quotes)


def new_risk_factors(filing: FilingView) -> Computed:
    """Risk factors whose caption and text have no counterpart in the filing of a year earlier."""
    return _without_counterpart(filing, filing.comparable_prior(), of_prior=False)


def removed_risk_factors(filing: FilingView) -> Computed:
    """Risk factors of the filing of a year earlier that have no counterpart in this one."""
    return _without_counterpart(filing, filing.comparable_prior(), of_prior=True)


def _without_counterpart(filing: FilingView, prior: FilingView, *, of_prior: bool) -> Computed:
    now, before = told_risk_factors(filing), _told_before(filing)
    factors, factors_before = _factors(filing, now), _factors(prior, before)
    if not factors.found or not factors_before.found:
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            "no captions are told apart in the risk factors of one of the two filings",
        )
    own, others = (before, now) if of_prior else (now, before)
    found, known = (factors_before, factors) if of_prior else (factors, factors_before)
    counterparts = [_told(others, each) for each in known.found]
    alone = [each for each in found.found if not _has_counterpart(_told(own, each), counterparts)]
    words, words_before = filing.derive(count_words, now), filing.derive(count_words, before)
    by_type = BY_TYPE if factors.by_type and factors_before.by_type else BY_PLACE
    confidence = min(by_type, _confidence(now, words) * _confidence(before, words_before))
    quotes = tuple(own.passage(each.start, each.caption_end) for each in alone[:MOST_QUOTED])
    openings = (now.opening(), before.opening())
    return Computed(Decimal(len(alone)), confidence, (*quotes, *openings))


@dataclass(frozen=True, slots=True)
class _Told:
    caption: frozenset[str]
    body: frozenset[str]


CAPTIONS_ALIKE = 0.4
BODIES_ALIKE = 0.5
"""Jaccard similarity of the words, stop words left out, from which two captions or two texts are counterparts."""

_STOP_WORDS = frozenset(
    """a about all also an and any are as at be been but by can could do for from had has have if in into is it its may
    might more not of on or other our such than that the their them there these they this those to us was we were
    which will with would""".split()  # noqa: SIM905 - one word list, not a line a word
)


def _told(section: SectionText, factor: RiskFactor) -> _Told:
    text = section.source.text
    return _Told(
        _content_words(text[factor.start : factor.caption_end]),
        _content_words(text[factor.caption_end : factor.end]),
    )


def _content_words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(fold(text))) - _STOP_WORDS


def _has_counterpart(factor: _Told, others: list[_Told]) -> bool:
    return any(
        _alike(factor.caption, other.caption) >= CAPTIONS_ALIKE
        or _alike(factor.body, other.body) >= BODIES_ALIKE
        for other in others
    )


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0


_NO_CHANGE = re.compile(
    r"\bno (?:\w+ ){0,2}changes?\b|\bnot (?:\w+ ){0,3}(?:changed|materially)\b|\bnot (?:been )?(?:\w+"
    r" ){0,2}changes?\b",
    re.IGNORECASE,
)
_NOT_REQUIRED = re.compile(
    r"\bnot (?:required|applicable)\b|\bsmaller reporting compan(?:y|ies)\b|^\W*(?:n/a|none)\b", re.IGNORECASE
)
_STUB = 60  # words


def risk_factors_updated(filing: FilingView) -> Computed:
    """Whether a 10-Q tells risk factors itself: 150 words or more, and no sentence that nothing has changed."""
    section = filing.sections("risk_factors")[0]
    words = filing.derive(count_words, section)
    if words < _STUB and (found := _NOT_REQUIRED.search(section.body)):
        raise MissingOperandError(
            MissingReason.NOT_STATED, f"a smaller reporting company need not answer: {found.group()!r}"
        )
    text = section.source.text
    base = section.section.body_start
    for start, end in filing.scanned(section.source).sentences.within(base, section.section.end):
        if found := _NO_CHANGE.search(fold(text[start:end])):
            focus = (start + found.start(), start + found.end())
            return Computed(
                False, Decimal("0.9"), (section.passage(start, end, focus), filing.searched((section,)))
            )
    confidence = Decimal("0.9")
    if words < UPDATE_WORDS:
        return Computed(False, confidence, (section.opening(), filing.searched((section,))))
    return Computed(True, confidence, (section.opening(),))


def told_risk_factors(filing: FilingView) -> SectionText:
    """The section on risk factors, when it tells some. Raises MissingOperandError."""
    section = filing.section("risk_factors")
    if filing.derive(count_words, section) < LEAST_WORDS:
        raise MissingOperandError(
            MissingReason.TEXT_TOO_SHORT,
            f"{section.section.code} has fewer than {LEAST_WORDS} words: it tells no risk factors itself",
        )
    return section


def _told_before(filing: FilingView) -> SectionText:
    try:
        return told_risk_factors(filing.comparable_prior())
    except MissingOperandError as error:
        if error.reason is MissingReason.PRIOR_FILING_NOT_GIVEN:
            raise
        raise MissingOperandError(error.reason, f"in the filing of a year earlier: {error}") from None


def count_words(section: SectionText) -> int:
    """Runs of letters in the section's body; an apostrophe is part of its word."""
    plain = fold(section.body).encode("latin-1", "replace").translate(_LETTERS_AND_BLANKS, b"'")
    return len(plain.split())


_LETTERS_AND_BLANKS = bytes(byte if chr(byte).isalpha() else ord(" ") for byte in range(256))
"""Splitting bytes takes a tenth of the time that finding words by an expression takes."""


def _factors(filing: FilingView, section: SectionText) -> RiskFactors:
    """The section's risk factors, told apart once for all rows."""
    return filing.derive_in(_find_factors, section)


def _find_factors(filing: FilingView, section: SectionText) -> RiskFactors:
    where = section.section
    return find_risk_factors(
        filing.scanned(section.source), where.body_start, where.end, _emphasised(filing, section)
    )


def _emphasised(filing: FilingView, section: SectionText) -> frozenset[str]:
    for document in filing.content.documents:
        if document.filename == section.source.document:
            return emphasised_openings(document)
    return frozenset()


def _confidence(section: SectionText, words: int) -> Decimal:
    share = min(Decimal(1), Decimal(words) / WORDS_OF_FULL_CONFIDENCE)
    return ARITHMETIC.multiply(Decimal(str(section.section.confidence)), share)


FUNCTIONS = {
    "risk_factor_words": risk_factor_words,
    "risk_factor_growth": risk_factor_growth,
    "risk_factor_count": risk_factor_count,
    "new_risk_factors": new_risk_factors,
    "removed_risk_factors": removed_risk_factors,
    "risk_factors_updated": risk_factors_updated,
}
