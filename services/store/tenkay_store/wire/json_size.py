"""How large a commit is as JSON, which is what the second sink is sent.

A control character is one byte of a message and six of JSON, so the size of the message does not bound it.
"""

from __future__ import annotations

import msgspec

from tenkay_store.domain.records import Analysis, Extraction

MOST_JSON_BYTES = 7 * 1024 * 1024
"""What a commit may take: with the rest of a call, less than the 8 MiB that the gateway of `tenkay up` takes."""

PART_BYTES = 250
"""More than the names and marks that one signal, gap, section, text or artifact has around its texts and numbers."""

MOST_BYTES_A_BYTE = 25
"""More bytes of JSON than any byte of a message becomes: two bytes may be a flag, or the name of an enum value."""

_ENCODER = msgspec.json.Encoder()


def json_bytes(body: Extraction | Analysis) -> int:
    """How many bytes a commit takes as JSON at most, and about."""
    if body.size_bytes and body.size_bytes * MOST_BYTES_A_BYTE <= MOST_JSON_BYTES:
        return body.size_bytes * MOST_BYTES_A_BYTE
    if isinstance(body, Analysis):
        return len(body.document.encode()) + 4 * PART_BYTES
    texts = _ENCODER.encode(
        (
            body.filing,
            body.catalog_version,
            body.code_version,
            body.sections,
            [each._replace(evidence="") for each in body.signals],
            body.missing,
            body.texts,
            body.artifacts,
            body.earlier_filings,
        )
    )
    parts = sum(map(len, (body.sections, body.signals, body.missing, body.texts, body.artifacts)))
    evidence = sum(len(each.evidence.encode()) for each in body.signals)
    return len(texts) + evidence + PART_BYTES * (parts + 4)
