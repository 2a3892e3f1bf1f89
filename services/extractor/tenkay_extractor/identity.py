"""Which filing the bytes are: told by the submission header, then by the cover's facts and text, then by a listing."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tenkay_extractor.facts import Fact
from tenkay_extractor.item_schemes import PRESENT_CURRENT_REPORT_ITEM, FormFamily, form_family, header_items
from tenkay_extractor.number_formats import read_date
from tenkay_extractor.sections import Section
from tenkay_extractor.submission import Document, Filer, Header, Markup


class FilingSource(enum.Enum):
    """What the bytes came as."""

    FULL_SUBMISSION = "full submission"
    DOCUMENTS = "documents"


@dataclass(frozen=True, slots=True)
class Listing:
    """What a listing told of the filing before it was opened. Used only where the bytes are silent."""

    accession_number: str = ""
    cik: int | None = None
    form_type: str = ""
    company_name: str = ""
    filed_date: date | None = None
    accepted_at: datetime | None = None
    period_end: date | None = None
    items: tuple[str, ...] = ()
    primary_document: str = ""


@dataclass(frozen=True, slots=True)
class FilingIdentity:
    """The filing as far as it is told. A field nothing tells is None or empty."""

    accession_number: str
    cik: int | None
    form_type: str
    company_name: str
    filed_date: date | None
    accepted_at: datetime | None
    period_end: date | None
    sic_code: int | None
    items: tuple[str, ...]
    primary_document: str
    source: FilingSource
    entity_ciks: tuple[int, ...]
    """Of all entities that the header names, in its order; empty when there is none."""

    @property
    def is_amendment(self) -> bool:
        return self.form_type.endswith("/A")


@dataclass(frozen=True, slots=True)
class Cover:
    """What the cover page's facts and text tell."""

    form_type: str = ""
    company_name: str = ""
    cik: int | None = None
    period_end: date | None = None


_COVER_CHARACTERS = 12_000
_FORM_NAMED = re.compile(
    r"\b(?:FORM|SCHEDULE)\s+(10-?K(?:SB|405|T)?|10-?Q(?:SB|T)?|8-?K|20-?F|40-?F|6-?K|11-?K|S-\d{1,2}|F-\d{1,2}|14A|14C"
    r"|13[DGF]|144|[345])\b(\s*/?\s*A(?![A-Za-z]))?",
    re.IGNORECASE,
)
_AMENDMENT = re.compile(r"\bAMENDMENT\s+NO", re.IGNORECASE)
_PERIOD_NAMED = re.compile(
    r"\bfor\s+the\s+(?:fiscal\s+|transition\s+|quarterly\s+|annual\s+|calendar\s+)*"
    r"(?:year|quarter|period|(?:three|six|nine|twelve)\s+months)"
    r"\s+(?:ended|ending)\s*:?\s*([A-Za-z]{3,9}\.?\s+\d{1,2}\s*,\s*\d{4})",
    re.IGNORECASE,
)
_DAY = (
    r"((?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r"\s{1,3}\d{1,2},?\s{0,3}(?:19|20)\d\d)"
)
_DAY_BEHIND_LABEL = re.compile(
    rf"\bearliest\s{{1,3}}event\s{{1,3}}reported\s{{0,3}}\)?[\s:._\u2013\u2014-]{{0,40}}{_DAY}"
    rf"(?:[\s,]{{0,4}}\(\s?{_DAY}\s?\))?",
    re.IGNORECASE,
)
_DAY_BEFORE_LABEL = re.compile(
    rf"{_DAY}(?:[\s,]{{0,4}}\(\s?{_DAY}\s?\))?[\s._\u2013\u2014-]{{0,40}}"
    r"\(?date\s{1,3}of\s{1,3}(?:report\b|earliest\b)",
    re.IGNORECASE,
)
_DOCUMENT_TYPE_IS_NO_FORM = re.compile(r"EX-|GRAPHIC|XML|ZIP|EXCEL|PDF|COVER|JSON", re.IGNORECASE)
_SPELT_WITH_DASH = re.compile(r"^(10|8|20|40|6|11)([A-Z])")


def read_cover(facts: Sequence[Fact], text: str, primary: Document | None) -> Cover:
    """The cover page: facts of the dei taxonomy, then the document's own type field, then the first page's words."""
    told = {
        fact.concept: fact.text
        for fact in reversed(facts)
        if fact.text and fact.concept.startswith("dei:") and not fact.context.members
    }
    cik = (told.get("dei:EntityCentralIndexKey") or "").strip()
    page = text[:_COVER_CHARACTERS]
    if primary is not None and primary.markup is Markup.XML:
        return _xml_cover(page, primary)
    form_type = ""
    if primary is not None and primary.type and not _DOCUMENT_TYPE_IS_NO_FORM.match(primary.type):
        form_type = normal_form_type(primary.type)
    form_type = (
        form_type or normal_form_type(told.get("dei:DocumentType") or "") or _named_form(page, primary)
    )
    is_current = form_family(form_type) is FormFamily.CURRENT
    return Cover(
        form_type=form_type,
        company_name=" ".join((told.get("dei:EntityRegistrantName") or "").split()),
        cik=int(cik) or None if cik.isascii() and cik.isdigit() and len(cik) <= 10 else None,
        period_end=read_date(told.get("dei:DocumentPeriodEndDate") or "")
        or (_reported_day(page) if is_current else _named_period(page)),
    )


_XML_FIELD = re.compile(
    r"^(?:ownershipDocument|edgarSubmission)/(?:[^:\n]*/)?(documentType|submissionType|issuerCik|issuerCIK|cik|issuerName"
    r"|filingManager/name|periodOfReport): (.+)$",
    re.MULTILINE,
)


def _xml_cover(page: str, primary: Document) -> Cover:
    """The fields of a form that is filed as XML: its subject is the issuer, of a 13F report the manager that files."""
    told: dict[str, str] = {}
    for name, value in _XML_FIELD.findall(page):
        told.setdefault(name, value.strip())
    cik = told.get("issuerCik") or told.get("issuerCIK") or told.get("cik") or ""
    is_form = primary.type and not _DOCUMENT_TYPE_IS_NO_FORM.match(primary.type)
    return Cover(
        form_type=normal_form_type(
            (primary.type if is_form else "") or told.get("documentType") or told.get("submissionType") or ""
        ),
        company_name=told.get("issuerName") or told.get("filingManager/name") or "",
        cik=int(cik) or None if cik.isascii() and cik.isdigit() and len(cik) <= 10 else None,
        period_end=read_date(told.get("periodOfReport") or ""),
    )


def normal_form_type(form_type: str) -> str:
    """The form as EDGAR spells it today: "10KSB" is "10-KSB"."""
    return _SPELT_WITH_DASH.sub(r"\1-\2", form_type.strip().upper())


def _named_form(page: str, primary: Document | None) -> str:
    if primary is not None and primary.type:
        return ""  # an exhibit: its first page may name the form that it belongs to
    found = _FORM_NAMED.search(page)
    if found is None:
        return ""
    amended = found.group(2) or _AMENDMENT.search(page, 0, found.end() + 400)
    name = normal_form_type(found.group(1))
    name = (
        f"DEF {name}" if name == "14A" else f"SC {name}" if name.startswith("13") and name != "13F" else name
    )
    return f"{name}/A" if amended else name


def _named_period(page: str) -> date | None:
    found = _PERIOD_NAMED.search(page)
    return read_date(found.group(1)) if found else None


def _reported_day(page: str) -> date | None:
    """Day of the earliest event reported, as the cover of Form 8-K prints it; what its text names is another period.

    Of "March 22, 2018 (March 19, 2018)" it is the earlier one.
    """
    found = _DAY_BEHIND_LABEL.search(page) or _DAY_BEFORE_LABEL.search(page)
    days = (
        [day for text in found.groups() if text and (day := read_date(" ".join(text.split())))]
        if found
        else []
    )
    return min(days, default=None)


def identify(
    header: Header | None,
    cover: Cover,
    sections: Sequence[Section],
    primary: Document | None,
    source: FilingSource,
    listing: Listing,
) -> FilingIdentity:
    """Puts together who, what and when, each field from the first that tells it."""
    header = header or Header()
    filer = _subject(header.filers)
    form_type = normal_form_type(header.form_type) or cover.form_type or normal_form_type(listing.form_type)
    primary_name = primary.filename if primary else ""
    return FilingIdentity(
        accession_number=header.accession_number or listing.accession_number,
        cik=(filer.cik if filer else None) or cover.cik or listing.cik,
        form_type=form_type,
        company_name=(filer.name if filer else "") or cover.company_name or listing.company_name,
        filed_date=header.filed_date or listing.filed_date,
        accepted_at=header.accepted_at or listing.accepted_at,
        period_end=header.period_end or cover.period_end or listing.period_end,
        sic_code=filer.sic_code if filer else None,
        items=_items(header, form_type, sections, listing),
        primary_document=primary_name or listing.primary_document,
        source=source,
        entity_ciks=tuple(dict.fromkeys(each.cik for each in header.filers if each.cik is not None)),
    )


_SUBJECT_ROLES = ("ISSUER", "SUBJECT COMPANY", "FILER", "SERIAL COMPANY", "FILED BY")


def _subject(filers: Sequence[Filer]) -> Filer | None:
    """The entity the filing is about: the first of the role that says so most clearly."""
    for role in _SUBJECT_ROLES:
        for filer in filers:
            if filer.role == role and filer.cik is not None:
                return filer
    return next((filer for filer in filers if filer.cik is not None), None)


def _items(header: Header, form_type: str, sections: Sequence[Section], listing: Listing) -> tuple[str, ...]:
    if form_family(form_type) is not FormFamily.CURRENT:
        return ()
    listed = header_items(header.items)
    if listed:
        return listed
    printed = (section.code.removeprefix("item_") for section in sections)
    found = tuple(dict.fromkeys(PRESENT_CURRENT_REPORT_ITEM.get(number, number) for number in printed))
    return found or listing.items


def primary_document(documents: Sequence[Document], header: Header | None, name: str) -> Document | None:
    """The document that the form consists of: the one named, else the one of the form's type, else the first text."""
    written = (Markup.INLINE_XBRL, Markup.HTML, Markup.TEXT, Markup.XML)
    readable = [document for document in documents if document.markup in written]
    form = header.form_type if header else ""
    for wanted in (
        (document for document in readable if name and document.filename == name),
        (document for document in readable if form and document.type.upper() == form.upper()),
        (document for document in readable if form_family(document.type) is not None),
        (document for document in readable if not _DOCUMENT_TYPE_IS_NO_FORM.match(document.type)),
        iter(readable),
    ):
        found = next(wanted, None)
        if found is not None:
            return found
    return None
