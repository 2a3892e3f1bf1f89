"""TCP ports on loopback for the stack's servers."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Mapping

from tenkay.stack.errors import CannotStartError, WrongOptionError

LOOPBACK = "127.0.0.1"

# Below the ports that the kernel gives to outgoing connections: one of those could take the port of a server that is
# down for a moment.
_RANGE = range(20_000, 32_768)
_TRIES = 200


def free_port(preferred: int | None = None) -> int:
    """A port that nothing listens on: the preferred one where it is free."""
    if preferred is not None and _is_free(preferred):
        return preferred
    for _ in range(_TRIES):
        port = random.choice(_RANGE)  # noqa: S311 (spreads stacks that start at once, hides nothing)
        if _is_free(port):
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


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: a port whose last connections are still being forgotten is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError):
            return False
        return True
