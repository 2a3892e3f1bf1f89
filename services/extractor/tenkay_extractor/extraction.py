"""One filing's bytes to everything that is extracted from them. The service and the command line call this."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from tenkay_extractor.audit_reports import find_audit_reports
from tenkay_extractor.catalog import Catalog, Category
from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.facts import Fact, FactIndex, FactSet
from tenkay_extractor.filing_view import FilingContent, FilingView
from tenkay_extractor.identity import (
    FilingIdentity,
    FilingSource,
    Listing,
    identify,
    primary_document,
    read_cover,
)
from tenkay_extractor.inline_xbrl import read_inline_facts
from tenkay_extractor.item_schemes import FormFamily, form_family, item_scheme
from tenkay_extractor.missing import MissingReason, MissingSignal
from tenkay_extractor.periods import ReportingPeriod, reporting_period
from tenkay_extractor.reference_tables import ReferenceTable
from tenkay_extractor.sections import Section, find_sections
from tenkay_extractor.signals import Failure, Signal, evaluate_catalog, reporting_currency, unwatched
from tenkay_extractor.submission import (
    Document,
    Header,
    Markup,
    SubmissionEra,
    SubmissionError,
    SubmissionFault,
    split_submission,
)
from tenkay_extractor.text import NormalisedText, normalise
from tenkay_extractor.versions import CODE_VERSION
from tenkay_extractor.xbrl_instance import read_instance_facts
from tenkay_extractor.xml_documents import UnreadableXmlError, xml_lines

MAXIMUM_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes of a filing as they were served: a full submission text, or one document of it."""

    content: bytes
    filename: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was found in one filing."""

    filing: FilingIdentity
    sections: tuple[Section, ...]
    """In the filing's order; sections may share a span or lie inside one another."""
    facts: FactSet
    signals: tuple[Signal, ...]
    missing: tuple[MissingSignal, ...]
    """Together with `signals`: every row of the catalog, once."""
    texts: tuple[NormalisedText, ...]
    result_key: str
    """SHA-256, in hex, over the bytes, the listing and the versions."""
    catalog_version: str
    code_version: str
    failures: tuple[Failure, ...]
    content_key: str
    """SHA-256, in hex, over what of this filing later ones that are compared with it depend on."""
    earlier_filings: tuple[EarlierFiling, ...]
    """Those it was computed from, in the order of accession numbers, as far as these are known."""


@dataclass(frozen=True, slots=True)
class EarlierFiling:
    """An earlier filing that an extraction was computed from, by its own `content_key`."""

    accession_number: str
    content_key: str


class FilingMismatchError(ValueError):
    """The bytes are those of another filing than the one asked for."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to extract, and what it may be computed from besides the filing's own bytes."""

    categories: frozenset[Category] = frozenset()
    """The only categories to compute; all when empty."""
    earlier: tuple[FilingView, ...] = ()
    """Filings of the same company or owner that EDGAR accepted before this one, read by `read_filing`."""
    earlier_complete_since: date | None = None
    """From which day on `earlier` holds all filings of the forms it holds; None when nobody says so."""
    tables: tuple[ReferenceTable, ...] = ()
    """What rows are computed against that no filing holds; at most one of a kind."""
    left_out: Mapping[str, MissingReason] = field(default_factory=dict)
    """Signals that are not run, and the reason they are missing for."""
    with_artifacts: bool = False
    """Whether the facts and texts are answered too; part of the result's key, for a result without them is another."""


def extract(
    blobs: Sequence[Blob],
    listing: Listing | None = None,
    catalog: Catalog | None = None,
    question: Question | None = None,
    *,
    maximum_bytes: int = MAXIMUM_BYTES,
    refuse_another_filing: bool = True,
    starting: Callable[[str], None] = unwatched,
) -> Extraction:
    """Extracts one filing: same bytes, same listing, same question, same versions, same result.

    `blobs` is the full submission text alone, or single documents with the primary one first. `listing` fills in what
    the bytes do not tell. `starting` is told each signal's id before its code runs. Raises SubmissionError for bytes
    that are no filing, EarlierFilingError for one that was given as earlier and is not and, unless told not to look,
    FilingMismatchError for another filing than the listing names.
    """
    question = question or Question()
    catalog = catalog or load_catalog()
    filing = read_filing(
        blobs,
        listing,
        catalog,
        question,
        maximum_bytes=maximum_bytes,
        refuse_another_filing=refuse_another_filing,
    )
    signals, missing, failures = evaluate_catalog(
        filing, categories=question.categories, left_out=question.left_out, starting=starting
    )
    content = filing.content
    return Extraction(
        filing=content.identity,
        sections=tuple(section for section in content.sections if section.code),
        facts=content.facts,
        signals=signals,
        missing=missing,
        texts=filing.texts(),
        result_key=result_key(filing, question),
        catalog_version=catalog.version,
        code_version=CODE_VERSION,
        failures=failures,
        content_key=content.content_key,
        earlier_filings=_named(question.earlier),
    )


def read_filing(
    blobs: Sequence[Blob],
    listing: Listing | None = None,
    catalog: Catalog | None = None,
    question: Question | None = None,
    *,
    maximum_bytes: int = MAXIMUM_BYTES,
    refuse_another_filing: bool = True,
) -> FilingView:
    """Reads one filing without computing signals, as for one that came before another. Raises as `extract` does."""
    listing = listing or Listing()
    question = question or Question()
    size_bytes = sum(len(blob.content) for blob in blobs)
    if size_bytes > maximum_bytes:
        raise SubmissionError(
            SubmissionFault.TOO_LARGE, f"the filing is larger than the limit of {maximum_bytes // 2**20} MiB"
        )
    header, documents, source = _open(blobs)
    if refuse_another_filing:
        _refuse_another_filing(header, listing)
    primary = primary_document(documents, header, listing.primary_document)
    facts = read_facts(documents)
    main_text = normalise(primary) if primary else None
    if header is None and primary is not None and main_text is not None and not main_text.text:
        _refuse_unreadable_xml(primary)
    cover = read_cover(facts.facts, main_text.text if main_text else "", primary)
    known_form = (header.form_type if header else "") or cover.form_type or listing.form_type
    family = form_family(known_form)
    filed = (header.filed_date if header else None) or listing.filed_date
    told_period = cover.period_end or (header.period_end if header else None) or listing.period_end
    texts, sections = _read_sections(documents, main_text, family, filed or told_period)
    identity = identify(header, cover, sections, primary, source, listing)
    index = FactIndex.of(facts.facts)
    facts = replace(facts, warnings=(*facts.warnings, *index.conflicts()))
    # The cover's own date comes before the header's, which is typed in by hand.
    period = _reporting_period(
        cover.period_end or identity.period_end, facts.facts, identity.form_type, family
    )
    return FilingView(
        FilingContent(
            identity=identity,
            header=header,
            documents=documents,
            primary=primary,
            size_bytes=size_bytes,
            family=family,
            facts=facts,
            index=index,
            period=period,
            currency=reporting_currency(index, identity.form_type, period),
            sections=_searchable(sections, texts, family),
            texts=texts,
            content_key=_content_key(blobs, listing),
        ),
        catalog or load_catalog(),
        question.earlier,
        question.earlier_complete_since,
        question.tables,
    )


def result_key(filing: FilingView, question: Question) -> str:
    """SHA-256, in hex, over all that a result depends on."""
    return _digest(
        [
            filing.content.content_key,
            filing.catalog.version,
            filing.catalog.lexicon_version,
            *sorted(category.value for category in question.categories),
            "earlier",
            *sorted(earlier.content.content_key for earlier in question.earlier),
            str(question.earlier_complete_since),
            "tables",
            *sorted(table.key for table in question.tables),
            "left out",
            *sorted(f"{name} {reason.value}" for name, reason in question.left_out.items()),
            *(("artifacts",) if question.with_artifacts else ()),
        ]
    )


def _named(earlier: Iterable[FilingView]) -> tuple[EarlierFiling, ...]:
    keys = {each.content.identity.accession_number: each.content.content_key for each in earlier}
    return tuple(EarlierFiling(number, key) for number, key in sorted(keys.items()) if number)


def _content_key(blobs: Sequence[Blob], listing: Listing) -> str:
    parts = [CODE_VERSION, repr(listing)]
    for blob in blobs:
        parts += [f"{blob.filename}\0{blob.type}", hashlib.sha256(blob.content).hexdigest()]
    return _digest(parts)


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.encode("utf-8", "replace")).digest())
    return digest.hexdigest()


def _open(blobs: Sequence[Blob]) -> tuple[Header | None, tuple[Document, ...], FilingSource]:
    if not blobs:
        raise SubmissionError(SubmissionFault.EMPTY, "the filing has no documents: fetch it again")
    if len(blobs) == 1:
        submission = split_submission(blobs[0].content, blobs[0].filename)
        whole = submission.era not in (SubmissionEra.SINGLE, SubmissionEra.BARE_DOCUMENT)
        documents = submission.documents
        if not whole:
            documents = tuple(_typed(document, blobs[0]) for document in documents)
        return submission.header, documents, FilingSource.FULL_SUBMISSION if whole else FilingSource.DOCUMENTS
    documents_found: list[Document] = []
    for position, blob in enumerate(blobs):
        try:
            submission = split_submission(blob.content, blob.filename)
        except SubmissionError:
            if position == 0:
                raise
            continue  # an attachment that is no text (a picture, a spreadsheet) holds nothing to extract
        documents_found += (_typed(document, blob) for document in submission.documents)
    return None, tuple(documents_found), FilingSource.DOCUMENTS


def _refuse_unreadable_xml(primary: Document) -> None:
    """Of a form that is filed as XML nothing is left when its XML cannot be read, and no header tells what it was."""
    if primary.markup is not Markup.XML:
        return
    try:
        xml_lines(primary.content)
    except UnreadableXmlError as error:
        raise SubmissionError(
            SubmissionFault.MALFORMED, f"{error}; fetch the filing again, or give its full submission text"
        ) from None


def _typed(document: Document, blob: Blob) -> Document:
    return replace(document, type=document.type or blob.type, filename=document.filename or blob.filename)


def _refuse_another_filing(header: Header | None, listing: Listing) -> None:
    if header is None:
        return
    if header.accession_number and listing.accession_number not in ("", header.accession_number):
        raise FilingMismatchError(
            f"the submission is {header.accession_number}, not {listing.accession_number}: fetch the filing again"
        )
    entities = {filer.cik for filer in header.filers if filer.cik is not None}
    if entities and listing.cik is not None and listing.cik not in entities:
        raise FilingMismatchError(
            f"CIK {listing.cik} is none of the filing's entities: give {', '.join(map(str, sorted(entities)[:5]))}"
        )


def read_facts(documents: Sequence[Document]) -> FactSet:
    """Facts of every inline document; of the instances only when there is none, since they repeat the same facts."""
    inline = [
        (document.filename, document.content)
        for document in documents
        if document.markup is Markup.INLINE_XBRL
    ]
    if inline:
        return read_inline_facts(inline)
    sets = [
        read_instance_facts(document.filename, document.content)
        for document in documents
        if document.markup is Markup.XBRL_INSTANCE
    ]
    return FactSet(
        tuple(fact for found in sets for fact in found.facts),
        tuple(warning for found in sets for warning in found.warnings),
    )


_ANNUAL_FAMILIES = (FormFamily.ANNUAL, FormFamily.SMALL_BUSINESS_ANNUAL, FormFamily.FOREIGN_ANNUAL)


def _read_sections(
    documents: Sequence[Document],
    main_text: NormalisedText | None,
    family: FormFamily | None,
    filed: date | None,
) -> tuple[tuple[NormalisedText, ...], tuple[Section, ...]]:
    """The texts that sections lie in, the primary document's first, and the sections."""
    if main_text is None:
        return (), ()
    if family is None:
        return (main_text,), ()
    texts = [main_text]
    sections = list(find_sections(main_text.text, main_text.document, item_scheme(family, filed)))
    if family in _ANNUAL_FAMILIES:
        sections += find_audit_reports(main_text.text, main_text.document)
        sections.sort(key=lambda section: (section.start, -section.end))
        for document in documents:
            if _ANNUAL_REPORT_TO_HOLDERS.match(document.type):
                name = document.filename
                if name in {text.document for text in texts}:
                    name = f"{document.type} {document.sequence or len(texts)}"  # submissions before 2001 name no files
                report = normalise(replace(document, filename=name))
                if report.text:
                    texts.append(report)
                    sections.append(_whole(report, document))
                    sections += find_audit_reports(report.text, report.document)
    return tuple(texts), tuple(sections)


_ANNUAL_REPORT_TO_HOLDERS = re.compile(r"EX-13(?:\.|$)")
_WHOLE_CONFIDENCE = 0.9


def _whole(text: NormalisedText, document: Document) -> Section:
    return Section(
        code="ex_13",
        part="",
        title=document.description or document.type,
        document=text.document,
        start=0,
        end=len(text.text),
        body_start=0,
        confidence=_WHOLE_CONFIDENCE,
    )


_SHORTEST_TAIL = 2_000


def _searchable(
    sections: tuple[Section, ...], texts: Sequence[NormalisedText], family: FormFamily | None
) -> tuple[Section, ...]:
    """The sections, and the text behind the last item: small companies put their statements behind the signatures."""
    if family not in _ANNUAL_FAMILIES or not texts:
        return sections
    main = texts[0]
    items = [section for section in sections if section.part and section.document == main.document]
    end = max((section.end for section in items), default=0)
    if not items or len(main.text) - end < _SHORTEST_TAIL:
        return sections
    tail = Section("", "", "", main.document, end, len(main.text), end, _WHOLE_CONFIDENCE)
    return (*sections, tail)


def _reporting_period(
    printed_end: date | None, facts: Sequence[Fact], form_type: str, family: FormFamily | None
) -> ReportingPeriod | None:
    if printed_end is None:
        return None
    annual = family in _ANNUAL_FAMILIES or form_type.startswith(("20-F", "40-F"))
    return reporting_period(printed_end, facts, annual=annual)


def document_text(extraction: Extraction, document: str) -> str:
    """The normalised text of one document."""
    return next((text.text for text in extraction.texts if text.document == document), "")
