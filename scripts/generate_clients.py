"""Write the typed clients of ``src/tenkay/client`` from the protos' descriptors, one module a package.

Called by ``generate_protos.py`` after the messages are generated. A method's keyword arguments are its request's
fields, so that an editor completes them; one whose requests are a stream takes the messages themselves. The sync class
is the async one's twin, made from the same template.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from google.protobuf.descriptor import FieldDescriptor, FileDescriptor, MethodDescriptor, ServiceDescriptor

HEADER = '''"""GENERATED from the protos of {package} by scripts/generate_clients.py; never edited."""

from __future__ import annotations

'''

SCALARS = {
    FieldDescriptor.CPPTYPE_STRING: "str",
    FieldDescriptor.CPPTYPE_BOOL: "bool",
    FieldDescriptor.CPPTYPE_INT32: "int",
    FieldDescriptor.CPPTYPE_INT64: "int",
    FieldDescriptor.CPPTYPE_UINT32: "int",
    FieldDescriptor.CPPTYPE_UINT64: "int",
    FieldDescriptor.CPPTYPE_DOUBLE: "float",
    FieldDescriptor.CPPTYPE_FLOAT: "float",
}


def write_clients(destination: Path, package: str, proto_stems: list[str]) -> None:
    """Write ``<name>.py`` for `package` ("tenkay.store.v1"), whose modules are importable, into `destination`."""
    name = package.split(".")[1]
    modules = [importlib.import_module(f"{package}.{stem}_pb2") for stem in proto_stems]
    files: list[FileDescriptor] = [module.DESCRIPTOR for module in modules]
    services = [service for file in files for service in file.services_by_name.values()]
    if not services:
        return
    imports = _Imports()
    classes = [_class(service, imports, is_async=flag) for service in services for flag in (True, False)]
    body = "\n\n".join(classes)
    text = HEADER.format(package=package) + imports.text() + "\n\n" + body
    (destination / f"{name}.py").write_text(text)


class _Imports:
    def __init__(self) -> None:
        self._modules: set[tuple[str, str]] = set()

    def module_of(self, file: FileDescriptor, suffix: str = "_pb2") -> str:
        path = file.name.removesuffix(".proto") + suffix
        package, _, module = path.replace("/", ".").rpartition(".")
        self._modules.add((package, module))
        return module

    def text(self) -> str:
        lines = ["from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator", ""]
        google = sorted(pair for pair in self._modules if pair[0].startswith("google"))
        ours = sorted(pair for pair in self._modules if not pair[0].startswith("google"))
        by_package: dict[str, list[str]] = {}
        for package, module in google:
            by_package.setdefault(package, []).append(module)
        lines += [f"from {package} import {', '.join(names)}" for package, names in by_package.items()]
        if google:
            lines.append("")
        lines.append("from tenkay.client.caller import AsyncCaller, SequenceFloor, SyncCaller")
        lines.append("from tenkay.client.endpoint import Endpoint")
        by_package = {}
        for package, module in ours:
            by_package.setdefault(package, []).append(module)
        lines += [f"from {package} import {', '.join(names)}" for package, names in by_package.items()]
        return "\n".join(lines)


def _class(service: ServiceDescriptor, imports: _Imports, *, is_async: bool) -> str:
    stubs = imports.module_of(service.file, "_pb2_grpc")
    base = "AsyncCaller" if is_async else "SyncCaller"
    name = ("Async" if is_async else "") + service.name.removesuffix("Service") + "Client"
    kind = "Async" if is_async else "Sync"
    lines = [
        f"class {name}({base}):",
        f'    """{kind} client of {service.full_name}; the proto says what each call does."""',
        "",
        "    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:",
        f'        super().__init__(endpoint, "{service.full_name}", floor)',
        f"        self._stub = {stubs}.{service.name}Stub(self._channel)",
    ]
    for method in service.methods:
        lines += ["", *_method(method, imports, is_async=is_async)]
    return "\n".join(lines) + "\n"


def _method(method: MethodDescriptor, imports: _Imports, *, is_async: bool) -> list[str]:
    request, response = method.input_type, method.output_type
    request_name = f"{imports.module_of(request.file)}.{request.name}"
    response_name = f"{imports.module_of(response.file)}.{response.name}"
    if method.client_streaming and method.server_streaming:
        return _exchange(method, request_name, response_name, is_async=is_async)
    if method.client_streaming:
        return _upload(method, request_name, response_name, is_async=is_async)
    arguments = [_argument(field, imports) for field in request.fields]
    keywords = ", ".join(["self", "*", *arguments, "timeout: float | None = None"])
    given = ", ".join(f"{field.name}={field.name}" for field in request.fields)
    call = f'self._stub.{method.name}, "{method.name}", {request_name}({given}), timeout'
    doc = f'        """{method.name} of {method.containing_service.name}."""'
    if method.server_streaming:
        iterator = "AsyncIterator" if is_async else "Iterator"
        return [
            f"    def {_snake(method.name)}({keywords}) -> {iterator}[{response_name}]:",
            doc,
            f"        return self._stream({call})",
        ]
    prefix, wait = ("async ", "await ") if is_async else ("", "")
    return [
        f"    {prefix}def {_snake(method.name)}({keywords}) -> {response_name}:",
        doc,
        f"        return {wait}self._unary({call})",
    ]


def _upload(method: MethodDescriptor, request_name: str, response_name: str, *, is_async: bool) -> list[str]:
    iterables = [f"AsyncIterable[{request_name}]"] * is_async + [f"Iterable[{request_name}]"]
    prefix, wait = ("async ", "await ") if is_async else ("", "")
    return [
        f"    {prefix}def {_snake(method.name)}(self, *, requests: {' | '.join(iterables)}, "
        f"timeout: float | None = None) -> {response_name}:",
        f'        """{method.name} of {method.containing_service.name}."""',
        f'        return {wait}self._upload(self._stub.{method.name}, "{method.name}", requests, timeout)',
    ]


def _exchange(
    method: MethodDescriptor, request_name: str, response_name: str, *, is_async: bool
) -> list[str]:
    iterables = [f"AsyncIterable[{request_name}]"] * is_async + [f"Iterable[{request_name}]"]
    iterator = "AsyncIterator" if is_async else "Iterator"
    messages = "requests" if is_async else "iter(requests)"
    return [
        f"    def {_snake(method.name)}(self, *, requests: {' | '.join(iterables)}, "
        f"timeout: float | None = None) -> {iterator}[{response_name}]:",
        f'        """{method.name} of {method.containing_service.name}."""',
        f'        return self._stream(self._stub.{method.name}, "{method.name}", {messages}, timeout)',
    ]


def _argument(field: FieldDescriptor, imports: _Imports) -> str:
    kind = _type(field, imports)
    if field.is_repeated:
        return f"{field.name}: Iterable[{kind}] = ()"
    if field.has_presence:
        return f"{field.name}: {kind} | None = None"
    return f"{field.name}: {kind} = {_default(field, imports)}"


def _default(field: FieldDescriptor, imports: _Imports) -> str:
    if field.enum_type is not None:
        return f"{imports.module_of(field.enum_type.file)}.{field.enum_type.values_by_number[0].name}"
    return repr(field.default_value)


def _type(field: FieldDescriptor, imports: _Imports) -> str:
    if field.message_type is not None:
        return f"{imports.module_of(field.message_type.file)}.{field.message_type.name}"
    if field.enum_type is not None:
        return f"{imports.module_of(field.enum_type.file)}.{field.enum_type.name}.ValueType"
    if field.type == FieldDescriptor.TYPE_BYTES:
        return "bytes"
    return SCALARS[field.cpp_type]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
