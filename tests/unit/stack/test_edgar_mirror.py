"""The mirror as a process of its own, asked over HTTP."""

from __future__ import annotations

import gzip
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tenkay.stack.edgar_mirror import EdgarFolder, form_index, main

AGENT = {"User-Agent": "Example Tests tests@example.com"}
SUBMISSION = b"<SEC-DOCUMENT>0000000077-24-000001.txt\nmade up\n</SEC-DOCUMENT>\n"
FULL = "Archives/edgar/data/77/0000000077-24-000001.txt"
UNDASHED = "Archives/edgar/data/77/000000007724000001"

OTHER_FOLDER, THIRD_FOLDER = (UNDASHED.replace("000001", other) for other in ("000002", "000003"))
TOLD_INDEX = {"directory": {"item": [{"name": "told.htm", "size": "5"}], "name": f"/{OTHER_FOLDER}"}}
FORM_INDEX = "Archives/edgar/full-index/2024/QTR1/form.idx"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("mirrored") / "edgar"
    put(root, FULL, SUBMISSION)
    put(root, f"{UNDASHED}/annual.htm", b"<html>annual</html>")
    put(root, f"{UNDASHED}/exhibit.htm", b"x" * 30, compressed=True)
    put(root, "Archives/edgar/data/78/000000007824000002/0000000078-24-000002.txt", b"other", compressed=True)
    put(root, "submissions/CIK0000000077.json", b'{"cik":"0000000077"}', compressed=True)
    put(root, "cgi-bin/browse-edgar/action-getcurrent__type-8-K__output-atom.atom", b"<feed/>")
    aliases = {"path": FULL, "aliases": ["Archives/edgar/data/79/0000000077-24-000001.txt"]}
    put(root, "MANIFEST.jsonl", json.dumps(aliases).encode() + b"\n")
    put(root, f"{THIRD_FOLDER}/index.json", b'{"real": true}')
    indexes = [
        {"url": f"https://www.sec.gov/{told}/index.json", "body": TOLD_INDEX}
        for told in (OTHER_FOLDER, THIRD_FOLDER)
    ]
    put(root, "reconstructed/folder-index.jsonl", "\n".join(map(json.dumps, indexes)).encode())
    row = {
        "index": FORM_INDEX,
        "form": "8-K",
        "company": "B Made Up Co",
        "cik": 78,
        "date": "2024-02-01",
        "file": "f2",
    }
    first = row | {"form": "10-K", "company": "A" * 64, "cik": 77, "date": "2024-03-30", "file": "f1"}
    put(root, "reconstructed/form-index-rows.jsonl", "\n".join(map(json.dumps, (row, first))).encode())
    put(root, "Archives/edgar/full-index/2023/QTR4/form.idx", b"real")
    put(root.parent, "secret.txt", b"secret")
    (root / "Archives/edgar/link.txt").symlink_to(root.parent / "secret.txt")
    return root


@pytest.fixture(scope="module")
def mirror(folder: Path) -> Iterator[httpx.Client]:
    with served(folder) as client:
        yield client


def put(root: Path, path: str, content: bytes, *, compressed: bool = False) -> None:
    file = root / (path + ".gz" if compressed else path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(content) if compressed else content)


@contextmanager
def served(root: Path, *options: str) -> Iterator[httpx.Client]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tenkay.stack.edgar_mirror", str(root), "--port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            address = process.stdout.readline().split()[-1]
            with httpx.Client(base_url=address, headers=AGENT, trust_env=False) as client:
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)


def test_a_file_is_served_as_it_is_and_a_compressed_one_unpacked(mirror: httpx.Client) -> None:
    assert mirror.get(f"/{FULL}").content == SUBMISSION
    packed = mirror.get("/submissions/CIK0000000077.json")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == {"cik": "0000000077"}
    plain = mirror.get("/submissions/CIK0000000077.json", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content
    assert plain.headers["content-type"] == "application/json"


def test_a_full_submission_has_two_addresses_with_the_same_bytes(mirror: httpx.Client) -> None:
    assert mirror.get(f"/{UNDASHED}/0000000077-24-000001.txt").content == SUBMISSION
    assert mirror.get("/Archives/edgar/data/78/0000000078-24-000002.txt").content == b"other"
    # The folder's number must be the file's.
    assert (
        mirror.get("/Archives/edgar/data/77/000000007724000009/0000000077-24-000001.txt").status_code == 404
    )


def test_aliases_of_the_manifest_are_served(mirror: httpx.Client, folder: Path) -> None:
    assert mirror.get("/Archives/edgar/data/79/0000000077-24-000001.txt").content == SUBMISSION


def test_a_folder_index_comes_from_a_file_else_the_reconstruction_else_the_folder(
    mirror: httpx.Client,
) -> None:
    listed = mirror.get(f"/{UNDASHED}/index.json").json()["directory"]
    assert [(item["name"], item["size"]) for item in listed["item"]] == [
        ("annual.htm", "19"),
        ("exhibit.htm", "30"),
    ]
    assert listed["parent-dir"] == "/Archives/edgar/data/77"
    assert mirror.get(f"/{OTHER_FOLDER}/index.json").json() == TOLD_INDEX
    assert mirror.get(f"/{THIRD_FOLDER}/index.json").json() == {"real": True}


def test_a_form_index_is_put_together_in_edgars_columns(mirror: httpx.Client) -> None:
    text = mirror.get(f"/{FORM_INDEX}").text.splitlines()
    assert text[0] == "Description:           Master Index of EDGAR Dissemination Feed by Form Type"
    assert text[1] == "Last Data Received:    March 30, 2024"
    header = text[8]
    assert [
        header.index(name) for name in ("Form Type", "Company Name", "CIK", "Date Filed", "File Name")
    ] == [
        0,
        12,
        74,
        86,
        98,
    ]
    assert set(text[9]) == {"-"}
    assert text[10].split() == ["10-K", "A" * 64, "77", "2024-03-30", "f1"]
    assert (text[11][:12], text[11][12:74], text[11][74:86]) == (
        "8-K".ljust(12),
        "B Made Up Co".ljust(62),
        "78".ljust(12),
    )
    assert mirror.get("/Archives/edgar/full-index/2023/QTR4/form.idx").text == "real"


def test_what_is_missing_is_answered_as_edgar_does(mirror: httpx.Client) -> None:
    missing = mirror.get("/submissions/CIK0000000001.json")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/xml"
    assert "<Code>NoSuchKey</Code>" in missing.text
    assert "<Key>submissions/CIK0000000001.json</Key>" in missing.text
    future = mirror.get("/Archives/edgar/full-index/2099/QTR1/form.idx")
    assert future.status_code == 403
    assert "<Code>AccessDenied</Code>" in future.text


def test_a_request_without_a_user_agent_is_refused_as_an_undeclared_tool(mirror: httpx.Client) -> None:
    for headers in ({}, {"User-Agent": ""}, {"User-Agent": "   "}):
        connection = http.client.HTTPConnection(urlsplit(str(mirror.base_url)).netloc)
        # http.client sends no User-Agent of its own.
        connection.request("GET", f"/{FULL}", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 403
        assert answer.getheader("content-type") == "text/html"
        assert b"Undeclared Automated Tool" in answer.read()
        connection.close()


def test_conditional_requests_are_answered_304_while_nothing_changed(
    mirror: httpx.Client, folder: Path
) -> None:
    path = "Archives/edgar/data/77/changing.txt"
    put(folder, path, b"before")
    first = mirror.get(f"/{path}")
    tag, modified = first.headers["etag"], first.headers["last-modified"]
    for headers in ({"If-None-Match": tag}, {"If-Modified-Since": modified}):
        again = mirror.get(f"/{path}", headers=headers)
        assert (again.status_code, again.content) == (304, b"")
    other = mirror.get(f"/{path}", headers={"If-None-Match": '"other"', "If-Modified-Since": modified})
    assert other.status_code == 200
    old = mirror.get(f"/{path}", headers={"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"})
    assert old.status_code == 200
    assert mirror.get(f"/{path}", headers={"If-Modified-Since": "yesterday"}).status_code == 200
    put(folder, path, b"after it")
    assert mirror.get(f"/{path}", headers={"If-None-Match": tag}).status_code == 200


def test_edgars_json_interfaces_have_no_validators(mirror: httpx.Client) -> None:
    answer = mirror.get("/submissions/CIK0000000077.json")
    assert "etag" not in answer.headers
    assert "last-modified" not in answer.headers
    assert "no-store" in answer.headers["cache-control"]


def test_nothing_outside_of_edgars_paths_is_served(mirror: httpx.Client) -> None:
    paths = (
        "/../secret.txt",
        "/Archives/../../secret.txt",
        "/Archives/%2e%2e/%2e%2e/secret.txt",
        "/Archives/..%2f..%2fsecret.txt",
        "/Archives//edgar/data/77/0000000077-24-000001.txt",
        "/Archives/edgar/link.txt",
        "/Archives/edgar/%00",
        "/MANIFEST.jsonl",
        "/",
    )
    for path in paths:
        connection = http.client.HTTPConnection(urlsplit(str(mirror.base_url)).netloc)
        connection.request("GET", path, headers=AGENT)  # unlike httpx it leaves the path as it is
        answer = connection.getresponse()
        assert answer.status == 404, path
        assert b"secret" not in answer.read().replace(b"secret.txt", b"")
        connection.close()


def test_requests_past_the_rate_are_answered_429(folder: Path) -> None:
    with served(folder, "--max-rate", "3") as mirror:
        answers = [mirror.get(f"/{FULL}") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert "Request Rate Threshold Exceeded" in answers[3].text
    assert answers[3].headers["retry-after"] == "1"


def test_feed_queries_are_files_named_after_them(mirror: httpx.Client) -> None:
    answer = mirror.get("/cgi-bin/browse-edgar?action=getcurrent&type=8-K&output=atom")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/atom+xml")


@pytest.mark.parametrize("case", ["missing", "no layout", "port in use", "bad listing"])
def test_a_start_that_cannot_work_says_why_in_one_line(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, f"edgar/{FULL}", SUBMISSION)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port, root = "0", tmp_path / "edgar"
        if case == "missing":
            root = tmp_path / "nowhere"
        elif case == "no layout":
            root = tmp_path
        elif case == "port in use":
            port = str(taken.getsockname()[1])
        else:
            put(root, "MANIFEST.jsonl", b'{"path": "x"}\n{broken\n')
        assert main([str(root), "--port", port]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("edgar_mirror: cannot serve ")
    assert printed.count("\n") == 1


def test_a_form_index_row_keeps_every_value_whole() -> None:
    rows = [
        {"form": "F" * 14, "company": "C" * 70, "cik": 1, "date": "2024-01-02", "file": "edgar/data/1/x.txt"}
    ]
    assert form_index(rows).decode().splitlines()[-1].split() == [
        "F" * 14,
        "C" * 70,
        "1",
        "2024-01-02",
        "edgar/data/1/x.txt",
    ]


@pytest.mark.edgar
def test_every_recorded_file_and_alias_is_served(edgar_folder: Path) -> None:
    folder = EdgarFolder(edgar_folder)
    served = 0
    with (edgar_folder / "MANIFEST.jsonl").open() as lines:
        for entry in map(json.loads, lines):
            for path in (entry["path"].removesuffix(".gz"), *entry.get("aliases", ())):
                if not path.startswith(("Archives/", "submissions/", "api/", "files/")):
                    continue
                found = folder.find(path)
                assert found is not None, path
                assert len(found.read(accept_gzip=False)[0]) == entry["bytes"]
                served += 1
    assert served > 700
