"""The command as a program sees it: arguments, help, exit codes, standard error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tenkay.cli import entry_commands, main
from tenkay.cli.addresses import Addresses, parse_addresses
from tenkay.cli.failures import MEANINGS
from tenkay.errors import InvalidArgument

ACCESSION_NUMBER = "0001999999-25-000001"
COMMANDS = [
    "up",
    "down",
    "status",
    "logs",
    "ingest",
    "job",
    "signals",
    "analysis",
    "company",
    "filings",
    "screen",
    "screen-companies",
    "series",
    "compare",
    "compare-companies",
    "evidence",
    "facts",
    "aggregate",
    "export",
    "watch",
    "cache",
]


@pytest.fixture(autouse=True)
def away_from_any_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for service in ("FETCHER", "QUERY", "PIPELINE"):
        monkeypatch.delenv(f"TENKAY_{service}_ADDRESS", raising=False)
    for variable in ("TENKAY_VAR", "TENKAY_INSECURE", "TENKAY_TLS_CA", "TENKAY_TRACEBACK"):
        monkeypatch.delenv(variable, raising=False)


def test_help_lists_the_commands_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--help"]) == 0
    text = capsys.readouterr().out
    listed = [line.split()[0] for line in text.splitlines() if line.startswith("  ") and line.strip()]
    assert set(COMMANDS) <= set(listed)
    for code, meaning in MEANINGS.items():
        assert f"{code.value:<4} {meaning}" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main([command, "--help"]) == 0
    assert f"Usage: tenkay {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["signals", "--help"], ["ingest", "--since", "soon", "AAPL"], ["signals", "nonsense"]],
)
def test_nothing_heavy_is_imported_before_it_is_needed(arguments: list[str]) -> None:
    heavy = ("grpc", "rich", "opentelemetry", "asyncpg", "uvloop", "tenkay_extractor.command")
    program = (
        f"import sys; from tenkay.cli.main import main; main({arguments!r}); "
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Missing command"),
        (["scren"], "Did you mean 'screen'"),
        (["signals"], "Missing argument"),
        (["signals", ACCESSION_NUMBER, "--colour"], "No such option: --colour"),
        (["signals", "0001999999250000001"], "is not an accession number"),
        (["signals", "000199999925000001"], "did you mean 0001999999-25-000001?"),
        (["analysis", "AAPL"], "is not an accession number"),
        (["company", ACCESSION_NUMBER], "give a company"),
        (["ingest"], "Missing argument"),
        (["ingest", "!!"], "is none of"),
        (["ingest", "AAPL", "--since", "2024-13-01"], "give it as 2024-09-28"),
        (["ingest", "AAPL", "--limit", "-1"], "'--limit'"),
        (["ingest", "AAPL", "--limit", "1001"], "'--limit'"),
        (["filings", "--until", "yesterday"], "--until 'yesterday' is not a day"),
        (["filings", "--limit", "0"], "'--limit'"),
        (["screen", "x = 1", "--address", "query"], "is not SERVICE=HOST:PORT"),
        (["screen", "x = 1", "--address", "quarry=127.0.0.1:1"], "is not SERVICE=HOST:PORT"),
        (["screen", "x = 1", "--address", "query=localhost"], "is not SERVICE=HOST:PORT"),
    ],
)
def test_a_wrong_command_is_one_line_and_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert printed.err.startswith("tenkay: ")
    assert says in printed.err


def test_without_a_stack_the_line_says_how_to_start_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["signals", ACCESSION_NUMBER]) == 3
    assert capsys.readouterr().err == (
        "tenkay: no stack is running in var: start one with `tenkay up --detach`, or say where query is with "
        "--address query=HOST:PORT\n"
    )


def test_a_wrong_address_in_the_environment_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TENKAY_QUERY_ADDRESS", "somewhere")
    assert main.main(["signals", ACCESSION_NUMBER]) == 78
    assert "TENKAY_QUERY_ADDRESS is 'somewhere'; give HOST:PORT" in capsys.readouterr().err


def test_a_service_that_does_not_answer_is_named_with_its_address(capsys: pytest.CaptureFixture[str]) -> None:
    address = "127.0.0.1:1"
    assert main.main(["signals", ACCESSION_NUMBER, "--insecure", "--address", f"query={address}"]) == 3
    printed = capsys.readouterr().err
    assert printed.startswith(f"tenkay: query does not answer at {address}; `tenkay status` shows")
    assert len(printed.splitlines()) == 1


def test_an_unexpected_error_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("a bug\nin two lines")

    monkeypatch.setattr("tenkay.cli.reads.show_filings", broken)
    assert main.main(["filings"]) == 70
    printed = capsys.readouterr().err
    assert printed == (
        "tenkay: unexpected RuntimeError: a bug in two lines; set TENKAY_TRACEBACK=1 and run it again to see where\n"
    )


def test_an_address_on_the_command_line_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENKAY_QUERY_ADDRESS", "environment:1")
    given = Addresses(given=parse_addresses(["query=given:2"]))
    assert given.endpoint("query").address == "given:2"
    assert Addresses().endpoint("query").address == "environment:1"


def test_addresses_are_spoken_to_over_tls_unless_plaintext_is_asked_for(tmp_path: Path) -> None:
    given = {"query": "far.example:443"}
    bundle = tmp_path / "ca.pem"
    assert not Addresses(given=given).endpoint("query").plaintext
    assert Addresses(given=given, insecure=True).endpoint("query").plaintext
    trusting = Addresses(given=given, tls_ca=bundle).endpoint("query")
    assert trusting.tls is not None
    assert trusting.tls.ca == bundle


@pytest.mark.parametrize("text", ["", "=", "query=", "query=:1", "query=a:b", "QUERY=a:1"])
def test_a_malformed_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_addresses([text])


class TestCommandsOfOtherDistributions:
    """Entry points of the group tenkay.commands."""

    @pytest.fixture(autouse=True)
    def distribution(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A distribution that brings the commands `greet`, `people` and `broken`, and says so when it is imported."""
        (tmp_path / "greeting_commands.py").write_text(
            "import sys\n"
            "import typer\n"
            "sys.modules['greeting_was_imported'] = sys\n"
            "def greet(names: list[str], loud: bool = False) -> None:\n"
            '    """Greet people by name."""\n'
            "    for name in names:\n"
            "        print(name.upper() if loud else name)\n"
            "    if 'nobody' in names:\n"
            "        raise typer.Exit(1)\n"
            "people = typer.Typer()\n"
            "@people.callback()\n"
            "def group() -> None:\n"
            '    """Work with people."""\n'
            "@people.command()\n"
            "def count(names: list[str]) -> None:\n"
            "    print(len(names))\n"
        )
        metadata = tmp_path / "greeting-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(
            "[tenkay.commands]\ngreet = greeting_commands:greet\npeople = greeting_commands:people\n"
            "broken = no_such_module:command\n"
        )
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "greeting_commands", raising=False)
        monkeypatch.delitem(sys.modules, "greeting_was_imported", raising=False)

    def test_help_describes_them_without_importing_them(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main.main(["--help"]) == 0
        text = capsys.readouterr().out
        assert "Greet people by name." in text
        assert "Work with people." in text
        assert "A command of greeting." in text
        assert "greeting_was_imported" not in sys.modules

    def test_their_own_help_and_options_are_theirs(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main.main(["greet", "--help"]) == 0
        assert "--loud" in capsys.readouterr().out

    def test_they_run_with_their_arguments_and_exit_codes(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main.main(["greet", "--loud", "--", "ann", "--bob"]) == 0
        assert capsys.readouterr().out == "ANN\n--BOB\n"
        assert main.main(["greet", "nobody"]) == 1
        assert main.main(["greet", "--quietly", "ann"]) == 2
        assert capsys.readouterr().err == (
            "tenkay: No such option: --quietly (`tenkay greet --help` shows how it is used)\n"
        )

    def test_one_may_be_several(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main.main(["people", "count", "ann", "bob"]) == 0
        assert capsys.readouterr().out == "2\n"
        assert main.main(["people", "sing"]) == 2
        assert main.main(["people", "--help"]) == 0
        assert "count" in capsys.readouterr().out

    def test_one_that_cannot_be_loaded_says_whose_it_is(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main.main(["broken"]) == 78
        assert "the command broken of greeting cannot be loaded" in capsys.readouterr().err

    def test_they_come_by_name(self) -> None:
        names = [command.name for command in entry_commands.entry_commands()]
        assert names == sorted(name for name in names if name is not None)
        assert "greet" in names


def test_the_module_is_the_program_too() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tenkay.cli.main", "job"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("tenkay: Missing argument")
