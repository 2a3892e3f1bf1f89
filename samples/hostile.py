"""Bytes that are no filing, or no longer one: what every reader must refuse with a clear error and survive."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from samples.schedule import sample_filings
from samples.submission_text import submission_text


def hostile_documents() -> Mapping[str, bytes]:
    """By name. Deterministic, like the samples they are cut from."""
    filing = next(
        f for f in sample_filings() if f.company.key == "larkfield" and f.form == "10-K" and f.is_inline
    )
    whole = submission_text(filing)
    body = whole.index(b"</SEC-HEADER>") + len(b"</SEC-HEADER>\n")
    in_a_table = whole.index(b"<ix:nonFraction", whole.index(b"Total assets")) + 40
    return {
        "empty": b"",
        "white_space": b" \n\t\r\n" * 200,
        "binary": b"".join(hashlib.sha256(n.to_bytes(4, "big")).digest() for n in range(2_048)),
        "null_bytes": b"\0" * 65_536,
        "null_bytes_inside": whole[:body] + b"\0" * 512 + whole[body:],
        "cut_in_the_header": whole[: body // 2],
        "cut_in_a_fact": whole[:in_a_table],
        "without_end_of_document": whole.replace(b"</TEXT>\n</DOCUMENT>\n", b""),
        "headerless": whole[body:].replace(b"</SEC-DOCUMENT>\n", b""),
        "header_only": whole[:body] + b"</SEC-DOCUMENT>\n",
        "other_accession_number": whole.replace(filing.accession_number.encode(), b"not-an-accession-number"),
        "unclosed_inline_tags": whole.replace(b"</ix:nonFraction>", b""),
        "unknown_contexts": whole.replace(b"<xbrli:context id=", b"<xbrli:context name="),
        "one_endless_line": _document(b"A" * 1_000_000),
        "deeply_nested": _document(b"<div>" * 20_000 + b"Item 1. Business" + b"</div>" * 20_000),
        "error_page": (
            b"<!DOCTYPE html>\n<html><head><title>SEC.gov | Request Rate Threshold Exceeded</title></head>"
            b"<body><h1>Your Request Originates from an Undeclared Automated Tool</h1></body></html>\n"
        ),
    }


def _document(text: bytes) -> bytes:
    return b"<DOCUMENT>\n<TYPE>10-K\n<SEQUENCE>1\n<TEXT>\n" + text + b"\n</TEXT>\n</DOCUMENT>\n"
