"""A small reader of inline XBRL over a real XML parser, independent of how the samples are written.

It knows only what the tests need: contexts, units, numeric facts with scale, sign, nil and the two ways of writing
zero, and text facts with their continuations.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lxml import etree

IX = "{http://www.xbrl.org/2013/inlineXBRL}"
XBRLI = "{http://www.xbrl.org/2003/instance}"
XBRLDI = "{http://xbrl.org/2006/xbrldi}"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@dataclass(frozen=True, slots=True)
class ReadContext:
    start: date | None
    """None for an instant."""
    end: date
    dimensions: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ReadNumber:
    element: str
    context: ReadContext
    unit: str
    value: Decimal
    decimals: int | None
    """None for exact."""


class InlineReader:
    def __init__(self, content: bytes) -> None:
        self.root = etree.fromstring(content)
        self.contexts = {c.get("id"): _context(c) for c in self.root.iter(f"{XBRLI}context")}
        self.units = {u.get("id"): _unit(u) for u in self.root.iter(f"{XBRLI}unit")}
        self.numbers = [
            ReadNumber(
                element=tag.get("name"),
                context=self.contexts[tag.get("contextRef")],
                unit=self.units[tag.get("unitRef")],
                value=_value(tag),
                decimals=None if tag.get("decimals") == "INF" else int(tag.get("decimals")),
            )
            for tag in self.root.iter(f"{IX}nonFraction")
            if tag.get(NIL) != "true"
        ]
        self.continuations = {c.get("id"): c for c in self.root.iter(f"{IX}continuation")}
        self.texts = {tag.get("name"): self._told(tag) for tag in self.root.iter(f"{IX}nonNumeric")}

    def total(self, element: str, end: date, days: int | None = None) -> Decimal | None:
        """The most precise value without dimensions; `days` is the length of the period, None for an instant."""
        found = [
            n
            for n in self.numbers
            if n.element == element
            and n.context.end == end
            and not n.context.dimensions
            and (None if n.context.start is None else (end - n.context.start).days + 1) == days
        ]
        return max(found, key=lambda n: 99 if n.decimals is None else n.decimals).value if found else None

    def _told(self, tag: etree._Element) -> str:
        text = "".join(tag.itertext())
        following = tag.get("continuedAt")
        return text + self._told(self.continuations[following]) if following else text


def _value(tag: etree._Element) -> Decimal:
    printed = "".join(tag.itertext()).strip()
    transformation = (tag.get("format") or "").partition(":")[2]
    if transformation in ("fixed-zero", "zerodash"):
        return Decimal(0)
    value = Decimal(printed.replace(",", "")).scaleb(int(tag.get("scale", "0")))
    return -value if tag.get("sign") == "-" else value


def _context(tag: etree._Element) -> ReadContext:
    members = {
        (m.get("dimension"), (m.text or "").strip())
        for m in tag.iter(f"{XBRLDI}explicitMember", f"{XBRLDI}typedMember")
    }
    instant = tag.findtext(f".//{XBRLI}instant")
    if instant:
        return ReadContext(None, date.fromisoformat(instant), frozenset(members))
    start, end = tag.findtext(f".//{XBRLI}startDate"), tag.findtext(f".//{XBRLI}endDate")
    return ReadContext(date.fromisoformat(start), date.fromisoformat(end), frozenset(members))


def _unit(tag: etree._Element) -> str:
    return "/".join(m.text.partition(":")[2] for m in tag.iter(f"{XBRLI}measure"))
