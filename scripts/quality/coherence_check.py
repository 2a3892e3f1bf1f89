"""Reads through two query processes beside commits, and looks for any answer that is not true.

    coherence_check.py [--commits 10000] [--seed N] [--json FILE] [--mutant NAME]

Writers commit extractions, amendments, analyses, disputes, resolutions, purges and moves to another company, which make
other filings stale too; after each they read with the commit's sequence as min_sequence, or without one until they see
it. Readers go from one process to the other with the client library's own floor. Meanwhile Redis is flushed, restarted,
squeezed until it evicts, and rid of all generations, and one process or the other stands still for a moment. Every
answer is held against what the store held at the state that the answer names.

Prints one line of JSON. Exit status: 0 when nothing was found wrong and the commits' visibility without a token, while
nothing was disturbed, is at most 100 ms in 99 of 100 cases; 1 else. With --mutant the query processes have a fault,
which must be found: the status is then 0 when it was, 1 when it was not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import shutil
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "performance"))

from benchmark import machine

from scripts.quality.coherence.check import CheckPlan, Outcome, check

MUTANTS = ("forget_originals", "forget_tokens", "late_changes", "skip_changes")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    usual = CheckPlan()
    parser.add_argument("--commits", type=int, default=usual.commits)
    parser.add_argument("--writers", type=int, default=usual.writers)
    parser.add_argument("--readers", type=int, default=usual.readers)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--rest", type=float, default=usual.rest_seconds, help="seconds between disturbances")
    parser.add_argument("--minutes", type=float, default=usual.longest_seconds / 60, help="at most")
    parser.add_argument("--mutant", choices=MUTANTS, help="give the query processes this fault")
    parser.add_argument("--json", type=Path, help="write the outcome here too")
    parser.add_argument("--figures", type=Path, help="write what write_benchmarks.py takes")
    given = parser.parse_args()
    plan = CheckPlan(
        commits=given.commits,
        writers=given.writers,
        readers=given.readers,
        seed=given.seed,
        rest_seconds=given.rest,
        longest_seconds=given.minutes * 60,
        mutant=given.mutant,
    )
    folder = Path(tempfile.mkdtemp(prefix="tenkay-coherence-"))
    try:
        outcome = asyncio.run(check(plan, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    told = {
        "date": datetime.now(UTC).date().isoformat(),
        "seed": plan.seed,
        "mutant": plan.mutant,
        **asdict(outcome),
        "is_good": outcome.is_good,
    }
    line = json.dumps(told)
    if given.json is not None:
        given.json.write_text(line + "\n")
    if given.figures is not None:
        given.figures.write_text(json.dumps(_figures(outcome)) + "\n")
    print(line)
    return int(outcome.is_good if plan.mutant else not outcome.is_good)


def _figures(outcome: Outcome) -> dict[str, object]:
    seen = {f"visibility_{name}_ms": value for name, value in outcome.visibility_ms.items() if name[0] != "s"}
    return {
        "suite": "coherence",
        "figures": {
            "commits": outcome.commits,
            "reads": outcome.reads,
            "seconds": round(outcome.seconds),
            "disturbances": sum(outcome.disturbances.values()),
            "untrue_answers": sum(outcome.found.values()),
            "visibility_samples": outcome.visibility_ms["samples"],
            **seen,
        },
        "notes": list(outcome.examples),
        "machine": machine(),
        "command": shlex.join(["python", "scripts/quality/coherence_check.py", *sys.argv[1:]]),
        "date": datetime.now(UTC).date().isoformat(),
    }


if __name__ == "__main__":
    raise SystemExit(main())
