"""A small file beside the database that says up to which commit callers were answered.

DuckDB reads its write-ahead log up to the first entry that is cut off, and takes what follows for commits that nobody
was told of. It cannot know better: a log that lost its end, or all of it, opens as if those commits had never been.
The mark is what knows. It is written and synced after COMMIT returned and before a commit is answered, so that at any
moment

    every sequence that was answered <= the mark <= the newest sequence on disk

and a database whose newest sequence is below the mark has lost something.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

FILE_NAME = "acknowledged"
_LENGTH = len("00000000000000000000 00000000\n")


class MarkDamaged(Exception):
    """The file is there and is no mark."""


class AcknowledgedMark:
    """The file of one data directory. `open` makes it when it is missing, `close` ends it."""

    def __init__(self, descriptor: int, sequence: int) -> None:
        self._descriptor = descriptor
        self.sequence = sequence
        """Every commit up to here may have been answered. 0: none."""

    @classmethod
    def open(cls, directory: Path) -> AcknowledgedMark:
        """Read the mark. MarkDamaged when it does not say what it said; OSError."""
        descriptor = os.open(directory / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            held = os.pread(descriptor, _LENGTH + 1, 0)
            mark = cls(descriptor, _parsed(held) if held else 0)
            if not held:
                mark.advance(0)
                os.fsync(descriptor)
                sync_folder(directory)
        except BaseException:
            os.close(descriptor)
            raise
        return mark

    def advance(self, sequence: int) -> None:
        """Move the mark, durably. OSError: it may be where it was."""
        # One sector, written where the last one was: it is the old line or the new one, and takes no more room.
        os.pwrite(self._descriptor, _line(sequence), 0)
        os.fdatasync(self._descriptor)
        self.sequence = sequence

    def close(self) -> None:
        """Release the file."""
        os.close(self._descriptor)


def sync_folder(folder: Path) -> None:
    """Make names that were added to, or removed from, a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _line(sequence: int) -> bytes:
    digits = b"%020d" % sequence
    return b"%s %08x\n" % (digits, zlib.crc32(digits))


def _parsed(line: bytes) -> int:
    digits = line[:20]
    if not digits.isdigit() or line != _line(int(digits)):
        raise MarkDamaged(f"{line!r} is not a sequence with its checksum")
    return int(digits)
