"""Compare the facts that are read of recorded filings with EDGAR's own values, and write docs/extraction/facts.md.

    python scripts/quality/fact_report.py [--check]

Five sources: the companyfacts values of `gold/`, the whole companyfacts answers of the API, the rows of the Financial
Statement Data Sets, the instances that the SEC itself makes of inline documents, and, for all documents with facts in
the folder, what an XML parser (lxml) finds in them. Compared are value, sign, scale, unit and period; the SEC's
instances also have dimensions, accuracy and text. Every row of a source that belongs to a filing whose document or
instance is in the folder is judged; each that is not equal is listed with a reason. `--check` writes nothing and ends
with 1 when a bar is missed or the report is another.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lxml import etree

from scripts.quality.report_command import Report, run
from scripts.recorded_documents import (
    ROOT,
    RecordedDocument,
    recorded_documents,
    unpacked,
)
from tenkay_extractor.extraction import read_facts
from tenkay_extractor.facts import Conflict, Fact, FactSet, Period, agree
from tenkay_extractor.inline_xbrl import read_inline_facts
from tenkay_extractor.number_formats import number_in_words
from tenkay_extractor.submission import Markup, split_submission
from tenkay_extractor.xbrl_instance import read_instance_facts

REPORT = ROOT / "docs" / "extraction" / "facts.md"
BAR = Decimal("0.995")

REASONS = {
    "CONFLICTING": "the filing reports the fact more than once with values that differ by more than rounding",
    "CONTEXT_MISSING": "the filing has the element, but not for this period and unit without dimensions",
    "NUMERATOR_ONLY": "equal; our unit is the ratio that the filing defines, the source names its numerator only",
    "ONE_DAY": "equal; the filing's period is the duration of this one day, the source writes an instant",
    "NOT_IN_DOCUMENT": "the element is nowhere in the bytes of the document that is here",
    "OTHER_VALUE": "the document has another value",
    "WRONG_SCALE": "our value is another power of ten",
    "WRONG_SIGN": "our value has the other sign",
}


_Documents = dict[str, list[tuple[RecordedDocument, bytes, FactSet]]]
"""The documents that are here with their bytes and facts, by accession number."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One value as EDGAR has it. `taxonomy` is "" when only the element's local name is known."""

    taxonomy: str
    element: str
    unit: str
    value: Decimal
    period: Period | None = None
    rounded_period: tuple[date, int] | None = None
    """Of the data sets: the end, rounded to a month's, and the length in quarters."""

    def __str__(self) -> str:
        when = (
            str(self.period)
            if self.period
            else f"{self.rounded_period[1]} quarters to {self.rounded_period[0]}"
            if self.rounded_period
            else ""
        )
        return f"{self.taxonomy or 'custom'}:{self.element}, {when}, {self.value} {self.unit}"


CONVENTIONS = frozenset({"NUMERATOR_ONLY", "ONE_DAY"})
"""Reasons of rows that differ by how their source writes units and periods, not by what the filing says."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A value that is not equal, and why."""

    document: str
    expected: str
    found: str
    reason: str


@dataclass(slots=True)
class Tally:
    """What became of one source's values."""

    source: str
    documents: int = 0
    compared: int = 0
    equal: int = 0
    misses: list[Miss] | None = None

    def add(self, miss: Miss | None) -> None:
        self.compared += 1
        if miss is None:
            self.equal += 1
        else:
            self.misses = [*(self.misses or []), miss]

    @property
    def equal_but_for_conventions(self) -> int:
        return self.equal + sum(miss.reason in CONVENTIONS for miss in self.misses or [])

    @property
    def share(self) -> Decimal:
        """Of values that are equal but for the source's conventions."""
        return Decimal(self.equal_but_for_conventions) / self.compared if self.compared else Decimal(1)

    @property
    def wrong_signs(self) -> int:
        return sum(miss.reason == "WRONG_SIGN" for miss in self.misses or [])

    @property
    def holds(self) -> bool:
        """The bars of this source."""
        return self.compared > 0 and self.share >= BAR and not self.wrong_signs


def make(folder: Path) -> Report:
    """The report on the folder."""
    tallies, notes = evaluate(folder)
    return Report(
        text=report(tallies, notes),
        summary=tuple(
            f"{tally.source}: {tally.equal_but_for_conventions} of {tally.compared} equal ({tally.share:.2%}; "
            f"{tally.equal} without allowance for how the source writes units and periods), "
            f"{tally.wrong_signs} wrong signs"
            for tally in tallies
        ),
        holds=all(tally.holds for tally in tallies),
    )


def evaluate(folder: Path) -> tuple[list[Tally], list[str]]:
    """All comparisons that the folder allows, and what could not be compared."""
    tallies, notes = evaluate_with_edgar(folder)
    parsed, not_parsed = _compare_with_xml_parser(folder)
    return [*tallies, parsed], [*notes, *not_parsed]


def evaluate_with_edgar(folder: Path) -> tuple[list[Tally], list[str]]:
    """The comparisons with values that are EDGAR's own."""
    documents: _Documents = defaultdict(list)
    wanted = {row[0] for row in _companyfacts_gold(folder)}
    wanted |= {row[0] for row in _companyfacts_answers(folder)}
    wanted |= {accession for accession, _ in _data_set_rows(folder)}
    for document in recorded_documents(folder, ("primary_doc", "full_submission", "xbrl_instance")):
        if document.accession_number in wanted:
            content = document.read()
            facts = read_facts(split_submission(content, document.name).documents)
            documents[document.accession_number].append((document, content, facts))
    tallies = [
        _compare("companyfacts values of gold/", _companyfacts_gold(folder), documents),
        _compare("companyfacts answers of the API", _companyfacts_answers(folder), documents),
        _compare("Financial Statement Data Sets of gold/", _data_set_rows(folder), documents),
        _compare_with_sec_instances(documents),
    ]
    return tallies, _notes(folder, documents)


# Sources: (accession number, expected value)


def _companyfacts_gold(folder: Path) -> Iterator[tuple[str, Expected]]:
    for line in unpacked(folder / "gold" / "companyfacts-values.jsonl").splitlines():
        row = json.loads(line, parse_float=Decimal)
        yield row["accession"], _companyfacts_row(row["taxonomy"], row["tag"], row["unit"], row)


def _companyfacts_answers(folder: Path) -> Iterator[tuple[str, Expected]]:
    for path in sorted((folder / "api" / "xbrl" / "companyfacts").iterdir()):
        answer = json.loads(unpacked(path), parse_float=Decimal)
        for taxonomy, elements in answer["facts"].items():
            for element, described in elements.items():
                for unit, rows in described["units"].items():
                    for row in rows:
                        yield row["accn"], _companyfacts_row(taxonomy, element, unit, row)


def _companyfacts_row(taxonomy: str, element: str, unit: str, row: dict[str, str | Decimal]) -> Expected:
    start = row.get("start")
    period = Period(date.fromisoformat(str(start)) if start else None, date.fromisoformat(str(row["end"])))
    return Expected(taxonomy, element, unit, Decimal(row["val"]), period)


def _data_set_rows(folder: Path) -> Iterator[tuple[str, Expected]]:
    """Rows without co-registrant and without dimensions."""
    fsds = folder / "gold" / "fsds"
    for path in sorted(fsds.rglob("*num.txt*")):
        for row in csv.DictReader(
            unpacked(path).decode().splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE
        ):
            if row.get("coreg") or row.get("segments") or not row["value"]:
                continue
            taxonomy = row["version"].partition("/")[0] if "/" in row["version"] else ""
            end = date(int(row["ddate"][:4]), int(row["ddate"][4:6]), int(row["ddate"][6:]))
            yield (
                row["adsh"],
                Expected(
                    taxonomy,
                    row["tag"],
                    row["uom"],
                    Decimal(row["value"]),
                    rounded_period=(end, int(row["qtrs"])),
                ),
            )


# Comparing


def _compare(
    source: str,
    rows: Iterable[tuple[str, Expected]],
    documents: _Documents,
) -> Tally:
    tally = Tally(source)
    by_filing: dict[str, list[Expected]] = defaultdict(list)
    for accession, expected in rows:
        if accession in documents:
            by_filing[accession].append(expected)
    for accession in sorted(by_filing):
        for document, content, facts in documents[accession]:
            tally.documents += 1
            exact, rounded = _by_period(facts.facts), _by_rounded_period(facts.facts)
            for expected in by_filing[accession]:
                tally.add(_judge(document, content, exact, rounded, expected))
    return tally


_Exact = dict[tuple[str, Period, str], list[Fact]]
_Rounded = dict[tuple[str, str, date, int], list[Fact]]


def _judge(
    document: RecordedDocument, content: bytes, exact: _Exact, rounded: _Rounded, expected: Expected
) -> Miss | None:
    def miss(reason: str, found: str = "") -> Miss:
        return Miss(document.name, str(expected), found, reason)

    concept = f"{expected.taxonomy}:{expected.element}" if expected.taxonomy else expected.element
    if expected.period is not None:
        reports = exact.get((concept, expected.period, _unit(expected.unit)), [])
        reported = agree(reports) if reports else None
        if isinstance(reported, Conflict):
            return miss("CONFLICTING", ", ".join(str(fact.value) for fact in reported.facts))
        values = [reported.fact.value] if reported else []
    else:
        assert expected.rounded_period is not None
        # Two periods may be rounded to the same, as a data set rounds them.
        reports = rounded.get((concept, _unit(expected.unit), *expected.rounded_period), [])
        values = [_rounded(fact.value) for fact in reports]
    if not values:
        return miss(
            *_by_convention(exact, rounded, concept, expected) or (_absence(content, expected.element),)
        )
    if expected.value in values:
        return None
    found = ", ".join(str(value) for value in values)
    if -expected.value in values:
        return miss("WRONG_SIGN", found)
    digits = {value.normalize().as_tuple().digits for value in values if value}
    return miss(
        "WRONG_SCALE" if expected.value.normalize().as_tuple().digits in digits else "OTHER_VALUE", found
    )


def _by_convention(
    exact: _Exact, rounded: _Rounded, concept: str, expected: Expected
) -> tuple[str, str] | None:
    """The reason and our unit or period when only the source's way of writing them differs."""
    unit = _unit(expected.unit)
    period = expected.period
    if period is not None:
        for (name, of_period, of_unit), reports in exact.items():
            if name != concept or expected.value not in [fact.value for fact in reports]:
                continue
            if of_period == period and of_unit.partition("/")[0] == unit:
                return "NUMERATOR_ONLY", of_unit
            if (of_period, of_unit, period.start) == (Period(period.end, period.end), unit, None):
                return "ONE_DAY", str(of_period)
    for (name, of_unit, *when), reports in rounded.items():
        if (name, tuple(when), of_unit.partition("/")[0]) == (concept, expected.rounded_period, unit) and (
            expected.value in [_rounded(fact.value) for fact in reports]
        ):
            return "NUMERATOR_ONLY", of_unit
    return None


def _rounded(value: Decimal | None) -> Decimal | None:
    """As far as the data sets go."""
    return value and value.quantize(Decimal("0.0001"))


def _absence(content: bytes, element: str) -> str:
    return "CONTEXT_MISSING" if f":{element}".encode() in content else "NOT_IN_DOCUMENT"


def _unit(unit: str) -> str:
    """companyfacts writes "USD-per-shares" and "USD/shares", the data sets also in other cases."""
    return unit.replace("-per-", "/").casefold()


def _by_period(facts: Sequence[Fact]) -> _Exact:
    found: _Exact = defaultdict(list)
    for fact in facts:
        period = fact.context.period
        if fact.value is not None and fact.unit and period is not None and not fact.context.members:
            found[fact.concept, period, _unit(fact.unit)].append(fact)
    return found


def _by_rounded_period(facts: Sequence[Fact]) -> _Rounded:
    """Facts without dimensions as the data sets key them, under their qualified and their local names."""
    found: _Rounded = defaultdict(list)
    for (concept, period, unit), reports in _by_period(facts).items():
        when = _nearest_month_end(period.end), round(period.days / 91.25)
        for name in (concept, concept.rpartition(":")[2]):
            found[name, unit, *when] += reports
    return found


def _nearest_month_end(day: date) -> date:
    first = day.replace(day=1)
    before = first - timedelta(days=1)
    after = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return before if (day - before).days < (after - day).days else after


def _compare_with_sec_instances(
    documents: _Documents,
) -> Tally:
    """Inline documents against the instances that the SEC made of them: every fact with all it says."""
    tally = Tally("instances that the SEC made of inline documents")
    for accession in sorted(documents):
        found = {document.kind: facts for document, _, facts in documents[accession]}
        if "primary_doc" not in found or "xbrl_instance" not in found:
            continue
        tally.documents += 1
        name = next(
            document.name for document, _, _ in documents[accession] if document.kind == "primary_doc"
        )
        ours = Counter(_everything(fact) for fact in found["primary_doc"].facts)
        theirs = Counter(_everything(fact) for fact in found["xbrl_instance"].facts)
        for key, count in sorted(theirs.items(), key=lambda item: repr(item[0])):
            for number in range(count):
                equal = number < ours[key]
                tally.add(None if equal else Miss(name, repr(key)[:200], "", "OTHER_VALUE"))
        for key, count in sorted((ours - theirs).items(), key=lambda item: repr(item[0])):
            for _ in range(count):
                tally.add(Miss(name, "no such fact", repr(key)[:200], "OTHER_VALUE"))
    return tally


def _everything(fact: Fact) -> tuple[object, ...]:
    context = fact.context
    text = fact.text and "".join(fact.text.split())  # the SEC joins the words of neighbouring lines
    return (
        fact.concept, context.entity, context.period, context.members, fact.unit, fact.value, text, fact.decimals,
        fact.infinitely_precise, fact.nil,
    )  # fmt: skip


def _compare_with_xml_parser(folder: Path) -> tuple[Tally, list[str]]:
    """Every number of every document, with element, id, entity, days and members."""
    tally = Tally("an XML parser's reading of all documents with facts")
    notes = []
    for recorded in recorded_documents(
        folder, ("primary_doc", "full_submission", "xbrl_instance", "exhibit")
    ):
        for document in split_submission(recorded.read(), recorded.name).documents:
            if document.markup is Markup.INLINE_XBRL:
                facts = read_inline_facts([(recorded.name, document.content)])
            elif document.markup is Markup.XBRL_INSTANCE:
                facts = read_instance_facts(recorded.name, document.content)
            else:
                continue
            try:
                root = etree.fromstring(document.content.strip(), etree.XMLParser(huge_tree=True))
            except etree.XMLSyntaxError as error:
                notes.append(f"{recorded.path.relative_to(folder)} is no well-formed XML: {error}.")
                continue
            tally.documents += 1
            theirs = Counter(_parsed_numbers(root, document.markup))
            ours = Counter(
                (fact.concept.rpartition(":")[2], fact.fact_id, _about(fact), fact.value)
                for fact in facts.facts
                if fact.is_numeric
            )
            tally.compared += (theirs & ours).total()
            tally.equal += (theirs & ours).total()
            for key in (theirs - ours).elements():
                tally.add(Miss(recorded.name, repr(key), _ours_of(ours, key), "OTHER_VALUE"))
            for key in (ours - theirs).elements():
                tally.add(Miss(recorded.name, "no such fact", repr(key), "OTHER_VALUE"))
    return tally, notes


_Number = tuple[str, str, tuple[str, ...], Decimal | None]


def _about(fact: Fact) -> tuple[str, ...]:
    """Context, entity, days and members of a fact, in the words of the document but for prefixes."""
    context = fact.context
    period = context.period
    return (
        context.id,
        context.entity,
        str(period.start) if period and period.start else "",
        str(period.end) if period else "",
        *sorted(part.rpartition(":")[2] for member in context.members for part in member),
    )


def _parsed_numbers(root: etree._Element, markup: Markup) -> Iterator[_Number]:
    """(local name, id, what it is about, value) of each number, by the plainest reading of the rules."""
    contexts = {
        element.get("id"): _parsed_context(element)
        for element in root.iter("{http://www.xbrl.org/2003/instance}context")
    }
    for element in root.iter(etree.Element):
        if element.get("contextRef") is None or element.get("unitRef") is None or element.get("target"):
            continue
        tag = etree.QName(element)
        name = (element.get("name") or "") if markup is Markup.INLINE_XBRL else tag.localname
        value: Decimal | None = None
        if element.get("{http://www.w3.org/2001/XMLSchema-instance}nil") not in ("true", "1"):
            shown = "".join(element.itertext()).strip()
            value = Decimal(shown) if markup is Markup.XBRL_INSTANCE else _shown_value(element, shown)
        yield name.rpartition(":")[2], element.get("id", ""), contexts[element.get("contextRef")], value


def _parsed_context(context: etree._Element) -> tuple[str, ...]:
    told = {etree.QName(part).localname: (part.text or "").strip() for part in context.iter(etree.Element)}
    members = []
    for part in context.iter(etree.Element):
        if part.get("dimension") is not None:
            members += [part.get("dimension", ""), "".join(part.itertext()).strip()]
    days = [told.get("startDate", ""), told.get("instant") or told.get("endDate", "")]
    if days[1].endswith("T00:00:00"):
        days[1] = str(date.fromisoformat(days[1][:10]) - timedelta(days=1))
    return (
        context.get("id", ""),
        told["identifier"],
        *(day[:10] for day in days),
        *sorted(part.rpartition(":")[2] for part in members),
    )


def _shown_value(element: etree._Element, shown: str) -> Decimal:
    number_format = (element.get("format") or "").rpartition(":")[2].replace("-", "")
    if number_format in ("fixedzero", "zerodash", "numdash"):
        return Decimal(0)
    if number_format == "numwordsen":
        value = Decimal(number_in_words(shown))
    else:
        assert number_format in ("", "numdotdecimal"), number_format
        value = Decimal(shown.replace(",", "").replace(" ", "").replace("\xa0", ""))
    value = value.scaleb(int(element.get("scale") or 0))
    return -value if element.get("sign") == "-" else value


def _ours_of(ours: Counter[_Number], key: _Number) -> str:
    return ", ".join(str(value) for *names, value in ours if tuple(names) == key[:3])


def _notes(folder: Path, documents: _Documents) -> list[str]:
    subjects = {
        line.split("\t")[0]
        for line in unpacked(folder / "gold" / "fsds" / "2009q3" / "sub.txt").decode().splitlines()[1:]
    }
    warnings = sum(len(facts.warnings) for found in documents.values() for _, _, facts in found)
    return [
        f"`gold/fsds/2009q3` lists {len(subjects)} filings; the document or instance of"
        f" {len(subjects & documents.keys())} of them is in the folder; no more of its rows can be compared.",
        f"Facts of the compared documents that could not be read: {warnings}.",
    ]


# The report


def report(tallies: Sequence[Tally], notes: Sequence[str]) -> str:
    """The report in Markdown."""
    lines = [
        "# Facts against EDGAR's own values",
        "",
        "Written by `python scripts/quality/fact_report.py` over the recorded EDGAR folder; do not edit.",
        "",
        "Compared are value, sign, scale, unit and period of facts without dimensions; against the SEC's own instances",
        "also dimensions, accuracy, nil and text. A filing that is there both as document and as instance is compared",
        "twice; against an XML parser's reading also entity and dimensions. A row that differs only by its source's",
        "way to write units and periods is equal but for conventions.",
        f"Bars: at least {BAR:.1%} equal, no wrong sign.",
        "",
        "| source | documents | values | equal as written | equal but for conventions | share | wrong signs |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {tally.source} | {tally.documents} | {tally.compared} | {tally.equal} | {tally.equal_but_for_conventions} |"
        f" {tally.share:.2%} | {tally.wrong_signs} |"
        for tally in tallies
    ]
    lines += ["", *(f"- {note}" for note in notes), "", "## Misses", ""]
    misses = [(tally.source, miss) for tally in tallies for miss in tally.misses or []]
    if not misses:
        lines.append("None.")
    else:
        counts = Counter(miss.reason for _, miss in misses)
        lines += ["| reason | count | meaning |", "|---|---:|---|"]
        lines += [f"| {reason} | {count} | {REASONS[reason]} |" for reason, count in sorted(counts.items())]
        lines += ["", "| source | document | expected | found | reason |", "|---|---|---|---|---|"]
        lines += [
            f"| {source} | {miss.document} | {_cell(miss.expected)} | {_cell(miss.found)} | {miss.reason} |"
            for source, miss in misses
        ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(run(REPORT, __doc__, make))
