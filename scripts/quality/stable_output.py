"""Extracts filings in two fresh processes whose hashing is seeded differently, and compares the outputs byte by byte.

    stable_output.py [--edgar DIR] [--every N]

Without --edgar the made-up filings are extracted, with it every recorded document below DIR.
What is compared is the line that `tenkay extract --json --facts` prints and the serialised message of the API. Exit
status: 0 all are the same, 1 some are not; they are named, with the first field that differs.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

SEEDS = ("1", "4242")
"""PYTHONHASHSEED of the two processes."""


def main() -> int:
    """Prints what differs and how many filings were compared."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edgar", type=Path, help="folder of recorded filings")
    parser.add_argument("--every", type=int, default=1, help="only every Nth filing")
    parser.add_argument("--print-outputs", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.print_outputs:
        for name, content in _filings(given.edgar, given.every):
            print(json.dumps([name, *outputs(name, content)]), flush=True)
        return 0
    compared, different = compare([] if given.edgar is None else ["--edgar", str(given.edgar)], given.every)
    for line in different:
        print(line)
    print(f"{compared} filings, {len(different)} with another output in another process")
    return 1 if different or not compared else 0


def compare(options: Sequence[str], every: int) -> tuple[int, list[str]]:
    """How many filings were compared, and a line for each whose outputs differ."""
    compared = 0
    different = []
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, __file__, "--print-outputs", "--every", str(every), *options],
                    stdout=subprocess.PIPE,
                    env={**os.environ, "PYTHONHASHSEED": seed},
                )
            )
            for seed in SEEDS
        ]
        # Both at once, line by line: neither is kept in memory whole.
        for left, right in zip(*(child.stdout or () for child in children), strict=True):
            compared += 1
            if left != right:
                different.append(_difference(json.loads(left), json.loads(right)))
    for child in children:
        if child.returncode != 0:
            raise RuntimeError(f"a child ended with status {child.returncode}")
    return compared, different


def outputs(name: str, content: bytes) -> tuple[str, str]:
    """The line of the command, and the digest of the message; or the refusal's words twice."""
    from tenkay_extractor.command_output import as_json_line
    from tenkay_extractor.extraction import Blob, extract
    from tenkay_extractor.messages import extraction_message
    from tenkay_extractor.submission import SubmissionError
    from tenkay_extractor.worker import summary_of

    try:
        found = extract([Blob(content, name)])
    except SubmissionError as error:
        return str(error), str(error)
    message = extraction_message(summary_of(found)).SerializeToString(deterministic=True)
    return as_json_line(found, with_facts=True), hashlib.sha256(message).hexdigest()


def _filings(edgar: Path | None, every: int) -> Iterator[tuple[str, bytes]]:
    if edgar is None:
        from samples import sample_filings, submission_text

        for filing in sample_filings()[::every]:
            yield f"{filing.accession_number}.txt", submission_text(filing)
        return
    for path in sorted(edgar.glob("Archives/edgar/data/**/*"))[::every]:
        if path.is_file() and path.name.removesuffix(".gz").endswith((".txt", ".htm", ".xml", ".nc")):
            content = path.read_bytes()
            packed = content.startswith(b"\x1f\x8b")
            yield path.name.removesuffix(".gz"), gzip.decompress(content) if packed else content


def _difference(left: list[str], right: list[str]) -> str:
    for one, other in zip(left, right, strict=True):
        if one != other:
            at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
            return f"{left[0]}: …{one[max(at - 80, 0) : at + 40]}… or …{other[max(at - 80, 0) : at + 40]}…"
    return f"{left[0]}: not the same filing"


if __name__ == "__main__":
    sys.exit(main())
