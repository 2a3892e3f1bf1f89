"""What can be wrong with the local stack. Each message is one line for a person and says what to do."""

from __future__ import annotations


class StackError(Exception):
    """The local stack cannot do what was asked."""


class WrongOptionError(StackError):
    """An option is wrong, or one that is needed is missing."""


class NotRunningError(StackError):
    """There is no stack to talk to."""


class AlreadyRunningError(StackError):
    """There is a stack already."""


class CannotStartError(StackError):
    """A program of the stack did not become ready."""
