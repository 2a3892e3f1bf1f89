"""Random histories of commits, purges and disputes: the store answers as the reference does, at every moment of them.

Both are asked after each step, as of then and as of an earlier step, with and without `known_at`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tenkay.errors import TenkayError
from tenkay_store.domain import filter as filters
from tenkay_store.domain.company_screens import CompanyPeriod, CompanyScreen
from tenkay_store.domain.records import Delivery, DeliveryState, Dispute, Extraction, Fence, Purge
from tenkay_store.domain.selections import (
    AggregateSelection,
    DisputeSelection,
    FilingSelection,
    GroupBy,
    Screen,
    SeriesSelection,
    SeriesView,
    StaleSelection,
)
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.wire.commit_messages import analysis_record, extraction_record
from tests.storage_conformance.reference_store import ReferenceStore
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number, analysis, content_key_of, extraction, key

NUMBERS = [accession_number(number) for number in range(5)]
YEARS = dict(zip(NUMBERS, (2021, 2022, 2023, 2022, 2022), strict=True))
CIKS = (11, 12)
SCREENS = (
    "signals.current_ratio < 1.3 AND NOT signals.going_concern_doubt = true",
    "signals.revenue >= 2 OR rating = WEAK",
    'form_type = "10-K" AND (flags:going_concern OR score > 40) AND filed_date >= 2022-06-01',
)
numbers = st.sampled_from(NUMBERS)


class Clock:
    """Stands still until it is moved on, so that both stores record the same moments."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Histories(RuleBasedStateMachine):
    """Does the same to both stores."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp(prefix="tenkay-histories-"))
        self.clock = Clock()
        self.heads = [0]
        self.asked = 0

    @initialize()
    def open(self) -> None:
        async def both() -> tuple[DuckDBStore, ReferenceStore]:
            given = options(self.directory, sink="supabase", window_seconds=0)
            return DuckDBStore.open(given, self.clock), ReferenceStore(self.clock, "supabase")

        self.store, self.reference = self.runner.run(both())

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()
        shutil.rmtree(self.directory)

    @rule(
        number=numbers,
        cik=st.sampled_from((*CIKS, CIKS[0], None)),
        form=st.sampled_from(("10-K", "10-K", "10-K405", "10-K/A", "10-Q")),
        version=st.integers(1, 3),
        earlier=st.dictionaries(numbers, st.integers(1, 3), max_size=2),
        ratio=st.sampled_from((0.5, 1.25, 2.0)),
        currency=st.sampled_from(("USD", "USD", "EUR")),
        acceptance_known=st.booleans(),
        token=st.none() | st.integers(1, 3),
    )
    def extract(
        self,
        number: str,
        cik: int | None,
        form: str,
        version: int,
        earlier: dict[str, int],
        ratio: float,
        currency: str,
        acceptance_known: bool,
        token: int | None,
    ) -> None:
        year = YEARS[number]
        body = extraction_record(
            extraction(
                number,
                cik=cik,
                form_type=form,
                code_version=str(version),
                signals={
                    "current_ratio": ratio,
                    "revenue": f"{version}.50",
                    "going_concern_doubt": version == 2,
                },
                currency=currency,
                period_end=date(year, 12, 31),
                filed=date(year + 1, 2, 1),
                accepted=datetime(year + 1, 2, 1, tzinfo=UTC) if acceptance_known else None,
                section_codes=("item_7", "item_8") if version == 3 else ("item_10",),
                earlier={
                    other: content_key_of(other, str(used))
                    for other, used in earlier.items()
                    if other != number
                },
            )
        )
        fence = None if token is None else Fence("job", token)
        self.do(lambda store: store.commit(body, fence=fence))

    @rule(
        number=numbers,
        version=st.integers(1, 3),
        rules=st.integers(1, 2),
        score=st.sampled_from((38.5, 61.0)),
    )
    def analyse(self, number: str, version: int, rules: int, score: float) -> None:
        of = next((each for each in self.extractions() if each.accession_number == number), None)
        message = extraction(number, code_version=str(version))
        if of is not None:
            message.result_key = of.result_key if version > 1 else key(number)
        body = analysis_record(analysis(message, rules_version=f"{rules} {score}", score=score))
        self.do(lambda store: store.commit(body))

    @rule(number=numbers)
    def purge(self, number: str) -> None:
        self.do(lambda store: store.purge([Purge(number, "somebody", "for a reason")]))

    @rule(
        number=numbers,
        version=st.none() | st.integers(1, 3),
        signal=st.sampled_from(("current_ratio", "current_ratio", "revenue", "interest_cover")),
        is_open=st.sampled_from((True, True, False)),
    )
    def say(self, number: str, version: int | None, signal: str, is_open: bool) -> None:
        said = Dispute(number, version, signal, is_open, "OTHER" if is_open else "", "somebody", "a note")
        self.do(lambda store: store.dispute(said))

    @rule(back=st.integers(0, 3), state=st.sampled_from((DeliveryState.DURABLE, DeliveryState.DEAD)))
    def deliver(self, back: int, state: DeliveryState) -> None:
        sequence = max(1, self.store.head - back)
        delivery = Delivery(state, 1, self.clock.now if state is DeliveryState.DURABLE else None, None, "")
        self.do(lambda store: store.mark({sequence: delivery}))

    @rule()
    def sort(self) -> None:
        self.store._segment_rows = 1
        self.runner.run(self.store.sort_segments())

    @rule(days=st.integers(0, 40))
    def prune(self, days: int) -> None:
        before = self.clock.now - timedelta(days=days)
        self.do(lambda store: store.prune_changes(before))

    def extractions(self) -> list[Extraction]:
        bodies = [each.record.body for each in self.reference.filings_held]
        return [each for each in bodies if isinstance(each, Extraction)]

    def do(self, work: Callable[[AnalyticalStore], Awaitable[object]]) -> None:
        self.clock.now += timedelta(days=1)
        outcomes = [self.runner.run(_outcome(work, store)) for store in (self.store, self.reference)]
        assert outcomes[0] == outcomes[1]
        self.heads.append(self.store.head)

    @invariant()
    def answers_are_the_same(self) -> None:
        if not hasattr(self, "store"):
            return
        assert self.store.head == self.reference.head
        assert self.store.signal_types == self.reference.signal_types
        self.asked += 1
        then = self.heads[self.asked * 7 % len(self.heads)]
        known = datetime(2023, 1 + self.asked % 12, 15, tzinfo=UTC)
        day = self.clock.now - timedelta(days=self.asked * 5 % max(1, len(self.heads)), hours=self.asked % 2)
        stores: tuple[AnalyticalStore, ...] = (self.store, self.reference)
        now, earlier = Moment(self.store.head), Moment(then, known if self.asked % 2 else None)
        # Each store's own sequences: what they show is what was recorded by that day.
        recorded = [Moment(self.runner.run(each.sequence_at(day, each.head))) for each in stores]
        for moments in ([now, now], [earlier, earlier], recorded):
            answers = [
                self.runner.run(_everything(store, moment))
                for store, moment in zip(stores, moments, strict=True)
            ]
            for ours, expected in zip(*answers, strict=True):
                assert ours == expected


async def _outcome(work: Callable[[AnalyticalStore], Awaitable[object]], store: AnalyticalStore) -> object:
    try:
        done = await work(store)
    except TenkayError as error:
        return error.reason
    return list(done) if isinstance(done, list) else done


async def _everything(store: AnalyticalStore, moment: Moment) -> list[Any]:
    """The answers to all questions there are."""
    found: list[Any] = [await store.filings(NUMBERS, moment)]
    for number in NUMBERS:
        found += [
            await store.signals(number, moment),
            await store.analysis(number, moment),
            await store.disputes(DisputeSelection(number, history=True), 0, 100),
        ]
    for cik in CIKS:
        found += [
            await store.company(cik, moment),
            await store.list_stale(StaleSelection(cik), moment, 0, 100),
            await store.accession_numbers_of(cik, 10),
        ]
        if "current_ratio" in store.signal_types:
            for view in SeriesView:
                selection_of_series = SeriesSelection(cik, ("current_ratio", "revenue"), view=view)
                found.append(await store.series(selection_of_series, moment, None, 3))
    found.append(await store.signals_of(NUMBERS, moment, with_comparable_prior=True))
    if "current_ratio" in store.signal_types:
        found += [
            await store.screen_companies(
                CompanyScreen(period, signal_ids=("revenue", "current_ratio", "interest_cover")),
                moment,
                None,
                2,
            )
            for period in CompanyPeriod
        ]
    first = await store.list_filings(FilingSelection(), moment, None, 2)
    found += [
        first,
        await store.list_filings(FilingSelection(), moment, first.next_position, 5),
        await store.list_stale(StaleSelection(), moment, 0, 2),
        await store.disputes(DisputeSelection(), 0, 100),
        await store.purges(0, 100),
        await store.commit_records(range(1, store.head + 1)),
        await _outcome(lambda store: store.changes(0, 1000), store),
        await _outcome(lambda store: store.changes(max(0, store.head - 2), 1000), store),
        [entry.sequence for entry in await store.pending(0, 1000)],
        [letter.sequence for letter in await store.dead_letters(0, 1000)],
        await store.backlog(),
        await store.day_digests(date(2000, 1, 1), date(2100, 1, 1)),
        await store.commits_of_day(date(2026, 1, 4), 1, 10),
        await store.standing(range(store.head), NUMBERS),
        [entry.sequence for entry in await store.delivered_among(range(store.head))],
        (await store.statistics()).forms,
    ]
    if "current_ratio" in store.signal_types:
        for text in SCREENS:
            expression = filters.parse(text)
            assert expression is not None
            screen = Screen(filters.resolve(expression, store.signal_types), "", ("revenue",))
            found += [
                await _outcome(partial(_screened, screen, moment), store),
                await _outcome(partial(_exported, screen, moment), store),
            ]
        selection = AggregateSelection("current_ratio", None, "", (GroupBy.FORM, GroupBy.YEAR), (0.25, 0.5))
        found.append(await store.aggregate(selection, moment))
        found.append(
            await _outcome(
                lambda store: store.aggregate(AggregateSelection("revenue", None, "", (), ()), moment), store
            )
        )
    return found


async def _screened(screen: Screen, moment: Moment, store: AnalyticalStore) -> object:
    return await store.screen_filings(screen, moment, None, 3)


async def _exported(screen: Screen, moment: Moment, store: AnalyticalStore) -> object:
    parts = [part async for part in store.export(screen, moment)]
    return pa.ipc.open_stream(b"".join(parts)).read_all().to_pylist()


def test_random_histories_are_answered_as_by_the_reference() -> None:
    """A few of them; TENKAY_TEST_HISTORIES sets how many, which are then others each time."""
    asked_for = os.environ.get("TENKAY_TEST_HISTORIES")
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=int(asked_for or 3),
            stateful_step_count=10 if asked_for is None else 30,
            deadline=None,
            derandomize=asked_for is None,
            database=None,
            # A history of thirty steps is read as it is; making it shorter takes longer than running hundreds.
            phases=[Phase.generate] if asked_for else list(Phase),
            suppress_health_check=list(HealthCheck),
        ),
    )
