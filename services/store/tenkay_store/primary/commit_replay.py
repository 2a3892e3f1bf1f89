"""A restore's commits: put back with the sequence, version and moment they had, over gaps where others were lost."""

from __future__ import annotations

from tenkay.errors import Reason, TenkayError, failure
from tenkay_store.domain.records import Analysis, Change, CommitRecord, Dispute, Extraction, Purge
from tenkay_store.primary.commit_plan import CommitPlan, lacks_extraction, left_company
from tenkay_store.primary.commit_tables import naive
from tenkay_store.primary.commit_work import Written


def reapply(plan: CommitPlan, record: CommitRecord) -> Written | TenkayError:
    """A commit of a lost file, as it was made, unless it is stored. INVALID_FIELD when it does not follow that.

    What is stored may have gaps before it, where commits were lost: sequence, version and moment are the record's.
    What turned stale by it is worked out when all is back (`settle`), and disputes that it carried over are commits
    of their own.
    """
    if record.sequence <= plan.head:
        return Written()
    match record.body:
        case Extraction() as body:
            return _extraction(plan, record, body)
        case Analysis() as body:
            return _analysis(plan, record, body)
        case Dispute() as body:
            return _dispute(plan, record, body)
        case Purge() as body:
            return _purge(plan, record, body)


def _extraction(plan: CommitPlan, record: CommitRecord, body: Extraction) -> Written | TenkayError:
    filings = plan.filings.setdefault(record.accession_number, [])
    if filings and record.version <= filings[-1].version:
        return _does_not_follow(record, f"version {filings[-1].version} of it is stored")
    # The number before it is that of the change that told its former company, unless another commit has it.
    left = left_company(filings, body.filing) if record.sequence > plan.head + 1 else None
    _go_to(plan, record)
    plan.head -= left is not None
    return plan.put_extraction(body, record.version, record.traceparent, record.fence, left)


def _analysis(plan: CommitPlan, record: CommitRecord, body: Analysis) -> Written | TenkayError:
    stored = plan.analyses.get(record.accession_number, [])
    if stored and record.version <= stored[-1].version:
        return _does_not_follow(record, f"version {stored[-1].version} of it is stored")
    filings = plan.filings.get(record.accession_number, ())
    made_from = next((each for each in filings if each.result_key == body.extraction_key), None)
    if made_from is None:
        return lacks_extraction(body)
    _go_to(plan, record)
    return plan.put_analysis(body, record.version, record.traceparent, record.fence, made_from)


def _dispute(plan: CommitPlan, record: CommitRecord, body: Dispute) -> Written | TenkayError:
    filings = plan.filings.get(record.accession_number, ())
    version = next((each for each in filings if each.version == record.version), None)
    digest = None if version is None else plan.digest_of_value(version.sequence, body.signal_id)
    if version is None or digest is None:
        return _does_not_follow(record, f"no value of {body.signal_id} is stored")
    _go_to(plan, record)
    return plan.say(body, version.sequence, version.cik, digest)


def _purge(plan: CommitPlan, record: CommitRecord, body: Purge) -> Written:
    filings = plan.filings.setdefault(record.accession_number, [])
    if not filings:
        plan.new_filings.append(record.accession_number)
    newest = filings[-1].version if filings else 0
    _go_to(plan, record)
    return plan.put_purge(body if body.versions else plan.described(body), max(newest, record.version))


def _go_to(plan: CommitPlan, record: CommitRecord) -> None:
    plan.head, plan.recorded_at = record.sequence - 1, naive(record.recorded_at)


def resume(plan: CommitPlan, complete_up_to: int, resumed_at: int) -> None:
    """The end of a restore."""
    plan.resumes.append((plan.recorded_at, complete_up_to, resumed_at))
    plan.head = resumed_at


def settle(plan: CommitPlan, accession_number: str, cause: int) -> tuple[Change, ...]:
    """Set and end the marks that a filing that was put back, or its purge, calls for."""
    versions = plan.filings.get(accession_number, [])
    past = plan.past(accession_number)
    cik = versions[-1].cik if versions else past.purged_cik
    standing = plan.stale_marks.standing(cik, accession_number)
    if standing is not None:
        return plan.turn_on_account_of(standing, None, cause)
    turns = plan.stale_marks.turns_by_it_as_input(accession_number, [cik], past)
    return plan.write_turns(turns, cause)


def _does_not_follow(record: CommitRecord, stored: str) -> TenkayError:
    return failure(
        Reason.INVALID_FIELD,
        f"commit {record.sequence} (version {record.version} of {record.accession_number}) does not follow: {stored}",
        field="sequence",
    )
