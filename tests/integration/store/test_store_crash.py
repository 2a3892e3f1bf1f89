"""SIGKILL of the store under concurrent writers: nothing acknowledged is lost, nothing is torn, nothing is double."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from tenkay.client.store import AsyncFilingStoreClient
from tenkay.common.v1 import analysis_pb2, extraction_pb2
from tenkay.errors import TenkayError
from tests.integration.store.store_process import StoreProcess
from tests.unit.store.filings import accession_number, analysis, extraction

ROUNDS = 4
WRITERS = 16
Message = extraction_pb2.Extraction | analysis_pb2.Analysis


@dataclass
class Writers:
    """Commits made-up filings, their next versions and analyses, and remembers what was acknowledged."""

    random: random.Random
    acknowledged: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Sequence and version by result key."""
    sent: dict[str, Message] = field(default_factory=dict)
    """By result key, acknowledged or not."""
    count: int = 0

    async def write(self, client: AsyncFilingStoreClient) -> None:
        """Until the store is gone."""
        while True:
            self.count += 1
            accession = accession_number(self.count)
            for code_version in ("1", "2")[: self.random.choice((1, 1, 2))]:
                company = self.random.randrange(50) + 1
                message = extraction(accession, cik=company, code_version=code_version)
                await self.commit(client, message)
                if self.random.random() < 0.5:
                    await self.commit(client, analysis(message))

    async def commit(self, client: AsyncFilingStoreClient, message: Message) -> bool:
        """Commit one; True when it was new."""
        self.sent[message.result_key] = message
        if isinstance(message, extraction_pb2.Extraction):
            outcome = (await client.commit_extraction(extraction=message, timeout=10)).outcome
        else:
            outcome = (await client.commit_analysis(analysis=message, timeout=10)).outcome
        first = self.acknowledged.setdefault(message.result_key, (outcome.sequence, outcome.version))
        assert first == (outcome.sequence, outcome.version)
        return outcome.changed


@pytest.mark.timeout(120)
async def test_sigkill_under_concurrent_writers_loses_tears_and_doubles_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**9)  # noqa: S311 - chance, not a secret
    print(f"seed {seed}")
    writers = Writers(random.Random(seed))  # noqa: S311
    # A small log, so that some kills meet a checkpoint.
    environment = {
        "TENKAY_STORE_GROUP_WINDOW_SECONDS": "0.005",
        "TENKAY_STORE_CHECKPOINT_WAL_BYTES": str(1024 * 1024),
    }
    for _ in range(ROUNDS):
        process = StoreProcess(tmp_path, environment)
        async with process.filings as client:
            await _every_acknowledged_commit_is_there(writers, client)
            tasks = [asyncio.create_task(writers.write(client)) for _ in range(WRITERS)]
            await asyncio.sleep(writers.random.uniform(0.2, 0.8))
            process.kill()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(error, TenkayError) for error in ended), ended
    assert len(writers.acknowledged) > ROUNDS * WRITERS
    with StoreProcess(tmp_path, environment) as process:
        async with process.filings as client:
            await _every_acknowledged_commit_is_there(writers, client)
            # What was cut off may be there or not; sending it again ends in the same state.
            for key in writers.sent.keys() - writers.acknowledged.keys():
                message = writers.sent[key]
                if (
                    isinstance(message, extraction_pb2.Extraction)
                    or message.extraction_key in writers.acknowledged
                ):
                    await writers.commit(client, message)
    _nothing_is_torn_or_double(tmp_path / "data" / "tenkay.duckdb", writers)


async def _every_acknowledged_commit_is_there(writers: Writers, client: AsyncFilingStoreClient) -> None:
    keys = list(writers.acknowledged)
    again = await asyncio.gather(*(writers.commit(client, writers.sent[key]) for key in keys))
    assert not any(again)


def _nothing_is_torn_or_double(file: Path, writers: Writers) -> None:
    with duckdb.connect(str(file), read_only=True) as connection:

        def one(query: str) -> int:
            row = connection.execute(query).fetchone()
            assert row is not None
            return int(row[0])

        commits = one("SELECT count(*) FROM filings") + one("SELECT count(*) FROM analyses")
        assert commits == len(writers.acknowledged)
        # A version that names another company than the one before it was told to the former one just before.
        told = one(
            "SELECT count(*) FROM filings f JOIN filings n "
            "ON n.accession_number = f.accession_number AND n.version = f.version + 1 AND n.cik <> f.cik "
            "JOIN change_feed c ON c.sequence = n.sequence - 1 AND c.cik = f.cik "
            "AND c.accession_number = n.accession_number AND c.version = n.version"
        )
        moved = one(
            "SELECT count(*) FROM filings f JOIN filings n "
            "ON n.accession_number = f.accession_number AND n.version = f.version + 1 AND n.cik <> f.cik"
        )
        assert told == moved > 0
        # Sequences have no gaps, and each is of one commit or of a company left.
        changes = one("SELECT count(*) FROM change_feed")
        assert changes == commits + moved
        assert one("SELECT max(sequence) FROM change_feed") == changes
        assert one("SELECT count(DISTINCT sequence) FROM change_feed") == changes
        for table in ("filings", "analyses"):
            assert one(f"SELECT count(*) - count(DISTINCT result_key) FROM {table}") == 0  # noqa: S608
            assert (
                one(
                    f"SELECT count(*) FROM {table} t ANTI JOIN change_feed c "  # noqa: S608
                    "ON c.sequence = t.sequence AND c.version = t.version AND c.accession_number = t.accession_number"
                )
                == 0
            )
        # Every filing has all its parts, and no part is without its filing.
        for table, each in (
            ("signals", 3),
            ("evidence", 3),
            ("missing_signals", 1),
            ("sections", 2),
            ("texts", 1),
        ):
            assert (
                one(
                    "SELECT count(*) FROM filings f FULL JOIN "  # noqa: S608
                    f"(SELECT sequence, count(*) AS parts FROM {table} GROUP BY sequence) p "
                    f"ON p.sequence = f.sequence WHERE p.parts IS DISTINCT FROM {each} OR f.sequence IS NULL"
                )
                == 0
            )
        # Each older version says which one came after it.
        assert (
            one(
                "SELECT count(*) FROM filings f LEFT JOIN filings n "
                "ON n.accession_number = f.accession_number AND n.version = f.version + 1 "
                "WHERE f.superseded_by IS DISTINCT FROM n.sequence"
            )
            == 0
        )
