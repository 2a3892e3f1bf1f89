"""What requests have in common, checked at the door: each function takes a field and gives it in its canonical form.

INVALID_FIELD, or the reason named, for what is wrong; BadRequest names the field. What is long is refused by its
length, before anything looks into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Literal, Protocol

from google.protobuf.descriptor import Descriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from tenkay import page_tokens
from tenkay.common.v1 import company_figures_pb2, filing_pb2, read_pb2
from tenkay.days import day_message, day_of
from tenkay.errors import Reason, failure
from tenkay.identifiers import require_accession_number, require_cik
from tenkay_query.question import Kind, Question

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 500
MAX_IDS = 500
"""Signal ids one request may name."""
MAX_ID_CHARACTERS = 100
MAX_FORMS = 50
MAX_FORM_CHARACTERS = 20
MAX_FILTER_CHARACTERS = 4096
MAX_CIKS = 500
MAX_STALENESS_SECONDS = 3600.0
AS_OF_SEQUENCE = "as_of_sequence"

_SIGNAL_ID = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
"""0001-01-01 to 9999-12-31: what google.protobuf.Timestamp may hold."""

AnyQuestion = Question[Message]


class Dated(Protocol):
    """A request that may say which moments to read at."""

    @property
    def as_of(self) -> read_pb2.AsOf: ...
    def HasField(self, field_name: Literal["as_of"], /) -> bool: ...  # noqa: N802 - protobuf's name


def question(
    method: str,
    kind: Kind,
    asked: Message,
    min_sequence: str,
    *,
    response: type[Message],
    generations: tuple[str, ...] = (),
    stays_at_its_state: bool = False,
    max_staleness_seconds: float | None = None,
    is_expensive: bool = False,
) -> AnyQuestion:
    """The question that `asked` is, without min_sequence; `response` is what the caller gets.

    `stays_at_its_state`: a page of a list that is read at the first page's state, and so says that state for ever.
    """
    return Question(
        method,
        kind,
        asked,
        asked.SerializeToString(deterministic=True),
        generations,
        min_sequence,
        None if stays_at_its_state else _as_of_field(response.DESCRIPTOR),
        max_staleness_seconds,
        is_expensive,
    )


@cache
def _as_of_field(response: Descriptor) -> int:
    return int(response.fields_by_name[AS_OF_SEQUENCE].number)


def filing_ref(given: filing_pb2.FilingRef, path: str = "filing") -> filing_pb2.FilingRef:
    """The filing, without the primary document: where EDGAR keeps it does not matter to a read."""
    named = filing_pb2.FilingRef(
        accession_number=require_accession_number(given.accession_number, f"{path}.accession_number")
    )
    if given.HasField("cik"):
        named.cik = require_cik(given.cik, f"{path}.cik")
    return named


def as_of(request: Dated) -> read_pb2.AsOf | None:
    """The moments to read at; none is the same as empty ones."""
    if not request.HasField("as_of"):
        return None
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


def signal_ids(
    given: Sequence[str],
    *,
    least: int = 0,
    most: int = MAX_IDS,
    in_order: bool = False,
    field: str = "signal_ids",
) -> list[str]:
    """Each once, sorted where the answer does not come in the request's order."""
    if not least <= len(given) <= most:
        raise failure(
            Reason.INVALID_FIELD,
            f"{len(given):,} signals are named; give {least} to {most}",
            field=field,
        )
    ids = list(dict.fromkeys(given)) if in_order else sorted(set(given))
    for signal_id in ids:
        if len(signal_id) > MAX_ID_CHARACTERS or not _SIGNAL_ID.fullmatch(signal_id):
            raise failure(
                Reason.INVALID_FIELD,
                f"{signal_id[:MAX_ID_CHARACTERS]!r} is not a signal id such as current_ratio",
                field=field,
            )
    return ids


def form_types(given: Sequence[str]) -> list[str]:
    """Sorted, each once."""
    if len(given) > MAX_FORMS:
        raise failure(
            Reason.INVALID_FIELD,
            f"{len(given):,} form types are named; {MAX_FORMS} are the most",
            field="forms",
        )
    forms = sorted(set(given))
    for form in forms:
        if not form or len(form) > MAX_FORM_CHARACTERS or not form.isprintable():
            raise failure(
                Reason.INVALID_FIELD,
                f"{form[:MAX_FORM_CHARACTERS]!r} is not a form type such as 10-K",
                field="forms",
            )
    return forms


def page_size(requested: int, *, default: int = DEFAULT_PAGE_SIZE, maximum: int = MAX_PAGE_SIZE) -> int:
    """What 0 stands for, and no more than the most."""
    return page_tokens.page_size(requested, default=default, maximum=maximum)


def page_token(token: str) -> str:
    """As it is, since only the store can tell what it issued; unless it is longer than any it issues."""
    if len(token) > page_tokens.MAX_TOKEN_CHARACTERS:
        raise failure(
            Reason.MALFORMED_PAGE_TOKEN,
            "page_token was not issued for this method with these arguments; leave it empty to start over",
            field="page_token",
        )
    return token


def copy_days(request: Any, asked: Any, first_field: str, last_field: str) -> None:
    """Sets the days of two fields in `asked`, where the request has them; the last one is not before the first."""
    found = {
        name: day_of(getattr(request, name), name)
        for name in (first_field, last_field)
        if request.HasField(name)
    }
    first, last = found.get(first_field), found.get(last_field)
    if first is not None and last is not None and first > last:
        raise failure(
            Reason.INVALID_FIELD,
            f"{last_field}, {last}, lies before {first_field}, {first}",
            field=last_field,
        )
    for name, day in found.items():
        getattr(asked, name).CopyFrom(day_message(day))


def filter_text(text: str) -> str:
    """A filter of bounded length, as it is: the store's grammar says what it means."""
    if len(text) > MAX_FILTER_CHARACTERS:
        raise failure(
            Reason.FILTER_SYNTAX,
            f"the filter has {len(text):,} characters; {MAX_FILTER_CHARACTERS:,} are the most",
            field="filter",
            metadata={"column": str(MAX_FILTER_CHARACTERS + 1)},
        )
    return text


def currency(code: str) -> str:
    """An ISO 4217 code, or nothing."""
    if code and not _CURRENCY.fullmatch(code):
        raise failure(
            Reason.INVALID_FIELD, f"{code[:40]!r} is not an ISO 4217 code such as USD", field="currency"
        )
    return code


def ciks(given: Sequence[int], *, least: int = 0, most: int = MAX_CIKS, in_order: bool = False) -> list[int]:
    """Each once, sorted where the answer does not come in the request's order."""
    if not least <= len(given) <= most:
        raise failure(
            Reason.INVALID_FIELD, f"{len(given):,} companies are named; give {least} to {most}", field="ciks"
        )
    for index, cik in enumerate(given):
        require_cik(cik, f"ciks[{index}]")
    return list(dict.fromkeys(given)) if in_order else sorted(set(given))


def each_once(given: Sequence[int], field: str) -> None:
    """INVALID_FIELD for a number that is named twice."""
    if len(set(given)) < len(given):
        raise failure(Reason.INVALID_FIELD, f"{field} names one of them twice", field=field)


def company_period(given: int) -> company_figures_pb2.CompanyPeriod.ValueType:
    """One of CompanyPeriod."""
    if given == 0 or given not in company_figures_pb2.CompanyPeriod.values():
        names = ", ".join(
            each.removeprefix("COMPANY_PERIOD_") for each in company_figures_pb2.CompanyPeriod.keys()[1:]
        )
        raise failure(Reason.INVALID_FIELD, f"period is {given}; say one of {names}", field="period")
    return company_figures_pb2.CompanyPeriod.ValueType(given)


def enum_value(values: Iterable[int], given: int, field: str) -> None:
    """INVALID_FIELD for a number that the enum has no name for."""
    if given not in values:
        raise failure(Reason.INVALID_FIELD, f"{given} is no value of {field}", field=field)


def staleness_seconds(request: Any) -> float | None:
    """How old the answer may be; None when the request does not say."""
    if not request.HasField("max_staleness"):
        return None
    given: Duration = request.max_staleness
    if not 0 <= given.nanos < 1_000_000_000:
        raise failure(
            Reason.INVALID_FIELD,
            f"max_staleness has {given.nanos:,} nanos; give 0 to 999,999,999, and whole seconds as seconds",
            field="max_staleness",
        )
    seconds = given.seconds + given.nanos / 1e9
    if not 0 <= seconds <= MAX_STALENESS_SECONDS:
        raise failure(
            Reason.INVALID_FIELD,
            f"max_staleness is {seconds:,.3f} seconds; give 0 to {MAX_STALENESS_SECONDS:,.0f}",
            field="max_staleness",
        )
    return seconds


def read_mask(request: Any, response: type[Message]) -> FieldMask | None:
    """The fields of the answer that are wanted, sorted; None for all.

    as_of_sequence always comes. INVALID_FIELD for a mask that names nothing, or what the answer does not have.
    """
    if not request.HasField("read_mask"):
        return None
    known = frozenset(response.DESCRIPTOR.fields_by_name)
    mask: FieldMask = request.read_mask
    if not 0 < len(mask.paths) <= len(known):
        raise failure(
            Reason.INVALID_FIELD,
            f"read_mask names {len(mask.paths):,} fields; name some of {', '.join(sorted(known))}, or leave it out",
            field="read_mask",
        )
    for path in mask.paths:
        if path not in known:
            raise failure(
                Reason.INVALID_FIELD,
                f"the answer has no field {path[:MAX_ID_CHARACTERS]!r}; it has {', '.join(sorted(known))}",
                field="read_mask",
            )
    wanted = {*mask.paths, AS_OF_SEQUENCE}
    return None if wanted == known else FieldMask(paths=sorted(wanted))
