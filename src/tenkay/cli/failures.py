"""How a command ends: its exit code, and for a failure one line on standard error that says what to do."""

from __future__ import annotations

from enum import IntEnum

import typer

from tenkay.cli.plain_text import one_line
from tenkay.errors import (
    Cancelled,
    DeadlineExceeded,
    Internal,
    InvalidArgument,
    OutOfRange,
    PermissionDenied,
    Reason,
    ResourceExhausted,
    TenkayError,
    Unauthenticated,
    Unavailable,
    Unimplemented,
)
from tenkay.stack.errors import (
    AlreadyRunningError,
    CannotStartError,
    NotRunningError,
    StackError,
    WrongOptionError,
)

TRACEBACK_VARIABLE = "TENKAY_TRACEBACK"


class ExitCode(IntEnum):
    """What the shell is told. The numbers from 64 on are those of sysexits.h."""

    OK = 0
    NOT_DONE = 1
    USAGE = 2
    UNAVAILABLE = 3
    INTERNAL = 70
    NOT_ALLOWED = 77
    SETTINGS = 78
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.NOT_DONE: "a filing failed, what was asked for is not there, a schema differs, or the stack cannot start",
    ExitCode.USAGE: "the command, an option or a filter is wrong",
    ExitCode.UNAVAILABLE: "no stack runs, or a service or EDGAR does not answer in time or has no room",
    ExitCode.INTERNAL: "unexpected; the line on standard error has the error's id",
    ExitCode.NOT_ALLOWED: "the services do not accept who you are",
    ExitCode.SETTINGS: "an environment variable or the stack file is wrong",
    ExitCode.INTERRUPTED: "stopped by Ctrl-C; a job that was submitted goes on",
}


class WrongSettingError(Exception):
    """An environment variable or a file of settings is wrong; the message names it and says what it should be."""


class NoServiceError(Exception):
    """It is not known where a service is; the message says how to start one or tell."""


def exit_code(error: BaseException) -> ExitCode:
    """The code a command ends with when `error` stopped it."""
    match error:
        case InvalidArgument() | typer.TyperException() | WrongOptionError():
            return ExitCode.USAGE
        case Unavailable() | DeadlineExceeded() | ResourceExhausted() | NoServiceError() | NotRunningError():
            return ExitCode.UNAVAILABLE
        case Unauthenticated() | PermissionDenied():
            return ExitCode.NOT_ALLOWED
        case AlreadyRunningError() | CannotStartError():
            return ExitCode.NOT_DONE
        case WrongSettingError() | StackError():
            return ExitCode.SETTINGS
        case KeyboardInterrupt() | Cancelled():
            return ExitCode.INTERRUPTED
        case Internal() if error.reason is Reason.EXTRACTION_CRASHED:
            return ExitCode.NOT_DONE
        case Internal() | Unimplemented() | OutOfRange():
            return ExitCode.INTERNAL
        case TenkayError():
            return ExitCode.NOT_DONE
        case _:
            return ExitCode.INTERNAL


def error_line(error: BaseException) -> str:
    """One line for a person: what went wrong and what to do."""
    match error:
        case TenkayError():
            text = f"{error.message} [{error.reason}{_references(error)}]"
        case typer.TyperException():
            text = f"{error.format_message()} {_help_hint(error)}"
        case WrongSettingError() | NoServiceError() | StackError():
            text = str(error)
        case KeyboardInterrupt():
            text = "stopped"
        case OSError() if error.strerror is not None:
            place = f"{error.filename}: " if error.filename else ""
            text = f"{place}{error.strerror}"
        case _:
            text = (
                f"unexpected {type(error).__name__}: {error}; "
                f"set {TRACEBACK_VARIABLE}=1 and run it again to see where"
            )
    return "tenkay: " + one_line(text)


def _references(error: TenkayError) -> str:
    named = {"error_id": "error", "trace_id": "trace"}
    # A trace id helps whoever reads the services' logs; for a mistake in the command it would only be noise.
    if isinstance(error, InvalidArgument):
        return ""
    return "".join(f", {word} {error.metadata[key]}" for key, word in named.items() if key in error.metadata)


def _help_hint(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "tenkay"
    return f"(`{path} --help` shows how it is used)"
