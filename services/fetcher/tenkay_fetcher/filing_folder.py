"""Which documents of a filing's folder matter when there is no full submission text: judged by their names."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tenkay.identifiers import undashed
from tenkay_fetcher.edgar_source import unreadable
from tenkay_fetcher.edgar_urls import is_document_name

INLINE_XBRL_NAMESPACES = (b"http://www.xbrl.org/2013/inlineXBRL", b"http://www.xbrl.org/2008/inlineXBRL")
NAMESPACE_SEARCH_BYTES = 256 * 1024
"""The namespace is declared on the html element."""
MAX_INSTANCES = 4

_TEXT_SUFFIXES = (".htm", ".html", ".txt")
_RENDERED = re.compile(r"R\d+\.(?:htm|html|xml)", re.IGNORECASE)
_EXHIBIT = re.compile(r"(?:^|[^a-z])(?:d?ex|exhibit|exh)[-_]?\d|(?<=\d)(?:d?ex|exh)\d", re.IGNORECASE)
_LINKBASE = re.compile(r"_(?:cal|def|lab|pre|ref)\.xml", re.IGNORECASE)
_NOT_INSTANCES = frozenset({"filingsummary.xml", "primary_doc.xml", "defnref.xml"})


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """One name in a folder's index."""

    name: str
    size_bytes: int | None
    """Absent when the index does not say."""


def parse_folder_index(content: bytes) -> tuple[FolderEntry, ...]:
    """The entries of a folder's `index.json`, without names that can be no document's. EDGAR_UNAVAILABLE."""
    try:
        items = json.loads(content)["directory"]["item"]
        entries = [FolderEntry(str(item["name"]), _size(str(item.get("size", "")))) for item in items]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(f"a folder index that cannot be read ({type(error).__name__}: {error})") from error
    return tuple(entry for entry in entries if is_document_name(entry.name) and "/" not in entry.name)


def primary_document(entries: Sequence[FolderEntry], accession_number: str, form_type: str) -> str | None:
    """The name that is most likely the primary document's; none when no entry can be it.

    Text and HTML only, without EDGAR's own pages. Preferred, in this order: not named like an exhibit; with an XBRL
    instance extracted from it; with the form's letters in its name; the largest.
    """
    names = {entry.name.lower() for entry in entries}
    letters = re.sub(r"[^a-z0-9]", "", form_type.lower().removesuffix("/a"))

    def rank(entry: FolderEntry) -> tuple[bool, bool, bool, int]:
        name = entry.name.lower()
        stem, _, suffix = name.rpartition(".")
        return (
            _EXHIBIT.search(stem) is None,
            f"{stem}_{suffix}.xml" in names,
            bool(letters) and letters in re.sub(r"[^a-z0-9]", "", stem),
            entry.size_bytes or 0,
        )

    candidates = [entry for entry in entries if _is_filed_text(entry.name, accession_number)]
    return max(candidates, key=rank).name if candidates else None


def xbrl_instances(entries: Sequence[FolderEntry]) -> tuple[str, ...]:
    """The names that are XBRL instance documents, at most MAX_INSTANCES: an instance has its schema beside it."""
    schemas = {
        entry.name.lower().removesuffix(".xsd") for entry in entries if entry.name.lower().endswith(".xsd")
    }
    instances = []
    for entry in entries:
        name = entry.name.lower()
        if (
            not name.endswith(".xml")
            or name in _NOT_INSTANCES
            or _LINKBASE.search(name)
            or _RENDERED.fullmatch(name)
        ):
            continue
        stem = name.removesuffix(".xml")
        if stem in schemas or re.search(r"-\d{8}$", stem) or stem.endswith("_htm"):
            instances.append(entry.name)
    return tuple(instances[:MAX_INSTANCES])


def is_inline_xbrl(beginning: bytes) -> bool:
    """True when a document that begins so has its XBRL facts in its text."""
    return any(namespace in beginning for namespace in INLINE_XBRL_NAMESPACES)


def _is_filed_text(name: str, accession_number: str) -> bool:
    lowered = name.lower()
    return (
        lowered.endswith(_TEXT_SUFFIXES)
        and not lowered.startswith((accession_number, undashed(accession_number)))
        and not _RENDERED.fullmatch(name)
    )


def _size(printed: str) -> int | None:
    return int(printed) if printed.isascii() and printed.isdigit() else None
