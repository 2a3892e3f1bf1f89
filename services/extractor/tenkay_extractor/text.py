"""The normalised text of a document: one block (paragraph, heading, table row) a line, white space folded.

Sections and text evidence are offsets into this text, so it depends on nothing but the document's bytes.

Work is done on whole arrays of bytes: an annual report has 30,000 tags and 15,000 lines, and a step of Python for each
costs more than parsing the page does.
"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from tenkay_extractor.submission import Document, Markup, decode
from tenkay_extractor.xml_documents import UnreadableXmlError, xml_lines

_Bytes = NDArray[np.uint8]
_Positions = NDArray[np.intp]
_Flags = NDArray[np.bool_]


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
        raw = _html_text(document.content, inline=document.markup is Markup.INLINE_XBRL)
    elif document.markup is Markup.TEXT:
        raw = _plain_text(document.content)
    elif document.markup is Markup.XML:
        raw = _xml_text(document.content)
    else:
        raw = b""
    return NormalisedText(document.filename, raw.decode("utf-8"), hashlib.sha256(raw).hexdigest())


def plain_text(document: str, text: str) -> NormalisedText:
    """`text`, already normalised, as the text of a document of this name."""
    return NormalisedText(document, text, hashlib.sha256(text.encode("utf-8", "replace")).hexdigest())


def _xml_text(content: bytes) -> bytes:
    try:
        return "\n".join(xml_lines(content)).encode("utf-8", "replace")
    except UnreadableXmlError:
        return b""


# While a text is made, three bytes stand for what parts it. All other white space is a space by then.

_BLOCK = 0x0C
"""A block ends."""
_LINE = 0x0B
"""A line ends, and the block may go on in the next."""
_CELL = 0x1F
"""A table cell ends."""
_SPACE = 0x20
_CONTROLS_TO_SPACE = bytes(_SPACE if code < 0x21 or code == 0x7F else code for code in range(256))
_ONCE_SEPARATORS_STAND = bytes(
    code if code in (_BLOCK, _LINE, _CELL) or not (code < 0x21 or code == 0x7F) else _SPACE
    for code in range(256)
)


# HTML. Tags are the stretches from "<" to the next ">"; each is replaced by what it means for the text: the end of a
# block, the end of a line, a space between cells, or nothing. How deep tags are nested plays no part.

_CHUNK = 2**19
"""Bytes worked on at once, so that memory grows with the file by a small factor only."""


def _html_text(content: bytes, *, inline: bool) -> bytes:
    if inline:
        content = _without_inline_headers(content)
    if b"\x00" in content:
        content = content.replace(b"\x00", b"")
    for separator in (b"\x0b", b"\x0c", b"\x1f"):
        if separator in content:
            content = content.replace(separator, b" ")
    pieces: list[bytes] = []
    position = 0
    while position < len(content):
        piece, position = _without_tags(content, position, _cut_of(content, position, b"<>; \n"))
        pieces.append(_characters(piece))
    return _folded(b"".join(pieces))


def _cut_of(text: bytes, position: int, separators: bytes) -> int:
    """Where to stop work on this stretch: at the first of these bytes that comes soon."""
    if len(text) - position <= 2 * _CHUNK:
        return len(text)
    for separator in separators:
        cut = text.find(separator, position + _CHUNK, position + 2 * _CHUNK)
        if cut >= 0:
            return cut
    return position + 2 * _CHUNK


def _without_inline_headers(content: bytes) -> bytes:
    """Cuts every ix:header, whose content is shown on no page."""
    pieces: list[bytes] = []
    position = 0
    while True:
        name = content.find(b":header", position)
        opening = content.rfind(b"<", max(position, name - 64), name) if name >= 0 else -1
        if name >= 0 and (opening < 0 or not _PREFIX.fullmatch(content, opening + 1, name)):
            pieces.append(content[position : name + 7])
            position = name + 7
            continue
        closing = _HEADER_CLOSE.search(content, name) if name >= 0 else None
        if closing is None:
            break
        pieces.append(content[position:opening])
        position = closing.end()
    pieces.append(content[position:])
    return b"".join(pieces)


_PREFIX = re.compile(rb"[\w.-]+")
_HEADER_CLOSE = re.compile(rb"</[\w.-]{1,60}:header\s*>")

_NOTHING, _ENDS_BLOCK, _ENDS_LINE, _ENDS_CELL, _SPECIAL = range(5)
_SEPARATORS = np.array([0, _BLOCK, _LINE, _CELL, 0], np.uint8)


def _kinds_of_tags() -> _Bytes:
    """What a tag does, by the first two letters of its name in lower case, as (first << 8) | second.

    Two letters tell the elements apart that HTML has; where they do not, the rarer one is treated as its neighbour
    ("track" as "tr").
    """
    kinds = np.zeros(65_536, np.uint8)

    def put(first: str, seconds: str, kind: int) -> None:
        for second in seconds:
            kinds[(ord(first) << 8) | ord(second)] = kind

    ends_of_name = " />*)-,"  # white space of the C0 range too: it has bit 0x20 set when it gets here
    put("p", ends_of_name, _ENDS_BLOCK)
    put("p", "a", _ENDS_BLOCK)  # <PAGE> of text filings
    put("h", "123456r", _ENDS_BLOCK)
    put("d", "iltd", _ENDS_BLOCK)
    for first, second in ("tr", "li", "ta", "ul", "ol", "ce", "bl", "ca", "ar", "fi"):
        put(first, second, _ENDS_BLOCK)
    put("b", "r", _ENDS_LINE)
    put("t", "dh", _ENDS_CELL)
    for first, second in ("pr", "sc", "st", "ti", "te", "no", "!-", "se"):
        put(first, second, _SPECIAL)
    return kinds


_KINDS_OF_TAGS = _kinds_of_tags()
_OPENS_TAG = np.zeros(256, np.bool_)
_OPENS_TAG[list(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/!?")] = True


def _without_tags(content: bytes, start: int, cut: int) -> tuple[bytes, int]:
    """The text between the tags of content[start:cut], and where to go on: at `cut`, or behind what reaches over it."""
    data = np.frombuffer(content, np.uint8, cut - start, start)
    opens = np.flatnonzero(data == 0x3C)
    opens = opens[: np.searchsorted(opens, data.size - 2)]  # "<b>" at the shortest
    first, second = data[opens + 1], data[opens + 2]
    is_tag = _OPENS_TAG[first]
    if not is_tag.all():
        opens, first, second = opens[is_tag], first[is_tag], second[is_tag]
    opens, closes = _tag_ends(content, start, data, opens)
    if opens.size != first.size:
        first, second = data[opens + 1], data[opens + 2]
    if not opens.size:
        return data.tobytes(), cut
    closing = first == 0x2F
    third = data[np.minimum(opens + 3, data.size - 1)]
    names = (np.where(closing, second, first) | 0x20).astype(np.uint16) << 8
    names |= np.where(closing, third, second) | 0x20
    kinds = _KINDS_OF_TAGS[names]
    resume = cut
    special = np.flatnonzero(kinds == _SPECIAL)
    if special.size:
        opens, closes, kinds, resume, data = _specials(content, start, data, opens, closes, kinds, special)
    separators = _SEPARATORS[kinds]
    parts = separators > 0
    if not data.flags.writeable:
        data = data.copy()
    data[closes[parts]] = separators[parts]  # the ">" of a tag is where its separator stands
    starts = np.empty(opens.size + 1, np.intp)
    starts[0] = 0
    np.subtract(closes + 1, parts, out=starts[1:])
    ends = np.append(opens, data.size)
    lengths = ends - starts
    if resume > cut:
        lengths[-1] = 0
    there = lengths > 0
    starts, lengths = starts[there], lengths[there]
    return data[_places(starts, lengths)].tobytes(), resume


def _places(starts: _Positions, lengths: _Positions) -> _Positions:
    """Every place of the stretches that begin at `starts`."""
    reach = np.cumsum(lengths)
    places = np.repeat(starts - (reach - lengths), lengths)
    places += np.arange(places.size)
    return places


def _tag_ends(content: bytes, start: int, data: _Bytes, opens: _Positions) -> tuple[_Positions, _Positions]:
    """Where each tag opens and closes. A "<" inside a tag is none of its own; a tag that never closes ends the data."""
    closes = np.flatnonzero(data == 0x3E)
    if opens.size == closes.size and bool((opens < closes).all()) and bool((closes[:-1] < opens[1:]).all()):
        return opens, closes
    at = np.searchsorted(closes, opens)
    ends = np.append(closes, data.size - 1)[at]
    alone = np.ones(ends.size, np.bool_)
    np.not_equal(ends[1:], ends[:-1], out=alone[1:])
    opens, ends, at = opens[alone], ends[alone], at[alone]
    # More than one ">" before the next tag: one may stand in a quoted attribute.
    several = np.flatnonzero(np.diff(np.append(at, closes.size)) > 1)[:_MOST_QUOTED]
    moved = False
    for tag in several.tolist():
        opening, end = int(opens[tag]), int(ends[tag])
        quote = b'"' if content.find(b'="', start + opening, start + end) >= 0 else b"'"
        if content.count(quote, start + opening, start + end) % 2:
            quoted = content.find(quote, start + end, start + end + _LONGEST_QUOTED)
            end = content.find(b">", quoted, start + data.size) if quoted >= 0 else -1
            if end >= 0:
                ends[tag] = end - start
                moved = True
    if moved:
        reached = np.maximum.accumulate(ends)
        outside = np.ones(ends.size, np.bool_)
        np.greater(opens[1:], reached[:-1], out=outside[1:])
        opens, ends = opens[outside], ends[outside]
    return opens, ends


_MOST_QUOTED = 2_000
_LONGEST_QUOTED = 2_000
_DROPPED = re.compile(rb"<(script|style|noscript|template|title)\b[^<>]{0,500}(/?)>", re.IGNORECASE)
_PREFORMATTED = re.compile(rb"<pre\b", re.IGNORECASE)
_SECTION_TAG = re.compile(rb"</?section\b", re.IGNORECASE)
_CLOSINGS = {
    name: re.compile(rb"</" + name + rb"\b[^<>]{0,100}>?", re.IGNORECASE)
    for name in (b"script", b"style", b"noscript", b"template", b"title", b"pre")
}


def _specials(
    content: bytes,
    start: int,
    data: _Bytes,
    opens: _Positions,
    closes: _Positions,
    kinds: _Bytes,
    special: _Positions,
) -> tuple[_Positions, _Positions, _Bytes, int, _Bytes]:
    """Takes out what is no text (comments, scripts, styles, the title) and marks the lines of preformatted text.

    What has no end is read as if its tag stood alone.
    """
    kinds = kinds.copy()
    closes = closes.copy()
    endless: set[bytes] = set()
    skipped = marked = -1
    resume = start + data.size
    covered: list[tuple[int, int]] = []
    for tag in special.tolist():
        kinds[tag] = _NOTHING
        opening = start + int(opens[tag])
        if opening < skipped:
            continue
        if content.startswith(b"<!--", opening):
            end = content.find(b"-->", opening + 4) if b"!--" not in endless else -1
            if end < 0:
                endless.add(b"!--")
                continue
            end += 3
        elif dropped := _DROPPED.match(content, opening):
            name = dropped.group(1).lower()
            if dropped.group(2) or name in endless:  # XHTML's <title/> opens an element that is empty
                continue
            closing = _CLOSINGS[name].search(content, dropped.end())
            if closing is None:
                endless.add(name)
                continue
            end = closing.end()
        else:
            if _PREFORMATTED.match(content, opening):
                kinds[tag] = _ENDS_BLOCK
                if opening >= marked:
                    data, marked = _mark_lines(content, start, data, opening)
            elif content[opening : opening + 5].lower() == b"</pre" or _SECTION_TAG.match(content, opening):
                kinds[tag] = _ENDS_BLOCK
            continue
        skipped = end
        closes[tag] = min(end - start, data.size) - 1
        covered.append((tag, int(np.searchsorted(opens, end - start))))
        resume = max(resume, end)
    if covered:
        kept = np.ones(opens.size, np.bool_)
        for tag, behind in covered:
            kept[tag + 1 : behind] = False
        opens, closes, kinds = opens[kept], closes[kept], kinds[kept]
    return opens, closes, kinds, resume, data


def _mark_lines(content: bytes, start: int, data: _Bytes, opening: int) -> tuple[_Bytes, int]:
    """The data with its newlines from a <pre> to its end made line ends, and where that end is."""
    closing = _CLOSINGS[b"pre"].search(content, opening, start + data.size)
    end = closing.start() if closing else start + data.size
    if not data.flags.writeable:
        data = data.copy()
    region = data[opening - start : end - start]
    region[region == 0x0A] = _LINE
    return data, end


_REFERENCE = re.compile(rb"(&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});?)")


class _Characters(dict[bytes, bytes]):
    """A reference's UTF-8, looked up once a document."""

    def __missing__(self, reference: bytes) -> bytes:
        character = html.unescape(reference.decode("ascii")).encode("utf-8", "replace")
        if not character.startswith(
            b"&"
        ):  # what HTML knows no character for stays as it is; "&#1;" is none at all
            character = _plain_spaces(character.translate(_CONTROLS_TO_SPACE))
        self[reference] = character
        return character


def _characters(text: bytes) -> bytes:
    """UTF-8 with references resolved; Unicode's spaces become plain ones, zero-width characters vanish."""
    if not text.isascii():
        text = _plain_spaces(_utf8(text))
    if b"&" in text:
        pieces = _REFERENCE.split(text)
        pieces[1::2] = map(_Characters().__getitem__, pieces[1::2])
        text = b"".join(pieces)
    return text


def _utf8(text: bytes) -> bytes:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return decode(text).encode("utf-8", "replace")
    return text


def _plain_spaces(text: bytes) -> bytes:
    """The UTF-8 text with every Unicode space made an ASCII one, and without zero-width characters."""
    data = np.frombuffer(text, np.uint8).copy()
    leads = np.flatnonzero(data >= 0xC2)
    leads = leads[leads < data.size - 1]
    first, second = data[leads], data[leads + 1]
    third = data[np.minimum(leads + 2, data.size - 1)]
    two = (first == 0xC2) & ((second == 0xA0) | (second == 0x85))
    three = (first == 0xE2) & (
        ((second == 0x80) & ((third <= 0x8A) | (third == 0xA8) | (third == 0xA9) | (third == 0xAF)))
        | ((second == 0x81) & (third == 0x9F))
    )
    three |= (first == 0xE3) & (second == 0x80) & (third == 0x80)
    three |= (first == 0xE1) & (second == 0x9A) & (third == 0x80)
    nothing = (first == 0xE2) & (second == 0x80) & (third >= 0x8B) & (third <= 0x8D)
    nothing |= (first == 0xEF) & (second == 0xBB) & (third == 0xBF)
    soft_hyphens = (first == 0xC2) & (second == 0xAD)
    for spaces, width in ((two, 2), (three, 3)):
        where = leads[spaces]
        data[where] = _SPACE
        for offset in range(1, width):
            data[where + offset] = 0
    where = leads[nothing]
    for offset in range(3):
        data[where + offset] = 0
    data[leads[soft_hyphens]] = data[leads[soft_hyphens] + 1] = 0
    return data.tobytes().translate(None, b"\x00")


def _folded(text: bytes) -> bytes:
    """The final text: a newline for each run of white space that ends a block, a space for any other."""
    whole = bytearray()
    joiner = b""
    position = 0
    while position < len(text):
        cut = _cut_of(text, position, b"\x0c\x0b \n")
        next_joiner = _JOINERS.get(text[cut : cut + 1], b"")
        if piece := _chunk_folded(text[position:cut] if cut - position < len(text) else text):
            whole += joiner
            whole += piece
            joiner = next_joiner
        elif next_joiner == b"\n" and whole:
            joiner = next_joiner
        position = cut
    return bytes(whole)


_JOINERS = {b"\x0c": b"\n", b"\x0b": b"\n", b" ": b" ", b"\n": b" "}


def _chunk_folded(text: bytes) -> bytes:
    text = text.translate(_ONCE_SEPARATORS_STAND)
    data = np.frombuffer(text, np.uint8)
    if b"\x0b" in text:
        data = _with_lines_joined(text)
    # Of a run of white space the first byte and those that end a block stay, and of these then one.
    blank = data <= _SPACE
    ends_block = data == _BLOCK
    dropped = blank.copy()
    dropped[1:] &= blank[:-1]
    dropped[:1] = False
    dropped &= ~ends_block
    if dropped.any():
        data = data[~dropped]
        blank = data <= _SPACE
        ends_block = data == _BLOCK
    doubled = ends_block.copy()
    doubled[1:] &= ends_block[:-1]
    doubled[:1] = False
    doubled[:-1] |= blank[:-1] & ends_block[1:] & ~ends_block[:-1]
    if doubled.any():
        data = data[~doubled]
    return data.tobytes().translate(_FINAL_BLANKS, b"\x00").strip(b" \n")


_FINAL_BLANKS = bytes({_BLOCK: 0x0A, _CELL: _SPACE}.get(code, code) for code in range(256))


# Lines. In plain text, in <pre> and between <br>s a line may go on in the next one, or be a heading, a table row or a
# paragraph's last.

_LABEL_START = re.compile(
    rb"(?:(?i:items?)\s+\d{1,2}(?:\.\d\d|\s?\(?[A-Ka-k]\b\)?)?\s*(?:[.:-]|\xe2\x80[\x93\x94]|$|[A-Z(])"
    rb"|(?i:part)\s+[IVX]{1,5}\s*(?:$|[.,:;-]|\xe2\x80[\x93\x94])|(?i:signatures?)\s*$)"
)
_LONGEST_LABEL = 60
_WIDE = 3
"""Spaces in a row that part the columns of a table."""
_DEEPER = 2
"""Columns by which a paragraph's first line is indented."""


def _flags_of(characters: bytes) -> _Flags:
    flags = np.zeros(256, np.bool_)
    flags[list(characters)] = True
    return flags


_ENDS_SENTENCE = _flags_of(b".!?:;")
_CLOSES_QUOTE = _flags_of(b"\"')]")
_LOWER = _flags_of(bytes(range(ord("a"), ord("z") + 1)))
_OPENS_LABEL = _flags_of(b"iIpPsS")
_SECOND_OF_LABEL = _flags_of(b"tTaAiI")


def _with_lines_joined(text: bytes) -> _Bytes:
    """The text with each line end made a space, where the line goes on, or else the end of a block.

    Null bytes stand where a word parted by a hyphen is put together.
    """
    data = np.frombuffer(text, np.uint8).copy()
    regions = [] if text.count(b"\x0b") > len(text) // _FEW_LINES else _blocks_of_lines(text)
    if not regions or sum(end - start for start, end in regions) > len(text) // 2:
        _decide_line_ends(text, data)
    else:
        together = b"\x0c".join([text[start:end] for start, end in regions])
        decided = np.frombuffer(together, np.uint8).copy()
        _decide_line_ends(together, decided)
        position = 0
        for start, end in regions:
            data[start:end] = decided[position : position + end - start]
            position += end - start + 1
    return data


_FEW_LINES = 500
"""Characters a line end, above which line ends are rare enough to look at their blocks alone."""


def _blocks_of_lines(text: bytes) -> list[tuple[int, int]]:
    """(start, end) of the blocks that hold a line end."""
    regions: list[tuple[int, int]] = []
    end = 0
    while (line := text.find(b"\x0b", end)) >= 0:
        start = max(text.rfind(b"\x0c", end, line) + 1, end)
        end = text.find(b"\x0c", line)
        if end < 0:
            end = len(text)
        regions.append((start, end))
    return regions


def _decide_line_ends(text: bytes, data: _Bytes) -> None:
    """Overwrites the line ends in `data`, the same bytes as `text`."""
    inked = data > _SPACE
    edges = np.flatnonzero(inked[1:] != inked[:-1]) + 1
    edges = np.concatenate(([0] if inked[0] else [], edges, [data.size] if inked[-1] else [])).astype(np.intp)
    word_starts, word_ends = edges[::2], edges[1::2]
    breaks = np.flatnonzero((data == _LINE) | (data == _BLOCK))
    if not word_starts.size:
        data[breaks] = _BLOCK
        return
    # A line is known by its first word; several breaks before one word are blank lines.
    words = np.searchsorted(word_starts, breaks)
    inner = words < word_starts.size
    data[breaks[~inner]] = _BLOCK
    breaks, words = breaks[inner], words[inner]
    fresh = np.ones(words.size, np.bool_)
    np.not_equal(words[1:], words[:-1], out=fresh[1:])
    group: _Positions = np.flatnonzero(fresh)
    heads = words[group]
    last_breaks = breaks[np.append(group[1:], words.size) - 1] if group.size else group
    soft: _Flags = (np.diff(np.append(group, words.size)) == 1) & (data[last_breaks] == _LINE)
    margins = last_breaks + 1
    first = 1
    if not heads.size or heads[0] != 0:
        heads = np.insert(heads, 0, 0)
        soft = np.insert(soft, 0, False)
        margins = np.insert(margins, 0, 0)
        first = 0
    group_of_break = np.cumsum(fresh) - first
    starts = word_starts[heads]
    ends = word_ends[np.append(heads[1:], word_starts.size) - 1]
    joined = _lines_that_go_on(
        text, data, starts, ends, starts - margins, soft, _rows(text, data, heads, word_starts, word_ends)
    )
    data[breaks] = np.where(joined[group_of_break], _SPACE, _BLOCK)
    hyphens = np.flatnonzero(joined[1:] & (data[ends[:-1] - 1] == 0x2D))
    data[_places(ends[hyphens], starts[hyphens + 1] - ends[hyphens])] = 0


def _rows(
    text: bytes, data: _Bytes, heads: _Positions, word_starts: _Positions, word_ends: _Positions
) -> _Flags:
    """Which lines have columns: wide gaps, or dots that lead to a number."""
    rows = np.zeros(heads.size, np.bool_)
    wide = np.flatnonzero(word_starts[1:] - word_ends[:-1] >= _WIDE) + 1
    wide = wide[(data[word_starts[wide] - 1] != _CELL) & (data[word_ends[wide - 1]] != _CELL)]
    line = np.searchsorted(heads, wide, "right") - 1
    rows[line[heads[line] != wide]] = True
    if b"." * _LEADERS in text:
        dots = data == _DOT
        edges: _Positions = np.flatnonzero(dots[1:] != dots[:-1]) + 1
        edges = np.concatenate(([0] if dots[0] else [], edges, [data.size] if dots[-1] else [])).astype(
            np.intp
        )
        leaders = edges[::2][edges[1::2] - edges[::2] >= _LEADERS]
        word = np.maximum(np.searchsorted(word_starts, leaders, "right") - 1, 0)
        rows[np.searchsorted(heads, word, "right") - 1] = True
    return rows


_DOT = ord(".")
_LEADERS = 5
"""Dots in a row that lead to a number."""


def _lines_that_go_on(
    text: bytes,
    data: _Bytes,
    starts: _Positions,
    ends: _Positions,
    indents: _Positions,
    soft: _Flags,
    rows: _Flags,
) -> _Flags:
    """Which lines go on with the block of the line before."""
    first, second = data[starts], data[np.minimum(starts + 1, data.size - 1)]
    last, before_last = data[ends - 1], data[np.maximum(ends - 2, 0)]
    maybe_label = _OPENS_LABEL[first] & _SECOND_OF_LABEL[second]
    labels = np.zeros(starts.size, np.bool_)
    for line in np.flatnonzero(maybe_label).tolist():
        start, end = int(starts[line]), int(ends[line])
        labels[line] = bool(_LABEL_START.match(text[start : min(end, start + _LONGEST_LABEL)]))
    rows = rows & ~labels
    upper = ~(_LOWER[first] | _LOWER[second] | _LOWER[last] | _LOWER[before_last])
    for line in np.flatnonzero(upper).tolist():
        upper[line] = text[starts[line] : ends[line]].isupper()
    ended = _ENDS_SENTENCE[last]
    ended |= _CLOSES_QUOTE[last] & (_ENDS_SENTENCE[before_last] | _CLOSES_QUOTE[before_last])
    joined = soft & ~rows & ~labels
    joined[1:] &= ~rows[:-1]
    joined[1:] &= ~(ended[:-1] & (upper[1:] | (indents[1:] - indents[:-1] >= _DEEPER)))
    joined[0] = False
    # A block all in capitals is a heading: a line that is not so begins the next block.
    number = np.arange(starts.size)
    opened = np.maximum.accumulate(np.where(joined, 0, number))
    small = np.maximum.accumulate(np.where(upper, -1, number))
    heading = upper & (opened > small)
    joined[1:] &= ~(heading[:-1] & ~upper[1:])
    return joined


# Plain text, as filed until about 2001. A few SGML tags mark pages and tables; nothing else is markup.

_SGML_TAG = re.compile(rb"<(/?)(PAGE|TABLE|CAPTION|S|C|FN|F\d{1,3}|R|TEXT|MULTIPLIER|LEGEND)>", re.IGNORECASE)
_BARE_NUMBER = re.compile(rb"\s*(?:-\s?)?(?:page\s)?(?:[A-Z]-)?\d{1,4}(?:\s?-)?\s*", re.IGNORECASE)
_NOT_LINE_ENDS = bytes(code if code not in (0x0A, 0x0C) else _LINE for code in range(256))
_FEW_TABS = 8
"""Characters a tab, below which tabs would swell the text."""
_MOST_SGML_TAGS = 50_000
_FURTHEST_NUMBER = 600
"""Characters between a page tag and the number printed above or below it: at most a few lines of blanks."""


def _plain_text(content: bytes) -> bytes:
    text = decode(content).encode("utf-8", "replace")
    if b"\x00" in text:
        text = text.replace(b"\x00", b"")
    text = text.replace(b"\x0b", b" ").replace(b"\x1f", b" ").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\t" in text:
        crowded = text.count(b"\t") > len(text) // _FEW_TABS
        text = text.replace(b"\t", b" " * _WIDE) if crowded else text.expandtabs()
    text = text.translate(_NOT_LINE_ENDS)
    if not text.isascii():
        pieces: list[bytes] = []
        position = 0
        while position < len(text):
            cut = _cut_of(text, position, b"\x0b ")
            pieces.append(_plain_spaces(text[position:cut]))
            position = cut
        text = b"".join(pieces)
    if b"<" in text:
        text = _without_sgml_tags(text)
    return _folded(text)


def _without_sgml_tags(text: bytes) -> bytes:
    """Tags become spaces; a line that opens with one is a block; so is each line of a table; page numbers go."""
    data = bytearray(text)
    table = -1
    for tag in islice(_SGML_TAG.finditer(text), _MOST_SGML_TAGS):
        name = tag.group(2).upper()
        data[tag.start() : tag.end()] = b" " * (tag.end() - tag.start())
        if name == b"PAGE":
            _part_pages(data, tag.start(), tag.end())
            continue
        line_start = data.rfind(b"\x0b", max(0, tag.start() - _FURTHEST_NUMBER), tag.start())
        if line_start >= 0 and data[line_start : tag.start()].isspace():
            data[line_start] = _BLOCK
            line_end = data.find(b"\x0b", tag.end(), tag.end() + _FURTHEST_NUMBER)
            if line_end >= 0:
                data[line_end] = _BLOCK
        if name == b"TABLE" and tag.group(1):
            if table >= 0:
                data[table : tag.start()] = data[table : tag.start()].replace(b"\x0b", b"\x0c")
            table = -1
        elif name == b"TABLE" and table < 0:
            table = tag.end()
    if table >= 0:
        data[table:] = data[table:].replace(b"\x0b", b"\x0c")
    return bytes(data)


_CONTINUES = re.compile(rb"[a-z]")
_CLOSED = re.compile(rb"[.!?:;][\"')\]]{0,3}$")


def _part_pages(data: bytearray, start: int, end: int) -> None:
    """Blanks the page numbers around a page tag, and joins a sentence that goes on over it."""
    above = bytes(data[max(0, start - _FURTHEST_NUMBER) : start])
    body = above.rstrip(b" \x0b\x0c")
    last_line = max(body.rfind(b"\x0b"), body.rfind(b"\x0c")) + 1
    if last_line and _BARE_NUMBER.fullmatch(body, last_line):
        body = body[:last_line].rstrip(b" \x0b\x0c")
    from_here = start - len(above) + len(body)
    below = bytes(data[end : end + _FURTHEST_NUMBER])
    rest = _first_inked(below, 0)
    line_end = _line_end(below, rest)
    if line_end > rest and _BARE_NUMBER.fullmatch(below, rest, line_end):
        rest = _first_inked(below, line_end)
    goes_on = bool(body) and bool(_CONTINUES.match(below, rest)) and not _CLOSED.search(body)
    data[from_here : end + rest] = (b"\x0b" if goes_on else b"\x0c").ljust(end + rest - from_here)


def _first_inked(text: bytes, position: int) -> int:
    match = _INKED.search(text, position)
    return match.start() if match else len(text)


def _line_end(text: bytes, position: int) -> int:
    match = _LINE_END.search(text, position)
    return match.start() if match else len(text)


_INKED = re.compile(rb"[^ \x0b\x0c]")
_LINE_END = re.compile(rb"[\x0b\x0c]")
