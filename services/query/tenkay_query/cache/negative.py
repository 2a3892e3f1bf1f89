"""Answers that say that there is no such thing, in the form they are cached in."""

from __future__ import annotations

import json

from tenkay.errors import CLASS_BY_REASON, FieldViolation, Reason, TenkayError

CACHED = frozenset({Reason.FILING_UNKNOWN, Reason.COMPANY_UNKNOWN, Reason.ANALYSIS_UNKNOWN})
"""The errors that are facts about what is stored. No other error is ever cached."""

_OF_THE_CALL = "trace_id"
"""Metadata of the call that was answered with the error, not of the error."""


def encode(error: TenkayError) -> bytes:
    """The bytes of an error whose reason is in CACHED."""
    if error.reason not in CACHED:
        raise ValueError(f"{error.reason} is not an answer that may be cached")
    metadata = {name: value for name, value in error.metadata.items() if name != _OF_THE_CALL}
    fields = [[each.field, each.description] for each in error.fields]
    return json.dumps([error.reason.value, error.message, metadata, fields]).encode()


def decode(body: bytes) -> TenkayError | None:
    """The error, to be raised; None when the bytes are not one."""
    try:
        name, message, metadata, fields = json.loads(body)
        reason = Reason(name)
        if reason not in CACHED:
            return None
        violations = [FieldViolation(str(field), str(description)) for field, description in fields]
        return CLASS_BY_REASON[reason](reason, str(message), fields=violations, metadata=dict(metadata))
    except (ValueError, TypeError):
        return None
