"""From a request to a question: checked at the door, in one canonical form, and how its answer is cached.

The canonical form is the store's own message (query's and the store's are the same on the wire), without what does not
change the answer: min_sequence, which says how new it must be; fields this code does not know; the order and repeats of
sets; defaults spelt out or not. as_of is part of it: another moment is another answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from google.protobuf.message import Message

from tenkay import page_tokens
from tenkay.common.v1 import date_pb2, filing_pb2, read_pb2, signal_pb2
from tenkay.errors import Reason, failure
from tenkay.identifiers import require_accession_number, require_cik
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.store.v1 import filing_store_service_pb2 as store_pb
from tenkay_query.cache import redis_keys
from tenkay_query.question import Kind, Question

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 500
MAX_IDS = 500
"""Signal ids one request may name."""
MAX_ID_CHARACTERS = 100
MAX_FORMS = 50
MAX_FORM_CHARACTERS = 20
MAX_FILTER_CHARACTERS = 4096

_SIGNAL_ID = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
"""0001-01-01 to 9999-12-31: what google.protobuf.Timestamp may hold."""

StoreQuestion = Question[Message]


def filing(request: pb.GetFilingRequest) -> StoreQuestion:
    """GetFiling."""
    named = _filing_ref(request.filing)
    asked = store_pb.GetFilingRequest(filing=named, as_of=_as_of(request))
    return _question("GetFiling", Kind.FILING, asked, request.min_sequence, _of_filing(named), _AS_OF_FILING)


def signals(request: pb.GetSignalsRequest) -> StoreQuestion:
    """GetSignals."""
    named = _filing_ref(request.filing)
    if request.category not in signal_pb2.SignalCategory.values():
        raise failure(Reason.INVALID_FIELD, f"{request.category} is not a signal category", field="category")
    asked = store_pb.GetSignalsRequest(
        filing=named,
        signal_ids=_signal_ids(request.signal_ids),
        category=request.category,
        omit_evidence=request.omit_evidence,
        as_of=_as_of(request),
    )
    return _question(
        "GetSignals", Kind.SIGNALS, asked, request.min_sequence, _of_filing(named), _AS_OF_SIGNALS
    )


def analysis(request: pb.GetAnalysisRequest) -> StoreQuestion:
    """GetAnalysis."""
    named = _filing_ref(request.filing)
    asked = store_pb.GetAnalysisRequest(filing=named, as_of=_as_of(request))
    return _question(
        "GetAnalysis", Kind.SIGNALS, asked, request.min_sequence, _of_filing(named), _AS_OF_ANALYSIS
    )


def company_summary(request: pb.GetCompanySummaryRequest) -> StoreQuestion:
    """GetCompanySummary."""
    cik = require_cik(request.cik, "cik")
    asked = store_pb.GetCompanySummaryRequest(cik=cik, as_of=_as_of(request))
    return _question(
        "GetCompanySummary",
        Kind.COMPANY_SUMMARY,
        asked,
        request.min_sequence,
        (redis_keys.company_generation(cik),),
        _AS_OF_COMPANY,
    )


def filings(request: pb.ListFilingsRequest) -> StoreQuestion:
    """ListFilings: bound to the company's generation when it names one, over many companies otherwise."""
    asked = store_pb.ListFilingsRequest(
        forms=_forms(request.forms),
        page_size=_page_size(request.page_size),
        page_token=_page_token(request.page_token),
        as_of=_as_of(request),
    )
    generations: tuple[str, ...] = ()
    if request.HasField("cik"):
        asked.cik = require_cik(request.cik, "cik")
        generations = (redis_keys.company_generation(request.cik),)
    first = _day(request.filed_from, "filed_from") if request.HasField("filed_from") else None
    last = _day(request.filed_to, "filed_to") if request.HasField("filed_to") else None
    if first is not None and last is not None and first > last:
        raise failure(
            Reason.INVALID_FIELD, f"filed_to, {last}, lies before filed_from, {first}", field="filed_to"
        )
    if first is not None:
        asked.filed_from.CopyFrom(_date(first))
    if last is not None:
        asked.filed_to.CopyFrom(_date(last))
    as_of_field = None if request.page_token else _AS_OF_LIST
    return _question("ListFilings", Kind.QUERY_RESULT, asked, request.min_sequence, generations, as_of_field)


def screen(request: pb.ScreenFilingsRequest) -> StoreQuestion:
    """ScreenFilings: over many companies."""
    if len(request.filter) > MAX_FILTER_CHARACTERS:
        raise failure(
            Reason.FILTER_SYNTAX,
            f"the filter has {len(request.filter):,} characters; {MAX_FILTER_CHARACTERS:,} are the most",
            field="filter",
            metadata={"column": str(MAX_FILTER_CHARACTERS + 1)},
        )
    if request.currency and not _CURRENCY.fullmatch(request.currency):
        raise failure(
            Reason.INVALID_FIELD,
            f"{request.currency[:40]!r} is not an ISO 4217 code such as USD",
            field="currency",
        )
    asked = store_pb.ScreenFilingsRequest(
        filter=request.filter,
        signal_ids=_signal_ids(request.signal_ids),
        currency=request.currency,
        page_size=_page_size(request.page_size),
        page_token=_page_token(request.page_token),
        as_of=_as_of(request),
    )
    return _question("ScreenFilings", Kind.AGGREGATION, asked, request.min_sequence, (), _AS_OF_SCREEN)


def _question(
    method: str,
    kind: Kind,
    asked: Message,
    min_sequence: str,
    generations: tuple[str, ...],
    as_of_field: int | None,
) -> StoreQuestion:
    canonical = asked.SerializeToString(deterministic=True)
    return Question(method, kind, asked, canonical, generations, min_sequence, as_of_field)


def _of_filing(named: filing_pb2.FilingRef) -> tuple[str, ...]:
    return (redis_keys.filing_generation(named.accession_number),)


def _filing_ref(given: filing_pb2.FilingRef) -> filing_pb2.FilingRef:
    """The filing, without the primary document: where EDGAR keeps it does not matter to a read."""
    named = filing_pb2.FilingRef(
        accession_number=require_accession_number(given.accession_number, "filing.accession_number")
    )
    if given.HasField("cik"):
        named.cik = require_cik(given.cik, "filing.cik")
    return named


_Dated = (
    pb.GetFilingRequest
    | pb.GetSignalsRequest
    | pb.GetAnalysisRequest
    | pb.GetCompanySummaryRequest
    | pb.ListFilingsRequest
    | pb.ScreenFilingsRequest
)


def _as_of(request: _Dated) -> read_pb2.AsOf | None:
    """The moments to read at; none is the same as empty ones."""
    moments = read_pb2.AsOf()
    for name in ("known_at", "recorded_at"):
        if not request.as_of.HasField(name):
            continue
        moment = getattr(request.as_of, name)
        if not _FIRST_SECOND <= moment.seconds <= _LAST_SECOND or not 0 <= moment.nanos < 1_000_000_000:
            raise failure(
                Reason.INVALID_FIELD,
                f"as_of.{name} is not a moment of the years 1 to 9999",
                field=f"as_of.{name}",
            )
        getattr(moments, name).CopyFrom(moment)
    return moments if moments.ListFields() else None


def _signal_ids(given: Iterable[str]) -> list[str]:
    """Sorted, each once: answers come in the catalog's order anyway."""
    ids = sorted(set(given))
    if len(ids) > MAX_IDS:
        raise failure(
            Reason.INVALID_FIELD, f"{len(ids)} signals are named; {MAX_IDS} are the most", field="signal_ids"
        )
    for signal_id in ids:
        if len(signal_id) > MAX_ID_CHARACTERS or not _SIGNAL_ID.fullmatch(signal_id):
            raise failure(
                Reason.INVALID_FIELD,
                f"{signal_id[:MAX_ID_CHARACTERS]!r} is not a signal id such as current_ratio",
                field="signal_ids",
            )
    return ids


def _forms(given: Iterable[str]) -> list[str]:
    forms = sorted(set(given))
    if len(forms) > MAX_FORMS:
        raise failure(
            Reason.INVALID_FIELD,
            f"{len(forms)} form types are named; {MAX_FORMS} are the most",
            field="forms",
        )
    for form in forms:
        if not form or len(form) > MAX_FORM_CHARACTERS or not form.isprintable():
            raise failure(
                Reason.INVALID_FIELD,
                f"{form[:MAX_FORM_CHARACTERS]!r} is not a form type such as 10-K",
                field="forms",
            )
    return forms


def _page_size(requested: int) -> int:
    return page_tokens.page_size(requested, default=DEFAULT_PAGE_SIZE, maximum=MAX_PAGE_SIZE)


def _page_token(token: str) -> str:
    """As it is, since only the store can tell what it issued; unless it is longer than any it issues."""
    if len(token) > page_tokens.MAX_TOKEN_CHARACTERS:
        raise failure(
            Reason.MALFORMED_PAGE_TOKEN,
            "page_token was not issued for this method with these arguments; leave it empty to start over",
            field="page_token",
        )
    return token


def _day(message: date_pb2.Date, field: str) -> date:
    try:
        return date(message.year, message.month, message.day)
    except ValueError:
        raise failure(
            Reason.INVALID_FIELD,
            f"{field} is not a day: {message.year}-{message.month}-{message.day}; give year, month and day",
            field=field,
        ) from None


def _date(day: date) -> date_pb2.Date:
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def _as_of_field(response: type[Message]) -> int:
    return int(response.DESCRIPTOR.fields_by_name["as_of_sequence"].number)


_AS_OF_FILING = _as_of_field(pb.GetFilingResponse)
_AS_OF_SIGNALS = _as_of_field(pb.GetSignalsResponse)
_AS_OF_ANALYSIS = _as_of_field(pb.GetAnalysisResponse)
_AS_OF_COMPANY = _as_of_field(pb.GetCompanySummaryResponse)
_AS_OF_LIST = _as_of_field(pb.ListFilingsResponse)
_AS_OF_SCREEN = _as_of_field(pb.ScreenFilingsResponse)
