"""The gateway when Postgres is away, slow or has too little to give."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from tenkay.stack.keys import StackKeys
from tenkay.stack.launch import Launch, running
from tenkay.stack.ports import LOOPBACK, free_port
from tenkay.stack.postgres import PostgresFolders, postgres
from tenkay.stack.rest_gateway.process import rest_gateway
from tests.stack_fixtures import connected


@pytest.fixture
def folders(server_folder: Path, request: pytest.FixtureRequest) -> PostgresFolders:
    return PostgresFolders.under(server_folder / request.node.name)


def _gateway(folders: PostgresFolders, port: int, **settings: str) -> Launch:
    launch = rest_gateway(database_url=folders.url(), jwt_secret=StackKeys.make().jwt_secret, port=port)
    return Launch(
        name=launch.name,
        argv=launch.argv,
        environment={
            **launch.environment,
            **{f"TENKAY_REST_GATEWAY_{name.upper()}": value for name, value in settings.items()},
        },
        is_ready=lambda: _answers(port),
    )


def _answers(port: int) -> bool:
    try:
        httpx.get(f"http://{LOOPBACK}:{port}/", timeout=1)
    except httpx.HTTPError:
        return False
    return True


async def test_the_gateway_answers_503_without_postgres_and_finds_it_when_it_is_back(
    folders: PostgresFolders, server_folder: Path
) -> None:
    port = free_port()
    with running(_gateway(folders, port), server_folder / "away-gateway.log"):
        async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}") as client:
            answer = await client.get("/rest/v1/anything")
            assert (answer.status_code, answer.json()["code"]) == (503, "PGRST002")
            assert (await client.get("/ready")).status_code == 503
            for _ in range(2):
                with running(postgres(folders, durable=False), server_folder / "away-postgres.log"):
                    assert (await client.get("/ready")).status_code == 200
                    answer = await client.get("/rest/v1/anything")
                    assert (answer.status_code, answer.json()["code"]) == (404, "PGRST205")


async def test_a_statement_that_runs_too_long_is_ended_and_a_full_pool_is_told(
    folders: PostgresFolders, server_folder: Path
) -> None:
    port = free_port()
    with running(postgres(folders, durable=False), server_folder / "slow-postgres.log"):
        async with connected(folders.url()) as connection:
            await connection.execute(
                "create role anon; create function public.slow(seconds float8) returns void "
                "language sql as 'select pg_sleep(seconds)'"
            )
        launch = _gateway(
            folders,
            port,
            connections="1",
            acquire_timeout_seconds="0.2",
            statement_timeout_seconds="0.6",
        )
        with running(launch, server_folder / "slow-gateway.log"):
            async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}/rest/v1/rpc") as client:

                async def slow() -> tuple[int, str]:
                    answer = await client.post("/slow", json={"seconds": 5})
                    return answer.status_code, answer.json()["code"]

                await client.post("/slow", json={"seconds": 0})
                assert sorted(await asyncio.gather(slow(), slow())) == [(500, "57014"), (504, "PGRST003")]
                assert (await client.post("/slow", json={"seconds": 0})).status_code == 204
