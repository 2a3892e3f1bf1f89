"""The normalised text of a document: one block (paragraph, heading, table row) a line, white space folded.

Sections and text evidence are offsets into this text, so it depends on nothing but the document's bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from selectolax.lexbor import LexborHTMLParser

from tenkay_extractor.inline_xbrl import inline_header_spans
from tenkay_extractor.submission import Document, Markup, decode
from tenkay_extractor.xml_documents import UnreadableXmlError, xml_lines


@dataclass(frozen=True, slots=True)
class NormalisedText:
    """A document's text. Offsets count Unicode code points."""

    document: str
    text: str
    sha256: str
    """SHA-256 of the text's UTF-8 bytes, in hex."""


def normalise(document: Document) -> NormalisedText:
    """The text of a document that has one; binary parts, XBRL instances and unreadable XML have an empty one."""
    if document.markup in (Markup.HTML, Markup.INLINE_XBRL):
        text = "\n".join(_html_blocks(document.content, inline=document.markup is Markup.INLINE_XBRL))
    elif document.markup is Markup.TEXT:
        text = "\n".join(_plain_blocks(decode(document.content)))
    elif document.markup is Markup.XML:
        text = "\n".join(_xml_blocks(document.content))
    else:
        text = ""
    return plain_text(document.filename, text)


def plain_text(document: str, text: str) -> NormalisedText:
    """`text`, already normalised, as the text of a document of this name."""
    return NormalisedText(document, text, hashlib.sha256(text.encode("utf-8", "replace")).hexdigest())


def _xml_blocks(content: bytes) -> list[str]:
    try:
        return xml_lines(content)
    except UnreadableXmlError:
        return []


# HTML. Block ends are marked in the source with form feeds before it is parsed: they are white space to HTML, so they
# stay where they are even between table rows, and the parser's own text is then cut at them. Walking the tree in Python
# instead costs five times the parse.

_BLOCK = "\x0c"
_LINE = "\x0b"
_BLOCK_TAGS = re.compile(
    rb"<(?=/?(?:[pP]|[dD][iI][vV]|[tT][rR]|[lL][iI]|[hH][1-6rR]|[tT][aA][bB][lL][eE]|[uUoO][lL]|[dD][tTdD]"
    rb"|[cC][eE][nN][tT][eE][rR]|[pP][rR][eE]|[bB][lL][oO][cC][kK][qQ][uU][oO][tT][eE])[\s>/])"
)
_LINE_TAGS = re.compile(rb"<[bB][rR](?=[\s>/])")
_CELL_TAGS = re.compile(rb"</?(?=[tT][dDhH][\s>])")
_PREFORMATTED = re.compile(rb"<pre\b[^<>]*>.*?(?:</pre\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_NEWLINE = re.compile(rb"\r\n?|\n")
_PAGE_TAG = re.compile(rb"<PAGE>", re.IGNORECASE)
_SWALLOWING = re.compile(
    rb"<(title|script|style|textarea|xmp|iframe|noembed|noframes)\b[^<>]*/>", re.IGNORECASE
)
_SKIPPED_TAGS = ["script", "style", "noscript", "template"]


def _html_blocks(content: bytes, *, inline: bool) -> list[str]:
    if inline:
        content = _cut(content, inline_header_spans(content))
    if b"/>" in content:  # XHTML's <title/> opens an element that HTML never closes
        content = _SWALLOWING.sub(b"", content)
    content = content.replace(b"\x0c", b" ").replace(b"\x0b", b" ").replace(b"\x00", b"")
    content = _PAGE_TAG.sub(b"\x0c", content)
    if b"<pre" in content or b"<PRE" in content or b"<Pre" in content:
        content = _PREFORMATTED.sub(lambda region: _NEWLINE.sub(b"\x0b\n", region.group()), content)
    content = _BLOCK_TAGS.sub(b"\x0c<", content)
    content = _LINE_TAGS.sub(b"\x0b<br", content)
    content = content.replace(b"</td", b" </td").replace(b"</TD", b" </TD").replace(b"</th", b" </th")
    if _deepest(content) > _DEEPEST:
        content = _NESTING_TAGS.sub(b"", content)  # the blocks are marked already
    parser = LexborHTMLParser(decode(content))
    root = parser.body or parser.root
    if root is None:
        return []
    parser.strip_tags(_SKIPPED_TAGS)
    blocks: list[str] = []
    for block in root.text(separator="").split(_BLOCK):
        if _LINE in block:
            blocks += _blocks_of_lines(block.split(_LINE))
        elif folded := " ".join(block.split()):
            blocks.append(folded)
    return blocks


# The parser looks through all open elements at each block tag, so its time grows with the square of their depth: 0.04 s
# for 5,000, a minute for 100,000. Filings nest a few dozen.
_DEEPEST = 2_000
_NESTING = re.compile(
    rb"<(/?)(?:div|pre|[uod]l|blockquote|center|form|section|article|main|nav|aside|header|footer|fieldset|figure|dir"
    rb"|menu|address|details|h[1-6])(?=[\s>/])",
    re.IGNORECASE,
)
_NESTING_TAGS = re.compile(_NESTING.pattern + rb"[^<>]*+>?", re.IGNORECASE)


def _deepest(content: bytes) -> int:
    """How deep block elements lie in one another, unclosed ones counted."""
    tags = _NESTING.findall(content)
    if len(tags) <= _DEEPEST:
        return 0
    return max(accumulate(-1 if tag else 1 for tag in tags))


def _cut(content: bytes, spans: Iterable[tuple[int, int]]) -> bytes:
    pieces = []
    position = 0
    for start, end in spans:
        pieces.append(content[position:start])
        position = max(position, end)
    pieces.append(content[position:])
    return b"".join(pieces)


# Plain text, as filed until about 2001 and inside <PRE>.

_SGML_LINE = re.compile(
    r"^\s*</?(?:PAGE|TABLE|CAPTION|S|C|FN|F\d+|R|TEXT|MULTIPLIER|LEGEND)>.*$", re.IGNORECASE
)
_PAGE_LINE = re.compile(r"^\s*<PAGE>", re.IGNORECASE)
_SGML_TAG = re.compile(r"</?(?:PAGE|TABLE|CAPTION|S|C|FN|F\d+|R|TEXT)>", re.IGNORECASE)
_BARE_NUMBER = re.compile(r"^\s*(?:-\s*)?(?:page\s+)?(?:[A-Z]-)?\d{1,4}(?:\s*-)?\s*$", re.IGNORECASE)
_COLUMNS = re.compile(r"\S(?: {3,}|\t+ *|\.{4,})\S")
_LABEL_START = re.compile(
    r"^\s*(?:(?i:items?)\s+\d{1,2}(?:\.\d\d|\s?\(?[A-Ca-c]\b\)?)?\s*(?:[.:\u2013\u2014-]|$|[A-Z(])"
    r"|(?i:part)\s+[IVX]+\s*(?:$|[.,:;\u2013\u2014-])|(?i:signatures?)\s*$)"
)
_ENDS_SENTENCE = re.compile(r"[.!?:;][\"')\]]*$")
_TABLE_OPEN = re.compile(r"<TABLE>", re.IGNORECASE)
_TABLE_CLOSE = re.compile(r"</TABLE>", re.IGNORECASE)


def _plain_blocks(text: str) -> list[str]:
    blocks: list[str] = []
    paragraph: list[str] = []
    in_table = after_page = False
    open_end = False  # the block before the page break may go on after it

    def finish() -> None:
        nonlocal paragraph, open_end
        made = _blocks_of_lines(paragraph)
        paragraph = []
        if not made:
            return
        if open_end and blocks and made[0][:1].islower() and not _ENDS_SENTENCE.search(blocks[-1]):
            blocks[-1] = f"{blocks[-1]} {made.pop(0)}"
        open_end = False
        blocks.extend(made)

    for line in text.expandtabs().splitlines():
        if _TABLE_OPEN.search(line):
            finish()
            in_table = True
        closes_table = bool(_TABLE_CLOSE.search(line))
        if _PAGE_LINE.match(line):
            if paragraph and _BARE_NUMBER.match(paragraph[-1]):
                paragraph.pop()
            finish()
            if blocks and _BARE_NUMBER.match(blocks[-1]):
                blocks.pop()
            after_page = open_end = True
        elif _SGML_LINE.match(line):
            rest = _SGML_TAG.sub(" ", line).strip()
            finish()
            if rest and not closes_table:
                blocks.append(" ".join(rest.split()))
        elif not line.strip():
            finish()
        elif after_page and _BARE_NUMBER.match(line):
            after_page = False
        elif in_table:
            finish()
            blocks.append(" ".join(line.split()))
            open_end = False
        else:
            after_page = False
            paragraph.append(line)
        if closes_table:
            in_table = False
    finish()
    return blocks


def _blocks_of_lines(lines: list[str]) -> list[str]:
    """Joins lines that were wrapped; table rows, headings and labels stay blocks of their own."""
    blocks: list[str] = []
    current = ""
    indent = 0
    joins = False
    for line in lines:
        folded = " ".join(line.split())
        if not folded:
            joins = False
            continue
        line_indent = len(line) - len(line.lstrip())
        is_row = bool(_COLUMNS.search(line.strip())) and not _LABEL_START.match(line)
        if joins and not is_row and not _starts_block(current, folded, line_indent - indent):
            current = current + folded if current.endswith("-") else f"{current} {folded}"
        else:
            if current:
                blocks.append(current)
            current = folded
        indent = line_indent
        joins = not is_row
    if current:
        blocks.append(current)
    return blocks


def _starts_block(current: str, line: str, deeper: int) -> bool:
    """True when `line` does not go on with `current`, the block so far."""
    if _LABEL_START.match(line):
        return True
    if current.isupper() and not line.isupper():
        return True
    ended = bool(_ENDS_SENTENCE.search(current))
    if ended and deeper >= 2:
        return True
    return ended and line.isupper()
