"""Filings in files: a full submission or a single document, as EDGAR serves it, also gzip-compressed."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from pathlib import Path

from tenkay_extractor import extraction
from tenkay_extractor.catalog import Category
from tenkay_extractor.extraction import MAXIMUM_BYTES, Blob, Extraction, Question, extract
from tenkay_extractor.filing_view import EarlierFilingError, FilingView
from tenkay_extractor.identity import Listing
from tenkay_extractor.reference_tables import ReferenceTable
from tenkay_extractor.submission import SubmissionError

_GZIP_MAGIC = b"\x1f\x8b"
_ACCESSION = re.compile(r"(\d{10})-(\d{2})-(\d{6})(?:\.(?:txt|nc))?$")
_FOLDER = re.compile(r"(\d{10})(\d{2})(\d{6})")


class UnreadablePathError(ValueError):
    """The path cannot be extracted. The message says what to do."""


def read_filing(
    path: Path,
    *,
    earlier: Sequence[Path] = (),
    categories: frozenset[Category] = frozenset(),
    tables: tuple[ReferenceTable, ...] = (),
    maximum_bytes: int = MAXIMUM_BYTES,
) -> Extraction:
    """Extracts the filing in one file, with the files of `earlier` as filings that came before it, and `tables`.

    Raises UnreadablePathError. Where the document does not name its filing, a path in EDGAR's own layout does
    (`data/<cik>/<accession>/<file>`).
    """
    try:
        question = Question(
            categories=categories,
            earlier=tuple(_read_earlier(each, maximum_bytes) for each in earlier),
            tables=tables,
        )
        return extract(
            [_blob(path, maximum_bytes)],
            _named_by(path),
            question=question,
            maximum_bytes=maximum_bytes,
            refuse_another_filing=False,
        )
    except (SubmissionError, EarlierFilingError) as error:
        raise UnreadablePathError(str(error)) from error


def _read_earlier(path: Path, maximum_bytes: int) -> FilingView:
    try:
        return extraction.read_filing(
            [_blob(path, maximum_bytes)],
            _named_by(path),
            maximum_bytes=maximum_bytes,
            refuse_another_filing=False,
        )
    except (SubmissionError, UnreadablePathError) as error:
        raise UnreadablePathError(f"the earlier filing {path}: {error}") from error


def _blob(path: Path, maximum_bytes: int) -> Blob:
    return Blob(_read(path, maximum_bytes), path.name.removesuffix(".gz"))


def _read(path: Path, maximum_bytes: int) -> bytes:
    try:
        if path.is_dir():
            raise UnreadablePathError("is a folder: name the files in it")
        with path.open("rb") as file:
            # Not all of it at once: a device or a pipe has no size to go by, and may have no end.
            content = file.read(maximum_bytes + 1)
    except FileNotFoundError:
        raise UnreadablePathError("there is no such file: check the path") from None
    except OSError as error:
        raise UnreadablePathError(f"cannot be read: {error.strerror or error}") from error
    if len(content) > maximum_bytes:
        raise UnreadablePathError(f"is larger than the limit of {_mebibytes(maximum_bytes)}")
    if path.suffix != ".gz" and not content.startswith(_GZIP_MAGIC):
        return content
    return _unpack(content, maximum_bytes)


def _unpack(content: bytes, maximum_bytes: int) -> bytes:
    """All members of a gzip file; one file may have several."""
    unpacked = b""
    while True:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            unpacked += unpacker.decompress(content, maximum_bytes + 1 - len(unpacked))
        except zlib.error:
            raise UnreadablePathError("is no whole gzip file: fetch it again") from None
        if len(unpacked) > maximum_bytes:
            raise UnreadablePathError(f"unpacks to more than the limit of {_mebibytes(maximum_bytes)}")
        if not unpacker.eof:
            raise UnreadablePathError("is no whole gzip file: fetch it again")
        content = unpacker.unused_data.lstrip(b"\0")  # padding, as gzip itself skips it
        if not content:
            return unpacked


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:g} MiB"


def _named_by(path: Path) -> Listing:
    """What a path in EDGAR's layout says of the filing; nothing for any other path."""
    parts = path.resolve().parts
    accession, cik = "", None
    if named := _ACCESSION.match(path.name.removesuffix(".gz")):
        accession = "-".join(named.groups())
    elif len(parts) >= 2 and (folder := _FOLDER.fullmatch(parts[-2])):
        accession = "-".join(folder.groups())
    if accession:
        above = [part for part in parts[-3:-1] if part.isdecimal() and len(part) <= 10]
        if above and "data" in parts[-4:]:
            cik = int(above[0])
    return Listing(accession_number=accession, cik=cik)
