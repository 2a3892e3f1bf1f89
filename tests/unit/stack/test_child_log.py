"""Logs of the stack's children."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.stack.child_log import ChildLog, LogLine, follow, last_lines, older


def test_a_full_log_becomes_the_older_one(tmp_path: Path) -> None:
    log = ChildLog(tmp_path / "log" / "a.log", max_bytes=20)
    for number in range(7):
        log.write(f"line {number}\n".encode())
    log.close()
    assert older(log.path).read_text() == "line 3\nline 4\nline 5\n"
    assert log.path.read_text() == "line 6\n"
    assert last_lines(log.path, 2) == ["line 5", "line 6"]
    assert last_lines(log.path, 99) == ["line 3", "line 4", "line 5", "line 6"]


def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "none.log", 5) == []


@given(
    lines=st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF), min_size=1), max_size=30),
    count=st.integers(0, 40),
)
def test_the_last_lines_are_the_last_lines(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], count: int
) -> None:
    lines = [line for line in lines if line.splitlines() == [line] and line.strip() == line]
    path = tmp_path_factory.mktemp("log") / "a.log"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert last_lines(path, count) == (lines[-count:] if count else [])


def test_a_long_last_line_is_found_over_blocks(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"first\n" + b"x" * 200_000 + b"\n")
    assert [len(line) for line in last_lines(path, 1)] == [200_000]


def test_following_gives_whole_lines_of_all_logs_over_a_rotation(tmp_path: Path) -> None:
    one, two = tmp_path / "one.log", tmp_path / "two.log"
    one.write_text("before\n")

    def append(path: Path, text: str) -> None:
        with path.open("a") as file:
            file.write(text)

    def rotate() -> None:
        one.replace(older(one))
        append(one, "d\n")

    steps = iter(
        [lambda: append(one, "a"), lambda: append(two, "x\n"), lambda: append(one, "b\nc\n"), rotate]
    )

    def until() -> bool:
        step = next(steps, None)
        if step is not None:
            step()
        return step is None

    assert list(follow([("one", one), ("two", two)], until=until)) == [
        LogLine("two", "x"),
        LogLine("one", "ab"),
        LogLine("one", "c"),
        LogLine("one", "d"),
    ]
