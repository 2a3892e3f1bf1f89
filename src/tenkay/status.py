"""TenkayError <-> google.rpc.Status: the one place where the error tree meets the wire.

An error travels as a google.rpc.Status in the trailing metadata: its code, its message, and as details `ErrorInfo`
(reason, domain "tenkay", metadata), `BadRequest` (a violation a field) and `RetryInfo`.
"""

from __future__ import annotations

import re

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from tenkay.errors import (
    CLASS_BY_REASON,
    DEFAULT_RETRY_SECONDS,
    REASONS_BY_CLASS,
    FieldViolation,
    Reason,
    TenkayError,
    Unavailable,
)

DOMAIN = "tenkay"
STATUS_METADATA_KEY = "grpc-status-details-bin"

_GRPC_CODES = {code.name: code for code in grpc.StatusCode}
_REASONS = frozenset(Reason)
_REASON_WITHOUT_DETAILS = {
    "RESOURCE_EXHAUSTED": Reason.TOO_MANY_CALLS,
    "UNAVAILABLE": Reason.DEPENDENCY_UNAVAILABLE,
    "DEADLINE_EXCEEDED": Reason.DEADLINE_EXCEEDED,
    "CANCELLED": Reason.CANCELLED,
    "UNAUTHENTICATED": Reason.IDENTITY_REQUIRED,
    "PERMISSION_DENIED": Reason.IDENTITY_REFUSED,
    "UNIMPLEMENTED": Reason.METHOD_UNKNOWN,
    "INVALID_ARGUMENT": Reason.INVALID_FIELD,
}


def to_status(error: TenkayError, *, trace_id: str | None = None) -> status_pb2.Status:
    """The Status that carries `error`; with `trace_id` (32 hex digits) in ErrorInfo's metadata."""
    metadata = dict(error.metadata)
    if trace_id is not None:
        metadata["trace_id"] = trace_id
    details = [
        _packed(error_details_pb2.ErrorInfo(reason=error.reason.value, domain=DOMAIN, metadata=metadata))
    ]
    if error.fields:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=each.field, description=each.description)
            for each in error.fields
        ]
        details.append(_packed(error_details_pb2.BadRequest(field_violations=violations)))
    if error.retry_after is not None:
        delay = duration_pb2.Duration()
        delay.FromNanoseconds(int(error.retry_after * 1e9))
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    return status_pb2.Status(code=code_pb2.Code.Value(error.status), message=error.message, details=details)


_TOO_LARGE = re.compile(r"message larger than max \((\d+) vs\. (\d+)\)")
"""What gRPC itself says of a message over the limit, on either side: its size and the limit."""


def grpc_code(error: TenkayError) -> grpc.StatusCode:
    """The gRPC status code of `error`."""
    return _GRPC_CODES[error.status]


def from_call(
    code: grpc.StatusCode,
    details: str | None,
    trailing_metadata: grpc.aio.Metadata | tuple[tuple[str, str | bytes], ...] | None,
    *,
    service: str,
) -> TenkayError:
    """The error that a failed call to `service` stands for.

    An answer of a Tenkay server comes back as it was raised. One without our details was made by gRPC itself, or by
    something between: it gets the reason that goes with its code, and for a service that could not be reached that is
    DEPENDENCY_UNAVAILABLE, naming it.
    """
    for key, value in trailing_metadata or ():
        if key == STATUS_METADATA_KEY and isinstance(value, bytes):
            known = _from_status_bytes(value)
            if known is not None:
                return known
    message = details or code.name
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and (sizes := _TOO_LARGE.search(message)):
        size, limit = sizes.groups()
        return CLASS_BY_REASON[Reason.MESSAGE_TOO_LARGE](
            Reason.MESSAGE_TOO_LARGE,
            f"{service}: the message has {int(size):,} bytes and at most {int(limit):,} are taken; send less at once, "
            "or ask for a smaller page",
            metadata={"limit_bytes": limit, "service": service},
        )
    reason = _REASON_WITHOUT_DETAILS.get(code.name, Reason.INTERNAL)
    if reason is Reason.DEPENDENCY_UNAVAILABLE:
        return Unavailable(
            reason,
            f"{service} does not answer: {message}",
            metadata={"service": service},
            retry_after=DEFAULT_RETRY_SECONDS,
        )
    return CLASS_BY_REASON[reason](reason, f"{service}: {message}", metadata={"service": service})


def _from_status_bytes(raw: bytes) -> TenkayError | None:
    status = status_pb2.Status.FromString(raw)
    reason: Reason | None = None
    metadata: dict[str, str] = {}
    fields: list[FieldViolation] = []
    retry_after: float | None = None
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo.FromString(detail.value)
            if info.domain == DOMAIN and info.reason in _REASONS:
                reason = Reason(info.reason)
                metadata = dict(info.metadata)
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            request = error_details_pb2.BadRequest.FromString(detail.value)
            fields = [FieldViolation(each.field, each.description) for each in request.field_violations]
        elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            delay = error_details_pb2.RetryInfo.FromString(detail.value).retry_delay
            retry_after = delay.ToNanoseconds() / 1e9
    if reason is None:
        return None
    return CLASS_BY_REASON[reason](
        reason, status.message, fields=fields, metadata=metadata, retry_after=retry_after
    )


def _packed(message: object) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)  # type: ignore[arg-type]
    return packed


assert set(CLASS_BY_REASON) == set(Reason)  # noqa: S101 - a reason without a class could not be sent
assert all(error.status in _GRPC_CODES for error in REASONS_BY_CLASS)  # noqa: S101
