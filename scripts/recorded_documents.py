"""Documents of the recorded EDGAR folder, for the reports, benchmarks and tests that read them.

The folder is named by TENKAY_TEST_EDGAR (default: ../shared/edgar).
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EDGAR_VARIABLE = "TENKAY_TEST_EDGAR"
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class RecordedDocument:
    """One file of the folder, with what its manifest says of it; "" and None where it is silent."""

    path: Path
    kind: str
    """ "primary_doc", "full_submission", "xbrl_instance" and others."""
    form: str
    accession_number: str
    cik: int | None
    company: str
    sic: int | None = None
    traits: frozenset[str] = frozenset()
    """ "inline-xbrl" and others."""

    @property
    def name(self) -> str:
        return self.path.name.removesuffix(".gz")

    def read(self) -> bytes:
        return unpacked(self.path)


def named_folder() -> Path:
    """Where the folder is looked for, whether or not it is there."""
    return Path(os.environ.get(EDGAR_VARIABLE, ROOT.parent / "shared" / "edgar"))


def is_recorded_folder(folder: Path) -> bool:
    """True when it has a manifest."""
    return (folder / "MANIFEST.jsonl").is_file()


def edgar_folder() -> Path:
    """The folder. Ends the program when it is not there."""
    folder = named_folder()
    if not is_recorded_folder(folder):
        sys.exit(f"no recorded EDGAR filings in {folder}: set {EDGAR_VARIABLE}")
    return folder


def manifest(folder: Path) -> list[dict[str, Any]]:
    """The rows of the folder's manifest, one a file."""
    return [json.loads(line) for line in (folder / "MANIFEST.jsonl").read_text().splitlines()]


def recorded_documents(folder: Path, kinds: tuple[str, ...]) -> Iterator[RecordedDocument]:
    """All of these kinds, by path."""
    for row in sorted((row for row in manifest(folder) if row["kind"] in kinds), key=lambda row: row["path"]):
        yield RecordedDocument(
            path=folder / row["path"],
            kind=row["kind"],
            form=row.get("form") or "",
            accession_number=row.get("accession") or "",
            cik=int(row["cik"]) if row.get("cik") else None,
            company=row.get("company") or "",
            sic=int(row["sic"]) if str(row.get("sic") or "").isdigit() else None,
            traits=frozenset(row.get("traits") or ()),
        )


def unpacked(path: Path) -> bytes:
    """The file's bytes, also where it is stored gzip-compressed with ".gz" appended."""
    if not path.is_file():
        path = path.with_name(f"{path.name}.gz")
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(_GZIP_MAGIC) else content
