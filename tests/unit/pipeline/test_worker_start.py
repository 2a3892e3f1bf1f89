"""How a worker that cannot start says so."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping

SETTINGS = {
    "TENKAY_PIPELINE_BROKER_URL": "redis://127.0.0.1:1/0",
    "TENKAY_PIPELINE_PIPELINE_ADDRESS": "127.0.0.1:1",
    "TENKAY_PIPELINE_FETCHER_ADDRESS": "127.0.0.1:1",
    "TENKAY_PIPELINE_EXTRACTOR_ADDRESS": "127.0.0.1:1",
    "TENKAY_PIPELINE_ANALYZER_ADDRESS": "127.0.0.1:1",
    "TENKAY_PIPELINE_STORE_ADDRESS": "127.0.0.1:1",
    "TENKAY_PIPELINE_INSECURE": "true",
}


def start(*arguments: str, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    others = {key: value for key, value in os.environ.items() if not key.startswith("TENKAY_")}
    return subprocess.run(
        [sys.executable, "-m", "tenkay_pipeline.worker", *arguments],
        env={**others, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_missing_setting_is_named_in_one_line() -> None:
    settings = {key: value for key, value in SETTINGS.items() if not key.endswith("STORE_ADDRESS")}
    ended = start("--queue", "io_bound", settings=settings)
    assert ended.returncode == 78
    assert ended.stderr == (
        "tenkay_pipeline: wrong settings: TENKAY_PIPELINE_STORE_ADDRESS: is required and not set\n"
    )


def test_a_metrics_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = start(
            "--queue",
            "io_bound",
            settings={**SETTINGS, "TENKAY_PIPELINE_WORKER_METRICS_PORT": str(port)},
        )
    assert ended.returncode == 73
    assert f"127.0.0.1:{port}" in ended.stderr


def test_an_unknown_queue_is_refused_with_the_known_ones() -> None:
    ended = start("--queue", "other", settings=SETTINGS)
    assert ended.returncode == 2
    assert "cpu_intensive" in ended.stderr
