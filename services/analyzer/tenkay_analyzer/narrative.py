"""The narrative of the embedded backend: a template over the analysis. It is not a model and never called one.

Every number in it is one of the analysis' own values, put as `wording` puts them; names of companies and forms are left
out, since they may hold digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from tenkay_analyzer.flags import Flag
from tenkay_analyzer.rating import NotRated, Overall
from tenkay_analyzer.reasons import Reason
from tenkay_analyzer.rules import Dimension, Severity
from tenkay_analyzer.wording import named, points, signed_points

BACKEND = "embedded/template-v1"
REASONS_NAMED = 3


def narrate(
    judgement: Overall | NotRated,
    flags: Sequence[Flag],
    reasons: Sequence[Reason],
    unrated: Sequence[Dimension],
    cap: float | None,
) -> str:
    """A few sentences that say the analysis. `reasons` by falling size of contribution."""
    match judgement:
        case NotRated(reason):
            sentences = [f"Not rated. {reason}", *_about_flags(flags)]
        case Overall() as rated:
            sentences = [
                _verdict(rated, cap),
                *_about_flags(flags),
                *_about_reasons("What lifts the score most", [r for r in reasons if r.contribution > 0]),
                *_about_reasons("What lowers it most", [r for r in reasons if r.contribution < 0]),
                *_about_unrated(unrated),
            ]
            if rated.low_confidence:
                sentences.append("The score lies so near to the next rating that its band reaches across.")
    return " ".join(sentences)


def _verdict(rated: Overall, cap: float | None) -> str:
    score = f"Rated {rated.rating}, with a score of {points(rated.score)} (band {points(rated.band)})"
    if cap is None or rated.uncapped_score <= cap:
        return f"{score}."
    return f"{score}; without the cap of the red flags it would be {points(rated.uncapped_score)}."


def _about_flags(flags: Sequence[Flag]) -> list[str]:
    if not flags:
        return ["No red flags were raised."]
    return [f"{_SEVERITY_WORDS[flag.severity]}: {flag.explanation}" for flag in flags]


_SEVERITY_WORDS = {
    Severity.CRITICAL: "Critical red flag",
    Severity.SERIOUS: "Serious red flag",
    Severity.WARN: "Warning",
}


def _about_reasons(opening: str, reasons: Sequence[Reason]) -> list[str]:
    worded = [
        f"{reason.label} of {reason.shown} ({signed_points(reason.contribution)})"
        if not reason.is_flag
        else f"{reason.label}: {reason.shown} ({signed_points(reason.contribution)})"
        for reason in islice(reasons, REASONS_NAMED)
    ]
    return [f"{opening}: {'; '.join(worded)}."] if worded else []


def _about_unrated(unrated: Sequence[Dimension]) -> list[str]:
    return [f"Not rated for want of signals: {', '.join(map(named, unrated))}."] if unrated else []
