"""Warm worker processes, one filing a worker at a time, with a limit on everything.

A filing that overruns its wall-clock limit, or whose caller goes away, costs its worker: the process is killed and
replaced, since nothing else stops a computation in its tracks. Filings wait in a queue of bounded length; one more is
refused with a hint when to come back. Workers are separate programs, never forks: a fork of a process that runs gRPC
does not work.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tenkay_extractor.worker import LENGTH_BYTES, READY, ExtractionRequest, WorkerAnswer

START_SECONDS = 30.0
RESTART_PAUSE_SECONDS = 1.0
MAXIMUM_FRAME_BYTES = 64 * 1024 * 1024
FIRST_GUESS_SECONDS = 1.0
"""How long a filing takes, before any has been measured."""

WORKER_COMMAND = (sys.executable, "-m", "tenkay_extractor.worker")


class PoolFullError(Exception):
    """All workers are busy and the queue is full."""

    def __init__(self, waiting: int, retry_after: float) -> None:
        super().__init__(f"{waiting} filings wait already")
        self.waiting = waiting
        self.retry_after = retry_after
        """Seconds until a place in the queue is likely free."""


class ExtractionOverrunError(Exception):
    """The filing took longer than its limit; its worker was killed."""


class WorkerCrashedError(Exception):
    """The worker died on the filing."""


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """The pool's bounds."""

    workers: int
    waiting: int
    """Filings that may wait for a worker."""
    filings_per_worker: int
    """After so many a worker is replaced, so that what it leaks is given back."""
    worker_bytes: int
    """A worker larger than this after a filing is replaced."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: asyncio.subprocess.Process
    filings: int = 0


class WorkerPool:
    """Use as `async with`, or `start` and `close`. `on_replaced` is told why each replaced worker was."""

    def __init__(
        self,
        limits: PoolLimits,
        *,
        on_replaced: Callable[[str], None] = lambda _why: None,
        command: Sequence[str] = WORKER_COMMAND,
    ) -> None:
        self._limits = limits
        self._command = tuple(command)
        self._on_replaced = on_replaced
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._alive: set[_Worker] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._busy = 0
        self._mean_seconds = FIRST_GUESS_SECONDS
        self._closed = False

    @property
    def waiting(self) -> int:
        """Filings that wait for a worker."""
        return self._waiting

    @property
    def busy(self) -> int:
        """Filings that are being extracted."""
        return self._busy

    async def __aenter__(self) -> WorkerPool:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Starts all workers and waits until they are warm. Raises WorkerCrashedError when one does not start."""
        started = await asyncio.gather(
            *(self._start_worker() for _ in range(self._limits.workers)), return_exceptions=True
        )
        for worker in started:
            if isinstance(worker, BaseException):
                await self.close()
                raise worker
            self._idle.put_nowait(worker)

    async def close(self) -> None:
        """Kills all workers and waits for their ends."""
        self._closed = True
        for task in tuple(self._starting):
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        for worker in tuple(self._alive):
            _kill(worker)
        for worker in tuple(self._alive):
            await worker.process.wait()
        self._alive.clear()

    async def extract(self, request: ExtractionRequest) -> WorkerAnswer:
        """Extracts one filing in a worker of its own.

        Raises PoolFullError, ExtractionOverrunError, WorkerCrashedError. Cancelling it kills the worker.
        """
        worker = await self._take_worker()
        self._busy += 1
        started = time.monotonic()
        why = "cancelled"
        try:
            async with asyncio.timeout(request.limit_seconds):
                await _send(worker, request)
                answer = await _receive(worker)
            why = self._reason_to_replace(worker, answer)
            self._mean_seconds += 0.1 * (time.monotonic() - started - self._mean_seconds)
            return answer
        except TimeoutError:
            why = "overran"
            raise ExtractionOverrunError(f"took longer than {request.limit_seconds:g} seconds") from None
        except (asyncio.IncompleteReadError, ConnectionError, _FrameError) as error:
            why = "crashed"
            raise WorkerCrashedError("the worker process died on this filing") from error
        finally:
            self._busy -= 1
            if why:
                self._replace(worker, why)
            else:
                self._idle.put_nowait(worker)

    async def _take_worker(self) -> _Worker:
        with contextlib.suppress(asyncio.QueueEmpty):
            return self._idle.get_nowait()
        if self._waiting >= self._limits.waiting:
            ahead = self._waiting + self._busy
            raise PoolFullError(
                self._waiting, self._mean_seconds * max(1.0, ahead / self._limits.workers / 2)
            )
        self._waiting += 1
        try:
            return await self._idle.get()
        finally:
            self._waiting -= 1

    def _reason_to_replace(self, worker: _Worker, answer: WorkerAnswer) -> str:
        """Empty to keep it."""
        worker.filings += 1
        if worker.filings >= self._limits.filings_per_worker:
            return "recycled"
        return "grew" if answer.peak_bytes > self._limits.worker_bytes else ""

    def _replace(self, worker: _Worker, why: str) -> None:
        _kill(worker)
        self._on_replaced(why)
        if self._closed:
            return
        task = asyncio.create_task(self._bring_replacement(worker))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _bring_replacement(self, worker: _Worker) -> None:
        await worker.process.wait()
        self._alive.discard(worker)
        while True:
            try:
                replacement = await self._start_worker()
            except (WorkerCrashedError, OSError):
                # Without memory or processes the machine may recover; until then fewer workers serve.
                self._on_replaced("could not start")
                await asyncio.sleep(RESTART_PAUSE_SECONDS)
            else:
                self._idle.put_nowait(replacement)
                return

    async def _start_worker(self) -> _Worker:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        worker = _Worker(process)
        self._alive.add(worker)
        warm = False
        try:
            async with asyncio.timeout(START_SECONDS):
                warm = await _receive_frame(worker) == READY
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError, _FrameError) as error:
            raise WorkerCrashedError(
                "the worker process did not start; its standard error says why"
            ) from error
        finally:
            if not warm:
                _kill(worker)
                await process.wait()
                self._alive.discard(worker)
        if not warm:
            raise WorkerCrashedError("the worker process sent something else than its first word")
        return worker


class _FrameError(Exception):
    """The worker wrote something that is no frame."""


async def _send(worker: _Worker, request: ExtractionRequest) -> None:
    stream = worker.process.stdin
    if stream is None:
        raise _FrameError("the worker has no standard input")
    body = pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(len(body).to_bytes(LENGTH_BYTES, "big"))
    stream.write(body)
    await stream.drain()


async def _receive(worker: _Worker) -> WorkerAnswer:
    answer = await _receive_frame(worker)
    if not isinstance(answer, WorkerAnswer):
        raise _FrameError("the worker sent something else than an answer")
    return answer


async def _receive_frame(worker: _Worker) -> object:
    stream = worker.process.stdout
    if stream is None:
        raise _FrameError("the worker has no standard output")
    length = int.from_bytes(await stream.readexactly(LENGTH_BYTES), "big")
    if length > MAXIMUM_FRAME_BYTES:
        raise _FrameError(f"a frame of {length} bytes")
    body = await stream.readexactly(length)
    try:
        return pickle.loads(body)  # noqa: S301 - written by a worker of this distribution
    except (pickle.UnpicklingError, EOFError, AttributeError, ValueError) as error:
        raise _FrameError("the worker's frame does not unpickle") from error


def _kill(worker: _Worker) -> None:
    if worker.process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            worker.process.kill()
