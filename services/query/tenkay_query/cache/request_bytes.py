"""Taking a text field out of a serialised request without parsing it.

Two requests that differ in anything but that field keep different rests: the rest is the request's own bytes, in their
order, and means what the request means with the field left empty (Protocol Buffers, Encoding: a message is its fields
one after another).
"""

from __future__ import annotations

_VARINT, _FIXED64, _LENGTH_DELIMITED, _FIXED32 = 0, 1, 2, 5
_VARINT_BITS = 63
"""A tag and a length are shorter; what goes on is no message. Without a bound the number would grow with the request,
and the time with its square."""


def split(raw: bytes, field_number: int) -> tuple[bytes, str] | None:
    """The request without the field, and the field's text, empty when it is not there.

    None when the bytes are not a message, or one that no serialiser writes: the field twice, a group, a number spelt
    longer than it need be, a text that is not ASCII.
    """
    wanted = field_number << 3 | _LENGTH_DELIMITED
    position, size = 0, len(raw)
    field: tuple[int, int, int] | None = None
    try:
        while position < size:
            start = position
            tag = raw[position]
            position += 1
            if tag > 0x7F:
                tag, position = _varint(raw, start)
            wire_type = tag & 7
            if wire_type == _LENGTH_DELIMITED:
                length = raw[position]
                position += 1
                if length > 0x7F:
                    length, position = _varint(raw, position - 1)
                if tag == wanted:
                    if field is not None:
                        return None
                    field = (start, position, position + length)
                position += length
            elif wire_type == _VARINT:
                while raw[position] > 0x7F:
                    position += 1
                position += 1
            elif wire_type == _FIXED64:
                position += 8
            elif wire_type == _FIXED32:
                position += 4
            else:
                return None
        if position != size:
            return None
        if field is None:
            return raw, ""
        start, text, end = field
        return raw[:start] + raw[end:], raw[text:end].decode("ascii")
    except (IndexError, ValueError):
        return None


def _varint(raw: bytes, position: int) -> tuple[int, int]:
    """The number at `position` and where it ends. ValueError when it is too long, or spelt longer than it need be."""
    number = shift = 0
    while shift < _VARINT_BITS:
        byte = raw[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte <= 0x7F:
            if byte == 0:
                raise ValueError("an overlong number")
            return number, position
        shift += 7
    raise ValueError("a number too long for a tag or a length")
