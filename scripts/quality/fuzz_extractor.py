"""Fuzzes the extractor with coverage feedback (atheris): ``make fuzz SECONDS=60`` runs every target for its share.

    fuzz_extractor.py TARGET --seconds N [--corpus DIR] [--findings DIR]

Exit status: 0 nothing found, else something was; the input that did it is in the folder of findings, and giving its
path to ``--replay`` runs it alone. Needs requirements/fuzz.txt, which `make fuzz` installs into a folder of its own.
"""

from __future__ import annotations

import argparse
import operator
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

DICTIONARY = Path(__file__).with_name("extractor.dict")
LONGEST_RUN_SECONDS = 120
"""Wall-clock time after which one input counts as a hang, on a busy machine too."""
MOST_MEBIBYTES = 1500
"""Of the fuzzer's process."""


def main() -> int:
    arguments = _arguments()
    if arguments.replay is not None:
        from scripts.quality import fuzz_targets

        for path in arguments.replay:
            fuzz_targets.within_its_time(fuzz_targets.TARGETS[arguments.target], path.read_bytes())
        return 0
    import atheris

    with atheris.instrument_imports(include=["tenkay_extractor"], enable_loader_override=False):
        from scripts.quality import fuzz_targets
    corpus: Path = arguments.corpus / arguments.target
    corpus.mkdir(parents=True, exist_ok=True)
    for name, content in fuzz_targets.seeds():
        (corpus / f"seed-{name}").write_bytes(content)
    arguments.findings.mkdir(parents=True, exist_ok=True)
    target = fuzz_targets.TARGETS[arguments.target]

    def run(data: bytes) -> None:
        if not isinstance(atheris._trace_cmp, FunctionType):  # `Fuzz` has put its own there
            atheris._trace_cmp = _arrays_apart(atheris._trace_cmp)
        fuzz_targets.within_its_time(target, data)

    atheris.Setup(
        [
            sys.argv[0],
            str(corpus),
            f"-max_total_time={arguments.seconds}",
            f"-max_len={fuzz_targets.LONGEST_INPUT}",
            f"-timeout={LONGEST_RUN_SECONDS}",
            f"-rss_limit_mb={MOST_MEBIBYTES}",
            f"-dict={DICTIONARY}",
            f"-artifact_prefix={arguments.findings}/{arguments.target}-",
            "-print_final_stats=1",
            "-len_control=20",
        ],
        run,
    )
    atheris.Fuzz()  # ends the process
    return 0


_COMPARISONS = (operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge)
"""By the number that a comparison has in Python's bytecode, and in atheris."""


def _arrays_apart(trace: Callable[..., object]) -> Callable[..., object]:
    """The function that instrumented code compares with, but for arrays.

    atheris 3.0 keeps a reference to what a comparison gives, for good. That is True or False, except of arrays, of
    which an input left half a megabyte behind. From arrays it can learn nothing.
    """

    def compare(left: Any, right: Any, operation: int, *rest: object) -> object:
        if type(left) is np.ndarray or type(right) is np.ndarray:
            return _COMPARISONS[operation](left, right)
        return trace(left, right, operation, *rest)

    return compare


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=("splitter", "facts", "sections", "extraction"))
    parser.add_argument("--seconds", type=int, default=60, help="how long to run")
    parser.add_argument("--corpus", type=Path, default=ROOT / "build" / "fuzz-corpus")
    parser.add_argument("--findings", type=Path, default=ROOT / "build" / "fuzz-findings")
    parser.add_argument("--replay", type=Path, nargs="+", help="run these inputs alone, without atheris")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
