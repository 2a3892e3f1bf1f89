"""A short load on a stack of its own, with faults."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from fill_store import fill
from query_load.arrivals import Stage
from query_load.cold_keys import cold_aggregate, cold_read
from query_load.faults import plan
from query_load.load import Loader, LoadPlan
from query_load.scenarios import Scenario
from query_load.summary import summarise
from query_load.target import OwnStack, RunningProcesses
from query_load.writes import FILLED_SIGNALS, analyse_newest
from query_stack import QueryStack, StackPlan

PODS = 2


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QueryStack]:
    """One for all tests here: filling its store takes longest."""
    folder = tmp_path_factory.mktemp("load")
    fill(folder / "store", FILLED_SIGNALS)
    with QueryStack(StackPlan(folder, PODS, folder / "store")) as running:
        yield running


async def test_reads_and_ingest_are_answered_while_redis_is_killed_and_a_query_process_restarted(
    stack: QueryStack,
) -> None:
    async with Loader(OwnStack(stack), seed=1) as loader:
        await analyse_newest(loader.store)
        result = await loader.load(
            LoadPlan(
                read=[Stage(8, 20)],
                ingest=[Stage(8, 1)],
                faults=plan("redis-killed@1:1,query-restarted@3", 8),
                write_every_seconds=0.5,
            )
        )

    told = summarise(result, Scenario.BOTH, capacity=None)
    assert told["calls"] > 100
    assert {name: row["errors"] for name, row in told["methods"].items() if row["errors"]} == {}
    assert [each["name"] for each in told["faults"]] == ["redis-killed", "query-restarted"]
    assert told["methods"]["Ingest"]["ok"] == 8
    assert told["writes"]["done"] > 5
    assert told["writes"]["failed"] == {}
    assert {"valkey", "store", "query-0", "query-1"} <= told["memory"][0].keys()


async def test_what_nobody_asked_before_costs_one_call_however_many_ask_at_once(stack: QueryStack) -> None:
    assert await cold_read(OwnStack(stack), 200) == 1
    assert await cold_aggregate(OwnStack(stack), 200) == 1


async def test_an_answer_that_is_not_the_one_asked_for_is_counted_as_wrong(stack: QueryStack) -> None:
    async with Loader(OwnStack(stack), seed=1) as loader:
        loader.caller.versions = {(company, quarter): 999 for company in range(1000) for quarter in range(4)}
        result = await loader.load(LoadPlan(read=[Stage(1, 30)], write_every_seconds=None))

    told = summarise(result, Scenario.READ, capacity=None)
    assert told["methods"]["GetSignals"]["errors"] == {"WRONG_ANSWER": told["methods"]["GetSignals"]["calls"]}
    assert not told["passed"]


async def test_a_load_goes_to_processes_that_run_already(stack: QueryStack) -> None:
    running = RunningProcesses([each.address for each in stack.queries], stack.store.address)
    async with Loader(running, seed=2) as loader:
        await asyncio.gather(
            *(
                loader.caller.ask(each)
                for each in loader.mix.questions(5)
                if "Get" in each.method and each.method != "GetAnalysis"
            )
        )

    with pytest.raises(ValueError, match="loads stay on this machine"):
        RunningProcesses(["10.0.0.1:50051"], stack.store.address)
