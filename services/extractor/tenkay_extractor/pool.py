"""Warm worker processes, one filing a worker at a time, with a limit on everything.

A filing that overruns its wall-clock limit, or whose caller goes away, costs its worker: the process is killed and
replaced, since nothing else stops a computation in its tracks. Where it was one signal that overran, ate the memory or
took the process down, the filing is run again without that signal, in the time that is left. Filings wait in a queue of
bounded length; one more is refused with a hint when to come back. Workers are separate programs, never forks: a fork of
a process that runs gRPC does not work.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import psutil

from tenkay.runtime import tasks
from tenkay_extractor.missing import MissingReason, MissingSignal
from tenkay_extractor.progress import ProgressBoard, Running
from tenkay_extractor.worker import LENGTH_BYTES, READY, ExtractionRequest, WorkerAnswer

START_SECONDS = 30.0
RESTART_PAUSE_SECONDS = 1.0
MAXIMUM_FRAME_BYTES = 64 * 1024 * 1024
FIRST_GUESS_SECONDS = 1.0
"""How long a filing takes, before any has been measured."""
WATCH_SECONDS = 0.05
"""How often a busy worker is looked at."""
SIGNAL_SHARE = 0.25
"""Most of a filing's limit that one signal may take, so that there is time for another run without it."""
SHARE_TO_KEEP = 0.5
"""A worker that grew over this share of what it may is replaced after its filing."""

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


class MemoryExceededError(Exception):
    """The filing needed more memory than a worker may have, outside any signal's own code."""

    def __init__(self, worker_bytes: int) -> None:
        super().__init__(f"needed more memory than {worker_bytes:,} bytes")


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
    """How large a worker may grow. One that grew to more than half of it is replaced after its filing."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: asyncio.subprocess.Process
    board: ProgressBoard
    filings: int = 0


class _StoppedError(Exception):
    """The run ended early. `why` is one of the reasons to replace a worker; `running` the signal it was in, if any."""

    def __init__(self, why: str, running: Running | None) -> None:
        super().__init__(why)
        self.why = why
        self.running = running


class WorkerPool:
    """Use as `async with`, or `start` and `close`.

    `on_replaced` is told why each replaced worker was, `on_stopped` which signal a worker was killed for, and why.
    `command` is the worker's program; the pool adds its arguments.
    """

    def __init__(
        self,
        limits: PoolLimits,
        *,
        on_replaced: Callable[[str], None] = lambda _why: None,
        on_stopped: Callable[[str, str], None] = lambda _signal, _why: None,
        command: Sequence[str] = WORKER_COMMAND,
    ) -> None:
        self._limits = limits
        self._command = tuple(command)
        self._on_replaced = on_replaced
        self._on_stopped = on_stopped
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._alive: set[_Worker] = set()
        self._starting: set[asyncio.Task[_Worker]] = set()
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
        await tasks.end(*self._starting)
        for worker in tuple(self._alive):
            _kill(worker)
        for worker in tuple(self._alive):
            await worker.process.wait()
        self._alive.clear()

    async def extract(self, request: ExtractionRequest) -> WorkerAnswer:
        """Extracts one filing in a worker of its own, as often as signals have to be left out for it to end.

        Raises PoolFullError, ExtractionOverrunError, MemoryExceededError, WorkerCrashedError. Cancelling it kills the
        worker.
        """
        worker = await self._take_worker()
        started = time.monotonic()
        self._busy += 1
        try:
            answer = await self._run_until_it_ends(worker, request, started + request.limit_seconds)
        finally:
            self._busy -= 1
        self._mean_seconds += 0.1 * (time.monotonic() - started - self._mean_seconds)
        return answer

    async def _run_until_it_ends(
        self, worker: _Worker, request: ExtractionRequest, deadline: float
    ) -> WorkerAnswer:
        signal_seconds = min(request.signal_seconds, request.limit_seconds * SIGNAL_SHARE)
        without, groups = request.without, request.without_groups
        stopped_groups: frozenset[str] = frozenset()
        while True:
            began = time.monotonic()
            run = replace(
                request,
                limit_seconds=max(deadline - began, 0.0),
                signal_seconds=signal_seconds,
                without=without,
                without_groups=groups,
            )
            why, running = "cancelled", None
            again = False
            try:
                answer = await self._watched(worker, run, deadline)
                why = self._reason_to_replace(worker, answer)
                if isinstance(answer.refusal, MemoryError):
                    raise MemoryExceededError(self._limits.worker_bytes)
                return answer
            except _StoppedError as stopped:
                why, running = stopped.why, stopped.running
                again = running is not None and time.monotonic() < deadline and not self._closed
                if not again:
                    raise self._as_failure(why, request.limit_seconds) from None
            finally:
                if not why:
                    self._idle.put_nowait(worker)
                elif not again:
                    self._replace(worker, why)
            if running is None:
                raise TypeError("a run is repeated without a signal only")
            self._on_stopped(running.signal, why)
            without = (*without, _in_place_of(running.signal, why, signal_seconds))
            stopped_groups |= {running.group}
            worker = await self._replacement_of(worker, why, deadline, request.limit_seconds)
            now = time.monotonic()
            if deadline - now < 3 * (now - began):
                # Hardly time for a run that is stopped again and one after it: the next has to be the last.
                groups |= stopped_groups

    async def _watched(self, worker: _Worker, request: ExtractionRequest, deadline: float) -> WorkerAnswer:
        worker.board.clear()
        answering = asyncio.create_task(_converse(worker, request))
        try:
            while True:
                left = deadline - time.monotonic()
                await asyncio.wait({answering}, timeout=min(WATCH_SECONDS, max(left, 0.0)))
                running = worker.board.read()
                if answering.done():
                    try:
                        return answering.result()
                    except (asyncio.IncompleteReadError, ConnectionError, _FrameError):
                        raise _StoppedError("crashed", running) from None
                now = time.monotonic()
                if running is not None and now - running.since > request.signal_seconds:
                    raise _StoppedError("overran", running)
                if now >= deadline:
                    raise _StoppedError("overran", None)
                if _resident_bytes(worker) > self._limits.worker_bytes:
                    raise _StoppedError("grew", running)
        finally:
            await tasks.end(answering)

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
        return "grew" if answer.peak_bytes > self._limits.worker_bytes * SHARE_TO_KEEP else ""

    def _as_failure(self, why: str, limit_seconds: float) -> Exception:
        match why:
            case "overran":
                return ExtractionOverrunError(f"took longer than {limit_seconds:g} seconds")
            case "grew":
                return MemoryExceededError(self._limits.worker_bytes)
            case _:
                return WorkerCrashedError("the worker process died on this filing")

    def _replace(self, worker: _Worker, why: str) -> None:
        """Kills the worker; the one in its place becomes idle when it is warm."""
        _kill(worker)
        self._on_replaced(why)
        if not self._closed:
            self._start_replacement(worker).add_done_callback(self._let_idle)

    async def _replacement_of(
        self, worker: _Worker, why: str, deadline: float, limit_seconds: float
    ) -> _Worker:
        """Kills the worker and waits for the one in its place, which no other filing gets before."""
        _kill(worker)
        self._on_replaced(why)
        starting = self._start_replacement(worker)
        try:
            async with asyncio.timeout(max(deadline - time.monotonic(), 0.0)):
                return await asyncio.shield(starting)
        except TimeoutError:
            starting.add_done_callback(self._let_idle)
            raise self._as_failure("overran", limit_seconds) from None
        except asyncio.CancelledError:
            starting.add_done_callback(self._let_idle)
            raise

    def _start_replacement(self, worker: _Worker) -> asyncio.Task[_Worker]:
        task = asyncio.create_task(self._bring_replacement(worker))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)
        return task

    def _let_idle(self, started: asyncio.Task[_Worker]) -> None:
        if not started.cancelled() and started.exception() is None:
            self._idle.put_nowait(started.result())

    async def _bring_replacement(self, worker: _Worker) -> _Worker:
        await worker.process.wait()
        self._alive.discard(worker)
        while True:
            try:
                return await self._start_worker()
            except (WorkerCrashedError, OSError):
                # Without memory or processes the machine may recover; until then fewer workers serve.
                self._on_replaced("could not start")
                await asyncio.sleep(RESTART_PAUSE_SECONDS)

    async def _start_worker(self) -> _Worker:
        with tempfile.TemporaryFile() as page:
            page.truncate(ProgressBoard.BYTES)
            process = await asyncio.create_subprocess_exec(
                *self._command,
                str(page.fileno()),
                str(self._limits.worker_bytes),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=(page.fileno(),),
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
            worker = _Worker(process, ProgressBoard(page.fileno()))
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


def _in_place_of(signal: str, why: str, signal_seconds: float) -> MissingSignal:
    match why:
        case "overran":
            return MissingSignal(
                signal,
                MissingReason.EXTRACTOR_TIMEOUT,
                f"this signal's own code took longer than {signal_seconds:g} seconds on this filing",
            )
        case "grew":
            detail = "this signal's own code needed more memory than a filing may have"
        case _:
            detail = "this signal's own code ended its process on this filing"
    return MissingSignal(signal, MissingReason.EXTRACTOR_FAILED, detail)


class _FrameError(Exception):
    """The worker wrote something that is no frame."""


async def _converse(worker: _Worker, request: ExtractionRequest) -> WorkerAnswer:
    await _send(worker, request)
    return await _receive(worker)


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


def _resident_bytes(worker: _Worker) -> int:
    try:
        return int(psutil.Process(worker.process.pid).memory_info().rss)
    except psutil.Error:
        return 0  # it has just ended; what it was reading from then ends too
