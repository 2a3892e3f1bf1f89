"""Errors as PostgREST answers them: a JSON object with code, message, details and hint, and an HTTP status.

Source of codes and statuses: https://docs.postgrest.org/en/v14/references/errors.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass

# By the first characters of the SQLSTATE, longest match first. Everything else is the client's fault: 400.
_STATUS_BY_SQLSTATE = {
    "08": 503,
    "09": 500,
    "0L": 403,
    "0P": 403,
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "25": 500,
    "28": 403,
    "2D": 500,
    "38": 500,
    "39": 500,
    "3B": 500,
    "40": 500,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
    "53400": 500,
    "53": 503,
    "54": 500,
    "55": 500,
    "57": 500,
    "58": 500,
    "F0": 500,
    "HV": 500,
    "P0001": 400,
    "P0": 500,
    "XX": 500,
}
_INSUFFICIENT_PRIVILEGE = "42501"


@dataclass(slots=True)
class ApiError(Exception):
    """A refused request."""

    status: int
    """The HTTP status."""
    code: str
    """A PGRST code, or the SQLSTATE of an error of the database."""
    message: str
    """What is wrong."""
    details: str | None = None
    """More about it."""
    hint: str | None = None
    """What to do."""

    def body(self) -> bytes:
        """The answer's body."""
        return json.dumps(
            {"code": self.code, "details": self.details, "hint": self.hint, "message": self.message}
        ).encode()

    def headers(self) -> dict[str, str]:
        """The answer's headers besides Content-Type."""
        headers = {"Proxy-Status": f"PostgREST; error={self.code}"}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return headers


def database_error(
    sqlstate: str, message: str, details: str | None, hint: str | None, *, has_token: bool
) -> ApiError:
    """An error that Postgres raised. A missing privilege is 401 for requests without a token, 403 with one."""
    if sqlstate == _INSUFFICIENT_PRIVILEGE:
        status = 403 if has_token else 401
    else:
        status = next(
            (
                _STATUS_BY_SQLSTATE[sqlstate[:length]]
                for length in (5, 2)
                if sqlstate[:length] in _STATUS_BY_SQLSTATE
            ),
            400,
        )
    return ApiError(status, sqlstate, message, details, hint)


def cannot_connect(details: str) -> ApiError:
    return ApiError(503, "PGRST000", "Database connection error. Retrying the connection.", details)


def connection_lost(details: str) -> ApiError:
    return ApiError(503, "PGRST001", "Database client error. Retrying the connection.", details)


def cannot_read_catalog(details: str) -> ApiError:
    return ApiError(503, "PGRST002", "Could not query the database for the schema cache. Retrying.", details)


def no_connection_free(seconds: float) -> ApiError:
    return ApiError(
        504, "PGRST003", "Timed out acquiring connection from connection pool.", f"Waited for {seconds:g} s."
    )


def cannot_parse(parameter: str, value: str, why: str) -> ApiError:
    return ApiError(400, "PGRST100", f'"failed to parse {parameter} parameter ({value})"', why)


def invalid_body(message: str) -> ApiError:
    return ApiError(400, "PGRST102", message)


def body_too_large(most_bytes: int) -> ApiError:
    return ApiError(413, "PGRST102", "Request body is too large", f"{most_bytes} bytes is the most.")


def invalid_range(details: str) -> ApiError:
    return ApiError(416, "PGRST103", "Requested range not satisfiable", details)


def unknown_schema(schema: str) -> ApiError:
    return ApiError(
        406, "PGRST106", f"Invalid schema: {schema}", None, "Only the following schemas are exposed: public"
    )


def unknown_media_type(media_type: str) -> ApiError:
    return ApiError(406, "PGRST107", f"None of these media types are available: {media_type}")


def not_embedded(resource: str) -> ApiError:
    return ApiError(
        400,
        "PGRST108",
        f"'{resource}' is not an embedded resource in this request",
        None,
        f"Verify that '{resource}' is included in the 'select' query parameter.",
    )


def not_one_row(rows: int) -> ApiError:
    return ApiError(
        406,
        "PGRST116",
        "Cannot coerce the result to a single JSON object",
        f"The result contains {rows} rows",
    )


def unsupported_method(method: str, *, is_rpc: bool) -> ApiError:
    if is_rpc:
        return ApiError(405, "PGRST101", f"Cannot use the {method} method on RPC")
    return ApiError(405, "PGRST117", f"Unsupported HTTP method: {method}")


def invalid_preferences(preferences: list[str]) -> ApiError:
    return ApiError(
        400,
        "PGRST122",
        "Invalid preferences given with handling=strict",
        f"Invalid preferences: {', '.join(preferences)}",
    )


def unknown_path() -> ApiError:
    return ApiError(404, "PGRST125", "Invalid path specified in request URL")


def not_implemented(details: str) -> ApiError:
    return ApiError(400, "PGRST127", "Feature not implemented", details)


def unknown_function(name: str, arguments: list[str], closest: str | None) -> ApiError:
    given = f"({', '.join(arguments)})" if arguments else " without parameters"
    return ApiError(
        404,
        "PGRST202",
        f"Could not find the function public.{name}{given} in the schema cache",
        None,
        f"Perhaps you meant to call the function public.{closest}" if closest else None,
    )


def ambiguous_function(name: str) -> ApiError:
    return ApiError(
        300,
        "PGRST203",
        f"Could not choose the best candidate function between those named public.{name}",
        None,
        "Try renaming the parameters or the function itself so function overloading can be resolved",
    )


def unknown_column_of_body(table: str, column: str) -> ApiError:
    return ApiError(400, "PGRST204", f"Could not find the '{column}' column of '{table}' in the schema cache")


def unknown_table(name: str, closest: str | None) -> ApiError:
    return ApiError(
        404,
        "PGRST205",
        f"Could not find the table 'public.{name}' in the schema cache",
        None,
        f"Perhaps you meant the table 'public.{closest}'" if closest else None,
    )


def unknown_column(table: str, column: str) -> ApiError:
    return ApiError(400, "42703", f"column {table}.{column} does not exist")


def needs_filter(verb: str) -> ApiError:
    """Supabase loads pg-safeupdate for its API, which answers so."""
    return ApiError(400, "21000", f"{verb} requires a WHERE clause")


def invalid_token(message: str) -> ApiError:
    return ApiError(401, "PGRST301", message)


def refused_claims(message: str) -> ApiError:
    return ApiError(401, "PGRST303", message)
