"""What a version of a filing reports, as the primary keeps it and GetSignals answers it: compressed bytes of a message.

`protos/tenkay/store/v1/filing_report.proto` says what the format is. The bytes are made once, on a commit, and read as
the answer's own message. DEPENDENCY_UNAVAILABLE for bytes that are none.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

import zstandard
from google.protobuf.message import DecodeError, Message

from tenkay.common.v1 import extraction_pb2
from tenkay.errors import Reason, TenkayError, failure
from tenkay.store.v1 import filing_report_pb2
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay_store.domain.records import Extraction, Filing
from tenkay_store.wire import messages

LEVEL = 1
"""The fastest: reports are compressed between commits. Higher levels gain a fiftieth, at five times the time."""
MAX_REPORT_BYTES = 16 * 1024 * 1024
"""Of a report that is not compressed. A commit's message has a quarter of it at most."""

Answer = store_pb2.GetSignalsResponse | store_pb2.FilingSignals
MessageT = TypeVar("MessageT", bound=Message)


def of_message(message: extraction_pb2.Extraction, filing: Filing) -> bytes:
    """The report of an extraction as it was sent; `filing` is the record of its filing."""
    report = filing_report_pb2.FilingReport(
        filing=messages.filing_message(filing),
        signals=message.signals,
        missing=message.missing,
        result_key=message.result_key,
    )
    # What a newer caller says beyond this code's protos is not stored elsewhere either.
    report.DiscardUnknownFields()
    return compressed(report)


def of_record(extraction: Extraction) -> bytes:
    """The same of an extraction's record: one that was read back, from rows or from JSON."""
    return compressed(
        filing_report_pb2.FilingReport(
            filing=messages.filing_message(extraction.filing),
            signals=[messages.signal_fields(each) for each in extraction.signals],
            missing=[messages.missing_fields(each) for each in extraction.missing],
            result_key=extraction.result_key,
        )
    )


def compressed(report: filing_report_pb2.FilingReport) -> bytes:
    """A report as it is kept. INVALID_FIELD for one that could not be read again."""
    content = report.SerializeToString()
    if len(content) > MAX_REPORT_BYTES:
        raise failure(
            Reason.INVALID_FIELD,
            f"extraction takes {len(content):,} bytes as a message; {MAX_REPORT_BYTES:,} are the most",
            field="extraction",
        )
    return zstandard.ZstdCompressor(level=LEVEL, write_content_size=True).compress(content)


def read(report: bytes | None, message_type: type[MessageT]) -> MessageT:
    """What a report says, as FilingReport or one of the answers that have its fields."""
    try:
        if report is None:
            raise ValueError("there is none")
        size = zstandard.frame_content_size(report)
        if not 0 <= size <= MAX_REPORT_BYTES:
            raise ValueError(f"{size:,} bytes are not what a report has")
        content = zstandard.ZstdDecompressor().decompress(report, max_output_size=MAX_REPORT_BYTES)
        return message_type.FromString(content)
    except (ValueError, zstandard.ZstdError, DecodeError) as error:
        raise _damaged(error) from error


def keep_only(answer: Answer, signal_ids: Collection[str], categories: Collection[int]) -> None:
    """Leave these signals of these categories alone in an answer; all when empty.

    A gap has no category: which it would have, other filings alone could tell, and those come and go. It stays.
    """
    if not signal_ids and not categories:
        return
    signals = [
        each
        for each in answer.signals
        if (not signal_ids or each.id in signal_ids) and (not categories or each.category in categories)
    ]
    missing = [each for each in answer.missing if not signal_ids or each.id in signal_ids]
    answer.ClearField("signals")
    answer.ClearField("missing")
    answer.signals.extend(signals)
    answer.missing.extend(missing)


def leave_out_evidence(answer: Answer) -> None:
    """Take the evidence out of an answer."""
    for signal in answer.signals:
        signal.ClearField("evidence")


def _damaged(error: Exception) -> TenkayError:
    words = (str(error).splitlines() or [type(error).__name__])[0]
    return failure(
        Reason.DEPENDENCY_UNAVAILABLE,
        f"the filing's report is damaged where the store keeps it: {words}; restore the file from a copy",
        metadata={"service": "duckdb"},
    )
