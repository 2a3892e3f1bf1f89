"""Quotes in their passages: cut from the stored text, or shown alone with the reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.common.v1 import signal_pb2
from tenkay.query.v1 import evidence_pb2 as pb
from tenkay.store.v1 import artifact_service_pb2 as artifact_pb
from tenkay_query.evidence_context import InContext, NoPassage, Passage, Quote, in_context, window
from tenkay_query.evidence_messages import QuotesInContext, earlier_filings

TEXT = "Item 1A. We have doubt. Substantial doubt exists about our ability to go on. Item 1B."
SHA = "ab" * 32


@given(st.data(), st.integers(0, 50))
def test_a_quote_stands_in_its_passage_where_it_stands_in_the_text(data: st.DataObject, context: int) -> None:
    start = data.draw(st.integers(0, len(TEXT)))
    end = data.draw(st.integers(start, len(TEXT)))
    quote = Quote(start, end, TEXT[start:end])
    read = window(quote, context)
    found = in_context(quote, read, Passage(TEXT[read.start : read.end], len(TEXT)))
    assert found.reason is None
    assert found.passage[found.quote_offset :][: end - start] == quote.text
    assert TEXT[found.start :].startswith(found.passage)
    assert found.is_cut_before == (found.start > 0)
    assert found.is_cut_after == (found.start + len(found.passage) < len(TEXT))
    assert len(found.passage) <= (end - start) + 2 * context


@pytest.mark.parametrize(
    "quote",
    [
        Quote(9, 12, "They"),
        Quote(9, 11, "us"),
        Quote(12, 9, "We"),
        Quote(0, 400, "x" * 400),
        Quote(80, 95, "Item 1B. and on"),
    ],
    ids=["length", "other words", "backwards", "longer than quotes are", "beyond the text"],
)
def test_a_quote_that_the_text_does_not_have_is_shown_alone(quote: Quote) -> None:
    read = window(quote, 10)
    found = in_context(quote, read, Passage(TEXT[read.start : read.end], len(TEXT)))
    assert found == InContext(reason=NoPassage.QUOTE_NOT_IN_TEXT)


def text(start: int, end: int, accession_number: str | None = None) -> signal_pb2.TextEvidence:
    return signal_pb2.TextEvidence(
        text_sha256=SHA, start=start, end=end, quote=TEXT[start:end], accession_number=accession_number
    )


def test_each_quote_gets_its_own_passage_and_a_fact_none() -> None:
    evidence = [
        signal_pb2.Evidence(fact=signal_pb2.FactEvidence(element="us-gaap:Revenues", value="7")),
        signal_pb2.Evidence(text=text(9, 22)),
        signal_pb2.Evidence(
            search=signal_pb2.SearchEvidence(dismissed=[text(24, 35), text(0, 400), text(0, 7)])
        ),
    ]
    quotes = QuotesInContext(evidence, 5)
    ranges = quotes.passages()
    assert [(each.start, each.end) for each in ranges] == [(4, 27), (19, 40), (0, 12)]
    read = [
        artifact_pb.Passage(text=TEXT[4:27], text_length=len(TEXT)),
        artifact_pb.Passage(problem=artifact_pb.PASSAGE_PROBLEM_TEXT_NOT_STORED),
        artifact_pb.Passage(text=TEXT[:12], text_length=len(TEXT)),
    ]
    fact, passage, search = quotes.messages(read)
    assert (fact.evidence.fact.value, len(fact.quotes)) == ("7", 0)
    assert passage.quotes[0].passage == TEXT[4:27]
    assert [each.reason for each in search.quotes] == [
        pb.NO_PASSAGE_REASON_TEXT_NOT_STORED,
        pb.NO_PASSAGE_REASON_QUOTE_NOT_IN_TEXT,
        pb.NO_PASSAGE_REASON_UNSPECIFIED,
    ]
    assert all(bool(each.detail) == bool(each.reason) for each in search.quotes)
    assert search.quotes[2].is_cut_after


def test_more_quotes_than_are_shown_say_so() -> None:
    evidence = [signal_pb2.Evidence(text=text(0, 4)) for _ in range(103)]
    quotes = QuotesInContext(evidence, 0)
    ranges = quotes.passages()
    assert len(ranges) == 100
    shown = quotes.messages([artifact_pb.Passage(text=TEXT[:4], text_length=len(TEXT))] * 100)
    reasons = [each.quotes[0].reason for each in shown]
    assert reasons == [0] * 100 + [pb.NO_PASSAGE_REASON_TOO_MANY_QUOTES] * 3


def test_earlier_filings_are_found_in_facts_quotes_and_searches() -> None:
    signal = signal_pb2.Signal(
        evidence=[
            signal_pb2.Evidence(fact=signal_pb2.FactEvidence(accession_number="a")),
            signal_pb2.Evidence(fact=signal_pb2.FactEvidence()),
            signal_pb2.Evidence(text=text(0, 4, "b")),
            signal_pb2.Evidence(search=signal_pb2.SearchEvidence(dismissed=[text(0, 4), text(0, 4, "c")])),
        ]
    )
    assert list(earlier_filings([signal])) == ["a", "b", "c"]
