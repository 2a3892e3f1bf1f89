"""The store as a process of its own, and clients of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tenkay.client import Endpoint
from tenkay.client.store import (
    AsyncArtifactClient,
    AsyncChangeFeedClient,
    AsyncFilingStoreClient,
    AsyncStoreAdminClient,
)

START_SECONDS = 30.0


class StoreProcess:
    """``python -m tenkay_store`` on a data folder, from entering the block to leaving it.

    With `kill_after` it is killed so many seconds after it was started, if it does not serve by then. AssertionError
    with what it printed when it ends before it serves.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        program: Sequence[str] = ("-m", "tenkay_store"),
        kill_after: float | None = None,
    ) -> None:
        self._log = folder / "store.log"
        self.data_directory = folder / "data"
        # The child ends with this process, however that ends.
        parent_end, self._pipe = os.pipe()
        with self._log.open("ab") as log:
            start = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, *program],
                env={
                    **os.environ,
                    "TENKAY_STORE_DATA_DIRECTORY": str(self.data_directory),
                    "TENKAY_STORE_INSECURE": "true",
                    "TENKAY_STORE_MIN_FREE_BYTES": "0",
                    "TENKAY_PARENT_FD": str(parent_end),
                    **(environment or {}),
                },
                stdout=log,
                stderr=log,
                pass_fds=[parent_end],
            )
        os.close(parent_end)
        killer = None if kill_after is None else threading.Timer(kill_after, self.process.kill)
        try:
            if killer is not None:
                killer.start()
            self.endpoint = Endpoint(f"127.0.0.1:{self._port(start)}", plaintext=True)
        except BaseException:
            self.kill()
            raise
        finally:
            if killer is not None:
                killer.cancel()

    def __enter__(self) -> StoreProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def filings(self) -> AsyncFilingStoreClient:
        """A new client."""
        return AsyncFilingStoreClient(self.endpoint)

    @property
    def artifacts(self) -> AsyncArtifactClient:
        """A new client."""
        return AsyncArtifactClient(self.endpoint)

    @property
    def feed(self) -> AsyncChangeFeedClient:
        """A new client."""
        return AsyncChangeFeedClient(self.endpoint)

    @property
    def admin(self) -> AsyncStoreAdminClient:
        """A new client."""
        return AsyncStoreAdminClient(self.endpoint)

    def log(self) -> str:
        """All that it printed."""
        return self._log.read_text()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self._end()

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self._end()
        return self.process.returncode

    def _end(self) -> None:
        self.process.wait(30)
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1

    def _port(self, start: int) -> int:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            printed = self._log.read_bytes()[start:].decode()
            for line in printed.splitlines(keepends=True):
                if line.endswith("\n") and '"event": "serving"' in line:
                    return int(json.loads(line)["port"])
            if self.process.poll() is not None:
                raise AssertionError(f"the store ended with {self.process.returncode}:\n{printed}")
            time.sleep(0.02)
        raise AssertionError("the store did not start")
