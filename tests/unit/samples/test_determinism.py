from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from samples.__main__ import main

ROOT = Path(__file__).parents[3]


def _digest(directory: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in directory.rglob("*") if p.is_file()):
        digest.update(path.relative_to(directory).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def test_every_run_writes_the_same_bytes_whatever_the_hash_seed_locale_and_time_zone(tmp_path: Path) -> None:
    digests = set()
    for number, (seed, zone) in enumerate((("0", "UTC"), ("4711", "Asia/Tokyo"))):
        target = tmp_path / str(number)
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}
        command = [sys.executable, "-m", "samples", "generate", str(target)]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        digests.add(_digest(target))
    assert len(digests) == 1


def test_generating_into_a_filled_directory_changes_nothing(library: Path) -> None:
    before = _digest(library)
    assert main(["generate", str(library)]) == 0
    assert _digest(library) == before


def test_a_target_that_is_a_file_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "file"
    target.write_text("mine")
    assert main(["generate", str(target)]) == 1
    assert capsys.readouterr().err.startswith(f"Could not write into {target}: ")
    assert target.read_text() == "mine"
