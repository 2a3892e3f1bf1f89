"""What `tenkay cache` does: statistics, filling, making void."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tenkay.cli import documents
from tenkay.cli.addresses import Addresses, cache_admin_client
from tenkay.cli.failures import ExitCode
from tenkay.cli.reads import resolve_cik
from tenkay.cli.selectors import CompanySelector, FilingSelector
from tenkay.cli.wording import ABSENT
from tenkay.query.v1 import cache_admin_service_pb2 as pb

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tenkay.cli.cache_app import AnswerKind

MEBIBYTE = 1024 * 1024
QUESTION_CHARACTERS = 100


def show_stats(addresses: Addresses, top: int, *, as_json: bool) -> None:
    """`tenkay cache stats`: one document with --json."""
    with cache_admin_client(addresses) as admin:
        answer = admin.get_cache_stats(top=top)
    if as_json:
        print(documents.line(documents.document(answer)))
        return
    from tenkay.cli import tables

    console = tables.console()
    for part in _stats(answer):
        console.print(part)


def warm(
    addresses: Addresses,
    top: int | None,
    companies: Sequence[CompanySelector],
    filings: int | None,
    rate: float | None,
    *,
    as_json: bool,
) -> ExitCode:
    """`tenkay cache warm`: one document with --json, when it is done."""
    ciks = [resolve_cik(addresses, each) for each in companies]
    told = pb.WarmCacheResponse()
    with cache_admin_client(addresses) as admin:
        for told in admin.warm_cache(
            top_questions=top, watch_ciks=ciks, filings_per_company=filings, max_per_second=rate
        ):
            print(_progress(told), file=sys.stderr)
    if as_json:
        print(documents.line(documents.document(told)))
    return ExitCode.NOT_DONE if told.failed_count else ExitCode.OK


def invalidate(
    addresses: Addresses,
    company: CompanySelector | None,
    filing: FilingSelector | None,
    kind: AnswerKind | None,
    *,
    as_json: bool,
) -> None:
    """`tenkay cache invalidate` of the one thing that is given; of everything when nothing is."""
    cik = None if company is None else resolve_cik(addresses, company)
    with cache_admin_client(addresses) as admin:
        if cik is not None:
            answer = admin.invalidate(cik=cik)
        elif filing is not None:
            answer = admin.invalidate(accession_number=filing.accession_number)
        elif kind is not None:
            answer = admin.invalidate(kind=pb.AnswerKind.Value(f"ANSWER_KIND_{kind.name}"))
        else:
            answer = admin.invalidate(all=True)
    if as_json:
        print(documents.line(documents.document(answer)))
        return
    kinds = ", ".join(_kind_name(each) for each in answer.kinds)
    what = "all" if company is None and filing is None else "those about it"
    print(
        f"void now: {what} of {kinds}; {answer.dropped_count:,} dropped from the memory of the process asked"
    )


def _stats(answer: pb.GetCacheStatsResponse) -> Iterator[RenderableType]:
    from tenkay.cli import tables, wording

    yield f"Process {answer.process}, since {wording.moment(answer.started_at)}."
    kinds = tables.table(
        "Kind",
        ">Requests",
        ">Hits",
        ">In memory",
        ">In Redis, of the rest",
        ">Half are younger than",
        ">99 %",
    )
    for kind in answer.kinds:
        kinds.add_row(
            _kind_name(kind.kind),
            f"{kind.request_count:,}",
            _percent(kind.hit_rate if kind.HasField("hit_rate") else None),
            _percent(kind.process_hit_rate if kind.HasField("process_hit_rate") else None),
            _percent(kind.redis_hit_rate if kind.HasField("redis_hit_rate") else None),
            _age(kind.median_age_seconds if kind.HasField("median_age_seconds") else None),
            _age(kind.p99_age_seconds if kind.HasField("p99_age_seconds") else None),
        )
    yield kinds
    near = answer.process_cache
    yield (
        f"Memory: {near.entry_count:,} answers, {_size(near.size_bytes)} of {_size(near.limit_bytes)}, "
        f"{near.eviction_count:,} evicted, {near.invalidation_count:,} dropped by changes, {near.refusal_count:,} not "
        f"taken in{'' if near.open else '; closed: changes are not heard of'}."
    )
    if answer.HasField("redis"):
        redis = answer.redis
        limit = _size(redis.limit_bytes) if redis.HasField("limit_bytes") else "no limit"
        yield (
            f"Redis: {redis.key_count:,} keys, {_size(redis.used_bytes)} of {limit}, {redis.evicted_key_count:,} "
            f"evicted, {redis.expired_key_count:,} expired."
        )
    else:
        yield "Redis: does not answer."
    yield (
        f"Spared the store: {answer.stampedes.joined_count:,} callers shared another one's question, "
        f"{answer.stampedes.lock_wait_count:,} waited for another process."
    )
    work = tables.table("At the store", ">Asked now", ">Waiting", ">Turned away", ">Takes")
    for each in answer.work_classes:
        takes = f"{each.service_seconds * 1000:,.1f} ms" if each.HasField("service_seconds") else ABSENT
        work.add_row(
            (documents.enum_name(pb.WorkClass.DESCRIPTOR, each.work_class) or ABSENT).lower(),
            f"{each.holding_count:,}",
            f"{each.waiting_count:,}",
            f"{each.refused_count:,}",
            takes,
        )
    yield work
    if answer.top_questions:
        top = tables.table(">Asked lately", "Method", "Request")
        for question in answer.top_questions:
            top.add_row(
                f"{question.faded_count:,.1f}", question.method, question.request[:QUESTION_CHARACTERS]
            )
        yield top


def _progress(told: pb.WarmCacheResponse) -> str:
    asked = told.done_count + told.failed_count + told.skipped_count
    rate = f", {told.rate_per_second:,.1f} a second" if told.HasField("rate_per_second") else ""
    end = "done" if told.finished else "so far"
    return (
        f"{asked:,} of {told.planned_count:,} questions {end}: {told.done_count:,} filled in, {told.skipped_count:,} "
        f"cached already, {told.failed_count:,} not answered{rate}"
    )


def _kind_name(kind: pb.AnswerKind.ValueType) -> str:
    return (documents.enum_name(pb.AnswerKind.DESCRIPTOR, kind) or ABSENT).lower()


def _percent(share: float | None) -> str:
    return ABSENT if share is None else f"{share * 100:.1f} %"


def _size(number: int) -> str:
    return f"{number / MEBIBYTE:,.1f} MiB"


def _age(seconds: float | None) -> str:
    if seconds is None:
        return ABSENT
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"
