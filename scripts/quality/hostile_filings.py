"""Filings made to break a reader: nesting, repetition, entities, numbers and names that no filer means.

``make hostile MEGABYTES=100`` sends them, those that can grow at that size, through a pool of one worker as the service
has it, an ordinary filing after each, and prints what became of each: its answer or error, CPU time, largest memory.
The unit tests do the same at a megabyte. Exit status: 0 when each was answered within the limits and the ordinary
filing after it too.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from samples import sample_filings, submission_text
from tenkay_extractor.extraction import MAXIMUM_BYTES, Blob
from tenkay_extractor.identity import Listing
from tenkay_extractor.pool import (
    ExtractionOverrunError,
    MemoryExceededError,
    PoolLimits,
    WorkerCrashedError,
    WorkerPool,
)
from tenkay_extractor.worker import ExtractionRequest, FilingBytes

INLINE = (
    b'<html xmlns:ix="http://www.xbrl.org/2013/inlineXBRL" xmlns:ixt="http://www.xbrl.org/inlineXBRL/transformation/'
    b'2020-02-12" xmlns:xbrli="http://www.xbrl.org/2003/instance" xmlns:us-gaap="http://fasb.org/us-gaap/2023">'
)
CONTEXT = (
    b'<ix:header><ix:resources><xbrli:context id="c"><xbrli:entity><xbrli:identifier scheme="x">1</xbrli:identifier>'
    b"</xbrli:entity><xbrli:period><xbrli:instant>2023-12-31</xbrli:instant></xbrli:period></xbrli:context>"
    b'<xbrli:unit id="u"><xbrli:measure>iso4217:USD</xbrli:measure></xbrli:unit></ix:resources></ix:header>'
)
INSTANCE = b'<?xml version="1.0"?>\n<xbrl xmlns="http://www.xbrl.org/2003/instance" xmlns:us-gaap="http://fasb.org/us-gaap/2015">'


def page(body: bytes) -> bytes:
    """A submission of one 10-K page."""
    return document(b"<html><body>" + body + b"</body></html>")


def inline(body: bytes) -> bytes:
    """A submission of one inline XBRL page with a context and a unit."""
    return document(INLINE + b"<body>" + CONTEXT + body + b"</body></html>")


def document(content: bytes, name: bytes = b"a.htm") -> bytes:
    """A submission of one document."""
    return (
        b"<DOCUMENT>\n<TYPE>10-K\n<SEQUENCE>1\n<FILENAME>"
        + name
        + b"\n<TEXT>\n"
        + content
        + b"\n</TEXT>\n</DOCUMENT>\n"
    )


def number(text: bytes, attributes: bytes = b"") -> bytes:
    """A tagged number."""
    return (
        b'<p><ix:nonFraction name="us-gaap:Assets" contextRef="c" unitRef="u" decimals="0" '
        + attributes
        + b">"
        + text
        + b"</ix:nonFraction></p>"
    )


def _laughs() -> bytes:
    entities = b'<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)
    )
    return b'<?xml version="1.0"?><!DOCTYPE xbrl [' + entities + b"]>" + INSTANCE[INSTANCE.index(b"<xbrl") :]


def _continuations(count: int) -> bytes:
    return b"".join(
        b'<ix:continuation id="k%d" continuedAt="k%d">y</ix:continuation>' % (n, n + 1) for n in range(count)
    )


INSTANT = b"<xbrli:period><xbrli:instant>2023-12-31</xbrli:instant></xbrli:period></xbrli:context>"
DEEP = 100_000
MANY = 100_000

GROWING: Mapping[str, Callable[[int], bytes]] = {
    "one_tag_again_and_again": lambda size: page(b"<p>" * (size // 3)),
    "one_endless_tag": lambda size: page(b"<p " + b"a" * size + b">"),
    "attribute_never_closed": lambda size: page(b'<p class="' + b"x>" * (size // 2)),
    "angle_brackets": lambda size: page(b"<" * size),
    "entities_of_a_page": lambda size: page(b"&amp;" * (size // 5)),
    "one_endless_word": lambda size: page(
        b"<p>Item 1A. Risk Factors</p><p>" + b"risk" * (size // 4) + b"</p>"
    ),
    "spaces": lambda size: page(b"<p>Item 7." + b" " * size + b"Management's Discussion</p>"),
    "line_ends": lambda size: document(b"Item 1.\n" + b"\n" * size + b"Business", b"a.txt"),
    "dots": lambda size: document(b"Item 1. Business" + b" . " * (size // 3) + b"12\n", b"a.txt"),
    "facts_of_one_context": lambda size: inline(number(b"1") * (size // 104)),
    "digits_of_one_number": lambda size: inline(number(b"7" * size)),
    "comments_that_end": lambda size: page(b"<!---->" * (size // 7)),
    "cells": lambda size: page(b"<table>" + b"<tr><td>1</td></tr>" * (size // 19) + b"</table>"),
}
"""By the size in bytes."""

HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "divisions_nested": lambda: page(b"<div>" * DEEP + b"Item 1. Business" + b"</div>" * DEEP),
    "divisions_never_closed": lambda: page(b"<div>" * DEEP),
    "divisions_only_closed": lambda: page(b"</div>" * DEEP),
    "tables_nested": lambda: page(b"<table><tr><td>" * (DEEP // 4)),
    "fonts_nested": lambda: page(b"<font><b><i>x" * (DEEP // 4)),
    "facts_nested": lambda: inline(
        b'<ix:nonNumeric name="us-gaap:A" contextRef="c">' * DEEP + b"x" + b"</ix:nonNumeric>" * DEEP
    ),
    "numbers_nested": lambda: inline(number(b"1")[3 : -len(b"</ix:nonFraction></p>")] * DEEP),
    "instance_nested": lambda: document(INSTANCE + b"<a>" * DEEP + b"</a>" * DEEP + b"</xbrl>"),
    "headers_nested": lambda: inline(b"<ix:header>" * DEEP),
    "one_tag_of_many_attributes": lambda: page(b"<p " + b'a="b" ' * MANY + b">x</p>"),
    "null_bytes_inside": lambda: page(b"\0" * 65_536 + b"<p>Item\0 1. Business</p>"),
    "no_utf8": lambda: page(bytes(range(128, 256)) * 8_192),
    "cut_utf8": lambda: page(b"<p>\xe2\x80</p>" * MANY),
    "surrogates": lambda: page(b"<p>\xed\xa0\x80&#xD800;&#xDFFF;&#1114112;&#0;</p>" * 1_000),
    "comment_never_closed": lambda: page(b"<!-- " + b"Item 1. Business " * MANY),
    "comments_never_closed": lambda: page(b"<!--" * MANY),
    "cdata_never_closed": lambda: inline(b"<![CDATA[" * MANY),
    "instructions_never_closed": lambda: document(INSTANCE + b"<?x " * MANY + b"</xbrl>"),
    "laughing_entities": lambda: document(
        _laughs() + b'<us-gaap:Assets contextRef="c">&a11;</us-gaap:Assets></xbrl>', b"a.xml"
    ),
    "outside_entity": lambda: document(
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
        + INSTANCE[INSTANCE.index(b"<xbrl") :]
        + b'<us-gaap:Assets contextRef="c">&e;</us-gaap:Assets></xbrl>'
    ),
    "digits": lambda: inline(number(b"9" * 10_000) + number(b"1," * 10_000 + b"0")),
    "digits_after_the_point": lambda: inline(number(b"0." + b"3" * 10_000)),
    "digits_as_scale": lambda: inline(number(b"1", b'scale="' + b"9" * 10_000 + b'"')),
    "huge_scale": lambda: inline(number(b"1", b'scale="999999999"') + number(b"1", b'scale="-999999999"')),
    "exponent": lambda: inline(number(b"1e999999999") + number(b"1E-999999999")),
    "words_as_number": lambda: inline(
        number(b"one hundred " * 5_000, b'format="ixt:num-word-en"')
        + number(b"million " * 5_000, b'format="ixt:numwordsen"')
    ),
    "digits_as_date": lambda: inline(
        b'<ix:nonNumeric name="dei:DocumentPeriodEndDate" contextRef="c" format="ixt:date-month-day-year-en">'
        + b"December 31, "
        + b"2" * 10_000
        + b"</ix:nonNumeric>"
    ),
    "continuation_of_itself": lambda: inline(
        b'<ix:nonNumeric id="f" name="us-gaap:A" contextRef="c" continuedAt="k1">x</ix:nonNumeric>'
        b'<ix:continuation id="k1" continuedAt="k2">y</ix:continuation>'
        b'<ix:continuation id="k2" continuedAt="k1">z</ix:continuation>'
    ),
    "continuations_in_a_row": lambda: inline(
        b'<ix:nonNumeric name="us-gaap:A" contextRef="c" continuedAt="k0">x</ix:nonNumeric>'
        + _continuations(MANY // 4)
    ),
    "continuations_shared": lambda: inline(
        b'<ix:nonNumeric name="us-gaap:A" contextRef="c" continuedAt="k0">x</ix:nonNumeric>' * 2_000
        + _continuations(2_000)
    ),
    "many_contexts": lambda: inline(
        b"<ix:header><ix:resources>"
        + b"".join(b'<xbrli:context id="d%d">' % n + INSTANT for n in range(MANY // 4))
        + b"</ix:resources></ix:header>"
    ),
    "many_headings": lambda: page(b"<p>Item 1. Business</p><p>Item 1A. Risk Factors</p>" * (MANY // 4)),
    "many_headings_of_a_table": lambda: page(
        b"<table>"
        + b"<tr><td>Item 7.</td><td>Management's Discussion</td><td>12</td></tr>" * (MANY // 10)
        + b"</table>"
    ),
    "many_doubts": lambda: page(
        b"<p>Item 8. Financial Statements</p><p>"
        + b"There is substantial doubt about the ability to continue as a going concern. " * (MANY // 20)
        + b"</p>"
    ),
    "one_endless_sentence": lambda: page(
        b"<p>Item 9A. Controls and Procedures</p><p>"
        + b"a material weakness, if any, in internal control, " * (MANY // 10)
        + b"</p>"
    ),
    "many_documents": lambda: document(b"<html>x</html>") * (MANY // 10),
    "documents_never_closed": lambda: b"<DOCUMENT>\n<TYPE>10-K\n<TEXT>\n" * (MANY // 4),
    "header_of_one_line": lambda: (
        b"<SEC-DOCUMENT>0001999000-24-000001.txt\n<SEC-HEADER>\nACCESSION NUMBER:\t\t"
        + b"0" * (4 << 20)
        + b"\n</SEC-HEADER>\n"
        + page(b"x")
        + b"</SEC-DOCUMENT>\n"
    ),
    "header_of_many_filers": lambda: (
        b"<SEC-DOCUMENT>0001999000-24-000001.txt\n<SEC-HEADER>\nACCESSION NUMBER:\t\t0001999000-24-000001\n"
        + b"FILER:\n\tCOMPANY DATA:\n\t\tCENTRAL INDEX KEY:\t1\n" * (MANY // 4)
        + b"</SEC-HEADER>\n"
        + page(b"x")
        + b"</SEC-DOCUMENT>\n"
    ),
    "name_outside_the_folder": lambda: document(b"<html>Item 1. Business</html>", b"../../../../etc/passwd"),
    "name_of_another_system": lambda: document(b"<html>x</html>", b"..\\..\\C:\\windows\\system.ini"),
    "name_without_end": lambda: document(b"<html>x</html>", b"a" * (1 << 20)),
}


def hostile_filings(size: int) -> Iterator[tuple[str, bytes]]:
    """All of them, made one at a time; those that can grow have about `size` bytes."""
    for name, make in HOSTILE.items():
        yield name, make()
    for name, grow in GROWING.items():
        yield name, grow(size)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one hostile filing, and of the ordinary one after it."""

    name: str
    size_bytes: int
    told: str
    """How many signals, sections and facts, or the error's words."""
    refused_by_reader: bool
    """False for an answer; true for a typed error."""
    seconds: float
    cpu_seconds: float
    """0 when the worker had to be killed."""
    peak_bytes: int
    next_was_served: bool


async def send_each(size: int, *, filing_seconds: float, worker_bytes: int) -> list[Outcome]:
    """Sends each through a pool of one worker, and an ordinary 8-K after each. Raises what no pool should."""
    ordinary = submission_text(next(each for each in sample_filings() if each.form == "8-K"))
    limits = PoolLimits(workers=1, waiting=1, filings_per_worker=10_000, worker_bytes=worker_bytes)
    outcomes = []
    async with WorkerPool(limits) as pool:
        for name, content in hostile_filings(size):
            started = time.monotonic()
            cpu, peak, refused = 0.0, 0, True
            try:
                answer = await pool.extract(_request(content, filing_seconds))
                cpu, peak, refused = answer.cpu_seconds, answer.peak_bytes, answer.summary is None
                told = str(answer.refusal)
                if found := answer.summary:
                    told = f"{len(found.signals)} signals, {len(found.sections)} sections, {found.fact_count} facts"
                    if found.failures:
                        raise AssertionError(f"{name}: {found.failures[:3]}")
            except (ExtractionOverrunError, MemoryExceededError, WorkerCrashedError) as error:
                told = f"{type(error).__name__}: {error}"
            seconds = time.monotonic() - started
            after = await pool.extract(_request(ordinary, filing_seconds))
            outcomes.append(
                Outcome(name, len(content), told, refused, seconds, cpu, peak, after.summary is not None)
            )
            del content
    return outcomes


def _request(content: bytes, filing_seconds: float) -> ExtractionRequest:
    return ExtractionRequest(
        filing=FilingBytes((Blob(content),), Listing()),
        limit_seconds=filing_seconds,
        signal_seconds=5.0,
        maximum_bytes=MAXIMUM_BYTES,
    )


def main() -> int:
    """Prints one line a filing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=100, help="size of those that can grow")
    parser.add_argument("--filing-seconds", type=float, default=60.0)
    parser.add_argument("--worker-mebibytes", type=int, default=2048)
    given = parser.parse_args()
    outcomes = asyncio.run(
        send_each(
            given.megabytes * 1_000_000,
            filing_seconds=given.filing_seconds,
            worker_bytes=given.worker_mebibytes << 20,
        )
    )
    print("filing | MB | seconds | CPU seconds | peak MB | next served | outcome")
    for each in outcomes:
        print(
            f"{each.name} | {each.size_bytes / 1e6:.1f} | {each.seconds:.1f} | {each.cpu_seconds:.1f} | "
            f"{each.peak_bytes / 1e6:.0f} | {'yes' if each.next_was_served else 'NO'} | {each.told}"
        )
    return 0 if all(each.next_was_served for each in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
