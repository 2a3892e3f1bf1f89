"""Load from `h2load`, a program in C (Debian: nghttp2-client), which takes little of the processors it shares with a
server. It knows nothing of gRPC: a failed call looks to it like a very fast success, so whoever uses it counts the
server's OKs and the bytes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class LoadRound:
    """What h2load saw."""

    calls: int
    seconds: float
    data_bytes: int
    """Of the answers' messages, with the five bytes before each."""
    latencies_ms: tuple[float, ...]
    """Of each call, in order of size."""

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds

    def percentile_ms(self, share: float) -> float:
        """The latency that this share of the calls did not exceed."""
        return self.latencies_ms[min(len(self.latencies_ms) - 1, int(len(self.latencies_ms) * share))]


def is_installed() -> bool:
    """Whether there is an h2load to run."""
    return shutil.which("h2load") is not None


def write_request(path: Path, message: bytes) -> None:
    """The body of a unary call, as gRPC frames it."""
    path.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)


def load(address: str, method: str, request: Path, *, calls: int, in_flight: int, folder: Path) -> LoadRound:
    """Makes so many calls, so many at once over CONNECTIONS connections. RuntimeError when HTTP/2 itself failed."""
    log = folder / "h2load.log"
    log.unlink(missing_ok=True)
    told = subprocess.run(
        [
            "h2load",
            f"--requests={calls}",
            f"--clients={CONNECTIONS}",
            f"--max-concurrent-streams={in_flight // CONNECTIONS}",
            f"--data={request}",
            f"--log-file={log}",
            "--header=content-type: application/grpc",
            "--header=te: trailers",
            f"http://{address}{method}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    finished = _number(r"finished in ([\d.]+)(us|ms|s|m)?,", told)
    succeeded = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", told)
    data = re.search(r"\((\d+)\) data", told)
    if succeeded is None or data is None or succeeded.groups() != (str(calls), "0", "0", "0"):
        raise RuntimeError(f"h2load: {told}")
    # Start (microseconds since 1970), HTTP status, microseconds up to the end of the answer.
    latencies = sorted(int(line.split("\t")[2]) / 1000 for line in log.read_text().splitlines())
    return LoadRound(calls, finished, int(data[1]), tuple(latencies))


_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"h2load: {text}")
    return float(found[1]) * _SECONDS[found[2] or "s"]
