"""Setting a field of a serialised answer without parsing it.

Protocol Buffers let a singular field appear more than once, and the last one counts ("last one wins", Encoding: "Last
One Wins"), so a newer value is simply appended.
"""

from __future__ import annotations

_LENGTH_DELIMITED = 2


def with_text(body: bytes, field_number: int, text: str) -> bytes:
    """The message `body` with its text field set to `text`."""
    return with_bytes(body, field_number, text.encode())


def with_bytes(body: bytes, field_number: int, raw: bytes) -> bytes:
    """The message `body` with a field of bytes or text set to `raw`, or one of a message merged with that of `raw`."""
    return b"".join((body, _varint(field_number << 3 | _LENGTH_DELIMITED), _varint(len(raw)), raw))


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
