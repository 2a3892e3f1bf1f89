"""Rows on the tone of a text: shares of words of a list, net tone, and how they change.

The measure is that of Loughran and McDonald (2011), When is a liability not a liability?, Journal of Finance 66:
words of a list by all words. The lists are this project's own (tables/lexicons.yaml).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from math import fsum, log, sqrt

from tenkay_extractor.computed import Computed
from tenkay_extractor.concepts import evaluate
from tenkay_extractor.evidence import Evidence, TextEvidence
from tenkay_extractor.expressions import compile_expression
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.narrative import confidence, discussion, parts, section_prose
from tenkay_extractor.periods import Basis
from tenkay_extractor.reference_tables import DocumentFrequencies, ToneCoefficients
from tenkay_extractor.words import Prose

MOST_PASSAGES = 3
LEAST_TONE_WORDS = 20
LEAST_TONED_SENTENCES = 30


def word_share(filing: FilingView, *, section: str, lexicon: str) -> Computed:
    """Words of the list by all words of the section's prose."""
    prose = section_prose(filing, section)
    hits = prose.hits(lexicon)
    return Computed(
        len(hits) / prose.word_count,
        confidence(prose),
        (prose.opening, *prose.passages(hits, MOST_PASSAGES)),
        (f"{len(hits)} of {prose.word_count} words",),
    )


def word_share_change(filing: FilingView, *, section: str, lexicon: str) -> Computed:
    """`word_share` less that of the comparable prior filing."""
    prose, before = section_prose(filing, section), prior_prose(filing, section)
    hits, hits_before = prose.hits(lexicon), before.hits(lexicon)
    return Computed(
        len(hits) / prose.word_count - len(hits_before) / before.word_count,
        confidence(prose, before),
        (
            prose.opening,
            *prose.passages(hits, MOST_PASSAGES),
            *map(filing.comparable_prior().cited, before.passages(hits_before, 2)),
        ),
        (
            f"{len(hits)} of {prose.word_count} words, {len(hits_before)} of {before.word_count} a year earlier",
            compared_with(filing),
        ),
    )


def net_tone(filing: FilingView, *, section: str) -> Computed:
    """(positive - negative) / (positive + negative) words of the section.

    Henry and Leone (2016), Measuring qualitative information in capital markets research; at least 20 such words.
    """
    return net_tone_of(section_prose(filing, section))


def net_tone_of(prose: Prose) -> Computed:
    """`net_tone` of any prose."""
    value, positive, negative = tone_of(prose)
    return Computed(value, confidence(prose), _toned(prose), (tone_in_words(positive, negative),))


def net_tone_change(filing: FilingView, *, section: str) -> Computed:
    """`net_tone` less that of the comparable prior filing.

    Feldman, Govindaraj, Livnat and Segal (2010), Management's tone change, Review of Accounting Studies 15.
    """
    prose, before = section_prose(filing, section), prior_prose(filing, section)
    value, positive, negative = tone_of(prose)
    value_before, positive_before, negative_before = tone_of(before)
    return Computed(
        value - value_before,
        confidence(prose, before),
        (*_toned(prose), *map(filing.comparable_prior().cited, _toned(before)[1:])),
        (
            f"{tone_in_words(positive, negative)}; a year earlier {tone_in_words(positive_before, negative_before)}",
            compared_with(filing),
        ),
    )


def tone_dispersion(filing: FilingView) -> Computed:
    """Standard deviation, over the discussion's sentences with a tone word, of (positive - negative) / (both).

    Allee and DeAngelis (2015), The structure of voluntary disclosure narratives, Journal of Accounting Research 53.
    """
    prose = discussion(filing)
    positive, negative = _by_unit(prose, "positive"), _by_unit(prose, "negative")
    units = sorted(positive.keys() | negative.keys())
    if len(units) < LEAST_TONED_SENTENCES:
        raise MissingOperandError(
            MissingReason.TEXT_TOO_SHORT,
            f"{len(units)} sentences have a word of tone, and at least {LEAST_TONED_SENTENCES} are needed",
        )
    tones = [
        (positive.get(unit, 0) - negative.get(unit, 0)) / (positive.get(unit, 0) + negative.get(unit, 0))
        for unit in units
    ]
    mean = fsum(tones) / len(tones)
    deviation = sqrt(fsum((tone - mean) ** 2 for tone in tones) / len(tones))
    return Computed(
        deviation, confidence(prose), _toned(prose), (f"{len(units)} sentences with a word of tone",)
    )


def document_word_share(filing: FilingView, *, lexicon: str) -> Computed:
    """Words of the list by all words of the narrative: every item's prose, notes included."""
    narrative = parts(filing)
    total = _enough_words(narrative)
    hits = sum(len(prose.hits(lexicon)) for prose in narrative)
    densest = max(narrative, key=lambda prose: len(prose.hits(lexicon)))
    return Computed(
        hits / total,
        _narrative_confidence(narrative, total),
        (densest.opening, *densest.passages(densest.hits(lexicon), MOST_PASSAGES)),
        (f"{hits} of {total} words",),
    )


def document_weighted_tone(filing: FilingView, *, lexicon: str) -> Computed:
    """Sum over the list's words of (1 + ln tf) / (1 + ln mean tf) * ln(N / df), over the narrative.

    Loughran and McDonald (2011), section II.C; the mean is over the narrative's distinct words. df and N are of the
    table `document_frequencies`; a word it does not hold is taken as one that a single filing has.
    """
    narrative = parts(filing)
    total = _enough_words(narrative)
    table = filing.table(DocumentFrequencies)
    distinct: set[str] = set()
    found: dict[str, int] = {}
    for prose in narrative:
        distinct |= prose.counts.keys()
        for position in prose.hits(lexicon):
            word = prose.words[position].lower()
            found[word] = found.get(word, 0) + 1
    scale = 1 + log(total / len(distinct))
    value = fsum(
        (1 + log(found[word])) / scale * log(table.filings / table.of_word(word)) for word in sorted(found)
    )
    densest = max(narrative, key=lambda prose: len(prose.hits(lexicon)))
    return Computed(
        value,
        _narrative_confidence(narrative, total),
        (densest.opening, *densest.passages(densest.hits(lexicon), MOST_PASSAGES)),
        (f"{len(found)} distinct words of the list; table {table.name} {table.version}",),
    )


_OPERANDS = frozenset({"net_income", "assets", "revenue"})
_REGRESSORS = {
    name: (compile_expression(source, _OPERANDS), basis)
    for name, source, basis in (
        ("return_on_assets", "ann(net_income) / avg(assets)", Basis.YEAR_TO_DATE),
        ("loss", "flag(net_income < 0)", Basis.YEAR_TO_DATE),
        (
            "change_in_return_on_assets",
            "ann(net_income) / assets - ann(prior(net_income)) / prior(assets)",
            Basis.YEAR_TO_DATE,
        ),
        ("log_assets", "ln(assets)", Basis.YEAR_TO_DATE),
        ("revenue_growth", "(revenue - prior(revenue)) / abs(prior(revenue))", Basis.QUARTER),
    )
}


def abnormal_tone(filing: FilingView) -> Computed:
    """Net tone of the discussion less what the year's results explain of it, by the table's coefficients.

    Huang, Teoh and Zhang (2014), Tone management, The Accounting Review 89.
    """
    prose = discussion(filing)
    tone, positive, negative = tone_of(prose)
    resolver, table = filing.facts_resolver(), filing.table(ToneCoefficients)
    coefficients = table.by_year.get(resolver.period.end.year)
    if coefficients is None:
        raise MissingOperandError(
            MissingReason.TABLE_NOT_GIVEN,
            f"the table {table.name} {table.version} has no coefficients of {resolver.period.end.year}",
        )
    explained = [coefficients.constant]
    evidence: list[Evidence] = list(_toned(prose))
    least = confidence(prose)
    for name, (expression, basis) in _REGRESSORS.items():
        number, _, evaluation = evaluate(expression, resolver, basis)
        explained.append(getattr(coefficients, name) * float(number))
        evidence += evaluation.evidence()
        least = min(least, evaluation.confidence())
    return Computed(
        tone - fsum(explained),
        least,
        tuple(evidence),
        (
            tone_in_words(positive, negative),
            f"expected {fsum(explained):.4f} by table {table.name} {table.version}",
        ),
    )


# Shared with other rows


def tone_of(prose: Prose) -> tuple[float, int, int]:
    """(net tone, positive words, negative words). Raises MissingOperandError under LEAST_TONE_WORDS of them."""
    positive, negative = len(prose.hits("positive")), len(prose.hits("negative"))
    return net(positive, negative, LEAST_TONE_WORDS), positive, negative


def net(more: int, less: int, least: int, what: str = "words of tone") -> float:
    """(more - less) / (more + less). Raises MissingOperandError when both together are fewer than `least`."""
    if more + less < least:
        raise MissingOperandError(
            MissingReason.TEXT_TOO_SHORT, f"it holds {more + less} {what}, and at least {least} are needed"
        )
    return (more - less) / (more + less)


def tone_in_words(positive: int, negative: int) -> str:
    return f"{positive} praising and {negative} adverse words"


def prior_prose(filing: FilingView, section: str) -> Prose:
    """The section's prose in the comparable prior filing. Raises MissingOperandError, telling whose section it is."""
    prior = filing.comparable_prior()
    try:
        return section_prose(prior, section)
    except MissingOperandError as error:
        raise MissingOperandError(error.reason, f"in the filing of a year earlier: {error}") from None


def compared_with(filing: FilingView) -> str:
    """Which filing the comparison is with."""
    identity = filing.comparable_prior().content.identity
    return f"compared with {identity.accession_number or 'the filing given'} of {identity.period_end}"


def _toned(prose: Prose) -> tuple[TextEvidence, ...]:
    return (
        prose.opening,
        *prose.passages(prose.hits("negative"), 2),
        *prose.passages(prose.hits("positive"), 2),
    )


def _by_unit(prose: Prose, lexicon: str) -> dict[int, int]:
    found: dict[int, int] = {}
    for position in prose.hits(lexicon):
        unit = prose.unit_of(position)
        found[unit] = found.get(unit, 0) + 1
    return found


def _enough_words(narrative: tuple[Prose, ...]) -> int:
    total = sum(prose.word_count for prose in narrative)
    if total < 200:
        raise MissingOperandError(
            MissingReason.TEXT_TOO_SHORT,
            f"the items hold {total} words of prose, and at least 200 are needed",
        )
    return total


def _narrative_confidence(narrative: tuple[Prose, ...], total: int) -> Decimal:
    """Words weigh the confidence with which their items were found."""
    weighed = sum(Decimal(str(prose.section.section.confidence)) * prose.word_count for prose in narrative)
    return min(Decimal(1), Decimal(total) / 1_500) * weighed / total


FUNCTIONS: Mapping[str, Callable[..., Computed]] = {
    "word_share": word_share,
    "word_share_change": word_share_change,
    "net_tone": net_tone,
    "net_tone_change": net_tone_change,
    "tone_dispersion": tone_dispersion,
    "document_word_share": document_word_share,
    "document_weighted_tone": document_weighted_tone,
    "abnormal_tone": abnormal_tone,
}
