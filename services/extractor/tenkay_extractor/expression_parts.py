"""What a regular expression is made of, as Python's own parser reads it.

That parser is not public: `re._parser` since Python 3.11. It is used here and nowhere else. On a Python that has moved
or changed it no part is known, so that nothing is concluded from one; a test fails then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

_parser: Any = None
with suppress(ImportError):
    _parser = import_module("re._parser")


@dataclass(frozen=True, slots=True)
class Text:
    """One character, as it stands."""

    character: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A place without width: a word's edge, the text's begin or end."""


@dataclass(frozen=True, slots=True)
class Group:
    """Parts that stand in every match, once at least, in this order."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Branches of which one stands in every match."""

    branches: tuple[tuple[Part, ...], ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything else, which may be empty."""


Part = Text | Edge | Group | Choice | Unknown


def parts_of(expression: str) -> tuple[Part, ...]:
    """The expression's parts in order. Raises re.error for one that does not compile."""
    if _parser is None:
        return (Unknown(),)
    try:
        return tuple(_read(_parser.parse(expression)))
    except (AttributeError, LookupError, TypeError, ValueError):
        re.compile(expression)
        return (Unknown(),)  # the parser's answer has another form than that of the Pythons known


def _read(sequence: Iterable[tuple[Any, Any]]) -> Iterator[Part]:
    for operation, argument in sequence:
        match str(operation):
            case "LITERAL":
                yield Text(chr(argument))
            case "AT":
                yield Edge()
            case "SUBPATTERN" if not argument[1]:  # one with flags of its own may ignore case
                yield Group(tuple(_read(argument[3])))
            case "BRANCH":
                yield Choice(tuple(tuple(_read(branch)) for branch in argument[1]))
            case "MAX_REPEAT" | "MIN_REPEAT" if argument[0] >= 1:
                yield Group(tuple(_read(argument[2])))
            case _:
                yield Unknown()
