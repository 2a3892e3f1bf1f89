"""What belongs to the call being served: its deadline, its place in a trace, its caller.

They are context variables, so that they reach the clients of other services without passing through every signature:
the handler wrapper sets them, `tenkay.client` reads them.
"""

from __future__ import annotations

import random
import re
import time
from contextvars import ContextVar
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A position in a trace, as W3C Trace Context carries it."""

    trace_id: int
    """128 bits, never 0."""
    span_id: int
    """64 bits, never 0."""
    sampled: bool
    """Whether spans of this trace are recorded. Unsampled traces are passed on all the same: their id is in logs."""

    @property
    def trace_id_hex(self) -> str:
        """The trace id as Jaeger and the logs print it."""
        return f"{self.trace_id:032x}"

    def traceparent(self) -> str:
        """The header that hands this position on."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{'01' if self.sampled else '00'}"


def parse_traceparent(header: str | None) -> TraceContext | None:
    """The position a `traceparent` header names; none when it is missing, malformed or all zero, which is ignored."""
    match = _TRACEPARENT.fullmatch(header) if header else None
    if match is None:
        return None
    trace_id, span_id = int(match[1], 16), int(match[2], 16)
    if trace_id == 0 or span_id == 0:
        return None
    return TraceContext(trace_id, span_id, sampled=bool(int(match[3], 16) & 1))


def new_trace(*, sampled: bool) -> TraceContext:
    """The root of a new trace."""
    # Ids need to be distinct, not secret.
    return TraceContext(random.getrandbits(128) | 1, random.getrandbits(64) | 1, sampled)


CURRENT_TRACE: ContextVar[TraceContext | None] = ContextVar("tenkay_trace", default=None)
CURRENT_DEADLINE: ContextVar[float | None] = ContextVar("tenkay_deadline", default=None)
"""On the clock of time.monotonic(), the margin already taken off."""
CURRENT_CALLER: ContextVar[str | None] = ContextVar("tenkay_caller", default=None)
"""Name of the identity that calls. None where none is asked for, and outside of a call."""


def current_trace() -> TraceContext | None:
    """The trace of the call being served, if any."""
    return CURRENT_TRACE.get()


def current_deadline() -> float | None:
    """Seconds left for the call being served, its margin taken off, never below 0. None outside of a call."""
    deadline = CURRENT_DEADLINE.get()
    return None if deadline is None else max(0.0, deadline - time.monotonic())
