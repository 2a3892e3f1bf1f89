"""What inline XBRL and XBRL instances have in common: tags, namespaces, contexts and units, read off the bytes.

No scan looks past the next "<" for the end of a tag (XML allows none inside one), so their time is linear in the input
whatever the input is. What repeats in a filing (names of attributes and elements, periods, members) is read once.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from tenkay_extractor.facts import Context, Period
from tenkay_extractor.number_formats import read_date

ATTRIBUTES = rb"(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+"
"""Bytes pattern of everything between a tag's name and its ">"."""

MAXIMUM_CONTEXTS = 200_000

_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_XMLNS = re.compile(rb"xmlns(?::([\w.-]+))?\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')")
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
_INSTANCE_NAMESPACE = "://www.xbrl.org/2003/instance"


class _AttributeNames(dict[str, str]):
    """The name in what stands before an attribute's value: " contextRef=" is "contextRef", junk is ""."""

    def __missing__(self, before_value: str) -> str:
        found = _ATTRIBUTE_NAME.search(before_value)
        name = found.group(1) if found else ""
        if len(self) < 1_000 and len(before_value) < 100:
            self[before_value] = name
        return name


_ATTRIBUTE_NAME = re.compile(r"([\w:.-]++)\s*+=\s*+\Z")
_attribute_names = _AttributeNames()


def attributes_of(raw: bytes) -> dict[str, str]:
    """The attributes of a tag, by their names as written."""
    text = raw.decode("utf-8", "replace")
    parts = text.split('"')
    if "'" not in text and len(parts) % 2:
        found = dict(zip(map(_attribute_names.__getitem__, parts[:-1:2]), parts[1::2], strict=True))
        found.pop("", None)
    else:
        found = {
            name: double_quoted or single_quoted
            for name, double_quoted, single_quoted in _ATTRIBUTE.findall(text)
        }
    if "&" in text:
        return {name: html.unescape(value) for name, value in found.items()}
    return found


def is_nil(attributes: Mapping[str, str]) -> bool:
    """True when the tag carries nil="true" of the schema-instance namespace, under whatever prefix."""
    for name, value in attributes.items():
        if value in ("true", "1") and name.endswith(":nil"):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Prefixes of a document ("" for elements without one), and the standard prefix of each well-known namespace."""

    by_prefix: Mapping[str, str]
    _standard: dict[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, data: bytes) -> Namespaces:
        """Reads every declaration of the document; EDGAR filings declare them on the root element."""
        by_prefix: dict[str, str] = {}
        position = data.find(b"xmlns")
        while position >= 0:
            if found := _XMLNS.match(data, position, position + _LONGEST_DECLARATION):
                prefix, double_quoted, single_quoted = found.groups(b"")
                by_prefix.setdefault(
                    prefix.decode("ascii", "replace"),
                    (double_quoted or single_quoted).decode("utf-8", "replace"),
                )
                if len(by_prefix) >= _MOST_PREFIXES:
                    break
            position = data.find(b"xmlns", position + 5)
        standard = {}
        for name, uri in by_prefix.items():
            for pattern, standard_prefix in _STANDARD_NAMESPACES:
                if standard_prefix and pattern.match(uri):
                    standard[name] = standard_prefix
                    break
        return cls(by_prefix, standard)

    def standard_name(self, qualified_name: str) -> str:
        """The name with the standard prefix of its namespace: "gaap:Assets" is "us-gaap:Assets"."""
        known = self._names.get(qualified_name)
        if known is not None:
            return known
        prefix, colon, local = qualified_name.strip().partition(":")
        if not colon:
            prefix, local = "", prefix
        standard = self._standard.get(prefix, prefix)
        name = f"{standard}:{local}" if standard else local
        self._names[qualified_name] = name
        return name

    def prefixes_of(self, uri_part: str) -> tuple[str, ...]:
        """The prefixes bound to namespaces that contain this text."""
        return tuple(prefix for prefix, uri in self.by_prefix.items() if prefix and uri_part in uri)

    def instance_prefixes(self) -> tuple[str, ...]:
        """The prefixes of contexts and units with their colon; "" where they have none."""
        bound = [
            f"{prefix}:" if prefix else ""
            for prefix, uri in self.by_prefix.items()
            if uri.endswith(_INSTANCE_NAMESPACE)
        ]
        return tuple(bound) or ("xbrli:", "")


_LONGEST_DECLARATION = 2_000
_MOST_PREFIXES = 10_000

_LONGEST_CONTEXT = 65_536
_LONGEST_UNIT = 8_192


def _elements(data: bytes, prefixes: tuple[str, ...], name: str, longest: int) -> Iterator[tuple[str, bytes]]:
    """(id, content) of the elements of the name, in document order."""
    for prefix in prefixes:
        opening = f"<{prefix}{name}".encode()
        tag_ends, closings = NextPlace(data, b">"), NextPlace(data, f"</{prefix}{name}>".encode())
        position = data.find(opening)
        while position >= 0:
            after = position + len(opening)
            # "<xbrli:contextual" is another element
            if data[after : after + 1] in (b" ", b">", b"\n", b"\r", b"\t"):
                tag_end = tag_ends.at_or_after(after)
                closing = closings.at_or_after(after)
                if closing < 0 or tag_end < 0:
                    break
                if tag_end < closing <= after + longest:
                    identifier = attributes_of(data[after:tag_end]).get("id", "")
                    if identifier:
                        yield identifier, data[tag_end + 1 : closing]
                    after = closing
            position = data.find(opening, after)


class NextPlace:
    """Where bytes occur next, for positions that only grow: no stretch is searched twice, however often it is asked."""

    __slots__ = ("_data", "_needle", "_place")

    def __init__(self, data: bytes, needle: bytes) -> None:
        self._data, self._needle = data, needle
        self._place = data.find(needle)

    def at_or_after(self, position: int) -> int:
        """The first place from there on, -1 when there is none."""
        if 0 <= self._place < position:
            self._place = self._data.find(self._needle, position)
        return self._place


def scan_contexts(data: bytes, namespaces: Namespaces) -> dict[str, Context]:
    """All contexts by id. Contexts whose dates cannot be read are left out; facts that use them are then unreadable."""
    contexts: dict[str, Context] = {}
    # Most contexts share the period or the entity and its members with others.
    parts: dict[bytes, _ContextPart] = {}
    periods: dict[tuple[date | None, date], Period] = {}
    for context_id, body in _elements(data, namespaces.instance_prefixes(), "context", _LONGEST_CONTEXT):
        if context_id in contexts:
            continue
        entity_part, _, rest = body.rpartition(b"entity>")
        about = parts.get(entity_part)
        if about is None:
            about = parts[entity_part] = _read_context_part(entity_part, namespaces)
        when = parts.get(rest)
        if when is None:
            when = parts[rest] = _read_context_part(rest, namespaces)
        dates = about.dates | when.dates if about.dates else when.dates
        if None in dates.values():
            continue
        end = dates.get(b"instant") or dates.get(b"endDate")
        start = dates.get(b"startDate")
        if end is not None and (start is None or start <= end):
            period = periods.get((start, end))
            if period is None:
                period = periods[start, end] = Period(start, end)
        elif when.forever or about.forever:
            period = None
        else:
            continue
        members = about.members
        if when.members:
            members = tuple(sorted(members + when.members))
        contexts[context_id] = Context(context_id, about.entity or when.entity, period, members)
        if len(contexts) >= MAXIMUM_CONTEXTS:
            break
    return contexts


@dataclass(frozen=True, slots=True)
class _ContextPart:
    entity: str
    dates: Mapping[bytes, date | None]
    """By the element that holds it; None when unreadable."""
    members: tuple[tuple[str, str], ...]
    forever: bool


def _read_context_part(part: bytes, namespaces: Namespaces) -> _ContextPart:
    entity = ""
    dates: dict[bytes, date | None] = {}
    members: list[tuple[str, str]] = []
    typed_axis: str | None = None
    forever = False
    for piece in part.split(b"<")[1:]:
        tag, _, content = piece.partition(b">")
        if tag.startswith(b"/"):
            if typed_axis is not None and tag.endswith(b"typedMember"):
                members.append((typed_axis, ""))  # an empty member
                typed_axis = None
            continue
        name = tag.split(None, 1)[0].rpartition(b":")[2] if tag.strip() else b""
        if name in (b"startDate", b"endDate", b"instant"):
            dates[name] = _context_date(name, content)
        elif name == b"explicitMember":
            axis = namespaces.standard_name(attributes_of(tag).get("dimension", ""))
            members.append((axis, namespaces.standard_name(content.decode("utf-8", "replace").strip())))
        elif name == b"typedMember":
            axis = namespaces.standard_name(attributes_of(tag).get("dimension", ""))
            if content.strip():
                members.append((axis, html.unescape(content.decode("utf-8", "replace")).strip()))
            else:
                typed_axis = axis
        elif typed_axis is not None:
            members.append((typed_axis, html.unescape(content.decode("utf-8", "replace")).strip()))
            typed_axis = None
        elif name == b"identifier" and not entity:
            entity = content.decode("utf-8", "replace").strip()
        elif name in (b"forever", b"forever/"):
            forever = True
    return _ContextPart(entity, dates, tuple(sorted(members)), forever)


_MIDNIGHT = re.compile(rb"T00:00:00(?![.]\d*[1-9])")


def _context_date(name: bytes, content: bytes) -> date | None:
    day = read_date(content.decode("utf-8", "replace"))
    # A time of midnight in an end or instant means the end of the day before (XBRL 2.1, 4.7.2).
    if (
        day is not None
        and day > date.min
        and name != b"startDate"
        and b"T" in content
        and _MIDNIGHT.search(content)
    ):
        return day - timedelta(days=1)
    return day


_MEASURE = re.compile(
    rb"<(?:[\w.-]+:)?measure\b" + ATTRIBUTES + rb">\s*([^<]*?)\s*<|<(?:[\w.-]+:)?(unitDenominator)\b"
)


def scan_units(data: bytes, namespaces: Namespaces) -> dict[str, str]:
    """All units by id, written as "USD", "shares", "pure" or "USD/shares"."""
    units: dict[str, str] = {}
    for unit_id, body in _elements(data, namespaces.instance_prefixes(), "unit", _LONGEST_UNIT):
        above: list[str] = []
        below: list[str] = []
        measures = above
        for measure, denominator in _MEASURE.findall(body):
            if denominator:
                measures = below
            else:
                measures.append(measure.decode("utf-8", "replace").rpartition(":")[2])
        if above:
            units.setdefault(unit_id, "*".join(above) + (f"/{'*'.join(below)}" if below else ""))
    return units


def without_comments(data: bytes) -> bytes:
    """The bytes without comments, and with the characters of CDATA sections written as references.

    So no tag is seen inside them, and the text around and inside them stays what it means. An unclosed one reaches to
    the end.
    """
    start = data.find(b"<!")
    pieces: list[bytes] = []
    position = 0
    while start >= 0:
        if data.startswith(b"<!--", start):
            end = data.find(b"-->", start + 4)
            pieces.append(data[position:start])
        elif data.startswith(b"<![CDATA[", start):
            end = data.find(b"]]>", start + 9)
            inside = data[start + 9 : end if end >= 0 else len(data)]
            pieces += (data[position:start], inside.replace(b"&", b"&amp;").replace(b"<", b"&lt;"))
        else:  # a document type
            start = data.find(b"<!", start + 2)
            continue
        position = len(data) if end < 0 else end + 3
        start = data.find(b"<!", position)
    if position == 0:
        return data
    pieces.append(data[position:])
    return b"".join(pieces)
