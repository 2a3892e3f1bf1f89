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
    question = Question(earlier=tuple(earlier), earlier_complete_since=complete_since)
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
