"""The error tree, and that it survives the wire and process borders."""

from __future__ import annotations

import pickle

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.common.v1 import errors_pb2
from tenkay.errors import CLASS_BY_REASON, FieldViolation, InvalidArgument, Reason, TenkayError, failure
from tenkay.status import STATUS_METADATA_KEY, from_call, grpc_code, to_status

PREFIX = "ERROR_REASON_"

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


def test_the_reasons_are_those_of_the_proto_in_its_order() -> None:
    declared = [name.removeprefix(PREFIX) for name in errors_pb2.ErrorReason.DESCRIPTOR.values_by_name][1:]
    assert [reason.value for reason in Reason] == declared


def test_the_proto_states_the_status_that_each_reason_is_sent_with() -> None:
    from tests.conftest import REPOSITORY

    lines = (REPOSITORY / "protos/tenkay/common/v1/errors.proto").read_text().splitlines()
    stated: dict[str, str] = {}
    status = ""
    for line in lines:
        if line.strip().startswith("// [") and "]" in line:
            status = line.split("[")[1].split("]")[0]
        elif line.strip().startswith(PREFIX):
            stated[line.split("=")[0].strip().removeprefix(PREFIX)] = status
    assert {reason.value: CLASS_BY_REASON[reason].status for reason in Reason} == {
        name: status for name, status in stated.items() if name != "UNSPECIFIED"
    }


@given(
    reason=st.sampled_from(list(Reason)),
    message=text,
    field=st.none() | text,
    metadata=st.dictionaries(text, text, max_size=3),
    retry_after=st.none() | st.floats(0, 1e6),
)
def test_an_error_arrives_as_it_was_raised(
    reason: Reason, message: str, field: str | None, metadata: dict[str, str], retry_after: float | None
) -> None:
    sent = failure(reason, message, field=field, metadata=metadata, retry_after=retry_after)
    raw = to_status(sent).SerializeToString()
    received = from_call(grpc_code(sent), message, ((STATUS_METADATA_KEY, raw),), service="x")
    for arrived in (received, pickle.loads(pickle.dumps(sent))):  # noqa: S301 - our own bytes
        assert type(arrived) is type(sent)
        assert (arrived.reason, arrived.message, arrived.fields, arrived.metadata) == (
            sent.reason,
            sent.message,
            sent.fields,
            sent.metadata,
        )
        if sent.retry_after is None:
            assert arrived.retry_after is None
        else:
            assert arrived.retry_after == pytest.approx(sent.retry_after, abs=1e-6)


def test_limits_and_outages_always_say_when_to_come_back() -> None:
    for reason, error in CLASS_BY_REASON.items():
        retry_after = failure(reason, "no").retry_after
        assert (retry_after is not None) == (error.status in ("RESOURCE_EXHAUSTED", "UNAVAILABLE"))


def test_a_failure_with_a_field_names_it() -> None:
    error = failure(Reason.INVALID_FIELD, "must not be negative", field="page_size")
    assert isinstance(error, InvalidArgument)
    assert error.fields == (FieldViolation("page_size", "must not be negative"),)


@pytest.mark.parametrize(
    ("code", "details", "reason"),
    [
        (grpc.StatusCode.UNAVAILABLE, "connection refused", Reason.DEPENDENCY_UNAVAILABLE),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded", Reason.DEADLINE_EXCEEDED),
        (grpc.StatusCode.UNIMPLEMENTED, "Method not found!", Reason.METHOD_UNKNOWN),
        (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "Received message larger than max (5 vs. 4)",
            Reason.MESSAGE_TOO_LARGE,
        ),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "Concurrent RPC limit exceeded!", Reason.TOO_MANY_CALLS),
        (grpc.StatusCode.UNKNOWN, "Unexpected <class 'ValueError'>", Reason.INTERNAL),
    ],
)
def test_an_answer_that_grpc_made_itself_gets_the_reason_of_its_code(
    code: grpc.StatusCode, details: str, reason: Reason
) -> None:
    error = from_call(code, details, (), service="tenkay.store.v1.FilingStoreService")
    assert isinstance(error, TenkayError)
    assert error.reason is reason


def test_details_of_another_domain_are_not_taken_for_ours() -> None:
    sent = to_status(failure(Reason.FILING_UNKNOWN, "gone"))
    sent.details[0].value = sent.details[0].value.replace(b"tenkay", b"others")
    error = from_call(
        grpc.StatusCode.NOT_FOUND, "gone", ((STATUS_METADATA_KEY, sent.SerializeToString()),), service="x"
    )
    assert error.reason is Reason.INTERNAL
