"""What `tenkay up`, `down`, `status` and `logs` do."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tenkay.stack.child_log import LogLine, follow, last_lines
from tenkay.stack.errors import CannotStartError, NotRunningError, StackError, WrongOptionError
from tenkay.stack.options import StackOptions
from tenkay.stack.stack_file import ChildRecord, ChildState, StackFile, StackLock, is_running

Say = Callable[[str], None]
"""Takes a line for a person."""

_POLL_SECONDS = 0.05
_DETACHED_START_SECONDS = 180.0
_DOWN_SECONDS = 60.0
_SUPERVISOR_LOG = "supervisor"


def up(options: StackOptions, *, detach: bool = False, say: Say = print) -> int:
    """Starts a stack. Without `detach` it runs until SIGINT, SIGTERM or SIGHUP; with it, returns when all is ready.

    Returns:
        0: it was stopped in order; detached, it is ready.

    Raises:
        StackError: it cannot be started, or runs already; nothing of it is left running.
    """
    options.check()
    if detach:
        return _up_detached(options, say)
    lock = StackLock(options.var_dir)
    try:
        asyncio.run(_Foreground(options, say).run())
    finally:
        lock.release()
    return 0


def down(var_dir: Path, *, say: Say = print) -> None:
    """Stops the stack that runs in this folder and waits until it is gone.

    Raises:
        NotRunningError: none does.
        StackError: it does not end.
    """
    running = _running(var_dir)
    with suppress(ProcessLookupError):
        os.kill(running.supervisor_pid, signal.SIGTERM)
    deadline = time.monotonic() + _DOWN_SECONDS
    while is_running(var_dir):
        if time.monotonic() > deadline:
            raise StackError(
                f"the stack in {var_dir} does not end: see {_log_path(var_dir, _SUPERVISOR_LOG)}, "
                f"or end process {running.supervisor_pid} with SIGKILL, which leaves nothing running"
            )
        time.sleep(_POLL_SECONDS)
    say(f"the stack in {var_dir} is down")


def status(var_dir: Path) -> StackFile:
    """What the stack in this folder tells about itself.

    Raises:
        NotRunningError: none runs.
    """
    return _running(var_dir)


def logs(
    var_dir: Path, children: Sequence[str] = (), *, lines: int = 20, following: bool = False
) -> Iterator[LogLine]:
    """The last lines of the children's logs (of all children when none is named), and with `following` those that
    come until the stack ends. The supervisor's own, of a detached stack, goes by the name "supervisor".

    Raises:
        StackError: there is no log of that name.
    """
    known = sorted(path.stem for path in (var_dir / "log").glob("*.log"))
    unknown = sorted(set(children) - set(known))
    if unknown or not known:
        raise WrongOptionError(
            f"there is no log of {unknown[0]}; there are: {', '.join(known)}"
            if known
            else f"there are no logs in {var_dir / 'log'}: no stack has run there"
        )
    paths = [(name, _log_path(var_dir, name)) for name in children or known]
    for name, path in paths:
        for text in last_lines(path, lines):
            yield LogLine(name, text)
    if following:
        yield from follow(paths, until=lambda: not is_running(var_dir))


def _up_detached(options: StackOptions, say: Say) -> int:
    log = _log_path(options.var_dir, _SUPERVISOR_LOG)
    log.parent.mkdir(parents=True, exist_ok=True)
    StackLock(options.var_dir).release()  # so that "already running" is said here, not in a log
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "tenkay.stack.commands", json.dumps(options.to_json())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        code = _wait_until_ready(supervisor, options.var_dir)
    except BaseException:  # Ctrl-C too: what was not seen to be ready is not left running unseen
        supervisor.terminate()
        supervisor.wait()
        raise
    if code is not None:
        raise CannotStartError(
            "\n".join(last_lines(log, 8)) or f"the supervisor ended with code {code}: see {log}"
        )
    supervisor.returncode = 0  # it is meant to outlive this object, which would complain
    say(f"the stack in {options.var_dir} is up (process {supervisor.pid}); `tenkay down` stops it")
    return 0


def _wait_until_ready(supervisor: subprocess.Popen[bytes], var_dir: Path) -> int | None:
    """None once the stack is ready; the supervisor's exit code when it ended before that."""
    deadline = time.monotonic() + _DETACHED_START_SECONDS
    while (code := supervisor.poll()) is None:
        file = StackFile.read(var_dir)
        if file is not None and file.supervisor_pid == supervisor.pid and file.is_ready:
            return None
        if time.monotonic() > deadline:
            raise CannotStartError(
                f"the stack was not ready within {_DETACHED_START_SECONDS:g} s: "
                f"see {_log_path(var_dir, _SUPERVISOR_LOG)}"
            )
        time.sleep(_POLL_SECONDS)
    return code


class _Foreground:
    """A stack from its start to its end."""

    def __init__(self, options: StackOptions, say: Say) -> None:
        self._options = options
        self._say = say
        self._started = time.monotonic()
        self._stop = asyncio.Event()
        self._shown: dict[str, ChildState] = {}
        self._file = StackFile(
            supervisor_pid=os.getpid(), started_at=datetime.now(UTC).isoformat(timespec="milliseconds")
        )

    async def run(self) -> None:
        # Here, not at the top: `tenkay down` and `status` need none of it.
        from tenkay.stack.keys import StackKeys
        from tenkay.stack.launches import plan, port_names
        from tenkay.stack.ports import choose_ports
        from tenkay.stack.supervisor import Supervisor

        options = self._options
        before = self._ports_before()
        ports = choose_ports(port_names(options), given=options.ports, before=before)
        keys = StackKeys.load_or_make(options.var_dir / "keys.json")
        stack = plan(options, ports, keys)
        self._file = replace(
            self._file,
            addresses=stack.addresses,
            metrics=stack.metrics,
            urls=stack.urls,
            otlp_endpoint=options.otlp_endpoint,
            ports={**before, **ports},
        )
        self._write()
        supervisor = Supervisor(stack.launches, options.var_dir / "log", on_change=self._on_change)
        loop = asyncio.get_running_loop()
        with ExitStack() as handlers:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._ask_to_stop)
                handlers.callback(loop.remove_signal_handler, number)
            await supervisor.run(self._stop, on_ready=self._on_ready)
        self._file = replace(self._file, is_ready=False)
        self._write()
        self._say("the stack is down")

    def _ports_before(self) -> Mapping[str, int]:
        with suppress(StackError):  # a damaged file costs nothing but the old ports
            before = StackFile.left_behind(self._options.var_dir)
            return {} if before is None else before.ports
        return {}

    def _ask_to_stop(self) -> None:
        if self._stop.is_set():
            # Asked again: leave at once. The shims see this process go, and end what is left.
            os._exit(130)
        self._say("stopping; once more to leave at once")
        self._stop.set()

    def _on_change(self, children: Mapping[str, ChildRecord]) -> None:
        self._file = replace(self._file, children=children)
        self._write()
        for name, child in children.items():
            if self._shown.get(name) is not child.state:
                self._shown[name] = child.state
                if child.state in (ChildState.READY, ChildState.RESTARTING, ChildState.STOPPED):
                    self._say(f"{time.monotonic() - self._started:6.2f} s  {name} {child.state}")

    def _on_ready(self) -> None:
        self._file = replace(self._file, is_ready=True)
        self._write()
        self._say(f"{time.monotonic() - self._started:6.2f} s  all ready; Ctrl-C stops the stack")

    def _write(self) -> None:
        try:
            self._file.write(self._options.var_dir)
        except OSError as error:
            # A full disk is no reason to end what runs; a new stack would not have got this far.
            self._say(f"cannot write {self._options.var_dir / 'stack.json'}: {error.strerror}")


def _running(var_dir: Path) -> StackFile:
    file = StackFile.read(var_dir)
    if file is None:
        raise NotRunningError(f"no stack is running in {var_dir}: `tenkay up` starts one")
    return file


def _log_path(var_dir: Path, name: str) -> Path:
    return var_dir / "log" / f"{name}.log"


def _main() -> int:
    """The supervisor of a detached stack: python -m tenkay.stack.commands OPTIONS-AS-JSON"""
    try:
        return up(StackOptions.from_json(json.loads(sys.argv[1])), say=lambda line: print(line, flush=True))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(_main())
