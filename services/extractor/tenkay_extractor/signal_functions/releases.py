"""Rows on earnings releases, the exhibit that Item 2.02 of an 8-K furnishes, and on letters to shareholders."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from tenkay_extractor.computed import Computed
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.narrative import (
    confidence,
    discussion,
    earnings_release,
    long_enough,
    prose_of,
    release_for,
    release_prose,
    shareholder_letter,
)
from tenkay_extractor.phrases import fold
from tenkay_extractor.signal_functions.tone import net_tone_of, tone_in_words, tone_of
from tenkay_extractor.words import Prose

LEAST_MEASURES = 5


def release_net_tone(filing: FilingView) -> Computed:
    """(positive - negative) / (positive + negative) words of the release, up to its closing matter.

    Henry (2008), Are investors influenced by how earnings press releases are written?, Journal of Business
    Communication 45.
    """
    return net_tone_of(release_prose(filing))


def release_word_share(filing: FilingView, *, lexicon: str) -> Computed:
    """Words of the list by all words of the release, up to its closing matter."""
    return _share(release_prose(filing), lexicon)


def release_tone_gap(filing: FilingView) -> Computed:
    """Net tone of the release that announced the period's results, less that of this filing's discussion.

    Davis and Tama-Sweet (2012), Managers' use of language across alternative disclosure outlets, Contemporary
    Accounting Research 29.
    """
    prose = discussion(filing)
    earlier = release_for(filing)
    try:
        release = release_prose(earlier)
        announced, praising, adverse = tone_of(release)
    except MissingOperandError as error:
        raise MissingOperandError(error.reason, f"in the earnings release: {error}") from None
    discussed, positive, negative = tone_of(prose)
    identity = earlier.content.identity
    return Computed(
        announced - discussed,
        confidence(prose, release),
        (
            prose.opening,
            *prose.passages(prose.hits("negative"), 2),
            *prose.passages(prose.hits("positive"), 1),
            *map(earlier.cited, release.passages(release.hits("positive"), 2)),
        ),
        (
            f"release {identity.accession_number or 'given'} of {identity.period_end or identity.filed_date}:"
            f" {tone_in_words(praising, adverse)}; discussion: {tone_in_words(positive, negative)}",
        ),
    )


_MEASURES = re.compile(
    r"\b(?P<own>(?:adjusted|non-gaap|pro forma|organic|core)\s(?:[\w&-]+\s){0,3}?"
    r"(?:net income|net loss|operating income|operating profit|income|earnings|eps|net sales|sales|revenues?|ebitda|"
    r"gross profit|gross margin|operating margin|margin|results|measures?|growth|expenses?|free cash flow|ffo)\b"
    r"|non-gaap|adjusted|ebitda|free cash flow|constant currency)"
    r"|\b(?P<standard>gaap|net income|net loss|operating income|earnings per (?:diluted |basic |common )*share"
    r"|net sales|revenues?)\b",
    re.IGNORECASE,
)


def non_gaap_emphasis(filing: FilingView) -> Computed:
    """Mentions of measures of the company's own by mentions of them and of measures of accounting standards (GAAP).

    Bradshaw and Sloan (2002), GAAP versus the Street; Regulation G; Item 10(e) of Regulation S-K, which asks that the
    standard measure come first. "Adjusted net income" is one mention, of a measure of the company's own. Over all
    prose of the release, notes on such measures included.
    """
    prose = long_enough(prose_of(filing, earnings_release(filing)))
    own: list[int] = []
    standard: list[int] = []
    first = ""
    for unit in range(prose.unit_count):
        for mention in _MEASURES.finditer(fold(prose.text(unit))):
            (own if mention.group("own") else standard).append(prose.starts[unit])
            first = first or ("its own" if mention.group("own") else "the standard")
    if len(own) + len(standard) < LEAST_MEASURES:
        raise MissingOperandError(
            MissingReason.TEXT_TOO_SHORT,
            f"the release names {len(own) + len(standard)} measures of results, and at least {LEAST_MEASURES} are"
            " needed",
        )
    return Computed(
        len(own) / (len(own) + len(standard)),
        confidence(prose),
        (prose.opening, *prose.passages(own, 2), *prose.passages(standard, 1)),
        (
            f"{len(own)} mentions of measures of its own, {len(standard)} of standard ones; {first} measure comes"
            " first",
        ),
    )


# Letters


def letter_net_tone(filing: FilingView) -> Computed:
    """(positive - negative) / (positive + negative) words of the letter to shareholders.

    Kothari, Li and Short (2009), The effect of disclosures by management, analysts, and business press, The Accounting
    Review 84.
    """
    return net_tone_of(shareholder_letter(filing))


def letter_word_share(filing: FilingView, *, lexicon: str) -> Computed:
    """Words of the list by all words of the letter to shareholders, or of the discussion where there is no letter.

    Malmendier and Tate (2008), Who makes acquisitions?; Hirshleifer, Low and Teoh (2012).
    """
    try:
        prose, source = shareholder_letter(filing), "the letter to shareholders"
    except MissingOperandError:
        prose, source = discussion(filing), "management's discussion: there is no letter to shareholders"
    return _share(prose, lexicon, f"measured over {source}")


def _share(prose: Prose, lexicon: str, *notes: str) -> Computed:
    hits = prose.hits(lexicon)
    return Computed(
        len(hits) / prose.word_count,
        confidence(prose),
        (prose.opening, *prose.passages(hits, 3)),
        (f"{len(hits)} of {prose.word_count} words", *notes),
    )


FUNCTIONS: Mapping[str, Callable[..., Computed]] = {
    "release_net_tone": release_net_tone,
    "release_word_share": release_word_share,
    "release_tone_gap": release_tone_gap,
    "non_gaap_emphasis": non_gaap_emphasis,
    "letter_net_tone": letter_net_tone,
    "letter_word_share": letter_word_share,
}
