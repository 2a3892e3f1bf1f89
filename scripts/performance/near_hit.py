"""What an answer from the process's own memory costs, and what of it is for knowing what is asked most.

    python scripts/performance/near_hit.py [--json]

Takes the CPU time of `HotReads.reply` of a request that memory has the answer to, without gRPC around it, beside that
of the same steps without the sampling; each the least of several rounds, which alternate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tenkay.common.v1 import filing_pb2
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query import questions
from tenkay_query.admission.caller_limits import CallerLimit, CallerLimits
from tenkay_query.admission.callers import Callers
from tenkay_query.asked_most import AskedMost
from tenkay_query.asked_questions import AskedQuestions
from tenkay_query.cache import request_bytes
from tenkay_query.cache.near_cache import Key, NearCache, NearLimits
from tenkay_query.hot_reads import HotMethod, HotReads
from tenkay_query.metrics import AnswerMetrics
from tenkay_query.question import Keepable

ROUNDS, CALLS = 15, 20_000
BODY_BYTES = 4096
_TRAILING = (("tenkay-cache", "hit"),)


class Silent:
    """A ledger that nobody reads."""

    async def tell(self, asked: Sequence[tuple[Key, float]]) -> None:
        """Nothing."""

    async def top(self, most: int) -> list[Key]:  # noqa: ARG002
        """Nothing."""
        return []


class Call:
    """As much of a gRPC call as a hit touches."""

    def set_trailing_metadata(self, metadata: object) -> None:
        """Kept, as gRPC keeps it."""
        self.metadata = metadata


async def measure(every: int) -> dict[str, float]:
    """Nanoseconds a hit, with and without the sampling of one in `every`."""
    near = NearCache(NearLimits(1000, 1 << 24, 3600.0))
    near.open("0.1")
    method = HotMethod.of(pb.GetSignalsRequest, questions.signals)
    request = pb.GetSignalsRequest(filing=filing_pb2.FilingRef(accession_number="0000320193-24-000123"))
    raw = request.SerializeToString()
    question: Any = questions.signals(request)
    near.keep(
        (method.name, raw), question, bytes(BODY_BYTES), Keepable("0.1", near.stamp(), 3600, time.time())
    )
    asked = AskedQuestions(AskedMost(1000, 3600.0, time.monotonic()), Silent(), every=every)
    unused: Any = None
    reads = HotReads(
        near,
        unused,
        AnswerMetrics(near),
        asked,
        Callers(CallerLimits(CallerLimit(1, 1, 1), 1)),
    )
    call: Any = Call()

    async def plain() -> bytes | None:
        parts = request_bytes.split(raw, method.min_sequence_field)
        key = None
        if parts is not None:
            key = (method.name, parts[0])
            entry = near.find(key, parts[1])
            if entry is not None:
                call.set_trailing_metadata(_TRAILING)
                return entry.body
        return None

    async def sampled() -> bytes | None:
        return await reads.reply(method, raw, call)

    async def as_deep() -> bytes | None:
        return await plain()

    least = {"without": float("inf"), "with": float("inf")}
    for _ in range(ROUNDS):
        for name, ask in (("without", as_deep), ("with", sampled)):
            least[name] = min(least[name], await _nanoseconds(ask))
    return {
        "hit_ns": round(least["with"]),
        "without_sampling_ns": round(least["without"]),
        "sampling_ns": round(least["with"] - least["without"]),
    }


async def _nanoseconds(ask: Callable[[], Awaitable[bytes | None]]) -> float:
    began = time.thread_time_ns()
    for _ in range(CALLS):
        await ask()
    return (time.thread_time_ns() - began) / CALLS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=16, help="look at one hit in so many (16)")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    arguments = parser.parse_args()
    found = asyncio.run(measure(arguments.every))
    if arguments.json:
        print(json.dumps(found))
        return
    print(
        f"{found['hit_ns']:,} ns a hit, of which {found['sampling_ns']:,} ns are for looking at one in "
        f"{arguments.every} of them"
    )


if __name__ == "__main__":
    main()
