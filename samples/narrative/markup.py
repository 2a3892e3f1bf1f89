"""Prose as written in these modules, turned into blocks.

Pieces are separated by blank lines. A piece that begins with `# ` is a heading; `**…**` is bold; `[[code|words]]` is a
reference to another item. Line breaks inside a piece are spaces.
"""

from __future__ import annotations

import re

from samples.blocks import Block, Heading, Inline, Paragraph, Reference, Strong

_MARK = re.compile(r"\*\*(?P<strong>.+?)\*\*|\[\[(?P<code>[\w.]+)\|(?P<words>.+?)\]\]")


def prose_blocks(text: str) -> tuple[Block, ...]:
    return tuple(_block(" ".join(piece.split())) for piece in text.strip().split("\n\n"))


def _block(piece: str) -> Block:
    return Heading(piece[2:]) if piece.startswith("# ") else Paragraph(tuple(_content(piece)))


def _content(piece: str) -> list[Inline]:
    content: list[Inline] = []
    at = 0
    for mark in _MARK.finditer(piece):
        if mark.start() > at:
            content.append(piece[at : mark.start()])
        if strong := mark["strong"]:
            content.append(Strong(strong))
        else:
            content.append(Reference(mark["code"], mark["words"]))
        at = mark.end()
    if at < len(piece):
        content.append(piece[at:])
    return content
