"""The libraries that Tenkay's extractor is compared with, each in a process and an environment of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / "build" / "peers"
"""Where `make peers` puts them."""


class PeerEndedError(Exception):
    """The peer's process is gone: it broke, or its time was up."""


class PeerProcess:
    """One peer, warm. Use as a context manager; it is killed `seconds` after its start."""

    def __init__(self, name: str, seconds: float) -> None:
        home = ENVIRONMENTS / name / "home"
        home.mkdir(exist_ok=True)
        self._process = subprocess.Popen(
            [ENVIRONMENTS / name / "bin" / "python", Path(__file__).with_name("peer.py"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(home), "PYTHONPATH": ""},
        )
        self._timer = threading.Timer(seconds, self._process.kill)
        self._timer.daemon = True
        self._timer.start()
        self._loaded = False

    @staticmethod
    def is_installed(name: str) -> bool:
        """True when `make peers` has made its environment."""
        return (ENVIRONMENTS / name / ".installed").exists()

    def __enter__(self) -> PeerProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._process.wait()

    def cpu_seconds(self, content: bytes, form: str) -> float | None:
        """CPU time the peer takes for this HTML document; None when it fails on it. Raises PeerEndedError."""
        stream = self._process.stdin
        if stream is None:
            raise PeerEndedError("no pipe")
        try:
            if not self._loaded:
                self._answer()
                self._loaded = True
            stream.write(json.dumps({"form": form, "bytes": len(content)}).encode() + b"\n" + content)
            stream.flush()
        except OSError as error:
            raise PeerEndedError(str(error)) from error
        answer = self._answer()
        return answer.get("cpu_seconds")

    def _answer(self) -> dict[str, float]:
        line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            raise PeerEndedError("the process has ended")
        answer: dict[str, float] = json.loads(line)
        return answer
