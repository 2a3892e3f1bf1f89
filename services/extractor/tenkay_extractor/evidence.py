"""What proves a value: facts, passages, or a search that found nothing."""

from __future__ import annotations

from dataclasses import dataclass

from tenkay_extractor.facts import Fact

LONGEST_QUOTE = 300


@dataclass(frozen=True, slots=True)
class FactEvidence:
    """A fact, and the catalog's concept that it stands for."""

    concept: str
    fact: Fact
    accession_number: str = ""
    """Of the earlier filing that holds the fact; empty for a fact of the filing itself."""


@dataclass(frozen=True, slots=True)
class TextEvidence:
    """A passage: `text[start:end] == quote` in the normalised text with this digest."""

    document: str
    section: str
    """Code of the section that holds it; empty outside all sections."""
    text_sha256: str
    start: int
    end: int
    quote: str
    accession_number: str = ""
    """Of the earlier filing that holds the passage; empty for a passage of the filing itself."""


@dataclass(frozen=True, slots=True)
class SearchEvidence:
    """What was searched without a hit. `sections` is never empty."""

    sections: tuple[str, ...]
    text_sha256: str
    dismissed: tuple[TextEvidence, ...] = ()
    """Sentences that speak of the matter and do not state it."""


Evidence = FactEvidence | TextEvidence | SearchEvidence


def quote_span(text: str, start: int, end: int, focus: tuple[int, int]) -> tuple[int, int]:
    """At most LONGEST_QUOTE characters of text[start:end] around `focus`, cut between words."""
    if end - start <= LONGEST_QUOTE:
        return start, end
    focus_start = max(start, min(focus[0], end))
    lead = max(0, (LONGEST_QUOTE - (min(focus[1], end) - focus_start)) // 2)
    first = max(start, min(focus_start - lead, end - LONGEST_QUOTE))
    last = min(end, first + LONGEST_QUOTE)
    if first > start:
        space = text.find(" ", first, max(first, focus_start) + 1)
        first = space + 1 if space >= 0 else first
    if last < end:
        space = text.rfind(" ", max(first + 1, min(focus[1], last)), last)
        last = space if space >= 0 else last
    return first, last
