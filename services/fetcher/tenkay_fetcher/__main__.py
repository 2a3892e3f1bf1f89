"""Runs the fetcher: settings -> adapters -> domain -> server."""

from __future__ import annotations

import stamina

from tenkay.errors import Reason, failure
from tenkay.fetcher.v1.fetcher_service_pb2_grpc import add_FetcherServiceServicer_to_server
from tenkay.runtime.server import ServerScope, run
from tenkay.runtime.settings import load_settings
from tenkay_fetcher.blob_store import BlobStore
from tenkay_fetcher.company_directory import CompanyDirectory
from tenkay_fetcher.edgar_http import EdgarHttp, RetryPolicy
from tenkay_fetcher.filing_lists import FilingLists
from tenkay_fetcher.filings import Filings
from tenkay_fetcher.limiter import RequestLimiter, open_redis
from tenkay_fetcher.quarter_indexes import QuarterIndexes
from tenkay_fetcher.servicer import FULL_NAME, FetcherServicer
from tenkay_fetcher.settings import FetcherSettings


async def build(scope: ServerScope, settings: FetcherSettings) -> None:
    """Puts the service together."""
    redis = open_redis(settings.redis_url, settings.redis_timeout_seconds)
    scope.defer(redis.aclose)
    limiter = RequestLimiter(
        redis,
        requests_per_second=settings.requests_per_second,
        max_replicas=settings.max_replicas,
        key=settings.limiter_key,
    )
    edgar = EdgarHttp(
        limiter,
        user_agent=settings.user_agent,
        retry=RetryPolicy(settings.attempts, settings.retry_wait_seconds),
        connect_seconds=settings.connect_seconds,
        read_seconds=settings.read_seconds,
        max_in_flight=settings.max_in_flight,
    )
    scope.defer(edgar.close)
    root, urls = settings.data_directory, settings.urls
    try:
        blobs = BlobStore(
            root, max_blob_bytes=settings.max_blob_bytes, min_free_bytes=settings.min_free_bytes
        )
    except OSError as error:
        raise failure(
            Reason.INVALID_FIELD, f"TENKAY_FETCHER_DATA_DIRECTORY: cannot write {root}: {error.strerror}"
        ) from error
    directory = CompanyDirectory(
        edgar, urls, tickers_seconds=settings.tickers_seconds, lists_seconds=settings.filing_list_seconds
    )
    scope.defer(directory.close)
    indexes = QuarterIndexes(edgar, urls, blobs, root / "indexes")
    scope.defer(indexes.close)
    lists = FilingLists(directory, indexes)
    filings = Filings(edgar, urls, blobs, lists)
    scope.defer(filings.close)
    scope.add(
        add_FetcherServiceServicer_to_server,
        FetcherServicer(directory, lists, filings, blobs, limiter),
        FULL_NAME,
    )


def main() -> None:
    """The entry point."""
    settings = load_settings(FetcherSettings)
    # Retries are counted by this service's own metric, and logged where they end.
    stamina.instrumentation.set_on_retry_hooks([])
    run("fetcher", settings, lambda scope: build(scope, settings))


if __name__ == "__main__":
    main()
