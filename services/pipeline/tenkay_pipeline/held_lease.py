"""A lease in a worker's hands, kept by a thread of its own while the stage is at work."""

from __future__ import annotations

import contextvars
import threading
from types import TracebackType
from typing import Self

from tenkay.client.pipeline import WorkerClient
from tenkay.errors import Aborted, Reason, TenkayError, failure
from tenkay.pipeline.v1 import worker_service_pb2 as worker_pb
from tenkay.runtime.logs import get_logger

LEAVING_SECONDS = 1.0

logger = get_logger(__name__)


class HeldLease:
    """Sends heartbeats from entering to leaving the block. One that does not arrive is followed by the next."""

    def __init__(self, pipeline: WorkerClient, lease: worker_pb.Lease, *, heartbeat_seconds: float) -> None:
        self._pipeline = pipeline
        self._lease = lease
        self._heartbeat_seconds = heartbeat_seconds
        self._over = threading.Event()
        self._lost = False
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._beat,), name=f"heartbeat-{lease.token}", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        # A heartbeat that is just on its way to a service that hangs is not waited for.
        self._thread.join(timeout=LEAVING_SECONDS)

    def require(self) -> None:
        """STALE_LEASE when a heartbeat was told that the lease is somebody else's."""
        if self._lost:
            raise failure(
                Reason.STALE_LEASE,
                f"the lease {self._lease.token} of {self._lease.accession_number} was lost; its work is dropped",
            )

    def _beat(self) -> None:
        while not self._over.wait(self._heartbeat_seconds):
            try:
                self._pipeline.heartbeat(lease=self._lease, timeout=self._heartbeat_seconds)
            except Aborted:
                self._lost = True
                return
            except TenkayError as error:
                logger.warning("heartbeat_failed", token=self._lease.token, cause=str(error))
