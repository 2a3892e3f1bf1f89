"""Which annual and quarterly filings may stand for their period: originals and full amendments, in DuckDB."""

# Queries are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from tenkay import periodic_forms
from tenkay_store.domain import companies
from tenkay_store.primary.filter_sql import Parameters


def is_quarterly(alias: str, parameters: Parameters) -> str:
    """The condition that a filing is a quarterly report or amends one."""
    forms = parameters.bind(list(periodic_forms.with_amendments(periodic_forms.QUARTERLY_FORMS)))
    return f"list_contains({forms}, {alias}.form_type)"


def is_whole(alias: str, parameters: Parameters) -> str:
    """The condition that a periodic filing is no partial amendment, as `companies.newest` has it."""
    needed = " OR ".join(
        f"({condition} AND s.code IN (SELECT unnest({parameters.bind(sorted(codes))})))"
        for condition, codes in (
            (is_quarterly("a", parameters), companies.WHOLE_QUARTERLY),
            (f"NOT {is_quarterly('a', parameters)}", companies.WHOLE_ANNUAL),
        )
    )
    most = f"CASE WHEN any_value({is_quarterly('a', parameters)}) "
    most += f"THEN {len(companies.WHOLE_QUARTERLY)} ELSE {len(companies.WHOLE_ANNUAL)} END"
    return f"""
        (NOT {alias}.is_amendment OR {alias}.sequence IN (
            SELECT a.sequence FROM filings a JOIN sections s ON s.sequence = a.sequence
            WHERE a.is_amendment AND ({needed}) GROUP BY a.sequence HAVING count(DISTINCT s.code) = {most}
        ))
    """
