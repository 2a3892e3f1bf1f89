"""Messages as JSON documents: how evidence and analyses are kept, readable in both databases without their protos.

Field names are the proto's. Enum values are their names without the prefix, dates are "2024-01-31", all numbers are
JSON numbers; what is not set, or has proto3's default, is left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache, partial
from typing import Any, TypeVar

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from tenkay.common.v1 import date_pb2

Document = dict[str, Any]
"""A JSON object: its shape is the message's."""

MessageT = TypeVar("MessageT", bound=Message)

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def encode(document: Document | list[Document]) -> str:
    """Compact JSON text. ValueError for numbers that are not finite."""
    return _ENCODER.encode(document)


def to_document(message: Message) -> Document:
    """The document of `message`. ValueError for a date that is none and for an enum value not known here."""
    document: Document = {}
    converters = _converters(message.DESCRIPTOR)
    for field, value in message.ListFields():
        name, convert = converters[field.number]
        document[name] = value if convert is None else convert(value)
    return document


def from_document(message_type: type[MessageT], document: Mapping[str, Any]) -> MessageT:
    """The message that `to_document` made the document from. Fields this code no longer knows are passed over."""
    fields = message_type.DESCRIPTOR.fields_by_name
    values: dict[str, Any] = {}
    for name, value in document.items():
        field = fields.get(name)
        if field is not None:
            values[name] = (
                [_typed(field, each) for each in value] if field.is_repeated else _typed(field, value)
            )
    return message_type(**values)


def enum_name(descriptor: EnumDescriptor, number: int) -> str:
    """The value's name without the enum's prefix; empty for the value 0. ValueError when this code does not know it."""
    if number == 0:
        return ""
    try:
        return _names(descriptor)[number]
    except KeyError:
        raise ValueError(f"{number} is not a value of {descriptor.name}") from None


def enum_number(descriptor: EnumDescriptor, name: str | None) -> int:
    """The number of a name that `enum_name` gave; 0 for none."""
    return _numbers(descriptor)[name] if name else 0


def to_date(message: date_pb2.Date) -> date:
    """ValueError when there is no such day."""
    return date(message.year, message.month, message.day)


def from_date(day: date) -> date_pb2.Date:
    """The message of a day."""
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


Convert = Callable[[Any], Any]


@cache
def _converters(descriptor: Any) -> Mapping[int, tuple[str, Convert | None]]:
    """By field number: its name, and how its value becomes plain; None for values that are."""
    return {field.number: (field.name, _converter(field)) for field in descriptor.fields}


def _converter(field: Any) -> Convert | None:
    kind = field.cpp_type
    one: Convert | None = None
    if kind == FieldDescriptor.CPPTYPE_MESSAGE:
        one = _iso_date if field.message_type is _DATE else to_document
    elif kind == FieldDescriptor.CPPTYPE_ENUM:
        one = partial(enum_name, field.enum_type)
    elif kind == FieldDescriptor.CPPTYPE_DOUBLE:
        one = partial(_finite, field.name)
    if not field.is_repeated:
        return one
    if one is None:
        return list
    convert = one
    return lambda values: [convert(value) for value in values]


def _iso_date(message: date_pb2.Date) -> str:
    return to_date(message).isoformat()


def _finite(name: str, value: float) -> float:
    if math.isfinite(value):
        return value
    raise ValueError(f"{name} is {value}")


def _typed(field: Any, value: Any) -> Any:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_MESSAGE:
        if field.message_type is _DATE:
            return from_date(date.fromisoformat(value))
        return from_document(_class_of(field), value)
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return enum_number(field.enum_type, value)
    return value


_DATE = date_pb2.Date.DESCRIPTOR


@cache
def _class_of(field: Any) -> type[Message]:
    found: type[Message] = field.message_type._concrete_class
    return found


@cache
def _names(descriptor: EnumDescriptor) -> Mapping[int, str]:
    prefix = descriptor.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {value.number: value.name.removeprefix(prefix) for value in _values(descriptor) if value.number}


@cache
def _numbers(descriptor: EnumDescriptor) -> Mapping[str, int]:
    return {name: number for number, name in _names(descriptor).items()}


def _values(descriptor: EnumDescriptor) -> Iterable[Any]:
    return descriptor.values
