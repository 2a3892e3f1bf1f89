"""`tenkay cache` against a real query process."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tenkay.cli import main
from tests.integration.running_services import Service

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    query_services: tuple[Service, Service], valkey_cache: object, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs `tenkay cache …` against the first process: exit code, output, standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        address = f"query={query_services[0].address}"
        code = main.main(["cache", *arguments, "--address", address, "--insecure"])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def test_statistics_as_a_table_show_no_rate_where_nobody_asked(run: Run) -> None:
    code, out, _ = run("stats")
    assert code == 0
    assert "aggregation" in out
    assert "Redis: " in out
    assert "Spared the store" in out


def test_statistics_as_json_are_one_document(run: Run) -> None:
    code, out, _ = run("stats", "--json", "--top", "0")
    assert code == 0
    document = json.loads(out)
    assert {each["kind"] for each in document["kinds"]} == {
        "FILING",
        "SIGNALS",
        "COMPANY_SUMMARY",
        "QUERY_RESULT",
        "AGGREGATION",
    }
    for each in document["kinds"]:
        assert (each["hit_rate"] is None) == (each["request_count"] == 0)
    assert document["top_questions"] == []


def test_filling_tells_its_progress_and_its_end(run: Run) -> None:
    code, out, err = run("warm", "--top", "0", "--company", "1999999900", "--filings", "2", "--json")
    assert code == 0, err
    document = json.loads(out)
    assert document["finished"] is True
    assert document["planned_count"] == document["done_count"] + document["skipped_count"] == 2
    assert "2 of 2 questions done" in err


@pytest.mark.parametrize(
    ("arguments", "kinds"),
    [
        (("--company", "320193"), ["COMPANY_SUMMARY", "QUERY_RESULT", "SIGNALS"]),
        (("--filing", "0000320193-24-000123"), ["FILING", "SIGNALS"]),
        (("--kind", "aggregation"), ["AGGREGATION"]),
        (("--all",), ["FILING", "SIGNALS", "COMPANY_SUMMARY", "QUERY_RESULT", "AGGREGATION"]),
    ],
)
def test_what_is_named_is_made_void(run: Run, arguments: tuple[str, ...], kinds: list[str]) -> None:
    code, out, _ = run("invalidate", *arguments, "--json")
    assert code == 0
    assert json.loads(out)["kinds"] == kinds
    code, out, _ = run("invalidate", *arguments)
    assert code == 0
    assert out.startswith("void now: ")


@pytest.mark.parametrize("arguments", [(), ("--all", "--kind", "filing")])
def test_nothing_or_two_things_to_make_void_is_code_2(run: Run, arguments: tuple[str, ...]) -> None:
    code, _, err = run("invalidate", *arguments)
    assert code == 2
    assert "exactly one" in err
