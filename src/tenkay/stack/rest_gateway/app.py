"""The HTTP side: requests to statements, results to responses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tenkay.runtime.logs import get_logger
from tenkay.stack.rest_gateway import errors, statements
from tenkay.stack.rest_gateway.catalog import SCHEMA, Catalog, Function, ReturnKind, Table
from tenkay.stack.rest_gateway.database import Database, Result
from tenkay.stack.rest_gateway.errors import ApiError
from tenkay.stack.rest_gateway.query import Query, parse_query, parse_range_header
from tenkay.stack.rest_gateway.settings import RestGatewaySettings
from tenkay.stack.rest_gateway.statements import Body, Resolution, Statement
from tenkay.stack.rest_gateway.tokens import Caller, identify

_log = get_logger("rest_gateway")

_Object = dict[str, msgspec.Raw]
_Parsed = TypeVar("_Parsed")

_JSON = "application/json; charset=utf-8"
_SINGLE_OBJECT = "application/vnd.pgrst.object+json"
_SCHEMA_CACHE_CODES = {"PGRST202", "PGRST204", "PGRST205", "42703"}
_METHODS = ["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"]


def make_app(settings: RestGatewaySettings) -> Starlette:
    """The application that serves /rest/v1 and /ready."""
    gateway = _Gateway(settings, Database(settings))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await gateway.database.open()
        try:
            yield
        finally:
            await gateway.database.close()

    return Starlette(
        routes=[
            Route("/ready", gateway.ready),
            Route("/rest/v1/rpc/{function}", gateway.serve_function, methods=_METHODS),
            Route("/rest/v1/{table}", gateway.serve_table, methods=_METHODS),
            Route("/{path:path}", gateway.serve_nothing, methods=_METHODS),
        ],
        lifespan=lifespan,
    )


@dataclass(frozen=True, slots=True)
class _Preferences:
    """The Prefer header."""

    representation: bool = False
    count: bool = False
    resolution: Resolution | None = None
    missing_is_default: bool = False


@dataclass(frozen=True, slots=True)
class _Gateway:
    settings: RestGatewaySettings
    database: Database

    async def ready(self, _request: Request) -> Response:
        return Response(status_code=200 if await self.database.is_ready() else 503)

    async def serve_nothing(self, _request: Request) -> Response:
        return _refusal(errors.unknown_path())

    async def serve_table(self, request: Request) -> Response:
        return await self._serve(request, self._table_response)

    async def serve_function(self, request: Request) -> Response:
        return await self._serve(request, self._function_response)

    async def _serve(self, request: Request, respond: _Responder) -> Response:
        try:
            caller = identify(
                request.headers.get("authorization"), self.settings.jwt_secret.get_secret_value()
            )
            _check_schema(request)
            body = await _read_body(request, self.settings.max_body_bytes)
            try:
                return await respond(request, caller, body, await self.database.catalog())
            except ApiError as error:
                if error.code not in _SCHEMA_CACHE_CODES:
                    raise
                # The schema may have changed since it was read.
                return await respond(request, caller, body, await self.database.catalog(newer=True))
        except ApiError as error:
            if error.status >= 500:
                _log.warning("request_failed", code=error.code, message=error.message, details=error.details)
            return _refusal(error)
        except ClientDisconnect:
            return Response(status_code=400)

    async def _table_response(
        self, request: Request, caller: Caller, body: bytes, catalog: Catalog
    ) -> Response:
        name = request.path_params["table"]
        table = catalog.tables.get(name)
        if table is None:
            raise errors.unknown_table(name, catalog.closest_table(name))
        query = parse_query(request.url.query.encode())
        preferences = _parse_preferences(request)
        single = _wants_single(request)
        match request.method:
            case "GET" | "HEAD":
                return await self._read(request, caller, table, query, preferences, single=single)
            case "POST":
                parsed = _parse_rows(body, columns_given=query.columns is not None)
                if parsed.length == 0:
                    return Response(b"[]" if preferences.representation else b"", 201, media_type=_JSON)
                statement: Statement | None = statements.insert(
                    table,
                    query,
                    parsed,
                    resolution=preferences.resolution,
                    missing_is_default=preferences.missing_is_default,
                    representation=preferences.representation,
                )
                status = 201
            case "PATCH":
                statement = statements.update(
                    table,
                    query,
                    _parse_rows(body, columns_given=query.columns is not None),
                    missing_is_default=preferences.missing_is_default,
                    representation=preferences.representation,
                )
                status = 200 if preferences.representation else 204
            case "DELETE":
                statement = statements.delete(table, query, representation=preferences.representation)
                status = 200 if preferences.representation else 204
            case method:
                raise errors.unsupported_method(method, is_rpc=False)
        if statement is None:
            result = Result("[]", 0, 0)
        else:
            check = _check_single if single and preferences.representation else _accept
            result = await self.database.run(statement, caller, read_only=False, check=check)
        headers = {"Content-Range": f"*/{result.total if preferences.count else '*'}"}
        if not preferences.representation:
            return Response(status_code=status, headers=headers)
        return _json_response(result.body, status, headers, single=single)

    async def _read(
        self,
        request: Request,
        caller: Caller,
        table: Table,
        query: Query,
        preferences: _Preferences,
        *,
        single: bool,
    ) -> Response:
        offset, limit = query.offset, query.limit
        if limit is None and not offset and "range" in request.headers:
            offset, limit = parse_range_header(request.headers["range"])
        limit = min(limit if limit is not None else self.settings.max_rows, self.settings.max_rows)
        statement = statements.read(table, query, limit=limit, offset=offset, count=preferences.count)
        result = await self.database.run(
            statement, caller, read_only=True, check=_check_single if single else _accept
        )
        if result.total is not None and offset > result.total:
            raise errors.invalid_range(
                f"An offset of {offset} was requested, but there are only {result.total} rows."
            )
        shown = f"{offset}-{offset + result.rows - 1}" if result.rows else "*"
        headers = {"Content-Range": f"{shown}/{'*' if result.total is None else result.total}"}
        status = 206 if result.total is not None and result.rows < result.total else 200
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type=_JSON)
        return _json_response(result.body, status, headers, single=single)

    async def _function_response(
        self, request: Request, caller: Caller, body: bytes, catalog: Catalog
    ) -> Response:
        if request.method != "POST":
            raise errors.unsupported_method(request.method, is_rpc=True)
        if parse_query(request.url.query.encode()) != Query():
            raise errors.not_implemented(
                "Selecting, filtering and sorting a function's result is not supported by this server."
            )
        text, arguments = _parse_arguments(body)
        function = _choose_function(catalog, request.path_params["function"], arguments)
        single = _wants_single(request)
        statement = statements.call(function, arguments, text, limit=self.settings.max_rows)
        result = await self.database.run(
            statement,
            caller,
            read_only=False,
            check=_check_single if single and function.returns_set else _accept,
        )
        if function.returns is ReturnKind.VOID:
            return Response(status_code=204)
        return _json_response(result.body, 200, {}, single=single and function.returns_set)


_Responder = Callable[[Request, Caller, bytes, Catalog], Awaitable[Response]]


def _check_schema(request: Request) -> None:
    header = "accept-profile" if request.method in ("GET", "HEAD") else "content-profile"
    schema = request.headers.get(header, SCHEMA)
    if schema != SCHEMA:
        raise errors.unknown_schema(schema)


async def _read_body(request: Request, most_bytes: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > most_bytes:
        raise errors.body_too_large(most_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise errors.body_too_large(most_bytes)
    return bytes(body)


def _parse_preferences(request: Request) -> _Preferences:
    given = [
        item.strip() for line in request.headers.getlist("prefer") for item in line.split(",") if item.strip()
    ]
    representation = count = missing_is_default = False
    resolution: Resolution | None = None
    unknown: list[str] = []
    for item in given:
        match item:
            case "return=representation":
                representation = True
            case "return=minimal" | "return=headers-only":
                representation = False
            case "count=exact" | "count=planned" | "count=estimated":
                count = True  # an exact count is also a good estimate
            case "resolution=merge-duplicates":
                resolution = Resolution.MERGE
            case "resolution=ignore-duplicates":
                resolution = Resolution.IGNORE
            case "missing=default":
                missing_is_default = True
            case "missing=null" | "handling=strict" | "handling=lenient" | "tx=commit":
                pass
            case _:
                unknown.append(item)
    if unknown and "handling=strict" in given:
        raise errors.invalid_preferences(unknown)
    return _Preferences(representation, count, resolution, missing_is_default)


def _wants_single(request: Request) -> bool:
    accepted = [part.split(";")[0].strip() for part in request.headers.get("accept", "*/*").split(",")]
    for media_type in accepted:
        if media_type == _SINGLE_OBJECT:
            return True
        if media_type in ("application/json", "application/*", "*/*"):
            return False
    raise errors.unknown_media_type(", ".join(accepted))


# Values stay the text they are: Postgres reads them, here only the keys are needed.
_ROWS: msgspec.json.Decoder[_Object | list[_Object]] = msgspec.json.Decoder(_Object | list[_Object])
_ARGUMENTS: msgspec.json.Decoder[_Object] = msgspec.json.Decoder(_Object)


def _parse_rows(body: bytes, *, columns_given: bool) -> Body:
    text, parsed = _parse(body, _ROWS)
    if isinstance(parsed, dict):
        return Body(text, is_array=False, keys=tuple(parsed), length=1)
    keys = tuple(parsed[0]) if parsed else ()
    if not columns_given and any(row.keys() != parsed[0].keys() for row in parsed):
        raise errors.invalid_body("All object keys must match")
    return Body(text, is_array=True, keys=keys, length=len(parsed))


def _parse_arguments(body: bytes) -> tuple[str, list[str]]:
    if not body.strip():
        return "{}", []
    text, parsed = _parse(body, _ARGUMENTS)
    return text, list(parsed)


def _parse(body: bytes, decoder: msgspec.json.Decoder[_Parsed]) -> tuple[str, _Parsed]:
    try:
        return body.decode(), decoder.decode(body)
    except (ValueError, RecursionError) as error:
        raise errors.invalid_body(f"Empty or invalid json: {error}") from None


def _choose_function(catalog: Catalog, name: str, arguments: list[str]) -> Function:
    fitting = [
        function
        for function in catalog.functions.get(name, ())
        if function.required <= set(arguments) <= function.arguments.keys()
    ]
    if not fitting:
        closest = None if name in catalog.functions else catalog.closest_function(name)
        raise errors.unknown_function(name, arguments, closest)
    if len(fitting) > 1:
        raise errors.ambiguous_function(name)
    return fitting[0]


def _check_single(result: Result) -> None:
    if result.rows != 1:
        raise errors.not_one_row(result.rows)


def _accept(_result: Result) -> None:
    """Any number of rows will do."""


def _json_response(body: str, status: int, headers: dict[str, str], *, single: bool) -> Response:
    if single:
        return Response(
            body.strip().removeprefix("[").removesuffix("]"),
            status,
            headers,
            media_type=f"{_SINGLE_OBJECT}; charset=utf-8",
        )
    return Response(body, status, headers, media_type=_JSON)


def _refusal(error: ApiError) -> Response:
    return Response(error.body(), error.status, error.headers(), media_type=_JSON)
