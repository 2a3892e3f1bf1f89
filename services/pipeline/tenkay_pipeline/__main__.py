"""The pipeline service: job records, the dispatcher and the reconciler behind PipelineService and WorkerService."""

from __future__ import annotations

import asyncio
import random
import secrets
import sys
from datetime import UTC, datetime
from functools import partial

from tenkay.client.fetcher import AsyncFetcherClient
from tenkay.pipeline.v1.pipeline_service_pb2_grpc import add_PipelineServiceServicer_to_server
from tenkay.pipeline.v1.worker_service_pb2_grpc import add_WorkerServiceServicer_to_server
from tenkay.runtime.server import ServerScope, run
from tenkay.runtime.settings import EXIT_CONFIGURATION, load_settings
from tenkay_pipeline.broker import CeleryBroker
from tenkay_pipeline.dispatcher import Dispatcher
from tenkay_pipeline.edgar_listings import EdgarListings
from tenkay_pipeline.job_desk import JobDesk
from tenkay_pipeline.job_records import JobRecords, RecordThreads, UnusableDatabase
from tenkay_pipeline.jobs import Stage
from tenkay_pipeline.lease_desk import LeaseDesk
from tenkay_pipeline.reconciler import Reconciler
from tenkay_pipeline.servicer import PipelineServicer, WorkerServicer
from tenkay_pipeline.settings import PipelineSettings
from tenkay_pipeline.stage_gauges import keep_stage_gauges

PIPELINE_SERVICE = "tenkay.pipeline.v1.PipelineService"
WORKER_SERVICE = "tenkay.pipeline.v1.WorkerService"


def main() -> None:
    settings = load_settings(PipelineSettings)
    try:
        records = JobRecords(settings.database_url)
        records.prepare()
    except UnusableDatabase as error:
        print(f"pipeline: TENKAY_PIPELINE_DATABASE_URL: {error}", file=sys.stderr, flush=True)
        raise SystemExit(EXIT_CONFIGURATION) from None
    clock = partial(datetime.now, UTC)
    policy = settings.retry_policy()

    async def build(scope: ServerScope) -> None:
        threads = RecordThreads(records)
        scope.defer(threads.close)
        broker = CeleryBroker(settings.broker_url)
        scope.defer(partial(asyncio.to_thread, broker.close))
        fetcher = AsyncFetcherClient(settings.endpoint(settings.fetcher_address))
        scope.defer(fetcher.close)

        dispatcher = Dispatcher(threads, broker, window=settings.dispatch_window, clock=clock)
        reconciler = Reconciler(threads, broker, dispatcher, policy, settings.sweeps(), clock)
        wake = partial(dispatcher.wake, Stage.FETCH)
        jobs = JobDesk(threads, EdgarListings(fetcher), wake, partial(secrets.token_hex, 8), clock)
        leases = LeaseDesk(threads, dispatcher, policy, settings.lease_length(), clock, random.random)
        scope.add(add_PipelineServiceServicer_to_server, PipelineServicer(jobs), PIPELINE_SERVICE)
        scope.add(add_WorkerServiceServicer_to_server, WorkerServicer(leases), WORKER_SERVICE)
        scope.spawn(reconciler.run(), "reconciler")
        scope.spawn(dispatcher.run(), "dispatcher")
        scope.spawn(keep_stage_gauges(threads, clock), "stage-gauges")

    run("pipeline", settings, build)


if __name__ == "__main__":
    main()
