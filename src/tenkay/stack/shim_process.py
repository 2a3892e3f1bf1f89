"""A running shim with its program, as the supervisor's event loop sees it.

The pipes are plain ones, not asyncio's: those hold back the end of a process until everybody who inherited its output
has closed it, which a program that outlives a killed shim would not do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable

import psutil

from tenkay.stack.launch import Launch, program_pid

_READ_BYTES = 64 * 1024
_LEFTOVER_SECONDS = 5.0


class ShimProcess:
    """One start of a child."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        hold: int,
        output: int,
        on_pid: Callable[[int], None],
        on_output: Callable[[bytes], None],
    ) -> None:
        self.program_pid: int | None = None
        """The program's process id, once the shim has told it."""
        self._process = process
        self._on_pid = on_pid
        self._on_output = on_output
        self._hold: int | None = hold
        self._output: int | None = output

    @classmethod
    async def start(
        cls, launch: Launch, *, on_pid: Callable[[int], None], on_output: Callable[[bytes], None]
    ) -> ShimProcess:
        """Starts it.

        Args:
            launch: what to start.
            on_pid: told the program's process id.
            on_output: told what the program prints.

        Raises:
            OSError: the shim itself cannot be started.
        """
        held, hold = os.pipe()
        output, printed = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *launch.command(),
                stdin=held,
                stdout=printed,
                stderr=printed,
                env=launch.full_environment(),
                cwd=launch.working_directory,
                start_new_session=True,  # Ctrl-C is for the supervisor alone
            )
        except BaseException:
            os.close(hold)
            os.close(output)
            raise
        finally:
            os.close(held)
            os.close(printed)
        os.set_blocking(output, False)
        started = cls(process, hold, output, on_pid, on_output)
        asyncio.get_running_loop().add_reader(output, started._read)
        return started

    def has_ended(self) -> bool:
        """Whether the shim, and with it its program, has ended."""
        return self._process.returncode is not None

    async def wait(self) -> int:
        """Waits until it has ended; its exit code: the program's, 128 + the signal that ended the program, or negative
        for a signal that ended the shim."""
        return await self._process.wait()

    def let_go(self) -> None:
        """Ends the pipe that it holds on to: it stops its program and ends."""
        if self._hold is not None:
            os.close(self._hold)
            self._hold = None

    async def stop(self, *, seconds: float) -> None:
        """Lets go of it and waits until it has ended; kills it when that takes longer."""
        self.let_go()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), seconds)
            return
        self._process.kill()
        await self._process.wait()

    async def clean_up(self) -> None:
        """After its end: kills the program that a killed shim left behind, and takes the rest of the output."""
        self.let_go()
        code = self._process.returncode
        if code is not None and code < 0 and self.program_pid is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                leftover = psutil.Process(self.program_pid)
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.program_pid, signal.SIGKILL)
                await asyncio.to_thread(psutil.wait_procs, [leftover], timeout=_LEFTOVER_SECONDS)
        while self._read():
            pass
        self._close_output()

    def _read(self) -> bool:
        """Takes what is there of the output; false when there is nothing more for now, or for good."""
        if self._output is None:
            return False
        try:
            data = os.read(self._output, _READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._close_output()
            return False
        if self.program_pid is None:
            first, _, rest = data.partition(b"\n")
            self.program_pid = program_pid(first)
            if self.program_pid is not None:
                self._on_pid(self.program_pid)
                data = rest
        if data:
            self._on_output(data)
        return True

    def _close_output(self) -> None:
        if self._output is not None:
            asyncio.get_running_loop().remove_reader(self._output)
            os.close(self._output)
            self._output = None
