"""What an extraction or analysis must be to be committed: INVALID_FIELD for one that contradicts itself.

Checked before a commit is queued, so that what reaches the writer's transactions can be stored, and that what is
acknowledged is nothing the second sink has to refuse.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import NoReturn

from tenkay.errors import Reason, failure
from tenkay.identifiers import require_accession_number, require_cik
from tenkay_store.domain.records import (
    Analysis,
    ArtifactKind,
    Extraction,
    Filing,
    MissingSignal,
    Section,
    Signal,
    ValueKind,
)
from tenkay_store.wire import documents
from tenkay_store.wire.json_size import MOST_JSON_BYTES, json_bytes

MAX_DECIMAL_CHARACTERS = 80
"""Far beyond any amount in a filing, and well inside of a double's range."""
MAX_ID_CHARACTERS = 100
MAX_EARLIER_FILINGS = 100
MAX_ENTITIES = 1_000
MAX_PARTS = 10_000
"""Sections, signals, gaps, texts and artifacts of one extraction, each."""

MAX_FACTS = 2**31 - 1
"""Facts read from a filing: what Supabase's column holds."""

REMEMBERED_IDS = 4_096
"""Signal ids that were found to be such, or not: several times those of a catalog."""

_HOLDS_NUL = "holds a NUL character, which no text of a filing has; leave it out"
_DOUBLE = ValueKind.DOUBLE
# In JSON a NUL is an escape, unless its backslash is an escaped one itself.
_NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_ID = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def check_extraction(extraction: Extraction) -> None:
    """INVALID_FIELD or MALFORMED_ACCESSION_NUMBER unless the extraction is whole and of one mind."""
    _check_filing(extraction.filing)
    check_digest(extraction.result_key, "extraction.result_key")
    if extraction.fact_count > MAX_FACTS:
        _refuse("extraction.fact_count", f"{extraction.fact_count:,} is more than {MAX_FACTS:,}")
    for name in ("catalog_version", "code_version"):
        check_text(getattr(extraction, name), f"extraction.{name}")
    for name in ("sections", "signals", "missing", "texts", "artifacts"):
        count = len(getattr(extraction, name))
        if count > MAX_PARTS:
            _refuse(f"extraction.{name}", f"has {count:,} entries; {MAX_PARTS:,} are the most")
    for index, section in enumerate(extraction.sections):
        _check_section(section, f"extraction.sections[{index}]")
    for index, text in enumerate(extraction.texts):
        check_digest(text.sha256, f"extraction.texts[{index}].sha256")
        check_text(text.document, f"extraction.texts[{index}].document")
    _check_artifacts(extraction)
    _check_inputs(extraction)
    seen: set[str] = set()
    for index, signal in enumerate(extraction.signals):
        _check_signal(signal, seen, index)
    for index, gap in enumerate(extraction.missing):
        _check_gap(gap, seen, index)
    _check_size(extraction, "extraction")


def check_digest(sha256: str, field: str) -> None:
    """INVALID_FIELD unless it is a SHA-256 in lower-case hex."""
    if not _SHA256.fullmatch(sha256):
        _refuse(field, f"{sha256[:80]!r} is not a SHA-256 in hex")


def check_text(text: str, field: str) -> None:
    """INVALID_FIELD for a text with a NUL in it, which Postgres has no way to hold."""
    if "\0" in text:
        _refuse(field, _HOLDS_NUL)


def check_analysis(analysis: Analysis) -> None:
    """INVALID_FIELD or MALFORMED_ACCESSION_NUMBER unless the analysis is whole and of one mind."""
    require_accession_number(analysis.accession_number, "analysis.accession_number")
    check_digest(analysis.result_key, "analysis.result_key")
    check_digest(analysis.extraction_key, "analysis.extraction_key")
    if not analysis.rating:
        _refuse("analysis.rating", "an analysis needs a rating; NOT_RATED is one")
    if (analysis.score is None) != (analysis.rating == "NOT_RATED"):
        _refuse("analysis.score", "a score comes with every rating but NOT_RATED, and never with that")
    if analysis.score is not None and not 0 <= analysis.score <= 100:
        _refuse("analysis.score", f"{analysis.score} is not from 0 to 100")
    document = documents.decode(analysis.document)
    if not 0 <= document.get("uncapped_score", 0) <= 100:
        _refuse("analysis.uncapped_score", f"{document['uncapped_score']} is not from 0 to 100")
    if document.get("band", 0) < 0:
        _refuse("analysis.band", f"{document['band']} is below 0")
    _check_json(analysis.document, "analysis")
    if "" in analysis.flag_ids or len(set(analysis.flag_ids)) != len(analysis.flag_ids):
        _refuse("analysis.flags", "each flag needs an id of its own")
    _check_size(analysis, "analysis")


def decimal_number(text: str) -> float | None:
    """The double nearest to an exact decimal; None when it is none."""
    if len(text) > MAX_DECIMAL_CHARACTERS or not _DECIMAL.fullmatch(text):
        return None
    return float(text)


def check_currency(currency: str, field: str) -> None:
    """INVALID_FIELD unless it is empty or an ISO 4217 code."""
    if currency and not _CURRENCY.fullmatch(currency):
        _refuse(field, f"{currency[:40]!r} is not an ISO 4217 code such as USD")


def _check_filing(filing: Filing) -> None:
    path = "extraction.filing"
    require_accession_number(filing.accession_number, f"{path}.accession_number")
    if filing.cik is not None:
        require_cik(filing.cik, f"{path}.cik")
    if len(filing.entity_ciks) > MAX_ENTITIES:
        _refuse(
            f"{path}.entity_ciks", f"has {len(filing.entity_ciks):,} entries; {MAX_ENTITIES:,} are the most"
        )
    for index, cik in enumerate(filing.entity_ciks):
        require_cik(cik, f"{path}.entity_ciks[{index}]")
    if filing.entity_ciks and filing.cik not in filing.entity_ciks:
        _refuse(f"{path}.cik", f"{filing.cik} is not among the filing's entity_ciks")
    if filing.is_amendment != filing.form_type.endswith("/A"):
        _refuse(
            f"{path}.is_amendment",
            f"is {str(filing.is_amendment).lower()} for form type {filing.form_type[:40]!r}; "
            "it is true exactly for types that end in /A",
        )
    for name in ("form_type", "company_name", "primary_document"):
        check_text(getattr(filing, name), f"{path}.{name}")
    for index, item in enumerate(filing.items):
        check_text(item, f"{path}.items[{index}]")


def _check_artifacts(extraction: Extraction) -> None:
    digests = {text.sha256 for text in extraction.texts}
    seen: set[tuple[ArtifactKind, str]] = set()
    facts = 0
    for index, artifact in enumerate(extraction.artifacts):
        path = f"extraction.artifacts[{index}]"
        check_digest(artifact.sha256, f"{path}.sha256")
        if (artifact.kind, artifact.sha256) in seen:
            _refuse(f"{path}.sha256", "is named twice; name each artifact once")
        seen.add((artifact.kind, artifact.sha256))
        if artifact.kind is ArtifactKind.TEXT and artifact.sha256 not in digests:
            _refuse(f"{path}.sha256", "is none of the extraction's texts")
        facts += artifact.kind is ArtifactKind.FACTS
        if facts > 1:
            _refuse(f"{path}.kind", "an extraction has one artifact of facts at most")


def _check_inputs(extraction: Extraction) -> None:
    if extraction.content_key:
        check_digest(extraction.content_key, "extraction.content_key")
    path, earlier = "extraction.earlier_filings", extraction.earlier_filings
    if len(earlier) > MAX_EARLIER_FILINGS:
        _refuse(path, f"has {len(earlier):,} entries; {MAX_EARLIER_FILINGS} are the most")
    numbers: set[str] = set()
    for index, each in enumerate(earlier):
        number = require_accession_number(each.accession_number, f"{path}[{index}].accession_number")
        check_digest(each.content_key, f"{path}[{index}].content_key")
        if number in numbers or number == extraction.accession_number:
            _refuse(f"{path}[{index}]", f"{number} is given twice, or is the filing itself")
        numbers.add(number)


def _check_section(section: Section, path: str) -> None:
    if not section.code:
        _refuse(f"{path}.code", "a section needs its code")
    if section.end < section.start:
        _refuse(f"{path}.end", f"{section.end} lies before the start, {section.start}")
    if not 0 <= section.confidence <= 1:
        _refuse(f"{path}.confidence", f"{section.confidence} is not from 0 to 1")
    for name in ("code", "part", "title", "document"):
        check_text(getattr(section, name), f"{path}.{name}")


# A filing has hundreds of signals: what is asked of each is asked in place, and its path made where an error needs it.


def _check_signal(signal: Signal, seen: set[str], index: int) -> None:
    signal_id, category, value, unit, currency, confidence, _, notes, evidence = signal
    if signal_id in seen or len(signal_id) > MAX_ID_CHARACTERS or not _is_id(signal_id):
        _refuse_id(signal_id, seen, f"extraction.signals[{index}]")
    seen.add(signal_id)
    if not category:
        _refuse(f"extraction.signals[{index}].category", f"{signal_id} has no category")
    if not unit:
        _refuse(f"extraction.signals[{index}].unit", f"{signal_id} has no unit")
    if "\0" in unit:
        _refuse(f"extraction.signals[{index}].unit", _HOLDS_NUL)
    kind, exact, number = value
    if kind is _DOUBLE:
        if not math.isfinite(number or 0.0):
            _refuse(
                f"extraction.signals[{index}].value",
                f"{signal_id} is not a finite number; report it as missing instead",
            )
    elif exact is not None and "\0" in exact:
        _refuse(f"extraction.signals[{index}].value", _HOLDS_NUL)
    if currency:
        check_currency(currency, f"extraction.signals[{index}].currency")
    if not 0 <= confidence <= 1:
        _refuse(f"extraction.signals[{index}].confidence", f"{confidence} is not from 0 to 1")
    if evidence == "[]":
        _refuse(
            f"extraction.signals[{index}].evidence",
            f"{signal_id} has no evidence; without evidence it is no signal",
        )
    if "\\u0000" in evidence:
        _check_json(evidence, f"extraction.signals[{index}].evidence")
    for place, note in enumerate(notes):
        check_text(note, f"extraction.signals[{index}].notes[{place}]")


def _check_gap(gap: MissingSignal, seen: set[str], index: int) -> None:
    signal_id, reason, detail, _ = gap
    if signal_id in seen or len(signal_id) > MAX_ID_CHARACTERS or not _is_id(signal_id):
        _refuse_id(signal_id, seen, f"extraction.missing[{index}]")
    seen.add(signal_id)
    if not reason:
        _refuse(f"extraction.missing[{index}].reason", f"{signal_id} is missing for no reason; give one")
    if not detail:
        _refuse(
            f"extraction.missing[{index}].detail",
            f"{signal_id} is missing without a detail; say why in words",
        )
    if "\0" in detail:
        _refuse(f"extraction.missing[{index}].detail", _HOLDS_NUL)


def _check_json(document: str, field: str) -> None:
    """As `check_text`, of all texts in a document."""
    if "\\u0000" in document and _NUL_IN_JSON.search(document):
        _refuse(field, _HOLDS_NUL)


def _check_size(body: Extraction | Analysis, field: str) -> None:
    size = json_bytes(body)
    if size > MOST_JSON_BYTES:
        _refuse(
            field,
            f"takes about {size:,} bytes as JSON (a control character takes six); {MOST_JSON_BYTES:,} are the most",
        )


@lru_cache(REMEMBERED_IDS)
def _is_id(signal_id: str) -> bool:
    return _ID.fullmatch(signal_id) is not None


def _refuse_id(signal_id: str, seen: set[str], path: str) -> NoReturn:
    if signal_id in seen:
        _refuse(f"{path}.id", f"{signal_id} is given twice; a signal has one value or one reason")
    _refuse(f"{path}.id", f"{signal_id[:100]!r} is not a signal id such as current_ratio")


def _refuse(field: str, problem: str) -> NoReturn:
    raise failure(Reason.INVALID_FIELD, f"{field}: {problem}", field=field)
