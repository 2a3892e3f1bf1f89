"""Reads through query processes, each noted with when it was sent and what it said."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from scripts.quality.coherence import contents
from scripts.quality.coherence.contents import OF_COMPANY, OF_FILING, Method
from scripts.quality.coherence.history import Content
from tenkay import sequences
from tenkay.client import Endpoint, NoFloor, SequenceFloor
from tenkay.client.query import AsyncQueryClient
from tenkay.common.v1 import filing_pb2
from tenkay.errors import Reason, TenkayError

SCREEN = "signals.revenue >= 0"
ALL = 500


@dataclass(frozen=True, slots=True)
class Observation:
    """One read."""

    reader: int
    """Who read; a reader with a floor must never see time go back."""
    has_floor: bool
    pod: int
    method: Method
    subject: str
    token: int
    """The sequence that was asked for; 0: none."""
    sent_at: float
    got_at: float
    as_of: int | None
    """None: an error, which names no state."""
    said: Content | Reason


@dataclass(frozen=True, slots=True)
class _Call:
    ask: Callable[[AsyncQueryClient, str, str], Awaitable[Any]]
    """Takes client, subject and min_sequence."""
    told: Callable[[Any], Content]


def _ref(subject: str) -> filing_pb2.FilingRef:
    return filing_pb2.FilingRef(accession_number=subject)


_CALLS: Mapping[Method, _Call] = {
    Method.FILING: _Call(
        lambda client, of, token: client.get_filing(filing=_ref(of), min_sequence=token),
        contents.told_by_filing,
    ),
    Method.SIGNALS: _Call(
        lambda client, of, token: client.get_signals(filing=_ref(of), min_sequence=token),
        contents.told_by_signals,
    ),
    Method.ANALYSIS: _Call(
        lambda client, of, token: client.get_analysis(filing=_ref(of), min_sequence=token),
        contents.told_by_analysis,
    ),
    Method.COMPANY: _Call(
        lambda client, of, token: client.get_company_summary(cik=int(of), min_sequence=token),
        contents.told_by_company,
    ),
    Method.LIST: _Call(
        lambda client, of, token: client.list_filings(cik=int(of), page_size=ALL, min_sequence=token),
        contents.told_by_list,
    ),
    Method.SCREEN: _Call(
        lambda client, _, token: client.screen_filings(filter=SCREEN, page_size=ALL, min_sequence=token),
        contents.told_by_screen,
    ),
}


class Pods:
    """The query processes, as one caller sees them."""

    def __init__(
        self, addresses: Sequence[str], reader: int, *, floor: bool, note: Callable[[Observation], None]
    ) -> None:
        held = SequenceFloor() if floor else NoFloor()
        self._clients = [
            AsyncQueryClient(Endpoint(address, plaintext=True), floor=held) for address in addresses
        ]
        self._reader = reader
        self._floor = held if floor else None
        self._note = note
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for client in self._clients:
            await self._stack.enter_async_context(client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def __len__(self) -> int:
        return len(self._clients)

    def _floor_of(self, method: Method) -> str:
        if self._floor is None:
            return ""
        return self._floor.over_many if method is Method.SCREEN else self._floor.sequence

    async def read(self, pod: int, method: Method, subject: str, token: str = "") -> Observation:
        """Ask one process and note what it said."""
        asked_for = token or self._floor_of(method)
        call, sent_at = _CALLS[method], time.monotonic()
        said: Content | Reason
        try:
            answer = await call.ask(self._clients[pod], subject, token)
        except TenkayError as error:
            said, as_of = error.reason, None
        else:
            said, as_of = call.told(answer), sequences.parse(answer.as_of_sequence).get(0)
        seen = Observation(
            reader=self._reader,
            has_floor=self._floor is not None,
            pod=pod,
            method=method,
            subject=subject,
            token=sequences.parse(asked_for).get(0, 0),
            sent_at=sent_at,
            got_at=time.monotonic(),
            as_of=as_of,
            said=said,
        )
        self._note(seen)
        return seen


@dataclass(frozen=True, slots=True)
class Subjects:
    """What there is to ask for."""

    accession_numbers: Sequence[str]
    ciks: Sequence[int]

    def draw(self, draw: random.Random, method: Method) -> str:
        """One that fits the method."""
        if method in OF_FILING:
            return draw.choice(self.accession_numbers)
        return str(draw.choice(self.ciks)) if method in OF_COMPANY else ""


async def wander(pods: Pods, subjects: Subjects, draw: random.Random) -> None:
    """Read one thing after another through one process and the other, until cancelled."""
    methods = (*OF_FILING, *OF_FILING, *OF_COMPANY, *OF_COMPANY, Method.SCREEN)
    turn = 0
    while True:
        method = draw.choice(methods)
        await pods.read(turn % len(pods), method, subjects.draw(draw, method))
        turn += 1
