"""Rows that compare a filing's texts with those of the comparable prior filing, or with one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from math import log

from tenkay_extractor.computed import Computed
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.narrative import LEAST_WORDS, by_sentence, confidence, discussion, parts, section_prose
from tenkay_extractor.reference_tables import DocumentFrequencies, ModificationLength, PhraseShares
from tenkay_extractor.signal_functions.tone import compared_with, prior_prose
from tenkay_extractor.similarity import (
    Sentence,
    common_words,
    cosine,
    jaccard,
    phrases,
    without_match,
    words_carried_over,
)
from tenkay_extractor.words import Prose, plain_words

LEAST_COMMON = 0.3
MOST_COMMON = 0.75
REPEATED_WORDS = 8
REPEATED_CHARACTERS = 2 * REPEATED_WORDS - 1  # of as many words of one letter
MOST_PASSAGES = 3


def word_cosine(filing: FilingView, *, section: str) -> Computed:
    """Cosine of the word counts of the section and of the same section a year earlier.

    Cohen, Malloy and Nguyen (2020), Lazy prices, Journal of Finance 75: no stop words removed, no stemming.
    """
    prose, before = section_prose(filing, section), prior_prose(filing, section)
    return _compared(filing, cosine(prose.counts, before.counts), prose, before)


def word_jaccard(filing: FilingView, *, section: str) -> Computed:
    """Distinct words of both texts by distinct words of either. Cohen, Malloy and Nguyen (2020)."""
    prose, before = section_prose(filing, section), prior_prose(filing, section)
    return _compared(filing, jaccard(prose.counts, before.counts), prose, before)


def minimum_edit_similarity(filing: FilingView) -> Computed:
    """1 - (words to take out + words to put in) / (words of both), over the narrative of both filings.

    Cohen, Malloy and Nguyen (2020), Sim_MinEdit. Aligned at the sentences that both filings have.
    """
    before = _prior_narrative(filing)
    narrative = _narrative(filing)
    total, total_before = _words(narrative), _words(before)
    value = 2 * common_words(_all_sentences(narrative), _all_sentences(before)) / (total + total_before)
    return Computed(
        value,
        _narrative_confidence(narrative, before),
        (_longest(narrative).opening, filing.comparable_prior().cited(_longest(before).opening)),
        (f"{total} words, {total_before} a year earlier", compared_with(filing)),
    )


def carried_over_share(filing: FilingView) -> Computed:
    """Words of sentences with an eight-word phrase of the prior filing's narrative, by all words of the narrative.

    Dyer, Lang and Stice-Lawrence (2017), The evolution of 10-K textual disclosure, Journal of Accounting and
    Economics 64.
    """
    before = _prior_narrative(filing)
    narrative = _narrative(filing)
    total = _words(narrative)
    carried, numbers = words_carried_over(_all_sentences(narrative), _all_sentences(before))
    places = [(prose, unit) for prose in narrative for unit in range(prose.unit_count)]
    longest = sorted(numbers, key=lambda number: (-places[number][0].lengths[places[number][1]], number))
    return Computed(
        carried / total,
        _narrative_confidence(narrative, before),
        (
            _longest(narrative).opening,
            *(places[number][0].passage(places[number][1]) for number in sorted(longest[:MOST_PASSAGES])),
        ),
        (f"{carried} of {total} words", compared_with(filing)),
    )


def modification_score(filing: FilingView) -> Computed:
    """1 - cosine of the weighted word counts of both discussions, less what their length lets expect.

    Brown and Tucker (2011), Large-sample evidence on firms' year-over-year MD&A modifications, Journal of Accounting
    Research 49: weights are term frequency times ln(N / df), the expectation a polynomial of the fifth order.
    """
    prose, before = discussion(filing), prior_prose(filing, "mdna")
    frequencies, expectation = filing.table(DocumentFrequencies), filing.table(ModificationLength)

    def weighed(counted: Prose) -> dict[str, float]:
        return {
            word: number * log(frequencies.filings / frequencies.of_word(word))
            for word, number in counted.counts.items()
        }

    now, earlier = weighed(prose), weighed(before)
    if not any(now.values()) or not any(earlier.values()):
        raise MissingOperandError(
            MissingReason.NOT_COMPUTABLE,
            f"by the table {frequencies.name} {frequencies.version} all filings hold each word of the discussion",
        )
    expected = expectation.at(prose.word_count)
    result = _compared(filing, 1 - cosine(now, earlier) - expected, prose, before)
    note = f"tables {frequencies.name} {frequencies.version}, {expectation.name} {expectation.version}"
    return Computed(result.value, result.confidence, result.evidence, (*result.notes, note))


def new_sentence_share(filing: FilingView) -> Computed:
    """Sentences of the discussion without a near match a year earlier, by all its sentences.

    A near match shares at least 0.6 of the words of both sentences (Jaccard), numbers left out. Dyer et al. (2017).
    """
    prose, before = discussion(filing), prior_prose(filing, "mdna")
    new = without_match(prose.once(_sentences), before.once(_sentences))
    longest = sorted(new, key=lambda number: (-prose.lengths[number], number))[:MOST_PASSAGES]
    return Computed(
        len(new) / prose.unit_count,
        confidence(prose, before),
        (prose.opening, *(prose.passage(number) for number in sorted(longest))),
        (f"{len(new)} of {prose.unit_count} sentences", compared_with(filing)),
    )


def removed_sentence_share(filing: FilingView) -> Computed:
    """Sentences of the prior filing's discussion without a near match now, by all its sentences.

    As `new_sentence_share` with the filings changed about; the longest that are gone are quoted from there.
    """
    prose, before = discussion(filing), prior_prose(filing, "mdna")
    gone = without_match(before.once(_sentences), prose.once(_sentences))
    longest = sorted(gone, key=lambda number: (-before.lengths[number], number))[:MOST_PASSAGES]
    return Computed(
        len(gone) / before.unit_count,
        confidence(prose, before),
        (
            prose.opening,
            *(filing.comparable_prior().cited(before.passage(number)) for number in sorted(longest)),
        ),
        (f"{len(gone)} of {before.unit_count} sentences of a year earlier", compared_with(filing)),
    )


# Within one filing


def repeated_share(filing: FilingView) -> Computed:
    """Words in stretches of at least eight words, between full stops, that another section repeats word for word, by
    all words.

    Cazier and Pfeiffer (2017), 10-K disclosure repetition and managerial reporting incentives, Journal of Financial
    Reporting 2.
    """
    narrative = parts(filing)
    total = sum(prose.word_count for prose in narrative)
    if total < LEAST_WORDS:
        raise MissingOperandError(
            MissingReason.TEXT_TOO_SHORT,
            f"the items hold {total} words of prose, and at least {LEAST_WORDS} are needed",
        )
    first_in: dict[str, int] = {}
    repeated: set[str] = set()
    stretches: list[tuple[int, int, str]] = []
    for number, prose in enumerate(narrative):
        for unit in range(prose.unit_count):
            if prose.lengths[unit] < REPEATED_WORDS:
                continue
            for stretch in prose.text(unit).rstrip(".").split(". "):
                if len(stretch) >= REPEATED_CHARACTERS:
                    stretches.append((number, unit, stretch))
                    if first_in.setdefault(stretch, number) != number:
                        repeated.add(stretch)
    words = 0
    units: list[tuple[int, int]] = []
    for number, unit, key in stretches:
        if key in repeated:
            counted = len(plain_words(key).split())
            if counted >= REPEATED_WORDS:
                words += counted
                units.append((number, unit))
    passages = tuple(
        narrative[number].passage(unit) for number, unit in dict.fromkeys(units[: 2 * MOST_PASSAGES])
    )
    return Computed(
        min(words / total, 1.0),
        min(Decimal(1), Decimal(total) / 1_500) * Decimal("0.9"),
        passages or (_longest(narrative).opening,),
        (f"{words} of {total} words",),
    )


def boilerplate_share(filing: FilingView) -> Computed:
    """Words of sentences with a four-word phrase that 30 to 75 % of all filings hold, by words of discussion and risk
    factors.

    Lang and Stice-Lawrence (2015), Textual analysis and international financial reporting, Journal of Accounting and
    Economics 60. The shares are those of the table `tetragrams`.
    """
    prose = discussion(filing)
    table = filing.table(PhraseShares)
    measured = [prose]
    with suppress(MissingOperandError):  # a 10-Q need not repeat its risk factors
        measured.append(by_sentence(filing, filing.section("risk_factors")))
    words = total = 0
    units: list[tuple[Prose, int]] = []
    for each in measured:
        total += each.word_count
        for unit, sentence in enumerate(each.once(_sentences)):
            if any(
                LEAST_COMMON <= table.by_phrase.get(" ".join(phrase), 0.0) < MOST_COMMON
                for phrase in phrases(sentence, 4)
            ):
                words += len(sentence)
                units.append((each, unit))
    return Computed(
        words / total,
        confidence(prose),
        (prose.opening, *(each.passage(unit) for each, unit in units[:MOST_PASSAGES])),
        (f"{words} of {total} words; table {table.name} {table.version}",),
    )


# Shared


def _compared(filing: FilingView, value: float, prose: Prose, before: Prose) -> Computed:
    return Computed(
        value,
        confidence(prose, before),
        (prose.opening, filing.comparable_prior().cited(before.opening)),
        (f"{prose.word_count} words, {before.word_count} a year earlier", compared_with(filing)),
    )


def _sentences(prose: Prose) -> list[Sentence]:
    return [tuple(map(str.lower, words)) for words in prose.units()]


def _all_sentences(narrative: Sequence[Prose]) -> list[Sentence]:
    return [sentence for prose in narrative for sentence in prose.once(_sentences)]


def _longest(narrative: Sequence[Prose]) -> Prose:
    return max(narrative, key=lambda prose: prose.word_count)


def _words(narrative: Sequence[Prose]) -> int:
    return sum(prose.word_count for prose in narrative)


def _narrative(filing: FilingView) -> tuple[Prose, ...]:
    """All items by sentence. Raises MissingOperandError when they hold too few words."""
    narrative = tuple(by_sentence(filing, prose.section) for prose in parts(filing))
    if (total := _words(narrative)) < LEAST_WORDS:
        raise MissingOperandError(
            MissingReason.TEXT_TOO_SHORT,
            f"the items hold {total} words of prose, and at least {LEAST_WORDS} are needed",
        )
    return narrative


def _prior_narrative(filing: FilingView) -> tuple[Prose, ...]:
    prior = filing.comparable_prior()
    try:
        return _narrative(prior)
    except MissingOperandError as error:
        raise MissingOperandError(error.reason, f"in the filing of a year earlier: {error}") from None


def _narrative_confidence(*narratives: Sequence[Prose]) -> Decimal:
    result = Decimal(1)
    for narrative in narratives:
        total = _words(narrative)
        found = sum(Decimal(str(prose.section.section.confidence)) * prose.word_count for prose in narrative)
        result *= min(Decimal(1), Decimal(total) / 1_500) * found / total
    return result


FUNCTIONS: Mapping[str, Callable[..., Computed]] = {
    "word_cosine": word_cosine,
    "word_jaccard": word_jaccard,
    "minimum_edit_similarity": minimum_edit_similarity,
    "carried_over_share": carried_over_share,
    "modification_score": modification_score,
    "new_sentence_share": new_sentence_share,
    "removed_sentence_share": removed_sentence_share,
    "repeated_share": repeated_share,
    "boilerplate_share": boilerplate_share,
}
