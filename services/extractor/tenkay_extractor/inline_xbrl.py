"""Facts of inline XBRL documents (Inline XBRL 1.1, and 1.0 as filed until 2013).

One scan over the tags of the ix namespace with a stack, so that a fact inside a fact is seen as well; a search for
closed pairs loses those (21 of 2,432 facts in one 10-K).
"""

from __future__ import annotations

import bisect
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tenkay_extractor.facts import Context, Fact, FactSet, Warnings
from tenkay_extractor.number_formats import (
    MAXIMUM_DIGITS,
    MAXIMUM_SCALE,
    UnreadableDisplayError,
    UnreadableNumberError,
    is_dot_decimal,
    read_number,
)
from tenkay_extractor.submission import decode
from tenkay_extractor.text_formats import read_text
from tenkay_extractor.xbrl_syntax import (
    ATTRIBUTES,
    AttributeReader,
    Contexts,
    Namespaces,
    attributes_of,
    scan_units,
    without_comments,
)

MAXIMUM_FACTS = 500_000
MAXIMUM_DEPTH = 1_000
LONGEST_FACT_TEXT = 2_000  # characters; longer texts are blocks of prose, which sections serve
LONGEST_FACT_BYTES = 32_768  # the same with its markup

_NAMESPACES = "xbrl.org/2013/inlineXBRL", "xbrl.org/2008/inlineXBRL"


@dataclass(slots=True)
class _OpenTag:
    kind: bytes
    attributes: bytes
    content_start: int
    hidden: bool


_Continuations = dict[bytes, tuple[bytes | None, bytes]]


@dataclass(slots=True)
class _ScannedDocument:
    name: str
    namespaces: Namespaces
    contexts: Contexts
    facts: list[tuple[bytes, bytes, bytes | None, bool]] = field(default_factory=list)
    """Kind of tag, attributes, content (None when longer than LONGEST_FACT_BYTES), hidden."""
    continuations: _Continuations = field(default_factory=dict)
    """Content, also None when too long, and the id of the next one, by id."""
    resources: list[tuple[int, int]] = field(default_factory=list)
    units: dict[bytes, str] = field(default_factory=dict)


def read_inline_facts(documents: Sequence[tuple[str, bytes]]) -> FactSet:
    """All facts of the (file name, content) documents of one filing, in document order.

    A context, a unit or a continuation may stand in another document of the filing than the fact that names it. Facts
    for another target document are left out. What cannot be read is left out with a warning.
    """
    scanned = [_scan(name, without_comments(content)) for name, content in documents]
    units = {key: unit for document in reversed(scanned) for key, unit in document.units.items()}
    continuations = {
        key: part for document in reversed(scanned) for key, part in document.continuations.items()
    }
    facts: list[Fact] = []
    warnings = Warnings()
    for document in scanned:
        contexts = [document.contexts, *(other.contexts for other in scanned if other is not document)]
        reader = _FactReader(document, contexts, units | document.units, continuations)
        for kind, raw, content, hidden in document.facts:
            try:
                fact = reader.read(kind, raw, content, hidden)
            except UnreadableDisplayError as error:
                element, fact_id, context_id = reader.name(raw)
                warnings.left_out(document.name, element, fact_id, context_id, str(error))
            else:
                if fact is not None:
                    facts.append(fact)
    return FactSet(tuple(facts), warnings.all())


def inline_header_spans(data: bytes) -> list[tuple[int, int]]:
    """(start, end) of every ix:header, whose content is shown on no page."""
    spans: list[tuple[int, int]] = []
    position = 0
    while (name := data.find(b":header", position)) >= 0:
        position = name + 7
        opening = _HEADER_OPEN.match(data, max(data.rfind(b"<", max(0, name - _LONGEST_PREFIX), name), 0))
        if opening is None or opening.start() > name or opening.end() < position:
            continue
        closing = data.find(b"</" + data[opening.start() + 1 : position], opening.end())
        end = data.find(b">", closing) + 1 if closing >= 0 else 0
        if end == 0:
            break
        spans.append((opening.start(), end))
        position = end
    return spans


_LONGEST_PREFIX = 64
_HEADER_OPEN = re.compile(rb"<[\w.-]+:header\b" + ATTRIBUTES + rb">")


def _scan(name: str, data: bytes) -> _ScannedDocument:
    namespaces = Namespaces(data)
    prefixes = set(namespaces.prefixes_of(_NAMESPACES)) or {"ix"}
    document = _ScannedDocument(name, namespaces, Contexts(b"", namespaces))
    facts = document.facts
    stack: list[_OpenTag] = []
    still_open = dict.fromkeys((*_REPORTS, b"continuation", b"exclude"), 0)
    hidden = 0
    resources_start = -1
    excluded: list[tuple[int, int]] = []  # ascending, none inside another
    whole_tag = _tag_pattern(prefixes, ATTRIBUTES)
    for match in _tag_pattern(prefixes, _UP_TO_BRACKET).finditer(data):
        closes, kind, raw, leaf = match.groups()
        if raw and (raw.count(b'"') % 2 or b"'" in raw):  # a value may hold a ">"
            whole = whole_tag.match(data, match.start())
            if whole is None:
                continue
            match = whole
            closes, kind, raw, leaf = match.groups()
        if leaf is not None and kind in _REPORTS and len(leaf) <= LONGEST_FACT_BYTES:
            facts.append((kind, raw, leaf, hidden > 0))
        elif leaf is not None:
            if len(leaf) > LONGEST_FACT_BYTES:
                leaf = None
            if kind in _REPORTS:
                facts.append((kind, raw, leaf, hidden > 0))
            elif kind == b"continuation":
                _continue(document, raw, leaf)
            elif kind == b"exclude":
                excluded.append((match.start(4), match.end(4)))
        elif kind == b"hidden":
            hidden = max(0, hidden + (-1 if closes else 0 if raw.endswith(b"/") else 1))
        elif kind == b"resources":
            if closes and resources_start >= 0:
                document.resources.append((resources_start, match.start()))
            resources_start = -1 if closes else match.end()
        elif not closes:
            if not raw.endswith(b"/"):
                if len(stack) < MAXIMUM_DEPTH:
                    stack.append(_OpenTag(kind, raw, match.end(3) + 1, hidden > 0))
                    still_open[kind] += 1
            elif kind in _REPORTS:
                facts.append((kind, raw, b"", hidden > 0))
            elif kind == b"continuation":
                _continue(document, raw, b"")
        elif still_open[kind]:
            while True:
                opened = stack.pop()
                still_open[opened.kind] -= 1
                if opened.kind == kind:
                    break
            if kind == b"exclude":
                while excluded and excluded[-1][0] >= opened.content_start:
                    excluded.pop()
                excluded.append((opened.content_start, match.start()))
            else:
                content = None
                if (
                    match.start() - opened.content_start <= LONGEST_FACT_BYTES
                    and _TEXT_BLOCK not in opened.attributes
                ):
                    inside = excluded[bisect.bisect_left(excluded, (opened.content_start, 0)) :]
                    content = _without(data, opened.content_start, match.start(), inside)
                if kind == b"continuation":
                    _continue(document, opened.attributes, content)
                else:
                    facts.append((kind, opened.attributes, content, opened.hidden))
            if not stack:
                excluded.clear()
        if len(facts) >= MAXIMUM_FACTS:
            break
    if resources_start >= 0:
        document.resources.append((resources_start, len(data)))
    for start, end in document.resources or [(0, len(data))]:
        resources = data[start:end]
        document.contexts.add(resources)
        document.units = scan_units(resources, namespaces) | document.units
    return document


_TEXT_BLOCK = b"TextBlock"  # ends the names of elements that hold whole notes, whose text nobody reads here
_REPORTS = (b"nonFraction", b"nonNumeric", b"fraction")
_OTHER_KINDS = (b"continuation", b"exclude", b"hidden", b"resources")
_UP_TO_BRACKET = rb"[^<>]*+"


def _tag_pattern(prefixes: set[str], attributes: bytes) -> re.Pattern[bytes]:
    """Pattern of ("/" of a closing tag, kind, attributes, content when it holds no tag and is closed at once)."""
    prefix = b"|".join(re.escape(prefix.encode()) for prefix in sorted(prefixes))
    return re.compile(
        rb"<(/)?+(?:" + prefix + rb"):(" + b"|".join((*_REPORTS, *_OTHER_KINDS)) + rb")(?![\w.-])"
        rb"(" + attributes + rb")>(?(1)|(?:(?<!/>)([^<]*+)</(?:" + prefix + rb"):\2\s*+>)?)"
    )  # fmt: skip


def _without(data: bytes, start: int, end: int, excluded: list[tuple[int, int]]) -> bytes:
    pieces = []
    for excluded_start, excluded_end in excluded:
        pieces.append(data[start:excluded_start])
        start = excluded_end
    pieces.append(data[start:end])
    return b"".join(pieces)


def _continue(document: _ScannedDocument, raw: bytes, content: bytes | None) -> None:
    attributes = attributes_of(raw)
    document.continuations.setdefault(
        attributes.get("id", "").encode(), (content, attributes.get("continuedAt", "").encode())
    )


class _FactReader:
    """Makes the facts of one document, and remembers what they have in common."""

    def __init__(
        self,
        document: _ScannedDocument,
        contexts: Sequence[Contexts],
        units: dict[bytes, str],
        continuations: _Continuations,
    ) -> None:
        self._document = document.name
        self._standard_name = document.namespaces.standard_name
        self._sources = contexts
        self._contexts: dict[bytes, Context] = {}
        self._units = units
        self._concepts: dict[bytes, str] = {}
        self._continuations = continuations
        self._attributes = AttributeReader(
            "name", "contextRef", "id", "*:nil", "target", "format", "unitRef", "scale", "sign", "decimals",
            "continuedAt",
        )  # fmt: skip
        self._displays: dict[tuple[bytes, bytes, bytes], _Display] = {}

    def read(self, kind: bytes, raw: bytes, content: bytes | None, hidden: bool) -> Fact | None:
        """None for a fact of another target document. Raises UnreadableDisplayError."""
        (
            name, context_ref, fact_id, nil_tag, target, number_format, unit_ref, scale, sign, decimals, continued_at,
        ) = self._attributes.read(raw)  # fmt: skip
        if target:
            return None
        context = self._contexts.get(context_ref)
        if context is None:
            context = self._context(context_ref)
        concept = self._concepts.get(name)
        if concept is None:
            concept = self._concept(name)
        nil = nil_tag in (b"true", b"1") if nil_tag else False
        if kind == b"nonNumeric":
            text = None
            if not nil and not concept.endswith("TextBlock"):
                text = self._text(content, continued_at, number_format)
            return Fact(
                concept,
                context,
                self._document,
                fact_id.decode("utf-8", "replace"),
                text=text,
                nil=nil,
                hidden=hidden,
            )
        if kind == b"fraction":
            raise UnreadableNumberError("it is a fraction of two numbers")
        unit = self._units.get(unit_ref)
        if unit is None:
            raise UnreadableNumberError("its unit is not defined")
        value = None
        if not nil:
            if content is None:
                raise UnreadableNumberError("its content is too long for a number")
            displayed = self._displays.get((number_format, scale, sign))
            if displayed is None:
                displayed = self._display(number_format, scale, sign)
            value = displayed.read(content)
        places = None
        if decimals and decimals != b"INF":
            places = _WHOLE_NUMBERS.get(decimals)
            if places is None:
                places = whole_number(decimals)
        return Fact(
            concept,
            context,
            self._document,
            fact_id.decode("utf-8", "replace"),
            unit,
            value,
            None,
            places,
            decimals == b"INF",
            nil,
            hidden,
        )

    def _context(self, context_ref: bytes) -> Context:
        for source in self._sources:
            context = source.get(context_ref)
            if context is not None:
                self._contexts[context_ref] = context
                return context
        raise UnreadableNumberError("its context is not defined or has no readable dates")

    def _display(self, number_format: bytes, scale: bytes, sign: bytes) -> _Display:
        display = _Display(
            _local_name(number_format) or None, whole_number(scale) if scale else 0, negative=sign == b"-"
        )
        if len(self._displays) < _MOST_DISPLAYS:
            self._displays[number_format, scale, sign] = display
        return display

    def name(self, raw: bytes) -> tuple[str, str, str]:
        """(element, fact id, context id) as written, for a message."""
        name, context_ref, fact_id, *_ = self._attributes.read(raw)
        return (
            name.decode("utf-8", "replace"),
            fact_id.decode("utf-8", "replace"),
            context_ref.decode("utf-8", "replace"),
        )

    def _concept(self, name: bytes) -> str:
        concept = self._standard_name(name.decode("utf-8", "replace"))
        if not concept.strip():
            raise UnreadableNumberError("it names no element")
        if len(self._concepts) < _MOST_CONCEPTS:
            self._concepts[name] = concept
        return concept

    def _text(self, content: bytes | None, continued_at: bytes, text_format: bytes) -> str | None:
        if content is None:
            return None
        if continued_at:
            pieces: list[bytes] = [content]
            length = len(content)
            seen: set[bytes] = set()
            while continued_at in self._continuations and continued_at not in seen:
                seen.add(continued_at)
                more, continued_at = self._continuations[continued_at]
                length += LONGEST_FACT_BYTES if more is None else len(more)
                if more is None or length > LONGEST_FACT_BYTES:
                    return None
                pieces.append(more)
            content = b" ".join(pieces)
        if text_format:
            return read_text(plain_text(content), _local_name(text_format))
        text = plain_text(_BLOCK_TAG.sub(b" ", content) if b"<" in content else content)
        return text if len(text) <= LONGEST_FACT_TEXT else None


_MOST_DISPLAYS = 500
_MOST_CONCEPTS = 20_000


class _Display:
    """How numbers of one format, scale and sign are shown."""

    __slots__ = ("_dot_decimal", "_exponent", "_format", "_negative", "_scale", "_sign")

    def __init__(self, number_format: str | None, scale: int, *, negative: bool) -> None:
        self._format, self._scale, self._negative = number_format, scale, negative
        self._dot_decimal = is_dot_decimal(number_format) and abs(scale) <= MAXIMUM_SCALE
        self._sign, self._exponent = "-" if negative else "", f"E{scale}"

    def read(self, content: bytes) -> Decimal:
        """Raises UnreadableNumberError."""
        if self._dot_decimal:
            digits = content.replace(b",", b"")
            if digits.isdigit() and content[0] != _COMMA and len(digits) <= MAXIMUM_DIGITS:
                return Decimal(f"{self._sign}{digits.decode()}{self._exponent}") or _ZERO
        return read_number(plain_text(content), self._format, self._scale, negative=self._negative)


_COMMA = ord(",")
_ZERO = Decimal(0)


def whole_number(text: bytes) -> int:
    """An attribute's number of one to three digits. Raises UnreadableNumberError."""
    known = _WHOLE_NUMBERS.get(text)
    if known is not None:
        return known
    stripped = text.strip()
    if not re.fullmatch(rb"[+-]?[0-9]{1,3}", stripped):
        raise UnreadableNumberError(f"{stripped[:20].decode('utf-8', 'replace')!r} is no whole number")
    return int(stripped)


_WHOLE_NUMBERS = {str(number).encode(): number for number in range(-12, 13)}


def _local_name(name: bytes) -> str:
    return name.decode("utf-8", "replace").rpartition(":")[2]


_BLOCK_TAG = re.compile(
    rb"</?(?:p|div|tr|td|th|li|br|h[1-6])\b[^<>]*>", re.IGNORECASE
)  # ends a line or a cell
_ANY_TAG = re.compile(rb"<[^<>]*>")


def plain_text(content: bytes) -> str:
    """The content without tags, references resolved, white space folded."""
    if b"<" in content:
        content = _ANY_TAG.sub(b"", content)
    text = decode(content)
    return " ".join((html.unescape(text) if "&" in text else text).split())
