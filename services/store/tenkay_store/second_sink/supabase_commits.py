"""Commits read back from Supabase: the way of `supabase_sink` in the other direction, for a restore."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from typing import Any

import httpx
from postgrest.exceptions import APIError

from supabase import AsyncClient
from tenkay.common.v1 import analysis_pb2, signal_pb2
from tenkay.errors import Reason, TenkayError, failure
from tenkay_store.domain.records import (
    Artifact,
    ArtifactKind,
    CommitRecord,
    Dispute,
    EarlierFiling,
    Extraction,
    Fence,
    Filing,
    MissingSignal,
    Purge,
    Section,
    Signal,
    Text,
    Value,
    ValueKind,
)
from tenkay_store.wire import commit_messages, documents

FUNCTION = "read_commits"
PAGE_COMMITS = 20
NOT_KNOWN = "not known: the purge's own record was lost, and this one was made from its tombstone in Supabase"
LARGEST_SEQUENCE = 2**63 - 1


class SupabaseCommits:
    """What Supabase has of a store's commits. DEPENDENCY_UNAVAILABLE when it does not answer."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def store_id(self) -> str | None:
        """The store whose commits are there; None when nobody has claimed the project."""
        try:
            answer = await self._client.rpc("store_owner", {}).execute()
        except (APIError, httpx.HTTPError) as error:
            raise _unavailable(error) from error
        owner: Any = answer.data
        found: str | None = owner["store_id"]
        return found

    async def newest_sequence(self) -> int:
        """The newest commit that is there; 0 when there is none."""
        newest = 0
        for table in ("filings", "analyses", "disputes", "tombstones"):
            try:
                answer = (
                    await self._client.table(table)
                    .select("sequence")
                    .order("sequence", desc=True)
                    .limit(1)
                    .execute()
                )
            except (APIError, httpx.HTTPError) as error:
                raise _unavailable(error) from error
            rows: Any = answer.data
            newest = max([newest, *(int(row["sequence"]) for row in rows)])
        return newest

    async def commits(self, after: int, up_to: int | None) -> AsyncIterator[CommitRecord]:
        """The commits after a sequence and up to another, in order. None: all after it."""
        while True:
            arguments = {
                "after_sequence": after,
                "up_to_sequence": LARGEST_SEQUENCE if up_to is None else up_to,
                "most": PAGE_COMMITS,
            }
            try:
                answer = await self._client.rpc(FUNCTION, arguments).execute()
            except (APIError, httpx.HTTPError) as error:
                raise _unavailable(error) from error
            page: Any = answer.data
            for commit in page:
                yield record_of(commit)
            if len(page) < PAGE_COMMITS:
                return
            after = int(page[-1]["sequence"])


def record_of(commit: Mapping[str, Any]) -> CommitRecord:
    """The commit that `supabase_sink.write_of` made the entry from, as far as Supabase keeps it.

    It keeps all of extractions and analyses, and what was said last of each value. Of a purge it knows neither who
    asked for it nor why.
    """
    accession_number, sequence = commit["filing_id"], int(commit["sequence"])
    recorded_at = datetime.fromisoformat(commit["recorded_at"])
    if (part := commit.get("extraction")) is not None:
        return CommitRecord(
            sequence, part["version"], recorded_at, _extraction(accession_number, part), fence=_fence(part)
        )
    if (part := commit.get("analysis")) is not None:
        message = documents.from_document(
            analysis_pb2.Analysis,
            {name: value for name, value in part.items() if value is not None}
            | {"accession_number": accession_number},
        )
        return CommitRecord(
            sequence,
            part["version"],
            recorded_at,
            commit_messages.analysis_record(message),
            fence=_fence(part),
        )
    if (part := commit.get("dispute")) is not None:
        said = Dispute(
            accession_number,
            part["version"],
            part["signal_id"],
            part["is_open"],
            part["reason"],
            part["said_by"],
            part["note"],
        )
        return CommitRecord(sequence, part["version"], recorded_at, said)
    return CommitRecord(sequence, 0, recorded_at, Purge(accession_number, NOT_KNOWN, NOT_KNOWN))


def _extraction(accession_number: str, part: Mapping[str, Any]) -> Extraction:
    filed_date, period_end, accepted_at = part["filing_date"], part["period_end"], part["accepted_at"]
    return Extraction(
        filing=Filing(
            accession_number=accession_number,
            cik=part["cik"],
            form_type=part["form_type"] or "",
            company_name=part["company_name"] or "",
            filed_date=None if filed_date is None else date.fromisoformat(filed_date),
            accepted_at=None if accepted_at is None else datetime.fromisoformat(accepted_at),
            period_end=None if period_end is None else date.fromisoformat(period_end),
            sic_code=part["sic_code"],
            items=tuple(part["items"]),
            primary_document=part["primary_document"] or "",
            source=part["source"] or "",
            is_amendment=part["is_amendment"],
            entity_ciks=tuple(part["entity_ciks"] or ()),
        ),
        sections=tuple(
            Section(
                each["code"],
                each["part"],
                each["title"],
                each["document"],
                each["start"],
                each["end"],
                each["confidence"],
            )
            for each in part["sections"]
        ),
        signals=tuple(_signal(each) for each in part["signals"]),
        missing=tuple(
            MissingSignal(each["signal_id"], each["reason"], each["detail"]) for each in part["missing"]
        ),
        texts=tuple(Text(each["document"], each["sha256"], each["length"]) for each in part["texts"]),
        result_key=part["result_key"],
        catalog_version=part["catalog_version"],
        code_version=part["code_version"],
        fact_count=part["fact_count"],
        artifacts=tuple(
            Artifact(ArtifactKind(each["kind"]), each["sha256"], each["size_bytes"])
            for each in part["artifacts"] or ()
        ),
        size_bytes=0,
        content_key=part["content_key"] or "",
        earlier_filings=tuple(EarlierFiling(**each) for each in part["earlier_filings"] or ()),
    )


def _signal(row: Mapping[str, Any]) -> Signal:
    # Postgres keeps JSON without its spelling: through the message it gets the one it was committed with.
    evidence = [
        documents.to_document(documents.from_document(signal_pb2.Evidence, each)) for each in row["evidence"]
    ]
    return Signal(
        id=row["signal_id"],
        category=row["category"],
        value=_value(row),
        unit=row["unit"],
        currency=row["currency"] or "",
        confidence=row["confidence"],
        out_of_range=row["out_of_range"],
        notes=tuple(row["notes"]),
        evidence=documents.encode(evidence),
    )


def _value(row: Mapping[str, Any]) -> Value:
    if (exact := row["value_decimal"]) is not None:
        return Value(ValueKind.DECIMAL, exact, float(exact))
    if (number := row["value_double"]) is not None:
        return Value(ValueKind.DOUBLE, None, float(number))
    if (flag := row["value_bool"]) is not None:
        return Value(ValueKind.BOOL, None, float(flag))
    if (count := row["value_int"]) is not None:
        return Value(ValueKind.INT64, str(count), float(count))
    return Value(ValueKind.ENUM, row["value_text"], None)


def _fence(part: Mapping[str, Any]) -> Fence | None:
    scope, token = part["fence_scope"], part["fence_token"]
    return None if scope is None or token is None else Fence(scope, token)


def _unavailable(error: APIError | httpx.HTTPError) -> TenkayError:
    words = " ".join((str(error) or type(error).__name__).split())[:300]
    return failure(
        Reason.DEPENDENCY_UNAVAILABLE,
        f"Supabase cannot be read back: {words}; see that it runs, that its migrations are applied and that the key is "
        "the service role's, or restore without it",
        metadata={"service": "supabase"},
    )
