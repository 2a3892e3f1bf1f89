"""The HTTP client against an EDGAR that answers badly, over real connections."""

from __future__ import annotations

import asyncio
import gzip
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tenkay.errors import Reason, TenkayError
from tenkay.stack.ports import free_port
from tenkay_fetcher.blob_store import BlobStore
from tenkay_fetcher.deadline import Deadline
from tenkay_fetcher.edgar_source import MemorySink, Outcome
from tests.integration.fetcher.conftest import MakeHttp
from tests.integration.fetcher.edgar_doubles import USER_AGENT, Reply, ScriptedEdgar

BODY = b"made-up submission\n" * 2000
MODIFIED = "Mon, 31 Mar 2025 10:02:46 GMT"
RATE_PAGE = b"<html><head><title>SEC.gov | Request Rate Threshold Exceeded</title></head></html>"
TOOL_PAGE = b"<title>SEC.gov | Your Request Originates from an Undeclared Automated Tool</title>"


def files_under(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def sink() -> MemorySink:
    return MemorySink(1_000_000)


async def test_an_answer_is_unpacked_and_the_request_says_who_asks(make_http: MakeHttp) -> None:
    reply = Reply(headers={"Content-Encoding": "gzip", "Last-Modified": MODIFIED}, body=gzip.compress(BODY))
    async with ScriptedEdgar(reply) as edgar:
        into = sink()
        answer = await (await make_http()).fetch(f"{edgar.url}/x", into, deadline=Deadline.after(5))
    assert (answer.outcome, into.content()) == (Outcome.FOUND, BODY)
    assert answer.last_modified == datetime(2025, 3, 31, 10, 2, 46, tzinfo=UTC)
    assert edgar.requests[0]["user-agent"] == USER_AGENT
    assert edgar.requests[0]["accept-encoding"] == "gzip"


async def test_several_gzip_members_are_one_answer(make_http: MakeHttp) -> None:
    body = gzip.compress(BODY[:5000]) + gzip.compress(BODY[5000:])
    async with ScriptedEdgar(Reply(headers={"Content-Encoding": "gzip"}, body=body)) as edgar:
        into = sink()
        await (await make_http()).fetch(edgar.url, into, deadline=Deadline.after(5))
    assert into.content() == BODY


async def test_unchanged_is_told_from_found(make_http: MakeHttp) -> None:
    async with ScriptedEdgar(Reply("304 Not Modified")) as edgar:
        since = datetime(2025, 3, 31, 10, 2, 46, tzinfo=UTC)
        answer = await (await make_http()).fetch(
            edgar.url, sink(), deadline=Deadline.after(5), if_modified_since=since
        )
    assert answer.outcome is Outcome.UNCHANGED
    assert edgar.requests[0]["if-modified-since"] == MODIFIED


@pytest.mark.parametrize(
    "reply",
    [
        Reply("404 Not Found", body=b"<Error><Code>NoSuchKey</Code></Error>"),
        Reply("403 Forbidden", body=b"<Error><Code>AccessDenied</Code></Error>"),
    ],
)
async def test_what_does_not_exist_is_missing_and_not_an_error(make_http: MakeHttp, reply: Reply) -> None:
    async with ScriptedEdgar(reply) as edgar:
        answer = await (await make_http()).fetch(edgar.url, sink(), deadline=Deadline.after(5))
    assert answer.outcome is Outcome.MISSING
    assert len(edgar.requests) == 1


async def test_a_refused_user_agent_names_the_setting_and_is_not_tried_again(make_http: MakeHttp) -> None:
    async with ScriptedEdgar(Reply("403 Forbidden", body=TOOL_PAGE)) as edgar:
        with pytest.raises(TenkayError, match="TENKAY_FETCHER_USER_AGENT") as failed:
            await (await make_http()).fetch(edgar.url, sink(), deadline=Deadline.after(5))
    assert failed.value.reason is Reason.EDGAR_UNAVAILABLE
    assert len(edgar.requests) == 1


@pytest.mark.parametrize("status", ["500 Internal Server Error", "301 Moved Permanently", "403 Forbidden"])
async def test_other_statuses_are_an_error_at_once(make_http: MakeHttp, status: str) -> None:
    async with ScriptedEdgar(Reply(status, headers={"Location": "http://127.0.0.1:1/"})) as edgar:
        with pytest.raises(TenkayError) as failed:
            await (await make_http()).fetch(edgar.url, sink(), deadline=Deadline.after(5))
    assert failed.value.reason is Reason.EDGAR_UNAVAILABLE
    assert failed.value.metadata["http_status"] == status[:3]
    assert len(edgar.requests) == 1


async def test_unavailable_is_tried_again_after_the_time_it_asks_for(make_http: MakeHttp) -> None:
    replies = Reply("503 Service Unavailable", headers={"Retry-After": "1"}), Reply(body=BODY)
    async with ScriptedEdgar(*replies) as edgar:
        into, started = sink(), time.monotonic()
        await (await make_http()).fetch(edgar.url, into, deadline=Deadline.after(5))
    assert into.content() == BODY
    assert 1.0 <= time.monotonic() - started < 2.0


async def test_a_retry_after_past_the_deadline_is_not_waited_for(make_http: MakeHttp) -> None:
    async with ScriptedEdgar(Reply("503 Service Unavailable", headers={"Retry-After": "60"})) as edgar:
        started = time.monotonic()
        with pytest.raises(TenkayError) as failed:
            await (await make_http()).fetch(edgar.url, sink(), deadline=Deadline.after(5))
    assert time.monotonic() - started < 1
    assert (failed.value.reason, failed.value.retry_after) == (Reason.EDGAR_UNAVAILABLE, 60.0)
    assert len(edgar.requests) == 1


async def test_too_many_requests_pause_everybody_and_then_go_on(make_http: MakeHttp) -> None:
    replies = Reply("429 Too Many Requests", headers={"Retry-After": "1"}, body=RATE_PAGE), Reply(body=BODY)
    async with ScriptedEdgar(*replies) as edgar:
        into, started = sink(), time.monotonic()
        await (await make_http(key="tests:paused")).fetch(edgar.url, into, deadline=Deadline.after(10))
    assert into.content() == BODY
    # One second of a new key, one of the pause.
    assert 2.0 <= time.monotonic() - started < 4.0


@pytest.mark.parametrize("status", ["403 Forbidden", "429 Too Many Requests"])
async def test_the_rate_page_blocks_all_replicas_for_ten_minutes(make_http: MakeHttp, status: str) -> None:
    key = f"tests:blocked:{status[:3]}"
    async with ScriptedEdgar(Reply(status, body=RATE_PAGE), Reply(body=BODY)) as edgar:
        with pytest.raises(TenkayError) as failed:
            await (await make_http(key=key)).fetch(edgar.url, sink(), deadline=Deadline.after(5))
        assert (failed.value.reason, failed.value.retry_after) == (Reason.EDGAR_RATE_LIMITED, 600.0)
        other, started = await make_http(key=key), time.monotonic()
        with pytest.raises(TenkayError) as refused:
            await other.fetch(edgar.url, sink(), deadline=Deadline.after(30))
    assert time.monotonic() - started < 0.5
    assert refused.value.reason is Reason.EDGAR_RATE_LIMITED
    assert 590 < (refused.value.retry_after or 0) <= 600
    assert len(edgar.requests) == 1


@pytest.mark.parametrize(
    "broken",
    [
        Reply(body=BODY, cut_to=1000),
        Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(BODY), cut_to=50),
        # The end of the connection ends the body: only gzip's own end can tell.
        Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(BODY)[:-12], length=False),
        Reply(headers={"Content-Encoding": "gzip"}, body=b"not gzip at all"),
    ],
    ids=["short", "short gzip", "short gzip without length", "no gzip"],
)
async def test_a_broken_body_is_asked_for_again_and_only_the_whole_one_is_kept(
    make_http: MakeHttp, broken: Reply
) -> None:
    async with ScriptedEdgar(broken, Reply(body=BODY)) as edgar:
        into = sink()
        await (await make_http()).fetch(edgar.url, into, deadline=Deadline.after(5))
    assert into.content() == BODY
    assert len(edgar.requests) == 2


async def test_retries_are_used_up(make_http: MakeHttp) -> None:
    async with ScriptedEdgar(Reply(body=BODY, cut_to=10)) as edgar:
        with pytest.raises(TenkayError, match="retries are used up") as failed:
            await (await make_http(attempts=3)).fetch(edgar.url, sink(), deadline=Deadline.after(5))
    assert failed.value.reason is Reason.EDGAR_UNAVAILABLE
    assert len(edgar.requests) == 3


async def test_no_connection_is_unavailable(make_http: MakeHttp) -> None:
    with pytest.raises(TenkayError, match="ConnectError") as failed:
        await (await make_http()).fetch(
            f"http://127.0.0.1:{free_port()}/x", sink(), deadline=Deadline.after(5)
        )
    assert failed.value.reason is Reason.EDGAR_UNAVAILABLE
    assert failed.value.retry_after is not None


async def test_a_dripping_answer_ends_at_the_deadline(make_http: MakeHttp) -> None:
    http = await make_http()
    async with ScriptedEdgar(Reply(body=b"x"), Reply(body=BODY, piece_seconds=0.05)) as edgar:
        # Connections to it and to Redis are there: the time goes into the answer, however busy the machine is.
        await http.fetch(edgar.url, sink(), deadline=Deadline.after(30))
        started = time.monotonic()
        with pytest.raises(TenkayError) as failed:
            await http.fetch(edgar.url, sink(), deadline=Deadline.after(1))
        took = time.monotonic() - started
    assert failed.value.reason is Reason.DEADLINE_EXCEEDED
    assert len(edgar.requests) == 2
    # The whole answer would take half an hour, and no pause in it is as long as the read timeout.
    assert 0.9 < took < 10


async def test_a_gzip_bomb_stops_at_the_bound_and_leaves_nothing(make_http: MakeHttp, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(200_000_000), compresslevel=1)
    store = BlobStore(tmp_path, max_blob_bytes=1_000_000, min_free_bytes=0)
    async with ScriptedEdgar(Reply(headers={"Content-Encoding": "gzip"}, body=bomb)) as edgar:
        with store.writer() as writer:
            with pytest.raises(TenkayError, match="MAX_BLOB_BYTES") as failed:
                await (await make_http()).fetch(edgar.url, writer, deadline=Deadline.after(5))
            assert writer.size_bytes <= 1_000_000
    assert failed.value.reason is Reason.SUBMISSION_TOO_LARGE
    assert len(edgar.requests) == 1
    assert files_under(tmp_path) == []


async def test_more_requests_than_may_be_under_way_are_refused(make_http: MakeHttp) -> None:
    http = await make_http(max_in_flight=1)
    async with ScriptedEdgar(Reply(body=BODY, piece_seconds=0.05)) as edgar:
        slow = asyncio.create_task(http.fetch(edgar.url, sink(), deadline=Deadline.after(10)))
        await edgar.was_asked.wait()
        with pytest.raises(TenkayError, match="1 requests are under way") as failed:
            await http.fetch(edgar.url, sink(), deadline=Deadline.after(5))
        slow.cancel()
    assert failed.value.reason is Reason.EDGAR_UNAVAILABLE


async def test_an_answer_in_another_encoding_is_refused(make_http: MakeHttp) -> None:
    async with ScriptedEdgar(Reply(headers={"Content-Encoding": "br"}, body=b"x")) as edgar:
        with pytest.raises(TenkayError, match="encoding 'br'"):
            await (await make_http()).fetch(edgar.url, sink(), deadline=Deadline.after(5))
