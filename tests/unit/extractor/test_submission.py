"""Taking submissions apart: every wrapping, every header form, every fault."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.submission import (
    Markup,
    SubmissionEra,
    SubmissionError,
    SubmissionFault,
    recognise_markup,
    split_submission,
)

HEADER = b"""ACCESSION NUMBER:\t\t0009999999-21-000007
CONFORMED SUBMISSION TYPE:\t10-K
PUBLIC DOCUMENT COUNT:\t\t2
CONFORMED PERIOD OF REPORT:\t20201231
FILED AS OF DATE:\t\t20210301

FILER:

\tCOMPANY DATA:\t
\t\tCOMPANY CONFORMED NAME:\t\t\tQUARRY & SONS INC /DE/
\t\tCENTRAL INDEX KEY:\t\t\t0009999999
\t\tSTANDARD INDUSTRIAL CLASSIFICATION:\tSTONE [1400]
\t\tFISCAL YEAR END:\t\t\t1231

\tFILING VALUES:
\t\tFORM TYPE:\t\t10-K

\tFORMER COMPANY:\t
\t\tFORMER CONFORMED NAME:\tOLD QUARRY INC
"""


def document(body: bytes, kind: bytes = b"10-K", name: bytes = b"q10k.htm") -> bytes:
    return (
        b"<DOCUMENT>\n<TYPE>" + kind + b"\n<SEQUENCE>1\n<FILENAME>" + name + b"\n<DESCRIPTION>ANNUAL REPORT\n<TEXT>\n"
        + body
        + b"\n</TEXT>\n</DOCUMENT>\n"
    )  # fmt: skip


SUBMISSION = (
    b"<SEC-DOCUMENT>0009999999-21-000007.txt : 20210301\n<SEC-HEADER>0009999999-21-000007.hdr.sgml : 20210301\n"
    b"<ACCEPTANCE-DATETIME>20210301173015\n"
    + HEADER
    + b"</SEC-HEADER>\n"
    + document(b"<html><body><p>Form 10-K</p></body></html>")
    + document(b"begin 644 map.jpg\nM_]C_X  02D9)1@\nend", b"GRAPHIC", b"map.jpg")
    + b"</SEC-DOCUMENT>\n"
)


def test_a_full_submission_gives_header_and_documents() -> None:
    found = split_submission(SUBMISSION)
    assert found.era is SubmissionEra.SEC_DOCUMENT
    header = found.header
    assert header is not None
    assert header.accession_number == "0009999999-21-000007"
    assert header.form_type == "10-K"
    assert (header.filed_date, header.period_end) == (date(2021, 3, 1), date(2020, 12, 31))
    assert header.accepted_at == datetime(2021, 3, 1, 22, 30, 15, tzinfo=UTC)  # New York is five hours behind
    assert [(filer.cik, filer.name, filer.sic_code) for filer in header.filers] == [
        (9999999, "QUARRY & SONS INC /DE/", 1400)
    ]
    assert [(each.type, each.filename, each.markup) for each in found.documents] == [
        ("10-K", "q10k.htm", Markup.HTML),
        ("GRAPHIC", "map.jpg", Markup.BINARY),
    ]


def test_summer_acceptance_times_are_four_hours_behind() -> None:
    header = split_submission(SUBMISSION.replace(b"20210301173015", b"20210701173015")).header
    assert header is not None
    assert header.accepted_at == datetime(2021, 7, 1, 21, 30, 15, tzinfo=UTC)


def test_a_pem_envelope_is_looked_through() -> None:
    enveloped = (
        b"-----BEGIN PRIVACY-ENHANCED MESSAGE-----\nProc-Type: 2001,MIC-CLEAR\nMIC-Info: RSA-MD5,RSA,\n abc=\n\n"
        + SUBMISSION
        + b"-----END PRIVACY-ENHANCED MESSAGE-----\n"
    )
    assert split_submission(enveloped) == split_submission(SUBMISSION)


def test_the_header_of_1993_is_read() -> None:
    found = split_submission(
        SUBMISSION.replace(b"SEC-DOCUMENT", b"IMS-DOCUMENT").replace(b"SEC-HEADER", b"IMS-HEADER")
    )
    assert found.era is SubmissionEra.IMS_DOCUMENT
    assert found.header is not None
    assert found.header.accession_number == "0009999999-21-000007"


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b""])
def test_the_feed_form_is_read_whatever_ends_its_lines(line_end: bytes) -> None:
    fields = (
        b"<SUBMISSION>", b"<ACCESSION-NUMBER>0009999999-21-000008", b"<TYPE>8-K", b"<PUBLIC-DOCUMENT-COUNT>1",
        b"<PERIOD>20210115", b"<ITEMS>2.02", b"<ITEMS>9.01", b"<FILING-DATE>20210118", b"<FILER>", b"<COMPANY-DATA>",
        b"<CONFORMED-NAME>QUARRY & SONS INC", b"<CIK>0009999999", b"<ASSIGNED-SIC>1400", b"</COMPANY-DATA>",
        b"</FILER>",
    )  # fmt: skip
    found = split_submission(
        line_end.join(fields) + line_end + document(b"<html>8-K</html>", b"8-K") + b"</SUBMISSION>"
    )
    assert found.era is SubmissionEra.FEED
    assert found.header is not None
    assert found.header.items == ("2.02", "9.01")
    assert found.header.filed_date == date(2021, 1, 18)
    assert [(filer.role, filer.cik, filer.sic_code) for filer in found.header.filers] == [
        ("FILER", 9999999, 1400)
    ]
    assert [each.type for each in found.documents] == ["8-K"]


def test_several_entities_keep_the_parts_they_play() -> None:
    owner = HEADER.replace(b"FILER:", b"REPORTING-OWNER:").replace(b"0009999999\n", b"0008888888\n")
    header = split_submission(SUBMISSION.replace(HEADER, HEADER + owner[owner.index(b"REPORTING") :])).header
    assert header is not None
    assert [(filer.role, filer.cik) for filer in header.filers] == [
        ("FILER", 9999999),
        ("REPORTING OWNER", 8888888),
    ]


def test_a_bare_document_has_no_header() -> None:
    found = split_submission(document(b"<html><body>Report</body></html>", b"8-K"))
    assert found.era is SubmissionEra.BARE_DOCUMENT
    assert found.header is None
    assert found.documents[0].type == "8-K"
    assert found.documents[0].content.strip() == b"<html><body>Report</body></html>"


def test_a_document_without_any_wrapping_takes_the_name_it_is_given() -> None:
    found = split_submission(b"<html><body>Annual report</body></html>", "report.htm")
    assert found.era is SubmissionEra.SINGLE
    assert found.documents[0].filename == "report.htm"


def test_an_xbrl_wrapper_is_taken_off() -> None:
    body = (
        b'<XBRL>\n<?xml version="1.0"?><html xmlns:ix="http://www.xbrl.org/2013/inlineXBRL"></html>\n</XBRL>'
    )
    found = split_submission(document(body)).documents[0]
    assert found.markup is Markup.INLINE_XBRL
    assert found.content.startswith(b"<?xml")
    assert found.content.rstrip().endswith(b"</html>")


def test_file_names_lose_their_folders() -> None:
    found = split_submission(document(b"<html>x y z</html>", name=b"../../etc/passwd")).documents[0]
    assert found.filename == "passwd"


def test_plain_text_with_sgml_tables_is_no_html() -> None:
    assert recognise_markup(b"<PAGE>\n  REPORT\n<TABLE>\n<S> <C>\nSales  10\n</TABLE>\n") is Markup.TEXT


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", SubmissionFault.EMPTY),
        (b" \n\t ", SubmissionFault.EMPTY),
        (b"%PDF-1.7 ...", SubmissionFault.BINARY),
        (b"\x1f\x8b\x08\x00", SubmissionFault.BINARY),
        (b"\x00" * 900 + b"text", SubmissionFault.BINARY),
        (b'{"filings": []}', SubmissionFault.MALFORMED),
        (b"<Error><Code>NoSuchKey</Code></Error>", SubmissionFault.MALFORMED),
        (b"0123 - 456", SubmissionFault.MALFORMED),
        (SUBMISSION[: SUBMISSION.index(b"<DOCUMENT>")], SubmissionFault.TRUNCATED),
        (SUBMISSION[: SUBMISSION.index(b"</TEXT>")], SubmissionFault.TRUNCATED),
        (b"-----BEGIN PRIVACY-ENHANCED MESSAGE-----\nProc-Type: 2001", SubmissionFault.TRUNCATED),
        (b'<html xmlns:ix="http://www.xbrl.org/2013/inlineXBRL"><body>cut', SubmissionFault.TRUNCATED),
        (b'<?xml version="1.0"?>\n<ownershipDocument><documentType>4</docum', SubmissionFault.TRUNCATED),
        (b'\xef\xbb\xbf<n1:edgarSubmission xmlns:n1="x"></edgarSubmission>', SubmissionFault.TRUNCATED),
    ],
)
def test_what_is_no_filing_is_refused_with_its_fault(data: bytes, fault: SubmissionFault) -> None:
    with pytest.raises(SubmissionError) as refused:
        split_submission(data)
    assert refused.value.fault is fault
    assert str(refused.value)


@given(st.binary(max_size=3_000))
def test_any_bytes_give_a_submission_or_a_typed_error(data: bytes) -> None:
    _split_or_refuse(data)


@given(st.integers(0, len(SUBMISSION)), st.binary(max_size=40))
def test_a_cut_and_patched_submission_gives_a_submission_or_a_typed_error(cut: int, patch: bytes) -> None:
    _split_or_refuse(SUBMISSION[:cut] + patch + SUBMISSION[cut + 20 :])
    _split_or_refuse(SUBMISSION[:cut])


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[A-Z0-9-]{1,9}", fullmatch=True),
            st.text(
                st.characters(codec="utf-8", exclude_characters="<>\0", exclude_categories=("Cs", "Cc")),
                max_size=80,
            ),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_documents_come_out_as_they_were_put_in(parts: list[tuple[str, str]]) -> None:
    wrapped = b"".join(document(b"words " + text.encode(), kind.encode()) for kind, text in parts)
    found = split_submission(wrapped).documents
    assert [(each.type, each.content.decode()) for each in found] == [
        (kind, f"\nwords {text}\n") for kind, text in parts
    ]


def _split_or_refuse(data: bytes) -> None:
    try:
        found = split_submission(data)
    except SubmissionError as refused:
        assert str(refused)
    else:
        assert found.documents


def test_a_count_that_only_looks_like_a_number_is_absent() -> None:
    """A superscript two counts as a digit to Python's isdigit and is none to int."""
    data = (
        "<SEC-DOCUMENT>x.txt : 20240501\n<SEC-HEADER>\nACCESSION NUMBER: 0001999001-24-000001\n"
        "PUBLIC DOCUMENT COUNT:\t\t\u00b2\n</SEC-HEADER>\n<DOCUMENT>\n<TYPE>8-K\n<SEQUENCE>\u00b2\n<TEXT>\nWords.\n</TEXT>\n"
        "</DOCUMENT>\n"
    ).encode()
    submission = split_submission(data)
    assert submission.header is not None
    assert submission.header.document_count is None
    assert submission.documents[0].sequence is None
