"""Every recorded submission and document comes apart, into what its listing says it is."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tenkay_extractor.submission import Submission, SubmissionEra, split_submission

_WITH_HEADER = ("full_submission", "feed_nc")
_DOCUMENTS = (
    "primary_doc", "exhibit", "xbrl_instance", "full_submission_headerless", "ownership_xml", "f13_xml", "formd_xml",
    "schedule13_xml", "form144_xml", "formc_xml", "effect_xml", "nport_xml",
)  # fmt: skip
_LONGEST_ENTITY_LIST = 30
"""The manifest names no more of a submission's entities."""


def _rows(folder: Path, kinds: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for line in (folder / "MANIFEST.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["kind"] in kinds:
            yield row


def _read(folder: Path, row: dict[str, Any]) -> bytes:
    content = (folder / row["path"]).read_bytes()
    return gzip.decompress(content) if row["path"].endswith(".gz") else content


def _differences(row: dict[str, Any], content: bytes, found: Submission) -> list[str]:
    header = found.header
    if header is None:
        return ["no header"]
    entities = {filer.cik for filer in header.filers}
    expected = set(row.get("entities") or ([row["cik"]] if row.get("cik") else []))
    whole_list = "entities" in row and len(expected) < _LONGEST_ENTITY_LIST
    told = [
        (header.accession_number, row["accession"]),
        (header.form_type, row["form"]),
        (str(header.filed_date), row.get("filed") or str(header.filed_date)),
        (str(header.period_end), row.get("period") or str(header.period_end)),
        (header.accepted_at is not None, b"<ACCEPTANCE-DATETIME>" in content),
        (len(found.documents), len(re.findall(rb"[\r\n]<DOCUMENT>[\r\n]", content))),
        (expected == entities if whole_list else expected <= entities, True),
    ]
    return [f"{ours} is not {theirs}" for ours, theirs in told if ours != theirs]


@pytest.mark.edgar
def test_submissions_of_every_era_have_the_header_and_documents_of_their_listing(edgar_folder: Path) -> None:
    wrong = {}
    eras = set()
    for row in _rows(edgar_folder, _WITH_HEADER):
        content = _read(edgar_folder, row)
        found = split_submission(content, row["path"])
        eras.add(found.era)
        if differences := _differences(row, content, found):
            wrong[row["path"]] = differences
    assert wrong == {}
    assert eras >= {SubmissionEra.SEC_DOCUMENT, SubmissionEra.IMS_DOCUMENT, SubmissionEra.FEED}


@pytest.mark.edgar
def test_every_single_document_comes_apart(edgar_folder: Path) -> None:
    empty = [
        row["path"]
        for row in _rows(edgar_folder, _DOCUMENTS)
        if not all(
            part.content.strip() for part in split_submission(_read(edgar_folder, row), row["path"]).documents
        )
    ]
    assert empty == []
