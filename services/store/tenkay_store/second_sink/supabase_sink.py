"""Supabase as the second sink: one async client over one tuned pool, one transactional call a batch.

The batch is applied by the SQL function ``public.ingest_filing_batch`` (supabase/migrations), which ignores what it has
from the same or a later commit; so a batch may be sent again after an answer that was lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal, TypeVar

import httpx
import msgspec
from postgrest.exceptions import APIError, APIErrorFromJSON, generate_default_error_message
from pydantic import ValidationError

from supabase import AsyncClient, AsyncClientOptions
from tenkay_store.domain.records import CommitKind, CommitRecord, DayDigest, HeldCommit
from tenkay_store.domain.sink import (
    Remedy,
    SinkCommit,
    SinkFailure,
    SinkNotOurs,
    SinkOwner,
    SupabaseOptions,
)
from tenkay_store.second_sink.supabase_rows import encoded_batch, write_of

FUNCTION = "ingest_filing_batch"
KEEPALIVE_SECONDS = 60
MAX_DETAIL_CHARACTERS = 300


class SupabaseSink:
    """Writes commits through supabase-py. `close` ends its connections."""

    name = "supabase"

    def __init__(self, options: SupabaseOptions) -> None:
        # httpx counts from byte to byte, and an answer that drips would never end.
        self._call_seconds = options.connect_seconds + options.read_seconds
        self._http, self._client = connect(options)
        self._store_id: str | None = None

    @property
    def client(self) -> AsyncClient:
        """The client that the sink shares its connections with."""
        return self._client

    async def write(self, batch: Sequence[CommitRecord]) -> None:
        """Apply the batch as one transaction. SinkFailure with its remedy when that is not certain."""
        answer = await self._call(FUNCTION, encoded_batch(batch, self._store_id))
        # A proxy on the way may answer anything with 200. What the function did, it says commit by commit.
        told = [(each.filing_id, each.sequence) for each in _decoded(answer, _APPLIED).results]
        if told != [(each.accession_number, each.sequence) for each in batch]:
            raise SinkFailure(
                Remedy.RETRY,
                f"Supabase answers for {len(told)} commits that are not the {len(batch)} it was sent",
            )

    async def claim(self, store_id: str, *, used: bool) -> SinkOwner:
        """Make the project that store's if it is nobody's, as `sink.ClaimedSink` says; whose it then is."""
        self._store_id = store_id
        arguments = msgspec.json.encode({"store_id": store_id, "used": used})
        return _decoded(await self._call("claim_store", arguments), _OWNER).as_owner()

    def payload_of(self, record: CommitRecord) -> bytes:
        """A commit's entry of the batch, as JSON."""
        return msgspec.json.encode(write_of(record))

    async def _call(self, function: str, arguments: bytes) -> bytes:
        """The JSON that a function of the database answers. SinkFailure when it does not.

        What supabase-py's `rpc` does, but for the encoding: the library's takes ten times as long, in the loop that
        serves the store's callers.
        """
        rest = self._client.postgrest
        try:
            async with asyncio.timeout(self._call_seconds):
                response = await self._http.post(
                    str(rest.base_url.joinpath("rpc", function)),
                    content=arguments,
                    headers={**rest.headers, "Content-Type": "application/json"},
                )
        except TimeoutError as error:
            raise SinkFailure(
                Remedy.RETRY, f"Supabase does not answer within {self._call_seconds:g} s"
            ) from error
        except httpx.HTTPError as error:
            words = str(error) or type(error).__name__
            raise SinkFailure(Remedy.RETRY, f"Supabase does not answer: {_short(words)}") from error
        if response.is_success:
            return response.content
        raise classified(_error_in(response))

    async def day_digests(self, first: date, last: date, *, with_contents: bool) -> Mapping[date, DayDigest]:
        """Of the days (UTC) that have commits. `with_contents` reads the rows too."""
        arguments = {"first_day": first, "last_day": last, "with_contents": with_contents}
        found = _decoded(await self._call("commit_digests", msgspec.json.encode(arguments)), _DIGESTS)
        return {day: DayDigest(commits, int(hashes)) for day, (commits, hashes) in found.items()}

    async def commits_of_day(
        self, day: date, after: int, up_to: int, limit: int, *, with_contents: bool
    ) -> Sequence[HeldCommit]:
        """Commits of a day (UTC) with a sequence in (after, up_to], as `reconciler.SinkLedger` says."""
        arguments = {
            "day": day,
            "after_sequence": after,
            "up_to": up_to,
            "at_most": limit,
            "with_contents": with_contents,
        }
        found = _decoded(await self._call("commits_of_day", msgspec.json.encode(arguments)), _COMMITS)
        return [
            HeldCommit(sequence, CommitKind(kind), name, version, hash_)
            for sequence, kind, name, version, hash_ in found
        ]

    async def close(self) -> None:
        """End the connections."""
        await self._http.aclose()


def connect(options: SupabaseOptions) -> tuple[httpx.AsyncClient, AsyncClient]:
    """A client and the connections under it, which are the caller's to close."""
    # HTTP/1.1: the library's own HTTP/2 client fails calls when many share it.
    http = httpx.AsyncClient(
        http1=True,
        http2=False,
        limits=httpx.Limits(
            max_connections=options.connections,
            max_keepalive_connections=options.connections,
            keepalive_expiry=KEEPALIVE_SECONDS,
        ),
        timeout=httpx.Timeout(options.read_seconds, connect=options.connect_seconds),
    )
    # Not through create_client(): it asks the auth service for a session, which a service key has none of.
    client = AsyncClient(
        options.url,
        options.key,
        AsyncClientOptions(
            httpx_client=http,
            auto_refresh_token=False,
            persist_session=False,
            postgrest_client_retry=False,
        ),
    )
    return http, client


class _NewestCommit(msgspec.Struct):
    sequence: int
    filing_id: str
    recorded_at: datetime


class _Owner(msgspec.Struct):
    store_id: str | None
    newest: _NewestCommit | None

    def as_owner(self) -> SinkOwner:
        newest = self.newest
        return SinkOwner(
            self.store_id,
            None if newest is None else SinkCommit(newest.sequence, newest.filing_id, newest.recorded_at),
        )


class _Result(msgspec.Struct):
    filing_id: str
    sequence: int
    outcome: Literal["applied", "ignored"]


class _Applied(msgspec.Struct):
    results: list[_Result]


_APPLIED = msgspec.json.Decoder(_Applied)
_OWNER = msgspec.json.Decoder(_Owner)
_DIGESTS = msgspec.json.Decoder(dict[date, tuple[int, str]])
_COMMITS = msgspec.json.Decoder(list[tuple[int, str, str, int, int]])
_Answer = TypeVar("_Answer")


def _decoded(answer: bytes, decoder: msgspec.json.Decoder[_Answer]) -> _Answer:
    try:
        return decoder.decode(answer)
    except msgspec.DecodeError as error:
        raise SinkFailure(
            Remedy.RETRY, f"Supabase answers what cannot be understood: {_short(str(error))}"
        ) from error


def classified(error: APIError) -> SinkFailure:
    """What an error that the database or the gateway answered with calls for: decided by its code.

    Codes are PostgreSQL's SQLSTATEs (https://www.postgresql.org/docs/18/errcodes-appendix.html) and PostgREST's own
    (https://docs.postgrest.org/en/v13/references/errors.html). The HTTP status decides only where there is no code:
    servers differ in the status they give a bad row, and retrying on any 5xx would send that row forever.
    """
    code = error.code or ""
    words = _short(f"{error.message or ''} {error.details or ''}".strip() or repr(error))
    detail = f"Supabase refused it ({code or 'no code'}): {words}"
    if code == _NOT_OURS:
        return SinkNotOurs(detail)
    if code in _STOPPING or code.startswith("PGRST3"):
        return SinkFailure(Remedy.STOP, detail)
    if code in _TOO_LARGE or code.startswith("PGRST1") or (len(code) == 5 and code[:2] in _DEADLY_CLASSES):
        return SinkFailure(Remedy.DEAD, detail)
    return SinkFailure(Remedy.RETRY, detail)


_NOT_OURS = "TK001"
"""Of public.ingest_filing_batch: the batch is of another store than the one whose project it is."""

_STOPPING = frozenset(
    {
        "42501",  # insufficient privilege
        "28000", "28P01",  # invalid authorization, password
        "401", "403",  # a gateway in front, without a code of PostgREST
        "3F000", "42P01", "42703", "42883",  # no such schema, table, column, function: migrations are missing
        "PGRST106", "PGRST202", "PGRST203", "PGRST204", "PGRST205",  # the same, as PostgREST sees it
    }
)  # fmt: skip
"""The sink takes nothing from us, whatever we send: setting commits aside one by one would empty the outbox."""

_DEADLY_CLASSES = frozenset({"21", "22", "23", "42", "44", "54", "P0"})
"""SQLSTATE classes of data and statement errors: the row will be as wrong the next time."""

_TOO_LARGE = frozenset({"413"})


def _error_in(response: httpx.Response) -> APIError:
    """The error in an answer, as supabase-py reads it."""
    try:
        return APIError(dict(APIErrorFromJSON.model_validate_json(response.content)))
    except ValidationError:
        return APIError(generate_default_error_message(response))


def _short(words: str) -> str:
    folded = " ".join(words.split())
    return folded if len(folded) <= MAX_DETAIL_CHARACTERS else folded[: MAX_DETAIL_CHARACTERS - 1] + "…"
