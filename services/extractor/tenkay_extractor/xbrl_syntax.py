"""What inline XBRL and XBRL instances have in common: tags, namespaces, contexts and units, read off the bytes.

The scans are regular expressions that never look past the next "<" for the end of a tag (XML allows none inside one),
so their time is linear in the input whatever the input is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from tenkay_extractor.facts import Context, Period
from tenkay_extractor.number_formats import read_date

ATTRIBUTES = rb"(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+"
"""Bytes pattern of everything between a tag's name and its ">"."""

MAXIMUM_CONTEXTS = 200_000

_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_XMLNS = re.compile(rb"xmlns:([\w.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_STANDARD_NAMESPACES = (
    (re.compile(r"https?://(?:fasb\.org|xbrl\.us)/us-gaap/"), "us-gaap"),
    (re.compile(r"https?://(?:xbrl\.sec\.gov|xbrl\.us)/dei/"), "dei"),
    (re.compile(r"https?://fasb\.org/srt/"), "srt"),
    (re.compile(r"https?://xbrl\.sec\.gov/ecd/"), "ecd"),
    (re.compile(r"https?://xbrl\.sec\.gov/cyd/"), "cyd"),
    (re.compile(r"https?://xbrl\.ifrs\.org/taxonomy/.*ifrs"), "ifrs-full"),
    (re.compile(r"https?://xbrl\.sec\.gov/country/"), "country"),
    (re.compile(r"https?://xbrl\.sec\.gov/(?:currency|exch|invest|naics|sic|stpr|ffd|oef|vip|rr)/"), ""),
    (re.compile(r"https?://www\.xbrl\.org/2003/iso4217"), "iso4217"),
    (re.compile(r"https?://www\.xbrl\.org/2003/instance"), "xbrli"),
)


def attributes_of(raw: bytes) -> dict[str, str]:
    """The attributes of a tag, by their names as written."""
    found = {
        name: double_quoted or single_quoted
        for name, double_quoted, single_quoted in _ATTRIBUTE.findall(raw.decode("utf-8", "replace"))
    }
    if b"&" in raw:
        return {name: html.unescape(value) for name, value in found.items()}
    return found


def is_nil(attributes: Mapping[str, str]) -> bool:
    """True when the tag carries nil="true" of the schema-instance namespace, under whatever prefix."""
    return any(name.endswith(":nil") and value in ("true", "1") for name, value in attributes.items())


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Prefixes of a document, and the standard prefix of each well-known namespace."""

    by_prefix: Mapping[str, str]
    _standard: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, data: bytes) -> Namespaces:
        """Reads every declaration of the document; EDGAR filings declare them on the root element."""
        by_prefix: dict[str, str] = {}
        for prefix, double_quoted, single_quoted in _XMLNS.findall(data):
            by_prefix.setdefault(
                prefix.decode("ascii", "replace"), (double_quoted or single_quoted).decode("utf-8", "replace")
            )
        standard = {}
        for prefix, uri in by_prefix.items():
            for pattern, name in _STANDARD_NAMESPACES:
                if name and pattern.match(uri):
                    standard[prefix] = name
                    break
        return cls(by_prefix, standard)

    def standard_name(self, qualified_name: str) -> str:
        """The name with the standard prefix of its namespace: "gaap:Assets" is "us-gaap:Assets"."""
        prefix, colon, local = qualified_name.strip().partition(":")
        return f"{self._standard.get(prefix, prefix)}:{local}" if colon else prefix

    def prefixes_of(self, uri_part: str) -> tuple[str, ...]:
        """The prefixes bound to namespaces that contain this text."""
        return tuple(prefix for prefix, uri in self.by_prefix.items() if uri_part in uri)


_CONTEXT = re.compile(rb"<(?:[\w.-]+:)?context\b(" + ATTRIBUTES + rb")>")
_CONTEXT_END = re.compile(rb"</(?:[\w.-]+:)?context\s*>")
_ENTITY = re.compile(rb"<(?:[\w.-]+:)?identifier\b" + ATTRIBUTES + rb">([^<]*)<")
_DATE = re.compile(rb"<(?:[\w.-]+:)?(startDate|endDate|instant)\b" + ATTRIBUTES + rb">\s*([^<]*?)\s*<")
_MEMBER = re.compile(
    rb"<(?:[\w.-]+:)?(explicitMember|typedMember)\b(" + ATTRIBUTES + rb")>([^<]*)(?:<[^>]*>([^<]*))?"
)
_MIDNIGHT = re.compile(rb"T(\d\d):(\d\d):(\d\d)")
_LONGEST_CONTEXT = 65_536


def scan_contexts(data: bytes, namespaces: Namespaces) -> dict[str, Context]:
    """All contexts by id. Contexts whose dates cannot be read are left out; facts that use them are then unreadable."""
    contexts: dict[str, Context] = {}
    for opening in _CONTEXT.finditer(data):
        closing = _CONTEXT_END.search(data, opening.end(), opening.end() + _LONGEST_CONTEXT)
        context_id = attributes_of(opening.group(1)).get("id", "")
        if closing is None or not context_id or context_id in contexts:
            continue
        body = data[opening.end() : closing.start()]
        entity = _ENTITY.search(body)
        dates = {}
        for name, text in _DATE.findall(body):
            day = read_date(text.decode("utf-8", "replace"))
            if day is None:
                break
            # A time of midnight in an end or instant means the end of the day before (XBRL 2.1, 4.7.2).
            midnight = _MIDNIGHT.search(text)
            if midnight and midnight.groups() == (b"00", b"00", b"00") and name != b"startDate":
                day -= timedelta(days=1)
            dates[name] = day
        else:
            end = dates.get(b"instant") or dates.get(b"endDate")
            start = dates.get(b"startDate")
            if end is not None and (start is None or start <= end):
                period = Period(start, end)
            elif b":forever" in body or b"<forever" in body:
                period = None
            else:
                continue
            contexts[context_id] = Context(
                id=context_id,
                entity=entity.group(1).decode("utf-8", "replace").strip() if entity else "",
                period=period,
                members=_members(body, namespaces),
            )
            if len(contexts) >= MAXIMUM_CONTEXTS:
                break
    return contexts


def _members(body: bytes, namespaces: Namespaces) -> tuple[tuple[str, str], ...]:
    if b"ember" not in body:
        return ()
    members = []
    for kind, attributes, text, inner in _MEMBER.findall(body):
        axis = namespaces.standard_name(attributes_of(attributes).get("dimension", ""))
        if kind == b"explicitMember":
            members.append((axis, namespaces.standard_name(text.decode("utf-8", "replace"))))
        else:
            members.append((axis, html.unescape((inner or text).decode("utf-8", "replace")).strip()))
    return tuple(sorted(members))


_UNIT = re.compile(rb"<(?:[\w.-]+:)?unit\b(" + ATTRIBUTES + rb")>")
_UNIT_END = re.compile(rb"</(?:[\w.-]+:)?unit\s*>")
_MEASURE = re.compile(
    rb"<(?:[\w.-]+:)?measure\b" + ATTRIBUTES + rb">\s*([^<]*?)\s*<|<(?:[\w.-]+:)?(unitDenominator)\b"
)


def scan_units(data: bytes) -> dict[str, str]:
    """All units by id, written as "USD", "shares", "pure" or "USD/shares"."""
    units: dict[str, str] = {}
    for opening in _UNIT.finditer(data):
        closing = _UNIT_END.search(data, opening.end(), opening.end() + 8_192)
        unit_id = attributes_of(opening.group(1)).get("id", "")
        if closing is None or not unit_id:
            continue
        above: list[str] = []
        below: list[str] = []
        measures = above
        for measure, denominator in _MEASURE.findall(data, opening.end(), closing.start()):
            if denominator:
                measures = below
            else:
                measures.append(measure.decode("utf-8", "replace").rpartition(":")[2])
        if above:
            units.setdefault(unit_id, "*".join(above) + (f"/{'*'.join(below)}" if below else ""))
    return units


def blank_out_comments(data: bytes) -> bytes:
    """The same bytes with comments and CDATA sections of as many spaces, so that no tag is seen inside them."""
    if b"<!--" not in data and b"<![CDATA[" not in data:
        return data
    pieces: list[bytes] = []
    position = 0
    while True:
        comment, cdata = data.find(b"<!--", position), data.find(b"<![CDATA[", position)
        starts = [start for start in (comment, cdata) if start >= 0]
        if not starts:
            break
        start = min(starts)
        closer = b"-->" if start == comment else b"]]>"
        end = data.find(closer, start)
        end = len(data) if end < 0 else end + 3
        pieces += (data[position:start], b" " * (end - start))
        position = end
    pieces.append(data[position:])
    return b"".join(pieces)
