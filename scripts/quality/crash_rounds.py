"""Kills a store again and again under concurrent writers, and counts what was lost, torn or doubled.

    crash_rounds.py [--rounds 200] [--seed N] [--keep DIR]

A round is one store process after another on one data directory, killed by SIGKILL at a named failpoint of the store's
code, at any moment, while it starts, or while a delivery is held up; real Postgres behind the gateway is its second
sink. Twelve writers commit, analyse, purge and send again; what they were answered is kept outside of the store. Then
both databases are read and compared (`store_crashes/checks.py`).

Prints one line of JSON, after an interrupt too. A round follows from its seed: `--rounds 1 --seed THAT` runs it alone.
Exit status: 0 when nothing was found wrong, 1 else.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import asyncpg

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.quality.store_crashes.checks import Fault
from scripts.quality.store_crashes.rounds import KILLS, Kill, Outcome, run
from scripts.quality.store_crashes.second_sink import SecondSink
from tenkay.stack.keys import StackKeys
from tenkay.stack.launch import running
from tenkay.stack.migrations import migrate, migrations_folder, read_migrations
from tenkay.stack.postgres import PostgresFolders, postgres
from tenkay.stack.rest_gateway.process import DATABASE_ROLE

KILLS_A_ROUND = 2
DATABASE = "tenkay"
SHOWN_FINDINGS = 10


def main() -> int:
    """Runs the rounds, and prints what became of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument(
        "--seed", type=int, help="of the first round; the next ones count on; default: chance"
    )
    parser.add_argument(
        "--keep", type=Path, help="folder for the files of rounds in which something was wrong"
    )
    given = parser.parse_args()
    seed = random.randrange(10**9) if given.seed is None else given.seed  # noqa: S311 - chance, not a secret
    # Not below a home directory: Postgres may run as another user.
    folder = Path(tempfile.mkdtemp(prefix="tenkay-crashes-"))
    folder.chmod(0o755)
    outcomes: list[Outcome] = []
    try:
        folders = PostgresFolders.under(folder / "postgres")
        with running(postgres(folders), folder / "postgres.log"), contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_rounds(range(seed, seed + given.rounds), folders, folder, given.keep, outcomes))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({"seed": seed, **summary(outcomes)}))
    return 1 if any(each.findings for each in outcomes) else 0


def kills_of(seed: int) -> Sequence[Kill]:
    """How the lives of a round end: rounds of consecutive seeds go through all there are."""
    first = seed * KILLS_A_ROUND
    return [KILLS[number % len(KILLS)] for number in range(first, first + KILLS_A_ROUND)]


def summary(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Counts over all rounds."""
    found = Counter(fault for each in outcomes for fault, _ in each.findings)
    hits = Counter(life.kill for each in outcomes for life in each.kills if life.hit)
    return {
        "rounds": len(outcomes),
        "seconds": round(sum(each.seconds for each in outcomes)),
        "answers": sum(each.answers for each in outcomes),
        "commits_in_the_end": sum(each.commits for each in outcomes),
        "kills": {str(kill): hits[kill] for kill in KILLS},
        "overtaken_deliveries": sum(each.overtaken for each in outcomes),
        "gateway_restarts": sum(each.gateway_restarts for each in outcomes),
        "found": {str(fault): found[fault] for fault in Fault},
        "seeds_of_bad_rounds": [each.seed for each in outcomes if each.findings],
    }


async def _rounds(
    seeds: Iterable[int],
    folders: PostgresFolders,
    folder: Path,
    keep: Path | None,
    outcomes: list[Outcome],
) -> None:
    connection = await asyncpg.connect(folders.url())
    await connection.execute(f"create database {DATABASE}")
    await connection.close()
    connection = await asyncpg.connect(folders.url(database=DATABASE))
    await migrate(connection, read_migrations(migrations_folder()))
    await connection.close()
    async with SecondSink(
        folders.url(database=DATABASE), folders.url(DATABASE_ROLE, DATABASE), StackKeys.make(), folder
    ) as sink:
        for number in seeds:
            of_round = folder / f"round-{number}"
            of_round.mkdir()
            outcome = await run(number, kills_of(number), sink, of_round)
            outcomes.append(outcome)
            _tell(outcome)
            if outcome.findings and keep is not None:
                await asyncio.to_thread(shutil.copytree, of_round, keep / of_round.name, dirs_exist_ok=True)
            await asyncio.to_thread(shutil.rmtree, of_round)


def _tell(outcome: Outcome) -> None:
    kills = ", ".join(f"{life.kill}{'' if life.hit else ' (not reached)'}" for life in outcome.kills)
    wrong = f"{len(outcome.findings)} findings" if outcome.findings else "ok"
    print(
        f"seed {outcome.seed}: {kills}: {outcome.answers:,} answers, {outcome.seconds:.1f} s: {wrong}",
        file=sys.stderr,
        flush=True,
    )
    for fault, words in outcome.findings[:SHOWN_FINDINGS]:
        print(f"  {fault}: {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
