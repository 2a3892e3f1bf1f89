"""How an artifact is kept: compressed in blocks, with an index that tells which ones a range of it lies in.

    magic       4 bytes "TKA1"
    sha256     32 bytes  of the artifact
    count       4 bytes  number of blocks
    check      16 bytes  BLAKE2b over all of the index that is not this
    index      28 bytes  a block: size kept, size before, code points (0 in bytes that are no text), BLAKE2b as kept
    blocks               zstd, one after another

Numbers are big-endian. A block holds BLOCK_BYTES of the artifact, the last one less; in a text up to 3 less, since no
code point lies in two blocks. So a range of a text is found by counting code points over the index, and a block
decodes alone. Whatever of it was changed on the disk, a digest tells: an artifact is read as it was put, or not at all.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import pyarrow as pa

BLOCK_BYTES = 64 * 1024
"""Bytes of the artifact in a block. Smaller ones compress worse, of larger ones more is read than was asked for."""
MOST_BLOCKS = 1 << 20
LEVEL = 3

_MAGIC = b"TKA1"
_DIGEST_BYTES = 16
_HEAD = struct.Struct(f">4s32sI{_DIGEST_BYTES}s")
_ENTRY = struct.Struct(f">III{_DIGEST_BYTES}s")
HEAD_BYTES = _HEAD.size


class Damaged(Exception):
    """What was read is not what was written; the message says where it shows."""


class NotText(ValueError):
    """The bytes of a text are no UTF-8."""


@dataclass(frozen=True, slots=True)
class Block:
    """Where a block lies, in the file and in the artifact."""

    position: int
    """Of its first byte in the file."""
    stored_size: int
    """Compressed."""
    size: int
    start: int
    """Of a text the code points before it."""
    length: int
    """Its code points; 0 in bytes that are no text."""
    digest: bytes
    """Of its compressed bytes."""


@dataclass(frozen=True, slots=True)
class BlockIndex:
    """An artifact's blocks, in order."""

    sha256: str
    blocks: Sequence[Block]

    @property
    def length(self) -> int:
        """Code points of the text."""
        return self.blocks[-1].start + self.blocks[-1].length if self.blocks else 0

    def between(self, start: int, end: int) -> Sequence[Block]:
        """The blocks that hold a text's code points from `start` up to `end`."""
        return [each for each in self.blocks if max(start, each.start) < min(end, each.start + each.length)]


class BlockWriter:
    """Compresses an artifact as its bytes come. `write` all of them, then take `finish`."""

    def __init__(self, *, is_text: bool) -> None:
        self._is_text = is_text
        self._codec = pa.Codec("zstd", compression_level=LEVEL)
        self._rest = bytearray()
        self._digest = hashlib.sha256()
        self._entries: list[bytes] = []
        self._blocks: list[bytes] = []
        self.size = 0
        """Bytes written so far."""

    def write(self, data: bytes) -> None:
        """Takes the next bytes. NotText when a text's are no UTF-8."""
        self._digest.update(data)
        self.size += len(data)
        self._rest += data
        while len(self._rest) > BLOCK_BYTES:
            cut = BLOCK_BYTES
            if self._is_text:
                # A code point has at most three bytes of this form, behind its first.
                while cut > BLOCK_BYTES - 4 and self._rest[cut] & 0xC0 == 0x80:
                    cut -= 1
            self._end_block(cut)

    def finish(self) -> tuple[str, bytes]:
        """The SHA-256 of all bytes, in hex, and what is to be kept of them. NotText as in `write`."""
        if self._rest:
            self._end_block(len(self._rest))
        index = b"".join(self._entries)
        digest = self._digest.digest()
        head = _HEAD.pack(_MAGIC, digest, len(self._entries), _check(digest, index))
        return digest.hex(), b"".join((head, index, *self._blocks))

    def _end_block(self, size: int) -> None:
        block = bytes(self._rest[:size])
        del self._rest[:size]
        length = 0
        if self._is_text:
            try:
                length = len(block.decode("utf-8"))
            except UnicodeDecodeError as error:
                position = self.size - len(self._rest) - size + error.start
                raise NotText(f"byte {position:,} is no UTF-8: {error.reason}") from None
        stored = self._codec.compress(block, asbytes=True)
        self._entries.append(_ENTRY.pack(len(stored), size, length, _digest(stored)))
        self._blocks.append(stored)


def index_bytes(head: bytes, sha256: str) -> int:
    """How many bytes head and index take together, from the first HEAD_BYTES. Damaged."""
    if len(head) < HEAD_BYTES:
        raise Damaged("it ends within its head")
    magic, digest, count, _ = _HEAD.unpack_from(head)
    if magic != _MAGIC or digest.hex() != sha256 or count > MOST_BLOCKS:
        raise Damaged("its head is that of something else")
    return HEAD_BYTES + int(count) * _ENTRY.size


def read_index(start: bytes, sha256: str) -> BlockIndex:
    """The index, from the first `index_bytes` of the file or more. Damaged."""
    end = index_bytes(start, sha256)
    index = start[HEAD_BYTES:end]
    _, digest, _, check = _HEAD.unpack_from(start)
    if len(start) < end or _check(digest, index) != check:
        raise Damaged("its index was changed")
    entries = list(_ENTRY.iter_unpack(index))
    positions = accumulate((stored for stored, *_ in entries), initial=end)
    starts = accumulate((length for _, _, length, _ in entries), initial=0)
    return BlockIndex(
        sha256,
        [
            Block(position, stored, size, before, length, check)
            for (stored, size, length, check), position, before in zip(
                entries, positions, starts, strict=False
            )
        ],
    )


def read_block(block: Block, stored: bytes) -> bytes:
    """The bytes of a block, from its compressed ones. Damaged."""
    # Before it is decompressed: what reaches the decoder is what the encoder wrote.
    if _digest(stored) != block.digest:
        raise Damaged("a block was changed")
    data: bytes = pa.decompress(stored, decompressed_size=block.size, codec="zstd", asbytes=True)
    return data


def cut(block: Block, data: bytes, start: int, end: int) -> str:
    """Of a block of a text, given its bytes, the code points of the text from `start` up to `end`."""
    return data.decode("utf-8")[max(start - block.start, 0) : max(end - block.start, 0)]


def _check(sha256: bytes, index: bytes) -> bytes:
    return _digest(sha256 + index)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
