"""The local stack's secret and keys, and who the gateway takes a request for."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import jwt
import pytest

from tenkay.stack.keys import StackKeys, api_key
from tenkay.stack.rest_gateway.errors import ApiError
from tenkay.stack.rest_gateway.tokens import identify


def test_keys_are_made_once_and_readable_for_their_owner_only(tmp_path: Path) -> None:
    first = StackKeys.load_or_make(tmp_path / "keys.json")
    assert StackKeys.load_or_make(tmp_path / "keys.json") == first
    assert StackKeys.load_or_make(tmp_path / "other.json").jwt_secret != first.jwt_secret
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"keys.json", "other.json"}


def test_keys_do_not_show_in_a_log() -> None:
    keys = StackKeys.make()
    assert keys.jwt_secret not in repr(keys)
    assert keys.service_role not in repr(keys)


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_each_key_names_its_role(role: str) -> None:
    keys = StackKeys.make()
    caller = identify(f"Bearer {getattr(keys, role)}", keys.jwt_secret)
    assert (caller.role, json.loads(caller.claims_json)["role"], caller.has_token) == (role, role, True)


@pytest.mark.parametrize("header", [None, "", "Basic dXNlcjpwYXNz"])
def test_a_request_without_a_token_is_anonymous(header: str | None) -> None:
    caller = identify(header, StackKeys.make().jwt_secret)
    assert (caller.role, caller.has_token) == ("anon", False)


def test_a_token_without_a_role_is_anonymous() -> None:
    secret = StackKeys.make().jwt_secret
    assert identify(f"bearer {jwt.encode({'sub': 'x'}, secret)}", secret).role == "anon"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"role": 5}, "PGRST303"),
        ({"role": ""}, "PGRST303"),
        ({"role": "anon", "exp": 1}, "PGRST303"),
        ({"role": "anon", "nbf": 9_999_999_999}, "PGRST303"),
        ({"role": "anon", "exp": "soon"}, "PGRST301"),
    ],
)
def test_claims_that_do_not_hold_are_refused(claims: dict[str, object], code: str) -> None:
    secret = StackKeys.make().jwt_secret
    with pytest.raises(ApiError) as raised:
        identify(f"Bearer {jwt.encode(claims, secret)}", secret)
    assert (raised.value.status, raised.value.code) == (401, code)


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(ApiError) as raised:
        identify(f"Bearer {token}", StackKeys.make().jwt_secret)
    assert (raised.value.status, raised.value.code) == (401, "PGRST301")


def test_a_key_may_be_out_of_step_with_the_clock_by_seconds_not_by_a_minute() -> None:
    secret = StackKeys.make().jwt_secret
    assert identify(f"Bearer {api_key(secret, 'anon', lifetime_seconds=-10)}", secret).role == "anon"
    with pytest.raises(ApiError, match="JWT expired"):
        identify(f"Bearer {api_key(secret, 'anon', lifetime_seconds=-60)}", secret)
