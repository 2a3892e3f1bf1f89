"""Fixtures for the fetcher: a Valkey, made-up EDGARs, and the fetcher's parts put together over them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import redis
import stamina

from tenkay.stack.launch import running
from tenkay.stack.ports import free_port
from tenkay.stack.valkey import ValkeyRole, valkey
from tenkay_fetcher.blob_store import BlobStore
from tenkay_fetcher.company_directory import CompanyDirectory
from tenkay_fetcher.deadline import Deadline
from tenkay_fetcher.edgar_http import EdgarHttp, RetryPolicy
from tenkay_fetcher.edgar_source import Answer, EdgarSource, Sink
from tenkay_fetcher.edgar_urls import EdgarUrls
from tenkay_fetcher.filing_lists import FilingLists
from tenkay_fetcher.filings import Filings
from tenkay_fetcher.limiter import RequestLimiter, open_redis
from tenkay_fetcher.quarter_indexes import QuarterIndexes
from tests.integration.fetcher.edgar_doubles import USER_AGENT, EdgarTree, mirrored

SETTLED_KEY = "tests:fetcher"
"""Of tests that do not test the limiter: in use since long ago, without the first second of silence."""


@pytest.fixture(scope="session", autouse=True)
def _no_retry_hooks() -> None:
    # As in the service's own start: stamina would make metrics and logs of its own.
    stamina.instrumentation.set_on_retry_hooks([])


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Valkey for all tests of this process."""
    folder = Path(tempfile.mkdtemp(prefix="tenkay-fetcher-"))
    port = free_port()
    launch = valkey(ValkeyRole.CACHE, port=port, directory=folder)
    with running(launch, folder / "log"):
        with redis.Redis(port=port) as client:
            client.set(f"{SETTLED_KEY}:next", 0)  # as if used long ago
        yield f"redis://127.0.0.1:{port}/0"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def mirror() -> Iterator[tuple[Path, str]]:
    """A mirror for all tests of this process: its folder and its address."""
    root = Path(tempfile.mkdtemp(prefix="tenkay-edgar-"))
    EdgarTree(root)
    with mirrored(root) as url:
        yield root, url
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def tree(mirror: tuple[Path, str]) -> EdgarTree:
    """The mirror's folder, empty."""
    root, _ = mirror
    for entry in root.iterdir():
        shutil.rmtree(entry)
    return EdgarTree(root)


@pytest.fixture
def mirror_url(mirror: tuple[Path, str]) -> str:
    """The mirror's address."""
    return mirror[1]


MakeHttp = Callable[..., Awaitable[EdgarHttp]]


@pytest.fixture
async def make_http(redis_url: str) -> AsyncIterator[MakeHttp]:
    """Makes HTTP clients with a limiter that is not in the way."""
    async with AsyncExitStack() as stack:

        async def make(*, key: str = SETTLED_KEY, attempts: int = 3, max_in_flight: int = 32) -> EdgarHttp:
            connection = open_redis(redis_url, 2.0)
            stack.push_async_callback(connection.aclose)
            http = EdgarHttp(
                RequestLimiter(connection, requests_per_second=1000, max_replicas=1, key=key),
                user_agent=USER_AGENT,
                retry=RetryPolicy(attempts, 0.02),
                max_in_flight=max_in_flight,
            )
            stack.push_async_callback(http.close)
            return http

        yield make


class CountingSource:
    """Notes what was asked of EDGAR."""

    def __init__(self, edgar: EdgarSource) -> None:
        self._edgar = edgar
        self.urls: list[str] = []

    async def fetch(
        self, url: str, sink: Sink, *, deadline: Deadline, if_modified_since: datetime | None = None
    ) -> Answer:
        self.urls.append(url)
        return await self._edgar.fetch(url, sink, deadline=deadline, if_modified_since=if_modified_since)


@dataclass(frozen=True, slots=True)
class Fetcher:
    """The fetcher's parts over one EDGAR."""

    edgar: CountingSource
    blobs: BlobStore
    directory: CompanyDirectory
    lists: FilingLists
    filings: Filings


MakeFetcher = Callable[..., Awaitable[Fetcher]]


@pytest.fixture
async def make_fetcher(make_http: MakeHttp, tmp_path: Path) -> AsyncIterator[MakeFetcher]:
    """Puts the parts together over the EDGAR at an address, as the service does."""
    async with AsyncExitStack() as stack:

        async def make(
            url: str,
            *,
            root: Path = tmp_path / "blobs",
            lists_seconds: float = 60.0,
            max_blob_bytes: int = 50_000_000,
            min_free_bytes: int = 0,
        ) -> Fetcher:
            edgar = CountingSource(await make_http())
            urls = EdgarUrls.at(url)
            blobs = BlobStore(root, max_blob_bytes=max_blob_bytes, min_free_bytes=min_free_bytes)
            directory = CompanyDirectory(edgar, urls, tickers_seconds=3600, lists_seconds=lists_seconds)
            indexes = QuarterIndexes(edgar, urls, blobs, root / "indexes")
            lists = FilingLists(directory, indexes)
            filings = Filings(edgar, urls, blobs, lists)
            for part in (directory, indexes, filings):
                stack.push_async_callback(part.close)
            return Fetcher(edgar, blobs, directory, lists, filings)

        yield make
