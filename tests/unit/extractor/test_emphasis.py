"""Bold, italic and underlined type in HTML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.emphasis import LONGEST_RUN, emphasised_runs

WORDS = b"We may lose customers."


@pytest.mark.parametrize(
    "html",
    [
        b"<b>We may lose customers.</b>",
        b"<B CLASS=x>\n We may lose customers.</B>",
        b"<STRONG><font size=2><i>We may lose customers.</i></font></STRONG>",
        b'<span style="color:#000;font-weight:700">We may lose customers.</span>',
        b"<font style='FONT-WEIGHT: Bold; x'><a name=y></a> We may lose customers.</font>",
        b'<p style="font-style:italic"><u>We may lose customers.</u></p>',
        b'<div style="text-decoration: underline;">We may lose customers.</div>',
    ],
)
def test_emphasised_type_is_found_by_element_and_by_style(html: bytes) -> None:
    assert emphasised_runs(b"<p>Plain words first.</p>" + html) == {WORDS}


@pytest.mark.parametrize(
    "html",
    [
        b"<br>We may lose customers.",
        b"<body>We may lose customers.",
        b'<span style="font-weight:400">We may lose customers.</span>',
        b'<span style="x-font-weight:700">We may lose customers.</span>',
        b"<b>Short</b> We may lose customers.",
        b"<b><p><p><p><p><p>We may lose customers.",
        b"",
        b"<b",
    ],
)
def test_other_type_is_not(html: bytes) -> None:
    assert emphasised_runs(html) == frozenset()


def test_a_long_run_is_cut() -> None:
    assert emphasised_runs(b"<i>" + b"x" * 10_000) == {b"x" * LONGEST_RUN}


@given(
    st.lists(
        st.sampled_from(
            [b"<b>", b"<i ", b"<", b">", b"font-weight:700", b" ", b'"', b"word word word", b"\0"]
        )
    )
)
def test_any_bytes_are_searched(pieces: list[bytes]) -> None:
    assert all(12 <= len(run) <= LONGEST_RUN and b"<" not in run for run in emphasised_runs(b"".join(pieces)))
