"""Days, as messages and as Python has them, at the edge of every service."""

from __future__ import annotations

from datetime import date
from typing import overload

from google.protobuf.message import Message

from tenkay.common.v1 import date_pb2
from tenkay.errors import Reason, failure


def day_of(message: date_pb2.Date, field: str) -> date:
    """The day of the calendar that a message names. INVALID_FIELD, naming `field`, when there is no such day."""
    try:
        return date(message.year, message.month, message.day)
    except ValueError:
        raise failure(
            Reason.INVALID_FIELD,
            f"{field} is not a day: {message.year}-{message.month}-{message.day}; give year, month and day of the "
            "calendar",
            field=field,
        ) from None


def day_in(message: Message, field: str) -> date | None:
    """The same of a message's optional field. None when it is not set."""
    return day_of(getattr(message, field), field) if message.HasField(field) else None


@overload
def day_message(day: date) -> date_pb2.Date: ...
@overload
def day_message(day: date | None) -> date_pb2.Date | None: ...
def day_message(day: date | None) -> date_pb2.Date | None:
    """The message that names a day; None for one that is not known."""
    return None if day is None else date_pb2.Date(year=day.year, month=day.month, day=day.day)
