"""What the people who run the store look at and do, over gRPC: protobuf <-> records, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import grpc

from tenkay import sequences
from tenkay.days import day_in
from tenkay.errors import Reason, TenkayError, failure
from tenkay.identifiers import require_accession_number, require_cik
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay.store.v1 import store_admin_service_pb2 as admin_pb2
from tenkay.store.v1 import store_admin_service_pb2_grpc as admin_pb2_grpc
from tenkay_store.backups.backup import Manifest
from tenkay_store.backups.snapshots import Snapshots
from tenkay_store.domain.records import CommitRecord, DeadLetter, Dispute, Purge
from tenkay_store.domain.selections import DisputeSelection
from tenkay_store.domain.sink import SinkFailure, SinkNotOurs
from tenkay_store.domain.statistics_cache import StatisticsCache
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment
from tenkay_store.objects.artifact_store import ArtifactStore
from tenkay_store.rpc import paging
from tenkay_store.rpc.paging import MAX_PAGE_SIZE
from tenkay_store.second_sink.outbox import Outbox
from tenkay_store.second_sink.reconciler import Reconciler
from tenkay_store.wire import admin_messages, messages
from tenkay_store.wire.validation import check_text

Context = grpc.aio.ServicerContext[Any, Any]

STORE_ADMIN = "tenkay.store.v1.StoreAdminService"
MAX_PAYLOAD_BYTES = 256 * 1024
RECONCILE_RETRY_SECONDS = 60.0
MAX_NAME_CHARACTERS, MAX_REASON_CHARACTERS = 200, 1000


class StoreAdminServicer(admin_pb2_grpc.StoreAdminServiceServicer):
    """How the sinks stand."""

    def __init__(
        self,
        store: AnalyticalStore,
        artifacts: ArtifactStore,
        outbox: Outbox | None,
        reconciler: Reconciler | None,
        snapshots: Snapshots | None,
        statistics: StatisticsCache,
        shard: int,
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._statistics = statistics
        self._outbox = outbox
        self._reconciler = reconciler
        self._snapshots = snapshots
        self._shard = shard

    async def GetSinkStatus(
        self, _request: admin_pb2.GetSinkStatusRequest, _context: Context
    ) -> admin_pb2.GetSinkStatusResponse:
        """Answers with one entry a sink."""
        second = admin_pb2.SinkStatus(sink=store_pb2.SINK_SUPABASE)
        if self._outbox is not None:
            second = admin_messages.sink_status(await self._store.backlog(), self._outbox.last_error)
        return admin_pb2.GetSinkStatusResponse(
            sinks=[admin_pb2.SinkStatus(sink=store_pb2.SINK_DUCKDB, enabled=True), second],
            sequence=sequences.encode(self._shard, self._store.head),
        )

    async def ListDeadLetters(
        self, request: admin_pb2.ListDeadLettersRequest, _context: Context
    ) -> admin_pb2.ListDeadLettersResponse:
        """Answers with a page of what the second sink refused for good."""
        limit, bound_to = paging.page_size(request.page_size), paging.bound_to("ListDeadLetters", request)
        found = await self._store.dead_letters(_after(request.page_token, bound_to), limit + 1)
        return admin_pb2.ListDeadLettersResponse(
            dead_letters=[self._dead_letter(each) for each in found[:limit]],
            next_page_token=_next_page_token(found, limit, bound_to),
        )

    async def GetDeadLetter(
        self, request: admin_pb2.GetDeadLetterRequest, _context: Context
    ) -> admin_pb2.GetDeadLetterResponse:
        """Answers with a dead letter and what the second sink was sent."""
        number = self._number(request.sequence, "sequence")
        found = await self._outbox.inspect(number) if self._outbox is not None else None
        if found is None:
            raise failure(
                Reason.INVALID_FIELD,
                f"commit {request.sequence} is not dead; ListDeadLetters names those that are",
                field="sequence",
            )
        letter, payload = found
        # What is cut through at the end is left out.
        shown = payload[:MAX_PAYLOAD_BYTES].decode(errors="ignore")
        return admin_pb2.GetDeadLetterResponse(
            dead_letter=self._dead_letter(letter), payload=shown, payload_bytes=len(payload)
        )

    async def ReplayDeadLetters(
        self, request: admin_pb2.ReplayDeadLettersRequest, _context: Context
    ) -> admin_pb2.ReplayDeadLettersResponse:
        """Sends dead letters once more."""
        if bool(request.sequences) == request.all:
            raise failure(
                Reason.INVALID_FIELD, "give either sequences or all, to say which ones", field="sequences"
            )
        if len(request.sequences) > MAX_PAGE_SIZE:
            raise failure(
                Reason.INVALID_FIELD,
                f"{len(request.sequences):,} sequences are more than {MAX_PAGE_SIZE}; send them in parts",
                field="sequences",
            )
        if self._outbox is None:
            raise _no_second_sink()
        if not request.all:
            return admin_pb2.ReplayDeadLettersResponse(
                replayed=await self._outbox.replay(
                    [self._number(each, "sequences") for each in request.sequences]
                )
            )
        replayed = after = 0
        while found := await self._store.dead_letters(after, MAX_PAGE_SIZE):
            after = found[-1].sequence
            replayed += await self._outbox.replay([each.sequence for each in found])
        return admin_pb2.ReplayDeadLettersResponse(replayed=replayed)

    async def Reconcile(
        self, request: admin_pb2.ReconcileRequest, _context: Context
    ) -> admin_pb2.ReconcileResponse:
        """Compares the second sink with the primary, and has it sent what differs."""
        first = day_in(request, "first_day")
        last = day_in(request, "last_day")
        if first is not None and last is not None and first > last:
            raise failure(
                Reason.INVALID_FIELD, f"first_day {first} comes after last_day {last}", field="first_day"
            )
        if self._reconciler is None:
            raise _no_second_sink()
        contents_from = date.min if request.check_contents else None
        try:
            found = await self._reconciler.reconcile(first, last, contents_from)
        except SinkNotOurs as error:
            raise failure(Reason.SINK_UNUSABLE, error.detail) from error
        except SinkFailure as error:
            raise failure(
                Reason.DEPENDENCY_UNAVAILABLE,
                f"{error.detail}; what was found until then is sent again; come back once it answers",
                metadata={"service": "supabase"},
                retry_after=RECONCILE_RETRY_SECONDS,
            ) from error
        return admin_pb2.ReconcileResponse(
            day_count=found.days,
            commit_count=found.commits,
            differing_day_count=found.days_differing,
            undelivered_count=found.undelivered,
            missing_count=found.missing,
            differing_count=found.differing,
            resent_count=found.resent,
            unknown_count=found.unknown,
            unknown_commits=[
                admin_pb2.UnknownCommit(
                    sequence=sequences.encode(self._shard, each.sequence),
                    accession_number=each.accession_number,
                    kind=each.kind.value,
                    version=each.version,
                )
                for each in found.unknown_commits
            ],
        )

    async def PurgeFilings(
        self, request: admin_pb2.PurgeFilingsRequest, _context: Context
    ) -> admin_pb2.PurgeFilingsResponse:
        """Removes filings from both sinks."""
        _check_text("requested_by", request.requested_by, 1, MAX_NAME_CHARACTERS)
        _check_text("reason", request.reason, 1, MAX_REASON_CHARACTERS)
        if bool(request.accession_numbers) == request.HasField("cik"):
            raise failure(
                Reason.INVALID_FIELD, "give either accession_numbers or cik", field="accession_numbers"
            )
        if len(request.accession_numbers) > MAX_PAGE_SIZE:
            raise failure(
                Reason.INVALID_FIELD,
                f"{len(request.accession_numbers):,} filings are more than {MAX_PAGE_SIZE}; purge them in parts",
                field="accession_numbers",
            )
        numbers = [require_accession_number(each, "accession_numbers") for each in request.accession_numbers]
        more = False
        if request.HasField("cik"):
            found = await self._store.accession_numbers_of(require_cik(request.cik, "cik"), MAX_PAGE_SIZE + 1)
            numbers, more = list(found[:MAX_PAGE_SIZE]), len(found) > MAX_PAGE_SIZE
        asked = [Purge(each, request.requested_by, request.reason) for each in dict.fromkeys(numbers)]
        purged = await self._store.purge(asked)
        await self._artifacts.purged(purged)
        return admin_pb2.PurgeFilingsResponse(purged=[self._purge(each) for each in purged], more=more)

    async def ListPurges(
        self, request: admin_pb2.ListPurgesRequest, _context: Context
    ) -> admin_pb2.ListPurgesResponse:
        """Answers with a page of purges."""
        limit, bound_to = paging.page_size(request.page_size), paging.bound_to("ListPurges", request)
        found = await self._store.purges(_after(request.page_token, bound_to), limit + 1)
        return admin_pb2.ListPurgesResponse(
            purges=[self._purge(each) for each in found[:limit]],
            next_page_token=_next_page_token(found, limit, bound_to),
        )

    async def CreateSnapshot(
        self, _request: admin_pb2.CreateSnapshotRequest, _context: Context
    ) -> admin_pb2.CreateSnapshotResponse:
        """Answers with a snapshot that is in the backup."""
        made = await self._existing_snapshots().create()
        return admin_pb2.CreateSnapshotResponse(snapshot=self._snapshot(made))

    async def ListSnapshots(
        self, request: admin_pb2.ListSnapshotsRequest, _context: Context
    ) -> admin_pb2.ListSnapshotsResponse:
        """Answers with a page of the snapshots in the backup."""
        limit, bound_to = paging.page_size(request.page_size), paging.bound_to("ListSnapshots", request)
        before = paging.snapshots_position(request.page_token, bound_to) if request.page_token else None
        found = await self._existing_snapshots().present(before, limit + 1)
        more = len(found) > limit
        return admin_pb2.ListSnapshotsResponse(
            snapshots=[self._snapshot(each) for each in found[:limit]],
            next_page_token=paging.snapshots_token(found[limit - 1].name if more else None, bound_to),
        )

    def _existing_snapshots(self) -> Snapshots:
        if self._snapshots is None:
            raise failure(
                Reason.BACKUP_UNUSABLE,
                "the store makes no copies of itself; set TENKAY_STORE_BACKUP_URL to have some",
            )
        return self._snapshots

    def _snapshot(self, manifest: Manifest) -> admin_pb2.Snapshot:
        return admin_pb2.Snapshot(
            sequence=sequences.encode(self._shard, manifest.sequence),
            made_at=messages.timestamp(manifest.made_at),
            size_bytes=manifest.size_bytes,
            schema_version=manifest.schema_version,
            duckdb_version=manifest.duckdb_version,
            storage_version=manifest.storage_version,
        )

    async def DisputeValue(
        self, request: admin_pb2.DisputeValueRequest, _context: Context
    ) -> admin_pb2.DisputeValueResponse:
        """Marks a value as wrong."""
        reason = messages.dispute_reason(request.reason, "reason")
        if not reason or (reason == "OTHER" and not request.note.strip()):
            raise failure(
                Reason.INVALID_FIELD, "say why the value is wrong; OTHER needs a note", field="reason"
            )
        record, changed = await self._say(request, is_open=True, reason=reason)
        return admin_pb2.DisputeValueResponse(
            dispute=messages.dispute_message(record, self._token), changed=changed
        )

    async def ResolveDispute(
        self, request: admin_pb2.ResolveDisputeRequest, _context: Context
    ) -> admin_pb2.ResolveDisputeResponse:
        """Ends a dispute."""
        record, changed = await self._say(request, is_open=False, reason="")
        return admin_pb2.ResolveDisputeResponse(
            dispute=messages.dispute_message(record, self._token), changed=changed
        )

    async def ListDisputes(
        self, request: admin_pb2.ListDisputesRequest, _context: Context
    ) -> admin_pb2.ListDisputesResponse:
        """Answers with a page of what was said of values."""
        number = request.accession_number
        if number:
            require_accession_number(number, "accession_number")
        selection = DisputeSelection(number, request.history)
        limit, bound_to = paging.page_size(request.page_size), paging.bound_to("ListDisputes", request)
        found = await self._store.disputes(selection, _after(request.page_token, bound_to), limit + 1)
        return admin_pb2.ListDisputesResponse(
            disputes=[messages.dispute_message(each, self._token) for each in found[:limit]],
            next_page_token=_next_page_token(found, limit, bound_to),
        )

    async def GetStatistics(
        self, _request: admin_pb2.GetStatisticsRequest, _context: Context
    ) -> admin_pb2.GetStatisticsResponse:
        """Answers with what the store holds."""
        return admin_messages.statistics(await self._statistics.get(), self._token)

    async def _say(
        self,
        request: admin_pb2.DisputeValueRequest | admin_pb2.ResolveDisputeRequest,
        *,
        is_open: bool,
        reason: str,
    ) -> tuple[CommitRecord, bool]:
        _check_text("said_by", request.said_by, 1, MAX_NAME_CHARACTERS)
        _check_text("note", request.note, 0, MAX_REASON_CHARACTERS)
        if request.HasField("version") and not request.version:
            raise failure(Reason.INVALID_FIELD, "versions are counted from 1", field="version")
        number = messages.accession_number(request.filing, "filing")
        stored = await self._store.filing(number, Moment(self._store.head))
        if stored is not None:
            messages.check_company(request.filing, stored.filing, "filing")
        return await self._store.dispute(
            Dispute(
                number,
                request.version if request.HasField("version") else None,
                request.signal_id,
                is_open,
                reason,
                request.said_by,
                request.note,
            )
        )

    def _token(self, sequence: int) -> str:
        return sequences.encode(self._shard, sequence)

    def _purge(self, record: CommitRecord) -> admin_pb2.PurgeRecord:
        body = record.body
        assert isinstance(body, Purge)  # noqa: S101 - the store answers a purge with purges
        return admin_pb2.PurgeRecord(
            accession_number=body.accession_number,
            cik=body.cik,
            sequence=sequences.encode(self._shard, record.sequence),
            version_count=body.versions,
            recorded_at=messages.timestamp(record.recorded_at),
            requested_by=body.requested_by,
            reason=body.reason,
            copies_clean_at=None
            if body.copies_clean_at is None
            else messages.timestamp(body.copies_clean_at),
        )

    def _number(self, token: str, field: str) -> int:
        numbers = sequences.parse(token)
        if list(numbers) != [self._shard]:
            raise failure(
                Reason.MALFORMED_SEQUENCE,
                f"{token[:80]!r} is not a commit of this store; use a sequence that ListDeadLetters gave",
                field=field,
            )
        return numbers[self._shard]

    def _dead_letter(self, letter: DeadLetter) -> admin_pb2.DeadLetter:
        return admin_pb2.DeadLetter(
            sequence=sequences.encode(self._shard, letter.sequence),
            accession_number=letter.accession_number,
            kind=letter.kind.value,
            result_key=letter.result_key,
            attempts=letter.attempts,
            last_error=letter.last_error,
            enqueued_at=messages.timestamp(letter.enqueued_at),
        )


def _no_second_sink() -> TenkayError:
    return failure(Reason.SINK_DISABLED, "there is no second sink; set TENKAY_STORE_SUPABASE_URL to have one")


def _after(page_token: str, bound_to: bytes) -> int:
    return paging.sequences_position(page_token, bound_to)[1] if page_token else 0


def _next_page_token(found: Sequence[CommitRecord | DeadLetter], limit: int, bound_to: bytes) -> str:
    """Of entries, one more of which than `limit` says that there is another page. They are not read at one state."""
    return paging.sequences_token(found[limit - 1].sequence if len(found) > limit else None, 0, bound_to)


def _check_text(field: str, text: str, least: int, most: int) -> None:
    if not least <= len(text.strip()) or len(text) > most:
        raise failure(
            Reason.INVALID_FIELD,
            f"say {field} in {least} to {most:,} characters, for the record",
            field=field,
        )
    check_text(text, field)
