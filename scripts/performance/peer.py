"""Lets another library extract filings, and tells the CPU time it took. Run by the suite `extract`, in the peer's own
environment (`make peers`), so nothing of Tenkay is imported here.

    python scripts/performance/peer.py NAME

Standard input holds filings: a line with a JSON object (`form`, `bytes`) and then so many bytes of one HTML document.
Standard output has a line for each, and one before the first when the library is loaded: a JSON object with
`cpu_seconds` and `found`, the number of sections, or `error`.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import io
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable

Work = Callable[[bytes, str], int]


def main() -> None:
    """Answers until standard input ends."""
    answers = sys.stdout
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()):  # a library's own words must not break a line
        work = PEERS[sys.argv[1]]()
        warm = False
        print(json.dumps({}), file=answers, flush=True)
        while header := sys.stdin.buffer.readline():
            asked = json.loads(header)
            content = sys.stdin.buffer.read(asked["bytes"])
            if not warm:
                _measured(work, content, asked["form"])
                warm = True
            give_memory_back()
            print(json.dumps(_measured(work, content, asked["form"])), file=answers, flush=True)


def give_memory_back() -> None:
    """Lets garbage go and the C library's allocator return what is free, so that what comes next fills fresh memory."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's alone
    if trim is not None:
        trim(0)


def _measured(work: Work, content: bytes, form: str) -> dict[str, float | str]:
    started = time.process_time()
    try:
        found = work(content, form)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {"cpu_seconds": time.process_time() - started, "found": found}


def _datamule() -> Work:
    """datamule's nested document for the form, whose keys are its parts and items; their texts are not asked for."""
    from datamule.document.document import Document

    def items(content: bytes, form: str) -> int:
        document = Document(form, content, "document.htm", "0000000000-00-000000", "2024-01-01")
        return len(document.data.get("document", {}))

    return items


def _edgartools() -> Work:
    """edgartools' parsed document with its sections; their texts are not asked for."""
    from edgar.documents import HTMLParser, ParserConfig

    def sections(content: bytes, form: str) -> int:
        document = HTMLParser(ParserConfig(form=form)).parse(content.decode("utf-8", "replace"))
        return len(document.sections)

    return sections


PEERS: dict[str, Callable[[], Work]] = {"datamule": _datamule, "edgartools": _edgartools}

if __name__ == "__main__":
    main()
