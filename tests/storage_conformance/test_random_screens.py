"""Random filters over filings with all that can be missing: each page is the reference's, at every moment asked for."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest

from tenkay.errors import TenkayError
from tenkay_store.domain import filter as filters
from tenkay_store.domain.filter import TypedExpression
from tenkay_store.domain.records import Dispute, Purge
from tenkay_store.domain.selections import AggregateSelection, GroupBy, Position, Screen
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment
from tenkay_store.primary import duckdb_reads as reads
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.wire.commit_messages import extraction_record
from tests.storage_conformance.reference_store import ReferenceStore
from tests.unit.store.conftest import Clock, options
from tests.unit.store.filings import Value, accession_number, analysis_to_commit, extraction

FILINGS = 24
SIGNALS = ("revenue", "margin", "going_concern", "opinion", "mixed")
FIRST_DAY = date(2024, 1, 1)
OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
COMPARISONS = (
    *(f"signals.revenue {operator} 3" for operator in OPERATORS),
    *(f"signals.margin {operator} 0.5" for operator in OPERATORS),
    *(f"signals.mixed {operator} 2" for operator in OPERATORS),
    "signals.going_concern = true",
    "signals.going_concern != true",
    'signals.opinion = "CLEAN"',
    'signals.opinion != "CLEAN"',
    "signals.mixed = true",
    'signals.mixed != "ADVERSE"',
    *(f"filed_date {operator} 2024-01-03" for operator in OPERATORS),
    'form_type = "10-K"',
    "cik > 3",
    "rating = WEAK",
    "score > 40",
    "flags:going_concern",
)


def a_filter(choice: Random, depth: int = 3) -> str:
    """Some comparisons, joined and negated."""
    kind = choice.randrange(5) if depth else 0
    if kind < 2:
        return choice.choice(COMPARISONS)
    if kind == 2:
        return f"NOT ({a_filter(choice, depth - 1)})"
    word = " AND " if kind == 3 else " OR "
    return f"({word.join(a_filter(choice, depth - 1) for _ in range(choice.randint(2, 3)))})"


async def fill(store: AnalyticalStore, choice: Random) -> None:
    """Filings, newer versions and analyses of some, values that are missing, disputed or purged."""
    for number in (*range(FILINGS), *choice.sample(range(FILINGS), 6)):
        values: dict[str, Value] = {
            "revenue": str(choice.randint(1, 5)),
            "margin": choice.choice((0.25, 0.5, 0.75)),
            "going_concern": choice.random() < 0.5,
            "opinion": choice.choice(("CLEAN", "ADVERSE")),
            "mixed": choice.choice((1.0, 2.0, 3.0, True, False, "CLEAN", "ADVERSE")),
        }
        for name in SIGNALS:
            if choice.random() < 0.2:
                del values[name]
        day = choice.randrange(6)
        message = extraction(
            accession_number(number),
            cik=None if number % 11 == 5 else number % 7 + 1,
            form_type=choice.choice(("10-K", "10-Q")),
            filed=None if day == 5 else FIRST_DAY + timedelta(days=day),
            accepted=None if choice.random() < 0.1 else datetime(2024, 1, 1 + day, 12, tzinfo=UTC),
            code_version=str(choice.random()),
            currency=choice.choice(("USD", "USD", "EUR")),
            signals=values,
        )
        await store.commit(extraction_record(message))
        if choice.random() < 0.5:
            await store.commit(analysis_to_commit(message, score=choice.choice((38.5, 61.0))))
        if values and choice.random() < 0.3:
            disputed = choice.choice(sorted(values))
            await store.dispute(
                Dispute(accession_number(number), None, disputed, True, "OTHER", "somebody", "note")
            )
    await store.purge([Purge(accession_number(choice.randrange(FILINGS)), "somebody", "for a reason")])


@asynccontextmanager
async def both_filled(seed: int) -> AsyncIterator[tuple[DuckDBStore, ReferenceStore]]:
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="tenkay-screens-") as folder:
        ours, reference = DuckDBStore.open(options(Path(folder)), clock), ReferenceStore(clock)
        try:
            await fill(ours, Random(seed))  # noqa: S311 - the same each time
            await fill(reference, Random(seed))  # noqa: S311
            if seed % 2:
                ours._segment_rows = 1
                await ours.sort_segments()
            yield ours, reference
        finally:
            await ours.close()


async def _pages(store: AnalyticalStore, screen: Screen, moment: Moment, limit: int) -> list[object]:
    """All pages, or the reason why there are none."""
    found: list[object] = []
    after: Position | None = None
    try:
        while True:
            page = await store.screen_filings(screen, moment, after, limit)
            found.append(page)
            after = page.next_position
            if after is None:
                return found
    except TenkayError as error:
        return [error.reason, error.metadata]


async def _table(
    store: AnalyticalStore, expression: TypedExpression | None, moment: Moment
) -> Sequence[object]:
    """Figures and an export of what meets the filter."""
    found: list[object] = []
    for signal in ("margin", "mixed"):
        selection = AggregateSelection(signal, expression, "USD", (GroupBy.FORM,), (0.5,))
        try:
            found.append(await store.aggregate(selection, moment))
        except TenkayError as error:
            found.append((error.reason, error.metadata))
    parts = [part async for part in store.export(Screen(expression, "USD", ("margin", "mixed")), moment)]
    return [*found, pa.ipc.open_stream(b"".join(parts)).read_all().to_pylist()]


@pytest.mark.parametrize("seed", range(int(os.environ.get("TENKAY_TEST_SCREENS", "2"))))
async def test_random_filters_are_answered_as_by_the_reference(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TENKAY_TEST_SCREENS sets over how many fillings there are, each with filters of its own."""
    if seed % 2:
        # As in a store with so many filings that a page is joined with them.
        monkeypatch.setattr(reads, "MOST_COMPARED", 0)
    choice = Random(1000 + seed)  # noqa: S311 - the same each time
    met = 0
    async with both_filled(seed) as stores:
        head = stores[0].head
        assert stores[1].head == head
        known_at = datetime(2024, 1, 3, 18, tzinfo=UTC)
        for number in range(40):
            text = a_filter(choice)
            moment = choice.choice((Moment(head), Moment(head // 2), Moment(head, known_at)))
            currency = choice.choice(("", "USD", "EUR"))
            shown = tuple(choice.sample(SIGNALS, choice.randint(0, 2)))
            expression = filters.parse(text)
            assert expression is not None
            resolved = filters.resolve(expression, stores[0].signal_types)
            screen = Screen(resolved, currency, shown)
            ours, expected = [await _pages(each, screen, moment, limit=3) for each in stores]
            assert ours == expected, f"{text} {currency} {moment}"
            met += len(expected) > 1
            if number % 8 == 0:
                ours_table, expected_table = [await _table(each, resolved, moment) for each in stores]
                assert ours_table == expected_table, f"{text} {moment}"
    assert met > 10
