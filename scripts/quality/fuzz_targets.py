"""What must hold for the extractor whatever bytes it gets; the fuzzer and the unit tests feed it.

Each target takes any bytes and raises AssertionError, or what the extractor should not have raised. A SubmissionError
is an answer like any other. CPU time has a bound that grows with the input, since nothing here may take more than
linear time.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from math import isfinite

from samples import hostile_documents, sample_filings, submission_text
from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.evidence import Evidence, FactEvidence, SearchEvidence, TextEvidence
from tenkay_extractor.extraction import Blob, Extraction, extract
from tenkay_extractor.facts import FactIndex, FactSet
from tenkay_extractor.inline_xbrl import read_inline_facts
from tenkay_extractor.item_schemes import FormFamily, item_scheme
from tenkay_extractor.sections import Section, find_sections
from tenkay_extractor.submission import Document, Markup, SubmissionError, decode, split_submission
from tenkay_extractor.text import NormalisedText, normalise
from tenkay_extractor.xbrl_instance import read_instance_facts

LONGEST_INPUT = 131_072
SEED_BYTES = 24_576
BASE_SECONDS = 3.0
"""CPU time of any input, with the fuzzer's instrumentation, which makes Python several times slower."""
SECONDS_A_KILOBYTE = 0.05


def splitter(data: bytes) -> None:
    """A filing taken apart: its documents are parts of it, their names are names."""
    try:
        submission = split_submission(data, "filing.txt")
    except SubmissionError as error:
        _check_told(error)
        return
    assert submission.documents
    assert sum(len(document.content) for document in submission.documents) <= 2 * len(data) + 64
    for document in submission.documents:
        assert "/" not in document.filename
        assert "\\" not in document.filename
        decode(document.content)


def facts(data: bytes) -> None:
    """The facts of inline XBRL and of an instance: finite numbers, in contexts that say when."""
    for found in _fact_sets(data):
        for fact in found.facts:
            assert fact.concept.strip()
            assert fact.value is None or fact.value.is_finite()
            assert fact.context.id is not None
            assert fact.context.period is None or fact.context.period.end is not None
            assert fact.document == "filing.htm"
        FactIndex.of(found.facts)


def _fact_sets(data: bytes) -> Iterator[FactSet]:
    yield read_inline_facts([("filing.htm", data)])
    try:
        yield read_instance_facts("filing.htm", data)
    except SubmissionError as error:
        _check_told(error)


def sections(data: bytes) -> None:
    """The text of a page and of plain text, and the sections in it: spans of it, in its order."""
    for markup in (Markup.HTML, Markup.INLINE_XBRL, Markup.TEXT):
        text = normalise(Document("10-K", 1, "filing.htm", "", data, markup))
        _check_text(text)
        for family in FormFamily:
            found = find_sections(text.text, text.document, item_scheme(family, None))
            for section in found:
                _check_section(section, text)
            assert list(found) == sorted(found, key=lambda each: (each.start, -each.end))


def extraction(data: bytes) -> None:
    """A whole extraction: every row answered once, no row's code failed, every evidence is where it says."""
    try:
        found = extract([Blob(data, "filing.txt")])
    except SubmissionError as error:
        _check_told(error)
        return
    check_extraction(found)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (splitter, facts, sections, extraction)
}


def within_its_time(target: Callable[[bytes], None], data: bytes) -> None:
    """Runs the target. Raises AssertionError when it takes more CPU time than its input may."""
    started = time.process_time()
    target(data)
    taken = time.process_time() - started
    allowed = BASE_SECONDS + SECONDS_A_KILOBYTE * len(data) / 1024
    assert taken <= allowed, f"{taken:.1f} s of CPU for {len(data):,} bytes"


def check_extraction(found: Extraction) -> None:
    """What holds for every extraction."""
    assert found.failures == (), found.failures
    answered = [each.id for each in found.signals] + [each.id for each in found.missing]
    assert sorted(answered) == sorted(row.id for row in load_catalog().signals)
    texts = {text.document: text for text in found.texts}
    assert len(texts) == len(found.texts)
    for text in found.texts:
        _check_text(text)
    for section in found.sections:
        _check_section(section, texts[section.document])
    for missing in found.missing:
        assert missing.detail
    for signal in found.signals:
        assert 0 < signal.confidence <= 1
        assert signal.evidence
        assert signal.unit
        if isinstance(signal.value, Decimal):
            assert signal.value.is_finite()
        elif isinstance(signal.value, float):
            assert isfinite(signal.value)
        for evidence in signal.evidence:
            _check_evidence(evidence, texts)


def _check_told(error: SubmissionError) -> None:
    assert str(error), "an error that says nothing"


def _check_text(text: NormalisedText) -> None:
    assert text.sha256 == hashlib.sha256(text.text.encode("utf-8", "replace")).hexdigest()


def _check_section(section: Section, text: NormalisedText) -> None:
    assert 0 <= section.start <= section.body_start <= section.end <= len(text.text)
    assert 0 < section.confidence <= 1


def _check_evidence(evidence: Evidence, texts: Mapping[str, NormalisedText]) -> None:
    match evidence:
        case FactEvidence(_, fact):
            assert fact.concept
        case TextEvidence():
            text = texts[evidence.document]
            assert evidence.text_sha256 == text.sha256
            assert 0 <= evidence.start < evidence.end <= len(text.text)
            assert evidence.quote == text.text[evidence.start : evidence.end]
            assert len(evidence.quote) <= 300
        case SearchEvidence(_, text_sha256, dismissed):
            assert text_sha256 in {text.sha256 for text in texts.values()}
            for passage in dismissed:
                _check_evidence(passage, texts)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Made-up inputs to start from, by name: filings of every form and era, shortened where large, and hostile ones."""
    taken: set[tuple[str, bool, int]] = set()
    for filing in sample_filings():
        kind = (filing.form, filing.is_inline, filing.filed_on.year // 8)
        if kind in taken:
            continue
        taken.add(kind)
        name = f"{filing.form.replace('/', '')}-{filing.accession_number}"
        yield name, _shortened(submission_text(filing))
        for document in filing.documents:
            yield f"{name}-{document.type.replace('/', '')}", _shortened(document.content)
    whole = next(each for each in sample_filings() if each.form == "10-K" and each.is_inline)
    yield "whole", submission_text(whole)
    for name, content in hostile_documents().items():
        yield f"hostile-{name}", content[:SEED_BYTES]


def _shortened(content: bytes) -> bytes:
    """The beginning, some of the middle, and the end, so that what is opened is closed: small inputs run often."""
    part = SEED_BYTES // 3
    if len(content) <= SEED_BYTES:
        return content
    middle = len(content) // 2
    return content[:part] + content[middle : middle + part] + content[-part:]
