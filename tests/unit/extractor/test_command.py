"""`tenkay extract` on files that are no filings, between files that are."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from samples import SampleFiling, hostile_documents, sample_filings, submission_text
from tenkay.cli.main import main
from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.filing_files import UnreadablePathError, read_filing
from tenkay_extractor.versions import CODE_VERSION

FILING = (
    b"<DOCUMENT>\n<TYPE>8-K\n<SEQUENCE>1\n<FILENAME>a8k.txt\n<TEXT>\n"
    b"Item 5. Other Events.\nThe company moved to another building.\n"
    b"</TEXT>\n</DOCUMENT>\n"
)

Extract = Callable[..., tuple[int, list[dict[str, object]], list[str]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Extract:
    """The command's exit code, the objects it printed, and the lines on standard error."""

    def extract(*paths: Path | str) -> tuple[int, list[dict[str, object]], list[str]]:
        code = main(["extract", "--json", *map(str, paths)])
        printed = capsys.readouterr()
        return code, [json.loads(line) for line in printed.out.splitlines()], printed.err.splitlines()

    return extract


HOSTILE = hostile_documents()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (HOSTILE["empty"], "has no bytes: fetch it again"),
        (HOSTILE["white_space"], "has no bytes: fetch it again"),
        (HOSTILE["binary"], "not text: give the submission text"),
        (HOSTILE["null_bytes"], "not text: give the submission text"),
        (HOSTILE["cut_in_the_header"], "ends before its first document: fetch the full submission"),
        (HOSTILE["cut_in_a_fact"], "fetch it again"),
        (HOSTILE["header_only"], "ends before its first document: fetch the full submission"),
        (HOSTILE["error_page"], "error page of EDGAR's: fetch the filing again"),
        (b"%PDF-1.7 made up", "not text: give the submission text"),
        (b'{"filings": []}', "JSON, not a filing"),
        (gzip.compress(FILING)[:-9], "no whole gzip file: fetch it again"),
        (gzip.compress(b""), "has no bytes: fetch it again"),
        (gzip.compress(HOSTILE["binary"]), "not text: give the submission text"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_what_is_no_filing_is_one_line_that_says_what_to_do_and_the_others_are_extracted(
    content: bytes, says: str, run: Extract, tmp_path: Path
) -> None:
    good, bad, other = tmp_path / "good.txt", tmp_path / "bad.txt", tmp_path / "other.txt.gz"
    good.write_bytes(FILING)
    bad.write_bytes(content)
    other.write_bytes(gzip.compress(FILING))
    code, found, lines = run(good, bad, other)
    assert code == 1
    assert [each["form_type"] for each in found] == ["8-K", "8-K"]
    assert len(lines) == 1
    assert lines[0].startswith(f"tenkay: {bad}: ")
    assert says in lines[0]
    assert sorted(tmp_path.iterdir()) == sorted([good, bad, other])
    assert bad.read_bytes() == content


def test_paths_that_are_no_readable_file_are_told(run: Extract, tmp_path: Path) -> None:
    code, found, lines = run(tmp_path / "nowhere.txt", tmp_path, tmp_path / ("x" * 300))
    assert (code, found) == (1, [])
    assert lines == [
        f"tenkay: {tmp_path / 'nowhere.txt'}: there is no such file: check the path",
        f"tenkay: {tmp_path}: is a folder: name the files in it",
        f"tenkay: {tmp_path / ('x' * 300)}: cannot be read: File name too long",
    ]


def test_a_file_over_the_limit_is_refused_packed_or_not(tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain.txt", tmp_path / "packed.txt.gz"
    plain.write_bytes(FILING + b"x" * 2**20)
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    with pytest.raises(UnreadablePathError, match=r"is larger than the limit of 1 MiB"):
        read_filing(plain, maximum_bytes=2**20)
    with pytest.raises(UnreadablePathError, match=r"unpacks to more than the limit of 1 MiB"):
        read_filing(packed, maximum_bytes=2**20)
    several = gzip.compress(FILING) + gzip.compress(b"x" * 2**20)
    packed.write_bytes(several)
    with pytest.raises(UnreadablePathError, match=r"unpacks to more than the limit of 1 MiB"):
        read_filing(packed, maximum_bytes=2**20)


def test_a_pipe_without_end_is_read_no_further_than_the_limit(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def write_on() -> None:
        with contextlib.suppress(BrokenPipeError), pipe.open("wb", buffering=0) as end:
            while True:
                end.write(FILING)

    writer = threading.Thread(target=write_on)
    writer.start()
    with pytest.raises(UnreadablePathError, match="is larger than the limit"):
        read_filing(pipe, maximum_bytes=100_000)
    writer.join(timeout=10)
    assert not writer.is_alive()


def test_all_members_of_a_gzip_file_are_read(tmp_path: Path) -> None:
    path, plain = tmp_path / "filing.txt.gz", tmp_path / "filing.txt"
    plain.write_bytes(FILING)
    path.write_bytes(gzip.compress(FILING[:60]) + gzip.compress(FILING[60:]) + b"\0" * 8)
    assert read_filing(path).sections == read_filing(plain).sections != ()
    path.write_bytes(gzip.compress(FILING[:60]) + gzip.compress(FILING[60:])[:-9])
    with pytest.raises(UnreadablePathError, match="no whole gzip file"):
        read_filing(path)


def test_every_hostile_document_is_extracted_or_refused_in_one_line(run: Extract, tmp_path: Path) -> None:
    paths = []
    for name, content in HOSTILE.items():
        paths.append(tmp_path / f"{name}.txt")
        paths[-1].write_bytes(content)
    code, found, lines = run(*paths)
    assert code == 1
    assert len(found) + len(lines) == len(paths)
    assert all(line.startswith("tenkay: ") and "Traceback" not in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["extract"], "Missing argument"),
        (["extract", "--facts", "x.txt"], "facts are printed with --json only: add --json"),
        (["extract", "x.txt", "--jason"], "No such option"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert (printed.out, len(printed.err.splitlines())) == ("", 1)
    assert says in printed.err


WITH_LITTLE_MEMORY = """
import resource, sys, psutil
from tenkay.cli.main import main
from tenkay_extractor import command
command.MOST_MEMORY_BYTES = psutil.Process().memory_info().rss + (200 << 20)
before = resource.getrlimit(resource.RLIMIT_AS)
code = main(["extract", "--json", *sys.argv[1:]])
assert resource.getrlimit(resource.RLIMIT_AS) == before
sys.exit(code)
"""
"""In a process of its own: what this one has freed before would count as room."""


def test_a_file_that_needs_more_memory_than_there_is_is_told_and_the_next_is_extracted(
    tmp_path: Path,
) -> None:
    large, small = tmp_path / "large.txt", tmp_path / "small.txt"
    large.write_bytes(
        b"<DOCUMENT>\n<TYPE>10-K\n<TEXT>\n<html>" + b"<p>a" * 25_000_000 + b"</TEXT>\n</DOCUMENT>\n"
    )
    small.write_bytes(FILING)
    ended = subprocess.run(
        [sys.executable, "-c", WITH_LITTLE_MEMORY, large, small], capture_output=True, text=True
    )
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (ended.returncode, [each["form_type"] for each in found]) == (1, ["8-K"]), ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"tenkay: {large}: needs more memory than ")


def annual_reports() -> tuple[SampleFiling, SampleFiling]:
    """Two 10-Ks of one company, a year apart, the earlier first."""
    filings = sorted(
        (
            each
            for each in sample_filings()
            if each.company.key == "larkfield" and each.form == "10-K" and each.is_inline
        ),
        key=lambda each: each.accepted_at,
    )
    return filings[0], filings[1]


def test_the_versions_and_the_key_of_a_result_are_printed(run: Extract, tmp_path: Path) -> None:
    path = tmp_path / "filing.txt"
    path.write_bytes(FILING)
    _, (found,), _ = run(path)
    assert found["catalog_version"] == load_catalog().version
    assert found["code_version"] == CODE_VERSION
    assert len(str(found["result_key"])) == 64


def test_an_earlier_filing_is_an_input_of_the_result(run: Extract, tmp_path: Path) -> None:
    older, newer = annual_reports()
    then, now = tmp_path / "then.txt", tmp_path / "now.txt"
    then.write_bytes(submission_text(older))
    now.write_bytes(submission_text(newer))
    _, (alone,), _ = run(now)
    code, (with_it,), lines = run(now, "--prior", str(then))
    assert (code, lines) == (0, [])
    assert with_it["result_key"] != alone["result_key"]
    assert with_it["accession_number"] == alone["accession_number"]

    code, found, (line,) = run(then, "--prior", str(now))
    assert (code, found) == (1, [])
    assert line.endswith("was accepted after this filing: give only filings known at its time")
    code, found, (line,) = run(now, "--prior", str(tmp_path / "nowhere.txt"))
    assert (code, found) == (1, [])
    assert "the earlier filing" in line
    assert "there is no such file" in line


def test_reference_tables_are_an_input_of_the_result(run: Extract, tmp_path: Path) -> None:
    path, tables = tmp_path / "filing.txt", tmp_path / "tables.json"
    path.write_bytes(submission_text(annual_reports()[0]))
    tables.write_text(
        '{"tetragrams": {"version": "made up", "phrases": ["as a result of"], "shares": [0.5]}}'
    )
    _, (alone,), _ = run(path)
    code, (with_it,), lines = run(path, "--tables", str(tables))
    assert (code, lines) == (0, [])
    assert with_it["result_key"] != alone["result_key"]

    def reason(found: dict[str, object]) -> object:
        missing = cast("list[dict[str, object]]", found["missing"])
        return {each["id"]: each["reason"] for each in missing}.get("boilerplate_share")

    assert (reason(alone), reason(with_it)) == ("TABLE_NOT_GIVEN", None)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"no JSON", "is no JSON of tenkay.extractor.v1.ReferenceTables"),
        (b'{"\xff": 1}', "is no JSON of tenkay.extractor.v1.ReferenceTables"),
        (b'{"idf": {}}', 'no field named "idf"'),
        (
            b'{"tetragrams": {"phrases": ["a b c d"], "shares": [0.5]}}',
            "tetragrams.version: has 0 characters",
        ),
        (b" " * ((16 << 20) + 1), "is larger than 16 MiB"),
    ],
    ids=["missing", "not JSON", "not UTF-8", "unknown table", "without a version", "large"],
)
def test_tables_that_cannot_be_read_are_wrong_usage(
    run: Extract, tmp_path: Path, content: bytes | None, says: str
) -> None:
    path, tables = tmp_path / "filing.txt", tmp_path / "tables.json"
    path.write_bytes(FILING)
    if content is not None:
        tables.write_bytes(content)
    code, found, (line,) = run(path, "--tables", str(tables))
    assert (code, found) == (2, [])
    assert "--tables" in line
    assert says in line


def test_only_the_categories_asked_for_are_computed(run: Extract, tmp_path: Path) -> None:
    path = tmp_path / "filing.txt"
    path.write_bytes(submission_text(annual_reports()[0]))
    _, (whole,), _ = run(path)
    _, (some,), _ = run(path, "--category", "risk", "--category", "MANAGEMENT")
    asked = {row.id for row in load_catalog().signals if row.category.value in ("RISK", "MANAGEMENT")}
    for kind in ("signals", "missing"):
        everything = cast("list[dict[str, object]]", whole[kind])
        assert some[kind] == [each for each in everything if each["id"] in asked]
    assert some["result_key"] != whole["result_key"]


def test_the_catalog_says_of_each_signal_what_it_is_and_how_sure_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["catalog", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["id"] for row in rows] == [row.id for row in load_catalog().signals]
    for row in rows:
        for field in ("name", "definition", "formula", "unit", "tier", "source", "inputs", "confidence_rule"):
            assert row[field], f"{row['id']} has no {field}"
        assert (row["value_kind"] == "enum") == bool(row["values"])
    margin = next(row for row in rows if row["id"] == "gross_profit")
    assert margin["inputs"] == ["concept cost_of_revenue", "concept gross_profit"]
    assert margin["condition"] == "cost_of_revenue > 0"
