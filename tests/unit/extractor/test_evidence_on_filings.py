"""Every value of every recorded filing is proved: passages stand where they say, facts are the filing's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.recorded_documents import RecordedDocument, recorded_documents
from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.evidence import LONGEST_QUOTE, Evidence, FactEvidence, SearchEvidence, TextEvidence
from tenkay_extractor.extraction import Blob, Extraction, extract
from tenkay_extractor.identity import Listing
from tenkay_extractor.submission import SubmissionError

KINDS = ("full_submission", "primary_doc", "xbrl_instance")
SAMPLE = 40
"""Filings of the quick run, spread over the folder."""
EVERY_FILING = "TENKAY_TEST_EVERY_FILING"
"""Set to any text, this variable has all filings tested, which takes minutes."""


def filings(folder: Path) -> list[RecordedDocument]:
    return list(recorded_documents(folder, KINDS))


def extracted(document: RecordedDocument) -> Extraction | None:
    """None for what is no filing."""
    listing = Listing(accession_number=document.accession_number, cik=document.cik, form_type=document.form)
    try:
        return extract([Blob(document.read(), document.name)], listing, refuse_another_filing=False)
    except SubmissionError:
        return None


def faults(found: Extraction) -> Iterator[str]:
    """What of the extraction is not proved, in words; nothing when all is."""
    texts = {text.sha256: text.text for text in found.texts}
    facts = {id(fact) for fact in found.facts.facts}
    rows = {row.id for row in load_catalog().signals}
    answered = [signal.id for signal in found.signals] + [gap.id for gap in found.missing]
    if len(answered) != len(set(answered)) or set(answered) != rows:
        yield "not every row of the catalog is answered once"
    for failure in found.failures:
        yield f"{failure.id} failed: {failure.error}"
    for signal in found.signals:
        if not signal.evidence:
            yield f"{signal.id} has no evidence"
        for evidence in signal.evidence:
            if fault := _fault(evidence, texts, facts):
                yield f"{signal.id}: {fault}"
    for gap in found.missing:
        if not gap.detail:
            yield f"{gap.id} is missing without a word"


def _fault(evidence: Evidence, texts: dict[str, str], facts: set[int]) -> str:
    match evidence:
        case FactEvidence(_, fact, accession_number):
            if accession_number:
                return f"{fact.concept} is said to be of {accession_number}, which was not given"
            return "" if id(fact) in facts else f"{fact.concept} is no fact of the filing"
        case TextEvidence():
            return _passage_fault(evidence, texts)
        case SearchEvidence(sections, digest, dismissed):
            if digest not in texts or not sections:
                return "it was searched nowhere"
            return next((fault for each in dismissed if (fault := _passage_fault(each, texts))), "")


def _passage_fault(passage: TextEvidence, texts: dict[str, str]) -> str:
    if passage.text_sha256 not in texts:
        return f"{passage.quote[:40]!r} is of an unknown text"
    if texts[passage.text_sha256][passage.start : passage.end] != passage.quote:
        return f"{passage.quote[:40]!r} does not stand there"
    if not 0 < len(passage.quote) <= LONGEST_QUOTE:
        return f"a quote of {len(passage.quote)} characters"
    return ""


def all_faults(documents: list[RecordedDocument]) -> list[str]:
    told = []
    for document in documents:
        found = extracted(document)
        if found is not None:
            told += [f"{document.path.name}: {fault}" for fault in faults(found)]
    return told


@pytest.mark.edgar
def test_every_value_of_recorded_filings_is_proved(edgar_folder: Path) -> None:
    documents = filings(edgar_folder)
    step = 1 if os.environ.get(EVERY_FILING) else max(1, len(documents) // SAMPLE)
    assert all_faults(documents[::step]) == []
