"""Evidence in context: the store's messages -> the domain -> the answer's messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tenkay.common.v1 import signal_pb2
from tenkay.query.v1 import evidence_pb2 as pb
from tenkay.store.v1 import artifact_service_pb2 as artifact_pb
from tenkay.store.v1 import filing_store_service_pb2 as store_pb
from tenkay_query.evidence_context import (
    DETAILS,
    MAX_QUOTES,
    InContext,
    NoPassage,
    Passage,
    Quote,
    in_context,
    window,
)

_PROBLEMS = {
    artifact_pb.PASSAGE_PROBLEM_TEXT_NOT_STORED: NoPassage.TEXT_NOT_STORED,
    artifact_pb.PASSAGE_PROBLEM_OUTSIDE_TEXT: NoPassage.QUOTE_NOT_IN_TEXT,
    artifact_pb.PASSAGE_PROBLEM_TEXT_DAMAGED: NoPassage.TEXT_DAMAGED,
}


def earlier_filings(signals: Sequence[signal_pb2.Signal]) -> Iterator[str]:
    """Accession numbers of earlier filings that hold evidence of these signals."""
    for signal in signals:
        for proof in signal.evidence:
            if proof.HasField("fact") and proof.fact.HasField("accession_number"):
                yield proof.fact.accession_number
            for quote in quotes_of(proof):
                if quote.HasField("accession_number"):
                    yield quote.accession_number


def quotes_of(proof: signal_pb2.Evidence) -> Sequence[signal_pb2.TextEvidence]:
    """The quotes of one proof."""
    if proof.HasField("text"):
        return [proof.text]
    return proof.search.dismissed if proof.HasField("search") else []


class QuotesInContext:
    """The quotes of a signal's evidence, in order, and what is to be read of the texts for them."""

    def __init__(self, evidence: Sequence[signal_pb2.Evidence], context_characters: int) -> None:
        self._evidence = evidence
        self._quotes = [quote for proof in evidence for quote in quotes_of(proof)]
        self._windows = [
            window(_quote(quote), context_characters) if _quote(quote).is_plausible else None
            for quote in self._quotes[:MAX_QUOTES]
        ]

    def passages(self) -> list[artifact_pb.PassageRange]:
        """What the store is asked for."""
        return [
            artifact_pb.PassageRange(sha256=quote.text_sha256, start=read.start, end=read.end)
            for quote, read in zip(self._quotes, self._windows, strict=False)
            if read is not None
        ]

    def messages(self, passages: Sequence[artifact_pb.Passage]) -> list[pb.EvidenceInContext]:
        """The answer's evidence, from what the store answered for `passages()`."""
        read = iter(passages)
        shown = []
        for place, quote in enumerate(self._quotes):
            if place >= MAX_QUOTES:
                found = InContext(reason=NoPassage.TOO_MANY_QUOTES)
            elif (around := self._windows[place]) is None:
                found = InContext(reason=NoPassage.QUOTE_NOT_IN_TEXT)
            else:
                found = in_context(_quote(quote), around, _passage(next(read)))
            shown.append(_message(quote, found))
        quotes = iter(shown)
        return [
            pb.EvidenceInContext(evidence=proof, quotes=[next(quotes) for _ in quotes_of(proof)])
            for proof in self._evidence
        ]


def evidence_answer(
    found: store_pb.GetSignalsResponse, evidence: Sequence[pb.EvidenceInContext]
) -> pb.GetEvidenceResponse:
    """The answer of GetEvidence, from the store's of its one signal."""
    answer = pb.GetEvidenceResponse(
        filing=found.filing,
        evidence=evidence,
        version=found.version,
        result_key=found.result_key,
        as_of_sequence=found.as_of_sequence,
        disputes=found.disputes,
    )
    if found.signals:
        answer.signal.CopyFrom(found.signals[0])
        answer.signal.ClearField("evidence")
    elif found.missing:
        answer.missing.CopyFrom(found.missing[0])
    return answer


def _quote(evidence: signal_pb2.TextEvidence) -> Quote:
    return Quote(evidence.start, evidence.end, evidence.quote)


def _passage(read: artifact_pb.Passage) -> Passage | NoPassage:
    problem = _PROBLEMS.get(read.problem)
    return Passage(read.text, read.text_length) if problem is None else problem


def _message(quote: signal_pb2.TextEvidence, found: InContext) -> pb.QuoteInContext:
    reason = found.reason
    return pb.QuoteInContext(
        quote=quote,
        passage=found.passage,
        passage_start=found.start if reason is None else None,
        quote_offset=found.quote_offset if reason is None else None,
        is_cut_before=found.is_cut_before,
        is_cut_after=found.is_cut_after,
        reason=pb.NoPassageReason.Value(f"NO_PASSAGE_REASON_{reason or 'UNSPECIFIED'}"),
        detail="" if reason is None else DETAILS[reason],
    )
