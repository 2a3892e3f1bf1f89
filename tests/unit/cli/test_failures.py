"""Exit codes, and the one line a failed command prints."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from tenkay.cli.failures import (
    MEANINGS,
    ExitCode,
    NoServiceError,
    WrongSettingError,
    error_line,
    exit_code,
)
from tenkay.errors import Reason, failure

EXPECTED = {
    ExitCode.USAGE: {
        Reason.INVALID_FIELD,
        Reason.MALFORMED_ACCESSION_NUMBER,
        Reason.MALFORMED_PAGE_TOKEN,
        Reason.MALFORMED_SEQUENCE,
        Reason.FILTER_SYNTAX,
        Reason.FILTER_UNKNOWN_FIELD,
        Reason.UNKNOWN_SIGNAL,
        Reason.REQUEST_ID_REUSED,
    },
    ExitCode.UNAVAILABLE: {
        Reason.EDGAR_UNAVAILABLE,
        Reason.DEPENDENCY_UNAVAILABLE,
        Reason.SEQUENCE_NOT_REACHED,
        Reason.DRAINING,
        Reason.EDGAR_RATE_LIMITED,
        Reason.QUEUE_FULL,
        Reason.DISK_FULL,
        Reason.MESSAGE_TOO_LARGE,
        Reason.TOO_MANY_CALLS,
        Reason.DEADLINE_EXCEEDED,
        Reason.STREAM_NOT_READ,
        Reason.EXTRACTION_TIMEOUT,
    },
    ExitCode.NOT_ALLOWED: {Reason.IDENTITY_REQUIRED, Reason.IDENTITY_REFUSED},
    ExitCode.INTERNAL: {Reason.INTERNAL, Reason.METHOD_UNKNOWN, Reason.FEED_POSITION_EXPIRED},
    ExitCode.INTERRUPTED: {Reason.CANCELLED},
}


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_its_exit_code(reason: Reason) -> None:
    expected = next((code for code, reasons in EXPECTED.items() if reason in reasons), ExitCode.NOT_DONE)
    assert exit_code(failure(reason, "words")) is expected


def test_every_exit_code_is_documented() -> None:
    documentation = Path(__file__).parents[3] / "docs" / "command-line.md"
    text = documentation.read_text()
    assert set(MEANINGS) == set(ExitCode)
    for code, meaning in MEANINGS.items():
        assert f"| {code.value} | {meaning} |" in text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoServiceError("no stack is running"), 3),
        (WrongSettingError("TENKAY_QUERY_ADDRESS is wrong"), 78),
        (KeyboardInterrupt(), 130),
        (typer.BadParameter("no"), 2),
        (RuntimeError("a bug"), 70),
    ],
)
def test_other_ends_have_their_exit_code(error: BaseException, code: int) -> None:
    assert exit_code(error) == code


@given(st.sampled_from(Reason), st.text())
def test_a_failure_is_always_one_printable_line_that_names_the_reason(reason: Reason, message: str) -> None:
    text = error_line(failure(reason, message))
    assert text.isprintable()
    assert text.startswith("tenkay: ")
    assert text.endswith(f"[{reason}]")


@given(st.text())
def test_an_unexpected_error_is_one_line_without_a_traceback(message: str) -> None:
    text = error_line(RuntimeError(message))
    assert text.isprintable()
    assert "TENKAY_TRACEBACK=1" in text


def test_the_ids_for_the_services_logs_are_named() -> None:
    error = failure(Reason.INTERNAL, "unexpected", metadata={"error_id": "e-42", "trace_id": "ab" * 16})
    assert error_line(error) == f"tenkay: unexpected [INTERNAL, error e-42, trace {'ab' * 16}]"


def test_a_mistake_in_the_command_needs_no_trace() -> None:
    error = failure(Reason.FILTER_SYNTAX, "column 3: unexpected <", metadata={"trace_id": "ab" * 16})
    assert error_line(error) == "tenkay: column 3: unexpected < [FILTER_SYNTAX]"


def test_a_file_that_cannot_be_read_is_named() -> None:
    missing = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "here.pem")
    assert error_line(missing) == "tenkay: here.pem: No such file or directory"
