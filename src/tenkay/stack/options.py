"""What a person may say about a local stack."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tenkay.stack.errors import WrongOptionError

DEFAULT_VAR_DIR = Path("var")
SEC_URL = "https://www.sec.gov"

_MIRROR_USER_AGENT = "Tenkay local stack@localhost"
_MIRROR_REQUESTS_PER_SECOND = 1000.0
_NEEDED_DISK_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StackOptions:
    """A local stack. Exactly one source of filings must be told: a mirror's folder, an address, or a contact."""

    var_dir: Path = DEFAULT_VAR_DIR
    """Folder of all state, logs and the stack file. Made when missing."""
    edgar_mirror: Path | None = None
    """Folder in EDGAR's layout to serve filings from."""
    edgar_url: str | None = None
    """Address of another server in EDGAR's layout."""
    user_agent: str | None = None
    """Company and contact that EDGAR is told: "Example Corp admin@example.com". Needed for sec.gov."""
    requests_per_second: float | None = None
    """Requests to the source. None: 8 as the fetcher's own default, without such care for a mirror of our own."""
    otlp_endpoint: str | None = None
    """host:port of an OTLP gRPC receiver. Then every call is traced. None: spans go nowhere."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Fixed ports by what they are for. The others are free ones, the same as last time where those are free."""
    log_level: str = "info"
    """Lowest level that the services log."""

    @property
    def source_url(self) -> str | None:
        """The source's address. None: the mirror's, whose port is chosen later."""
        return None if self.edgar_mirror is not None else (self.edgar_url or SEC_URL)

    @property
    def declared_user_agent(self) -> str:
        """What the source is told."""
        return self.user_agent or _MIRROR_USER_AGENT

    @property
    def source_requests_per_second(self) -> float | None:
        """The limit to set. None: the fetcher's own default."""
        if self.requests_per_second is not None:
            return self.requests_per_second
        return _MIRROR_REQUESTS_PER_SECOND if self.edgar_mirror is not None else None

    def check(self) -> None:
        """Looks for what is wrong before anything is started.

        Raises:
            WrongOptionError: an option is wrong or missing; the folder cannot be used; the disk is full.
        """
        self._check_source()
        try:
            # Before the folder is made, so that a refusal leaves nothing behind.
            free = shutil.disk_usage(_nearest_existing(self.var_dir)).free
            if free >= _NEEDED_DISK_BYTES:
                self.var_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WrongOptionError(f"cannot use the folder {self.var_dir}: {error.strerror}") from error
        if free < _NEEDED_DISK_BYTES:
            raise WrongOptionError(
                f"not enough disk space in {self.var_dir.resolve()}: {free // 1024**2} MB are free, "
                f"the stack needs {_NEEDED_DISK_BYTES // 1024**2} MB: make room, or choose another folder with --var"
            )

    def to_json(self) -> dict[str, Any]:
        """The options for the supervisor of a detached stack."""
        return {
            name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> StackOptions:
        """The options back from `to_json`."""
        mirror = raw["edgar_mirror"]
        return cls(
            **{
                **raw,
                "var_dir": Path(raw["var_dir"]),
                "edgar_mirror": None if mirror is None else Path(mirror),
            }
        )

    def _check_source(self) -> None:
        if self.edgar_mirror is not None and self.edgar_url is not None:
            raise WrongOptionError("--edgar-mirror and --edgar-url exclude each other: give one of them")
        if self.edgar_mirror is not None and not self.edgar_mirror.is_dir():
            raise WrongOptionError(f"--edgar-mirror {self.edgar_mirror}: there is no such folder")
        if self.edgar_url is not None and urlsplit(self.edgar_url).scheme not in ("http", "https"):
            raise WrongOptionError(f"--edgar-url {self.edgar_url}: give an address like {SEC_URL}")
        if self.user_agent is None and self._asks_the_sec():
            raise WrongOptionError(
                'no source of filings: give --user-agent "Company contact@example.com" to ask the SEC (which wants to '
                "know who asks), --edgar-mirror DIR for a folder of filings, or --edgar-url for another server"
            )

    def _asks_the_sec(self) -> bool:
        host = urlsplit(self.source_url or "").hostname or ""
        return host == "sec.gov" or host.endswith(".sec.gov")


def _nearest_existing(folder: Path) -> Path:
    absolute = folder.absolute()
    return next(each for each in (absolute, *absolute.parents) if each.exists())
