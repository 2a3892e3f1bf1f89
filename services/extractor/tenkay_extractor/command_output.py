"""How `tenkay extract` and `tenkay catalog` print: JSON for programs, tables for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from tenkay_extractor.catalog import Catalog
from tenkay_extractor.evidence import Evidence, FactEvidence, SearchEvidence, TextEvidence
from tenkay_extractor.extraction import Extraction, document_text
from tenkay_extractor.facts import Fact
from tenkay_extractor.plain_decimals import plain, plain_float
from tenkay_extractor.sections import Section
from tenkay_extractor.signal_descriptions import confidence_rule, inputs_of
from tenkay_extractor.signals import Signal

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

Json = dict[str, object]


def as_json_line(found: Extraction, *, with_facts: bool) -> str:
    """One line. Numbers are decimal strings; what is absent is null."""
    filing = found.filing
    document: Json = {
        "accession_number": filing.accession_number or None,
        "form_type": filing.form_type or None,
        "cik": filing.cik,
        "filed_at": _iso(filing.filed_date),
        "period_end": _iso(filing.period_end),
        "sections": [_section(section, found) for section in found.sections],
        "signals": [_signal(signal) for signal in found.signals],
        "missing": [
            {"id": missing.id, "reason": missing.reason.value, "detail": missing.detail}
            for missing in found.missing
        ],
        "result_key": found.result_key,
        "catalog_version": found.catalog_version,
        "code_version": found.code_version,
    }
    if with_facts:
        document["facts"] = [_fact(fact) for fact in found.facts.facts if fact.value is not None]
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _section(section: Section, found: Extraction) -> Json:
    return {
        "code": section.code,
        "part": section.part or None,
        "title": section.title,
        "document": section.document or None,
        "start": section.start,
        "end": section.end,
        "text": document_text(found, section.document)[section.start : section.end],
        "confidence": section.confidence,
    }


def _signal(signal: Signal) -> Json:
    return {
        "id": signal.id,
        "value": _value(signal),
        "unit": signal.unit,
        "confidence": signal.confidence,
        "evidence": [
            *(_evidence(evidence) for evidence in signal.evidence),
            *({"kind": "note", "note": note} for note in signal.notes),
        ],
    }


def _value(signal: Signal) -> str | bool:
    if isinstance(signal.value, bool | str):
        return signal.value
    if isinstance(signal.value, int):
        return str(signal.value)
    return plain(signal.value) if isinstance(signal.value, Decimal) else plain_float(signal.value)


def _evidence(evidence: Evidence) -> Json:
    match evidence:
        case FactEvidence(concept, fact, accession_number):
            of_another = {"accession_number": accession_number} if accession_number else {}
            return {"kind": "fact", "for": concept, **_fact(fact), "fact_id": fact.fact_id or None,
                    "context_id": fact.context.id, **of_another}  # fmt: skip
        case TextEvidence():
            return {"kind": "text", **_passage(evidence)}
        case SearchEvidence(sections, text_sha256, dismissed):
            return {
                "kind": "search",
                "sections": list(sections),
                "text_sha256": text_sha256,
                "dismissed": [_passage(passage) for passage in dismissed],
            }


def _passage(passage: TextEvidence) -> Json:
    return {
        "document": passage.document or None,
        "section": passage.section or None,
        "text_sha256": passage.text_sha256,
        "start": passage.start,
        "end": passage.end,
        "quote": passage.quote,
    }


def _fact(fact: Fact) -> Json:
    period = fact.context.period
    return {
        "concept": fact.concept,
        "value": plain(fact.value) if fact.value is not None else fact.text,
        "unit": fact.unit,
        "start": _iso(period.start) if period else None,
        "end": _iso(period.end) if period and not period.is_instant else None,
        "instant": _iso(period.end) if period and period.is_instant else None,
        "decimals": fact.decimals,
        "dimensions": dict(fact.context.members),
        "document": fact.document or None,
    }


def catalog_json_lines(catalog: Catalog) -> Iterator[str]:
    """One object a line: the rows of the catalog."""
    for row in catalog.signals:
        yield json.dumps(
            {
                "id": row.id,
                "category": row.category.value,
                "tier": row.tier.value,
                "name": row.name,
                "definition": row.definition,
                "formula": row.formula,
                "unit": row.unit,
                "value_kind": row.value_kind.value,
                "values": list(row.values),
                "valid_range": {
                    name: None if bound is None else plain(bound)
                    for name, bound in (
                        ("least", row.valid_range.least),
                        ("above", row.valid_range.above),
                        ("most", row.valid_range.most),
                    )
                },
                "inputs": list(inputs_of(row)),
                "condition": row.emit_if.source if row.emit_if is not None else None,
                "confidence_rule": confidence_rule(row),
                "forms": list(row.forms),
                "industries": list(row.industry),
                "excluded_industries": list(row.not_industry),
                "direction": row.direction,
                "source": row.source,
                "missing_when": row.missing_when,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )


def catalog_table(catalog: Catalog) -> Table:
    """The catalog for people."""
    from rich.table import Table

    table = Table(title=f"Signals, catalog {catalog.version}", title_justify="left")
    for heading in ("Id", "Category", "Unit", "What it says", "Formula"):
        table.add_column(heading, overflow="fold")
    for row in catalog.signals:
        table.add_row(row.id, row.category.value, row.unit, row.definition, row.formula)
    return table


_Columns = tuple[tuple[str, Literal["left", "right"]], ...]
_SIGNAL_COLUMNS: _Columns = (
    ("Signal", "left"), ("Value", "right"), ("Unit", "left"), ("Sure", "right"), ("Proof", "left"),
)  # fmt: skip
_SECTION_COLUMNS: _Columns = (("Code", "left"), ("Title", "left"), ("Characters", "right"), ("Sure", "right"))


def tables(path: str, found: Extraction) -> Iterator[RenderableType]:
    """One filing for people: what it is, its signals, what is missing, its sections."""
    from rich.markup import escape
    from rich.table import Table

    filing = found.filing
    facts = f"{len(found.facts.facts):,} facts" if found.facts.facts else "no facts"
    told = [
        filing.form_type or "form not told",
        filing.company_name,
        f"CIK {filing.cik}" if filing.cik else "",
        filing.accession_number,
        f"period to {filing.period_end}" if filing.period_end else "",
        f"filed {filing.filed_date}" if filing.filed_date else "",
        facts,
    ]
    yield f"[bold]{escape(path)}[/bold]\n" + escape(" · ".join(part for part in told if part))
    signals = Table(title="Signals", title_justify="left")
    for heading in ("Signal", "Value", "Unit", "Sure", "Proof"):
        signals.add_column(
            heading, overflow="fold", justify="right" if heading in ("Value", "Sure") else "left"
        )
    for signal in found.signals:
        signals.add_row(
            signal.id,
            _shown(signal),
            signal.unit,
            f"{signal.confidence:.2f}",
            escape(_proof(signal.evidence)),
        )
    if found.signals:
        yield signals
    if found.missing:
        missing_table = Table(title="Missing", title_justify="left")
        for heading in ("Signal", "Reason", "Detail"):
            missing_table.add_column(heading, overflow="fold")
        for missing in found.missing:
            missing_table.add_row(missing.id, missing.reason.value, escape(missing.detail))
        yield missing_table
    if found.sections:
        sections = Table(title="Sections", title_justify="left")
        for heading in ("Code", "Title", "Characters", "Sure"):
            sections.add_column(
                heading, overflow="fold", justify="right" if heading in ("Characters", "Sure") else "left"
            )
        for section in found.sections:
            sections.add_row(
                section.code,
                escape(section.title),
                f"{section.end - section.start:,}",
                f"{section.confidence:.2f}",
            )
        yield sections


def _shown(signal: Signal) -> str:
    if isinstance(signal.value, bool):
        return "yes" if signal.value else "no"
    if isinstance(signal.value, str):
        return signal.value.replace("_", " ")
    if isinstance(signal.value, int):
        return f"{signal.value:,}"
    if isinstance(signal.value, Decimal):
        whole, point, places = plain(signal.value).partition(".")
        return f"{int(whole):,}{point}{places}" if whole not in ("-0", "") else f"{whole}{point}{places}"
    return f"{signal.value:,.4g}"


def _proof(evidence: tuple[Evidence, ...]) -> str:
    first = evidence[0]
    more = f" (+{len(evidence) - 1})" if len(evidence) > 1 else ""
    match first:
        case FactEvidence(_, fact, accession_number):
            of_another = f" in {accession_number}" if accession_number else ""
            return f"{fact.concept} {fact.context.period}{of_another}{more}"
        case TextEvidence():
            return f"{first.section}: “{first.quote}”{more}"
        case SearchEvidence(sections, _, _):
            return f"searched {', '.join(sections)}"
