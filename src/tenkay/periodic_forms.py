"""Which form types report on a fiscal year or on a quarter of it (17 CFR 249.308a, 249.310, 249.220f, 249.240f)."""

from __future__ import annotations

from collections.abc import Iterable

ANNUAL_FORMS = (
    "10-K", "10-K405", "10-KSB", "10-KSB40", "10-KT", "10-KT405", "20-F", "40-F",
)  # fmt: skip
QUARTERLY_FORMS = ("10-Q", "10-QSB", "10-QT")
TRANSITION_FORMS = ("10-KT", "10-KT405", "10-QT")
"""Annual and quarterly forms whose period may be of any length: what lies between two fiscal years."""


def with_amendments(forms: Iterable[str]) -> tuple[str, ...]:
    """The form types and those that amend them."""
    return tuple(spelt for form in forms for spelt in (form, f"{form}/A"))


def family(form_type: str) -> tuple[str, ...]:
    """The forms of filings of the same kind: all annual ones, all quarterly ones, or the form itself."""
    base = form_type.removesuffix("/A")
    return next((forms for forms in (ANNUAL_FORMS, QUARTERLY_FORMS) if base in forms), (base,))
