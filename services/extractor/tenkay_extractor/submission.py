"""Splits what EDGAR serves for a filing into its header and its documents.

Every form in which EDGAR hands out a filing is read: the full submission text (`<SEC-DOCUMENT>`, the `<IMS-DOCUMENT>`
of 1993-95, both also inside a PEM envelope), the dissemination feed's `<SUBMISSION>`, a bare `<DOCUMENT>`, and a single
document without any SGML around it. Rules: EDGAR Filer Manual volume II, and EDGAR Public Dissemination Service
technical specification.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

EDGAR_TIME_ZONE = ZoneInfo("America/New_York")  # acceptance times are printed in it, without saying so
MAXIMUM_DOCUMENTS = 10_000


class SubmissionFault(enum.Enum):
    """What is wrong with bytes that cannot be split."""

    EMPTY = "empty"
    TRUNCATED = "truncated"
    BINARY = "binary"
    MALFORMED = "malformed"
    TOO_LARGE = "too large"


class SubmissionError(ValueError):
    """The bytes are no filing. `fault` says which way; the message says what to do."""

    def __init__(self, fault: SubmissionFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault

    def __reduce__(self) -> tuple[type[SubmissionError], tuple[SubmissionFault, str]]:
        return type(self), (self.fault, str(self))


class SubmissionEra(enum.Enum):
    """How the bytes were wrapped."""

    SEC_DOCUMENT = "sec-document"
    IMS_DOCUMENT = "ims-document"
    FEED = "feed"
    BARE_DOCUMENT = "bare-document"
    SINGLE = "single"


class Markup(enum.Enum):
    """What a document's content is written in."""

    INLINE_XBRL = "inline-xbrl"
    HTML = "html"
    XBRL_INSTANCE = "xbrl-instance"
    XML = "xml"
    TEXT = "text"
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Filer:
    """One entity of the header, with the part it plays: "FILER", "SUBJECT COMPANY", "REPORTING OWNER"."""

    role: str
    cik: int | None = None
    name: str = ""
    sic_code: int | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What the submission header tells. A field it does not tell is None or empty."""

    accession_number: str = ""
    form_type: str = ""
    filed_date: date | None = None
    accepted_at: datetime | None = None
    period_end: date | None = None
    items: tuple[str, ...] = ()
    """Item lines as printed: captions ("Other events") in submissions, numbers ("2.02") in the feed."""
    filers: tuple[Filer, ...] = ()
    document_count: int | None = None
    text: str = field(default="", repr=False)
    """The header as it is printed, with line ends as `\\n`."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a submission."""

    type: str
    sequence: int | None
    filename: str
    description: str
    content: bytes = field(repr=False)
    markup: Markup


@dataclass(frozen=True, slots=True)
class Submission:
    """A filing's bytes, taken apart. `header` is None when the bytes had none."""

    era: SubmissionEra
    header: Header | None
    documents: tuple[Document, ...]


def split_submission(data: bytes, filename: str = "") -> Submission:
    """Takes a filing apart. `filename` names a document that comes without SGML around it.

    Raises SubmissionError for bytes that are empty, binary, cut off or no filing.
    """
    _refuse_what_is_no_text(data)
    start = _after_pem_envelope(data)
    opening = _OPENING.match(data, start)
    kind = opening.group(1).upper() if opening else b""
    if kind == b"SUBMISSION":
        return _split_wrapped(data, start, SubmissionEra.FEED)
    if kind in (b"IMS-DOCUMENT", b"IMS-HEADER"):
        return _split_wrapped(data, start, SubmissionEra.IMS_DOCUMENT)
    if kind in (b"SEC-DOCUMENT", b"SEC-HEADER"):
        return _split_wrapped(data, start, SubmissionEra.SEC_DOCUMENT)
    if kind == b"DOCUMENT":
        documents = tuple(_documents(data, start))
        return Submission(SubmissionEra.BARE_DOCUMENT, None, documents)
    if _HEADER_WITHOUT_WRAPPER.match(data, start):
        return _split_wrapped(data, start, SubmissionEra.SEC_DOCUMENT)
    return Submission(SubmissionEra.SINGLE, None, (_single_document(data, start, filename),))


def decode(content: bytes) -> str:
    """Text of a document: UTF-8 where it is valid, else cp1252, in which EDGAR's older filings were written."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
    return text[1:] if text.startswith("\ufeff") else text


_OPENING = re.compile(
    rb"\s*<(SUBMISSION|IMS-DOCUMENT|IMS-HEADER|SEC-DOCUMENT|SEC-HEADER|DOCUMENT)\b", re.IGNORECASE
)
_HEADER_WITHOUT_WRAPPER = re.compile(
    rb"\s*(?:<ACCEPTANCE-DATETIME>\d+\s+)?ACCESSION NUMBER:\s", re.IGNORECASE
)
_BINARY_MAGIC = (
    b"%PDF-",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"GIF8",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"\xd0\xcf\x11\xe0",
    b"BZh",
)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = bytes(set(range(32)) - {9, 10, 12, 13, 26, 27})
_SNIFFED_BYTES = 65_536
_CONTROL_SHARE = 0.02
_ERROR_PAGE = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?<Error>\s*<Code>|\s*(?:<!DOCTYPE[^>]*>\s*)?<html[^>]*>\s*<head>.{0,600}?"
    rb"<title>(?:SEC\.gov \| (?:Request Rate|Your Request|File Not Found)|Undeclared Automated Tool|Access Denied)",
    re.IGNORECASE | re.DOTALL,
)


def _refuse_what_is_no_text(data: bytes) -> None:
    if not data or data.isspace():
        raise SubmissionError(SubmissionFault.EMPTY, "the filing has no bytes: fetch it again")
    head = data[:_SNIFFED_BYTES]
    controls = len(head) - len(head.translate(None, _CONTROL))
    if head.startswith(_BINARY_MAGIC + _UTF16_MARKS) or controls > _CONTROL_SHARE * len(head):
        raise SubmissionError(
            SubmissionFault.BINARY,
            "the bytes are not text: give the submission text or an HTML, XML or text document",
        )
    start = head.lstrip(_BEFORE_XML)
    if start[:1] in (b"{", b"["):
        raise SubmissionError(
            SubmissionFault.MALFORMED, "the bytes are JSON, not a filing: give the submission text"
        )
    if _ERROR_PAGE.match(head):
        raise SubmissionError(
            SubmissionFault.MALFORMED, "the bytes are an error page of EDGAR's: fetch the filing again"
        )
    if not re.search(rb"[A-Za-z]{3}", data):
        raise SubmissionError(SubmissionFault.MALFORMED, "the bytes hold no words: give the submission text")


_PEM_BEGIN = b"-----BEGIN PRIVACY-ENHANCED MESSAGE-----"


def _after_pem_envelope(data: bytes) -> int:
    """Offset of the submission inside the PEM envelope that EDGAR put around it until about 2010."""
    lead = len(data) - len(data.lstrip()) if data[:1].isspace() else 0
    if data.startswith(b"\xef\xbb\xbf"):
        lead = 3
    if not data.startswith(_PEM_BEGIN, lead):
        return lead
    tag = data.find(b"<", lead)
    if tag < 0:
        raise SubmissionError(
            SubmissionFault.TRUNCATED, "the submission ends inside its envelope: fetch it again"
        )
    return tag


def _split_wrapped(data: bytes, start: int, era: SubmissionEra) -> Submission:
    first, _, _ = _first_document(data, start)
    block = data[start : first if first >= 0 else len(data)]
    header = _feed_header(block) if era is SubmissionEra.FEED else _header(block)
    if first < 0:
        raise SubmissionError(
            SubmissionFault.TRUNCATED,
            "the submission ends before its first document: fetch the full submission text",
        )
    return Submission(era, header, tuple(_documents(data, first)))


# Documents

_DOCUMENT_TAGS = ((b"<DOCUMENT>", b"</DOCUMENT>"), (b"<document>", b"</document>"))
"""As EDGAR writes them, and as copies in lower case do."""
_TEXT_OPEN = re.compile(rb"<TEXT>", re.IGNORECASE)
_TEXT_CLOSE = b"</TEXT>"
_DOCUMENT_FIELD = re.compile(rb"<(TYPE|SEQUENCE|FILENAME|DESCRIPTION)>([^<\r\n]*)", re.IGNORECASE)
_DOCUMENT_HEAD_BYTES = 8_192
_TAIL_BYTES = 256


def _first_document(data: bytes, start: int) -> tuple[int, bytes, bytes]:
    """Where the first document begins, -1 when none does, and the tags that documents are between."""
    for opening, closing in _DOCUMENT_TAGS:
        place = _next_at_line_start(data, opening, start)
        if place >= 0:
            return place, opening, closing
    return -1, *_DOCUMENT_TAGS[0]


def _next_at_line_start(data: bytes, tag: bytes, position: int) -> int:
    while (place := data.find(tag, position)) >= 0:
        before = data[max(0, place - _TAIL_BYTES) : place].rstrip(b" \t")
        if not before or before[-1] in b"\r\n>\0":
            return place
        position = place + len(tag)
    return -1


def _documents(data: bytes, start: int) -> Iterator[Document]:
    place, opening, closing = _first_document(data, start)
    count = 0
    while place >= 0:
        count += 1
        if count > MAXIMUM_DOCUMENTS:
            raise SubmissionError(
                SubmissionFault.TOO_LARGE, f"the submission has more than {MAXIMUM_DOCUMENTS} documents"
            )
        end = data.find(closing, place)
        if end < 0:
            raise SubmissionError(
                SubmissionFault.TRUNCATED, f"the submission ends inside its document {count}: fetch it again"
            )
        yield _document(data, place + len(opening), end)
        place = _next_at_line_start(data, opening, end + len(closing))
    if count == 0:
        raise SubmissionError(
            SubmissionFault.TRUNCATED, "the submission ends before its first document: fetch it again"
        )


def _document(data: bytes, start: int, end: int) -> Document:
    text_open = _TEXT_OPEN.search(data, start, min(end, start + _DOCUMENT_HEAD_BYTES))
    head = data[start : text_open.start() if text_open else min(end, start + _DOCUMENT_HEAD_BYTES)]
    fields = {name.upper(): _text(value) for name, value in _DOCUMENT_FIELD.findall(head)}
    content_start = text_open.end() if text_open else start + _end_of_fields(head)
    tail_start = max(content_start, end - _TAIL_BYTES)
    tail = data[tail_start:end].upper().rfind(_TEXT_CLOSE)
    content_end = tail_start + tail if tail >= 0 else data.rfind(_TEXT_CLOSE, content_start, tail_start)
    if content_end < 0:
        content_end = end
    content = _without_wrapper(data[content_start:content_end])
    sequence = fields.get(b"SEQUENCE", "")
    return Document(
        type=fields.get(b"TYPE", ""),
        sequence=int(sequence) if sequence.isdecimal() and len(sequence) < 9 else None,
        filename=_safe_filename(fields.get(b"FILENAME", "")),
        description=fields.get(b"DESCRIPTION", ""),
        content=content,
        markup=recognise_markup(content),
    )


def _end_of_fields(head: bytes) -> int:
    end = 0
    for match in _DOCUMENT_FIELD.finditer(head):
        end = match.end()
    return end


_WRAPPER = re.compile(rb"\s*<(XBRL|XML|PDF|JSON)>\s*", re.IGNORECASE)


def _without_wrapper(content: bytes) -> bytes:
    opening = _WRAPPER.match(content)
    if opening is None:
        return content
    tail_start = max(opening.end(), len(content) - _TAIL_BYTES)
    closing = content[tail_start:].upper().rfind(b"</" + opening.group(1).upper() + b">")
    return content[opening.end() : tail_start + closing if closing >= 0 else len(content)]


def _safe_filename(name: str) -> str:
    """The name without any folder: a header may claim "../../x", and names are shown and stored."""
    return name.replace("\\", "/").rsplit("/", 1)[-1].strip().replace("\x00", "")


_BARE_FIELDS = re.compile(
    rb"\s*(?:<(?:TYPE|SEQUENCE|FILENAME|DESCRIPTION)>[^<\r\n]*\s+)+<TEXT>", re.IGNORECASE
)


def _single_document(data: bytes, start: int, filename: str) -> Document:
    if _BARE_FIELDS.match(data, start):  # the SGML fields without <DOCUMENT> around them
        inner = _document(data, start, len(data))
        return (
            inner
            if inner.filename
            else Document(
                inner.type, inner.sequence, filename, inner.description, inner.content, inner.markup
            )
        )
    content = data[start:]
    markup = recognise_markup(content)
    if markup is Markup.INLINE_XBRL and b"</html>" not in content[-65_536:].lower():
        raise SubmissionError(
            SubmissionFault.TRUNCATED, "the document ends before its </html>: fetch it again"
        )
    if markup is Markup.XBRL_INSTANCE and not _INSTANCE_END.search(content, max(0, len(content) - 65_536)):
        raise SubmissionError(
            SubmissionFault.TRUNCATED, "the instance ends before its </xbrl>: fetch it again"
        )
    if markup is Markup.XML:
        root = _FORM_ROOT.match(content[:4_096].lstrip(_BEFORE_XML))
        if root and not re.search(rb"</" + root.group(1) + rb"\s*>", content[-65_536:]):
            raise SubmissionError(
                SubmissionFault.TRUNCATED,
                f"the document ends before its </{root.group(1).decode()}>: fetch it again",
            )
    return Document("", None, filename, "", content, markup)


_BEFORE_XML = b"\xef\xbb\xbf \t\r\n"
_INSTANCE_END = re.compile(rb"</(?:[\w.-]+:)?xbrl\s*>")
# <TABLE>, <P> and <S> alone also stand in plain text
_HTML_SIGN = re.compile(rb"<(?:html|body|!doctype html|head|div|font|br|tr|td|center)\b", re.IGNORECASE)
_UUENCODED = re.compile(rb"\s*begin [0-7]{3} [^\r\n]+\r?\n")
_INSTANCE_ROOT = re.compile(rb"<(?:[\w.-]+:)?xbrl\b[^>]*\bxmlns(?::[\w.-]+)?\s*=")
_FORM_ROOT = re.compile(
    rb"(?:<\?xml[^<>]*>\s*)?<((?:[\w.-]+:)?(?:edgarSubmission|ownershipDocument|informationTable))[\s>]"
)
_INLINE_NAMESPACE = re.compile(rb"http://www\.xbrl\.org/20(?:08|13)/inlineXBRL")


def recognise_markup(content: bytes) -> Markup:
    """What a document is written in, told by its first bytes."""
    head = content[:_SNIFFED_BYTES]
    if _UUENCODED.match(head) or head.lstrip().startswith(_BINARY_MAGIC):
        return Markup.BINARY
    if b"<" not in head:
        return Markup.TEXT
    if b"inlineXBRL" in head and _INLINE_NAMESPACE.search(head):
        return Markup.INLINE_XBRL
    beginning = head[:4_096].lstrip(_BEFORE_XML)
    if b"xbrl" in head and _INSTANCE_ROOT.search(head[:16_384]) and not _HTML_SIGN.match(beginning):
        return Markup.XBRL_INSTANCE
    if _FORM_ROOT.match(beginning):
        return Markup.XML
    if _HTML_SIGN.search(head[:16_384]):
        return Markup.HTML
    if beginning.startswith((b"<?xml", b"<SEC-Header")):
        return Markup.XML
    return Markup.TEXT


# Headers

_LABELLED = re.compile(
    r"^[ \t]*(?:<([A-Z0-9-]+)>([^<\n]*)|([A-Z][A-Z0-9 ./&'()-]*?):(?:[ \t]+(\S[^\n]*)|[ \t]*)$)", re.MULTILINE
)
_ROLES = frozenset(
    {
        "FILER", "SUBJECT COMPANY", "FILED BY", "REPORTING-OWNER", "REPORTING OWNER", "ISSUER", "FILED FOR",
        "SERIAL COMPANY", "DEPOSITOR", "SECURITIZER", "UNDERWRITER", "ISSUING ENTITY", "SUBJECT-COMPANY", "FILED-BY",
        "SERIAL-COMPANY", "ISSUING_ENTITY",
    }
)  # fmt: skip
_SIC = re.compile(r"\[(\d{3,4})\s*\]?|^(\d{3,4})$")
_ENTITY_STARTS = frozenset({"COMPANY DATA", "OWNER DATA", "COMPANY-DATA", "OWNER-DATA"})


def _header(block: bytes) -> Header:
    """Header in the printed form: `CENTRAL INDEX KEY:  0000320193`."""
    text = decode(block).replace("\r\n", "\n").replace("\r", "\n")
    reader = _HeaderReader()
    for tag, tag_value, label, value in _LABELLED.findall(text):
        reader.take(tag or label, (tag_value if tag else value).strip())
    if reader.accession_number == "" and (named := _ACCESSION.search(text[:2_000])):
        reader.accession_number = named.group()
    return reader.header(text)


_FEED_FIELD = re.compile(r"<(/?[A-Z0-9_-]+)>([^<]*)")


def _feed_header(block: bytes) -> Header:
    """Header in the feed's form: tags that are never closed around a value."""
    text = decode(block).replace("\r\n", "\n").replace("\r", "\n")
    reader = _HeaderReader()
    for tag, value in _FEED_FIELD.findall(text):
        reader.take(tag, value.strip())
    return reader.header(text)


_ACCESSION = re.compile(r"\b\d{10}-\d{2}-\d{6}\b")


class _HeaderReader:
    """Collects the fields of both header forms; the first value of a field of the whole submission counts."""

    def __init__(self) -> None:
        self.accession_number = ""
        self._form_type = ""
        self._dates: dict[str, date] = {}
        self._accepted_at: datetime | None = None
        self._document_count: int | None = None
        self._items: list[str] = []
        self._role = "FILER"
        self._filers: list[dict[str, str]] = []

    def take(self, name: str, value: str) -> None:
        if name in _ROLES:
            self._role = name.replace("-", " ").replace("_", " ")
        elif name in _ENTITY_STARTS:
            self._filers.append({"role": self._role})
        elif name in ("ACCESSION NUMBER", "ACCESSION-NUMBER") and not self.accession_number:
            found = _ACCESSION.search(value)
            self.accession_number = found.group() if found else ""
        elif name in ("CONFORMED SUBMISSION TYPE", "TYPE") and not self._form_type:
            self._form_type = value
        elif name in ("FILED AS OF DATE", "FILING-DATE"):
            self._take_date("filed", value)
        elif name in ("CONFORMED PERIOD OF REPORT", "PERIOD"):
            self._take_date("period", value)
        elif name == "ACCEPTANCE-DATETIME" and self._accepted_at is None:
            self._accepted_at = _acceptance_time(value)
        elif (
            name in ("PUBLIC DOCUMENT COUNT", "PUBLIC-DOCUMENT-COUNT")
            and value.isdecimal()
            and len(value) < 7
        ):
            self._document_count = int(value)
        elif name in ("ITEM INFORMATION", "ITEMS"):
            if value:
                self._items.append(value)
        elif self._filers:
            self._take_entity_field(self._filers[-1], name, value)

    def _take_date(self, which: str, value: str) -> None:
        found = _compact_date(value)
        if found is not None:
            self._dates.setdefault(which, found)

    @staticmethod
    def _take_entity_field(entity: dict[str, str], name: str, value: str) -> None:
        if name in ("COMPANY CONFORMED NAME", "CONFORMED-NAME"):
            entity.setdefault("name", value)
        elif name in ("CENTRAL INDEX KEY", "CIK"):
            entity.setdefault("cik", value)
        elif name == "STANDARD INDUSTRIAL CLASSIFICATION":
            found = _SIC.search(value)
            entity.setdefault("sic", (found.group(1) or found.group(2)) if found else "")
        elif name == "ASSIGNED-SIC":
            entity.setdefault("sic", value)

    def header(self, text: str) -> Header:
        return Header(
            accession_number=self.accession_number,
            form_type=self._form_type,
            filed_date=self._dates.get("filed"),
            accepted_at=self._accepted_at,
            period_end=self._dates.get("period"),
            items=tuple(self._items),
            filers=tuple(
                Filer(
                    role=entity["role"],
                    cik=_bounded_int(entity.get("cik", ""), 10),
                    name=entity.get("name", ""),
                    sic_code=_bounded_int(entity.get("sic", ""), 4),
                )
                for entity in self._filers
            ),
            document_count=self._document_count,
            text=text,
        )


def _bounded_int(digits: str, most_digits: int) -> int | None:
    return (
        int(digits) or None if digits.isascii() and digits.isdigit() and len(digits) <= most_digits else None
    )


def _compact_date(value: str) -> date | None:
    digits = value[:8]
    if not (digits.isascii() and digits.isdigit() and len(digits) == 8):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _acceptance_time(value: str) -> datetime | None:
    digits = value[:14]
    if not (digits.isascii() and digits.isdigit() and len(digits) == 14):
        return None
    try:
        local = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=EDGAR_TIME_ZONE)
    except ValueError:
        return None
    return local.astimezone(UTC)


def _text(value: bytes) -> str:
    return decode(value).strip()
