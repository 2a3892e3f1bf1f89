"""The same bytes and the same versions give the same bytes, in whichever process."""

from __future__ import annotations

from scripts.quality.stable_output import compare, outputs


def test_other_processes_give_the_same_bytes() -> None:
    compared, different = compare([], every=7)
    assert compared > 5
    assert different == []


def test_an_output_tells_what_differs() -> None:
    line, digest = outputs(
        "a.txt", b"<DOCUMENT>\n<TYPE>8-K\n<TEXT>\nItem 8.01 Other Events\n</TEXT>\n</DOCUMENT>\n"
    )
    assert '"form_type":"8-K"' in line
    assert len(digest) == 64
    assert outputs("a.txt", b"") == (outputs("a.txt", b"")[0],) * 2
