"""Filings in files: a full submission or a single document, as EDGAR serves it, also gzip-compressed."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from tenkay_extractor.extraction import MAXIMUM_BYTES, Blob, Extraction, extract
from tenkay_extractor.identity import Listing
from tenkay_extractor.submission import SubmissionError

_GZIP_MAGIC = b"\x1f\x8b"
_ACCESSION = re.compile(r"(\d{10})-(\d{2})-(\d{6})(?:\.(?:txt|nc))?$")
_FOLDER = re.compile(r"(\d{10})(\d{2})(\d{6})")


class UnreadablePathError(ValueError):
    """The path cannot be extracted. The message says what to do."""


def read_filing(path: Path, *, maximum_bytes: int = MAXIMUM_BYTES) -> Extraction:
    """Extracts the filing in one file. Raises UnreadablePathError.

    Where the document does not name its filing, a path in EDGAR's own layout does (`data/<cik>/<accession>/<file>`).
    """
    content = _read(path, maximum_bytes)
    name = path.name.removesuffix(".gz")
    try:
        return extract(
            [Blob(content, name)], _named_by(path), maximum_bytes=maximum_bytes, refuse_another_filing=False
        )
    except SubmissionError as error:
        raise UnreadablePathError(str(error)) from error


def _read(path: Path, maximum_bytes: int) -> bytes:
    try:
        if path.is_dir():
            raise UnreadablePathError("is a folder: name the files in it")
        if path.stat().st_size > maximum_bytes:
            raise UnreadablePathError(f"is larger than the limit of {maximum_bytes // 2**20} MiB")
        content = path.read_bytes()
    except FileNotFoundError:
        raise UnreadablePathError("there is no such file: check the path") from None
    except OSError as error:
        raise UnreadablePathError(f"cannot be read: {error.strerror or error}") from error
    if path.suffix != ".gz" and not content.startswith(_GZIP_MAGIC):
        return content
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(content, maximum_bytes + 1)
    except zlib.error:
        raise UnreadablePathError("is no whole gzip file: fetch it again") from None
    if len(unpacked) > maximum_bytes:
        raise UnreadablePathError(f"unpacks to more than the limit of {maximum_bytes // 2**20} MiB")
    if not unpacker.eof:
        raise UnreadablePathError("is no whole gzip file: fetch it again")
    return unpacked


def _named_by(path: Path) -> Listing:
    """What a path in EDGAR's layout says of the filing; nothing for any other path."""
    parts = path.resolve().parts
    accession, cik = "", None
    if named := _ACCESSION.match(path.name.removesuffix(".gz")):
        accession = "-".join(named.groups())
    elif len(parts) >= 2 and (folder := _FOLDER.fullmatch(parts[-2])):
        accession = "-".join(folder.groups())
    if accession:
        above = [part for part in parts[-3:-1] if part.isdigit() and len(part) <= 10]
        if above and "data" in parts[-4:]:
            cik = int(above[0])
    return Listing(accession_number=accession, cik=cik)
