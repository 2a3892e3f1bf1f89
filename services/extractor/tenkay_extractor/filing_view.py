"""What a catalog row sees of its filing: facts, sections by what they are about, documents, earlier filings.

A row asks for what it needs and is told why when it is not there. What several rows derive from one section (its words,
its sentences) is derived once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from tenkay_extractor.catalog import Catalog, Industry
from tenkay_extractor.concepts import ConceptResolver, PriorFacts, industry_of
from tenkay_extractor.evidence import SearchEvidence, TextEvidence, quote_span
from tenkay_extractor.facts import Fact, FactIndex, FactSet
from tenkay_extractor.flags import refers_elsewhere
from tenkay_extractor.identities import IdentityTest, tie_out
from tenkay_extractor.identity import FilingIdentity
from tenkay_extractor.item_schemes import FormFamily
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.periods import ReportingPeriod
from tenkay_extractor.phrases import ScannedText
from tenkay_extractor.prose_sentences import ProseSentences, prose_sentences
from tenkay_extractor.reference_tables import ReferenceTable
from tenkay_extractor.sections import Section
from tenkay_extractor.sentences import index_sentences
from tenkay_extractor.submission import Document, Header, Markup
from tenkay_extractor.text import NormalisedText, normalise, plain_text

Derived = TypeVar("Derived")
Table = TypeVar("Table", bound=ReferenceTable)

COMPARABLE_PRIOR_DAYS = range(350, 381)
"""How long before this filing's period end that of the comparable prior filing lies."""
_WHOLE_CONFIDENCE = 0.9
_HEADER_TEXT = "submission-header"

_A, _S, _Q, _F = (
    FormFamily.ANNUAL,
    FormFamily.SMALL_BUSINESS_ANNUAL,
    FormFamily.QUARTERLY,
    FormFamily.FOREIGN_ANNUAL,
)
ROLES: Mapping[str, Mapping[FormFamily, tuple[str, ...]]] = {
    "business": {_A: ("item_1",), _S: ("item_1",), _F: ("item_4",)},
    "risk_factors": {_A: ("item_1A",), _Q: ("part2_item1A",), _F: ("item_3D",)},
    "cybersecurity": {_A: ("item_1C",), _F: ("item_16K",)},
    "legal_proceedings": {_A: ("item_3",), _S: ("item_3",), _Q: ("part2_item1",)},
    "mdna": {_A: ("item_7",), _S: ("item_6",), _Q: ("part1_item2",), _F: ("item_5",)},
    "statements": {
        _A: ("item_8", "ex_13"),
        _S: ("item_7", "ex_13"),
        _Q: ("part1_item1",),
        _F: ("item_18", "item_17", "item_8"),
    },
    "controls": {
        _A: ("item_9A", "item_14"),
        _S: ("item_8A",),
        _Q: ("part1_item4", "part1_item3"),
        _F: ("item_15",),
    },
    "audit_report": {_A: ("audit_report",), _S: ("audit_report",), _F: ("audit_report",)},
}
"""Codes of the sections that are about a subject, by form family, the usual place first."""
_OTHERS: Mapping[str, re.Pattern[str]] = {
    "risk_factors": re.compile(r"executive officers(?!.*risk)", re.IGNORECASE)
}
"""Titles with which a section of the code is about something else: Item 1A named the officers until 2005."""


@dataclass(frozen=True, slots=True)
class SectionText:
    """A section together with the text it lies in."""

    section: Section
    source: NormalisedText

    @property
    def body(self) -> str:
        """The section's text without its heading; its first character stands at `section.body_start`."""
        return self.source.text[self.section.body_start : self.section.end]

    def passage(self, start: int, end: int, focus: tuple[int, int] | None = None) -> TextEvidence:
        """Evidence for text[start:end] of the source, cut to the longest quote around `focus`."""
        first, last = quote_span(self.source.text, start, end, focus or (start, start))
        return TextEvidence(
            document=self.source.document,
            section=self.section.code,
            text_sha256=self.source.sha256,
            start=first,
            end=last,
            quote=self.source.text[first:last],
        )

    def cut(self, start: int, end: int) -> SectionText:
        """The part text[start:end] of the section."""
        return SectionText(replace(self.section, start=start, body_start=start, end=end), self.source)

    def opening(self) -> TextEvidence:
        """Evidence that this section was measured: how it begins; its heading when nothing follows that.

        Raises MissingOperandError when there is not even a heading.
        """
        section = self.section
        for start in (section.body_start, section.start):
            if self.source.text[start : section.end].strip():
                return self.passage(start, section.end)
        raise MissingOperandError(MissingReason.TEXT_TOO_SHORT, f"{section.code or 'the text'} is empty")


@dataclass(frozen=True, slots=True)
class FilingContent:
    """What was read from one filing's bytes."""

    identity: FilingIdentity
    header: Header | None
    documents: tuple[Document, ...]
    primary: Document | None
    size_bytes: int
    family: FormFamily | None
    facts: FactSet
    index: FactIndex
    period: ReportingPeriod | None
    currency: str | None
    """The one reporting currency; None when it cannot be told."""
    sections: tuple[Section, ...]
    """With the text behind the last item, under an empty code."""
    texts: tuple[NormalisedText, ...]
    content_key: str
    """SHA-256, in hex, over the bytes, the listing and the code's version."""


class EarlierFilingError(ValueError):
    """A filing that was given as an earlier one cannot be used as such. The message says why and what to do."""


@dataclass(slots=True, eq=False)
class FilingView:
    """One filing, for the rows of one catalog."""

    content: FilingContent
    catalog: Catalog
    earlier: tuple[FilingView, ...] = ()
    """Filings of the same company or owner that EDGAR accepted before this one, in any order."""
    earlier_complete_since: date | None = None
    """From which day on `earlier` holds all filings of the forms it holds; None when nobody says so."""
    tables: tuple[ReferenceTable, ...] = ()
    """At most one of a kind."""
    industry: Industry | None = field(init=False)
    resolver: ConceptResolver | None = field(init=False)
    """None when the period or the currency cannot be told; `facts_resolver` says why."""
    _texts: dict[str, NormalisedText] = field(init=False)
    _derived: dict[tuple[Any, ...], Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        content = self.content
        self.industry = industry_of(self.catalog, content.identity.sic_code, content.index, content.period)
        self.resolver = None
        if content.period is not None and content.currency is not None:
            self.resolver = ConceptResolver(
                self.catalog,
                content.index,
                content.period,
                content.currency,
                self.industry,
                self._prior_facts,
            )
        self._texts = {text.document: text for text in content.texts}
        for other in self.earlier:
            _refuse_unless_earlier(content.identity, other.content.identity)

    # Facts

    def facts_resolver(self) -> ConceptResolver:
        """What looks concepts up. Raises MissingOperandError when the filing has no facts to look up."""
        if not self._once(("has numbers",), self._has_numbers):
            raise MissingOperandError(MissingReason.NO_FACTS, "the filing carries no XBRL facts")
        if self.content.period is None:
            raise MissingOperandError(
                MissingReason.PERIOD_UNCLEAR, "the end of the reporting period cannot be told"
            )
        if self.resolver is None:
            raise MissingOperandError(
                MissingReason.CURRENCY_UNCLEAR,
                "the facts are not in US dollars, or in more than one currency",
            )
        return self.resolver

    def _has_numbers(self) -> bool:
        return any(fact.value is not None for fact in self.content.facts.facts)

    def facts_named(self, element: str) -> tuple[Fact, ...]:
        """All facts of the element, in document order, those with dimensions and those without a number too."""
        by_name = self._once(("facts by name",), lambda: _by_name(self.content.facts.facts))
        return by_name.get(element, ())

    def identities(self) -> tuple[IdentityTest, ...]:
        """The sums of the statements that what is tagged can be tested on; none without period or currency."""
        return self._once(("identities",), self._tie_out)

    def _tie_out(self) -> tuple[IdentityTest, ...]:
        content = self.content
        if content.period is None or content.currency is None:
            return ()
        return tie_out(content.index, content.period, content.currency)

    # Text

    def section(self, role: str) -> SectionText:
        """The section that is about `role`, one of ROLES.

        Raises MissingOperandError when it was not found, or only refers to another document.
        """
        found = self.sections(role)
        for each in found:
            if not self.refers_elsewhere(each.section):
                return each
        raise MissingOperandError(
            MissingReason.INCORPORATED_BY_REFERENCE,
            f"{found[0].section.code} draws no conclusion itself: it refers to another document",
        )

    def refers_elsewhere(self, section: Section) -> bool:
        """`flags.refers_elsewhere` of a section of this filing, told once however many rows ask."""
        return self._once(
            ("refers elsewhere", section.document, section.body_start, section.end),
            lambda: refers_elsewhere(section, self._texts[section.document].text),
        )

    def sections(self, role: str) -> tuple[SectionText, ...]:
        """All sections about `role`, the usual place first. Raises MissingOperandError when there is none."""
        family = self.content.family
        codes = ROLES[role].get(family, ()) if family else ()
        if not codes:
            raise MissingOperandError(
                MissingReason.FORM_NOT_APPLICABLE,
                f"form {self.content.identity.form_type} has no section on {role.replace('_', ' ')}",
            )
        found = tuple(
            each
            for code in codes
            for each in self.sections_coded(code)
            if not (role in _OTHERS and _OTHERS[role].search(each.section.title))
        )
        if not found:
            raise MissingOperandError(
                MissingReason.SECTION_NOT_FOUND, f"none of the sections {', '.join(codes)} was found"
            )
        return found

    def sections_coded(self, code: str) -> tuple[SectionText, ...]:
        """The sections with this code, in the filing's order; empty when there is none."""
        by_code = self._once(("sections by code",), self._sections_by_code)
        return by_code.get(code, ())

    def _sections_by_code(self) -> Mapping[str, tuple[SectionText, ...]]:
        found: dict[str, list[SectionText]] = {}
        for section in self.content.sections:
            found.setdefault(section.code, []).append(SectionText(section, self._texts[section.document]))
        return {code: tuple(sections) for code, sections in found.items()}

    def main_text(self) -> SectionText:
        """The whole primary document. Raises MissingOperandError when it has no text."""
        if not self.content.texts or not self.content.texts[0].text:
            primary = self.content.primary
            is_xml = primary is not None and primary.markup is Markup.XML
            raise MissingOperandError(
                MissingReason.DOCUMENT_NOT_FOUND,
                "the primary document's XML cannot be read" if is_xml else "the primary document has no text",
            )
        return _whole(self.content.texts[0], "main")

    def header_text(self) -> SectionText:
        """The submission header, one field a line, as the section "header" of a text of its own.

        Raises MissingOperandError when the filing's bytes had none.
        """
        header = self.content.header
        if header is None or not header.text.strip():
            raise MissingOperandError(
                MissingReason.DOCUMENT_NOT_FOUND, "the filing came without its submission header"
            )
        return self._once(("header",), lambda: _whole(self._read_header(header.text), "header"))

    def exhibits(self, type_prefix: str) -> tuple[SectionText, ...]:
        """The documents of a type: "EX-99" gives EX-99, EX-99.1 and so on, each as one section "ex_99.1".

        Raises MissingOperandError when the filing's bytes hold none.
        """
        found = [
            document
            for document in self.content.documents
            if document is not self.content.primary and _is_of_type(document.type, type_prefix)
        ]
        if not found:
            raise MissingOperandError(
                MissingReason.DOCUMENT_NOT_FOUND, f"the filing's bytes hold no document of type {type_prefix}"
            )
        return tuple(
            _whole(self._text_of(document), exhibit_code(document.type), document.description)
            for document in found
        )

    def texts(self) -> tuple[NormalisedText, ...]:
        """All texts read so far: those that sections lie in, then exhibits in the order they were asked for."""
        return tuple(self._texts.values())

    def derive(self, make: Callable[[SectionText], Derived], section: SectionText) -> Derived:
        """`make(section)`, made once however many rows ask for it. `make` is a module's function, not a lambda."""
        where = section.section
        return self._once(
            (make, section.source.document, where.code, where.body_start, where.end), lambda: make(section)
        )

    def derive_in(self, make: Callable[[FilingView, SectionText], Derived], section: SectionText) -> Derived:
        """`make(self, section)`, made once: for what is derived with the help of what is known of the whole text."""
        where = section.section
        return self._once(
            (make, section.source.document, where.code, where.body_start, where.end),
            lambda: make(self, section),
        )

    def derive_whole(self, make: Callable[[FilingView], Derived]) -> Derived:
        """`make` of this filing, made once however many rows ask for it. `make` is a module's function."""
        return self._once((make,), lambda: make(self))

    def searched(
        self, sections: Sequence[SectionText], dismissed: Sequence[TextEvidence] = ()
    ) -> SearchEvidence:
        """Evidence that these sections, at least one, were searched without a hit."""
        return SearchEvidence(
            sections=tuple(dict.fromkeys(each.section.code for each in sections if each.section.code)),
            text_sha256=sections[0].source.sha256,
            dismissed=tuple(dismissed),
        )

    def scanned(self, text: NormalisedText) -> ScannedText:
        """The text cut into sentences and searched for the triggers of all patterns, once however many rows ask."""
        return self._once(
            ("scanned", text.document),
            lambda: ScannedText(text, index_sentences(text.text), self.catalog.triggers.scan(text.text)),
        )

    def scanned_document(self, document: str) -> ScannedText:
        """The same, of the text of this name."""
        return self.scanned(self._texts[document])

    def cited(self, passage: TextEvidence) -> TextEvidence:
        """A passage of this filing as evidence for a later one: with this filing's accession number."""
        return replace(passage, accession_number=self.content.identity.accession_number)

    def prose(self, section: SectionText) -> ProseSentences:
        """The section's sentences that are neither headings nor table rows, found once however many rows ask."""
        where = section.section
        return self._once(
            ("prose", section.source.document, where.body_start, where.end),
            lambda: prose_sentences(self.scanned(section.source), where.body_start, where.end),
        )

    # Other inputs

    def comparable_prior(self) -> FilingView:
        """The filing of a year earlier: same company, same base form, period end 350 to 380 days before; the latest
        original, never an amendment. Raises MissingOperandError when the caller gave none.
        """
        own = self.content.identity
        if own.period_end is None:
            raise MissingOperandError(
                MissingReason.PERIOD_UNCLEAR, "the end of the reporting period cannot be told"
            )
        candidates = [
            each
            for each in self.earlier
            if each.content.identity.period_end is not None
            and not each.content.identity.is_amendment
            and _base_form(each.content.identity.form_type) == _base_form(own.form_type)
            and (own.period_end - each.content.identity.period_end).days in COMPARABLE_PRIOR_DAYS
        ]
        if not candidates:
            raise MissingOperandError(
                MissingReason.PRIOR_FILING_NOT_GIVEN,
                f"it is compared with the {_base_form(own.form_type)} of a year earlier, which was not given",
            )
        return max(
            candidates, key=lambda each: accepted(each.content.identity) or datetime.min.replace(tzinfo=UTC)
        )

    def _prior_facts(self) -> PriorFacts:
        prior = self.comparable_prior()
        identity = prior.content.identity
        if not identity.accession_number:
            raise MissingOperandError(
                MissingReason.PRIOR_FILING_NOT_GIVEN,
                "the filing of a year earlier was given without its accession number, so nothing of it can be cited",
            )
        try:
            resolver = prior.facts_resolver()
        except MissingOperandError as error:
            raise MissingOperandError(
                MissingReason.PRIOR_PERIOD_NOT_REPORTED,
                f"the {identity.form_type} of a year earlier ({identity.accession_number}): {error}",
                unreported=False,
            ) from None
        return PriorFacts(resolver, identity.accession_number, identity.form_type)

    def table(self, kind: type[Table]) -> Table:
        """The reference table of this kind. Raises MissingOperandError when the caller gave none."""
        for table in self.tables:
            if isinstance(table, kind):
                return table
        raise MissingOperandError(
            MissingReason.TABLE_NOT_GIVEN,
            f"it is computed against the table {kind.name}, which was not given",
        )

    def _text_of(self, document: Document) -> NormalisedText:
        return self._once(("text", id(document)), lambda: self._read(document))

    def _read(self, document: Document) -> NormalisedText:
        # Submissions before 2001 name no files, and a name may stand twice: each text has a name of its own.
        name = document.filename
        for known in self.content.documents:
            if known is document:
                break
            if known.filename == name:
                name = ""
                break
        if not name or (name in self._texts and self._texts[name].document != document.filename):
            name = f"{document.type} {document.sequence or len(self._texts)}"
        if name in self._texts:
            return self._texts[name]
        text = normalise(replace(document, filename=name))
        self._texts[name] = text
        return text

    def _read_header(self, printed: str) -> NormalisedText:
        name = _HEADER_TEXT
        while name in self._texts:  # a document goes by this name
            name += "-"
        lines = (" ".join(line.split()) for line in printed.split("\n"))
        self._texts[name] = plain_text(name, "\n".join(line for line in lines if line))
        return self._texts[name]

    def _once(self, key: tuple[Any, ...], make: Callable[[], Derived]) -> Derived:
        if key not in self._derived:
            self._derived[key] = make()
        known: Derived = self._derived[key]
        return known


def exhibit_code(document_type: str) -> str:
    """Code of the section that an exhibit is: "EX-99.1" is "ex_99.1"."""
    return document_type.strip().lower().replace("-", "_")


def _is_of_type(document_type: str, prefix: str) -> bool:
    kind = document_type.strip().upper()
    return kind.startswith(prefix) and not kind[len(prefix) : len(prefix) + 1].isdigit()


def _whole(text: NormalisedText, code: str, title: str = "") -> SectionText:
    section = Section(code, "", title, text.document, 0, len(text.text), 0, _WHOLE_CONFIDENCE)
    return SectionText(section, text)


def _by_name(facts: Sequence[Fact]) -> dict[str, tuple[Fact, ...]]:
    named: dict[str, list[Fact]] = {}
    for fact in facts:
        named.setdefault(fact.concept, []).append(fact)
    return {name: tuple(found) for name, found in named.items()}


def _base_form(form_type: str) -> str:
    """The form without amendment, and without the box of 10-K405, which was ticked for late ownership reports."""
    base = form_type.removesuffix("/A")
    return "10-K" if base == "10-K405" else base


def accepted(identity: FilingIdentity) -> datetime | None:
    """When EDGAR accepted it; the end of the filing day when only that is known."""
    if identity.accepted_at is not None:
        return identity.accepted_at
    if identity.filed_date is not None:
        return datetime.combine(identity.filed_date + timedelta(days=1), time(), UTC)
    return None


def _refuse_unless_earlier(own: FilingIdentity, other: FilingIdentity) -> None:
    name = other.accession_number or "the other filing"
    if other.accession_number and other.accession_number == own.accession_number:
        raise EarlierFilingError(f"{name} is this filing itself: give one that was accepted before it")
    if own.cik is not None and other.cik is not None and own.cik != other.cik:
        raise EarlierFilingError(
            f"{name} is of CIK {other.cik}, not {own.cik}: give filings of the same company"
        )
    this, that = accepted(own), accepted(other)
    if this is None or that is None:
        raise EarlierFilingError(
            f"nothing tells that {name} was accepted before this filing: give full submission texts, whose headers "
            "tell it, or listings with the dates"
        )
    if that > this:
        raise EarlierFilingError(
            f"{name} was accepted after this filing: give only filings known at its time"
        )
