"""Facts of XBRL instances, as filed beside the HTML from 2009 to about 2019 (XBRL 2.1)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from decimal import Decimal

from tenkay_extractor.facts import Fact, FactSet, Warnings
from tenkay_extractor.inline_xbrl import (
    LONGEST_FACT_BYTES,
    LONGEST_FACT_TEXT,
    MAXIMUM_FACTS,
    plain_text,
)
from tenkay_extractor.number_formats import UnreadableNumberError, read_xbrl_number
from tenkay_extractor.submission import decode
from tenkay_extractor.xbrl_syntax import (
    ATTRIBUTES,
    AttributeReader,
    Contexts,
    Namespaces,
    scan_units,
    without_comments,
)


def read_instance_facts(name: str, content: bytes) -> FactSet:
    """All facts of one instance, in document order. What cannot be read is left out with a warning."""
    data = without_comments(content)
    namespaces = Namespaces(data)
    reader = _FactReader(name, namespaces, data)
    facts: list[Fact] = []
    warnings = Warnings()
    for element, raw, text in _facts(data):
        try:
            facts.append(reader.read(element, raw, text))
        except UnreadableNumberError as error:
            concept, fact_id, context_id = reader.name(element, raw)
            warnings.left_out(name, concept, fact_id, context_id, str(error))
        if len(facts) >= MAXIMUM_FACTS:
            break
    return FactSet(tuple(facts), warnings.all())


_FACT = re.compile(rb"<([A-Za-z_][\w.-]*+(?::[\w.-]++)?+)(\s" + ATTRIBUTES + rb")>([^<]*+)")
_REFERENCE = b"contextRef"


def _facts(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """(element, attributes, content) of what names a context."""
    place = data.find(_REFERENCE)
    passed = 0
    while place >= 0:
        match = _FACT.match(data, max(data.rfind(b"<", passed, place), 0))
        if match is not None and match.end(2) > place:
            element, raw, text = match.groups()
            yield element, raw, b"" if raw.endswith(b"/") else text
            passed = match.end()
        else:  # the word in a text
            passed = place + len(_REFERENCE)
        place = data.find(_REFERENCE, passed)


class _FactReader:
    """Makes the facts of one instance."""

    def __init__(self, document: str, namespaces: Namespaces, data: bytes) -> None:
        self._document = document
        self._standard_name = namespaces.standard_name
        self._contexts = Contexts(data, namespaces)
        self._units = scan_units(data, namespaces)
        self._attributes = AttributeReader("contextRef", "unitRef", "id", "decimals", "precision", "*:nil")

    def read(self, element: bytes, raw: bytes, content: bytes) -> Fact:
        """Raises UnreadableNumberError."""
        context_ref, unit_ref, fact_id, decimals, precision, nil_tag = self._attributes.read(raw)
        context = self._contexts.get(context_ref)
        if context is None:
            raise UnreadableNumberError("its context is not defined or has no readable dates")
        concept = self._standard_name(element.decode("utf-8", "replace"))
        nil = nil_tag in (b"true", b"1")
        name = fact_id.decode("utf-8", "replace")
        if not unit_ref:
            text = None if nil or concept.endswith("TextBlock") else _text(content)
            return Fact(concept, context, self._document, name, text=text, nil=nil)
        unit = self._units.get(unit_ref)
        if unit is None:
            raise UnreadableNumberError("its unit is not defined")
        value = None if nil else read_xbrl_number(content.decode("utf-8", "replace"))
        places, infinitely_precise = _accuracy(value, decimals, precision)
        return Fact(
            concept, context, self._document, name, unit, value, None, places, infinitely_precise, nil
        )

    def name(self, element: bytes, raw: bytes) -> tuple[str, str, str]:
        """(element, fact id, context id), for a message."""
        context_ref, _, fact_id, *_ = self._attributes.read(raw)
        return (
            self._standard_name(element.decode("utf-8", "replace")),
            fact_id.decode("utf-8", "replace"),
            context_ref.decode("utf-8", "replace"),
        )


def _text(content: bytes) -> str | None:
    if len(content) > LONGEST_FACT_BYTES:
        return None
    text = decode(content)
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:  # an escaped piece of a page
        text = plain_text(text.encode())
    return " ".join(text.split()) if len(text) <= LONGEST_FACT_TEXT else None


def _accuracy(value: Decimal | None, decimals: bytes, precision: bytes) -> tuple[int | None, bool]:
    """Decimal places the value is right to, also where the instance says it in significant digits (XBRL 2.1, 4.6.6)."""
    if b"INF" in (decimals, precision):
        return None, True
    if _WHOLE.fullmatch(decimals):
        return int(decimals), False
    if value and _WHOLE.fullmatch(precision):
        return int(precision) - value.adjusted() - 1, False
    return None, False


_WHOLE = re.compile(rb"[+-]?[0-9]{1,3}")
