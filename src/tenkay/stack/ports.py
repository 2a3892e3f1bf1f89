"""TCP ports on loopback for the stack's servers.

A port is chosen a second or so before the server that it is for listens on it. Meanwhile another stack of the same user
must not choose it too, so each process keeps a lock on what it has chosen: a byte of one file for each port, which the
system forgets with the process, and with any other close of that file in it. Ports that are given by name are taken as
they are.
"""

from __future__ import annotations

import errno
import fcntl
import os
import random
import socket
import tempfile
import threading
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from tenkay.stack.errors import CannotStartError, WrongOptionError

LOOPBACK = "127.0.0.1"

# Below the ports that the kernel gives to outgoing connections: one of those could take the port of a server that is
# down for a moment.
_RANGE = range(20_000, 32_768)
_TRIES = 200
_MOST_CLAIMED = 1000
"""Ports that a process keeps for itself; past it the oldest is anybody's again."""
_claimed: dict[int, None] = {}
"""The ports that this process has chosen, oldest first."""
_choosing = threading.Lock()


def free_port(preferred: int | None = None) -> int:
    """A port that nothing listens on and nobody has chosen: the preferred one, if only this process has, or another."""
    with _choosing:
        if preferred is not None and _take(preferred):
            return preferred
        for _ in range(_TRIES):
            port = random.choice(_RANGE)  # noqa: S311 (spreads stacks that start at once, hides nothing)
            if port not in _claimed and _take(port):
                return port
    raise CannotStartError(f"no free TCP port on {LOOPBACK} from {_RANGE[0]} to {_RANGE[-1]}")


def choose_ports(
    names: Iterable[str], *, given: Mapping[str, int], before: Mapping[str, int]
) -> dict[str, int]:
    """A port for each name: the given one, else the one it had before where that is free, else any free one.

    Raises:
        WrongOptionError: a given port is in use, or is given twice or to nothing.
    """
    wanted = list(names)
    unknown = sorted(set(given) - set(wanted))
    if unknown:
        raise WrongOptionError(f"there is no port called {unknown[0]!r}; there are: {', '.join(wanted)}")
    chosen: dict[str, int] = {}
    for name in sorted(wanted, key=lambda name: name not in given):
        if name in given:
            port = given[name]
            if port in chosen.values() or not _is_free(port):
                raise WrongOptionError(
                    f"port {port} for {name} is in use: choose another one, or end what listens on it"
                )
        else:
            earlier = before.get(name)
            port = free_port(None if earlier in chosen.values() else earlier)
            while port in chosen.values():
                port = free_port()
        chosen[name] = port
    return {name: chosen[name] for name in wanted}


def _take(port: int) -> bool:
    """Whether the port is free and chosen by no other process; then it is this one's."""
    if port in _claimed:
        return _is_free(port)
    # Claimed first: a server that another process has chosen it for may come up between the two.
    if not _claim(port):
        return False
    if not _is_free(port):
        fcntl.lockf(_claims(), fcntl.LOCK_UN, 1, port)
        return False
    _claimed[port] = None
    if len(_claimed) > _MOST_CLAIMED:
        oldest = next(iter(_claimed))
        del _claimed[oldest]
        fcntl.lockf(_claims(), fcntl.LOCK_UN, 1, oldest)
    return True


def _claim(port: int) -> bool:
    try:
        fcntl.lockf(_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return False
        raise CannotStartError(f"cannot keep ports apart in {_claims_file()}: {error.strerror}") from error
    return True


@cache
def _claims() -> int:
    """The file of this user's stacks, open for as long as the process runs: closing it would undo its locks."""
    try:
        return os.open(_claims_file(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise CannotStartError(f"cannot keep ports apart in {_claims_file()}: {error.strerror}") from error


def _claims_file() -> Path:
    return Path(tempfile.gettempdir()) / f"tenkay-ports-{os.getuid()}.lock"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: a port whose last connections are still being forgotten is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError):
            return False
        return True
