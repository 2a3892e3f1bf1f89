"""What the administration service answers with, as messages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tenkay.days import day_message
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay.store.v1 import store_admin_service_pb2 as admin_pb2
from tenkay_store.domain.records import Backlog
from tenkay_store.domain.statistics import FormStatistics, Statistics
from tenkay_store.wire import messages


def statistics(found: Statistics, token: Callable[[int], str]) -> admin_pb2.GetStatisticsResponse:
    """How much is held. `token` encodes a sequence."""
    days = [day for form in found.forms for day in (form.oldest_filed, form.newest_filed) if day]
    return admin_pb2.GetStatisticsResponse(
        tables=[
            admin_pb2.TableStatistics(table=each.table, row_count=each.rows, size_bytes=each.size_bytes)
            for each in found.tables
        ],
        forms=[form_statistics(each, found) for each in found.forms],
        filing_count=sum(each.filings for each in found.forms),
        version_count=sum(each.versions for each in found.forms),
        day_count=found.days,
        oldest_filed=day_message(min(days, default=None)),
        newest_filed=day_message(max(days, default=None)),
        oldest_recorded_at=moment(found.oldest_recorded_at),
        newest_recorded_at=moment(found.newest_recorded_at),
        file_size_bytes=found.file_bytes,
        wal_size_bytes=found.wal_bytes,
        counted_at=messages.timestamp(found.counted_at),
        as_of_sequence=token(found.sequence),
    )


def moment(at: datetime | None) -> Timestamp | None:
    """As a message; None for none."""
    return None if at is None else messages.timestamp(at)


def form_statistics(form: FormStatistics, of: Statistics) -> admin_pb2.FormStatistics:
    """How much is held of one form type."""
    return admin_pb2.FormStatistics(
        form_type=form.form_type,
        filing_count=form.filings,
        version_count=form.versions,
        signal_count=form.signals,
        analysis_count=form.analyses,
        signals_size_bytes=of.share("signals", form.signals),
        analyses_size_bytes=of.share("analyses", form.analyses),
        oldest_filed=day_message(form.oldest_filed),
        newest_filed=day_message(form.newest_filed),
    )


def sink_status(backlog: Backlog, last_error: str) -> admin_pb2.SinkStatus:
    """How the second sink stands."""
    oldest = None
    if backlog.oldest_pending is not None:
        oldest = Duration()
        oldest.FromTimedelta(max(datetime.now(UTC) - backlog.oldest_pending, timedelta(0)))
    return admin_pb2.SinkStatus(
        sink=store_pb2.SINK_SUPABASE,
        enabled=True,
        pending=backlog.pending,
        dead=backlog.dead,
        oldest_pending=oldest,
        last_error=last_error,
    )
