"""Runs the extractor: settings -> fetcher client and worker pool -> servicer -> server."""

from __future__ import annotations

from tenkay.client import Endpoint, Tls
from tenkay.client.fetcher import AsyncFetcherClient
from tenkay.errors import Reason, failure
from tenkay.extractor.v1.extractor_service_pb2_grpc import add_ExtractorServiceServicer_to_server
from tenkay.runtime.server import ServerScope, run
from tenkay.runtime.settings import load_settings
from tenkay_extractor import metrics
from tenkay_extractor.byte_budget import ByteBudget
from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.filing_source import FilingSource
from tenkay_extractor.pool import PoolLimits, WorkerCrashedError, WorkerPool
from tenkay_extractor.servicer import FULL_NAME, ExtractorServicer
from tenkay_extractor.settings import ExtractorSettings


async def build(scope: ServerScope, settings: ExtractorSettings) -> None:
    """Puts the service together."""
    fetcher = AsyncFetcherClient(fetcher_endpoint(settings))
    scope.defer(fetcher.close)
    pool = WorkerPool(
        PoolLimits(
            workers=settings.workers,
            waiting=settings.max_waiting,
            filings_per_worker=settings.filings_per_worker,
            worker_bytes=settings.worker_bytes,
        ),
        on_replaced=lambda why: metrics.REPLACED.labels(why).inc(),
        on_stopped=lambda signal, why: metrics.STOPPED.labels(signal, why).inc(),
    )
    metrics.WAITING.set_function(lambda: pool.waiting)
    budget = ByteBudget(one_call=settings.max_filing_bytes, all_calls=settings.max_held_bytes)
    metrics.HELD_BYTES.set_function(lambda: budget.held)
    metrics.BUSY.set_function(lambda: pool.busy)
    scope.defer(pool.close)
    try:
        await pool.start()
    except (WorkerCrashedError, OSError) as error:
        raise failure(Reason.INTERNAL, f"cannot start the worker processes: {error}") from error
    servicer = ExtractorServicer(
        FilingSource(fetcher),
        pool,
        budget,
        load_catalog(),
        filing_seconds=settings.filing_seconds,
        signal_seconds=settings.signal_seconds,
        maximum_bytes=settings.max_filing_bytes,
    )
    scope.add(add_ExtractorServiceServicer_to_server, servicer, FULL_NAME)


def fetcher_endpoint(settings: ExtractorSettings) -> Endpoint:
    """Where the fetcher is: plaintext by name only, as this service itself."""
    tls = Tls(settings.fetcher_ca, settings.tls_certificate, settings.tls_key)
    return Endpoint(
        settings.fetcher_address, plaintext=settings.insecure, tls=None if settings.insecure else tls
    )


def main() -> None:
    """The entry point."""
    settings = load_settings(ExtractorSettings)
    run("extractor", settings, lambda scope: build(scope, settings))


if __name__ == "__main__":
    main()
