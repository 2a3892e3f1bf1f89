"""What was found, as the API spells it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from google.protobuf import timestamp_pb2

from tenkay.common.v1 import artifact_pb2, extraction_pb2, filing_pb2, signal_pb2
from tenkay.days import day_message
from tenkay.extractor.v1 import extractor_service_pb2 as pb
from tenkay_extractor.artifacts import Artifact, ArtifactKind
from tenkay_extractor.catalog import Category, SignalDefinition, Tier, ValidRange
from tenkay_extractor.evidence import Evidence, FactEvidence, SearchEvidence, TextEvidence
from tenkay_extractor.identity import FilingIdentity, FilingSource
from tenkay_extractor.missing import MissingReason
from tenkay_extractor.plain_decimals import plain
from tenkay_extractor.signal_descriptions import confidence_rule, inputs_of
from tenkay_extractor.signals import Signal
from tenkay_extractor.upload import MOST_CHUNK_BYTES
from tenkay_extractor.worker import ExtractionSummary

CATEGORIES = {each: signal_pb2.SignalCategory.Value(f"SIGNAL_CATEGORY_{each.name}") for each in Category}
_TIERS = {each: pb.SignalTier.Value(f"SIGNAL_TIER_{each.name}") for each in Tier}
_MISSING = {each: signal_pb2.MissingReason.Value(f"MISSING_REASON_{each.name}") for each in MissingReason}
_ARTIFACTS = {each: artifact_pb2.ArtifactKind.Value(f"ARTIFACT_KIND_{each.name}") for each in ArtifactKind}
_ORIGINS = {
    FilingSource.FULL_SUBMISSION: filing_pb2.FILING_SOURCE_FULL_SUBMISSION,
    FilingSource.DOCUMENTS: filing_pb2.FILING_SOURCE_DOCUMENTS,
}


def extraction_message(summary: ExtractionSummary) -> extraction_pb2.Extraction:
    """The result as the API spells it."""
    return extraction_pb2.Extraction(
        filing=_filing(summary.filing),
        sections=[
            extraction_pb2.Section(
                code=section.code,
                part=section.part,
                title=section.title,
                document=section.document,
                start=section.start,
                end=section.end,
                confidence=section.confidence,
            )
            for section in summary.sections
        ],
        signals=[_signal(signal) for signal in summary.signals],
        missing=[
            signal_pb2.MissingSignal(id=missing.id, reason=_MISSING[missing.reason], detail=missing.detail)
            for missing in summary.missing
        ],
        texts=[
            extraction_pb2.NormalisedText(document=text.document, sha256=text.sha256, length=text.length)
            for text in summary.texts
        ],
        result_key=summary.result_key,
        catalog_version=summary.catalog_version,
        code_version=summary.code_version,
        fact_count=summary.fact_count,
        artifacts=[_artifact(artifact) for artifact in summary.artifacts],
        content_key=summary.content_key,
        earlier_filings=[
            extraction_pb2.EarlierFiling(accession_number=each.accession_number, content_key=each.content_key)
            for each in summary.earlier_filings
        ],
    )


def extraction_parts(summary: ExtractionSummary) -> Iterator[pb.ExtractionPart]:
    """The result, and its artifacts in chunks of MOST_CHUNK_BYTES behind it."""
    yield pb.ExtractionPart(extraction=extraction_message(summary))
    for artifact in summary.artifacts:
        yield pb.ExtractionPart(artifact=_artifact(artifact))
        for start in range(0, len(artifact.content), MOST_CHUNK_BYTES):
            yield pb.ExtractionPart(chunk=artifact.content[start : start + MOST_CHUNK_BYTES])


def definition_message(row: SignalDefinition) -> pb.SignalDefinition:
    """A row of the catalog as the API spells it."""
    return pb.SignalDefinition(
        id=row.id,
        category=CATEGORIES[row.category],
        name=row.name,
        definition=row.definition,
        formula=row.formula,
        unit=row.unit,
        value_kind=row.value_kind.value,
        forms=row.forms,
        direction=row.direction,
        source=row.source,
        missing_when=row.missing_when,
        tier=_TIERS[row.tier],
        valid_range=_valid_range(row.valid_range),
        values=row.values,
        inputs=inputs_of(row),
        confidence_rule=confidence_rule(row),
        condition=row.emit_if.source if row.emit_if is not None else "",
        industries=row.industry,
        excluded_industries=row.not_industry,
    )


def _artifact(artifact: Artifact) -> artifact_pb2.Artifact:
    return artifact_pb2.Artifact(
        kind=_ARTIFACTS[artifact.kind], sha256=artifact.sha256, size_bytes=len(artifact.content)
    )


def _filing(filing: FilingIdentity) -> filing_pb2.Filing:
    message = filing_pb2.Filing(
        accession_number=filing.accession_number,
        cik=filing.cik,
        form_type=filing.form_type,
        company_name=filing.company_name,
        filed_date=day_message(filing.filed_date),
        period_end=day_message(filing.period_end),
        sic_code=filing.sic_code,
        items=filing.items,
        primary_document=filing.primary_document,
        source=_ORIGINS[filing.source],
        is_amendment=filing.is_amendment,
        entity_ciks=filing.entity_ciks,
    )
    if filing.accepted_at is not None:
        accepted_at = timestamp_pb2.Timestamp()
        accepted_at.FromDatetime(filing.accepted_at)
        message.accepted_at.CopyFrom(accepted_at)
    return message


def _signal(signal: Signal) -> signal_pb2.Signal:
    return signal_pb2.Signal(
        id=signal.id,
        category=CATEGORIES[signal.category],
        value=_value(signal),
        unit=signal.unit,
        currency=signal.currency,
        confidence=signal.confidence,
        out_of_range=signal.out_of_range,
        evidence=[_evidence(evidence) for evidence in signal.evidence],
        notes=signal.notes,
    )


def _value(signal: Signal) -> signal_pb2.SignalValue:
    if isinstance(signal.value, bool):
        return signal_pb2.SignalValue(bool=signal.value)
    if isinstance(signal.value, Decimal):
        return signal_pb2.SignalValue(decimal=plain(signal.value))
    if isinstance(signal.value, str):
        return signal_pb2.SignalValue(enum=signal.value)
    if isinstance(signal.value, int):
        return signal_pb2.SignalValue(int64=signal.value)
    return signal_pb2.SignalValue(double=signal.value)


def _evidence(evidence: Evidence) -> signal_pb2.Evidence:
    match evidence:
        case FactEvidence(concept, fact, accession_number):
            period = fact.context.period
            return signal_pb2.Evidence(
                fact=signal_pb2.FactEvidence(
                    concept=concept,
                    element=fact.concept,
                    document=fact.document,
                    fact_id=fact.fact_id,
                    context_id=fact.context.id,
                    start=day_message(period.start if period else None),
                    end=day_message(period.end if period else None),
                    unit=fact.unit or "",
                    decimals=fact.decimals,
                    value=plain(fact.value) if fact.value is not None else fact.text or "",
                    accession_number=accession_number or None,
                )
            )
        case TextEvidence():
            return signal_pb2.Evidence(text=_passage(evidence))
        case SearchEvidence(sections, text_sha256, dismissed):
            return signal_pb2.Evidence(
                search=signal_pb2.SearchEvidence(
                    sections=sections,
                    text_sha256=text_sha256,
                    dismissed=[_passage(passage) for passage in dismissed],
                )
            )


def _passage(passage: TextEvidence) -> signal_pb2.TextEvidence:
    return signal_pb2.TextEvidence(
        document=passage.document,
        section=passage.section,
        text_sha256=passage.text_sha256,
        start=passage.start,
        end=passage.end,
        quote=passage.quote,
        accession_number=passage.accession_number or None,
    )


def _valid_range(limits: ValidRange) -> pb.ValidRange | None:
    if limits == ValidRange():
        return None
    least, above, most = (
        None if bound is None else plain(bound) for bound in (limits.least, limits.above, limits.most)
    )
    return pb.ValidRange(least=least, above=above, most=most)
