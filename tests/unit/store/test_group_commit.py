"""Group commit by itself: windows, bounds, and what happens to a group that fails."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence

import pytest

from tenkay.errors import Reason, ResourceExhausted, TenkayError, Unavailable, failure
from tenkay_store.primary.group_commit import GroupCommitter, GroupLimits, WriterBroken

LIMITS = GroupLimits(group_size=50, window_seconds=0.02, queue_size=100, queue_bytes=1000)


class Disk:
    """Applies groups of numbers; numbers in `bad` fail the group they are in."""

    def __init__(self, *bad: int, error: Exception | None = None) -> None:
        self.groups: list[list[int]] = []
        self.announced: list[list[int]] = []
        self.bad = set(bad)
        self.error = error or ValueError("bad")
        self.busy = threading.Event()
        self.free = threading.Event()
        self.free.set()

    def apply(self, group: Sequence[int]) -> Sequence[int | TenkayError]:
        self.busy.set()
        self.free.wait(5)
        if self.bad & set(group):
            raise self.error
        self.groups.append(list(group))
        return [number * 10 for number in group]

    def committer(self, limits: GroupLimits = LIMITS) -> GroupCommitter[int, int]:
        return GroupCommitter(
            self.apply,
            limits,
            announce=lambda outcomes: self.announced.append(list(outcomes)),
            between=lambda _worked: None,
        )


async def test_work_that_comes_together_goes_in_one_group_in_its_order() -> None:
    disk = Disk()
    committer = disk.committer()
    assert await asyncio.gather(*(committer.submit(n) for n in range(30))) == [n * 10 for n in range(30)]
    assert disk.groups == [list(range(30))]
    assert disk.announced == [[n * 10 for n in range(30)]]
    await committer.close()


async def test_a_full_group_does_not_wait_for_the_window() -> None:
    disk = Disk()
    committer = disk.committer(GroupLimits(10, 30.0, 100, 1000))
    async with asyncio.timeout(5):
        await asyncio.gather(*(committer.submit(n) for n in range(20)))
    assert [len(group) for group in disk.groups] == [10, 10]
    await committer.close()


async def test_a_single_piece_waits_no_longer_than_the_window() -> None:
    committer = Disk().committer()
    started = time.monotonic()
    await committer.submit(1)
    assert time.monotonic() - started < 0.02 + 0.5
    await committer.close()


async def test_one_bad_piece_fails_alone() -> None:
    disk = Disk(3, 7)
    committer = disk.committer()
    answers = await asyncio.gather(*(committer.submit(n) for n in range(10)), return_exceptions=True)
    assert [n for n, answer in enumerate(answers) if isinstance(answer, ValueError)] == [3, 7]
    assert disk.groups == [[n] for n in range(10) if n not in (3, 7)]
    await committer.close()


async def test_a_full_disk_answers_the_whole_group_at_once() -> None:
    disk = Disk(3, error=failure(Reason.DISK_FULL, "full"))
    committer = disk.committer()
    answers = await asyncio.gather(*(committer.submit(n) for n in range(10)), return_exceptions=True)
    assert all(isinstance(answer, ResourceExhausted) for answer in answers)
    assert disk.groups == []
    disk.bad.clear()
    assert await committer.submit(3) == 30
    await committer.close()


async def test_an_error_of_one_piece_leaves_the_others() -> None:
    def apply(group: Sequence[int]) -> Sequence[int | TenkayError]:
        return [failure(Reason.FILING_UNKNOWN, "none") if number == 1 else number for number in group]

    committer = GroupCommitter(apply, LIMITS, announce=lambda _: None, between=lambda _: None)
    answers = await asyncio.gather(*(committer.submit(n) for n in range(3)), return_exceptions=True)
    assert answers[0] == 0
    assert isinstance(answers[1], TenkayError)
    assert answers[2] == 2
    await committer.close()


@pytest.mark.parametrize(("size_bytes", "fit"), [(0, 100), (300, 3)])
async def test_a_full_queue_refuses_and_says_when_to_come_back(size_bytes: int, fit: int) -> None:
    disk = Disk()
    disk.free.clear()
    committer = disk.committer()
    first = asyncio.create_task(committer.submit(0))
    await asyncio.to_thread(disk.busy.wait, 5)
    waiting = [asyncio.create_task(committer.submit(n, size_bytes)) for n in range(1, fit + 1)]
    await asyncio.sleep(0)
    with pytest.raises(ResourceExhausted) as full:
        await committer.submit(999, size_bytes)
    assert full.value.reason is Reason.QUEUE_FULL
    assert full.value.retry_after is not None
    assert full.value.retry_after > 0
    disk.free.set()
    assert await asyncio.gather(first, *waiting) == [n * 10 for n in range(fit + 1)]
    await committer.close()


async def test_one_piece_larger_than_the_queue_still_gets_in() -> None:
    committer = Disk().committer()
    assert await committer.submit(1, 10_000) == 10
    await committer.close()


async def test_closing_writes_what_is_queued() -> None:
    disk = Disk()
    committer = disk.committer(GroupLimits(10, 30.0, 100, 1000))
    waiting = [asyncio.create_task(committer.submit(n)) for n in range(3)]
    await asyncio.sleep(0)
    await committer.close()
    assert await asyncio.gather(*waiting) == [0, 10, 20]
    with pytest.raises(Unavailable):
        await committer.submit(4)


async def test_a_broken_writer_answers_everybody_and_says_so() -> None:
    disk = Disk(1, error=WriterBroken("the file is gone"))
    committer = disk.committer(GroupLimits(1, 0.0, 100, 1000))
    answers = await asyncio.gather(*(committer.submit(n) for n in (1, 2, 3)), return_exceptions=True)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    with pytest.raises(WriterBroken):
        await committer.broken
    with pytest.raises(Unavailable):
        await committer.submit(4)
    await committer.close()


async def test_a_caller_that_goes_away_does_not_stop_its_work() -> None:
    disk = Disk()
    committer = disk.committer()
    gone = asyncio.create_task(committer.submit(1))
    stays = asyncio.create_task(committer.submit(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == 20
    assert disk.groups == [[1, 2]]
    await committer.close()


async def test_between_groups_and_in_quiet_times_there_is_room_for_other_work() -> None:
    calls: list[bool] = []
    idle = threading.Event()

    def between(worked: bool) -> None:
        calls.append(worked)
        if not worked:
            idle.set()

    apply: Callable[[Sequence[int]], Sequence[int | TenkayError]] = lambda group: list(group)  # noqa: E731
    limits = GroupLimits(10, 0.0, 10, 10, idle_seconds=0.01)
    committer = GroupCommitter(apply, limits, announce=lambda _: None, between=between)
    await committer.submit(1)
    await asyncio.to_thread(idle.wait, 5)
    assert True in calls
    assert False in calls
    await committer.close()
