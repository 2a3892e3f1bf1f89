"""Logs of the stack's children: one file each, bounded, and how to read their ends."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_FILE_BYTES = 5 * 1024 * 1024
_TAIL_BLOCK_BYTES = 64 * 1024
_FOLLOW_SECONDS = 0.2


class ChildLog:
    """Appends to a file; at the bound the file becomes `<name>.log.1`, in place of the one before."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")

    def write(self, data: bytes) -> None:
        """Appends. A full disk costs log lines, nothing else."""
        try:
            self._file.write(data)
            self._file.flush()
            if self._file.tell() >= self._max_bytes:
                self._file.close()
                self.path.replace(older(self.path))
                self._file = self.path.open("ab")
        except OSError:
            return

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a child's log."""

    child: str
    text: str


def older(path: Path) -> Path:
    """Where the lines before the current file's are."""
    return path.with_name(path.name + ".1")


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of a log that say something, over its older file too; fewer when there are fewer."""
    lines: list[str] = []
    for part in (path, older(path)):
        if len(lines) < count:
            lines = [*_end_of(part, count - len(lines)), *lines]
    return lines


def follow(paths: Sequence[tuple[str, Path]], *, until: Callable[[], bool]) -> Iterator[LogLine]:
    """Lines as they are written from now on, until `until` says so; files may be rotated meanwhile."""
    positions = {path: path.stat().st_size if path.exists() else 0 for _, path in paths}
    rests = dict.fromkeys(positions, b"")
    while True:
        ending = until()
        for child, path in paths:
            data, positions[path] = _read_from(path, positions[path])
            *lines, rests[path] = (rests[path] + data).split(b"\n")
            for line in lines:
                yield LogLine(child, line.decode(errors="replace"))
        if ending:
            return
        time.sleep(_FOLLOW_SECONDS)


def _read_from(path: Path, position: int) -> tuple[bytes, int]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            if size < position:  # rotated
                position = 0
            file.seek(position)
            data = file.read()
            return data, position + len(data)
    except OSError:
        return b"", 0


def _end_of(path: Path, count: int) -> list[str]:
    try:
        with path.open("rb") as file:
            start = file.seek(0, io.SEEK_END)
            data = b""
            while start > 0 and data.count(b"\n") <= count:
                size = min(_TAIL_BLOCK_BYTES, start)
                start = file.seek(start - size)
                data = file.read(size) + data
    except OSError:
        return []
    lines = [line.rstrip() for line in data.decode(errors="replace").splitlines() if line.strip()]
    return lines[-count:] if count else []
