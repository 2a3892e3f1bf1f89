"""A quote in the passage around it, cut from the stored text; nothing is shown that the text does not say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DEFAULT_CONTEXT_CHARACTERS = 400
MAX_CONTEXT_CHARACTERS = 4_000
MAX_QUOTE_CHARACTERS = 300
"""Of a quote, as the extractor promises."""
MAX_QUOTES = 100
"""Quotes of one signal that are shown in context."""


class NoPassage(StrEnum):
    """Why a quote is shown alone; named as in the protos."""

    TEXT_NOT_STORED = "TEXT_NOT_STORED"
    QUOTE_NOT_IN_TEXT = "QUOTE_NOT_IN_TEXT"
    TEXT_DAMAGED = "TEXT_DAMAGED"
    TOO_MANY_QUOTES = "TOO_MANY_QUOTES"


DETAILS = {
    NoPassage.TEXT_NOT_STORED: "the text that holds the quote is not stored; ingest its filing again to have it",
    NoPassage.QUOTE_NOT_IN_TEXT: "the stored text does not have the quote in its place, so nothing is shown around it",
    NoPassage.TEXT_DAMAGED: "the stored text is damaged; ingest its filing again to mend it",
    NoPassage.TOO_MANY_QUOTES: f"only the first {MAX_QUOTES} quotes of a signal are shown in context",
}


@dataclass(frozen=True, slots=True)
class Quote:
    """A place in a text, by code points, and what is said to stand there."""

    start: int
    end: int
    text: str

    @property
    def is_plausible(self) -> bool:
        """Whether it may be what an extractor gives: as long as it says, and not longer than quotes are."""
        return self.start <= self.end <= self.start + MAX_QUOTE_CHARACTERS and len(self.text) == (
            self.end - self.start
        )


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a text to read for a quote."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """What was read for a window."""

    text: str
    text_length: int
    """Of the whole text."""


@dataclass(frozen=True, slots=True)
class InContext:
    """A quote in its passage, or the reason why it stands alone."""

    passage: str = ""
    start: int = 0
    """Of the passage in the text."""
    quote_offset: int = 0
    """Of the quote in the passage."""
    is_cut_before: bool = False
    is_cut_after: bool = False
    reason: NoPassage | None = None


def window(quote: Quote, context_characters: int) -> Window:
    """What to read for a quote; it may go beyond the text's end."""
    return Window(max(0, quote.start - context_characters), quote.end + context_characters)


def in_context(quote: Quote, read: Window, passage: Passage | NoPassage) -> InContext:
    """The quote in what was read. QUOTE_NOT_IN_TEXT when it does not stand there."""
    if isinstance(passage, NoPassage):
        return InContext(reason=passage)
    offset = quote.start - read.start
    if not quote.is_plausible or passage.text[offset : offset + len(quote.text)] != quote.text:
        return InContext(reason=NoPassage.QUOTE_NOT_IN_TEXT)
    return InContext(
        passage.text,
        read.start,
        offset,
        is_cut_before=read.start > 0,
        is_cut_after=read.start + len(passage.text) < passage.text_length,
    )
