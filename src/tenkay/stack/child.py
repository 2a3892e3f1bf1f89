"""The shim that stands between the supervisor and every program of the local stack.

    python child.py [--stop-signal NAME] [--grace SECONDS] [--user NAME] -- PROGRAM ARGS…

It runs PROGRAM in a process group of its own (as another user with --user, for which it must be root) and
holds its own standard input, which must be a pipe to the supervisor. When that pipe ends (the supervisor
closed it, or died in whatever way), or on SIGTERM or SIGINT, it sends the stop signal to PROGRAM, waits for
the grace, kills what is left, and exits. So nothing outlives the supervisor.

The exit code is PROGRAM's, or 128 + the number of the signal that ended it. One line `pid N` goes to
standard error first: the process id of PROGRAM.

Only light modules of the standard library are imported, because the supervisor runs one shim for each of
its children: with `python -I -S` it is up in about 20 ms. On Linux the shim is also a subreaper, so it finds
processes that PROGRAM left behind in other groups, and PROGRAM gets its stop signal even when the shim
itself is killed.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence

DEFAULT_GRACE_SECONDS = 10.0
USAGE_EXIT_CODE = 64
CANNOT_START_EXIT_CODE = 127

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def command(
    program: Sequence[str],
    *,
    stop_signal: signal.Signals = signal.SIGTERM,
    grace_seconds: float = DEFAULT_GRACE_SECONDS,
    user: str | None = None,
) -> list[str]:
    """The command line that runs `program` behind a shim: start it with a pipe as standard input, keep the pipe."""
    return [
        sys.executable,
        "-I",
        "-S",
        os.path.abspath(__file__),  # noqa: PTH100 (pathlib would double the shim's start-up time)
        "--stop-signal",
        stop_signal.name,
        "--grace",
        str(grace_seconds),
        *(("--user", user) if user else ()),
        "--",
        *program,
    ]


def main(arguments: Sequence[str]) -> int:
    try:
        stop_signal, grace_seconds, user, program = _parse(arguments)
    except ValueError as error:
        print(f"{error}\n\n{__doc__}", file=sys.stderr)
        return USAGE_EXIT_CODE

    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda _number, _frame: None)

    prctl = _linux_prctl()
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    shim_pid = os.getpid()
    program_pid = os.fork()
    if program_pid == 0:
        _become(program, user, lambda: prctl(_PR_SET_PDEATHSIG, stop_signal), shim_pid)
    with contextlib.suppress(OSError):
        os.setpgid(program_pid, program_pid)  # the child does the same: whoever comes first
    print(f"pid {program_pid}", file=sys.stderr, flush=True)

    status = _wait(program_pid, wake_read, until=None)
    if status is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(program_pid, stop_signal)
        status = _wait(program_pid, wake_read, until=time.monotonic() + grace_seconds)
    _kill_group(program_pid)
    if status is None:
        _, status = os.waitpid(program_pid, 0)
    _kill_orphans()
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _parse(arguments: Sequence[str]) -> tuple[signal.Signals, float, str | None, Sequence[str]]:
    stop_signal, grace_seconds, user = signal.SIGTERM, DEFAULT_GRACE_SECONDS, None
    rest = list(arguments)
    while rest and rest[0] != "--":
        option = rest.pop(0)
        if option not in ("--stop-signal", "--grace", "--user") or not rest:
            raise ValueError(f"unknown or incomplete option {option!r}")
        value = rest.pop(0)
        if option == "--grace":
            grace_seconds = float(value)
        elif option == "--user":
            user = value
        elif value in signal.Signals.__members__:
            stop_signal = signal.Signals[value]
        else:
            raise ValueError(f"unknown signal {value!r}: give a name like SIGTERM")
    if len(rest) < 2:
        raise ValueError("no program given")
    return stop_signal, grace_seconds, user, rest[1:]


def _become(
    program: Sequence[str], user: str | None, die_with_parent: Callable[[], object], shim_pid: int
) -> None:
    """In the forked child: turns into `program`. Never returns."""
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        if user is not None:
            _switch_to(user)
        die_with_parent()  # after the switch, which would undo it
        if os.getppid() != shim_pid:  # the shim was killed before the line above
            os._exit(1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.execvp(program[0], list(program))  # noqa: S606 (an argument list, no shell)
    except OSError as error:
        os.write(2, f"cannot start {program[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(CANNOT_START_EXIT_CODE)


def _switch_to(user: str) -> None:
    import pwd

    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise OSError(0, f"there is no user {user}") from None
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def _wait(program_pid: int, wake_read: int, *, until: float | None) -> int | None:
    """The program's wait status; None when the parent is gone, a signal asks for the end, or `until` has passed."""
    stopping = until is not None
    while True:
        pid, status = _reap(program_pid)
        if pid == program_pid:
            return status
        timeout = None if until is None else until - time.monotonic()
        if timeout is not None and timeout <= 0:
            return None
        readable, _, _ = select.select([wake_read] if stopping else [wake_read, 0], [], [], timeout)
        if 0 in readable and not os.read(0, 4096):
            return None
        if wake_read in readable:
            numbers = set(os.read(wake_read, 4096))
            if not stopping and numbers & {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}:
                return None


def _reap(program_pid: int) -> tuple[int, int]:
    """Collects ended children, adopted ones too; answers (program_pid, status) once the program has ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 0, 0
        if pid in (0, program_pid):
            return pid, status


def _kill_group(program_pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(program_pid, signal.SIGKILL)


def _kill_orphans() -> None:
    """Kills what the program left behind outside its group: on Linux such processes have become our children."""
    listing = f"/proc/self/task/{os.getpid()}/children"
    while True:
        try:
            with open(listing, "rb") as children:  # noqa: PTH123
                pids = [int(pid) for pid in children.read().split()]
        except OSError:
            return
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _linux_prctl() -> Callable[[int, int], object]:
    if sys.platform != "linux":
        return lambda _option, _value: None
    import ctypes

    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda option, value: prctl(option, int(value), 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
