"""Recorded filings' texts and facts, kept as the store keeps them: evidence is found again in what is read back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.recorded_documents import recorded_documents
from tenkay.common.v1 import fact_pb2
from tenkay_extractor.artifacts import ArtifactKind, artifacts_of, fact_set
from tenkay_extractor.evidence import SearchEvidence, TextEvidence
from tenkay_extractor.extraction import Blob, Extraction, extract
from tenkay_extractor.submission import SubmissionError
from tenkay_store.objects.artifact_blocks import BlockIndex, BlockWriter, cut, read_block, read_index

SAMPLE = 12
"""Filings of the quick run, spread over the folder."""
CHUNK_BYTES = 256 * 1024


def passages(found: Extraction) -> Iterator[TextEvidence]:
    for signal in found.signals:
        for evidence in signal.evidence:
            if isinstance(evidence, TextEvidence):
                yield evidence
            elif isinstance(evidence, SearchEvidence):
                yield from evidence.dismissed


def kept(content: bytes, sha256: str, *, is_text: bool) -> tuple[BlockIndex, bytes]:
    writer = BlockWriter(is_text=is_text)
    for start in range(0, len(content), CHUNK_BYTES):
        writer.write(content[start : start + CHUNK_BYTES])
    found, file = writer.finish()
    assert found == sha256
    return read_index(file, sha256), file


@pytest.mark.edgar
def test_evidence_of_recorded_filings_is_found_again(edgar_folder: Path) -> None:
    documents = list(recorded_documents(edgar_folder, ("full_submission", "primary_doc")))
    step = 1 if os.environ.get("TENKAY_TEST_EVERY_FILING") else max(len(documents) // SAMPLE, 1)
    quotes = facts = 0
    for document in documents[::step]:
        try:
            found = extract([Blob(document.read(), document.name)])
        except SubmissionError:
            continue
        files = {}
        for artifact in artifacts_of(found):
            is_text = artifact.kind is ArtifactKind.TEXT
            index, file = files[artifact.sha256] = kept(artifact.content, artifact.sha256, is_text=is_text)
            if not is_text:
                content = b"".join(
                    read_block(each, file[each.position : each.position + each.stored_size])
                    for each in index.blocks
                )
                assert fact_pb2.FactSet.FromString(content) == fact_set(found.facts)
                facts += len(found.facts.facts)
        for passage in passages(found):
            index, file = files[passage.text_sha256]
            read = "".join(
                cut(
                    each,
                    read_block(each, file[each.position : each.position + each.stored_size]),
                    passage.start,
                    passage.end,
                )
                for each in index.between(passage.start, passage.end)
            )
            assert read == passage.quote, document.name
            quotes += 1
    assert quotes > 20
    assert facts > 20
