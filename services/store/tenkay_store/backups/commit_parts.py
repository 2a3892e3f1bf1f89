"""Commits as they are copied to an object storage: parts, each all commits of a range of sequences.

A part is zstd over lines of JSON: first what the part is, then one line a commit, in the order of commits. Its name has
its range and the SHA-256 of its bytes, so a listing tells whether parts follow each other without a gap, and a part
whose bytes changed is known by its name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from tenkay_store.domain.records import CommitRecord
from tenkay_store.primary import schema

FORMAT = 1
MAX_PART_BYTES = 1 << 30
"""Of a part's lines: parts of ours are far smaller, and what is beyond this is not read."""

_NAME = re.compile(r"([0-9]{20})-([0-9]{20})-([0-9a-f]{64})\.jsonl\.zst", re.ASCII)


class DamagedPart(Exception):
    """The bytes are not those of the part that the name says, or nothing this code can read."""


@dataclass(frozen=True, slots=True)
class Range:
    """Sequences after one and up to another."""

    after: int
    up_to: int


@dataclass(frozen=True, slots=True)
class PartName:
    """What a part's name says."""

    range: Range
    sha256: str

    def __str__(self) -> str:
        return f"{self.range.after:020}-{self.range.up_to:020}-{self.sha256}.jsonl.zst"


@dataclass(frozen=True, slots=True)
class _Heading:
    format: int
    schema_version: int
    """Of the tables that the commits were in."""
    shard: int
    after: int
    up_to: int
    commits: int


_HEADING = TypeAdapter(_Heading)
_COMMIT = TypeAdapter(CommitRecord)
_LEFT_OUT = {"body": {"report"}}
"""What a commit that is put back gets made of the rest."""


def parse_name(name: str) -> PartName | None:
    """What a name says; None when it is no part's."""
    match = _NAME.fullmatch(name)
    if match is None or int(match[1]) >= int(match[2]):
        return None
    return PartName(Range(int(match[1]), int(match[2])), match[3])


def size_of(record: CommitRecord) -> int:
    """Bytes of a commit's line."""
    return len(_line(record))


def _line(record: CommitRecord) -> bytes:
    return _COMMIT.dump_json(record, exclude=_LEFT_OUT)


def encode(shard: int, covered: Range, records: Sequence[CommitRecord]) -> tuple[PartName, bytes]:
    """The part of these commits, which are all there are of the range and not purged."""
    heading = _Heading(FORMAT, schema.VERSION, shard, covered.after, covered.up_to, len(records))
    buffer = pa.BufferOutputStream()
    with pa.CompressedOutputStream(buffer, "zstd") as lines:
        lines.write(_HEADING.dump_json(heading) + b"\n")
        for record in records:
            lines.write(_line(record) + b"\n")
    content = buffer.getvalue().to_pybytes()
    return PartName(covered, hashlib.sha256(content).hexdigest()), content


def decode(name: PartName, shard: int, content: bytes) -> Sequence[CommitRecord]:
    """The commits of a part. DamagedPart."""
    if hashlib.sha256(content).hexdigest() != name.sha256:
        raise DamagedPart("its bytes are not those that were written")
    try:
        with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as source:
            text: bytes = source.read(MAX_PART_BYTES)
        first, *lines = text.splitlines()
        heading = _HEADING.validate_json(first)
        if heading.format > FORMAT or heading.schema_version > schema.VERSION:
            raise DamagedPart("it was written by a newer store; use that one")
        if (heading.shard, heading.after, heading.up_to) != (shard, name.range.after, name.range.up_to):
            raise DamagedPart(
                f"it is of the commits {heading.after} to {heading.up_to} of shard {heading.shard}"
            )
        records = [_COMMIT.validate_json(line) for line in lines]
    except (ValidationError, OSError, ValueError) as error:
        raise DamagedPart(f"it cannot be read: {str(error).splitlines()[0]}") from error
    if len(records) != heading.commits:
        raise DamagedPart(f"it has {len(records)} commits and says {heading.commits}")
    return records
