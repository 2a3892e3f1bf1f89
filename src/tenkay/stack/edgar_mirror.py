"""Serves a folder in EDGAR's layout over HTTP, answering as EDGAR does.

    python -m tenkay.stack.edgar_mirror DIR --port N [--host 127.0.0.1] [--max-rate R]

The folder follows EDGAR's URL paths (`Archives/edgar/data/…`, `submissions/…`, `files/…`), so that one address stands
for `www.sec.gov` and `data.sec.gov` both. For a path `X` the mirror serves, first match first:

* the file `X`, or `X.gz` unpacked (as it is, with `Content-Encoding: gzip`, where the client takes that);
* the full submission text under its other URL: `…/data/CIK/ACCESSION.txt` and
  `…/data/CIK/ACCESSION-WITHOUT-DASHES/ACCESSION.txt` are the same bytes; further aliases come from `MANIFEST.jsonl`;
* a folder's `index.json` from `reconstructed/folder-index.jsonl`, else put together from the files in that folder;
* a quarter's `form.idx` from `reconstructed/form-index-rows.jsonl`, in EDGAR's fixed-width form.

`MANIFEST.jsonl` and `reconstructed/` are optional and are read once, at the start.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import socket
import stat
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime, parsedate_to_datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SERVED_ROOTS = frozenset({"Archives", "api", "cgi-bin", "files", "submissions"})
"""First segments of the paths that exist on EDGAR; nothing else in the folder is served."""

UNVALIDATED_ROOTS = frozenset({"api", "submissions"})
"""EDGAR's JSON interfaces answer without Last-Modified and ETag, and forbid caching."""

CONTENT_TYPES = {
    ".atom": "application/atom+xml",
    ".gif": "image/gif",
    ".htm": "text/html",
    ".html": "text/html",
    ".idx": "text/plain",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".xml": "text/xml",
    ".xsd": "text/xml",
    ".zip": "application/zip",
}

FULL_SUBMISSION = re.compile(r"^(Archives/edgar/data/\d+)/(?:(\d{18})/)?((\d{10})-(\d{2})-(\d{6}))\.txt$")
FILING_FOLDER = re.compile(r"^Archives/edgar/data/\d+/\d{18}$")
INDEX_AREA = re.compile(r"^Archives/edgar/(?:full|daily)-index(?:/|$)")
FORM_INDEX_COLUMNS = (
    (12, "Form Type"),
    (62, "Company Name"),
    (12, "CIK"),
    (12, "Date Filed"),
    (0, "File Name"),
)


@dataclass(frozen=True, slots=True)
class Resource:
    """What a path names: a file of the folder, or a body put together at the start."""

    path: str
    """URL path without the leading slash."""
    modified: int
    """Seconds since 1970."""
    body: bytes | None = None
    file: Path | None = None
    gzipped: bool = False
    """True: `file` holds the content gzip-compressed."""

    @property
    def etag(self) -> str:
        name = f"{self.path}\0{self.modified}\0{self.file.stat().st_size if self.file else self.body!r}"
        return f'"{hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()}"'

    def read(self, *, accept_gzip: bool) -> tuple[bytes, bool]:
        """Returns the bytes to send and whether they are gzip-compressed."""
        if self.file is None:
            return self.body or b"", False
        stored = self.file.read_bytes()
        if not self.gzipped or accept_gzip:
            return stored, self.gzipped
        return gzip.decompress(stored), False


class EdgarFolder:
    """A folder in EDGAR's layout. Raises ValueError when it is none, or when its listings cannot be read."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        if not self._root.is_dir():
            raise ValueError(f"{root} is not a folder.")
        if not any((self._root / name).is_dir() for name in SERVED_ROOTS):
            raise ValueError(
                f"{root} is not in EDGAR's layout: it has none of {', '.join(sorted(SERVED_ROOTS))}."
            )
        manifest = self._root / "MANIFEST.jsonl"
        folder_index = self._root / "reconstructed" / "folder-index.jsonl"
        form_rows = self._root / "reconstructed" / "form-index-rows.jsonl"
        self._aliases = _read_aliases(manifest)
        self._made = {
            **_made_resources(_folder_indexes(folder_index), folder_index),
            **_made_resources(_form_indexes(form_rows), form_rows),
        }

    def find(self, path: str) -> Resource | None:
        """Returns what a URL path (no leading slash, percent-decoded) names, or None."""
        if path.split("/", 1)[0] not in SERVED_ROOTS or not _is_plain(path):
            return None
        for candidate in (path, *self._other_names(path)):
            found = self._stored(candidate)
            if found is not None:
                return found
        return self._made.get(path) or self._listed(path)

    def _other_names(self, path: str) -> Iterable[str]:
        if path in self._aliases:
            yield self._aliases[path]
        full = FULL_SUBMISSION.match(path)
        if full is None:
            return
        company, folder, accession = full.group(1), full.group(2), full.group(3)
        undashed = accession.replace("-", "")
        if folder is None:
            yield f"{company}/{undashed}/{accession}.txt"
        elif folder == undashed:
            yield f"{company}/{accession}.txt"

    def _stored(self, path: str) -> Resource | None:
        for gzipped in (False, True):
            file = (self._root / (path + ".gz" if gzipped else path)).resolve()
            # A symbolic link must not lead out of the folder.
            if not file.is_relative_to(self._root):
                return None
            try:
                status = file.stat()
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode):
                return Resource(path, int(status.st_mtime), file=file, gzipped=gzipped)
        return None

    def _listed(self, path: str) -> Resource | None:
        folder, _, name = path.rpartition("/")
        if name != "index.json" or not FILING_FOLDER.match(folder) or not (self._root / folder).is_dir():
            return None
        files = sorted(entry for entry in (self._root / folder).iterdir() if entry.is_file())
        items = [
            {
                "last-modified": datetime.fromtimestamp(file.stat().st_mtime, UTC).strftime(
                    "%Y-%m-%d %H:%M:%S"
                ),
                "name": file.name.removesuffix(".gz"),
                "type": "text.gif",
                "size": str(_unpacked_size(file)),
            }
            for file in files
        ]
        body = {
            "directory": {"item": items, "name": f"/{folder}", "parent-dir": f"/{folder.rpartition('/')[0]}"}
        }
        return Resource(path, int((self._root / folder).stat().st_mtime), body=_json_bytes(body))


def application(
    folder: EdgarFolder, *, max_rate: int | None = None, clock: Callable[[], float] = time.monotonic
) -> Starlette:
    """Returns the ASGI application over `folder`.

    With `max_rate`, a request is answered 429 when that many came within the second before it, as EDGAR counts them:
    refused ones count too.
    """
    window = _Window(max_rate, clock) if max_rate is not None else None

    async def serve(request: Request) -> Response:
        if window is not None and not window.admits():
            return _page(429, "Request Rate Threshold Exceeded", TOO_FAST, {"retry-after": "1"})
        if not request.headers.get("user-agent", "").strip():
            return _page(403, "Your Request Originates from an Undeclared Automated Tool", UNDECLARED)
        path = _requested_path(request)
        found = await run_in_threadpool(folder.find, path)
        if found is None:
            if INDEX_AREA.match(path):
                return _error(403, "AccessDenied", "Access Denied")
            return _error(404, "NoSuchKey", "The specified key does not exist.", key=path)
        return await run_in_threadpool(_answer, found, request)

    return Starlette(routes=[Route("/{path:path}", serve, methods=["GET"])])


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT. Exits 2, with one line that says why, when it cannot start."""
    parser = argparse.ArgumentParser(
        prog="python -m tenkay.stack.edgar_mirror", description="Serve a folder in EDGAR's layout over HTTP."
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder in EDGAR's layout")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument(
        "--max-rate", type=int, metavar="R", help="answer 429 past R requests a second (default: no bound)"
    )
    options = parser.parse_args(arguments)
    if options.max_rate is not None and options.max_rate < 1:
        parser.error("--max-rate must be at least 1")
    if not 0 <= options.port <= 65535:
        parser.error("--port must be 0 to 65535")
    try:
        folder = EdgarFolder(options.folder)
        listener = socket.create_server((options.host, options.port), backlog=128)
    except (OSError, ValueError) as error:
        print(
            f"edgar_mirror: cannot serve {options.folder} on {options.host}:{options.port}: {error}",
            file=sys.stderr,
        )
        return 2
    with listener:
        host, port = listener.getsockname()[:2]
        print(f"EDGAR mirror of {options.folder} on http://{host}:{port}", flush=True)
        config = uvicorn.Config(
            application(folder, max_rate=options.max_rate),
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def _requested_path(request: Request) -> str:
    path: str = request.path_params["path"]
    if path == "cgi-bin/browse-edgar" and request.url.query:
        return f"{path}/{request.url.query.replace('=', '-').replace('&', '__')}.atom"
    return path


def _is_plain(path: str) -> bool:
    return not any(part in ("", ".", "..") for part in path.split("/")) and not re.search(r"[\\\0]", path)


def _answer(found: Resource, request: Request) -> Response:
    headers = {"vary": "Accept-Encoding"}
    if found.path.split("/", 1)[0] in UNVALIDATED_ROOTS:
        headers["cache-control"] = "max-age=0, no-cache, no-store"
    else:
        headers["etag"] = found.etag
        headers["last-modified"] = format_datetime(datetime.fromtimestamp(found.modified, UTC), usegmt=True)
        if _is_unchanged(found, request):
            return Response(status_code=304, headers=headers)
    body, gzipped = found.read(accept_gzip="gzip" in request.headers.get("accept-encoding", ""))
    if gzipped:
        headers["content-encoding"] = "gzip"
    content_type = CONTENT_TYPES.get(Path(found.path).suffix.lower(), "application/octet-stream")
    # As a header, not as media_type: Starlette would add a charset, and EDGAR names none.
    return Response(body, headers={**headers, "content-type": content_type})


def _is_unchanged(found: Resource, request: Request) -> bool:
    """RFC 9110, 13.1: If-None-Match decides where it is given, else If-Modified-Since."""
    wanted = request.headers.get("if-none-match")
    if wanted is not None:
        return any(tag.strip().removeprefix("W/") in (found.etag, "*") for tag in wanted.split(","))
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return found.modified <= parsedate_to_datetime(since).timestamp()
    except ValueError:
        return False


class _Window:
    """Counts the requests of the last second."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._arrivals: deque[float] = deque(maxlen=limit + 1)

    def admits(self) -> bool:
        now = self._clock()
        self._arrivals.append(now)
        return len(self._arrivals) <= self._limit or now - self._arrivals[0] >= 1.0


UNDECLARED = (
    "This request does not say who sends it. Declare your traffic with a User-Agent header that names your company "
    "and a contact address."
)
TOO_FAST = "More requests came within one second than are allowed. Slow down and come back later."


def _page(status: int, title: str, text: str, headers: dict[str, str] | None = None) -> Response:
    body = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n'
        f"<title>SEC.gov | {escape(title)}</title>\n</head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n<p>{escape(text)}</p>\n</body>\n</html>\n"
    )
    return Response(body, status, {"content-type": "text/html", **(headers or {})})


def _error(status: int, code: str, message: str, *, key: str | None = None) -> Response:
    named = f"<Key>{escape(key)}</Key>" if key is not None else ""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message>{named}"
        f"<RequestId>{uuid4().hex[:16].upper()}</RequestId></Error>"
    )
    return Response(body, status, {"content-type": "application/xml"})


def _read_aliases(manifest: Path) -> dict[str, str]:
    aliases = {}
    for entry in _json_lines(manifest):
        for alias in entry.get("aliases", ()):
            aliases[alias] = entry["path"].removesuffix(".gz")
    return aliases


def _folder_indexes(listing: Path) -> dict[str, bytes]:
    return {urlsplit(row["url"]).path.lstrip("/"): _json_bytes(row["body"]) for row in _json_lines(listing)}


def _form_indexes(listing: Path) -> dict[str, bytes]:
    quarters: dict[str, list[dict[str, Any]]] = {}
    for row in _json_lines(listing):
        quarters.setdefault(row["index"], []).append(row)
    return {path: form_index(rows) for path, rows in quarters.items()}


def form_index(rows: list[dict[str, Any]]) -> bytes:
    """Returns a `form.idx` body for rows with form, company, cik, date (YYYY-MM-DD) and file, sorted as EDGAR does."""
    newest = date.fromisoformat(max(row["date"] for row in rows))
    lines = [
        "Description:           Master Index of EDGAR Dissemination Feed by Form Type",
        f"Last Data Received:    {newest:%B} {newest.day}, {newest.year}",
        "Comments:              webmaster@sec.gov",
        "Anonymous FTP:         ftp://ftp.sec.gov/edgar/",
        *([""] * 4),
        "".join(_cell(title, width) for width, title in FORM_INDEX_COLUMNS),
        "-" * 141,
    ]
    for row in sorted(rows, key=lambda row: (row["form"], row["company"].upper(), row["date"], row["file"])):
        values = (row["form"], row["company"], str(row["cik"]), row["date"], row["file"])
        lines.append(
            "".join(_cell(value, width) for (width, _), value in zip(FORM_INDEX_COLUMNS, values, strict=True))
        )
    return "\n".join([*lines, ""]).encode()


def _cell(value: str, width: int) -> str:
    # EDGAR does not cut a value that fills its column: it moves the rest of the line to the right.
    return value if width == 0 else value.ljust(width) if len(value) < width else value + "  "


def _made_resources(bodies: dict[str, bytes], source: Path) -> dict[str, Resource]:
    modified = int(source.stat().st_mtime) if bodies else 0
    return {path: Resource(path, modified, body=body) for path, body in bodies.items()}


def _json_lines(file: Path) -> Iterator[dict[str, Any]]:
    if not file.is_file():
        return
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f"{file.name}, line {number}, is not JSON: {error}") from error
            yield row


def _json_bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _unpacked_size(file: Path) -> int:
    if file.suffix != ".gz":
        return file.stat().st_size
    with gzip.open(file) as unpacked:
        return unpacked.seek(0, 2)


if __name__ == "__main__":
    raise SystemExit(main())
