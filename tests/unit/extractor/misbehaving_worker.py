"""A worker whose signals misbehave as its arguments say ("hangs:revenue"): the pool's tests give it to the pool."""

from __future__ import annotations

import mmap
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Context, Decimal

from tenkay_extractor import worker
from tenkay_extractor.catalog import Catalog
from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.expressions import Expression, Operands


def raises() -> Decimal:
    raise RuntimeError("this signal was told to raise")


def recurses() -> Decimal:
    return recurses()


def hangs() -> Decimal:
    while True:
        pass


def blocks() -> Decimal:
    """Holds the process in a system call, as code of a library does."""
    time.sleep(600)
    return Decimal(0)


def eats() -> Decimal:
    eaten = []
    while True:
        eaten.append(bytearray(16 << 20))


def eats_unlimited() -> Decimal:
    """Where the system limits no address space, only the pool sees it."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    eaten = []
    for _ in range(600):
        page = mmap.mmap(-1, 4 << 20)
        page.write(b"x" * (4 << 20))
        eaten.append(page)
        time.sleep(0.01)  # slowly, so that a late look at it does not fill the machine
    return Decimal(0)


def dies() -> Decimal:
    os._exit(9)


FAULTS: dict[str, Callable[[], Decimal]] = {
    fault.__name__: fault for fault in (raises, recurses, hangs, blocks, eats, eats_unlimited, dies)
}


def main() -> None:
    told: dict[str, str] = {}
    for argument in sys.argv[1:-2]:
        fault, _, name = argument.partition(":")
        told[name] = fault

    def catalog() -> Catalog:
        shipped = load_catalog()
        return replace(
            shipped,
            signals=tuple(
                replace(
                    row,
                    expression=_misbehaving(FAULTS[told[row.id]]),
                    composite=None,
                    function=None,
                    pattern=None,
                    emit_if=None,
                )
                if row.id in told
                else row
                for row in shipped.signals
            ),
        )

    worker.main(catalog)


def _misbehaving(fault: Callable[[], Decimal]) -> Expression:
    def evaluate(_operands: Operands, _context: Context) -> Decimal:
        return fault()

    return Expression(fault.__name__, frozenset(), False, evaluate)


if __name__ == "__main__":
    main()
