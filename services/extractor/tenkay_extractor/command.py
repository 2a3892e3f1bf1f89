"""`tenkay extract` and `tenkay catalog`: offline, no servers, the same code the service runs."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tenkay_extractor.extraction import Extraction
    from tenkay_extractor.reference_tables import ReferenceTable


class CategoryName(enum.StrEnum):
    """The catalog's categories, by name: the catalog itself is read when a command runs, not when help is shown."""

    FINANCIAL = "FINANCIAL"
    SENTIMENT = "SENTIMENT"
    RISK = "RISK"
    MANAGEMENT = "MANAGEMENT"


MOST_MEMORY_BYTES = 4 << 30
"""A filing of any real size needs a small part of it; one that is made to fill the machine is stopped here."""

MOST_TABLE_BYTES = 16 << 20
"""Tables of the most entries that are taken, written as JSON, are smaller."""

EXIT_FAILED = 1
"""At least one path could not be extracted; the others were."""


def extract(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Full submission texts or single documents, also gzip-compressed (.gz).",
            show_default=False,
        ),
    ],
    prior: Annotated[
        list[Path] | None,
        typer.Option(
            "--prior",
            metavar="PATH",
            help="An earlier filing of the same company, for signals that compare with one. May be repeated. Both are "
            "full submission texts, whose headers tell that it is earlier.",
            show_default=False,
        ),
    ] = None,
    category: Annotated[
        list[CategoryName] | None,
        typer.Option(
            "--category",
            help="Compute the signals of this category only. May be repeated.",
            case_sensitive=False,
            show_default=False,
        ),
    ] = None,
    tables: Annotated[
        Path | None,
        typer.Option(
            "--tables",
            metavar="FILE",
            help="Reference tables for the signals that are computed against one: a JSON file in the form of the "
            "message tenkay.extractor.v1.ReferenceTables.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    facts: Annotated[bool, typer.Option("--facts", help="With --json: the XBRL facts too.")] = False,
) -> None:
    """Extract filings from files, without any server.

    With --json, one object a line: accession_number, form_type, cik, filed_at, period_end, versions and result key,
    sections[{code, part, title, document, start, end, text, confidence}], signals[{id, value, unit, confidence,
    evidence[]}], missing[{id, reason, detail}] and, with --facts, facts[{concept, value, unit, start, end, instant,
    decimals, dimensions, document}]. Numbers are decimal strings.

    Exit codes: 0 all were extracted, 1 at least one path failed (the others are printed), 2 wrong usage.
    """
    from tenkay_extractor import command_output
    from tenkay_extractor.catalog import Category
    from tenkay_extractor.filing_files import UnreadablePathError, read_filing
    from tenkay_extractor.memory_limit import memory_limited

    if facts and not as_json:
        raise typer.BadParameter("facts are printed with --json only: add --json", param_hint="--facts")
    failed = False
    categories = frozenset(Category(each.value) for each in category or ())
    given = () if tables is None else _read_tables(tables)
    for path in paths:
        try:
            with memory_limited(MOST_MEMORY_BYTES):
                found = read_filing(path, earlier=prior or (), categories=categories, tables=given)
        except (UnreadablePathError, MemoryError) as error:
            told = str(error) or f"needs more memory than {MOST_MEMORY_BYTES >> 20:,} MiB"
            typer.echo(f"tenkay: {path}: {told}", err=True)
            failed = True
            continue
        if as_json:
            typer.echo(command_output.as_json_line(found, with_facts=facts))
        else:
            _print_tables(path, found)
    if failed:
        raise typer.Exit(EXIT_FAILED)


def catalog(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show the signals there are: what they say, how they are computed, when they are missing.

    Exit codes: 0 done, 2 wrong usage.
    """
    from tenkay_extractor import command_output
    from tenkay_extractor.catalog_tables import load_catalog

    rows = load_catalog()
    if as_json:
        for line in command_output.catalog_json_lines(rows):
            typer.echo(line)
        return
    from rich.console import Console

    Console().print(command_output.catalog_table(rows))


def _read_tables(path: Path) -> tuple[ReferenceTable, ...]:
    from google.protobuf import json_format

    from tenkay.extractor.v1 import reference_tables_pb2
    from tenkay_extractor.reference_table_messages import read_reference_tables
    from tenkay_extractor.reference_tables import ReferenceTableError

    told = ""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_TABLE_BYTES + 1)
        if len(content) > MOST_TABLE_BYTES:
            told = f"is larger than {MOST_TABLE_BYTES >> 20} MiB"
        else:
            message = json_format.Parse(content, reference_tables_pb2.ReferenceTables())
            return read_reference_tables(message)
    except OSError as error:
        told = f"cannot be read: {error.strerror or error}"
    except (json_format.ParseError, UnicodeDecodeError) as error:
        told = f"is no JSON of tenkay.extractor.v1.ReferenceTables: {error}"
    except ReferenceTableError as error:
        told = f"{error.field}: {error}"
    raise typer.BadParameter(f"{path}: {told}", param_hint="--tables")


def _print_tables(path: Path, found: Extraction) -> None:
    from rich.console import Console

    from tenkay_extractor import command_output

    console = Console()
    for part in command_output.tables(str(path), found):
        console.print(part)
