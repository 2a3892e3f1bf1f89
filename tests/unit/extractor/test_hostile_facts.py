"""Readers of facts and the splitter against bytes made to hurt: an answer or a typed error, in linear time."""

from __future__ import annotations

import contextlib
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.facts import FactSet
from tenkay_extractor.inline_xbrl import inline_header_spans, read_inline_facts
from tenkay_extractor.submission import SubmissionError, split_submission
from tenkay_extractor.xbrl_instance import read_instance_facts
from tests.unit.extractor.inline_pages import CONTEXTS, UNITS, number, page

LENGTH = 2_000_000
_CPU_SECONDS = 6.0
"""Thirty times what the slowest of these takes; a scan that is quadratic takes hours."""

PIECES = {
    "one tag without an end": "<ix:nonFraction " + "a",
    "openings": "<ix:nonNumeric name='a:b' contextRef='y'>",
    "closings": "</ix:nonFraction>",
    "hidden": "<ix:hidden>",
    "resources": "<ix:resources></ix:resources>",
    "contexts without an end": '<xbrli:context id="y">',
    "ends of contexts": "</xbrli:context>",
    "ends of units": "</xbrli:unit>",
    "empty contexts": '<xbrli:context id="z"></xbrli:context>',
    "comment openings": "<!--",
    "comments": "<!-- x -->",
    "cdata": "<![CDATA[<]]>",
    "half cdata": "<![CDATA[",
    "exclamation marks": "!",
    "brackets": "<",
    "quotes": "<ix:nonFraction a='\"",
    "declarations": " xmlns:a='b'",
    "half declarations": "xmlns:",
    "prefixes": "ix:",
    "headers": "<ix:header>",
    "references": " contextRef",
    "facts": number("us-gaap:Assets", "5", id="f"),
    "continuations": "<ix:continuation id='c' continuedAt='c'>x</ix:continuation>",
    "exclusions": "<ix:exclude>x</ix:exclude>",
    "entities": "&amp;",
    "nulls": "\0",
    "documents": "<DOCUMENT>",
    "ends of documents": "</DOCUMENT>",
    "text tags": "<TEXT>",
}


def _inline(content: bytes) -> FactSet:
    return read_inline_facts([("q.htm", content)])


def _instance(content: bytes) -> FactSet:
    return read_instance_facts("q.xml", content)


def _split(content: bytes) -> None:
    with contextlib.suppress(SubmissionError):
        split_submission(content, "q.htm")


@pytest.mark.parametrize("read", [_inline, _instance, inline_header_spans, _split])
@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_any_piece_repeated_without_end_takes_linear_time(
    piece: str, read: Callable[[bytes], object]
) -> None:
    repeated = piece * (LENGTH // len(piece))
    started = time.process_time()
    read(repeated.encode())
    read(page(repeated))
    read(page("", resources=repeated))
    read(f"<SEC-DOCUMENT>x\n<DOCUMENT>\n<TYPE>10-K\n<TEXT>{repeated}".encode())
    assert time.process_time() - started < _CPU_SECONDS


def test_facts_nested_a_hundred_thousand_deep_are_answered_in_part() -> None:
    opening = '<ix:nonFraction name="us-gaap:Assets" contextRef="y" unitRef="usd" scale="0">'
    depth = 100_000
    found = _inline(page(number("us-gaap:Cash", "1") + opening * depth + "5" + "</ix:nonFraction>" * depth))
    assert found.facts[0].concept == "us-gaap:Cash"
    assert len(found.facts) <= depth


def test_a_text_tagged_a_thousand_deep_is_read_in_bounded_memory() -> None:
    opening = '<ix:nonNumeric name="q:Policy" contextRef="y">'
    content = page(opening * 1_000 + "word " * 6_000 + "</ix:nonNumeric>" * 1_000)
    tracemalloc.start()
    try:
        _inline(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * 2**20 + 15 * len(content)


def test_many_facts_are_read_in_bounded_memory() -> None:
    content = page("".join(number("us-gaap:Assets", f"{value:,}", id=f"f{value}") for value in range(20_000)))
    tracemalloc.start()
    try:
        found = _inline(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.facts) == 20_000
    assert peak < 20 * 2**20 + 15 * len(content)


def test_a_number_of_ten_thousand_digits_costs_its_own_fact_only() -> None:
    found = _inline(
        page(
            number("us-gaap:Assets", "9" * 10_000, id="long")
            + number("us-gaap:Assets", "9", scale="9" * 10_000, id="scale")
            + number("us-gaap:Assets", "9", decimals="9" * 10_000, id="decimals")
            + number("us-gaap:Liabilities", "2", id="good")
        )
    )
    assert [fact.fact_id for fact in found.facts] == ["good"]
    assert len(found.warnings) == 3


def test_entities_are_never_expanded_from_a_definition() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "9999"><!ENTITY b "&a;&a;&a;">]>'
    found = _inline(page(number("us-gaap:Assets", "&b;")).replace(b"<html", bomb.encode() + b"<html", 1))
    assert found.facts == ()
    assert len(found.warnings) == 1


@given(
    st.lists(
        st.sampled_from(
            [*PIECES.values(), "</ix:header>", ">", "'", '"', "</ix:nonNumeric>", CONTEXTS, UNITS]
        ),
        max_size=30,
    )
)
def test_any_mixture_of_pieces_is_survived(pieces: list[str]) -> None:
    mixed = "".join(pieces)
    for content in (mixed.encode(), page(mixed), page("", resources=mixed)):
        for read in (_inline, _instance, inline_header_spans, _split):
            read(content)


@given(st.binary(max_size=400), st.integers(0, 3_000))
def test_any_bytes_in_the_middle_of_a_page_are_survived(noise: bytes, place: int) -> None:
    whole = page(number("us-gaap:Assets", "3") + number("us-gaap:Cash", "1,234.5", sign="-"))
    broken = whole[:place] + noise + whole[place:]
    for read in (_inline, _instance, inline_header_spans, _split):
        read(broken)
