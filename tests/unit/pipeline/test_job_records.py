"""The records on a real SQLite file."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tenkay.errors import NotFound, Reason, ResourceExhausted
from tenkay_pipeline.job_records import JobRecords, RequestIdTaken, UnusableDatabase
from tenkay_pipeline.jobs import Job, Listing, RetryPolicy, Stage

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LEASE = timedelta(seconds=60)
POLICY = RetryPolicy()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "made" / "as needed" / "jobs.sqlite"


@pytest.fixture
def records(file: Path) -> Iterator[JobRecords]:
    records = JobRecords(f"sqlite:///{file}")
    records.prepare()
    yield records
    records.close()


def accession(number: int) -> str:
    return f"0000000001-26-{number:06d}"


def add(records: JobRecords, filings: int, *, job_id: str = "job", request_id: str = "request-1") -> Job:
    return records.add_job(
        job_id=job_id,
        request_id=request_id,
        arguments_digest="digest",
        traceparent="trace",
        listings=[Listing(accession(number), cik=7) for number in range(filings)],
        now=NOW,
    )


def run_stage(records: JobRecords, number: int, stage: Stage, sequence: str = "") -> None:
    granted = records.acquire(
        "job", accession(number), stage, now=NOW, length=LEASE, policy=POLICY, jitter=0.5
    )
    assert granted is not None
    records.complete(granted.lease, sequence=sequence, cik=None, primary_document=None, now=NOW)


def claimed(records: JobRecords, window: int, now: datetime = NOW) -> list[str]:
    """Accession numbers of what is to be fetched next."""
    claim = records.claim_due(Stage.FETCH, now=now, window=window)
    return [dispatch.accession_number for dispatch in claim.dispatches]


def test_5000_filings_are_recorded_in_one_transaction_in_reasonable_time(records: JobRecords) -> None:
    begin = time.perf_counter()
    job = add(records, 5000)
    assert time.perf_counter() - begin < 5
    assert job.counts.total == 5000
    assert records.get_job("job") == job


def test_a_submission_that_cannot_be_recorded_whole_is_not_recorded_at_all(records: JobRecords) -> None:
    add(records, 1)
    twice = [Listing(accession(1)), Listing(accession(2)), Listing(accession(1))]
    with pytest.raises(Exception, match="UNIQUE"):
        records.add_job(
            job_id="torn",
            request_id="request-2",
            arguments_digest="",
            traceparent="",
            listings=twice,
            now=NOW,
        )
    with pytest.raises(NotFound):
        records.get_job("torn")
    assert records.find_submission("request-2") is None


def test_a_full_disk_is_told_and_changes_nothing(records: JobRecords, file: Path) -> None:
    add(records, 1)
    # The limit is kept by the connection, so every connection of the pool must have it.
    pages = sqlite3.connect(file).execute("PRAGMA page_count").fetchone()[0]
    with records._engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(ResourceExhausted) as refused:
        add(records, 5000, job_id="large", request_id="request-2")
    assert refused.value.reason is Reason.DISK_FULL
    with pytest.raises(NotFound):
        records.get_job("large")
    assert records.get_job("job").counts.total == 1


def test_everything_a_listing_tells_is_kept(records: JobRecords) -> None:
    told = Listing(
        accession_number=accession(1),
        cik=9_999_999_999,
        primary_document="form10k.htm",
        form_type="10-K/A",
        filed_date=date(1996, 2, 29),
        accepted_at=datetime(1996, 2, 29, 17, 30, 1, 123456, tzinfo=UTC),
        period_end=date(1995, 12, 31),
        company_name="Müller & Söhne",
        items=("2.02", "9.01"),
    )
    bare = Listing(accession(2))
    records.add_job(
        job_id="job",
        request_id="request-1",
        arguments_digest="",
        traceparent="",
        listings=[told, bare],
        now=NOW,
    )
    items = records.list_items("job", state=None, after_position=-1, limit=10)
    assert [item.listing for item in items] == [told, bare]
    assert items[0].due_at == NOW


def test_a_job_of_no_filings_is_finished(records: JobRecords) -> None:
    job = add(records, 0)
    assert job.finished_at == NOW
    assert job.counts.total == 0


def test_a_request_id_makes_one_job(records: JobRecords) -> None:
    first = add(records, 1)
    with pytest.raises(RequestIdTaken):
        add(records, 1, job_id="other")
    assert records.find_submission("request-1") == (first, "digest")
    assert records.find_submission("request-9") is None


def test_records_are_there_after_reopening(records: JobRecords, file: Path) -> None:
    add(records, 2)
    run_stage(records, 0, Stage.FETCH)
    again = JobRecords(f"sqlite:///{file}")
    again.prepare()
    assert again.get_job("job").counts.fetched == 1
    granted = again.acquire(
        "job", accession(1), Stage.FETCH, now=NOW, length=LEASE, policy=POLICY, jitter=0.5
    )
    assert granted is not None
    assert granted.lease.token == 2
    again.close()


def test_the_jobs_sequence_has_seen_every_commit_over_all_shards(records: JobRecords) -> None:
    add(records, 2)
    run_stage(records, 0, Stage.FETCH)
    run_stage(records, 1, Stage.FETCH)
    run_stage(records, 0, Stage.EXTRACT, "0.7")
    run_stage(records, 1, Stage.EXTRACT, "1.3")
    run_stage(records, 0, Stage.ANALYZE, "0.5")
    assert records.get_job("job").sequence == "0.7,1.3"


def test_the_broker_is_told_of_a_window_of_filings_and_no_more(records: JobRecords) -> None:
    add(records, 5)
    first = records.claim_due(Stage.FETCH, now=NOW, window=3)
    assert first.room_left == 0
    assert [dispatch.accession_number for dispatch in first.dispatches] == [accession(n) for n in (0, 1, 2)]
    assert {dispatch.traceparent for dispatch in first.dispatches} == {"trace"}
    assert claimed(records, 3) == []
    run_stage(records, 0, Stage.FETCH)
    assert claimed(records, 3) == [accession(3)]
    records.unclaim(first.dispatches[1:2])
    assert claimed(records, 3) == [accession(1)]


def test_the_filings_dispatched_first_are_the_ones_taken_for_lost(records: JobRecords) -> None:
    add(records, 4)
    for seconds in range(4):
        records.claim_due(Stage.FETCH, now=NOW + timedelta(seconds=seconds), window=seconds + 1)
    before = NOW + timedelta(seconds=3)
    assert records.forget_dispatched(Stage.FETCH, before=before, limit=2) == 2
    assert claimed(records, 4, NOW + timedelta(seconds=9)) == [accession(0), accession(1)]
    assert records.forget_dispatched(Stage.FETCH, before=before, limit=9) == 1


def test_what_waits_for_its_retry_is_due_later(records: JobRecords) -> None:
    add(records, 1)
    assert records.next_due(after=NOW - LEASE) == NOW
    granted = records.acquire(
        "job", accession(0), Stage.FETCH, now=NOW, length=LEASE, policy=POLICY, jitter=0.5
    )
    assert granted is not None
    assert records.next_due(after=NOW) is None
    (item,) = records.expire(now=NOW + LEASE, policy=POLICY, jitter=lambda: 0.5)
    assert (item.reason, item.strikes) == (Reason.STALE_LEASE, 1)
    due = records.next_due(after=NOW)
    assert due == NOW + LEASE + timedelta(seconds=1)
    assert claimed(records, 9, NOW + LEASE) == []
    assert claimed(records, 9, due) == [accession(0)]


def test_writers_in_many_threads_do_not_get_in_each_others_way(records: JobRecords) -> None:
    add(records, 40)
    problems: list[BaseException] = []

    def work(numbers: range) -> None:
        try:
            for number in numbers:
                run_stage(records, number, Stage.FETCH)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(range(start, 40, 4),)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert records.get_job("job").counts.fetched == 40


def test_a_job_or_filing_that_is_none_is_unknown(records: JobRecords) -> None:
    add(records, 1)
    for job_id, number in (("none", 0), ("job", 9)):
        with pytest.raises(NotFound) as refused:
            records.acquire(
                job_id, accession(number), Stage.FETCH, now=NOW, length=LEASE, policy=POLICY, jitter=0.5
            )
        assert refused.value.reason is Reason.JOB_UNKNOWN
    with pytest.raises(NotFound):
        records.list_items("none", state=None, after_position=-1, limit=1)


def test_a_database_of_another_version_is_refused(records: JobRecords, file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE numbers SET value = 99 WHERE name = 'schema_version'")
    connection.close()
    with pytest.raises(UnusableDatabase, match="schema version 99"):
        records.prepare()


@pytest.mark.parametrize("url", ["no url", "nosuchdatabase://x", "sqlite:////proc/nowhere/jobs.sqlite"])
def test_a_url_that_names_no_database_is_refused(url: str) -> None:
    with pytest.raises(UnusableDatabase):
        JobRecords(url).prepare()
