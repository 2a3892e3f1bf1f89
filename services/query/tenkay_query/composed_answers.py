"""Answers that are put together here from what the store answers; each function says how often it asks."""

from __future__ import annotations

from contextlib import aclosing

from tenkay.common.v1 import filing_pb2
from tenkay.errors import Reason, TenkayError, failure
from tenkay.query.v1 import comparisons_pb2, evidence_pb2
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query import comparison_messages, evidence_messages
from tenkay_query.fact_pages import MAX_PAGE_BYTES, FactPosition, extracted_anew, position_of, token_of
from tenkay_query.store_clients import StoreClients


async def masked_filing(
    store: StoreClients, asked: pb.GetFilingRequest, min_sequence: str
) -> pb.GetFilingResponse:
    """GetFiling with a read mask: one question."""
    found = await store.filings.get_filing(filing=asked.filing, as_of=asked.as_of, min_sequence=min_sequence)
    answer = pb.GetFilingResponse()
    asked.read_mask.MergeMessage(pb.GetFilingResponse.FromString(found.SerializeToString()), answer)
    return answer


async def masked_signals(
    store: StoreClients, asked: pb.GetSignalsRequest, min_sequence: str
) -> pb.GetSignalsResponse:
    """GetSignals with a read mask: one question."""
    found = await store.filings.get_signals(
        filing=asked.filing,
        signal_ids=asked.signal_ids,
        categories=asked.categories,
        omit_evidence=asked.omit_evidence,
        as_of=asked.as_of,
        min_sequence=min_sequence,
    )
    answer = pb.GetSignalsResponse()
    asked.read_mask.MergeMessage(pb.GetSignalsResponse.FromString(found.SerializeToString()), answer)
    return answer


async def facts_page(
    store: StoreClients, asked: evidence_pb2.GetFactsRequest, min_sequence: str
) -> evidence_pb2.GetFactsResponse:
    """GetFacts: one question, read until the page is full."""
    position = FactPosition(0, "")
    if asked.page_token:
        position = position_of(asked.page_token, asked)
    answer = evidence_pb2.GetFactsResponse()
    size = 0
    parts = store.artifacts.get_facts(
        filing=asked.filing,
        concepts=asked.concepts,
        period_from=asked.period_from if asked.HasField("period_from") else None,
        period_to=asked.period_to if asked.HasField("period_to") else None,
        scope=asked.scope,
        as_of=asked.as_of,
        offset=position.offset,
        limit=asked.page_size,
        min_sequence=min_sequence,
    )
    async with aclosing(parts):  # type: ignore[type-var]  # it is a generator
        async for part in parts:
            if part.result_key:
                if position.result_key not in ("", part.result_key):
                    raise extracted_anew()
                answer.filing.CopyFrom(part.filing)
                answer.version = part.version
                answer.result_key = part.result_key
                answer.fact_count = part.fact_count
                answer.total_size = part.selected_count
                answer.as_of_sequence = part.as_of_sequence
                if not position.offset:
                    answer.warnings.extend(part.warnings)
            answer.facts.extend(part.facts)
            size += part.ByteSize()
            if size >= MAX_PAGE_BYTES:
                break
    reached = position.offset + len(answer.facts)
    if answer.facts and reached < answer.total_size:
        answer.next_page_token = token_of(FactPosition(reached, answer.result_key), asked)
    return answer


async def evidence_in_context(
    store: StoreClients, asked: evidence_pb2.GetEvidenceRequest, min_sequence: str
) -> evidence_pb2.GetEvidenceResponse:
    """GetEvidence: a question for the signal, and one for all passages when it has quotes."""
    found = await store.filings.get_signals(
        filing=asked.filing, signal_ids=[asked.signal_id], as_of=asked.as_of, min_sequence=min_sequence
    )
    evidence = found.signals[0].evidence if found.signals else []
    quotes = evidence_messages.QuotesInContext(evidence, asked.context_characters)
    ranges = quotes.passages()
    passages = []
    if ranges:
        read = await store.artifacts.read_passages(
            filing=asked.filing, passages=ranges, as_of=asked.as_of, min_sequence=found.as_of_sequence
        )
        passages = list(read.passages)
    return evidence_messages.evidence_answer(found, quotes.messages(passages))


async def filing_comparison(
    store: StoreClients, asked: comparisons_pb2.CompareFilingsRequest, min_sequence: str
) -> comparisons_pb2.CompareFilingsResponse:
    """CompareFilings: one question for both filings."""
    is_named = asked.HasField("prior")
    found = await store.filings.batch_get_signals(
        filings=[asked.filing, asked.prior] if is_named else [asked.filing],
        signal_ids=asked.signal_ids,
        omit_evidence=True,
        with_comparable_prior=not is_named,
        as_of=asked.as_of,
        min_sequence=min_sequence,
    )
    by_number = {each.filing.accession_number: each for each in found.filings}
    current = by_number.get(asked.filing.accession_number)
    if current is None:
        raise _filing_unknown(asked.filing, "filing")
    prior = by_number.get(asked.prior.accession_number if is_named else current.comparable_prior)
    if is_named and prior is None:
        raise _filing_unknown(asked.prior, "prior")
    return comparison_messages.filings_compared(current, prior, found.as_of_sequence)


async def company_comparison(
    store: StoreClients, asked: comparisons_pb2.CompareCompaniesRequest, min_sequence: str
) -> comparisons_pb2.CompareCompaniesResponse:
    """CompareCompanies: one question for all companies."""
    found = await store.analytics.screen_companies(
        period=asked.period,
        ciks=asked.ciks,
        signal_ids=asked.signal_ids,
        page_size=len(asked.ciks),
        as_of=asked.as_of,
        min_sequence=min_sequence,
    )
    return comparison_messages.companies_compared(
        asked.ciks, asked.signal_ids, found.companies, found.as_of_sequence
    )


def _filing_unknown(named: filing_pb2.FilingRef, field: str) -> TenkayError:
    return failure(
        Reason.FILING_UNKNOWN,
        f"filing {named.accession_number} is not stored, or was not at the moments asked for; ingest it first",
        field=f"{field}.accession_number",
    )
