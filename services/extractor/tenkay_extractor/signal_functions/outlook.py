"""Rows on what the discussion says of the future, of causes, and of time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain

from tenkay_extractor.computed import Computed
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.lexicons import load_lexicons
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.narrative import confidence, discussion
from tenkay_extractor.signal_functions.tone import LEAST_TONE_WORDS, net, tone_in_words
from tenkay_extractor.words import Prose

LEAST_FORWARD_LOOKING = 20  # sentences
LEAST_CAUSAL = 10
LEAST_HORIZON_WORDS = 20


def forward_looking_share(filing: FilingView) -> Computed:
    """Sentences that look ahead by all sentences of the discussion.

    Li (2010), The information content of forward-looking statements, Journal of Accounting Research 48; Muslu et al.
    (2015).
    """
    prose = discussion(filing)
    ahead = prose.once(forward_looking)
    return Computed(
        len(ahead) / prose.unit_count,
        confidence(prose),
        (prose.opening, *(prose.passage(unit) for unit in sorted(ahead)[:3])),
        (f"{len(ahead)} of {prose.unit_count} sentences",),
    )


def forward_looking_tone(filing: FilingView) -> Computed:
    """(positive - negative) / (positive + negative) words of the sentences that look ahead. Li (2010)."""
    prose = discussion(filing)
    ahead = _enough(prose.once(forward_looking))
    positive = [position for position in prose.hits("positive") if prose.unit_of(position) in ahead]
    negative = [position for position in prose.hits("negative") if prose.unit_of(position) in ahead]
    value = net(len(positive), len(negative), LEAST_TONE_WORDS)
    return Computed(
        value,
        confidence(prose),
        (prose.opening, *prose.passages(negative, 2), *prose.passages(positive, 2)),
        (f"{tone_in_words(len(positive), len(negative))} in {len(ahead)} sentences that look ahead",),
    )


def quantified_outlook_share(filing: FilingView) -> Computed:
    """Sentences that look ahead and name an amount, a percentage or a range, by all that look ahead.

    Bozanic, Roulstone and Van Buskirk (2018), Management earnings forecasts and other forward-looking statements,
    Journal of Accounting and Economics 65.
    """
    prose = discussion(filing)
    ahead = _enough(prose.once(forward_looking))
    quantified = [unit for unit in sorted(ahead) if _names_amount(prose.text(unit))]
    return Computed(
        len(quantified) / len(ahead),
        confidence(prose),
        (prose.opening, *(prose.passage(unit) for unit in quantified[:3])),
        (f"{len(quantified)} of {len(ahead)} sentences that look ahead",),
    )


def _names_amount(sentence: str) -> bool:
    return bool(_DIGIT.search(sentence) and _AMOUNT.search(sentence))


_DIGIT = re.compile(r"\d")
_AMOUNT = re.compile(
    r"[$\u20ac\u00a3\u00a5]\s?\d|\d\s?%|\b\d[\d,.]*\s(?:percent|per cent|million|billion|thousand|basis points|cents)\b"
    r"|(?<![\d,.])\d{1,3}(?:[.,]\d+)?\s?(?:to|-|\u2013)\s?\d{1,3}(?:[.,]\d+)?(?![\d,.-])",
    re.IGNORECASE,
)


# Which sentences look ahead

_SAFE_HARBOUR = re.compile(r"forward.looking statement|private securities litigation reform", re.IGNORECASE)
_NOW = frozenset({"is", "are", "be", "am"})
_SUBJECTS = frozenset({"we", "company", "management", "it", "they", "registrant", "and", "also", "currently"})


@dataclass(frozen=True, slots=True)
class _Context:
    """Among which neighbours a word looks ahead; an empty set asks for nothing."""

    before: frozenset[str] = frozenset()
    """One of these is one or two words before it."""
    after: frozenset[str] = frozenset()
    """One of these is next."""


_TO = frozenset({"to"})
_THAT = frozenset({"that"})
_OWN = frozenset({"our", "its"})
_FORECAST = _Context(before=_SUBJECTS)
_PLANNED = _Context(before=_NOW)
_ESTIMATED = _Context(before=_NOW, after=frozenset({"to", "that", "at"}))
_CONTEXTS: dict[str, tuple[_Context, ...]] = {
    **dict.fromkeys(
        ("anticipated", "expected", "intended", "planned", "projected", "forecasted"), (_PLANNED,)
    ),
    **dict.fromkeys(("believed", "budgeted", "estimated", "predicted", "targeted"), (_ESTIMATED,)),
    **dict.fromkeys(("estimate", "estimates"), (_Context(before=_SUBJECTS, after=_THAT),)),
    **dict.fromkeys(("aim", "plan", "plans"), (_Context(after=_TO),)),
    **dict.fromkeys(("budget", "forecast", "project", "target"), (_FORECAST,)),
    **dict.fromkeys(("objective", "objectives", "targets", "forecasts", "budgets"), (_Context(before=_OWN),)),
    **dict.fromkeys(("projection", "projections"), (_Context(),)),
}


def forward_looking(prose: Prose) -> frozenset[int]:
    """Numbers of the sentences that look ahead: with a word of the future, or one that is so among its neighbours.

    Safe-harbour sentences, which speak about such statements, do not. "Should be read" is an instruction, "was
    expected" is past, and "plan" is a verb only before "to".
    """
    direct = (position for position in prose.hits("forward") if not _is_instruction(prose, position))
    in_context = (position for position in prose.hits("forward_in_context") if _looks_ahead(prose, position))
    ahead = prose.units_of(chain(direct, in_context))
    return frozenset(unit for unit in ahead if not _SAFE_HARBOUR.search(prose.text(unit)))


def _is_instruction(prose: Prose, position: int) -> bool:
    return prose.words[position : position + 3] == ["should", "be", "read"]


def _looks_ahead(prose: Prose, position: int) -> bool:
    unit = prose.unit_of(position)
    before = set(map(str.lower, prose.words[max(prose.starts[unit], position - 2) : position]))
    after = set(map(str.lower, prose.words[position + 1 : min(prose.end_of(unit), position + 2)]))
    return any(
        (not context.before or before & context.before) and (not context.after or after & context.after)
        for context in _CONTEXTS.get(prose.words[position].lower(), ())
    )


def _enough(ahead: frozenset[int]) -> frozenset[int]:
    if len(ahead) < LEAST_FORWARD_LOOKING:
        raise MissingOperandError(
            MissingReason.TEXT_TOO_SHORT,
            f"{len(ahead)} sentences look ahead, and at least {LEAST_FORWARD_LOOKING} are needed",
        )
    return ahead


# Causes


def self_serving_attribution(filing: FilingView) -> Computed:
    """Share of adverse sentences on causes that name an outside one, plus that of praising ones that name an inside
    one, less 1.

    Bettman and Weitz (1983), Attributions in the board room; a sentence on causes has a word of the list `causal`.
    """
    prose = discussion(filing)
    causal = prose.units_of(prose.hits("causal"))
    if len(causal) < LEAST_CAUSAL:
        raise MissingOperandError(
            MissingReason.TEXT_TOO_SHORT,
            f"{len(causal)} sentences name a cause, and at least {LEAST_CAUSAL} are needed",
        )
    balance = dict.fromkeys(causal, 0)
    for lexicon, weight in (("positive", 1), ("negative", -1)):
        for position in prose.hits(lexicon):
            unit = prose.unit_of(position)
            if unit in balance:
                balance[unit] += weight
    adverse = {unit for unit, tone in balance.items() if tone < 0}
    praising = {unit for unit, tone in balance.items() if tone > 0}
    if not adverse or not praising:
        raise MissingOperandError(
            MissingReason.ZERO_DENOMINATOR,
            f"of the sentences that name a cause, {len(adverse)} are adverse and {len(praising)} praising:"
            " it takes both",
        )
    blamed = _holding(prose, adverse, "external")
    credited = _holding(prose, praising, "internal")
    return Computed(
        len(blamed) / len(adverse) + len(credited) / len(praising) - 1,
        confidence(prose),
        (
            prose.opening,
            *(prose.passage(unit) for unit in sorted(blamed)[:2]),
            *(prose.passage(unit) for unit in sorted(credited)[:2]),
        ),
        (
            f"{len(blamed)} of {len(adverse)} adverse sentences name an outside cause,"
            f" {len(credited)} of {len(praising)} praising ones an inside one",
        ),
    )


def _holding(prose: Prose, units: set[int], lexicon: str) -> set[int]:
    words = load_lexicons()[1][lexicon].words
    return {unit for unit in units if not words.isdisjoint(map(str.lower, prose.unit(unit)))}


# Time


def time_orientation(filing: FilingView) -> Computed:
    """(long - short) / (long + short) words of the lists of horizons, in the discussion.

    Brochet, Loumioti and Serafeim (2015), Speaking of the short-term, Review of Accounting Studies 20.
    """
    prose = discussion(filing)
    long_words, short_words = prose.hits("long_horizon"), prose.hits("short_horizon")
    value = net(len(long_words), len(short_words), LEAST_HORIZON_WORDS, "words of time")
    return Computed(
        value,
        confidence(prose),
        (prose.opening, *prose.passages(long_words, 1), *prose.passages(short_words, 1)),
        (f"{len(long_words)} words of long and {len(short_words)} of short horizons",),
    )


FUNCTIONS: Mapping[str, Callable[..., Computed]] = {
    "forward_looking_share": forward_looking_share,
    "forward_looking_tone": forward_looking_tone,
    "quantified_outlook_share": quantified_outlook_share,
    "self_serving_attribution": self_serving_attribution,
    "time_orientation": time_orientation,
}
