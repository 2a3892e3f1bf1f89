"""Messages as JSON documents: how evidence and analyses are kept, readable in both databases without their protos.

Field names are the proto's. Enum values are their names without the prefix, dates are "2024-01-31", all numbers are
JSON numbers; what is not set, or has proto3's default, is left out.

A group of commits has ten thousands of them, so each message type gets a record of its fields and a function of its own
that fills it, asks the message for as little as it can and looks nothing up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import date
from functools import cache, lru_cache, partial
from typing import Any, TypeVar

import msgspec
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from tenkay.common.v1 import date_pb2
from tenkay.days import day_message

Document = Any
"""A message's fields by name, as they are in JSON; None for what is left out. Its type is the message type's own."""

MessageT = TypeVar("MessageT", bound=Message)

REMEMBERED_DAYS = 20_000
"""Days whose text is remembered, and texts whose day is: those of half a century."""

_ENCODER = msgspec.json.Encoder()


def encode(document: Document | Sequence[Document]) -> str:
    """Compact JSON text of what `to_document` made."""
    return _ENCODER.encode(document).decode()


def decode(text: str) -> Any:
    """What `encode` made the text of."""
    return msgspec.json.decode(text)


def to_document(message: Message) -> Document:
    """The document of `message`.

    ValueError for a date that is none, a number that is not finite and an enum value not known here.
    """
    return document_maker(message.DESCRIPTOR)(message)


@cache
def document_maker(descriptor: Any) -> Callable[[Any], Document]:
    """`to_document` of one message type, as the lines one would write for it by hand."""
    names: dict[str, Any] = {
        # Of plain values, which form no cycles: the collector need not look at them.
        "Document": msgspec.defstruct(
            f"{descriptor.name}Document",
            [(field.name, Any, None) for field in descriptor.fields],
            omit_defaults=True,
            gc=False,
        ),
        "iso_date": _iso_date,
    }
    lines = ["def document_of(message):"]
    if _is_one_oneof(descriptor):
        # The others are not set once one is.
        for field in descriptor.fields:
            lines.append(f"    if message.HasField({field.name!r}):")
            lines.append(f"        return Document({field.name}={_expression(field, names)})")
        lines.append("    return Document()")
    else:
        lines.append("    return Document(")
        lines += [f"        {_expression_if_set(field, names)}," for field in descriptor.fields]
        lines.append("    )")
    exec("\n".join(lines), names)  # noqa: S102 - of names that the compiler of our protos let through
    maker: Callable[[Any], Document] = names["document_of"]
    return maker


def _is_one_oneof(descriptor: Any) -> bool:
    return len(descriptor.oneofs) == 1 and len(descriptor.oneofs[0].fields) == len(descriptor.fields) > 1


def _expression(field: Any, names: dict[str, Any]) -> str:
    """A field's value as the document has it, in Python; what the expression calls is put into `names`."""
    value = f"message.{field.name}"
    convert = _whole(field, _converter(field))
    if convert is None:
        return value
    names[f"convert_{field.name}"] = convert
    return f"convert_{field.name}({value})"


def _expression_if_set(field: Any, names: dict[str, Any]) -> str:
    """The same, or None where the field is left out."""
    name, whole = field.name, _expression(field, names)
    if field.has_presence:
        is_set = f"message.HasField({name!r})"
        if field.message_type is _DATE:
            # Asked for a field, a message that is not set costs less than the question whether it is.
            day = "iso_date(day.year, day.month, day.day)"
            return f"{day} if (day := message.{name}).year or {is_set} else None"
        if whole == f"message.{name}" and field.message_type is None:
            # What is not the default is set.
            return f"{whole} or ({whole} if {is_set} else None)"
        return f"{whole} if {is_set} else None"
    if whole == f"message.{name}":
        return f"{whole} or None"
    if field.cpp_type == FieldDescriptor.CPPTYPE_DOUBLE and not field.is_repeated:
        # -0.0 is not the default, and is falsy all the same.
        return f"{whole} if message.{name} or str(message.{name}) == '-0.0' else None"
    return f"{whole} if message.{name} else None"


def from_document(message_type: type[MessageT], document: Mapping[str, Any]) -> MessageT:
    """The message that `to_document` made the document from. Fields this code no longer knows are passed over."""
    return message_type(**fields_of(message_type.DESCRIPTOR, document))


def fields_of(descriptor: Any, document: Mapping[str, Any]) -> dict[str, Any]:
    """The same as arguments of the message type's constructor, which takes them for messages within messages too.

    A message made of them at once costs half of what one does that is put together of messages, each copied into the
    next.
    """
    known, converters = _typers(descriptor)
    values = (
        dict(document)
        if document.keys() <= known
        else {name: value for name, value in document.items() if name in known}
    )
    for name, convert in converters:
        if name in values:
            values[name] = convert(values[name])
    return values


def enum_name(descriptor: EnumDescriptor, number: int) -> str:
    """The value's name without the enum's prefix; empty for the value 0. ValueError when this code does not know it."""
    try:
        return enum_names(descriptor)[number]
    except KeyError:
        raise ValueError(f"{number} is not a value of {descriptor.name}") from None


@cache
def enum_names(descriptor: EnumDescriptor) -> Mapping[int, str]:
    """All of them by number."""
    prefix = descriptor.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {
        value.number: value.name.removeprefix(prefix) if value.number else "" for value in _values(descriptor)
    }


@cache
def enum_numbers(descriptor: EnumDescriptor) -> Mapping[str, int]:
    """All numbers by name; 0 by the empty one."""
    return {name: number for number, name in enum_names(descriptor).items()}


def enum_number(descriptor: EnumDescriptor, name: str | None) -> int:
    """The number of a name that `enum_name` gave; 0 for none."""
    return enum_numbers(descriptor)[name or ""]


Convert = Callable[[Any], Any]


@cache
def _typers(descriptor: Any) -> tuple[Set[str], Sequence[tuple[str, Convert]]]:
    """Names of all fields, and how plain values become those of a message, where they are not the same."""
    converters = [(field, _typer(field)) for field in descriptor.fields]
    return frozenset(field.name for field in descriptor.fields), [
        (field.name, convert)
        for field, one in converters
        if one is not None and (convert := _whole(field, one)) is not None
    ]


def _whole(field: Any, one: Convert | None) -> Convert | None:
    """How a field's value is converted when `one` converts one, of which a repeated field has many."""
    if not field.is_repeated:
        return one
    if one is None:
        return list
    convert = one
    return lambda values: [convert(value) for value in values]


def _converter(field: Any) -> Convert | None:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_MESSAGE:
        return _iso_day if field.message_type is _DATE else document_maker(field.message_type)
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return partial(enum_name, field.enum_type)
    if kind == FieldDescriptor.CPPTYPE_DOUBLE:
        return partial(_finite, field.name)
    return None


def _typer(field: Any) -> Convert | None:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_MESSAGE:
        if field.message_type is _DATE:
            return _of_iso_date
        return partial(fields_of, field.message_type)
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return partial(enum_number, field.enum_type)
    return None


def _iso_day(message: date_pb2.Date) -> str:
    return _iso_date(message.year, message.month, message.day)


@lru_cache(REMEMBERED_DAYS)
def _iso_date(year: int, month: int, day: int) -> str:
    return date(year, month, day).isoformat()


@lru_cache(REMEMBERED_DAYS)
def _of_iso_date(text: str) -> date_pb2.Date:
    # To be copied from, as the messages that it becomes a part of do.
    return day_message(date.fromisoformat(text))


def _finite(name: str, value: float) -> float:
    if math.isfinite(value):
        return value
    raise ValueError(f"{name} is {value}")


_DATE = date_pb2.Date.DESCRIPTOR


def _values(descriptor: EnumDescriptor) -> Iterable[Any]:
    return descriptor.values
