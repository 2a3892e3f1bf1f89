"""Listings as protobuf, and back: the shape in which the fetcher gives them and callers and workers get them."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from tenkay.common.v1 import filing_pb2
from tenkay.days import day_in, day_message
from tenkay.errors import Reason, failure
from tenkay_pipeline.jobs import Listing


def to_listing(message: filing_pb2.FilingListing) -> Listing:
    """The listing a message holds; INVALID_FIELD for a date or moment that is none."""
    filing = message.filing
    return Listing(
        accession_number=filing.accession_number,
        cik=filing.cik if filing.HasField("cik") else None,
        primary_document=filing.primary_document or None,
        form_type=message.form_type,
        filed_date=day_in(message, "filed_date"),
        accepted_at=to_datetime(message.accepted_at, "accepted_at")
        if message.HasField("accepted_at")
        else None,
        period_end=day_in(message, "period_end"),
        company_name=message.company_name,
        items=tuple(message.items),
    )


def from_listing(listing: Listing) -> filing_pb2.FilingListing:
    """The message that holds a listing; what is not known is not set."""
    return filing_pb2.FilingListing(
        filing=from_ref(listing),
        form_type=listing.form_type,
        filed_date=day_message(listing.filed_date),
        accepted_at=from_datetime(listing.accepted_at) if listing.accepted_at is not None else None,
        period_end=day_message(listing.period_end),
        company_name=listing.company_name,
        items=listing.items,
    )


def from_ref(listing: Listing) -> filing_pb2.FilingRef:
    """The message that names a listing's filing."""
    return filing_pb2.FilingRef(
        accession_number=listing.accession_number,
        cik=listing.cik,
        primary_document=listing.primary_document,
    )


def to_datetime(message: Timestamp, field: str) -> datetime:
    """The moment a message holds, in UTC, to the microsecond; INVALID_FIELD naming `field` when there is none."""
    try:
        return message.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise failure(
            Reason.INVALID_FIELD,
            f"{message.seconds} s and {message.nanos} ns are no moment from the year 1 to 9999",
            field=field,
        ) from None


def from_datetime(moment: datetime) -> Timestamp:
    """The message that holds a moment."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message
