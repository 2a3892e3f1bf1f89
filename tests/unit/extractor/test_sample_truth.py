"""Every sample filing through the extractor in this process, against the truth it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest

from samples import Expected, FilingTruth, build_truth, sample_filings, submission_text
from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.evidence import FactEvidence, SearchEvidence, TextEvidence
from tenkay_extractor.extraction import Blob, Extraction, document_text, extract
from tenkay_extractor.missing import MissingReason
from tenkay_extractor.signals import Signal

TRUTH = {filing.accession_number: filing for filing in build_truth().filings}
SUBMISSIONS = {filing.accession_number: filing for filing in sample_filings()}

REASONS: Mapping[str, frozenset[MissingReason]] = {
    "The filing has no tagged facts: it is older than XBRL.": frozenset({MissingReason.NO_FACTS}),
    "The report has no item on controls: it is older than Item 9A.": frozenset(
        {MissingReason.SECTION_NOT_FOUND}
    ),
    "The signal is not defined for current reports.": frozenset({MissingReason.FORM_NOT_APPLICABLE}),
    "No borrowing is tagged, and none is tagged as zero.": frozenset({MissingReason.CONCEPT_NOT_REPORTED}),
    "No interest expense is tagged.": frozenset({MissingReason.CONCEPT_NOT_REPORTED}),
    "Free cash flow is not negative: no cash is burned.": frozenset({MissingReason.CONDITION_NOT_MET}),
    # Its cover page is tagged, so what is missed first is a balance, a flow or a section.
    "The amendment holds Part III only.": frozenset(
        {
            MissingReason.CONCEPT_NOT_REPORTED,
            MissingReason.PERIOD_UNCLEAR,
            MissingReason.SECTION_NOT_FOUND,
        }
    ),
}
"""The truth's words for a gap, and what the extractor may call it."""

each_filing = pytest.mark.parametrize(
    "truth", TRUTH.values(), ids=lambda truth: f"{truth.ticker}-{truth.form}-{truth.accession_number}"
)


@cache
def extracted(accession_number: str) -> Extraction:
    return extract([Blob(submission_text(SUBMISSIONS[accession_number]), filename=f"{accession_number}.txt")])


def equals(signal: Signal, expected: Expected) -> bool:
    """Amounts and flags to the last digit; a ratio is the double nearest to the exact fraction."""
    if isinstance(signal.value, bool):
        return signal.value is expected.value
    if isinstance(signal.value, float):
        return signal.value == float(expected.exact)
    return signal.value == expected.exact


@each_filing
def test_every_signal_equals_the_truth(truth: FilingTruth) -> None:
    found = extracted(truth.accession_number)
    signals = {signal.id: signal for signal in found.signals}
    missing = {gap.id: gap for gap in found.missing}
    for signal_id, expected in truth.signals.items():
        if expected.missing:
            assert signal_id not in signals, (signal_id, signals[signal_id].value)
            assert missing[signal_id].reason in REASONS[expected.reason], signal_id
        else:
            assert signal_id in signals, missing[signal_id]
            assert equals(signals[signal_id], expected), (signal_id, signals[signal_id].value, expected)
            assert signals[signal_id].unit == expected.unit


@each_filing
def test_every_row_of_the_catalog_is_a_signal_with_evidence_or_a_gap_with_a_detail(
    truth: FilingTruth,
) -> None:
    found = extracted(truth.accession_number)
    answered = [signal.id for signal in found.signals] + [gap.id for gap in found.missing]
    assert sorted(answered) == sorted(row.id for row in load_catalog().signals)
    assert all(signal.evidence for signal in found.signals)
    assert all(gap.detail for gap in found.missing)
    assert found.failures == ()


@each_filing
def test_evidence_is_what_stands_in_the_filing(truth: FilingTruth) -> None:
    found = extracted(truth.accession_number)
    digests = {text.sha256: text.text for text in found.texts}
    facts = set(map(id, found.facts.facts))
    for signal in found.signals:
        for evidence in signal.evidence:
            match evidence:
                case FactEvidence(_, fact):
                    assert id(fact) in facts
                case TextEvidence():
                    assert (
                        digests[evidence.text_sha256][evidence.start : evidence.end] == evidence.quote != ""
                    )
                case SearchEvidence(sections, text_sha256, dismissed):
                    assert sections
                    assert all(
                        digests[text_sha256][passage.start : passage.end] == passage.quote
                        for passage in dismissed
                    )


@each_filing
def test_a_raised_flag_quotes_the_sentences_that_say_so(truth: FilingTruth) -> None:
    found = extracted(truth.accession_number)
    for signal in found.signals:
        expected = truth.signals.get(signal.id)
        quoted = [evidence.quote for evidence in signal.evidence if isinstance(evidence, TextEvidence)]
        for sentence in expected.quotes if expected else ():
            assert sentence.text in quoted, signal.id


@each_filing
def test_the_items_and_what_the_filing_says_of_itself_are_the_truth(truth: FilingTruth) -> None:
    found = extracted(truth.accession_number)
    filing = found.filing
    items = [section for section in found.sections if section.code != "audit_report"]
    assert tuple(section.code for section in items) == truth.sections
    assert ("audit_report" in {section.code for section in found.sections}) == truth.has_audit_report
    assert all(
        document_text(found, section.document)[section.start : section.end].strip() for section in items
    )
    assert filing.accession_number == truth.accession_number
    assert (filing.cik, filing.company_name) == (truth.cik, truth.company_name)
    assert (filing.form_type, filing.is_amendment) == (truth.form, bool(truth.amends))
    assert filing.filed_date == truth.filed_on
    assert filing.period_end == truth.report_date
    assert filing.accepted_at == (truth.accepted_at if truth.acceptance_in_header else None)
    assert filing.primary_document == truth.primary_document


def test_the_same_bytes_give_the_same_result_and_others_another() -> None:
    name = next(iter(TRUTH))
    content = submission_text(SUBMISSIONS[name])
    again = extract([Blob(content, filename=f"{name}.txt")])
    assert again.result_key == extracted(name).result_key
    assert (again.signals, again.missing) == (extracted(name).signals, extracted(name).missing)
    assert extract([Blob(content + b"\n", filename=f"{name}.txt")]).result_key != again.result_key
