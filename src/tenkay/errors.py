"""The one error tree of Tenkay, raised by services and raised again by the client on the other side of the wire.

    TenkayError
    ├── InvalidArgument      the call is wrong; `fields` says where
    ├── NotFound             there is no such company, filing, analysis, job or blob
    ├── FailedPrecondition   the call is right, the thing it is about is not in a state for it
    ├── Aborted              somebody else got there first
    ├── OutOfRange           the position asked for is no longer held
    ├── ResourceExhausted    a limit is reached; `retry_after` says when to come back
    ├── Unavailable          something needed does not answer; `retry_after` says when to come back
    ├── DeadlineExceeded     the time given was too short
    ├── Cancelled            the caller went away
    ├── DataLoss             what was stored is damaged or gone
    ├── Internal             unexpected; `metadata["error_id"]` is in the service's log
    ├── Unauthenticated      the call brought no valid identity
    ├── PermissionDenied     the identity may not do this
    └── Unimplemented        the server has no such method

`reason` is from the closed list of ``tenkay/common/v1/errors.proto``. This module imports neither grpc nor protobuf, so
that domain code may raise what it means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Reason(StrEnum):
    """The closed list of ``tenkay.common.v1.ErrorReason``, without its prefix. A test keeps the two equal."""

    INVALID_FIELD = "INVALID_FIELD"
    MALFORMED_ACCESSION_NUMBER = "MALFORMED_ACCESSION_NUMBER"
    MALFORMED_PAGE_TOKEN = "MALFORMED_PAGE_TOKEN"  # noqa: S105 - a reason, not a secret
    MALFORMED_SEQUENCE = "MALFORMED_SEQUENCE"
    FILTER_SYNTAX = "FILTER_SYNTAX"
    FILTER_UNKNOWN_FIELD = "FILTER_UNKNOWN_FIELD"
    UNKNOWN_SIGNAL = "UNKNOWN_SIGNAL"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    COMPANY_UNKNOWN = "COMPANY_UNKNOWN"
    FILING_UNKNOWN = "FILING_UNKNOWN"
    ANALYSIS_UNKNOWN = "ANALYSIS_UNKNOWN"
    JOB_UNKNOWN = "JOB_UNKNOWN"
    BLOB_UNKNOWN = "BLOB_UNKNOWN"
    ARTIFACT_UNKNOWN = "ARTIFACT_UNKNOWN"
    CIK_REQUIRED = "CIK_REQUIRED"
    SUBMISSION_EMPTY = "SUBMISSION_EMPTY"
    SUBMISSION_TRUNCATED = "SUBMISSION_TRUNCATED"
    SUBMISSION_BINARY = "SUBMISSION_BINARY"
    SUBMISSION_MALFORMED = "SUBMISSION_MALFORMED"
    SUBMISSION_TOO_LARGE = "SUBMISSION_TOO_LARGE"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"
    FILING_MISMATCH = "FILING_MISMATCH"
    EARLIER_FILING_UNUSABLE = "EARLIER_FILING_UNUSABLE"
    SINK_DISABLED = "SINK_DISABLED"
    SINK_UNUSABLE = "SINK_UNUSABLE"
    BACKUP_UNUSABLE = "BACKUP_UNUSABLE"
    ARTIFACT_MISSING = "ARTIFACT_MISSING"
    UNIT_MISMATCH = "UNIT_MISMATCH"
    OBJECTS_UNUSABLE = "OBJECTS_UNUSABLE"
    STALE_LEASE = "STALE_LEASE"
    FEED_POSITION_EXPIRED = "FEED_POSITION_EXPIRED"
    EDGAR_RATE_LIMITED = "EDGAR_RATE_LIMITED"
    QUEUE_FULL = "QUEUE_FULL"
    DISK_FULL = "DISK_FULL"
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"
    TOO_MANY_CALLS = "TOO_MANY_CALLS"
    EDGAR_UNAVAILABLE = "EDGAR_UNAVAILABLE"
    DEPENDENCY_UNAVAILABLE = "DEPENDENCY_UNAVAILABLE"
    SEQUENCE_NOT_REACHED = "SEQUENCE_NOT_REACHED"
    DRAINING = "DRAINING"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    EXTRACTION_TIMEOUT = "EXTRACTION_TIMEOUT"
    STREAM_NOT_READ = "STREAM_NOT_READ"
    CANCELLED = "CANCELLED"
    EXTRACTION_CRASHED = "EXTRACTION_CRASHED"
    INTERNAL = "INTERNAL"
    ARTIFACT_DAMAGED = "ARTIFACT_DAMAGED"
    IDENTITY_REQUIRED = "IDENTITY_REQUIRED"
    IDENTITY_REFUSED = "IDENTITY_REFUSED"
    METHOD_UNKNOWN = "METHOD_UNKNOWN"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A request field that is wrong, by its path ("filing.accession_number"), and what is wrong with it."""

    field: str
    description: str


class TenkayError(Exception):
    """What every failed call raises. Catch a subclass for a kind of failure, compare `reason` for the exact one."""

    status: ClassVar[str] = "UNKNOWN"
    """Name of the gRPC status code that goes with the class."""

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        fields: Sequence[FieldViolation] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.fields = tuple(fields)
        self.metadata = dict(metadata or {})
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders (the extractor's pool), and Exception's own pickling drops keyword arguments.
        return _restore, (type(self), self.reason, self.message, self.fields, self.metadata, self.retry_after)


class InvalidArgument(TenkayError):
    """The call is wrong whatever the state of the system; `fields` says where."""

    status = "INVALID_ARGUMENT"


class NotFound(TenkayError):
    """There is no such company, filing, analysis, job or blob."""

    status = "NOT_FOUND"


class FailedPrecondition(TenkayError):
    """The call is right, but what it is about is not in a state for it; calling again alone will not help."""

    status = "FAILED_PRECONDITION"


class Aborted(TenkayError):
    """Somebody else got there first: start over from what is there now."""

    status = "ABORTED"


class OutOfRange(TenkayError):
    """The position asked for is no longer held."""

    status = "OUT_OF_RANGE"


class ResourceExhausted(TenkayError):
    """A limit is reached; `retry_after` (seconds) says when to come back."""

    status = "RESOURCE_EXHAUSTED"


class Unavailable(TenkayError):
    """Something needed does not answer; `retry_after` (seconds) says when to come back."""

    status = "UNAVAILABLE"


class DeadlineExceeded(TenkayError):
    """The time given was too short. What was asked for may still have happened."""

    status = "DEADLINE_EXCEEDED"


class Cancelled(TenkayError):
    """The caller went away, or the call was cancelled."""

    status = "CANCELLED"


class DataLoss(TenkayError):
    """What was stored is damaged or gone; the message says how to bring it back."""

    status = "DATA_LOSS"


class Internal(TenkayError):
    """Unexpected; `metadata["error_id"]` is in the service's log."""

    status = "INTERNAL"


class Unauthenticated(TenkayError):
    """The method asks for an identity and the call brought none that is valid."""

    status = "UNAUTHENTICATED"


class PermissionDenied(TenkayError):
    """The identity may not call this method."""

    status = "PERMISSION_DENIED"


class Unimplemented(TenkayError):
    """The server has no such method."""

    status = "UNIMPLEMENTED"


REASONS_BY_CLASS: dict[type[TenkayError], tuple[Reason, ...]] = {
    InvalidArgument: (
        Reason.INVALID_FIELD,
        Reason.MALFORMED_ACCESSION_NUMBER,
        Reason.MALFORMED_PAGE_TOKEN,
        Reason.MALFORMED_SEQUENCE,
        Reason.FILTER_SYNTAX,
        Reason.FILTER_UNKNOWN_FIELD,
        Reason.UNKNOWN_SIGNAL,
        Reason.REQUEST_ID_REUSED,
    ),
    NotFound: (
        Reason.COMPANY_UNKNOWN,
        Reason.FILING_UNKNOWN,
        Reason.ANALYSIS_UNKNOWN,
        Reason.JOB_UNKNOWN,
        Reason.BLOB_UNKNOWN,
        Reason.ARTIFACT_UNKNOWN,
    ),
    FailedPrecondition: (
        Reason.CIK_REQUIRED,
        Reason.SUBMISSION_EMPTY,
        Reason.SUBMISSION_TRUNCATED,
        Reason.SUBMISSION_BINARY,
        Reason.SUBMISSION_MALFORMED,
        Reason.SUBMISSION_TOO_LARGE,
        Reason.CURRENCY_MISMATCH,
        Reason.FILING_MISMATCH,
        Reason.EARLIER_FILING_UNUSABLE,
        Reason.SINK_DISABLED,
        Reason.SINK_UNUSABLE,
        Reason.BACKUP_UNUSABLE,
        Reason.OBJECTS_UNUSABLE,
        Reason.ARTIFACT_MISSING,
        Reason.UNIT_MISMATCH,
    ),
    Aborted: (Reason.STALE_LEASE,),
    OutOfRange: (Reason.FEED_POSITION_EXPIRED,),
    ResourceExhausted: (
        Reason.EDGAR_RATE_LIMITED,
        Reason.QUEUE_FULL,
        Reason.DISK_FULL,
        Reason.MESSAGE_TOO_LARGE,
        Reason.TOO_MANY_CALLS,
    ),
    Unavailable: (
        Reason.EDGAR_UNAVAILABLE,
        Reason.DEPENDENCY_UNAVAILABLE,
        Reason.SEQUENCE_NOT_REACHED,
        Reason.DRAINING,
    ),
    DeadlineExceeded: (Reason.DEADLINE_EXCEEDED, Reason.EXTRACTION_TIMEOUT, Reason.STREAM_NOT_READ),
    Cancelled: (Reason.CANCELLED,),
    DataLoss: (Reason.ARTIFACT_DAMAGED,),
    Internal: (Reason.EXTRACTION_CRASHED, Reason.INTERNAL),
    Unauthenticated: (Reason.IDENTITY_REQUIRED,),
    PermissionDenied: (Reason.IDENTITY_REFUSED,),
    Unimplemented: (Reason.METHOD_UNKNOWN,),
}
"""Which reasons each class comes with: the brackets of errors.proto."""

CLASS_BY_REASON: dict[Reason, type[TenkayError]] = {
    reason: error for error, reasons in REASONS_BY_CLASS.items() for reason in reasons
}

DEFAULT_RETRY_SECONDS = 1.0
"""What `retry_after` is when a ResourceExhausted or Unavailable is made without one: both promise RetryInfo."""


def failure(
    reason: Reason,
    message: str,
    *,
    field: str | None = None,
    metadata: Mapping[str, str] | None = None,
    retry_after: float | None = None,
) -> TenkayError:
    """The error of `reason`, of the class that goes with it; raise it.

    `message` says what happened and what to do next, for a person. `field` is the path of the request field at fault.
    `retry_after` is in seconds.
    """
    error = CLASS_BY_REASON[reason]
    if retry_after is None and error in (ResourceExhausted, Unavailable):
        retry_after = DEFAULT_RETRY_SECONDS
    fields = () if field is None else (FieldViolation(field, message),)
    return error(reason, message, fields=fields, metadata=metadata, retry_after=retry_after)


def _restore(
    error: type[TenkayError],
    reason: Reason,
    message: str,
    fields: tuple[FieldViolation, ...],
    metadata: dict[str, str],
    retry_after: float | None,
) -> TenkayError:
    return error(reason, message, fields=fields, metadata=metadata, retry_after=retry_after)
