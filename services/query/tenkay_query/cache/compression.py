"""Large bodies are kept compressed: Redis holds more of them, and they are sooner read."""

from __future__ import annotations

import dataclasses

import zstandard

from tenkay_query.cache.envelope import Coding, Envelope

LEVEL = 1
"""The fastest: a body is compressed on the event loop."""

_COMPRESSOR = zstandard.ZstdCompressor(level=LEVEL, write_content_size=True, write_checksum=False)
_DECOMPRESSOR = zstandard.ZstdDecompressor()


def compress(entry: Envelope, over_bytes: int) -> Envelope:
    """The entry with its body compressed, if it is larger than `over_bytes` and becomes smaller by it."""
    if len(entry.body) <= over_bytes:
        return entry
    body = _COMPRESSOR.compress(entry.body)
    if len(body) >= len(entry.body):
        return entry
    return dataclasses.replace(entry, body=body, coding=Coding.ZSTD)


def body_of(entry: Envelope, max_bytes: int) -> bytes | None:
    """The entry's body as it was given. None when it does not decompress, or to more than `max_bytes`."""
    if entry.coding is Coding.PLAIN:
        return entry.body
    try:
        size = zstandard.frame_content_size(entry.body)
        if not 0 <= size <= max_bytes:
            return None
        return _DECOMPRESSOR.decompress(entry.body, max_output_size=max_bytes)
    except zstandard.ZstdError:
        return None
