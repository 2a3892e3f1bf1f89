"""The full submission text: an SGML header and all documents in one file."""

from __future__ import annotations

from samples.exhibits import uuencoded
from samples.filings import SampleDocument, SampleFiling, Wrapping


def submission_text(filing: SampleFiling) -> bytes:
    header = _header(filing)
    documents = b"".join(
        _document(number, document) for number, document in enumerate(filing.documents, start=1)
    )
    return header.encode("ascii") + documents + b"</SEC-DOCUMENT>\n"


def served_alone(filing: SampleFiling, document: SampleDocument) -> bytes:
    """The bytes of one document's own address. Before inline XBRL these began with the SGML around the text."""
    if filing.is_inline or document.wrapping is not Wrapping.NONE:
        return document.content
    return _document(filing.documents.index(document) + 1, document)


def _document(sequence: int, document: SampleDocument) -> bytes:
    lines = ["<DOCUMENT>", f"<TYPE>{document.type}", f"<SEQUENCE>{sequence}"]
    if document.file_name:
        lines.append(f"<FILENAME>{document.file_name}")
    lines += [f"<DESCRIPTION>{document.description}", "<TEXT>"]
    content = document.content
    if document.wrapping is Wrapping.XBRL:
        content = b"<XBRL>\n" + content + b"</XBRL>\n"
    elif document.wrapping is Wrapping.IMAGE:
        content = uuencoded(content, document.file_name)
    return "\n".join(lines).encode() + b"\n" + content + b"</TEXT>\n</DOCUMENT>\n"


def _header(filing: SampleFiling) -> str:
    company, accession = filing.company, filing.accession_number
    filed = f"{filing.filed_on:%Y%m%d}"
    lines = [
        f"<SEC-DOCUMENT>{accession}.txt : {filed}",
        f"<SEC-HEADER>{accession}.hdr.sgml : {filed}",
    ]
    if filing.accepted_local is not None:
        lines.append(f"<ACCEPTANCE-DATETIME>{filing.accepted_local:%Y%m%d%H%M%S}")
    lines += [
        f"ACCESSION NUMBER:\t\t{accession}",
        f"CONFORMED SUBMISSION TYPE:\t{filing.form}",
        f"PUBLIC DOCUMENT COUNT:\t\t{len(filing.documents)}",
        f"CONFORMED PERIOD OF REPORT:\t{filing.report_date:%Y%m%d}",
        *(f"ITEM INFORMATION:\t\t{title}" for title in filing.item_titles),
        f"FILED AS OF DATE:\t\t{filed}",
        f"DATE AS OF CHANGE:\t\t{filed}",
        "",
        "FILER:",
        "",
        "\tCOMPANY DATA:\t",
        f"\t\tCOMPANY CONFORMED NAME:\t\t\t{company.name.upper()}",
        f"\t\tCENTRAL INDEX KEY:\t\t\t{company.cik:010d}",
        f"\t\tSTANDARD INDUSTRIAL CLASSIFICATION:\t{company.sic_description} [{company.sic}]",
        f"\t\tORGANIZATION NAME:           \t{company.organization}",
        f"\t\tIRS NUMBER:\t\t\t\t{company.ein}",
        f"\t\tSTATE OF INCORPORATION:\t\t\t{company.state}",
        f"\t\tFISCAL YEAR END:\t\t\t{company.fiscal_year_end}",
        "",
        "\tFILING VALUES:",
        f"\t\tFORM TYPE:\t\t{filing.form}",
        "\t\tSEC ACT:\t\t1934 Act",
        f"\t\tSEC FILE NUMBER:\t{company.file_number}",
        f"\t\tFILM NUMBER:\t\t{filing.film_number}",
        "",
        "\tBUSINESS ADDRESS:\t",
        f"\t\tSTREET 1:\t\t{company.street.upper()}",
        f"\t\tCITY:\t\t\t{company.city.upper()}",
        f"\t\tSTATE:\t\t\t{company.address_state}",
        f"\t\tZIP:\t\t\t{company.zip_code}",
        f"\t\tBUSINESS PHONE:\t\t{company.phone}",
    ]
    if company.former_name and company.former_name != company.name:
        lines += [
            "",
            "\tFORMER COMPANY:\t",
            f"\t\tFORMER CONFORMED NAME:\t{company.former_name}",
            f"\t\tDATE OF NAME CHANGE:\t{company.renamed_on:%Y%m%d}",
        ]
    return "\n".join((*lines, "</SEC-HEADER>", ""))
