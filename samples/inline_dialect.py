"""The habits of three filing programs: how each one names, formats and marks up the same content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape as xml_escape

from samples.blocks import Member, Section, Unit
from samples.companies import House
from samples.fiscal_calendar import Period


def escape(text: str) -> str:
    """For text and for attributes in double quotes."""
    return xml_escape(text, {'"': "&quot;"})


def of(house: House) -> Dialect:
    return {House.NUMBERED: Dialect(), House.DESCRIPTIVE: _Descriptive(), House.PROSE: _Prose()}[house]


@dataclass(frozen=True, slots=True)
class Dialect:
    """Numbered ids, `div` and `span`, transformations of 2020, everything outside ASCII as a numeric reference."""

    encoding: str = "ASCII"
    transformations: str = "http://www.xbrl.org/inlineXBRL/transformation/2020-02-12"
    number_format: str = "ixt:num-dot-decimal"
    zero_format: str = "ixt:fixed-zero"
    formats_all_numbers: bool = False
    """Also where the digits need no transformation."""

    def text_format(self, name: str) -> str:
        return name

    def fact_id(self, number: int) -> str:
        return f"f-{number}"

    def unit_id(self, unit: Unit) -> str:
        return unit.value

    def context_id(self, number: int, when: Period | date, members: tuple[Member, ...]) -> str:  # noqa: ARG002
        return f"c-{number}"

    def anchor(self, number: int, section: Section) -> str:  # noqa: ARG002
        return f"i7d3f0e5b_{13 + 3 * number}"

    def run(self, text: str) -> str:
        return f'<span style="font-size:10pt;font-weight:400">{text}</span>'

    def bold(self, text: str) -> str:
        return f'<span style="font-size:10pt;font-weight:700">{text}</span>'

    def paragraph(self, inner: str) -> str:
        return f'<div style="margin-top:9pt;text-align:justify">{inner}</div>'

    def centred(self, inner: str) -> str:
        return f'<div style="margin-top:6pt;text-align:center">{inner}</div>'

    def part_heading(self, text: str) -> str:
        return self.centred(self.bold(text.upper()))

    def item_heading(self, anchor: str, section: Section) -> str:
        words = self.bold(f"{escape(section.label)}.{'&#160;' * 4}{escape(section.title)}")
        return f'<div id="{anchor}"></div><div style="margin-top:18pt;text-indent:-45pt">{words}</div>'

    def page_break(self, page: int) -> str:
        return (
            f'<div style="height:42pt;width:100%"><div style="text-align:center">{self.run(str(page))}</div></div>'
            '<hr style="page-break-after:always"/><div><a href="#toc">Table of Contents</a></div>'
        )


class _Descriptive(Dialect):
    """Ids that spell out the context, headings in capitals inside tables, transformations of 2015."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(
            transformations="http://www.xbrl.org/inlineXBRL/transformation/2015-02-26",
            number_format="ixt:numdotdecimal",
            zero_format="ixt:zerodash",
            formats_all_numbers=True,
        )

    def text_format(self, name: str) -> str:
        return {
            "ixt:date-monthname-day-year-en": "ixt:datemonthdayyearen",
            "ixt:date-monthname-day-en": "ixt:datemonthdayen",
            "ixt:fixed-false": "ixt:booleanfalse",
            "ixt:fixed-true": "ixt:booleantrue",
        }.get(name, name)

    def fact_id(self, number: int) -> str:
        return f"Fact_{number}"

    def unit_id(self, unit: Unit) -> str:
        return {Unit.USD: "USD", Unit.SHARES: "Shares", Unit.USD_PER_SHARE: "USDPShares", Unit.PURE: "Pure"}[
            unit
        ]

    def context_id(self, number: int, when: Period | date, members: tuple[Member, ...]) -> str:  # noqa: ARG002
        span = f"From{when.start}to{when.end}" if isinstance(when, Period) else f"AsOf{when}"
        return "_".join((span, *(member.member.replace(":", "_") for member in members)))

    def anchor(self, number: int, section: Section) -> str:
        return f"a_{number:03d}_{section.code.replace('.', '')}"

    def run(self, text: str) -> str:
        return text

    def bold(self, text: str) -> str:
        return f"<b>{text}</b>"

    def paragraph(self, inner: str) -> str:
        return f'<p style="font:10pt Times New Roman, Times, Serif;margin:0 0 8pt 0">{inner}</p>\n'

    def centred(self, inner: str) -> str:
        return f'<p style="font:10pt Times New Roman, Times, Serif;margin:0;text-align:center">{inner}</p>\n'

    def part_heading(self, text: str) -> str:
        return f'<p style="text-align:center"><b>{text.upper().replace("PART ", "PART&#160;")}</b></p>\n'

    def item_heading(self, anchor: str, section: Section) -> str:
        label = escape(section.label.upper()).replace(" ", "&#160;")
        return (
            f'<table cellpadding="0" cellspacing="0" id="{anchor}" style="width:100%"><tr>'
            f'<td style="width:0.75in"><b>{label}.</b></td>'
            f"<td><b>{escape(section.title.upper())}</b></td></tr></table>\n"
        )

    def page_break(self, page: int) -> str:
        return (
            f'<p style="text-align:center">{page}</p>\n<div style="page-break-before:always"></div>'
            '<p><a href="#toc">Table of Contents</a></p>\n'
        )


class _Prose(Dialect):
    """UTF-8, an em dash between item and title, sentences that change their run in the middle."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(encoding="UTF-8")

    def fact_id(self, number: int) -> str:
        return f"Tc_{number * 7919 % 1_000_003:06x}_{number}"

    def unit_id(self, unit: Unit) -> str:
        return f"Unit_{unit.value}"

    def context_id(self, number: int, when: Period | date, members: tuple[Member, ...]) -> str:  # noqa: ARG002
        def written(day: date) -> str:
            return f"{day.month}_{day.day}_{day.year}"

        if isinstance(when, Period):
            return f"Duration_{written(when.start)}_To_{written(when.end)}_x{number}"
        return f"As_Of_{written(when)}_x{number}"

    def anchor(self, number: int, section: Section) -> str:
        return f"{section.code.upper().replace('.', '')}_{532_975 + number * 11}"

    def run(self, text: str) -> str:
        cut = text.find(" ", 60)
        if cut < 0 or "&" in text[cut - 8 : cut + 8]:
            return f"<span>{text}</span>"
        return f"<span>{text[:cut]}</span><span> {text[cut + 1 :]}</span>"

    def bold(self, text: str) -> str:
        return f'<b style="font-weight:bold">{text}</b>'

    def paragraph(self, inner: str) -> str:
        return (
            f"<p style=\"font-family:'Times New Roman';font-size:10pt;margin:0pt 0pt 12pt 0pt\">{inner}</p>"
        )

    def centred(self, inner: str) -> str:
        return f"<p style=\"font-family:'Times New Roman';font-size:10pt;text-align:center\">{inner}</p>"

    def part_heading(self, text: str) -> str:
        return self.centred(self.bold(text.replace(" ", "&#160;", 1)))

    def item_heading(self, anchor: str, section: Section) -> str:
        first, _, number = section.label.partition(" ")
        label = f"<b>{first}</b><b>&#160;{number}</b>"
        return (
            f'<a id="{anchor}"></a><p style="margin:14pt 0pt 12pt 0pt">{label}<b> — </b>'
            f"<b>{escape(section.title)}</b></p>"
        )

    def page_break(self, page: int) -> str:
        return (
            f'<div style="clear:both;page-break-after:always"><p style="text-align:center">{page}</p></div>'
            '<p><a href="#toc"><b>Table of Contents</b></a></p>'
        )
