"""Query's settings: the cache's times, and what is refused."""

from __future__ import annotations

import pytest

from tenkay.runtime.settings import EXIT_CONFIGURATION, load_settings
from tenkay_query.question import Kind
from tenkay_query.settings import QuerySettings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("TENKAY_QUERY_STORE_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("TENKAY_QUERY_INSECURE", "true")
    return monkeypatch


def test_each_kind_has_its_time_to_live(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TENKAY_QUERY_TTL_SIGNALS_SECONDS", "7")
    policy = load_settings(QuerySettings).cache_policy
    assert policy.ttl_seconds == {
        Kind.FILING: 604_800,
        Kind.SIGNALS: 7,
        Kind.COMPANY_SUMMARY: 86_400,
        Kind.QUERY_RESULT: 3_600,
        Kind.AGGREGATION: 900,
    }
    assert (policy.negative_seconds, policy.max_staleness_seconds, policy.jitter) == (30, 60, 0.1)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TENKAY_QUERY_STORE_ADDRESS", None),
        ("TENKAY_QUERY_REDIS_URL", "http://127.0.0.1"),
        ("TENKAY_QUERY_TTL_FILING_SECONDS", "0"),
        ("TENKAY_QUERY_MAX_STALENESS_SECONDS", "a minute"),
        ("TENKAY_QUERY_TTL_JITTER", "2"),
    ],
)
def test_a_wrong_setting_ends_the_start_with_its_name(
    variable: str,
    value: str | None,
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if value is None:
        environment.delenv(variable)
    else:
        environment.setenv(variable, value)
    with pytest.raises(SystemExit) as ended:
        load_settings(QuerySettings)
    assert ended.value.code == EXIT_CONFIGURATION
    told = capsys.readouterr().err
    assert variable in told
    assert len(told.splitlines()) == 1
