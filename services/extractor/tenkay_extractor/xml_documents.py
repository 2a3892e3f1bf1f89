"""XML documents of EDGAR forms as lines of text, "path: value", and the elements read back from them.

Ownership reports (forms 3, 4, 5), notices of sale (144), Schedules 13D and 13G since December 2024 and reports of
institutional holdings (13F) are filed as XML (EDGAR technical specifications of each form). Evidence is an offset into
a document's text, so what is extracted is read from the lines, never from the XML itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

DEEPEST = 64
LONGEST_NAME = 100
MOST_CHARACTERS_A_BYTE = 12
"""A path repeats its parents' names; forms come to about two characters a byte."""
FREE_CHARACTERS = 100_000


class UnreadableXmlError(ValueError):
    """The document is not well formed, declares entities, or nests or grows beyond the bounds."""


def xml_lines(content: bytes) -> list[str]:
    """A line for each element with a value of its own and each attribute but namespaces, in document order.

    "ownershipDocument/reportingOwner[2]/reportingOwnerId/rptOwnerCik: 0000315090": local names without prefix; the
    second and further of siblings of one name carry their number; attributes are "path/@name". White space is folded
    and empty values are left out. Nothing is fetched and no entity beyond XML's own five is known. Raises
    UnreadableXmlError.
    """
    return _Reader(len(content)).read(content)


class _Reader:
    def __init__(self, size: int) -> None:
        self._allowance = FREE_CHARACTERS + MOST_CHARACTERS_A_BYTE * size
        self._lines: list[str] = []
        self._paths: list[str] = []
        self._counts: list[dict[str, int]] = [{}]
        self._values: list[list[str]] = []

    def read(self, content: bytes) -> list[str]:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._take
        try:
            parser.Parse(content.lstrip(b"\xef\xbb\xbf \t\r\n"), True)
        except UnreadableXmlError:
            raise
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise UnreadableXmlError(f"the XML cannot be read: {error}") from None
        return self._lines

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        if len(self._paths) >= DEEPEST:
            raise UnreadableXmlError(f"the XML nests deeper than {DEEPEST}")
        counts = self._counts[-1]
        counts[local] = count = counts.get(local, 0) + 1
        path = local if count == 1 else f"{local}[{count}]"
        if self._paths:
            path = f"{self._paths[-1]}/{path}"
        self._paths.append(path)
        self._counts.append({})
        self._values.append([])
        for attribute, value in attributes.items():
            if not attribute.startswith(("xmlns", "xsi:")):
                self._write(f"{path}/@{_local(attribute)}", value)

    def _take(self, data: str) -> None:
        if self._values:
            self._values[-1].append(data)

    def _end(self, _: str) -> None:
        path, pieces = self._paths.pop(), self._values.pop()
        self._counts.pop()
        if pieces:
            self._write(path, "".join(pieces))

    def _write(self, path: str, value: str) -> None:
        folded = " ".join(value.split())
        if not folded:
            return
        line = f"{path}: {folded}"
        self._allowance -= len(line)
        if self._allowance < 0:
            raise UnreadableXmlError("the XML grows beyond bounds")
        self._lines.append(line)


def _local(name: str) -> str:
    local = name.rpartition(":")[2]
    if len(local) > LONGEST_NAME:
        raise UnreadableXmlError(f"a name of {len(local)} characters")
    return local


def _refuse_doctype(*_: object) -> None:
    raise UnreadableXmlError("the XML declares a document type, which may define entities")


@dataclass(slots=True)
class XmlElement:
    """An element read back from the lines; `start` and `end` are those of its lines in the text."""

    name: str
    start: int = 0
    end: int = 0
    value: str = ""
    value_start: int = 0
    """Start of the line that holds the value; meaningless without one."""
    value_end: int = 0
    children: list[XmlElement] = field(default_factory=list)

    def all(self, path: str) -> list[XmlElement]:
        """The elements at the path below this one: "nonDerivativeTable/nonDerivativeTransaction"."""
        found = [self]
        for name in path.split("/"):
            found = [child for each in found for child in each.children if child.name == name]
        return found

    def first(self, path: str) -> XmlElement | None:
        """The first element at the path below this one."""
        found = self.all(path)
        return found[0] if found else None

    def text(self, path: str) -> str:
        """Value of the first element at the path; empty when there is none."""
        found = self.first(path)
        return found.value if found else ""

    def descendants(self) -> Iterator[XmlElement]:
        """All elements below this one, in document order, attributes ("@id") too."""
        for child in self.children:
            yield child
            yield from child.descendants()


_STEP = re.compile(r"(@?[^/\[\]]+)(?:\[\d+\])?$")


def read_elements(text: str) -> XmlElement | None:
    """The root element that these lines are of; None when the text is not made by `xml_lines`.

    Lines of one element follow one another: the steps of a line's path that the line before had too are the same ones.
    """
    root: XmlElement | None = None
    steps: list[str] = []
    open_elements: list[XmlElement] = []
    position = 0
    for line in text.split("\n"):
        start, position = position, position + len(line) + 1
        path, separator, value = line.partition(": ")
        if not separator:
            return None
        names = path.split("/")
        same = 0
        while same < min(len(names), len(steps)) and names[same] == steps[same]:
            same += 1
        del open_elements[same:]
        for step in names[same:]:
            matched = _STEP.match(step)
            if matched is None or len(names) > DEEPEST + 1:
                return None
            element = XmlElement(matched.group(1), start=start)
            if open_elements:
                open_elements[-1].children.append(element)
            elif root is None:
                root = element
            else:
                return None
            open_elements.append(element)
        steps = names
        if not open_elements:
            return None
        open_elements[-1].value = value
        open_elements[-1].value_start, open_elements[-1].value_end = start, start + len(line)
        for element in open_elements:
            element.end = start + len(line)
    return root
