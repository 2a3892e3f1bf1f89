"""Commands that other distributions bring: the entry points of the group `tenkay.commands`.

Each entry point names a function that typer can make a command of, or a `typer.Typer` of several commands with a
callback that describes them; its name is the command's. Its module is imported when the command is used, or its own
help is asked for. Until then its description comes from the source, unimported.
"""

from __future__ import annotations

import inspect
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

from tenkay.cli.failures import WrongSettingError

GROUP = "tenkay.commands"


class EntryCommand(TyperCommand):
    """Stands for the command of an entry point, and becomes it when it is used."""

    def __init__(self, entry: EntryPoint) -> None:
        super().__init__(entry.name, rich_markup_mode=None)
        self._entry = entry

    def get_short_help_str(self, limit: int = 45) -> str:
        """What the list of commands says of it."""
        self.help = description(self._entry)
        return super().get_short_help_str(limit)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of the command itself, which is imported for it."""
        return self._command().make_context(info_name, args, parent, **extra)

    def _command(self) -> Any:
        try:
            loaded = self._entry.load()
        except (ImportError, AttributeError) as error:
            raise WrongSettingError(
                f"the command {self._entry.name} of {_distribution(self._entry)} cannot be loaded ({error}); "
                "install it again"
            ) from error
        if isinstance(loaded, typer.Typer):
            return typer.main.get_command(loaded)
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(self._entry.name)(loaded)
        return typer.main.get_command(app)


def entry_commands() -> list[EntryCommand]:
    """A command for each entry point, by name."""
    return [EntryCommand(entry) for entry in sorted(entry_points(group=GROUP), key=lambda each: each.name)]


def description(entry: EntryPoint) -> str:
    """The docstring of the function the entry point names, or of the callback of its `typer.Typer`.

    Read from the source. Where there is none: the distribution that the command comes from.
    """
    import ast

    fallback = f"A command of {_distribution(entry)}."
    try:
        spec = find_spec(entry.module)
    except ImportError:
        return fallback
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return fallback
    source = ast.parse(Path(spec.origin).read_bytes())
    for node in source.body:
        if isinstance(node, ast.FunctionDef) and (
            node.name == entry.attr
            or f"{entry.attr}.callback()" in (ast.unparse(decorator) for decorator in node.decorator_list)
        ):
            return inspect.cleandoc(ast.get_docstring(node) or fallback)
    return fallback


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.module
