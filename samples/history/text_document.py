"""A report as filed before HTML was allowed: wrapped ASCII text with `<PAGE>` and `<TABLE>` tags."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from textwrap import fill, wrap

from samples.blocks import (
    Block,
    Figure,
    Heading,
    Paragraph,
    Report,
    Section,
    Table,
    TextBlock,
    in_parentheses,
    part_heading,
    plain,
    printed,
)

WIDTH = 76
LABEL_WIDTH = 42
CELL_WIDTH = 16
ASCII = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "—": "-", "\u00a0": " ", "☐": "[ ]"})


def text_document(report: Report) -> bytes:
    """ASCII bytes. A page that starts in the middle of an item repeats the item's heading as "(Continued)"."""
    pages = _Pages()
    out = [pages.blocks(report.cover, None)]
    if report.contents:
        out.append(_contents(report))
        out.append(pages.turn(None))
    for part, sections in groupby(report.sections, key=lambda section: section.part):
        if part:
            out.append(f"\n{part_heading(report.form, part).upper().center(WIDTH).rstrip()}\n\n")
        for section in sections:
            out.append(f"{_item_heading(section)}\n\n")
            out.append(pages.blocks(section.blocks, section))
    out.append(pages.blocks(report.closing, None))
    return "".join(out).translate(ASCII).encode("ascii")


class _Pages:
    def __init__(self) -> None:
        self.number = 1

    def turn(self, section: Section | None) -> str:
        self.number += 1
        head = f"{_item_heading(section)} (Continued)\n\n" if section else ""
        return f"\n{str(self.number - 1).center(WIDTH).rstrip()}\n<PAGE>\n{head}"

    def blocks(self, blocks: Iterable[Block], section: Section | None) -> str:
        return "".join(self._block(block, section) for block in blocks)

    def _block(self, block: Block, section: Section | None) -> str:
        if isinstance(block, Paragraph):
            text = plain(block.content)
            if block.centred:
                return (
                    "".join(f"{line.center(WIDTH).rstrip()}\n" for line in fill(text, WIDTH).split("\n"))
                    + "\n"
                )
            return fill(text, WIDTH, initial_indent="     ") + "\n\n"
        if isinstance(block, Heading):
            return f"{block.text}\n\n"
        if isinstance(block, Table):
            return _table(block)
        if isinstance(block, TextBlock):
            return self.blocks(block.blocks, section)
        return self.turn(section)


def _item_heading(section: Section) -> str:
    return fill(f"{section.label}.  {section.title}", WIDTH, subsequent_indent="         ")


def _contents(report: Report) -> str:
    lines = "".join(
        f"  {f'{section.label}.':<9} {section.title[:48]:.<50} {number + 2:>3}\n"
        for number, section in enumerate(report.sections)
    )
    return f"\n{'TABLE OF CONTENTS'.center(WIDTH).rstrip()}\n\n{lines}\n"


def _table(table: Table) -> str:
    head = "".join(f"{_short(header):>{CELL_WIDTH}}" for header in table.headers)
    *above, caption = wrap(table.caption, LABEL_WIDTH - 2)
    lines = ["<TABLE>", "<CAPTION>", *above, f"{caption:<{LABEL_WIDTH}}{head}"]
    lines.append(f"{'<S>':<{LABEL_WIDTH}}" + "".join(f"{'<C>':>{CELL_WIDTH}}" for _ in table.headers))
    for row in table.rows:
        cells = "".join(f"{_cell(cell):>{CELL_WIDTH}}" for cell in row.cells)
        *above, label = wrap(row.label, LABEL_WIDTH - 2, subsequent_indent="  ")
        lines += [*above, f"{label:<{LABEL_WIDTH}}{cells}".rstrip()]
        if row.total:
            lines.append(" " * LABEL_WIDTH + "".join(f"{'==========':>{CELL_WIDTH}}" for _ in row.cells))
    return "\n".join([*lines, "</TABLE>", "", ""])


def _short(header: str) -> str:
    """The year of a dated column; other headers as they are."""
    return header if len(header) < CELL_WIDTH else header.rpartition(" ")[2]


def _cell(cell: Figure | str) -> str:
    if isinstance(cell, str):
        return cell
    digits = printed(cell)
    return f"({digits})" if in_parentheses(cell) else f"{digits} "
