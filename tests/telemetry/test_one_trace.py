"""One trace id joins the command line, pipeline, workers, fetcher, extractor, analyzer, store and query."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from samples import generate
from tests.otlp_receiver import OtlpReceiver
from tests.whole_stack import running_stack

SERVICES = {"tenkay-cli", "tenkay-pipeline", "tenkay-fetcher", "tenkay-extractor", "tenkay-analyzer"} | {
    "tenkay-store",
    "tenkay-query",
    "tenkay-worker",
}


@pytest.mark.timeout(180)
@pytest.mark.xdist_group("whole_stack")
def test_one_ingest_is_one_trace_through_every_service(tmp_path: Path) -> None:
    edgar = tmp_path / "edgar"
    generate(edgar)
    with OtlpReceiver() as receiver:
        with running_stack(tmp_path / "var", edgar, "--otlp", receiver.endpoint) as stack:
            done = stack.tenkay("ingest", "PLDM", "--forms", "10-K", "--limit", "1")
            assert done.returncode == 0, done.stderr
            deadline = time.monotonic() + 15
            while not {span.service for span in receiver.spans()} >= SERVICES and time.monotonic() < deadline:
                time.sleep(0.2)
        spans = receiver.spans()
    roots = [span for span in spans if span.service == "tenkay-cli" and not span.parent_span_id]
    assert len(roots) == 1
    trace = [span for span in spans if span.trace_id == roots[0].trace_id]
    assert {span.service for span in trace} >= SERVICES
    # A tree: every span but the root hangs on another one of the trace.
    known = {span.span_id for span in trace}
    assert [span for span in trace if span.parent_span_id not in known and span is not roots[0]] == []
