"""A wrong setting stops the start with one line that names its variable."""

from __future__ import annotations

import pytest
from pydantic_settings import SettingsConfigDict

from tenkay.runtime.settings import EXIT_CONFIGURATION, ServiceSettings, load_settings


class ExampleSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TENKAY_EXAMPLE_", frozen=True)

    contact: str
    """Who to write to."""


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"INSECURE": "true"}, "TENKAY_EXAMPLE_CONTACT: is required and not set"),
        ({"INSECURE": "true", "CONTACT": "x", "LISTEN_PORT": "70000"}, "TENKAY_EXAMPLE_LISTEN_PORT: "),
        ({"INSECURE": "true", "CONTACT": "x", "LOG_LEVEL": "loud"}, "TENKAY_EXAMPLE_LOG_LEVEL: "),
        (
            {"CONTACT": "x"},
            "TENKAY_EXAMPLE_TLS_CERTIFICATE and TENKAY_EXAMPLE_TLS_KEY, or TENKAY_EXAMPLE_INSECURE",
        ),
    ],
)
def test_a_wrong_setting_ends_the_start_in_one_line(
    environment: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(f"TENKAY_EXAMPLE_{name}", value)
    with pytest.raises(SystemExit) as caught:
        load_settings(ExampleSettings)
    assert caught.value.code == EXIT_CONFIGURATION
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_right_settings_load_and_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENKAY_EXAMPLE_INSECURE", "true")
    monkeypatch.setenv("TENKAY_EXAMPLE_CONTACT", "someone@example.org")
    settings = load_settings(ExampleSettings)
    assert settings.contact == "someone@example.org"
    with pytest.raises(ValueError, match="frozen"):
        settings.contact = "x"
