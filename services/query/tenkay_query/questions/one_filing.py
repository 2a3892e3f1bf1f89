"""Questions about one filing: itself, its signals, its analysis, its facts, its evidence, its comparison."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from google.protobuf.message import Message

from tenkay.common.v1 import fact_pb2, filing_pb2, signal_pb2
from tenkay.errors import Reason, failure
from tenkay.query.v1 import comparisons_pb2, evidence_pb2
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.store.v1 import filing_store_service_pb2 as store_pb
from tenkay_query.cache import redis_keys
from tenkay_query.evidence_context import DEFAULT_CONTEXT_CHARACTERS, MAX_CONTEXT_CHARACTERS
from tenkay_query.fact_pages import position_of
from tenkay_query.question import Kind
from tenkay_query.questions import checks
from tenkay_query.questions.checks import AnyQuestion, question

MAX_CONCEPTS = 500
MAX_CONCEPT_CHARACTERS = 400
DEFAULT_FACTS, MAX_FACTS = 100, 500


def filing(request: pb.GetFilingRequest) -> AnyQuestion:
    """GetFiling."""
    named = checks.filing_ref(request.filing)
    as_of = checks.as_of(request)
    asked: Message = store_pb.GetFilingRequest(filing=named, as_of=as_of)
    mask = checks.read_mask(request, pb.GetFilingResponse)
    if mask is not None:
        asked = pb.GetFilingRequest(filing=named, as_of=as_of, read_mask=mask)
    return question(
        "GetFiling",
        Kind.FILING,
        asked,
        request.min_sequence,
        response=pb.GetFilingResponse,
        generations=of_filings(named),
    )


def whole_filing(request: pb.GetFilingRequest) -> AnyQuestion:
    """GetFiling without its mask."""
    return filing(
        pb.GetFilingRequest(filing=request.filing, as_of=request.as_of, min_sequence=request.min_sequence)
    )


def amendment(request: pb.GetFilingRequest, cik: int) -> AnyQuestion:
    """GetFiling of an amendment of this company: which filing it amends changes with any of the company's."""
    alone = filing(request)
    company = redis_keys.company_generation(cik)
    return replace(alone, method="GetFiling:amendment", generations=(*alone.generations, company))


def signals(request: pb.GetSignalsRequest) -> AnyQuestion:
    """GetSignals."""
    named = checks.filing_ref(request.filing)
    given = store_pb.GetSignalsRequest(
        filing=named,
        signal_ids=checks.signal_ids(request.signal_ids),
        categories=_categories(request.categories),
        omit_evidence=request.omit_evidence,
        as_of=checks.as_of(request),
    )
    asked: Message = given
    mask = checks.read_mask(request, pb.GetSignalsResponse)
    if mask is not None:
        # The two messages are the same on the wire, but for the mask.
        asked = masked = pb.GetSignalsRequest.FromString(given.SerializeToString())
        masked.read_mask.CopyFrom(mask)
    return question(
        "GetSignals",
        Kind.SIGNALS,
        asked,
        request.min_sequence,
        response=pb.GetSignalsResponse,
        generations=of_filings(named),
    )


def analysis(request: pb.GetAnalysisRequest) -> AnyQuestion:
    """GetAnalysis."""
    named = checks.filing_ref(request.filing)
    return question(
        "GetAnalysis",
        Kind.SIGNALS,
        store_pb.GetAnalysisRequest(filing=named, as_of=checks.as_of(request)),
        request.min_sequence,
        response=pb.GetAnalysisResponse,
        generations=of_filings(named),
    )


def facts(request: evidence_pb2.GetFactsRequest) -> AnyQuestion:
    """GetFacts: a page. MALFORMED_PAGE_TOKEN for a token of another request."""
    named = checks.filing_ref(request.filing)
    checks.enum_value(fact_pb2.FactScope.values(), request.scope, "scope")
    asked = evidence_pb2.GetFactsRequest(
        filing=named,
        concepts=_concepts(request.concepts),
        scope=request.scope or fact_pb2.FACT_SCOPE_ALL,
        as_of=checks.as_of(request),
    )
    checks.copy_days(request, asked, "period_from", "period_to")
    token = checks.page_token(request.page_token)
    if token:
        position_of(token, asked)
    asked.page_token = token
    asked.page_size = checks.page_size(request.page_size, default=DEFAULT_FACTS, maximum=MAX_FACTS)
    return question(
        "GetFacts",
        Kind.FILING,
        asked,
        request.min_sequence,
        response=evidence_pb2.GetFactsResponse,
        generations=of_filings(named),
    )


def evidence_signal(request: evidence_pb2.GetEvidenceRequest) -> AnyQuestion:
    """The signal that GetEvidence is about, to be asked first: its evidence may be of earlier filings too."""
    (signal_id,) = checks.signal_ids([request.signal_id], least=1, field="signal_id")
    return signals(
        pb.GetSignalsRequest(
            filing=request.filing,
            signal_ids=[signal_id],
            as_of=request.as_of,
            min_sequence=request.min_sequence,
        )
    )


def evidence(request: evidence_pb2.GetEvidenceRequest, earlier_filings: Iterable[str]) -> AnyQuestion:
    """GetEvidence, of a signal whose evidence is of the filing and of these earlier ones: it hangs on all of them."""
    named = checks.filing_ref(request.filing)
    context = DEFAULT_CONTEXT_CHARACTERS
    if request.HasField("context_characters"):
        context = request.context_characters
    if context > MAX_CONTEXT_CHARACTERS:
        raise failure(
            Reason.INVALID_FIELD,
            f"context_characters is {context:,}; {MAX_CONTEXT_CHARACTERS:,} are the most",
            field="context_characters",
        )
    return question(
        "GetEvidence",
        Kind.SIGNALS,
        evidence_pb2.GetEvidenceRequest(
            filing=named,
            signal_id=request.signal_id,
            context_characters=context,
            as_of=checks.as_of(request),
        ),
        request.min_sequence,
        response=evidence_pb2.GetEvidenceResponse,
        generations=(
            *of_filings(named),
            *(redis_keys.filing_generation(number) for number in sorted(set(earlier_filings))),
        ),
    )


def compared_filing(request: comparisons_pb2.CompareFilingsRequest) -> AnyQuestion:
    """The filing that CompareFilings is about, to be asked first: it tells the company, and so what else may change."""
    comparison_request(request)
    return filing(
        pb.GetFilingRequest(filing=request.filing, as_of=request.as_of, min_sequence=request.min_sequence)
    )


def comparison_request(
    request: comparisons_pb2.CompareFilingsRequest,
) -> comparisons_pb2.CompareFilingsRequest:
    """CompareFilings in its canonical form."""
    asked = comparisons_pb2.CompareFilingsRequest(
        filing=checks.filing_ref(request.filing),
        signal_ids=checks.signal_ids(request.signal_ids),
        as_of=checks.as_of(request),
    )
    if request.HasField("prior"):
        asked.prior.CopyFrom(checks.filing_ref(request.prior, "prior"))
        if asked.prior.accession_number == asked.filing.accession_number:
            raise failure(
                Reason.INVALID_FIELD,
                f"{asked.prior.accession_number} is the filing itself; name another, or none for its comparable prior",
                field="prior.accession_number",
            )
    return asked


def comparison(request: comparisons_pb2.CompareFilingsRequest, cik: int | None) -> AnyQuestion:
    """CompareFilings of a filing of this company: any of its filings may become the prior."""
    asked = comparison_request(request)
    generations = list(of_filings(asked.filing))
    if request.HasField("prior"):
        generations += of_filings(asked.prior)
    if cik is not None:
        generations.append(redis_keys.company_generation(cik))
    return question(
        "CompareFilings",
        Kind.SIGNALS,
        asked,
        request.min_sequence,
        response=comparisons_pb2.CompareFilingsResponse,
        generations=tuple(generations),
    )


def of_filings(*named: filing_pb2.FilingRef) -> tuple[str, ...]:
    """The generations of filings."""
    return tuple(redis_keys.filing_generation(each.accession_number) for each in named)


def _categories(given: Iterable[int]) -> list[signal_pb2.SignalCategory.ValueType]:
    found = sorted(set(given))
    for category in found:
        if not category or category not in signal_pb2.SignalCategory.values():
            raise failure(Reason.INVALID_FIELD, f"{category} is not a signal category", field="categories")
    return [signal_pb2.SignalCategory.ValueType(category) for category in found]


def _concepts(given: Iterable[str]) -> list[str]:
    found = list(given)
    if len(found) > MAX_CONCEPTS:
        raise failure(
            Reason.INVALID_FIELD,
            f"{len(found):,} concepts are named; {MAX_CONCEPTS} are the most",
            field="concepts",
        )
    for concept in found:
        if not 0 < len(concept) <= MAX_CONCEPT_CHARACTERS:
            raise failure(
                Reason.INVALID_FIELD,
                f"{concept[:MAX_CONCEPT_CHARACTERS]!r} is not an element such as us-gaap:Revenues",
                field="concepts",
            )
    return sorted(set(found))
