"""Compare the sections that are found in recorded filings with expected ones, and write docs/extraction/sections.md.

    python scripts/quality/section_report.py [--check]

Three sources under `gold/`, all snapshots of other tools and sometimes wrong themselves; a miss that is the source's is
listed like any other, with that reason, and shown apart. A fourth puts the item texts of 36 annual reports, whose raw
filings are not in the folder, one behind the other and looks for the seams. `--check` writes nothing and ends with 1
when a bar is missed or the report is another.
"""

from __future__ import annotations

import json
import re
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.quality.report_command import Report, run
from scripts.quality.section_gold_faults import GOLD_FAULTS
from scripts.recorded_documents import ROOT, manifest, unpacked
from tenkay_extractor.extraction import Blob, read_filing
from tenkay_extractor.identity import Listing
from tenkay_extractor.item_schemes import FormFamily, form_family, item_scheme
from tenkay_extractor.sections import Section, find_sections
from tenkay_extractor.submission import Document, Markup, split_submission
from tenkay_extractor.text import normalise

REPORT = ROOT / "docs" / "extraction" / "sections.md"
START_BAR, END_BAR = 0.98, 0.95
EDGE = 48
"""Letters and digits compared at a section's edge."""
ALIKE = 0.85
"""Share of these that must agree, as a snapshot writes a reference or a page number otherwise."""
SLACK_SHARE, SLACK = 0.06, 1_200
"""How far the length of a section's source may be from the snapshot's, which leaves out some wrapping elements."""

REASONS = {
    "NOT_FOUND": "the source has the section, we do not",
    "NOT_IN_SOURCE": "we have the section, the source says that there is none",
    "OTHER_START": "the section opens elsewhere",
    "OTHER_END": "the section closes elsewhere",
    "OTHER_LENGTH": "the section is longer or shorter, and so is a neighbour",
    "TEXT_OUTSIDE": "words that the source expects in the section are not in it",
    "OTHER_TITLE": "the heading is not the one that the source expects",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """One expected or found section, judged."""

    filing: str
    code: str
    confidence: float | None
    """None for a section that was not found."""
    start: bool
    end: bool | None
    """None where the source does not tell the end."""
    reason: str = ""
    detail: str = ""

    @property
    def right(self) -> bool:
        return self.start and self.end is not False

    @property
    def fault(self) -> str:
        """Why the source, not we, is wrong; empty where it is not known to be."""
        if self.right:
            return ""
        return GOLD_FAULTS.get((self.filing, self.code)) or GOLD_FAULTS.get((self.filing, "*"), "")


@dataclass(slots=True)
class Tally:
    """One source's judgements for one form."""

    source: str
    form: str
    judged: list[Judgement] = field(default_factory=list)

    def shares(self, *, without_faults: bool) -> tuple[int, int, int, int]:
        """(right starts, starts, right ends, ends)."""
        counted = [each for each in self.judged if not (without_faults and each.fault)]
        ends = [each.end for each in counted if each.end is not None]
        return sum(each.start for each in counted), len(counted), sum(ends), len(ends)

    @property
    def holds(self) -> bool:
        starts, of_starts, ends, of_ends = self.shares(without_faults=True)
        return starts >= START_BAR * of_starts and ends >= END_BAR * of_ends


def make(folder: Path) -> Report:
    """The report on the folder."""
    tallies = evaluate(folder)
    return Report(
        text=report(tallies),
        summary=tuple(
            f"{tally.source}, {tally.form}: {_shares(tally, without_faults=False)}; "
            f"without the source's faults {_shares(tally, without_faults=True)}"
            for tally in tallies
        ),
        holds=all(tally.holds for tally in tallies),
    )


def evaluate(folder: Path) -> list[Tally]:
    """All comparisons that the folder allows."""
    rows = manifest(folder)
    tallies: dict[tuple[str, str], Tally] = {}
    for source, form, judgements in (
        *_current_reports(folder, rows),
        *_parsed_reports(folder, rows),
        *_item_status(folder),
        *_reassembled(folder),
    ):
        tallies.setdefault((source, form), Tally(source, form)).judged.extend(judgements)
    return list(tallies.values())


_Judged = Iterator[tuple[str, str, list[Judgement]]]
_Row = Mapping[str, Any]


def _filed(accession: str) -> date:
    """The last day of the year in which the number was given: which items there were, it tells well enough."""
    year = int(accession[11:13])
    return date(year + (1900 if year > 50 else 2000), 12, 31)


def _sections_of(
    path: Path, form: str, filed: date | None
) -> tuple[tuple[Section, ...], dict[str, str], bytes]:
    content = unpacked(path)
    filing = read_filing(
        [Blob(content, path.name.removesuffix(".gz"))], Listing(form_type=form, filed_date=filed)
    )
    sections = tuple(
        s for s in filing.content.sections if s.code and not s.code.startswith(("audit", "ex_", "main"))
    )
    return sections, {text.document: text.text for text in filing.content.texts}, content


# Current reports: the text of each item.


def _current_reports(folder: Path, rows: Sequence[_Row]) -> _Judged:
    for row in rows:
        gold = str(row.get("has_gold") or "")
        if "edgar-crawler/8-K" not in gold:
            continue
        wanted = json.loads(unpacked(folder / gold))
        filed = date.fromisoformat(wanted["filing_date"])
        sections, texts, _ = _sections_of(folder / row["path"], row["form"], filed)
        items = {key: text for key, text in wanted.items() if key.startswith("item_") and text}
        found = {section.code: section for section in sections}
        yield (
            "edgar-crawler", "8-K",
            [*_compare_texts(str(row["accession"]), items, found, texts)],
        )  # fmt: skip


def _compare_texts(
    filing: str, wanted: Mapping[str, str], found: Mapping[str, Section], texts: Mapping[str, str]
) -> Iterator[Judgement]:
    for code, text in wanted.items():
        section = found.get(code)
        if section is None:
            yield Judgement(filing, code, None, False, False, "NOT_FOUND", f"expected {_shown(text[:60])}")
            continue
        ours, theirs = _letters(texts[section.document][section.start : section.end]), _letters(text)
        start, end = _alike(ours[:EDGE], theirs[:EDGE]), _alike(ours[-EDGE:], theirs[-EDGE:])
        reason = "" if start and end else "OTHER_END" if start else "OTHER_START"
        detail = (
            f"ends {_shown(texts[section.document][section.start : section.end][-60:])}, expected {_shown(text[-60:])}"
            if reason == "OTHER_END"
            else f"opens {_shown(texts[section.document][section.start :][:60])}, expected {_shown(text[:60])}"
        )
        yield Judgement(filing, code, section.confidence, start, end, reason, detail if reason else "")
    for code, section in found.items():
        if code not in wanted:
            opening = texts[section.document][section.start : section.start + 60]
            yield Judgement(
                filing, code, section.confidence, False, None, "NOT_IN_SOURCE", f"opens {_shown(opening)}"
            )


def _letters(text: str) -> str:
    return "".join(re.findall(r"[a-z0-9]+", text.lower()))


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= ALIKE


def _shown(text: str) -> str:
    return "\u201c" + " ".join(text.split()).replace("|", "/") + "\u201d"


# Annual and quarterly reports: how long each section's source is. A length that agrees proves both its edges; where one
# does not, an edge is right when the neighbour across it has its length.


def _parsed_reports(folder: Path, rows: Sequence[_Row]) -> _Judged:
    for row in rows:
        gold = str(row.get("has_gold") or "")
        if "sec-parser/" not in gold:
            continue
        filed = _filed(str(row["accession"]))
        sections, texts, content = _sections_of(folder / row["path"], row["form"], filed)
        places = _source_places(content)
        wanted = {
            _code(each["identifier"]): int(each["character_count"])
            for each in json.loads(unpacked(folder / gold))
        }
        yield (
            "sec-parser",
            row["form"],
            [*_compare_lengths(str(row["accession"]), wanted, sections, texts, places)],
        )


def _code(identifier: str) -> str:
    quarterly = re.fullmatch(r"part(\d)item(\w+)", identifier)
    return (
        f"part{quarterly.group(1)}_item{quarterly.group(2).upper()}"
        if quarterly
        else f"item_{identifier.upper()}"
    )


@dataclass(frozen=True, slots=True)
class _Places:
    """Where each block of a document's text stands in its source."""

    blocks: tuple[int, ...]
    source: tuple[int, ...]
    length: int

    def of(self, offset: int) -> int:
        index = bisect_right(self.blocks, offset) - 1
        return self.source[max(index, 0)]


_BLOCK_TAG = re.compile(rb"<(?:p|div|tr|li|h[1-6]|td)\b[^<>]*>", re.IGNORECASE)
_MARK = re.compile("\ue000(\\d+)\ue001")


def _source_places(content: bytes) -> _Places:
    """Marks each block in the source with its place, and reads the marks from the text."""
    document = split_submission(content).documents[0]
    marked = _BLOCK_TAG.sub(lambda tag: tag.group() + f"\ue000{tag.start()}\ue001".encode(), document.content)
    text = normalise(Document("", None, "", "", marked, document.markup)).text
    blocks: list[int] = []
    source: list[int] = []
    at = place = 0
    for line in text.split("\n"):
        if mark := _MARK.search(line):
            place = int(mark.group(1))
        plain = " ".join(_MARK.sub(" ", line).split())
        if plain:
            blocks.append(at)
            source.append(place)
            at += len(plain) + 1
    return _Places(tuple(blocks), tuple(source), len(document.content))


def _compare_lengths(
    filing: str,
    wanted: Mapping[str, int],
    sections: Sequence[Section],
    texts: Mapping[str, str],
    places: _Places,
) -> Iterator[Judgement]:
    # Items that the source does not know (1C, 9C, 16) are part of the section before, as they are there.
    starts = sorted({section.start for section in sections if section.code in wanted})
    found = {section.code: section for section in sections}
    expected = [code for code, length in wanted.items() if length > 0]
    lengths: dict[str, int] = {}
    for code, each in found.items():
        after = bisect_right(starts, each.start)
        behind = places.of(starts[after]) if after < len(starts) else places.length
        lengths[code] = behind - places.of(each.start)

    def fits(code: str) -> bool:
        return code in lengths and abs(lengths[code] - wanted[code]) <= SLACK + SLACK_SHARE * wanted[code]

    for index, code in enumerate(expected):
        section = found.get(code)
        if section is None:
            yield Judgement(
                filing, code, None, False, False, "NOT_FOUND", f"{wanted[code]:,} characters expected"
            )
            continue
        start = fits(code)
        end: bool | None = start
        if not start:
            start = index > 0 and fits(expected[index - 1])
            end = index + 1 < len(expected) and fits(expected[index + 1])
        if index + 1 == len(expected):
            end = (
                None  # the source's last section holds the rest of the document, signatures and exhibits too
            )
        yield Judgement(
            filing, code, section.confidence, start, end,
            "" if start and end is not False
            else "OTHER_END" if start
            else "OTHER_START" if end
            else "OTHER_LENGTH",
            "" if start and end is not False else f"{lengths[code]:,} characters of source, {wanted[code]:,} expected",
        )  # fmt: skip
    for code, each in found.items():
        if code in wanted and wanted[code] == 0:
            opening = texts[each.document][each.start : each.start + 60]
            yield Judgement(
                filing, code, each.confidence, False, None, "NOT_IN_SOURCE", f"opens {_shown(opening)}"
            )


# Items that people looked up in fifteen annual reports: there or not, titles, and words that belong to them.

_THERE = ("extracted", "incorporated_by_reference", "reserved", "omitted", None)


def _item_status(folder: Path) -> _Judged:
    for path in sorted((folder / "gold" / "item-status").glob("*.json")):
        wanted = json.loads(unpacked(path))
        filing = folder / wanted["document"]
        accession = wanted["accession"]
        filed = _filed(accession)
        if form_family(wanted["form"]) not in (FormFamily.ANNUAL, FormFamily.SMALL_BUSINESS_ANNUAL):
            continue
        sections, texts, _ = _sections_of(filing, wanted["form"], filed)
        found = {section.code: section for section in sections}
        items = dict(wanted["items"])
        for number in wanted.get("expected_item_set") or ():
            items.setdefault(number, {})
        yield "item-status", "10-K", [*_compare_status(accession, items, found, texts)]


def _compare_status(
    filing: str, items: Mapping[str, _Row], found: Mapping[str, Section], texts: Mapping[str, str]
) -> Iterator[Judgement]:
    for number, wanted in items.items():
        code = f"item_{number}"
        section = found.get(code)
        if wanted.get("status") not in _THERE or (wanted.get("status") == "omitted" and section is None):
            if section is not None:
                yield Judgement(
                    filing, code, section.confidence, False, None, "NOT_IN_SOURCE", _shown(section.title)
                )
            continue
        if section is None:
            yield Judgement(
                filing, code, None, False, None, "NOT_FOUND", str(wanted.get("status") or "there")
            )
            continue
        body = _letters(texts[section.document][section.start : section.end])
        outside = [words for words in wanted.get("contains", ()) if _letters(words) not in body]
        title = wanted.get("title", "")
        titled = _letters(title) in _letters(texts[section.document][section.start :][:400])
        reason = "TEXT_OUTSIDE" if outside else "" if titled else "OTHER_TITLE"
        yield Judgement(
            filing, code, section.confidence, titled, not outside if wanted.get("contains") else None, reason,
            _shown(outside[0][:80]) if outside else "" if titled
            else f"{_shown(section.title)}, expected {_shown(title)}",
        )  # fmt: skip


# Item texts of annual reports put one behind the other.


def _reassembled(folder: Path) -> _Judged:
    for path in sorted((folder / "gold" / "edgar-crawler" / "10-K").glob("*.json*")):
        wanted = json.loads(unpacked(path))
        items = {key: text for key, text in wanted.items() if key.startswith("item_") and text.strip()}
        family = form_family(wanted["filing_type"]) or FormFamily.ANNUAL
        raw = "\n\n".join(
            "\n".join(
                f"<p>{line}</p>" for line in text.replace("&", "&amp;").replace("<", "&lt;").split("\n")
            )
            for text in items.values()
        )
        document = Document("10-K", 1, "items", "", f"<html><body>{raw}</body></html>".encode(), Markup.HTML)
        text = normalise(document).text
        filed = date.fromisoformat(wanted["filing_date"])
        sections = find_sections(text, "items", item_scheme(family, filed))
        found = {section.code: section for section in sections}
        accession = path.name.split("_")[3].split(".")[0]
        yield "edgar-crawler texts", "10-K", [*_compare_texts(accession, items, found, {"items": text})]


# The report


def report(tallies: Sequence[Tally]) -> str:
    """The report as Markdown."""
    lines = [
        "# Sections against expected ones",
        "",
        "Made by `python scripts/quality/section_report.py` from the recorded filings; do not edit.",
        "",
        "A start or an end is right",
        f"- for item texts (`edgar-crawler`), when the first or last {EDGE} letters and digits agree in at "
        f"least {ALIKE:.0%};",
        f"- for lengths (`sec-parser`), when the section's source is as long as the snapshot says, within "
        f"{SLACK_SHARE:.0%} and {SLACK:,} characters, or when the neighbour across that edge is;",
        "- for looked-up items (`item-status`), when the item is there, with its title if one is told (start), and "
        "holds the words that are told (end).",
        "",
        "A section that the source does not have counts as a wrong start. The sources are snapshots of other tools: "
        "where a look at the filing shows that the source is wrong, the miss is listed below as the source's fault.",
        "",
        "| source | form | right starts | right ends | without the source's faults | bars |",
        "|---|---|---|---|---|---|",
    ]
    for tally in tallies:
        all_starts, all_ends = _shares(tally, without_faults=False).split(", ")
        lines.append(
            f"| {tally.source} | {tally.form} | {all_starts} | {all_ends} | {_shares(tally, without_faults=True)} "
            f"| {'held' if tally.holds else 'MISSED'} |"
        )
    lines += ["", f"Bars: {START_BAR:.0%} right starts, {END_BAR:.0%} right ends.", "", "## Confidence", ""]
    lines += _calibration(tallies)
    lines += ["", "## Misses", "", "| code | means | misses |", "|---|---|---|"]
    misses = [(tally, each) for tally in tallies for each in tally.judged if not each.right]
    counts = Counter(each.reason for _, each in misses if not each.fault)
    lines += [f"| {code} | {meaning} | {counts[code]} |" for code, meaning in REASONS.items()]
    for title, faulty in (("Ours", False), ("The source's", True)):
        lines += [
            "",
            f"### {title}",
            "",
            "| source | filing | section | code | confidence | what |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {tally.source} | {each.filing} | {each.code} | {each.reason} "
            f"| {'' if each.confidence is None else each.confidence} "
            f"| {': '.join(filter(None, (each.detail, each.fault)))} |"
            for tally, each in misses
            if bool(each.fault) is faulty
        ]
    return "\n".join(lines) + "\n"


def _shares(tally: Tally, *, without_faults: bool) -> str:
    starts, of_starts, ends, of_ends = tally.shares(without_faults=without_faults)

    def share(right: int, of: int) -> str:
        return f"{right} of {of} ({right / of:.1%})" if of else "none"

    return f"{share(starts, of_starts)}, {share(ends, of_ends)}"


_BUCKETS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.01)


def _calibration(tallies: Sequence[Tally]) -> list[str]:
    buckets: dict[float, list[Judgement]] = defaultdict(list)
    for tally in tallies:
        for each in tally.judged:
            if each.confidence is not None:
                buckets[_BUCKETS[bisect_right(_BUCKETS, each.confidence) - 1]].append(each)
    lines = [
        "Right means start and end.",
        "",
        "| confidence | sections | mean confidence | share right | without the source's faults |",
        "|---|---|---|---|---|",
    ]
    for low, high in pairwise(_BUCKETS):
        held = buckets[low]
        if held:
            ours = [each for each in held if not each.fault]
            mean = sum(each.confidence or 0 for each in held) / len(held)
            lines.append(
                f"| {low:.2f} to {min(high, 1.0):.2f} | {len(held)} | {mean:.3f} "
                f"| {sum(each.right for each in held) / len(held):.3f} "
                f"| {sum(each.right for each in ours) / max(len(ours), 1):.3f} |"
            )
    return lines


if __name__ == "__main__":
    sys.exit(run(REPORT, __doc__, make))
