"""The facts of a report as an XBRL instance document, the way they were filed from 2009 to 2018."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from samples.blocks import Figure, Member, Paragraph, Report, TextBlock, Unit, facts_in, plain
from samples.fiscal_calendar import Period
from samples.inline_document import context_element, unit_element


@dataclass(frozen=True, slots=True)
class EntityFact:
    """A `dei` fact in the form the instance holds it: dates are ISO dates."""

    element: str
    value: str


def xbrl_instance(
    report: Report,
    entity: tuple[EntityFact, ...],
    *,
    cik: int,
    prefix: str,
    period: Period,
    taxonomy_year: int,
) -> bytes:
    """`report` gives the figures and text blocks, `entity` the facts about the filer, which belong to `period`."""
    contexts: dict[tuple[Period | date, tuple[Member, ...]], str] = {}
    units: set[Unit] = set()

    def context(when: Period | date, members: tuple[Member, ...] = ()) -> str:
        return contexts.setdefault((when, members), _context_id(when, members))

    facts = [
        f'<dei:{fact.element} contextRef="{context(period)}">{escape(fact.value)}</dei:{fact.element}>'
        for fact in entity
    ]
    seen: set[str] = set()
    for fact in facts_in(report):
        if isinstance(fact, TextBlock):
            told = "".join(
                f"<p>{escape(plain(b.content))}</p>" for b in fact.blocks if isinstance(b, Paragraph)
            )
            facts.append(f'<{fact.element} contextRef="{context(fact.when)}">{escape(told)}</{fact.element}>')
        elif isinstance(fact, Figure):
            for element in fact.elements:
                written = _number(fact, element, context(fact.when, fact.members))
                units.add(fact.unit)
                if written not in seen:
                    seen.add(written)
                    facts.append(written)
    stamp = f"{period.end:%Y%m%d}"
    resources = [context_element(name, cik, when, members) for (when, members), name in contexts.items()]
    resources += [unit_element(unit.value, unit) for unit in Unit if unit in units]
    lines = "\n".join((*resources, *facts))
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<xbrli:xbrl xmlns:xbrli="http://www.xbrl.org/2003/instance" xmlns:link="http://www.xbrl.org/2003/linkbase" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:xbrldi="http://xbrl.org/2006/xbrldi" xmlns:iso4217="http://www.xbrl.org/2003/iso4217" '
        f'xmlns:dei="http://xbrl.sec.gov/dei/{taxonomy_year}-01-31" '
        f'xmlns:us-gaap="http://fasb.org/us-gaap/{taxonomy_year}-01-31" '
        f'xmlns:srt="http://fasb.org/srt/{taxonomy_year}-01-31" '
        f'xmlns:{prefix}="http://{prefix}.example/{stamp}">\n'
        f'<link:schemaRef xlink:type="simple" xlink:href="{prefix}-{stamp}.xsd"/>\n{lines}\n</xbrli:xbrl>\n'
    )
    return text.encode()


def _number(fact: Figure, element: str, context: str) -> str:
    attributes = f'contextRef="{context}" unitRef="{fact.unit.value}"'
    if fact.nil or fact.value is None:
        return f'<{element} {attributes} xsi:nil="true"/>'
    decimals = "INF" if fact.decimals is None else fact.decimals
    return f'<{element} {attributes} decimals="{decimals}">{fact.value:f}</{element}>'


def _context_id(when: Period | date, members: tuple[Member, ...]) -> str:
    span = f"D{when.start:%Y%m%d}_{when.end:%Y%m%d}" if isinstance(when, Period) else f"I{when:%Y%m%d}"
    return "_".join((span, *(member.member.replace(":", "-") for member in members)))
