"""Fuzzes the extractor with coverage feedback (atheris): ``make fuzz SECONDS=60`` runs every target for its share.

    fuzz_extractor.py TARGET --seconds N [--corpus DIR] [--findings DIR]

Exit status: 0 nothing found, else something was; the input that did it is in the folder of findings, and giving its
path to ``--replay`` runs it alone. Needs requirements/fuzz.txt, which `make fuzz` installs into a folder of its own.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

DICTIONARY = Path(__file__).with_name("extractor.dict")
LONGEST_RUN_SECONDS = 120
"""Wall-clock time after which one input counts as a hang, on a busy machine too."""
MOST_MEBIBYTES = 6000
"""Of the fuzzer's process, whose instrumentation keeps about half a megabyte a run where numpy is compared."""


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
        lambda data: fuzz_targets.within_its_time(target, data),
    )
    atheris.Fuzz()  # ends the process
    return 0


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
