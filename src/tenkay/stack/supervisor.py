"""Keeps the children of a stack running: starts them as what they need becomes ready, starts them again when they end
by themselves, and stops each after those that use it.

Each child stands behind a shim (`tenkay.stack.child`) that holds a pipe to this process, so the children end whatever
ends this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tenkay.stack.child_log import ChildLog, last_lines
from tenkay.stack.errors import CannotStartError
from tenkay.stack.launch import Launch
from tenkay.stack.shim_process import ShimProcess
from tenkay.stack.stack_file import ChildRecord, ChildState

EXIT_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h, as the services exit when a setting is wrong: starting again does not help."""

_READY_LINE_BYTES = 64 * 1024
_SHOWN_LOG_LINES = 5
_SHIM_MARGIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class SupervisionPolicy:
    """How patient the supervisor is."""

    ready_seconds: float = 60.0
    """A child that is not ready by then is ended, and the start counts as failed."""
    first_delay_seconds: float = 0.1
    """Wait before a child is started again; it doubles with each end that comes soon after the start."""
    longest_delay_seconds: float = 10.0
    """The longest such wait."""
    steady_seconds: float = 30.0
    """A child that ran so long has a clean slate."""
    failed_starts: int = 5
    """Starts in a row that end before the child is ready, after which the stack gives up."""
    probe_seconds: float = 0.03
    """Time between two questions whether a child is ready."""


class Supervisor:
    """The children of one stack."""

    def __init__(
        self,
        launches: Sequence[Launch],
        log_dir: Path,
        *,
        on_change: Callable[[Mapping[str, ChildRecord]], None],
        policy: SupervisionPolicy | None = None,
    ) -> None:
        """
        Args:
            launches: the children; each after those it needs or uses.
            log_dir: the folder of their logs, `<name>.log` each.
            on_change: told of all children each time one of them changes.
            policy: how patient to be.
        """
        self._policy = policy or SupervisionPolicy()
        self._on_change = on_change
        self._failure: asyncio.Future[CannotStartError] = asyncio.get_running_loop().create_future()
        self._children: dict[str, _Child] = {}
        for launch in launches:
            needed = [self._children[name] for name in launch.needs]
            log = ChildLog(log_dir / f"{launch.name}.log")
            self._children[launch.name] = _Child(
                launch, log, needed, self._policy, changed=self._changed, failed=self._fail
            )

    async def run(self, stop: asyncio.Event, *, on_ready: Callable[[], None]) -> None:
        """Runs the children until `stop` is set, then ends them.

        Args:
            stop: ends the stack.
            on_ready: called once, when all children are ready.

        Raises:
            CannotStartError: a child cannot be started; the others have been ended.
        """
        keepers = [asyncio.create_task(each.keep(), name=each.name) for each in self._children.values()]
        stopping = asyncio.create_task(stop.wait())
        all_ready = asyncio.create_task(self._wait_until_all_are_ready())
        try:
            ends: list[asyncio.Future[Any]] = [stopping, self._failure, *keepers]
            await asyncio.wait([all_ready, *ends], return_when=asyncio.FIRST_COMPLETED)
            if all_ready.done() and not self._failure.done():
                all_ready.result()
                on_ready()
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            all_ready.cancel()
            stopping.cancel()
            await self._stop_all()
            ended = await asyncio.gather(*keepers, return_exceptions=True)
            for each in self._children.values():
                each.close()
        if self._failure.done():
            raise self._failure.result()
        for outcome in ended:
            if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
                raise outcome

    async def _wait_until_all_are_ready(self) -> None:
        for each in self._children.values():
            await each.ready.wait()

    async def _stop_all(self) -> None:
        async def stop_after_users(each: _Child) -> None:
            users = [
                tasks[user.name]
                for user in self._children.values()
                if each.name in (*user.launch.needs, *user.launch.uses)
            ]
            if users:
                await asyncio.wait(users)
            await each.stop()

        tasks: dict[str, asyncio.Task[None]] = {}
        for each in reversed(self._children.values()):  # users come after what they need, so first here
            tasks[each.name] = asyncio.create_task(stop_after_users(each))
        await asyncio.gather(*tasks.values())

    def _changed(self) -> None:
        self._on_change({name: each.record for name, each in self._children.items()})

    def _fail(self, error: CannotStartError) -> None:
        if not self._failure.done():
            self._failure.set_result(error)


class _Child:
    """One child over all its starts."""

    def __init__(
        self,
        launch: Launch,
        log: ChildLog,
        needs: Sequence[_Child],
        policy: SupervisionPolicy,
        *,
        changed: Callable[[], None],
        failed: Callable[[CannotStartError], None],
    ) -> None:
        self.launch = launch
        self.record = ChildRecord(ChildState.WAITING)
        self.ready = asyncio.Event()
        self._log = log
        self._needs = needs
        self._policy = policy
        self._changed = changed
        self._failed = failed
        self._stopping = asyncio.Event()
        self._process: ShimProcess | None = None
        self._output = bytearray()  # of the current start, until it is ready

    @property
    def name(self) -> str:
        return self.launch.name

    async def keep(self) -> None:
        """Starts the child, and again each time it ends, until it is stopped or cannot be started."""
        for needed in self._needs:
            await self._unless_stopping(needed.ready.wait())
        failed_starts, delay = 0, self._policy.first_delay_seconds
        while not self._stopping.is_set():
            started = time.monotonic()
            was_ready, problem = await self._run_once()
            if self._stopping.is_set():
                break
            if time.monotonic() - started > self._policy.steady_seconds:
                delay = self._policy.first_delay_seconds
            failed_starts = 0 if was_ready else failed_starts + 1
            if problem.final or failed_starts >= self._policy.failed_starts:
                self._give_up(problem, failed_starts)
                return
            self._set(ChildState.RESTARTING, pid=None, restarts=self.record.restarts + 1)
            await self._unless_stopping(asyncio.sleep(delay))
            delay = min(delay * 2, self._policy.longest_delay_seconds)
        self._set(ChildState.STOPPED, pid=None)

    async def stop(self) -> None:
        """Ends the child: its stop signal, then after its grace a kill. Returns when it is gone."""
        self._stopping.set()
        if self._process is not None:
            await self._end(self._process)

    def close(self) -> None:
        """Closes the log, when the child has been stopped for good."""
        self._log.close()

    async def _run_once(self) -> tuple[bool, _Problem]:
        """One start to its end: whether it was ready in between, and what ended it."""
        self._set(ChildState.STARTING, pid=None)
        self._output.clear()
        try:
            if self.launch.prepare is not None:
                await asyncio.to_thread(self.launch.prepare)
            process = await ShimProcess.start(self.launch, on_pid=self._note_pid, on_output=self._note_output)
        except CannotStartError as error:
            return False, _Problem(str(error), final=False)
        except OSError as error:
            return False, _Problem(f"{error.strerror}: {error.filename}", final=False)
        self._process = process
        try:
            if self._stopping.is_set():  # since the process was asked for
                await self.stop()
            was_ready = await self._becomes_ready(process)
            if was_ready:
                self._set(ChildState.READY, pid=process.program_pid)
                self.ready.set()
            elif not process.has_ended() and not self._stopping.is_set():
                await self._end(process)
                return False, _Problem(f"not ready within {self._policy.ready_seconds:g} s", final=False)
            code = await process.wait()
        except CannotStartError as error:
            await self._end(process)
            return False, _Problem(str(error), final=True)
        except OSError as error:
            await self._end(process)
            return False, _Problem(str(error), final=False)
        finally:
            await process.clean_up()
            self._process = None
        return was_ready, _Problem(_ending(code), final=code == EXIT_CONFIGURATION)

    async def _end(self, process: ShimProcess) -> None:
        await process.stop(seconds=self.launch.stop_grace_seconds + _SHIM_MARGIN_SECONDS)

    async def _becomes_ready(self, process: ShimProcess) -> bool:
        """Waits until the child is ready; false when it ended, is to be stopped, or the time is up."""
        deadline = time.monotonic() + self._policy.ready_seconds
        while time.monotonic() < deadline and not process.has_ended() and not self._stopping.is_set():
            printed = self.launch.ready_line is None or self.launch.ready_line in self._output
            if printed and await asyncio.to_thread(self.launch.is_ready):
                if process.has_ended():  # so another program answered in its place
                    return False
                if self.launch.on_ready is not None:
                    await asyncio.to_thread(self.launch.on_ready)
                return True
            await self._unless_stopping(asyncio.sleep(self._policy.probe_seconds))
        return False

    def _note_pid(self, pid: int) -> None:
        self._set(self.record.state, pid=pid)

    def _note_output(self, data: bytes) -> None:
        self._log.write(data)
        if self.record.state is ChildState.STARTING and len(self._output) < _READY_LINE_BYTES:
            self._output += data

    def _give_up(self, problem: _Problem, failed_starts: int) -> None:
        self._set(ChildState.FAILED, pid=None)
        times = f" {failed_starts} times in a row" if failed_starts > 1 else ""
        self._failed(
            CannotStartError(
                "\n  ".join(
                    [
                        f"{self.name} could not be started{times}: {problem.text}; "
                        f"the end of {self._log.path}:",
                        *last_lines(self._log.path, _SHOWN_LOG_LINES),
                    ]
                )
            )
        )

    def _set(self, state: ChildState, *, pid: int | None, restarts: int | None = None) -> None:
        self.record = replace(
            self.record,
            state=state,
            pid=pid,
            restarts=self.record.restarts if restarts is None else restarts,
        )
        self._changed()

    async def _unless_stopping(self, wait: Awaitable[object]) -> None:
        """Waits for that, or until the child is to be stopped."""
        waiting = asyncio.ensure_future(wait)
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([waiting, stopping], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        stopping.cancel()


@dataclass(frozen=True, slots=True)
class _Problem:
    """Why a start came to its end."""

    text: str
    final: bool
    """True when starting again does not help."""


def _ending(code: int) -> str:
    """The shim's exit code in words: it gives 128 + the number for a program that a signal ended."""
    if code > 128:
        with contextlib.suppress(ValueError):
            return f"ended by {signal.Signals(code - 128).name}"
    return f"ended with code {code}"
