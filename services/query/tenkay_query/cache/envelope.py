"""What an entry of the cache holds around the answer's bytes: under which state it is true, and until when.

    magic, schema version (2 bytes) | CRC-32 of the rest (4) | kind, coding (1 each) | epoch, kind's epoch (16 each)
    | read at, fresh until (8 each, milliseconds since 1970) | cost (4, milliseconds)
    | as-of sequence | generations | body

Texts have a length of two bytes before them, the list of generations its count. Numbers are big-endian. What does not
decode, was made by another version or has a wrong checksum counts as absent: a cache may forget, it must not lie.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum

MAGIC = 0xA7
SCHEMA = 2
"""To be raised with every change of this layout, and of what an answer's bytes mean."""
EPOCH_BYTES = 16
MAX_GENERATIONS = 255
MAX_TEXT_BYTES = 0xFFFF
MAX_COST_MS = 0xFFFFFFFF

_HEAD = struct.Struct(">BBI")
_FIXED = struct.Struct(f">BB{EPOCH_BYTES}s{EPOCH_BYTES}sQQI")
_LENGTH = struct.Struct(">H")


class Kind(IntEnum):
    """What an entry's body is."""

    ANSWER = 0
    """The serialised response."""
    NEGATIVE = 1
    """An error that says that there is no such thing, as `negative` spells it."""


class Coding(IntEnum):
    """How an entry's body is written."""

    PLAIN = 0
    ZSTD = 1


@dataclass(frozen=True, slots=True)
class Envelope:
    """An entry of the cache."""

    kind: Kind
    epoch: bytes
    """EPOCH_BYTES long."""
    kind_epoch: bytes
    """The same of the kind of the question."""
    generations: tuple[str, ...]
    """The generations the answer was read under, in the order of the question's names. Empty for many companies."""
    as_of_sequence: str
    """The state of the store that was read."""
    read_at_ms: int
    """When the store was asked: the answer is at most as old as this."""
    fresh_until_ms: int
    """From here on the entry is not served, though Redis may still keep it."""
    cost_ms: int
    """How long the store took."""
    body: bytes
    coding: Coding = Coding.PLAIN


def encode(envelope: Envelope) -> bytes:
    """The bytes to keep. ValueError when a part is too long for the layout."""
    epochs = (envelope.epoch, envelope.kind_epoch)
    if any(len(epoch) != EPOCH_BYTES for epoch in epochs) or len(envelope.generations) > MAX_GENERATIONS:
        raise ValueError("an epoch or the number of generations does not fit the layout")
    parts = [
        _FIXED.pack(
            envelope.kind,
            envelope.coding,
            *epochs,
            envelope.read_at_ms,
            envelope.fresh_until_ms,
            min(envelope.cost_ms, MAX_COST_MS),
        ),
        _text(envelope.as_of_sequence),
        bytes([len(envelope.generations)]),
        *map(_text, envelope.generations),
        envelope.body,
    ]
    rest = b"".join(parts)
    return _HEAD.pack(MAGIC, SCHEMA, zlib.crc32(rest)) + rest


def decode(raw: bytes) -> Envelope | None:
    """The entry, or None when the bytes are not one of this version."""
    try:
        magic, schema, checksum = _HEAD.unpack_from(raw)
        rest = memoryview(raw)[_HEAD.size :]
        if magic != MAGIC or schema != SCHEMA or zlib.crc32(rest) != checksum:
            return None
        kind, coding, epoch, kind_epoch, read_at, fresh_until, cost = _FIXED.unpack_from(rest)
        as_of, position = _read_text(rest, _FIXED.size)
        count = rest[position]
        position += 1
        generations = []
        for _ in range(count):
            generation, position = _read_text(rest, position)
            generations.append(generation)
        return Envelope(
            kind=Kind(kind),
            epoch=epoch,
            kind_epoch=kind_epoch,
            generations=tuple(generations),
            as_of_sequence=as_of,
            read_at_ms=read_at,
            fresh_until_ms=fresh_until,
            cost_ms=cost,
            body=bytes(rest[position:]),
            coding=Coding(coding),
        )
    except (struct.error, IndexError, ValueError):
        return None


def _text(text: str) -> bytes:
    raw = text.encode("ascii")
    if len(raw) > MAX_TEXT_BYTES:
        raise ValueError("a sequence does not fit the layout")
    return _LENGTH.pack(len(raw)) + raw


def _read_text(raw: memoryview, position: int) -> tuple[str, int]:
    (length,) = _LENGTH.unpack_from(raw, position)
    start = position + _LENGTH.size
    text = bytes(raw[start : start + length])
    if len(text) != length:
        raise ValueError("cut short")
    return text.decode("ascii"), start + length
