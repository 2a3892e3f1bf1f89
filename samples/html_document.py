"""A report as the HTML of the years before inline XBRL: `FONT` tags, `&nbsp;`, numeric references of Windows-1252."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from xml.sax.saxutils import escape

from samples.blocks import (
    Block,
    Figure,
    Heading,
    Inline,
    Paragraph,
    Reference,
    Report,
    Strong,
    Table,
    TextBlock,
    in_parentheses,
    part_heading,
    plain,
    printed,
)

FONT = '<FONT STYLE="font-family:Times New Roman" SIZE="2">'
WINDOWS_1252 = {"’": "&#146;", "‘": "&#145;", "“": "&#147;", "”": "&#148;", "—": "&#151;", "\u00a0": "&nbsp;"}


def html_document(report: Report) -> bytes:
    """ASCII bytes. The item titles stand in the same paragraph as the item numbers."""
    out = [
        f'<HTML><HEAD>\n<TITLE>{_text(report.title)}</TITLE>\n</HEAD>\n<BODY BGCOLOR="WHITE">\n',
        '<h5 align="left"><a href="#toc">Table of Contents</a></h5>\n',
        _blocks(report.cover),
        _contents(report),
    ]
    for part, sections in groupby(report.sections, key=lambda section: section.part):
        out.append(
            f'<P ALIGN="center">{FONT}<B>{_text(part_heading(report.form, part).upper())} </B></FONT></P>\n'
        )
        for section in sections:
            label = _text(section.label.upper()).replace(" ", "&nbsp;")
            out.append(
                f'<P STYLE="margin-top:18px;margin-bottom:0px">{FONT}<B><A NAME="{section.code}"></A>{label}.'
                f"&nbsp;&nbsp;{_text(section.title.upper())} </B></FONT></P>\n"
            )
            out.append(_blocks(section.blocks))
    out += [_blocks(report.closing), "</BODY></HTML>\n"]
    return "".join(out).encode("ascii", "xmlcharrefreplace")


def html_page(title: str, blocks: tuple[Block, ...]) -> bytes:
    """A document without items: an exhibit."""
    head = f'<HTML><HEAD>\n<TITLE>{_text(title)}</TITLE>\n</HEAD>\n<BODY BGCOLOR="WHITE">\n'
    return f"{head}{_blocks(blocks)}</BODY></HTML>\n".encode("ascii", "xmlcharrefreplace")


def _contents(report: Report) -> str:
    rows = "".join(
        f'<TR><TD VALIGN="top">{FONT}<A HREF="#{section.code}">{_text(section.label)}.</A></FONT></TD>'
        f"<TD>{FONT}{_text(section.title)}</FONT></TD><TD>{FONT}{number + 2}</FONT></TD></TR>\n"
        for number, section in enumerate(report.sections)
    )
    return f'<P ALIGN="center"><A NAME="toc"></A><B>TABLE OF CONTENTS</B></P>\n<TABLE WIDTH="100%">{rows}</TABLE>\n'


def _blocks(blocks: Iterable[Block]) -> str:
    return "".join(_block(block) for block in blocks)


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        align = ' ALIGN="center"' if block.centred else ""
        inner = "".join(_inline(part) for part in block.content)
        return f'<P STYLE="margin-top:6px;margin-bottom:0px"{align}>{FONT}{inner} </FONT></P>\n'
    if isinstance(block, Heading):
        return f"<P>{FONT}<B><I>{_text(block.text)} </I></B></FONT></P>\n"
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, TextBlock):
        return _blocks(block.blocks)
    return '<P ALIGN="center">31 </P>\n<p Style="page-break-before:always">\n<HR SIZE="3" WIDTH="100%">\n'


def _table(table: Table) -> str:
    head = "".join(f'<TD ALIGN="center">{FONT}<B>{_text(header)}</B></FONT></TD>' for header in table.headers)
    rows = [f"<TR><TD>{FONT}{_text(table.caption)}</FONT></TD>{head}</TR>\n"]
    for row in table.rows:
        cells = "".join(
            f'<TD ALIGN="right" NOWRAP>{FONT}{_cell(cell)}&nbsp;</FONT></TD>' for cell in row.cells
        )
        rows.append(f"<TR><TD>{FONT}{_text(row.label)}</FONT></TD>{cells}</TR>\n")
    return f'<TABLE CELLSPACING="0" CELLPADDING="0" WIDTH="100%" BORDER="0">\n{"".join(rows)}</TABLE>\n'


def _cell(cell: Figure | str) -> str:
    if isinstance(cell, str):
        return _text(cell)
    digits = _text(printed(cell))
    return f"({digits})" if in_parentheses(cell) else digits


def _inline(part: Inline) -> str:
    if isinstance(part, Strong):
        return f"<B>{_text(part.text)}</B>"
    if isinstance(part, Reference):
        return f'<A HREF="#{part.code}"><B>{_text(part.text)}</B></A>'
    return _text(plain((part,)))


def _text(text: str) -> str:
    out = escape(text)
    for character, reference in WINDOWS_1252.items():
        out = out.replace(character, reference)
    return out
