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

from tenkay_extractor.facts import Context, Fact, FactSet
from tenkay_extractor.number_formats import UnreadableNumberError, read_number
from tenkay_extractor.submission import decode
from tenkay_extractor.xbrl_syntax import (
    ATTRIBUTES,
    Namespaces,
    attributes_of,
    is_nil,
    scan_contexts,
    scan_units,
    without_comments,
)

MAXIMUM_FACTS = 500_000
MAXIMUM_DEPTH = 1_000
LONGEST_FACT_TEXT = 2_000  # characters; longer texts are blocks of prose, which sections serve
LONGEST_FACT_BYTES = 32_768  # the same with its markup
MAXIMUM_WARNINGS = 50

_NAMESPACE = "xbrl.org/2013/inlineXBRL", "xbrl.org/2008/inlineXBRL"


@dataclass(slots=True)
class _OpenTag:
    name: bytes
    attributes: bytes
    content_start: int
    hidden: bool


@dataclass(frozen=True, slots=True)
class _ScannedFact:
    numeric: bool
    attributes: dict[str, str]
    content: bytes | None
    """None when longer than LONGEST_FACT_BYTES."""
    hidden: bool


@dataclass(slots=True)
class _ScannedDocument:
    name: str
    namespaces: Namespaces
    contexts: dict[str, Context]
    units: dict[str, str]
    facts: list[_ScannedFact] = field(default_factory=list)
    continuations: dict[str, tuple[bytes | None, str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def read_inline_facts(documents: Sequence[tuple[str, bytes]]) -> FactSet:
    """All facts of the (file name, content) documents of one filing, in document order.

    A context, a unit or a continuation may stand in another document of the filing than the fact that names it. Facts
    for another target document are left out. What cannot be read is left out with a warning.
    """
    scanned = [_scan(name, without_comments(content)) for name, content in documents]
    contexts = {key: context for document in reversed(scanned) for key, context in document.contexts.items()}
    units = {key: unit for document in reversed(scanned) for key, unit in document.units.items()}
    continuations = {
        key: part for document in reversed(scanned) for key, part in document.continuations.items()
    }
    facts: list[Fact] = []
    warnings: list[str] = []
    for document in scanned:
        reader = _FactReader(document, contexts | document.contexts, units | document.units, continuations)
        warnings += document.warnings
        for found in document.facts:
            try:
                facts.append(reader.read(found))
            except UnreadableNumberError as error:
                element, fact_id = found.attributes.get("name", "?"), found.attributes.get("id", "")
                warnings.append(f"{document.name}: fact {fact_id or element} ({element}) left out: {error}")
    return FactSet(tuple(facts), tuple(warnings[:MAXIMUM_WARNINGS]))


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
    namespaces = Namespaces.of(data)
    prefixes = {prefix for part in _NAMESPACE for prefix in namespaces.prefixes_of(part)} or {"ix"}
    document = _ScannedDocument(
        name, namespaces, scan_contexts(data, namespaces), scan_units(data, namespaces)
    )
    stack: list[_OpenTag] = []
    still_open = dict.fromkeys((b"nonFraction", b"nonNumeric", b"continuation", b"exclude", b"fraction"), 0)
    hidden = 0
    excluded: list[tuple[int, int]] = []  # ascending, none inside another
    for match in _tags(prefixes).finditer(data):
        kind, raw, leaf, closed = match.groups()
        if leaf is not None:
            if kind in _REPORTS:
                _close(document, kind, raw, leaf if len(leaf) <= LONGEST_FACT_BYTES else None, hidden > 0)
            elif kind == b"exclude":
                excluded.append((match.start(3), match.end(3)))
        elif kind == b"hidden" or closed == b"hidden":
            hidden = max(0, hidden + (-1 if closed else 0 if raw.endswith(b"/") else 1))
        elif kind is not None:
            if raw.endswith(b"/"):
                _close(document, kind, raw, b"", hidden > 0)
            elif len(stack) < MAXIMUM_DEPTH:
                stack.append(_OpenTag(kind, raw, match.end(2) + 1, hidden > 0))
                still_open[kind] += 1
        elif still_open[closed]:
            while True:
                opened = stack.pop()
                still_open[opened.name] -= 1
                if opened.name == closed:
                    break
            if closed == b"exclude":
                while excluded and excluded[-1][0] >= opened.content_start:
                    excluded.pop()
                excluded.append((opened.content_start, match.start()))
            elif match.start() - opened.content_start > LONGEST_FACT_BYTES:
                _close(document, closed, opened.attributes, None, opened.hidden)
            else:
                inside = excluded[bisect.bisect_left(excluded, (opened.content_start, 0)) :]
                content = _without(data, opened.content_start, match.start(), inside)
                _close(document, closed, opened.attributes, content, opened.hidden)
            if not stack:
                excluded.clear()
        if len(document.facts) >= MAXIMUM_FACTS:
            break
    return document


_REPORTS = frozenset({b"nonFraction", b"nonNumeric", b"continuation"})


def _tags(prefixes: set[str]) -> re.Pattern[bytes]:
    """Pattern of (opened, attributes, content when it holds no tag and is closed at once, closed)."""
    prefix = b"|".join(re.escape(prefix.encode()) for prefix in sorted(prefixes))
    kinds = rb"(nonFraction|nonNumeric|continuation|exclude|fraction|hidden)"
    return re.compile(
        rb"<(?:" + prefix + rb"):" + kinds + rb"(?![\w.-])(" + ATTRIBUTES + rb")>"
        rb"(?:(?<!/>)([^<]*+)</(?:" + prefix + rb"):\1\s*+>)?"
        rb"|</(?:" + prefix + rb"):" + kinds + rb"\s*+>"
    )  # fmt: skip


def _without(data: bytes, start: int, end: int, excluded: list[tuple[int, int]]) -> bytes:
    pieces = []
    for excluded_start, excluded_end in excluded:
        pieces.append(data[start:excluded_start])
        start = excluded_end
    pieces.append(data[start:end])
    return b"".join(pieces)


def _close(document: _ScannedDocument, kind: bytes, raw: bytes, content: bytes | None, hidden: bool) -> None:
    if kind == b"exclude":
        return
    attributes = attributes_of(raw)
    if kind == b"continuation":
        document.continuations.setdefault(
            attributes.get("id", ""), (content, attributes.get("continuedAt", ""))
        )
    elif "target" in attributes:
        return
    elif kind == b"fraction":
        element = attributes.get("name", "?")
        document.warnings.append(
            f"{document.name}: fact {attributes.get('id') or element} ({element}) left out: it is a fraction of two numbers"
        )
    else:
        document.facts.append(_ScannedFact(kind == b"nonFraction", attributes, content, hidden))


class _FactReader:
    """Makes the facts of one document, and remembers what its numbers have in common."""

    def __init__(
        self,
        document: _ScannedDocument,
        contexts: dict[str, Context],
        units: dict[str, str],
        continuations: dict[str, tuple[bytes | None, str]],
    ) -> None:
        self._document = document.name
        self._standard_name = document.namespaces.standard_name
        self._contexts = contexts
        self._units = units
        self._continuations = continuations
        self._numbers: dict[tuple[bytes, str, str, str], Decimal] = {}

    def read(self, found: _ScannedFact) -> Fact:
        """Raises UnreadableNumberError."""
        attributes = found.attributes
        context = self._contexts.get(attributes.get("contextRef", ""))
        if context is None:
            raise UnreadableNumberError("its context is not defined or has no readable dates")
        concept = self._standard_name(attributes.get("name", ""))
        nil = is_nil(attributes)
        fact_id = attributes.get("id", "")
        if not found.numeric:
            text = None if nil or concept.endswith("TextBlock") else _fact_text(found, self._continuations)
            return Fact(concept, context, self._document, fact_id, text=text, nil=nil, hidden=found.hidden)
        unit = self._units.get(attributes.get("unitRef", ""))
        if unit is None:
            raise UnreadableNumberError("its unit is not defined")
        value = None
        if not nil:
            if found.content is None:
                raise UnreadableNumberError("its content is too long for a number")
            value = self._number(found.content, attributes)
        decimals = attributes.get("decimals", "")
        return Fact(
            concept,
            context,
            self._document,
            fact_id,
            unit,
            value,
            None,
            None if decimals in ("", "INF") else whole_number(decimals),
            decimals == "INF",
            nil,
            found.hidden,
        )

    def _number(self, content: bytes, attributes: dict[str, str]) -> Decimal:
        key = (
            content,
            attributes.get("format", ""),
            attributes.get("scale", "0"),
            attributes.get("sign", ""),
        )
        value = self._numbers.get(key)
        if value is None:
            _, number_format, scale, sign = key
            value = self._numbers[key] = read_number(
                plain_text(content),
                number_format.rpartition(":")[2] or None,
                whole_number(scale),
                negative=sign == "-",
            )
        return value


def whole_number(text: str) -> int:
    """An attribute's number of one to three digits. Raises UnreadableNumberError."""
    known = _WHOLE_NUMBERS.get(text)
    if known is not None:
        return known
    stripped = text.strip()
    if not re.fullmatch(r"[+-]?[0-9]{1,3}", stripped):
        raise UnreadableNumberError(f"{stripped[:20]!r} is no whole number")
    return int(stripped)


_WHOLE_NUMBERS = {str(number): number for number in range(-12, 13)}


def _fact_text(found: _ScannedFact, continuations: dict[str, tuple[bytes | None, str]]) -> str | None:
    following = found.attributes.get("continuedAt", "")
    if found.content is None:
        return None
    if following in continuations:
        pieces = [found.content]
        length = len(found.content)
        seen: set[str] = set()
        while following in continuations and following not in seen:
            seen.add(following)
            content, following = continuations[following]
            if content is None:
                return None
            pieces.append(content)
            length += len(content)
            if length > LONGEST_FACT_BYTES:
                return None
        whole = b" ".join(pieces)
    else:
        whole = found.content
    text = plain_text(whole)
    return text if len(text) <= LONGEST_FACT_TEXT else None


_ANY_TAG = re.compile(rb"<[^<>]*>")


def plain_text(content: bytes) -> str:
    """The content without tags, references resolved, white space folded."""
    if b"<" in content:
        content = _ANY_TAG.sub(b"", content)
    text = decode(content)
    return " ".join((html.unescape(text) if "&" in text else text).split())
