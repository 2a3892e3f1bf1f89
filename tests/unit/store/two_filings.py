"""A store with a filing in two versions and another one, and what is asked of it around purges."""

from __future__ import annotations

from tenkay_store.domain import filter as filters
from tenkay_store.domain.records import Purge
from tenkay_store.domain.selections import Screen
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment
from tenkay_store.wire.commit_messages import extraction_record
from tests.unit.store.filings import accession_number, analysis_to_commit, extraction, extraction_to_commit

FIRST, OTHER = accession_number(1), accession_number(2)
ASKED = Purge(FIRST, "the data officer", "the filer withdrew it")


async def fill(store: AnalyticalStore) -> None:
    """Two versions of the first filing, the newer one analysed, and another filing."""
    await store.commit(extraction_to_commit(FIRST, code_version="old"))
    message = extraction(FIRST)
    await store.commit(extraction_record(message))
    await store.commit(analysis_to_commit(message))
    await store.commit(extraction_to_commit(OTHER))


def screen_of(store: AnalyticalStore) -> Screen:
    """The screen of filings whose current ratio can be compared with anything."""
    expression = filters.parse("signals.current_ratio > 0")
    assert expression is not None
    return Screen(filters.resolve(expression, store.signal_types))


async def screened(store: AnalyticalStore) -> list[str]:
    """The filings of `screen_of`."""
    page = await store.screen_filings(screen_of(store), Moment(store.head), None, 10)
    return [each.filing.accession_number for each in page.summaries]
