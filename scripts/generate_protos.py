"""Generate ``src/tenkay/<name>/v1`` and the clients from ``protos/``; ``--check`` only says if that would change any.

The Python packages of the protos are the protos' own packages, so imports come out right without rewriting them.
Exit status: 0 done (or nothing to change), 1 the committed code is out of date, 2 the protos do not compile.
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
SOURCES = ROOT / "src"
GENERATED_SUFFIXES = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi", "_service_config.json")


def generate(destination: Path) -> None:
    """Write the generated modules and their packages under `destination`."""
    bin_directory = Path(sys.executable).parent
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    protos = sorted(PROTOS.rglob("*.proto"))
    arguments = [
        "protoc",
        f"--proto_path={PROTOS}",
        f"--proto_path={well_known}",
        f"--plugin=protoc-gen-mypy={bin_directory / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={bin_directory / 'protoc-gen-mypy_grpc'}",
        f"--python_out={destination}",
        f"--grpc_python_out={destination}",
        f"--mypy_out=quiet,relax_strict_optional_primitives:{destination}",
        f"--mypy_grpc_out=quiet:{destination}",
        *(str(proto) for proto in protos),
    ]
    if protoc.main(arguments) != 0:
        sys.exit(2)
    for proto in protos:
        if not any(line.startswith("service ") for line in proto.read_text().splitlines()):
            for suffix in ("_pb2_grpc.py", "_pb2_grpc.pyi"):
                stub = destination / proto.relative_to(PROTOS).with_name(proto.stem + suffix)
                stub.unlink(missing_ok=True)
        package = destination / proto.relative_to(PROTOS).parent
        for directory in (package, package.parent):
            (directory / "__init__.py").touch()
    for config in PROTOS.rglob("*_service_config.json"):
        shutil.copyfile(config, destination / config.relative_to(PROTOS))
    _generate_clients(destination, protos)


def _generate_clients(destination: Path, protos: list[Path]) -> None:
    clients = destination / "tenkay" / "client"
    clients.mkdir(exist_ok=True)
    # Without it the installed package of this name would be found first, and the clients made from its old modules.
    (destination / "tenkay" / "__init__.py").touch()
    stems: dict[str, list[str]] = {}
    for proto in protos:
        package = ".".join(proto.parent.relative_to(PROTOS).parts)
        stems.setdefault(package, []).append(proto.stem)
    # The fresh modules must be the ones imported, not those of this process' installation: hence a process of its own.
    program = "import sys; from generate_clients import write_clients; from pathlib import Path\n"
    for package, names in stems.items():
        program += f"write_clients(Path({str(clients)!r}), {package!r}, {names!r})\n"
    paths = f"sys.path[:0] = [{str(destination)!r}, {str(Path(__file__).parent)!r}]"
    subprocess.run([sys.executable, "-c", f"import sys; {paths}\n{program}"], check=True)
    ruff = [str(Path(sys.executable).parent / "ruff"), "--config", str(ROOT / "pyproject.toml")]
    subprocess.run([ruff[0], "format", "--quiet", *ruff[1:], str(clients)], check=True)
    subprocess.run(
        [ruff[0], "check", "--quiet", "--fix", *ruff[1:], "--select", "F401,I", str(clients)], check=True
    )


def generated_files(root: Path) -> set[Path]:
    """Relative paths of what is generated under `root`."""
    modules = {
        path.relative_to(root)
        for path in (root / "tenkay").glob("*/v1/*")
        if path.name.endswith(GENERATED_SUFFIXES) or path.name == "__init__.py"
    }
    clients = {
        path.relative_to(root)
        for path in (root / "tenkay" / "client").glob("*.py")
        if "GENERATED" in path.read_text().partition("\n")[0]
    }
    return modules | clients


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, say what is out of date")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as scratch:
        fresh_root = Path(scratch)
        generate(fresh_root)
        fresh, present = generated_files(fresh_root), generated_files(SOURCES)
        stale = sorted(
            path
            for path in fresh | present
            if path not in fresh
            or path not in present
            or not filecmp.cmp(fresh_root / path, SOURCES / path, shallow=False)
        )
        if check:
            for path in stale:
                print(
                    f"out of date: src/{path}; run `make protos` and commit what it changes", file=sys.stderr
                )
            return 1 if stale else 0
        for path in present - fresh:
            (SOURCES / path).unlink()
        for path in fresh:
            target = SOURCES / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(fresh_root / path, target)
            (target.parent.parent / "__init__.py").touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
