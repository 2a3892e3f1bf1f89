"""Text from filings and servers, made safe to print: it may hold anything, a terminal's control codes included."""

from __future__ import annotations


def one_line(text: str) -> str:
    """The text on one line, white space folded, without characters that do not print."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
