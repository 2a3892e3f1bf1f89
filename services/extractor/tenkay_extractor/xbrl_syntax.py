"""What inline XBRL and XBRL instances have in common: tags, namespaces, contexts and units, read off the bytes.

No scan looks past the next "<" for the end of a tag (XML allows none inside one), so their time is linear in the input
whatever the input is. What repeats in a filing (names of attributes and elements, periods, members) is read once.
"""

from __future__ import annotations

import html
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


def attributes_of(raw: bytes) -> dict[str, str]:
    """The attributes of a tag, by their names as written."""
    text = raw.decode("utf-8", "replace")
    return {
        name: html.unescape(double_quoted or single_quoted)
        for name, double_quoted, single_quoted in _ATTRIBUTE.findall(text)
    }


_Picker = Callable[[list[bytes]], tuple[bytes, ...]]


class AttributeReader:
    """Reads the same few attributes off one tag after another. A name "*:nil" stands for nil under any prefix."""

    def __init__(self, *names: str) -> None:
        self._names = names
        # The tags of a filing come in a few shapes: what stands before the values, and from where they are picked.
        self._pickers: dict[tuple[bytes, ...], _Picker] = {}
        self._latest: dict[int, tuple[list[bytes], _Picker]] = {}

    def read(self, raw: bytes) -> tuple[bytes, ...]:
        """The attributes' values in the order of the names; empty where the tag has none."""
        parts = raw.split(b'"')
        if b"'" in raw or not len(parts) % 2:
            parts = _requoted(raw).split(b'"') if len(parts) > 1 else raw.split(b"'")
            if not len(parts) % 2:
                parts = _requoted(raw).split(b'"')
        before_values = parts[::2]
        shape, pick = self._latest.get(len(parts), _NO_SHAPE)
        if before_values != shape:
            pick = self._pickers.get(tuple(before_values)) or self._picker(tuple(before_values))
            self._latest[len(parts)] = before_values, pick
        parts[-1] = b""  # where an absent attribute is picked from
        if b"&" in raw:
            parts = [_unescaped(part) for part in parts]
        return pick(parts)

    def _picker(self, shape: tuple[bytes, ...]) -> _Picker:
        places: dict[str, int] = {}
        for index, before_value in enumerate(shape[:-1]):
            if found := _ATTRIBUTE_NAME.search(before_value):
                name = found.group(1).decode("utf-8", "replace")
                places[name] = places[f"*:{name.rpartition(':')[2]}"] = 2 * index + 1
        pick = operator.itemgetter(*(places.get(name, -1) for name in self._names))
        if len(self._pickers) < _MOST_SHAPES:
            self._pickers[shape] = pick
        return pick


_ATTRIBUTE_NAME = re.compile(rb"([\w:.-]++)\s*+=\s*+\Z")
_MOST_SHAPES = 500
_NO_SHAPE: tuple[list[bytes], _Picker] = [], operator.itemgetter(0, 0)


def _requoted(raw: bytes) -> bytes:
    """The attributes between double quotes."""
    return "".join(f' {name}="{html.escape(value)}"' for name, value in attributes_of(raw).items()).encode()


def _unescaped(value: bytes) -> bytes:
    return html.unescape(value.decode("utf-8", "replace")).encode() if b"&" in value else value


class Namespaces:
    """The prefixes of a document ("" for elements without one), and the standard prefix of each well-known namespace.

    EDGAR filings declare their namespaces on the root element. What follows is searched only for a prefix that is not
    declared there.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._by_prefix: dict[str, str] = {}
        self._standard: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._declare(0, _ROOT_REACH)
        self._read_all = len(data) <= _ROOT_REACH

    def _declare(self, start: int, end: int) -> None:
        position = self._data.find(b"xmlns", start, end)
        while position >= 0 and len(self._by_prefix) < _MOST_PREFIXES:
            if found := _XMLNS.match(self._data, position, position + _LONGEST_DECLARATION):
                name, double_quoted, single_quoted = found.groups(b"")
                prefix = name.decode("ascii", "replace")
                if prefix not in self._by_prefix:
                    uri = (double_quoted or single_quoted).decode("utf-8", "replace")
                    self._by_prefix[prefix] = uri
                    for pattern, standard_prefix in _STANDARD_NAMESPACES:
                        if standard_prefix and pattern.match(uri):
                            self._standard[prefix] = standard_prefix
                            break
            position = self._data.find(b"xmlns", position + 5, end)

    def standard_name(self, qualified_name: str) -> str:
        """The name with the standard prefix of its namespace: "gaap:Assets" is "us-gaap:Assets"."""
        known = self._names.get(qualified_name)
        if known is not None:
            return known
        prefix, colon, local = qualified_name.strip().partition(":")
        if not colon:
            prefix, local = "", prefix
        elif prefix not in self._by_prefix and not self._read_all:
            self._read_all = True
            self._declare(_ROOT_REACH, len(self._data))
        standard = self._standard.get(prefix, prefix)
        name = f"{standard}:{local}" if standard else local
        if len(self._names) < _MOST_NAMES:
            self._names[qualified_name] = name
        return name

    def prefixes_of(self, uri_parts: tuple[str, ...]) -> tuple[str, ...]:
        """The prefixes bound to namespaces that contain one of these texts."""
        found = tuple(
            prefix
            for prefix, uri in self._by_prefix.items()
            if prefix and any(part in uri for part in uri_parts)
        )
        if found or self._read_all:
            return found
        self._read_all = True
        self._declare(_ROOT_REACH, len(self._data))
        return self.prefixes_of(uri_parts)

    def instance_prefixes(self) -> tuple[str, ...]:
        """The prefixes of contexts and units with their colon; "" where they have none."""
        bound = [
            f"{prefix}:" if prefix else ""
            for prefix, uri in self._by_prefix.items()
            if uri.endswith(_INSTANCE_NAMESPACE)
        ]
        return tuple(bound) or ("xbrli:", "")


_ROOT_REACH = 131_072
_LONGEST_DECLARATION = 2_000
_MOST_PREFIXES = 10_000
_MOST_NAMES = 100_000

_LONGEST_CONTEXT = 65_536
_LONGEST_UNIT = 8_192


def _elements(
    data: bytes, prefixes: tuple[str, ...], name: str, longest: int
) -> Iterator[tuple[bytes, bytes]]:
    """(id, content) of the elements of the name, in document order."""
    for prefix in prefixes:
        opening, closing = f"<{prefix}{name}".encode(), f"</{prefix}{name}>".encode()
        for piece in data.split(closing)[:-1]:
            # With what follows the name: "<xbrli:unitNumerator>" is another element.
            element = piece.rpartition(opening + b" ")[2]
            if len(element) == len(piece) and opening in piece:
                element = re.split(re.escape(opening) + rb"(?=[\s>])", piece)[-1]
            raw, _, content = element.partition(b">")
            if len(content) > longest or len(element) == len(piece):
                continue
            if raw.startswith(b'id="') and raw.find(b'"', 4) == len(raw) - 1:
                identifier = raw[4:-1]
            else:
                identifier = attributes_of(raw).get("id", "").encode()
            if identifier:
                yield identifier, content


class Contexts:
    """The contexts of a document by id, each read when a fact first names it."""

    def __init__(self, data: bytes, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        self._unread: dict[bytes, bytes] = {}
        self._read: dict[bytes, Context | None] = {}
        # Most contexts share the period, and the entity with its members, with others.
        self._parts: dict[bytes, _ContextPart] = {}
        self._pieces: dict[bytes, tuple[str, str] | None] = {}
        self._periods: dict[tuple[date | None, date], Period] = {}
        self.add(data)

    def add(self, data: bytes) -> None:
        """Takes in the contexts of a further stretch of the document. The first of an id counts."""
        for identifier, body in _elements(
            data, self._namespaces.instance_prefixes(), "context", _LONGEST_CONTEXT
        ):
            if len(self._unread) >= MAXIMUM_CONTEXTS:
                break
            self._unread.setdefault(identifier, body)

    def get(self, identifier: bytes) -> Context | None:
        """None for a context that is not defined or whose dates cannot be read."""
        if identifier not in self._read:
            body = self._unread.get(identifier)
            self._read[identifier] = None if body is None else self._context(identifier, body)
        return self._read[identifier]

    def _context(self, identifier: bytes, body: bytes) -> Context | None:
        entity_part, _, rest = body.rpartition(b"entity>")
        about, when = self._part(entity_part), self._part(rest)
        if when.unreadable:
            return None
        end, start = when.end, when.start
        period = None
        if end is not None and (start is None or start <= end):
            period = self._periods.get((start, end))
            if period is None:
                period = self._periods[start, end] = Period(start, end)
        elif not when.forever:
            return None
        members = tuple(sorted(about.members + when.members)) if when.members else about.members
        return Context(identifier.decode("utf-8", "replace"), about.entity, period, members)

    def _part(self, part: bytes) -> _ContextPart:
        read = self._parts.get(part)
        if read is None:
            read = self._parts[part] = _read_context_part(part, self._namespaces, self._pieces)
        return read


@dataclass(slots=True)
class _ContextPart:
    """What the entity, or the period and scenario, of a context say."""

    entity: str = ""
    start: date | None = None
    end: date | None = None
    unreadable: bool = False
    """It has a date that cannot be read."""
    forever: bool = False
    members: tuple[tuple[str, str], ...] = ()


def _read_context_part(
    part: bytes, namespaces: Namespaces, pieces: dict[bytes, tuple[str, str] | None]
) -> _ContextPart:
    """`pieces` remembers the tags that say nothing, the members and, with an empty axis, the entity."""
    read = _ContextPart()
    members: list[tuple[str, str]] = []
    typed_axis: str | None = None
    for piece in part.split(b"<"):
        if typed_axis is None and piece in pieces:
            known = pieces[piece]
            if known is None:
                continue
            if known[0]:
                members.append(known)
            else:
                read.entity = known[1]
            continue
        if not piece or piece[0] == _SLASH:
            if typed_axis is not None and b"typedMember" in piece:
                members.append((typed_axis, ""))  # an empty member
                typed_axis = None
            elif typed_axis is None:
                pieces[piece] = None
            continue
        tag, _, content = piece.partition(b">")
        name = tag.split(None, 1)[0].rpartition(b":")[2] if tag and not tag.isspace() else b""
        if typed_axis is not None:
            members.append((typed_axis, _content(content)))
            typed_axis = None
        elif name == b"explicitMember":
            member = namespaces.standard_name(_dimension(tag)), namespaces.standard_name(_content(content))
            if member[0]:
                members.append(member)
            pieces[piece] = member if member[0] else None
        elif name == b"typedMember":
            axis = namespaces.standard_name(_dimension(tag))
            if content and not content.isspace():
                members.append((axis, _content(content)))
            else:
                typed_axis = axis
        elif name in (b"startDate", b"endDate", b"instant"):
            day = _context_date(name, content)
            read.unreadable |= day is None
            if name == b"startDate":
                read.start = day
            else:
                read.end = day
        elif name == b"identifier":
            read.entity = _content(content)
            pieces[piece] = "", read.entity
        elif name in (b"forever", b"forever/"):
            read.forever = True
        else:
            pieces[piece] = None
    members.sort()
    read.members = tuple(members)
    return read


_SLASH = ord("/")


def _dimension(tag: bytes) -> str:
    return attributes_of(tag).get("dimension", "")


def _content(content: bytes) -> str:
    text = content.decode("utf-8", "replace").strip()
    return html.unescape(text) if "&" in text else text


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


def scan_units(data: bytes, namespaces: Namespaces) -> dict[bytes, str]:
    """All units by id, written as "USD", "shares", "pure" or "USD/shares"."""
    units: dict[bytes, str] = {}
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
    start = _next_declaration(data, 0)
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
            start = _next_declaration(data, start + 2)
            continue
        position = len(data) if end < 0 else end + 3
        start = _next_declaration(data, position)
    if position == 0:
        return data
    pieces.append(data[position:])
    return b"".join(pieces)


def _next_declaration(data: bytes, position: int) -> int:
    """The next "<!". One rare byte is found faster than two, as long as it is rare."""
    place = data.find(b"!", position)
    for _ in range(_RARE):
        if place <= 0 or data[place - 1] == _LESS_THAN:
            return place - 1 if place > 0 else -1
        place = data.find(b"!", place + 1)
    return data.find(b"<!", place - 1)


_RARE = 100
_LESS_THAN = ord("<")
