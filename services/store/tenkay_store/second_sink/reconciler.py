"""Compares what the primary holds with what the second sink holds, day by day, and sends again what differs.

First a digest a day from both sides: a count and a sum of hashes, for which nothing is shipped. Only for days that
differ are the commits themselves compared, in pages. Commits that the outbox still has to deliver, or gave up on, are
left out: they differ by right.

The primary is what counts. What it holds and the sink does not, or not the same, goes back into the outbox. What was
purged and is there all the same is purged there again. What the sink holds beyond that is reported and left alone: it
may be all that is left of commits that the primary has lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tenkay.errors import TenkayError
from tenkay.runtime.logs import get_logger
from tenkay_store import metrics
from tenkay_store.domain.records import CommitKind, HeldCommit
from tenkay_store.domain.sink import SinkFailure, SinkLedger
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.second_sink.outbox import Outbox

FIRST_RUN_SECONDS = 60.0
"""How long after its start a store compares for the first time, at most."""
SPAN_COMMITS, SPAN_COMMITS_WITH_CONTENTS = 100_000, 3000
"""Commits that the sink digests in one call, for its statements to stay short. Of a day with more, contents are
compared page by page without a digest."""
PAGE_COMMITS = 2000
"""Commits of a day held in memory at once, of each side."""
MAX_UNKNOWN_SHOWN = 100

logger = get_logger(__name__)


@dataclass(slots=True)
class Reconciliation:
    """What a comparison found."""

    commits: int = 0
    """That the primary holds and the sink has taken, of the days compared."""
    days: int = 0
    """That have any, on either side."""
    days_differing: int = 0
    undelivered: int = 0
    """Commits of differing days that the outbox still has to deliver, or gave up on."""
    missing: int = 0
    """Not in the sink, though it took them."""
    differing: int = 0
    """In the sink with another result or altered rows, or there though purged."""
    resent: int = 0
    """Commits that went back into the outbox."""
    unknown: int = 0
    """In the sink only."""
    unknown_commits: list[HeldCommit] = field(default_factory=list)
    """The first MAX_UNKNOWN_SHOWN of them."""


class Reconciler:
    """Compares one sink with the primary."""

    def __init__(
        self,
        store: AnalyticalStore,
        ledger: SinkLedger,
        outbox: Outbox,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[float], float],
        page_commits: int = PAGE_COMMITS,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._outbox = outbox
        self._clock = clock
        self._jitter = jitter
        self._page_commits = page_commits
        self._running = asyncio.Lock()

    async def run(self, every_seconds: float, contents_days: int) -> None:
        """Compare all days now and then, without end; the contents of the newest days too."""
        await asyncio.sleep(self._jitter(min(FIRST_RUN_SECONDS, every_seconds)))
        while True:
            contents_from = self._clock().date() - timedelta(days=contents_days - 1)
            try:
                await self.reconcile(None, None, contents_from)
            except (SinkFailure, TenkayError) as error:
                logger.warning("not_reconciled", problem=str(error))
            await asyncio.sleep(self._jitter(every_seconds))

    async def reconcile(
        self, first: date | None, last: date | None, contents_from: date | None
    ) -> Reconciliation:
        """Compare the days from `first` to `last`, None for all; from `contents_from` on, the sink's rows as well.

        One comparison runs at a time. SinkFailure when the sink does not answer: what was found before is sent again.
        """
        async with self._running:
            found = Reconciliation()
            try:
                with metrics.RECONCILIATION_SECONDS.time():
                    await self._compare(first or date.min, last or date.max, contents_from, found)
            except BaseException:
                metrics.RECONCILIATIONS.labels("failed").inc()
                raise
            finally:
                _count(found)
            metrics.RECONCILIATIONS.labels("ok").inc()
            metrics.RECONCILED_AT.set(self._clock().timestamp())
            logger.info(
                "reconciled",
                days=found.days,
                commits=found.commits,
                missing=found.missing,
                differing=found.differing,
                resent=found.resent,
                unknown=found.unknown,
            )
            return found

    async def _compare(
        self, first: date, last: date, contents_from: date | None, found: Reconciliation
    ) -> None:
        held = await self._store.day_digests(first, last)
        commits = {day: digest.commits for day, digest in held.items()}
        for start, end in spans(first, last, commits, contents_from):
            with_contents = contents_from is not None and start >= contents_from
            if with_contents and commits.get(start, 0) > SPAN_COMMITS_WITH_CONTENTS:
                await self._compare_large_day(start, commits[start], found)
                start += timedelta(days=1)
                if start > end:
                    continue
            ours = await self._store.day_digests(start, end)
            theirs = await self._ledger.day_digests(start, end, with_contents=with_contents)
            found.days += len(ours.keys() | theirs.keys())
            found.commits += sum(digest.commits for digest in ours.values())
            for day in sorted(ours.keys() | theirs.keys()):
                if ours.get(day) != theirs.get(day):
                    found.days_differing += 1
                    await self._compare_day(day, found, with_contents=with_contents)

    async def _compare_large_day(self, day: date, commits: int, found: Reconciliation) -> None:
        before = (found.missing, found.differing, found.unknown)
        found.days += 1
        found.commits += commits
        await self._compare_day(day, found, with_contents=True)
        if (found.missing, found.differing, found.unknown) != before:
            found.days_differing += 1

    async def _compare_day(self, day: date, found: Reconciliation, *, with_contents: bool) -> None:
        after = 0
        up_to: int | None = 0
        while up_to is not None:
            # The primary first: what it says is delivered must be in the sink's answer, which comes later.
            ours = await self._store.commits_of_day(day, after, self._page_commits)
            up_to = ours[-1][0].sequence if len(ours) >= self._page_commits else None
            theirs = await self._ledger.commits_of_day(
                day, after, up_to or _LAST_SEQUENCE, self._page_commits, with_contents=with_contents
            )
            if len(theirs) >= self._page_commits:
                up_to = theirs[-1].sequence
            page = [each for each in ours if up_to is None or each[0].sequence <= up_to]
            await self._compare_page(page, theirs, found)
            after = up_to or 0

    async def _compare_page(
        self, ours: Sequence[tuple[HeldCommit, bool]], theirs: Sequence[HeldCommit], found: Reconciliation
    ) -> None:
        strangers = {_place(each): each for each in theirs}
        again: set[int] = set()
        for commit, delivered in ours:
            match = strangers.pop(_place(commit), None)
            if not delivered:
                found.undelivered += 1
            elif match is None:
                found.missing += 1
                again.add(commit.sequence)
            elif match.hash != commit.hash:
                found.differing += 1
                again.add(commit.sequence)
        if strangers:
            again |= await self._purges_of(list(strangers.values()), found)
        if again:
            found.resent += await self._outbox.resend(sorted(again))

    async def _purges_of(self, strangers: Sequence[HeldCommit], found: Reconciliation) -> set[int]:
        """The purges that should have taken these commits out of the sink; the others are unknown to the primary."""
        standing = await self._store.standing(
            [each.sequence for each in strangers], sorted({each.accession_number for each in strangers})
        )
        again: set[int] = set()
        for each in strangers:
            purge = standing.purges.get(each.accession_number)
            if each.sequence in standing.held:
                continue  # committed since the primary was asked
            if purge is None or purge < each.sequence:
                found.unknown += 1
                if len(found.unknown_commits) < MAX_UNKNOWN_SHOWN:
                    found.unknown_commits.append(each)
            elif each.accession_number in standing.purges_delivered:
                found.differing += 1
                again.add(purge)
        return again


_LAST_SEQUENCE = 2**63 - 1
"""The largest that Postgres' bigint holds."""


def spans(
    first: date, last: date, commits: Mapping[date, int], contents_from: date | None
) -> list[tuple[date, date]]:
    """The days from `first` to `last` in pieces of so many commits, none with `contents_from` inside."""
    starts = {first}
    if contents_from is not None:
        starts.add(contents_from)
    room = 0
    for day in sorted(commits):
        with_contents = contents_from is not None and day >= contents_from
        most = SPAN_COMMITS_WITH_CONTENTS if with_contents else SPAN_COMMITS
        if commits[day] > room or day in starts:
            starts.add(day)
            room = most
        room -= commits[day]
    ordered = sorted(day for day in starts if first <= day <= last)
    ends = [day - timedelta(days=1) for day in ordered[1:]] + [last]
    return list(zip(ordered, ends, strict=True))


def _place(commit: HeldCommit) -> tuple[int, CommitKind, str, int]:
    return commit.sequence, commit.kind, commit.accession_number, commit.version


def _count(found: Reconciliation) -> None:
    metrics.RECONCILIATION_FOUND.labels("missing").inc(found.missing)
    metrics.RECONCILIATION_FOUND.labels("differing").inc(found.differing)
    metrics.RECONCILIATION_FOUND.labels("unknown").inc(found.unknown)
    metrics.RECONCILIATION_RESENT.inc(found.resent)
