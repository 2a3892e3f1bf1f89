"""The annual and quarterly reports that the suite `extract` measures."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(
    0, str(Path(__file__).resolve().parents[2])
)  # for `scripts` and `samples`, which are no distributions

from scripts.recorded_documents import EDGAR_VARIABLE, is_recorded_folder, manifest, named_folder, unpacked

_FORMS = re.compile(r"10-?[KQ]")


@dataclass(frozen=True, slots=True)
class MeasuredFiling:
    """One filing: a full submission text, or its primary document alone."""

    name: str
    filename: str
    form_type: str
    size: int
    """Bytes, unpacked."""
    is_text_file: bool
    """By its name: a submission, or a document in plain text."""
    read: Callable[[], bytes]


def reports(note: Callable[[str], None]) -> list[MeasuredFiling]:
    """All 10-K, 10-KSB and 10-Q reports of the recorded EDGAR folder; without it, the samples'.

    The folder is named by TENKAY_TEST_EDGAR (default: ../shared/edgar). Of a filing that is there as a submission and
    as a document, the submission is taken. Filings of which there is an XBRL instance only are left out. HTML documents
    come first, then text files, each from small to large.
    """
    folder = named_folder()
    if is_recorded_folder(folder):
        found = list(_recorded(folder))
    else:
        note(
            f"no recorded EDGAR filings in {folder} ({EDGAR_VARIABLE}): measured on the made-up filings of samples/"
        )
        found = list(_made_up())
    return sorted(found, key=lambda filing: (filing.is_text_file, filing.size, filing.name))


def spread(filings: Sequence[MeasuredFiling], count: int) -> list[MeasuredFiling]:
    """So many of them, of both kinds and all sizes, in an order that is so too when it is cut short."""
    if count < len(filings):
        filings = [filings[int((number + 0.5) * len(filings) / count)] for number in range(count)]
    stride = next((step for step in (5, 3, 2) if len(filings) > 2 * step), 1)
    return [filing for start in range(stride) for filing in filings[start::stride]]


def _recorded(folder: Path) -> Iterator[MeasuredFiling]:
    kept: dict[str, dict[str, Any]] = {}
    for row in manifest(folder):
        if row["kind"] not in ("full_submission", "primary_doc") or not _FORMS.match(row.get("form") or ""):
            continue
        key = row.get("accession") or row["path"]
        if key not in kept or row["kind"] == "full_submission":
            kept[key] = row
    for key, row in kept.items():
        path = folder / row["path"]
        yield MeasuredFiling(
            name=key,
            filename=path.name.removesuffix(".gz"),
            form_type=row["form"],
            size=row["bytes"],
            is_text_file=path.name.removesuffix(".gz").endswith(".txt"),
            read=partial(unpacked, path),
        )


def _made_up() -> Iterator[MeasuredFiling]:
    from samples.schedule import sample_filings
    from samples.submission_text import submission_text

    for filing in sample_filings():
        if _FORMS.match(filing.form):
            content = submission_text(filing)
            yield MeasuredFiling(
                name=filing.accession_number,
                filename=f"{filing.accession_number}.txt",
                form_type=filing.form,
                size=len(content),
                is_text_file=True,
                read=partial(bytes, content),
            )
