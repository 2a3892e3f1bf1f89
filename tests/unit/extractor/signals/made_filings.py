"""Made-up submissions of any form, read and evaluated in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tenkay_extractor.evidence import SearchEvidence, TextEvidence
from tenkay_extractor.extraction import Blob, Question, read_filing
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.missing import MissingSignal
from tenkay_extractor.reference_tables import ReferenceTable
from tenkay_extractor.signals import Signal, evaluate_catalog

ISSUER = 1999001
"""CIK of the made-up company; no entity has it."""


@dataclass(frozen=True)
class Paper:
    """One document of a submission."""

    type: str
    text: str
    filename: str = ""


def filing(
    form: str,
    *documents: Paper,
    filed: str = "20240506",
    period: str = "",
    items: Sequence[str] = (),
    number: int = 1,
    cik: int = ISSUER,
    filed_by: int | None = None,
    sic: str = "",
    earlier: Sequence[FilingView] = (),
    complete_since: date | None = None,
    tables: Sequence[ReferenceTable] = (),
) -> FilingView:
    """A filing read from its submission text. `number` tells submissions of one day apart."""
    role = "SUBJECT COMPANY" if filed_by else "FILER"
    industry = f"\t\tSTANDARD INDUSTRIAL CLASSIFICATION:\tMADE UP [{sic}]\n" if sic else ""
    entities = (
        f"{role}:\n\n\tCOMPANY DATA:\n\t\tCOMPANY CONFORMED NAME:\t\t\tMADE UP CORP\n"
        f"\t\tCENTRAL INDEX KEY:\t\t\t{cik:010}\n{industry}"
    )
    if filed_by:
        entities += (
            "\nFILED BY:\n\n\tCOMPANY DATA:\n\t\tCOMPANY CONFORMED NAME:\t\t\tA HOLDER LP\n"
            f"\t\tCENTRAL INDEX KEY:\t\t\t{filed_by:010}\n"
        )
    parts = "".join(
        f"<DOCUMENT>\n<TYPE>{each.type}\n<SEQUENCE>{position}\n<FILENAME>{each.filename or f'd{position}.txt'}\n<TEXT>\n"
        f"{each.text}\n</TEXT>\n</DOCUMENT>\n"
        for position, each in enumerate(documents, start=1)
    )
    listed = "".join(f"ITEM INFORMATION:\t\t{caption}\n" for caption in items)
    reported = f"CONFORMED PERIOD OF REPORT:\t{period}\n" if period else ""
    accession = f"{cik:010}-{filed[2:4]}-{number:06}"
    text = (
        f"<SEC-DOCUMENT>{accession}.txt : {filed}\n<SEC-HEADER>{accession}.hdr.sgml : {filed}\n"
        f"<ACCEPTANCE-DATETIME>{filed}16{number % 60:02}00\nACCESSION NUMBER:\t\t{accession}\n"
        f"CONFORMED SUBMISSION TYPE:\t{form}\n{reported}{listed}FILED AS OF DATE:\t\t{filed}\n\n{entities}</SEC-HEADER>\n"
        f"{parts}</SEC-DOCUMENT>\n"
    )
    question = Question(earlier=tuple(earlier), earlier_complete_since=complete_since, tables=tuple(tables))
    return read_filing([Blob(text.encode(), filename=f"{accession}.txt")], question=question)


def evaluate(view: FilingView) -> Mapping[str, Signal | MissingSignal]:
    """All rows by id. No row's own code may fail, and every quote stands in its text."""
    signals, missing, failures = evaluate_catalog(view)
    assert not failures
    texts = {text.sha256: text.text for each in (view, *view.earlier) for text in each.texts()}
    for signal in signals:
        for evidence in signal.evidence:
            passages = evidence.dismissed if isinstance(evidence, SearchEvidence) else (evidence,)
            for passage in passages:
                if isinstance(passage, TextEvidence):
                    assert texts[passage.text_sha256][passage.start : passage.end] == passage.quote
                    assert 0 < len(passage.quote) <= 300
    found: dict[str, Signal | MissingSignal] = {each.id: each for each in signals}
    return found | {each.id: each for each in missing}


def value(view: FilingView, signal: str) -> Any:
    """The row's value, or the name of the reason for which it is missing."""
    found = evaluate(view)[signal]
    return found.value if isinstance(found, Signal) else found.reason.value


def quotes(view: FilingView, signal: str) -> str:
    """All quotes of the row's passages, a line each."""
    found = evaluate(view)[signal]
    assert isinstance(found, Signal)
    return "\n".join(each.quote for each in found.evidence if isinstance(each, TextEvidence))


@dataclass(frozen=True)
class Tagged:
    """A fact of an XBRL instance. `members` are (axis, member) pairs; a fact without `start` is an instant's."""

    element: str
    value: str
    unit: str = ""
    start: str = "2023-01-01"
    end: str = "2023-12-31"
    members: tuple[tuple[str, str], ...] = ()


def instance(*facts: Tagged) -> Paper:
    """An XBRL instance with these facts."""
    contexts: dict[tuple[str, str, tuple[tuple[str, str], ...]], str] = {}
    body = ""
    for fact in facts:
        key = (fact.start, fact.end, fact.members)
        name = contexts.setdefault(key, f"c{len(contexts)}")
        unit = f' unitRef="{fact.unit}" decimals="0"' if fact.unit else ""
        body += f'<{fact.element} contextRef="{name}"{unit}>{fact.value}</{fact.element}>\n'
    made = ""
    for (start, end, members), name in contexts.items():
        dimensions = "".join(
            f'<xbrldi:explicitMember dimension="{axis}">{member}</xbrldi:explicitMember>'
            for axis, member in members
        )
        segment = f"<segment>{dimensions}</segment>" if members else ""
        period = (
            f"<startDate>{start}</startDate><endDate>{end}</endDate>"
            if start
            else f"<instant>{end}</instant>"
        )
        made += (
            f'<context id="{name}"><entity><identifier scheme="http://www.sec.gov/CIK">{ISSUER:010}</identifier>{segment}'
            f"</entity><period>{period}</period></context>\n"
        )
    text = (
        '<XBRL>\n<?xml version="1.0"?>\n<xbrl xmlns="http://www.xbrl.org/2003/instance"'
        ' xmlns:xbrldi="http://xbrl.org/2006/xbrldi" xmlns:iso4217="http://www.xbrl.org/2003/iso4217"'
        ' xmlns:us-gaap="http://fasb.org/us-gaap/2023" xmlns:dei="http://xbrl.sec.gov/dei/2023"'
        ' xmlns:ecd="http://xbrl.sec.gov/ecd/2023" xmlns:cyd="http://xbrl.sec.gov/cyd/2024"'
        ' xmlns:srt="http://fasb.org/srt/2023" xmlns:q="http://q.example/2023">\n'
        f'{made}<unit id="USD"><measure>iso4217:USD</measure></unit><unit id="shares"><measure>shares</measure></unit>\n{body}'
        "</xbrl>\n</XBRL>"
    )
    return Paper("EX-101.INS", text, "q-20231231.xml")
