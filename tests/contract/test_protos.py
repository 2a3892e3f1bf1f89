"""What the protos promise, checked against the descriptors: clients, conventions, service configs."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import FieldDescriptor, ServiceDescriptor

from tests.conftest import REPOSITORY

PROTOS = REPOSITORY / "protos"
SERVICES = ("fetcher", "extractor", "analyzer", "store", "query", "pipeline")


def descriptors() -> Iterator[ServiceDescriptor]:
    for proto in sorted(PROTOS.rglob("*.proto")):
        module = ".".join(proto.relative_to(PROTOS).with_suffix("").parts) + "_pb2"
        yield from importlib.import_module(module).DESCRIPTOR.services_by_name.values()


ALL = list(descriptors())
IDS = [service.full_name for service in ALL]


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize("service", ALL, ids=IDS)
@pytest.mark.parametrize("prefix", ["Async", ""])
def test_every_rpc_has_a_client_method_with_its_requests_fields(
    service: ServiceDescriptor, prefix: str
) -> None:
    module = importlib.import_module(f"tenkay.client.{service.full_name.split('.')[1]}")
    client = getattr(module, prefix + service.name.removesuffix("Service") + "Client")
    for method in service.methods:
        arguments = inspect.signature(getattr(client, snake(method.name))).parameters
        given = (
            {"requests"} if method.client_streaming else {field.name for field in method.input_type.fields}
        )
        expected = {"self", "timeout", *given}
        assert set(arguments) == expected, method.full_name


def test_no_client_method_is_without_an_rpc() -> None:
    expected = {
        f"{prefix}{service.name.removesuffix('Service')}Client.{snake(method.name)}"
        for service in ALL
        for method in service.methods
        for prefix in ("Async", "")
    }
    found = set()
    for name in SERVICES:
        for title, client in vars(importlib.import_module(f"tenkay.client.{name}")).items():
            if inspect.isclass(client) and title.endswith("Client"):
                found |= {f"{title}.{method}" for method in vars(client) if not method.startswith("_")}
    assert found == expected


@pytest.mark.parametrize("service", ALL, ids=IDS)
def test_each_rpc_has_a_request_and_a_response_of_its_own(service: ServiceDescriptor) -> None:
    for method in service.methods:
        assert method.input_type.name == f"{method.name}Request"
        assert method.output_type.name == f"{method.name}Response"


@pytest.mark.parametrize("service", ALL, ids=IDS)
def test_every_list_is_pageable(service: ServiceDescriptor) -> None:
    for method in service.methods:
        if method.name.startswith(("List", "Screen")):
            request = {field.name for field in method.input_type.fields}
            response = {field.name for field in method.output_type.fields}
            assert {"page_size", "page_token"} <= request, method.full_name
            assert "next_page_token" in response, method.full_name


@pytest.mark.parametrize("service", ALL, ids=IDS)
def test_retries_are_configured_only_for_methods_that_may_be_repeated(service: ServiceDescriptor) -> None:
    name = service.full_name.split(".")[1]
    config = json.loads((PROTOS / f"tenkay/{name}/v1/{name}_service_config.json").read_text())
    repeatable = {
        method.name
        for method in service.methods
        if method.GetOptions().idempotency_level != 0 and not method.server_streaming
    }
    for method in service.methods:
        entries = [
            entry
            for entry in config["methodConfig"]
            for each in entry["name"]
            if each["service"] == service.full_name and each.get("method", method.name) == method.name
        ]
        named = [entry for entry in entries if any("method" in each for each in entry["name"])] or entries
        if not method.server_streaming:
            assert any("timeout" in entry for entry in named), f"{method.full_name} has no deadline"
        for entry in named:
            if "retryPolicy" in entry:
                assert method.name in repeatable, f"{method.full_name} is retried but not idempotent"
                assert entry["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]


def test_numbers_that_may_be_missing_are_optional() -> None:
    """A plain proto3 number cannot say that it is missing: each one is a count, a bound, a position or a weight."""
    always_there = re.compile(
        r"(_count|_size|^page_size|^filings|version|^total|^fetched|^extracted|^stored|^failed|^running|^attempts"
        r"|^token|^pending|^dead|^start|^end|^length|^offset|_bytes|^confidence|^coverage|^weight|^contribution"
        r"|^mean|^least|^largest|^replayed|^goodness|^year|^month|^day|^cik|^limit_per_company|requests_per_second)$"
    )
    numbers = {
        FieldDescriptor.CPPTYPE_INT32,
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT32,
        FieldDescriptor.CPPTYPE_UINT64,
        FieldDescriptor.CPPTYPE_DOUBLE,
    }
    for proto in sorted(PROTOS.rglob("*.proto")):
        module = ".".join(proto.relative_to(PROTOS).with_suffix("").parts) + "_pb2"
        for message in importlib.import_module(module).DESCRIPTOR.message_types_by_name.values():
            for field in message.fields:
                if field.cpp_type in numbers and not field.has_presence and not field.is_repeated:
                    assert always_there.search(field.name), f"{field.full_name} cannot say that it is missing"
