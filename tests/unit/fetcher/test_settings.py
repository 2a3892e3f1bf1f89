from __future__ import annotations

import pytest

from tenkay.runtime.settings import EXIT_CONFIGURATION, load_settings
from tenkay_fetcher.settings import FetcherSettings

GOOD = {"USER_AGENT": "Example Corp admin@example.com", "INSECURE": "true"}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GOOD.items():
        monkeypatch.setenv(f"TENKAY_FETCHER_{name}", value)
    return monkeypatch


def test_the_defaults_are_edgars_own_hosts_below_its_limit(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings(FetcherSettings)
    assert settings.requests_per_second == 8
    assert (settings.urls.www, settings.urls.data) == ("https://www.sec.gov", "https://data.sec.gov")


def test_one_setting_points_to_another_edgar(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TENKAY_FETCHER_EDGAR_URL", "http://127.0.0.1:8080")
    environment.setenv("TENKAY_FETCHER_REQUESTS_PER_SECOND", "500")
    urls = load_settings(FetcherSettings).urls
    assert (urls.www, urls.data) == ("http://127.0.0.1:8080", "http://127.0.0.1:8080")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("USER_AGENT", None, "TENKAY_FETCHER_USER_AGENT: is required and not set"),
        ("USER_AGENT", "", "contact address"),
        ("USER_AGENT", "curl/8", "contact address"),
        ("USER_AGENT", "A Co a@example.com\nX-Other: 1", "contact address"),
        ("EDGAR_URL", "ftp://www.sec.gov", "http or https"),
        ("EDGAR_URL", "www.sec.gov", "http or https"),
        ("REQUESTS_PER_SECOND", "11", "the SEC allows 10"),
        ("REQUESTS_PER_SECOND", "0", "TENKAY_FETCHER_REQUESTS_PER_SECOND"),
        ("REDIS_URL", "localhost:6379", "redis://"),
        ("MAX_REPLICAS", "0", "TENKAY_FETCHER_MAX_REPLICAS"),
        ("MIN_FREE_BYTES", "-1", "TENKAY_FETCHER_MIN_FREE_BYTES"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line_that_names_it(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str | None,
    said: str,
) -> None:
    if value is None:
        environment.delenv(f"TENKAY_FETCHER_{name}")
    else:
        environment.setenv(f"TENKAY_FETCHER_{name}", value)
    with pytest.raises(SystemExit) as stopped:
        load_settings(FetcherSettings)
    assert stopped.value.code == EXIT_CONFIGURATION
    printed = capsys.readouterr().err
    assert said in printed
    assert f"TENKAY_FETCHER_{name}" in printed
    assert printed.count("\n") == 1
