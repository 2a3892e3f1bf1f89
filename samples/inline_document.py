"""A report as an inline XBRL document: XHTML whose displayed values are the facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from samples import inline_dialect
from samples.blocks import (
    Block,
    Figure,
    Heading,
    Inline,
    Member,
    PageBreak,
    Paragraph,
    Reference,
    Report,
    Strong,
    Table,
    TextBlock,
    TextFact,
    Unit,
    in_parentheses,
    part_heading,
    printed,
)
from samples.companies import SampleCompany
from samples.fiscal_calendar import Period
from samples.inline_dialect import Dialect, escape


def inline_document(company: SampleCompany, report: Report, *, file_stem: str, taxonomy_year: int) -> bytes:
    """The bytes of the primary document. `file_stem` also names the schema that it refers to."""
    return _InlineWriter(company, inline_dialect.of(company.house)).write(report, file_stem, taxonomy_year)


Context = tuple[Period | date, tuple[Member, ...]]


@dataclass(slots=True)
class _InlineWriter:
    company: SampleCompany
    dialect: Dialect
    contexts: dict[Context, str] = field(default_factory=dict)
    units: set[Unit] = field(default_factory=set)
    facts: int = 0
    page: int = 1
    codes: dict[str, str] = field(default_factory=dict)
    """Anchor of each section."""

    def write(self, report: Report, file_stem: str, taxonomy_year: int) -> bytes:
        dialect = self.dialect
        self.codes = {section.code: dialect.anchor(n, section) for n, section in enumerate(report.sections)}
        hidden = "".join(self._fact(item.fact) for item in report.hidden)
        body = "".join(
            [
                self._blocks(report.cover),
                self._contents(report) if report.contents else "",
                self._sections(report),
                self._blocks(report.closing),
            ]
        )
        header = (
            f'<div style="display:none"><ix:header><ix:hidden>{hidden}</ix:hidden>'
            f'<ix:references xml:lang="en-US"><link:schemaRef xlink:type="simple" xlink:href="{file_stem}.xsd"/>'
            f"</ix:references><ix:resources>{self._resources()}</ix:resources></ix:header></div>"
        )
        namespaces = " ".join(
            f'xmlns:{prefix}="{uri}"' for prefix, uri in self._namespaces(file_stem, taxonomy_year)
        )
        text = (
            f"<?xml version='1.0' encoding='{dialect.encoding}'?>\n"
            f'<html xmlns="http://www.w3.org/1999/xhtml" {namespaces} xml:lang="en-US"><head>'
            f'<meta http-equiv="Content-Type" content="text/html"/>\n<title>{escape(report.title)}</title></head>'
            f"<body>{header}{body}</body></html>\n"
        )
        return text.encode(dialect.encoding, "xmlcharrefreplace")

    def _namespaces(self, file_stem: str, taxonomy_year: int) -> Iterable[tuple[str, str]]:
        return (
            ("ix", "http://www.xbrl.org/2013/inlineXBRL"),
            ("ixt", self.dialect.transformations),
            ("ixt-sec", "http://www.sec.gov/inlineXBRL/transformation/2015-08-31"),
            ("link", "http://www.xbrl.org/2003/linkbase"),
            ("xlink", "http://www.w3.org/1999/xlink"),
            ("xsi", "http://www.w3.org/2001/XMLSchema-instance"),
            ("xbrli", "http://www.xbrl.org/2003/instance"),
            ("xbrldi", "http://xbrl.org/2006/xbrldi"),
            ("iso4217", "http://www.xbrl.org/2003/iso4217"),
            ("dei", f"http://xbrl.sec.gov/dei/{taxonomy_year}"),
            ("us-gaap", f"http://fasb.org/us-gaap/{taxonomy_year}"),
            ("srt", f"http://fasb.org/srt/{taxonomy_year}"),
            (self.company.prefix, f"http://{self.company.prefix}.example/{file_stem.rpartition('-')[2]}"),
        )

    def _contents(self, report: Report) -> str:
        rows = []
        for part, sections in groupby(report.sections, key=lambda section: section.part):
            if part:
                rows.append(
                    f'<tr><td colspan="3">{self.dialect.bold(part_heading(report.form, part))}</td></tr>'
                )
            for section in sections:
                link = f'<a href="#{self.codes[section.code]}">'
                rows.append(
                    f"<tr><td>{link}{escape(section.label)}.</a></td>"
                    f"<td>{link}{escape(section.title)}</a></td><td>{3 + 2 * len(rows)}</td></tr>"
                )
        heading = self.dialect.centred(self.dialect.bold("TABLE OF CONTENTS"))
        return f'<div id="toc"></div>{heading}<table>{"".join(rows)}</table>{self._page_break()}'

    def _sections(self, report: Report) -> str:
        out = []
        part = ""
        for section in report.sections:
            if section.part != part:
                part = section.part
                out.append(self.dialect.part_heading(part_heading(report.form, part)))
            out.append(self.dialect.item_heading(self.codes[section.code], section))
            out.append(self._blocks(section.blocks))
        return "".join(out)

    def _blocks(self, blocks: Iterable[Block]) -> str:
        return "".join(self._block(block) for block in blocks)

    def _block(self, block: Block) -> str:
        if isinstance(block, Paragraph):
            inner = "".join(self._inline(part) for part in block.content)
            return self.dialect.centred(inner) if block.centred else self.dialect.paragraph(inner)
        if isinstance(block, Heading):
            return self.dialect.paragraph(self.dialect.bold(escape(block.text)))
        if isinstance(block, Table):
            return self._table(block)
        if isinstance(block, TextBlock):
            return self._text_block(block)
        return self._page_break()

    def _page_break(self) -> str:
        self.page += 1
        return self.dialect.page_break(self.page - 1)

    def _table(self, table: Table) -> str:
        head = "".join(
            f'<td colspan="2">{self.dialect.bold(escape(header))}</td>' for header in table.headers
        )
        rows = [f"<tr><td>{escape(table.caption)}</td>{head}</tr>"]
        for number, row in enumerate(table.rows):
            cells = "".join(self._cell(cell, sign=number == 0 or row.total) for cell in row.cells)
            label = self.dialect.bold(escape(row.label)) if row.total else escape(row.label)
            rows.append(f"<tr><td>{label}</td>{cells}</tr>")
        return f'<table style="border-collapse:collapse;width:100%">{"".join(rows)}</table>'

    def _cell(self, cell: Figure | str, *, sign: bool) -> str:
        if isinstance(cell, str):
            return f'<td colspan="2">{escape(cell)}</td>'
        dollar = "$" if sign and cell.unit in (Unit.USD, Unit.USD_PER_SHARE) else ""
        return f'<td>{dollar}</td><td style="text-align:right">{self._figure(cell)}</td>'

    def _inline(self, part: Inline) -> str:
        if isinstance(part, str):
            return self.dialect.run(escape(part))
        if isinstance(part, Strong):
            return self.dialect.bold(escape(part.text))
        if isinstance(part, Reference):
            link = self.codes.get(part.code)
            words = self.dialect.bold(escape(part.text))
            return f'<a href="#{link}">{words}</a>' if link else words
        return self._fact(part)

    def _fact(self, fact: Figure | TextFact) -> str:
        return self._figure(fact) if isinstance(fact, Figure) else self._text_fact(fact)

    def _figure(self, figure: Figure) -> str:
        if not figure.elements:
            digits = printed(figure)
        elif figure.nil:
            return self._number_tag(figure, figure.elements[0], "", inner=True)
        elif figure.value is None:
            return printed(figure)
        else:
            digits = printed(figure)
            for position, element in enumerate(reversed(figure.elements)):
                digits = self._number_tag(figure, element, digits, inner=position == 0)
        return f"({digits})" if in_parentheses(figure) else digits

    def _number_tag(self, figure: Figure, element: str, content: str, *, inner: bool) -> str:
        self.units.add(figure.unit)
        attributes = {
            "unitRef": self.dialect.unit_id(figure.unit),
            "contextRef": self._context(figure.when, figure.members),
            "name": element,
            "id": self._fact_id(),
        }
        if figure.nil:
            attributes["xsi:nil"] = "true"
        else:
            attributes["decimals"] = "INF" if figure.decimals is None else str(figure.decimals)
            attributes["scale"] = str(figure.scale)
            if not figure.value:
                attributes["format"] = self.dialect.zero_format
            elif not inner or "," in content or self.dialect.formats_all_numbers:
                attributes["format"] = self.dialect.number_format
            if figure.value is not None and figure.value < 0:
                attributes["sign"] = "-"
        return f"<ix:nonFraction {_attributes(attributes)}>{content}</ix:nonFraction>"

    def _text_fact(self, fact: TextFact) -> str:
        inner = "".join(
            escape(part) if isinstance(part, str) else self._text_fact(part) for part in fact.content
        )
        attributes = {"contextRef": self._context(fact.when, fact.members), "name": fact.element}
        if fact.format:
            attributes["format"] = self.dialect.text_format(fact.format)
        attributes["id"] = self._fact_id()
        return f"<ix:nonNumeric {_attributes(attributes)}>{inner}</ix:nonNumeric>"

    def _text_block(self, block: TextBlock) -> str:
        """The note as one fact: what follows a page break is a continuation."""
        identifier = self._fact_id()
        context = self._context(block.when, ())
        pages = [
            list(group)
            for is_break, group in groupby(block.blocks, key=lambda inner: isinstance(inner, PageBreak))
            if not is_break
        ]
        out = []
        for number, page in enumerate(pages):
            inner = self._blocks(page)
            following = f' continuedAt="{identifier}-{number + 1}"' if number + 1 < len(pages) else ""
            if number == 0:
                out.append(
                    f'<ix:nonNumeric contextRef="{context}" name="{block.element}" id="{identifier}"{following} '
                    f'escape="true">{inner}</ix:nonNumeric>'
                )
            else:
                out.append(self._page_break())
                out.append(
                    f'<ix:continuation id="{identifier}-{number}"{following}>{inner}</ix:continuation>'
                )
        return "".join(out)

    def _fact_id(self) -> str:
        self.facts += 1
        return self.dialect.fact_id(self.facts)

    def _context(self, when: Period | date, members: tuple[Member, ...]) -> str:
        key = (when, members)
        if key not in self.contexts:
            self.contexts[key] = self.dialect.context_id(len(self.contexts) + 1, when, members)
        return self.contexts[key]

    def _resources(self) -> str:
        contexts = (
            context_element(identifier, self.company.cik, when, members)
            for (when, members), identifier in self.contexts.items()
        )
        units = (unit_element(self.dialect.unit_id(unit), unit) for unit in Unit if unit in self.units)
        return "".join((*contexts, *units))


def context_element(identifier: str, cik: int, when: Period | date, members: tuple[Member, ...]) -> str:
    """A context as XBRL writes it, in the prefixes both document kinds declare."""
    segment = "".join(
        f'<xbrldi:typedMember dimension="{member.axis}"><{member.typed_element}>{member.member}'
        f"</{member.typed_element}></xbrldi:typedMember>"
        if member.typed_element
        else f'<xbrldi:explicitMember dimension="{member.axis}">{member.member}</xbrldi:explicitMember>'
        for member in members
    )
    entity = (
        f'<xbrli:entity><xbrli:identifier scheme="http://www.sec.gov/CIK">{cik:010d}</xbrli:identifier>'
        f"{f'<xbrli:segment>{segment}</xbrli:segment>' if segment else ''}</xbrli:entity>"
    )
    if isinstance(when, Period):
        span = f"<xbrli:startDate>{when.start}</xbrli:startDate><xbrli:endDate>{when.end}</xbrli:endDate>"
    else:
        span = f"<xbrli:instant>{when}</xbrli:instant>"
    return f'<xbrli:context id="{identifier}">{entity}<xbrli:period>{span}</xbrli:period></xbrli:context>'


def unit_element(identifier: str, unit: Unit) -> str:
    measures = {
        Unit.USD: "<xbrli:measure>iso4217:USD</xbrli:measure>",
        Unit.SHARES: "<xbrli:measure>xbrli:shares</xbrli:measure>",
        Unit.PURE: "<xbrli:measure>xbrli:pure</xbrli:measure>",
        Unit.USD_PER_SHARE: (
            "<xbrli:divide><xbrli:unitNumerator><xbrli:measure>iso4217:USD</xbrli:measure></xbrli:unitNumerator>"
            "<xbrli:unitDenominator><xbrli:measure>xbrli:shares</xbrli:measure></xbrli:unitDenominator></xbrli:divide>"
        ),
    }
    return f'<xbrli:unit id="{identifier}">{measures[unit]}</xbrli:unit>'


def _attributes(values: dict[str, str]) -> str:
    return " ".join(f'{name}="{escape(value)}"' for name, value in values.items())
