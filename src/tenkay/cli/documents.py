"""Messages as JSON for programs.

Field names are the protos'. Days are "2024-09-28", moments RFC 3339 in UTC, enum values their names without prefix,
signal values what they are: money a string with an exact decimal, ratios and counts numbers, flags booleans. Evidence
has the "kind" of proof beside its fields. What is not known is null, never 0 or "".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

_NOT_FOR_CALLERS = frozenset({"next_page_token"})


def document(message: Message) -> dict[str, Json]:
    """The message as one JSON object, all its fields present."""
    return {
        field.name: _field(message, field)
        for field in message.DESCRIPTOR.fields
        if field.name not in _NOT_FOR_CALLERS
    }


def line(value: Mapping[str, Json]) -> str:
    """One JSON object on one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def enum_name(enum: EnumDescriptor, number: int) -> str | None:
    """The value's name without the enum's prefix; None for UNSPECIFIED."""
    if number == 0:
        return None
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    known = enum.values_by_number.get(number)
    # A newer server may know more than this client.
    return known.name.removeprefix(prefix) if known is not None else str(number)


def _field(message: Message, field: Any) -> Json:
    value = getattr(message, field.name)
    if field.is_repeated:
        items: Iterable[Any] = value
        return [_value(field, item) for item in items]
    if field.has_presence and not message.HasField(field.name):
        return None
    return _value(field, value)


def _value(field: Any, value: Any) -> Json:
    if field.message_type is not None:
        return _message(value)
    if field.enum_type is not None:
        return enum_name(field.enum_type, value)
    if value == "":
        return None
    return value  # type: ignore[no-any-return]


def _message(message: Any) -> Json:
    match message.DESCRIPTOR.full_name:
        case "tenkay.common.v1.Date":
            return f"{message.year:04}-{message.month:02}-{message.day:02}"
        case "google.protobuf.Timestamp":
            moment = datetime.fromtimestamp(message.seconds, UTC).replace(microsecond=message.nanos // 1000)
            return moment.isoformat().replace("+00:00", "Z")
        case "tenkay.common.v1.SignalValue":
            kind = message.WhichOneof("kind")
            return None if kind is None else getattr(message, kind)
        case "tenkay.common.v1.Evidence":
            kind = message.WhichOneof("kind")
            return {"kind": kind} | (document(getattr(message, kind)) if kind else {})
        case _:
            return document(message)
