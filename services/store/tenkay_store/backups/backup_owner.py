"""Whether a backup is this store's: two stores in one place would write over each other, and none could be restored."""

from __future__ import annotations

from tenkay.errors import Reason, TenkayError, failure
from tenkay.runtime.logs import get_logger
from tenkay_store.backups.backup import Backup, Listing
from tenkay_store.backups.commit_parts import DamagedPart
from tenkay_store.domain.storage import AnalyticalStore

COMPARED_COMMITS = 50

logger = get_logger(__name__)


async def require_own(backup: Backup, store: AnalyticalStore, listing: Listing) -> None:
    """Take the backup for the store when it is nobody's. BACKUP_UNUSABLE when it is another's: nothing is written."""
    owner = await backup.owner()
    if owner is not None and owner != store.store_id:
        raise _of_another(f"it is of the store {owner}, and this is {store.store_id}")
    if listing.newest_sequence > store.head:
        raise _of_another(
            f"it reaches to commit {listing.newest_sequence} and this store to {store.head}: it is of another store, "
            "or this file is an old copy"
        )
    await _require_same_commits(backup, store, listing)
    if owner is None and (owner := await backup.claim(store.store_id)) != store.store_id:
        raise _of_another(f"it is of the store {owner}, and this is {store.store_id}")


async def _require_same_commits(backup: Backup, store: AnalyticalStore, listing: Listing) -> None:
    """The newest copied commits are this store's: an old copy of its file may have grown beyond what it had."""
    if not listing.parts:
        return
    newest = listing.parts[-1]
    try:
        copied = (await backup.part(newest))[-COMPARED_COMMITS:]
    except DamagedPart as problem:
        logger.error("copied_commits_damaged", after=newest.range.after, problem=str(problem))
        return
    own = {each.sequence: each for each in await store.commit_records([each.sequence for each in copied])}
    for record in copied:
        # What was purged since is not there any more, and says nothing.
        same = own.get(record.sequence, record)
        if (same.accession_number, same.recorded_at) != (record.accession_number, record.recorded_at):
            raise _of_another(
                f"commit {record.sequence} is of {record.accession_number} there and of {same.accession_number} here, "
                "or of another moment"
            )


def _of_another(why: str) -> TenkayError:
    return failure(
        Reason.BACKUP_UNUSABLE,
        f"the backup is of another store: {why}; nothing was written there; give this store a TENKAY_STORE_BACKUP_URL "
        "of its own, or restore the other one with tenkay store restore",
    )
