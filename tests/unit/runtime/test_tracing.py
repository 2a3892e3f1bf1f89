"""Spans reach a real receiver where the trace is sampled, and cost and send nothing where it is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tenkay.runtime import tracing
from tenkay.runtime.call import current_trace, new_trace, parse_traceparent
from tests.otlp_receiver import OtlpReceiver


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as started:
        tracing.start_tracing("tenkay-test", started.endpoint)
        yield started
        tracing.stop_tracing()


def test_spans_of_one_trace_form_a_tree_across_a_hand_over(receiver: OtlpReceiver) -> None:
    with tracing.root_span("command") as root, tracing.span("step", {"sec.form_type": "10-K"}):
        handed_over = tracing.inject()
    with tracing.remote_parent(handed_over), tracing.span("elsewhere"):
        pass
    tracing.stop_tracing()
    spans = {span.name: span for span in receiver.spans()}
    assert set(spans) == {"command", "step", "elsewhere"}
    assert {span.trace_id for span in spans.values()} == {root.trace_id_hex}
    assert spans["command"].parent_span_id == ""
    assert spans["step"].parent_span_id == spans["command"].span_id
    assert spans["elsewhere"].parent_span_id == spans["step"].span_id


def test_an_unsampled_trace_is_handed_on_and_not_recorded(receiver: OtlpReceiver) -> None:
    position = new_trace(sampled=False)
    with tracing.remote_parent(position.traceparent()), tracing.span("unseen"):
        assert tracing.inject() == position.traceparent()
    tracing.stop_tracing()
    assert receiver.spans() == []


def test_without_an_exporter_spans_still_carry_the_trace_on() -> None:
    with tracing.root_span("command") as root, tracing.span("step"):
        position = current_trace()
        assert position is not None
        assert position.trace_id == root.trace_id
        assert position.sampled is False


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00-abc",
        "00-" + "0" * 32 + "-" + "1" * 16 + "-01",
        "00-" + "1" * 32 + "-" + "0" * 16 + "-01",
    ],
)
def test_what_is_no_traceparent_is_ignored(header: str | None) -> None:
    assert parse_traceparent(header) is None
