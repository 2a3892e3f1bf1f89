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

from tenkay_extractor.facts import Context, Fact, FactSet
from tenkay_extractor.number_formats import UnreadableNumberError, read_number
from tenkay_extractor.submission import decode
from tenkay_extractor.xbrl_syntax import (
    ATTRIBUTES,
    Namespaces,
    attributes_of,
    blank_out_comments,
    is_nil,
    scan_contexts,
    scan_units,
)

MAXIMUM_FACTS = 500_000
MAXIMUM_DEPTH = 1_000
LONGEST_FACT_TEXT = 2_000  # characters; longer texts are blocks of prose, which sections serve
LONGEST_FACT_BYTES = 32_768  # the same with its markup
MAXIMUM_WARNINGS = 50

_NAMESPACE = "xbrl.org/2013/inlineXBRL", "xbrl.org/2008/inlineXBRL"


@dataclass(slots=True)
class _OpenTag:
    name: str
    attributes: dict[str, str]
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


def read_inline_facts(documents: Sequence[tuple[str, bytes]]) -> FactSet:
    """All facts of the (file name, content) documents of one filing, in document order.

    A context or unit may be defined in another document of the filing than the fact that names it. Facts for another
    target document are left out. What cannot be read is left out with a warning.
    """
    scanned = [_scan(name, blank_out_comments(content)) for name, content in documents]
    contexts = {key: context for document in reversed(scanned) for key, context in document.contexts.items()}
    units = {key: unit for document in reversed(scanned) for key, unit in document.units.items()}
    continuations = {
        key: part for document in reversed(scanned) for key, part in document.continuations.items()
    }
    facts: list[Fact] = []
    warnings: list[str] = []
    for document in scanned:
        own_contexts, own_units = contexts | document.contexts, units | document.units
        for found in document.facts:
            try:
                facts.append(_fact(document, found, own_contexts, own_units, continuations))
            except UnreadableNumberError as error:
                element, fact_id = found.attributes.get("name", "?"), found.attributes.get("id", "")
                warnings.append(f"{document.name}: fact {fact_id or element} ({element}) left out: {error}")
    return FactSet(tuple(facts), tuple(warnings[:MAXIMUM_WARNINGS]))


def inline_header_spans(data: bytes) -> list[tuple[int, int]]:
    """(start, end) of every ix:header, whose content is shown on no page."""
    spans = []
    for opening in _HEADER_OPEN.finditer(data):
        closing = _HEADER_CLOSE.search(data, opening.end())
        if closing is None:
            break
        spans.append((opening.start(), closing.end()))
    return spans


_HEADER_OPEN = re.compile(rb"<[\w.-]+:header\b" + ATTRIBUTES + rb">", re.IGNORECASE)
_HEADER_CLOSE = re.compile(rb"</[\w.-]+:header\s*>", re.IGNORECASE)


def _scan(name: str, data: bytes) -> _ScannedDocument:
    namespaces = Namespaces.of(data)
    prefixes = {prefix for part in _NAMESPACE for prefix in namespaces.prefixes_of(part)} or {"ix"}
    document = _ScannedDocument(name, namespaces, scan_contexts(data, namespaces), scan_units(data))
    alternatives = b"|".join(re.escape(prefix.encode()) for prefix in sorted(prefixes))
    tag = re.compile(
        rb"<(/?)(?:" + alternatives + rb"):(nonFraction|nonNumeric|continuation|exclude|fraction|hidden)\b("
        + ATTRIBUTES
        + rb")>"
    )  # fmt: skip
    stack: list[_OpenTag] = []
    still_open = dict.fromkeys(("nonFraction", "nonNumeric", "continuation", "exclude", "fraction"), 0)
    hidden = 0
    excluded: list[tuple[int, int]] = []  # ascending, none inside another
    for match in tag.finditer(data):
        kind = match.group(2).decode()
        closes, empty = bool(match.group(1)), match.group(3).endswith(b"/")
        if kind == "hidden":
            hidden = max(0, hidden + (-1 if closes else 0 if empty else 1))
        elif not closes:
            opened = _OpenTag(kind, attributes_of(match.group(3)), match.end(), hidden=hidden > 0)
            if empty:
                _close(document, opened, b"")
            elif len(stack) < MAXIMUM_DEPTH:
                stack.append(opened)
                still_open[kind] += 1
        elif still_open[kind]:
            while True:
                opened = stack.pop()
                still_open[opened.name] -= 1
                if opened.name == kind:
                    break
            if kind == "exclude":
                while excluded and excluded[-1][0] >= opened.content_start:
                    excluded.pop()
                excluded.append((opened.content_start, match.start()))
            elif match.start() - opened.content_start > LONGEST_FACT_BYTES:
                _close(document, opened, None)
            else:
                inside = excluded[bisect.bisect_left(excluded, (opened.content_start, 0)) :]
                _close(document, opened, _without(data, opened.content_start, match.start(), inside))
            if not stack:
                excluded.clear()
        if len(document.facts) >= MAXIMUM_FACTS:
            break
    return document


def _without(data: bytes, start: int, end: int, excluded: list[tuple[int, int]]) -> bytes:
    pieces = []
    for excluded_start, excluded_end in excluded:
        pieces.append(data[start:excluded_start])
        start = excluded_end
    pieces.append(data[start:end])
    return b"".join(pieces)


def _close(document: _ScannedDocument, opened: _OpenTag, content: bytes | None) -> None:
    attributes = opened.attributes
    if opened.name == "continuation":
        document.continuations.setdefault(
            attributes.get("id", ""), (content, attributes.get("continuedAt", ""))
        )
    elif opened.name in ("nonFraction", "nonNumeric") and "target" not in attributes:
        document.facts.append(_ScannedFact(opened.name == "nonFraction", attributes, content, opened.hidden))


def _fact(
    document: _ScannedDocument,
    found: _ScannedFact,
    contexts: dict[str, Context],
    units: dict[str, str],
    continuations: dict[str, tuple[bytes | None, str]],
) -> Fact:
    attributes = found.attributes
    context = contexts.get(attributes.get("contextRef", ""))
    if context is None:
        raise UnreadableNumberError("its context is not defined or has no readable dates")
    concept = document.namespaces.standard_name(attributes.get("name", ""))
    nil = is_nil(attributes)
    if not found.numeric:
        text = None if nil else _fact_text(found, continuations)
        return Fact(
            concept, context, document.name, attributes.get("id", ""), text=text, nil=nil, hidden=found.hidden
        )
    unit = units.get(attributes.get("unitRef", ""))
    if unit is None:
        raise UnreadableNumberError("its unit is not defined")
    value = None
    if not nil:
        if found.content is None:
            raise UnreadableNumberError("its content is too long for a number")
        value = read_number(
            plain_text(found.content),
            attributes["format"].rpartition(":")[2] if "format" in attributes else None,
            _integer(attributes.get("scale", "0")),
            negative=attributes.get("sign") == "-",
        )
    decimals = attributes.get("decimals", "")
    return Fact(
        concept,
        context,
        document.name,
        attributes.get("id", ""),
        unit=unit,
        value=value,
        decimals=None if decimals in ("", "INF") else _integer(decimals),
        infinitely_precise=decimals == "INF",
        nil=nil,
        hidden=found.hidden,
    )


def _integer(text: str) -> int:
    stripped = text.strip()
    if not re.fullmatch(r"[+-]?\d{1,3}", stripped):
        raise UnreadableNumberError(f"{stripped[:20]!r} is no whole number")
    return int(stripped)


def _fact_text(found: _ScannedFact, continuations: dict[str, tuple[bytes | None, str]]) -> str | None:
    pieces = [found.content]
    seen: set[str] = set()
    following = found.attributes.get("continuedAt", "")
    while following in continuations and following not in seen:
        seen.add(following)
        content, following = continuations[following]
        pieces.append(content)
    whole = [piece for piece in pieces if piece is not None]
    if len(whole) < len(pieces) or sum(map(len, whole)) > LONGEST_FACT_BYTES:
        return None
    text = plain_text(b" ".join(whole))
    return text if len(text) <= LONGEST_FACT_TEXT else None


_ANY_TAG = re.compile(rb"<[^<>]*>")


def plain_text(content: bytes) -> str:
    """The content without tags, references resolved, white space folded."""
    if b"<" in content:
        content = _ANY_TAG.sub(b"", content)
    text = decode(content)
    return " ".join((html.unescape(text) if "&" in text else text).split())
