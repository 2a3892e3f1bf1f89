"""Facts of XBRL instances, as filed beside the HTML from 2009 to about 2019 (XBRL 2.1)."""

from __future__ import annotations

import html
import re
from decimal import Decimal

from tenkay_extractor.facts import Context, Fact, FactSet
from tenkay_extractor.inline_xbrl import LONGEST_FACT_TEXT, MAXIMUM_FACTS, MAXIMUM_WARNINGS
from tenkay_extractor.number_formats import UnreadableNumberError, read_xbrl_number
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

_FACT = re.compile(rb"<([A-Za-z_][\w.-]*:[\w.-]+)(\s" + ATTRIBUTES + rb")>([^<]*)")


def read_instance_facts(name: str, content: bytes) -> FactSet:
    """All facts of one instance, in document order. What cannot be read is left out with a warning."""
    data = without_comments(content)
    namespaces = Namespaces.of(data)
    contexts = scan_contexts(data, namespaces)
    units = scan_units(data, namespaces)
    facts: list[Fact] = []
    warnings: list[str] = []
    for match in _FACT.finditer(data):
        raw = match.group(2)
        if b"contextRef" not in raw:
            continue
        attributes = attributes_of(raw)
        concept = namespaces.standard_name(match.group(1).decode("utf-8", "replace"))
        context = contexts.get(attributes.get("contextRef", ""))
        fact_id = attributes.get("id", "")
        nil = is_nil(attributes)
        text = "" if raw.endswith(b"/") else html.unescape(decode(match.group(3)))
        if context is None:
            warnings.append(
                f"{name}: fact {fact_id or concept} left out: its context is not defined or has no dates"
            )
            continue
        if "unitRef" not in attributes:
            folded = None if nil or len(text) > LONGEST_FACT_TEXT else " ".join(text.split())
            facts.append(Fact(concept, context, name, fact_id, text=folded, nil=nil))
        else:
            try:
                facts.append(_numeric_fact(name, concept, context, attributes, units, None if nil else text))
            except UnreadableNumberError as error:
                warnings.append(f"{name}: fact {fact_id or concept} ({concept}) left out: {error}")
        if len(facts) >= MAXIMUM_FACTS:
            break
    return FactSet(tuple(facts), tuple(warnings[:MAXIMUM_WARNINGS]))


def _numeric_fact(
    name: str,
    concept: str,
    context: Context,
    attributes: dict[str, str],
    units: dict[str, str],
    text: str | None,
) -> Fact:
    unit = units.get(attributes["unitRef"])
    if unit is None:
        raise UnreadableNumberError("its unit is not defined")
    value = None if text is None else read_xbrl_number(text)
    decimals, infinitely_precise = _accuracy(
        value, attributes.get("decimals", ""), attributes.get("precision", "")
    )
    return Fact(
        concept,
        context,
        name,
        attributes.get("id", ""),
        unit=unit,
        value=value,
        decimals=decimals,
        infinitely_precise=infinitely_precise,
        nil=text is None,
    )


def _accuracy(value: Decimal | None, decimals: str, precision: str) -> tuple[int | None, bool]:
    """Decimal places the value is right to, also where the instance says it in significant digits (XBRL 2.1, 4.6.6)."""
    if "INF" in (decimals, precision):
        return None, True
    if _WHOLE.fullmatch(decimals):
        return int(decimals), False
    if _WHOLE.fullmatch(precision) and value:
        return int(precision) - value.adjusted() - 1, False
    return None, False


_WHOLE = re.compile(r"[+-]?\d{1,3}")
