"""What a report is made of, before it takes a format: sections of headings, paragraphs, tables and tagged values.

A report is written once in these terms and rendered as inline XBRL, as HTML beside an XBRL instance, or as plain text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from samples.fiscal_calendar import Period


class Unit(StrEnum):
    USD = "usd"
    SHARES = "shares"
    USD_PER_SHARE = "usdPerShare"
    PURE = "pure"


@dataclass(frozen=True, slots=True)
class Member:
    """One dimension of a context. A `typed` member carries its value inside an element of that name."""

    axis: str
    member: str
    typed_element: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as printed, and what it is tagged as.

    With several elements the tags nest, the first outermost. Without any the number is printed only. A value of None
    prints a dash and states nothing.
    """

    elements: tuple[str, ...]
    when: Period | date
    value: Decimal | None
    scale: int = 0
    decimals: int | None = 0
    """Precision claimed: -6 means to the million. None = exact (`INF`)."""
    unit: Unit = Unit.USD
    places: int = 0
    """Digits printed after the point."""
    members: tuple[Member, ...] = ()
    outflow: bool = False
    """Printed in parentheses when positive: a payment in a cash-flow statement. The tagged value keeps its sign."""
    nil: bool = False


@dataclass(frozen=True, slots=True)
class TextFact:
    """A short tagged text. Its content may itself hold tagged texts."""

    element: str
    when: Period | date
    content: tuple[str | TextFact, ...]
    format: str = ""
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Strong:
    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """An in-text pointer to another item, set in bold and linked, as in: see "Item 1A"."""

    code: str
    text: str


Inline = str | Figure | TextFact | Strong | Reference


@dataclass(frozen=True, slots=True)
class Paragraph:
    content: tuple[Inline, ...]
    centred: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class PageBreak:
    """A page's foot and the next one's head, in the middle of whatever is being told."""


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    cells: tuple[Figure | str, ...] = ()
    total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    headers: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A note that is tagged as a whole. It is continued wherever a page break cuts it."""

    element: str
    when: Period
    blocks: tuple[Block, ...]


Block = Paragraph | Heading | PageBreak | Table | TextBlock


@dataclass(frozen=True, slots=True)
class Section:
    """An item. `code` is how signals name it: `item_1A`, `part1_item2`, `item_2.02`."""

    code: str
    part: str
    """"I" to "IV", empty in forms without parts."""
    label: str
    """As printed: "Item 1A"."""
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class HiddenFact:
    """A fact that is tagged and not displayed."""

    fact: TextFact | Figure


@dataclass(frozen=True, slots=True)
class Report:
    """A primary document."""

    form: str
    title: str
    cover: tuple[Block, ...]
    sections: tuple[Section, ...]
    closing: tuple[Block, ...]
    hidden: tuple[HiddenFact, ...] = ()
    contents: bool = True
    """Whether a table of contents precedes the first item."""


def part_heading(form: str, part: str) -> str:
    titles = {"I": "Financial Information", "II": "Other Information"} if form.startswith("10-Q") else {}
    return f"Part {part}. {titles[part]}" if part in titles else f"Part {part}"


def say(*content: Inline) -> Paragraph:
    return Paragraph(content)


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    """One paragraph per blank-line separated piece of `text`; line breaks inside a piece are spaces."""
    return tuple(Paragraph((" ".join(piece.split()),)) for piece in text.strip().split("\n\n"))


def facts_in(report: Report) -> Iterator[Figure | TextFact | TextBlock]:
    """Every tagged value of a report in document order, the hidden ones first."""
    for hidden in report.hidden:
        yield hidden.fact
    yield from _in_blocks(report.cover)
    for section in report.sections:
        yield from _in_blocks(section.blocks)
    yield from _in_blocks(report.closing)


def plain(content: Iterable[Inline]) -> str:
    """The content as a reader sees it."""
    return "".join(_plain(part) for part in content)


def printed(figure: Figure) -> str:
    """The digits of a figure without sign: "1,234", "0.42", or a dash for nothing and for zero."""
    if not figure.value:
        return "—"
    return f"{abs(figure.value).scaleb(-figure.scale):,.{figure.places}f}"


def in_parentheses(figure: Figure) -> bool:
    return bool(figure.value) and (figure.value < 0) != figure.outflow  # type: ignore[operator]


def _plain(part: Inline) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Figure):
        return f"({printed(part)})" if in_parentheses(part) else printed(part)
    if isinstance(part, TextFact):
        return plain(part.content)
    return part.text


def _in_blocks(blocks: Iterable[Block]) -> Iterator[Figure | TextFact | TextBlock]:
    for block in blocks:
        if isinstance(block, Paragraph):
            yield from _in_content(block.content)
        elif isinstance(block, Table):
            for row in block.rows:
                yield from _in_content(row.cells)
        elif isinstance(block, TextBlock):
            yield block
            yield from _in_blocks(block.blocks)


def _in_content(content: Iterable[Inline]) -> Iterator[Figure | TextFact]:
    for part in content:
        if isinstance(part, Figure) and part.elements and (part.value is not None or part.nil):
            yield part
        elif isinstance(part, TextFact):
            yield part
            yield from _in_content(part.content)
