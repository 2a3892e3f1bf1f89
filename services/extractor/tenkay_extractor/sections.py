"""Finds the items of 10-K, 10-Q, 8-K and 20-F filings in their normalised text.

A heading is a block that opens with an item's label ("Item 1A."). Every label is a candidate: entries of a table of
contents, running page heads and sentences that begin with "Item 7 of ..." look alike. Of all ways to pick at most one
candidate an item, in the form's order, the one with the best evidence is taken: titles that fit the item, bodies that
follow, parts that agree. A table of contents is recognised as a dense run of labels that come again later.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tenkay_extractor.item_schemes import FormFamily, Item, ItemScheme
from tenkay_extractor.printed_pages import printed_pages


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a document's normalised text: `text[start:end]`, opening with its own heading."""

    code: str
    """"item_1A", in a 10-Q "part1_item2", in an 8-K "item_2.02", or "audit_report", "ex_13"."""
    part: str
    """"I" to "IV"; empty for forms without parts."""
    title: str
    """The heading as printed, white space folded."""
    document: str
    start: int
    end: int
    body_start: int
    """First character after the heading."""
    confidence: float


def find_sections(text: str, document: str, scheme: ItemScheme) -> tuple[Section, ...]:
    """The items found, in the order of the text. Combined items ("Items 1 and 2") share one span."""
    candidates = all_labels = _candidates(text, scheme)
    if scheme.ordered:
        candidates = _without_tables_of_contents(candidates, text, ordered=True)
        labelled = {item.code for candidate in candidates for item in candidate.items}
        if len(labelled) < len(scheme.items) * _LABELLED_SHARE:
            taken = _positions(candidates)
            candidates = sorted(
                [*candidates, *(c for c in _unlabelled(text, scheme, labelled) if c.start not in taken)],
                key=lambda c: c.start,
            )
        chosen = _best_sequence(candidates, scheme, len(text))
        if scheme.family is FormFamily.QUARTERLY:
            chosen = [*_statements_without_a_label(text, chosen, scheme), *chosen]
    else:
        chosen = _first_with_body(candidates, text)
    found = _sections(text, document, chosen, candidates, scheme)
    if scheme.family is FormFamily.FOREIGN_ANNUAL:
        found = _with_risk_factors(text, tuple(found), scheme)
    if scheme.ordered:
        found = tuple(found)
        covered = sum(end - start for start, end in {(section.start, section.end) for section in found})
        if covered < len(text) * _COVERED_SHARE or all(each.confidence <= _TITLE_ALONE for each in found):
            found = _by_index(text, document, all_labels, scheme) or found
    return tuple(found)


# Candidates


def _label(letter: str) -> re.Pattern[str]:
    """A block that opens with an item's label, whose number may end in this letter."""
    return re.compile(
        r"^[^\w\n]{0,4}(?:PART\s+(?P<part>I{1,3}|IV)\b[^\w\n]{1,6})?I\s?TEMS?[ .:]{0,2}\s?"
        rf"(?P<first>\d{{1,2}}(?:\.\s?\d\d)?)(?P<letter>{letter})?(?:\s?[(\[]T[)\]]|T\b)?"
        r"(?:\([a-z0-9]{1,4}\))*"
        r"(?P<more>(?:\s?(?:,|and|&|through|to|-|/)\s?(?:and\s)?(?:I\s?TEMS?\s)?"
        r"\d{1,2}(?:\.\d\d)?(?:[A-C](?!\w))?(?:\([a-z0-9]{1,4}\))*\.?)*)(?!\d)(?P<rest>[^\n]*)$",
        re.IGNORECASE | re.MULTILINE,
    )


_LABEL = _label(r"\s?[A-C](?!\w)|\s?\([A-C]\)")
_LABEL_OF_FOREIGN_ANNUAL = _label(r"[\s.]{0,2}[A-K](?!\w)|\s?\([A-K]\)")
_MORE_NUMBER = re.compile(r"(\d{1,2}(?:\.\d\d)?)([A-C])?(?![\w])", re.IGNORECASE)
_PART = re.compile(r"^[^\w\n]{0,4}PART\s+(I{1,3}|IV)\b(?![^\n]{120})", re.IGNORECASE | re.MULTILINE)
_SEPARATOR = re.compile(r"^[\s.:,;)\]\u2013\u2014\u2212*|_-]+")
_CROSS_REFERENCE = re.compile(
    r"^[\s\"\u201d\u2019',)]*(?:of|in|on|and|or|to|under|above|below|which|that|is|are|was|were|shall|has|have|hereof|herein|"
    r"contains?|includes?|should|for (?:a|further|more)|as|entitled|by|with respect|through|with the sec)\b"
)
_AFTER_TITLE_REFERENCE = re.compile(
    r"^[\"\u201d\u2019'\s,.-]{0,4}(?:(?:of|in|on|to|under|above|below|contained|included|set forth|beginning|appearing"
    r"|section|and elsewhere|should be read)\s)"
)
_REFERENCE_TAIL = re.compile(
    r"\b(?:of|in|to) (?:this|our|the (?:company's )?|its|such)\b.{0,40}"
    r"\b(?:form|report|filing|annual|quarterly|10-[kq])\b",
    re.IGNORECASE,
)
_CONTINUED = re.compile(r"\(?\bcont(?:inued|inuation|['\u2019]?d)?\b\.?\)?\s*$", re.IGNORECASE)
_PAGE_AT_END = re.compile(
    r"(?:\s|\.{2,}|\u2026)(?:page\s)?(?:[A-Z]{1,2}-)?\d{1,3}(?:\s?(?:-|\u2013|to|,)\s?(?:[A-Z]-)?\d{1,3})*\.?$",
    re.IGNORECASE,
)
_PAGE_ALONE = re.compile(
    r"\n(?:page\s)?(?:[A-Z]-)?\d{1,3}(?:\s?[-\u2013,]\s?\d{1,3})*(?:\n|$)", re.IGNORECASE
)
_NOTHING_BUT_PAGE = re.compile(r"[\s.]*(?:[A-Z]-)?\d{1,3}[\s.]*$")
_LONGEST_HEADING = 400
_HEADING_SHOWN = 200


_PART_OR_ITEM = re.compile(r"\n[^\w\n]{0,4}(?:PART|I\s?TEM)", re.IGNORECASE)


def line_starts(text: str, opening: re.Pattern[str]) -> Iterator[int]:
    """Where the lines begin that open as `opening` says, a pattern that begins with the newline before.

    A pattern that begins with a character is searched for ten times faster than one that begins with "^".
    """
    if opening.match(f"\n{text[:_LONGEST_OPENING]}"):
        yield 0
    for match in opening.finditer(text):
        yield match.start() + 1


_LONGEST_OPENING = 80


@dataclass(frozen=True, slots=True)
class _Candidate:
    start: int
    end_of_heading: int
    items: tuple[Item, ...]
    """What it may be: in a 10-Q, "Item 1" is of part I or II."""
    combined: tuple[Item, ...]
    """Further items under the same heading."""
    title: str
    title_fits: frozenset[str]
    """Codes of the items that the title fits."""
    toc_like: bool
    """A page number ends the heading."""
    page_follows: bool
    """The next block is a page number, which may be the page's own."""
    part: str
    labelled: bool = True


def _candidates(text: str, scheme: ItemScheme) -> list[_Candidate]:
    label = _LABEL_OF_FOREIGN_ANNUAL if scheme.family is FormFamily.FOREIGN_ANNUAL else _LABEL
    part_starts: list[int] = []
    parts: list[str] = []
    labels: list[re.Match[str]] = []
    for start in line_starts(text, _PART_OR_ITEM):
        if part := _PART.match(text, start):
            part_starts.append(start)
            parts.append(part.group(1).upper())
        if labelled := label.match(text, start):
            labels.append(labelled)
    found = []
    for match in labels:
        number = _number(match.group("first"), match.group("letter"))
        items = scheme.numbered(number)
        if not items:
            continue
        rest = match.group("rest")
        separator = _SEPARATOR.match(rest)
        caption = rest[separator.end() :] if separator else rest.lstrip()
        if not caption:
            title_start, title = match.end(), _following_block(text, match.end())
            caption_ahead = False
        else:
            title_start, title, caption_ahead = match.end() - len(caption), caption, True
        opening = title.lstrip("\"'\u201c\u2018[( ")
        fits = {item.code: fit for item in items if (fit := item.titles.match(opening)) is not None}
        if caption_ahead and _is_reference(caption, opening, fits.values(), match.end() - match.start()):
            continue
        own_part = (match.group("part") or "").upper()
        if not own_part:
            index = bisect_right(part_starts, match.start())
            own_part = parts[index - 1] if index else ""
        heading_end = match.end()
        if not caption_ahead and fits:
            heading_end = text.find("\n", title_start + 1)
            heading_end = len(text) if heading_end < 0 else heading_end
        combined = tuple(
            item
            for more, letter in _MORE_NUMBER.findall(match.group("more"))
            for item in scheme.numbered(_number(more, letter))
            if len(scheme.numbered(_number(more, letter))) == 1
        )
        found.append(
            _Candidate(
                start=match.start(),
                end_of_heading=heading_end,
                items=items,
                combined=combined,
                title=" ".join(text[match.start() : heading_end].split())[:_LONGEST_HEADING],
                title_fits=frozenset(fits),
                toc_like=len(title) < _HEADING_SHOWN and bool(_PAGE_AT_END.search(title)),
                page_follows=len(title) < _HEADING_SHOWN and bool(_PAGE_ALONE.match(text, heading_end)),
                part=own_part,
            )
        )
    return [
        replace(candidate, toc_like=True)
        if candidate.page_follows and _beside_another_page(found, index)
        else candidate
        for index, candidate in enumerate(found)
    ]


def _beside_another_page(candidates: Sequence[_Candidate], index: int) -> bool:
    """True when the label before or after has a page number as well, as in a list of items."""
    return any(
        (candidates[other].toc_like or candidates[other].page_follows)
        and abs(candidates[other].start - candidates[index].start) <= _WIDEST_ENTRY
        for other in (index - 1, index + 1)
        if 0 <= other < len(candidates)
    )


def _number(digits: str, letter: str | None) -> str:
    whole = digits.replace(" ", "")
    if "." in whole:
        return whole
    return str(int(whole)) + (letter or "").strip(" .()").upper()


def _following_block(text: str, position: int) -> str:
    """The next block that is no bare page number."""
    for _ in range(2):
        start = position + 1
        position = text.find("\n", start)
        if position < 0:
            position = len(text)
        block = text[start:position]
        if not _NOTHING_BUT_PAGE.match(block):
            return block.strip(" -\u2013\u2014.:")
    return ""


def _is_reference(caption: str, opening: str, fits: Iterable[re.Match[str]], block_length: int) -> bool:
    """True when the block is a sentence about an item, or a running page head, and not the item's heading."""
    if _CONTINUED.search(caption) and len(caption) < _HEADING_SHOWN:
        return True
    fit = next(iter(fits), None)
    if fit is None:
        return bool(_CROSS_REFERENCE.match(caption)) or (
            block_length > _LONGEST_HEADING and caption[:1].islower()
        )
    after = opening[fit.end() :]
    quote = after.find("\u201d") if "\u201d" in after[:200] else after.find('"')
    if 0 <= quote < 200 and _AFTER_TITLE_REFERENCE.match(after[quote:]):
        return True
    return bool(_REFERENCE_TAIL.search(after[:160])) and block_length > len(opening) - len(after) + 20


def _unlabelled(text: str, scheme: ItemScheme, labelled: set[str]) -> list[_Candidate]:
    """Blocks that are an item's title and nothing else, for filings whose headings carry no item numbers."""
    titles = [(item, re.compile(pattern, re.IGNORECASE)) for item in scheme.items
              if item.code not in labelled and (pattern := _WHOLE_TITLES[scheme.family].get(item.code))]  # fmt: skip
    found = []
    for match in _SHORT_BLOCK.finditer(text):
        block = match.group().strip(" .:")
        if _PAGE_ALONE.match(text, match.end()):
            continue  # an entry of a table of contents
        for item, title in titles:
            if title.fullmatch(block):
                found.append(_unlabelled_candidate(match, item))
    return found


def _statements_without_a_label(
    text: str, chosen: Sequence[_Choice], scheme: ItemScheme
) -> Iterable[_Choice]:
    """The first statement of a quarterly report that opens with its statements and without their item's label."""
    item = scheme.items[0]
    if not chosen or chosen[0].item.code == item.code or chosen[0].item.part != item.part:
        return
    for match in _STATEMENT.finditer(text, 0, max(0, chosen[0].candidate.start - _FULL_BODY)):
        if not _PAGE_ALONE.match(text, match.end()) and not _PAGE_AT_END.search(match.group()):
            yield _Choice(_unlabelled_candidate(match, item), item)
            return


_STATEMENT = re.compile(
    r"^[^\w\n]{0,4}(?:condensed |unaudited |consolidated |interim )*(?:balance sheets?|statements? of "
    r"(?:consolidated )?(?:earnings|operations|(?:net )?income|financial (?:position|condition)))\b[^\n]{0,60}$",
    re.IGNORECASE | re.MULTILINE,
)


def _unlabelled_candidate(match: re.Match[str], item: Item) -> _Candidate:
    return _Candidate(
        start=match.start(),
        end_of_heading=match.end(),
        items=(item,),
        combined=(),
        title=" ".join(match.group().strip(" .:").split()),
        title_fits=frozenset((item.code,)),
        toc_like=False,
        page_follows=False,
        part="",
        labelled=False,
    )


_SHORT_BLOCK = re.compile(r"^(?=[A-Z])[^\n]{7,160}$", re.MULTILINE)
_WHOLE_MDA = r"management.{0,3}s? discussion and analysis(?: \(md&a\)| of .{10,80})?"
_WHOLE_MARKET_RISK = r"quantitative and qualitative disclosures? about market risks?"
_WHOLE_TITLES: dict[FormFamily, dict[str, str]] = {
    FormFamily.ANNUAL: {
        "item_1": r"(?:our |the )?business|description of business",
        "item_1A": r"risk factors",
        "item_1B": r"unresolved staff comments",
        "item_1C": r"cybersecurity",
        "item_2": r"properties",
        "item_3": r"legal proceedings",
        "item_4": r"mine safety disclosures|submission of matters to a vote of security holders",
        "item_5": r"market for (?:the )?(?:registrant|company|our).{5,140}",
        "item_7": _WHOLE_MDA,
        "item_7A": _WHOLE_MARKET_RISK,
        "item_8": r"financial statements and supplementary data",
        "item_9A": r"(?:disclosure )?controls and procedures",
    },
    FormFamily.SMALL_BUSINESS_ANNUAL: {
        "item_1": r"description of business",
        "item_3": r"legal proceedings",
        "item_6": _WHOLE_MDA,
        "item_7": r"financial statements",
        "item_8A": r"controls and procedures",
    },
    FormFamily.QUARTERLY: {
        "part1_item1": r"(?:condensed |unaudited |consolidated |interim )*financial statements(?: \(unaudited\))?",
        "part1_item2": _WHOLE_MDA,
        "part1_item3": _WHOLE_MARKET_RISK,
        "part1_item4": r"(?:disclosure )?controls and procedures",
        "part2_item1": r"legal proceedings",
        "part2_item1A": r"risk factors",
        "part2_item2": r"unregistered sales of equity securities.{0,60}",
        "part2_item6": r"exhibits",
    },
    FormFamily.CURRENT: {},
    FormFamily.FOREIGN_ANNUAL: {
        "item_4": r"information on the company",
        "item_5": r"operating and financial review and prospects",
        "item_6": r"directors, senior management and employees",
        "item_7": r"major shareholders and related party transactions",
        "item_10": r"additional information",
        "item_11": _WHOLE_MARKET_RISK,
        "item_15": r"(?:disclosure )?controls and procedures",
        "item_16K": r"cybersecurity",
        "item_18": r"financial statements",
    },
}


# Tables of contents

_DENSE_GAP = (
    420  # characters between two labels of a table of contents, the longest captions and part lines included
)
_SHORTEST_RUN = 4
_REPEATED_SHARE = 0.5


def _without_tables_of_contents(
    candidates: list[_Candidate], text: str, *, ordered: bool
) -> list[_Candidate]:
    """Drops entries of tables of contents and of indexes that say on which pages the items are found.

    An entry is a label with a page number whose item is labelled without one later, a label of a dense run whose items
    are labelled again later, a label of a dense run most of which have page numbers, or a label shortly before one of
    these with nothing but short lines between.
    """
    entries: set[int] = set()
    later_bodies: set[tuple[Item, ...]] = set()
    for index in range(len(candidates) - 1, -1, -1):
        candidate = candidates[index]
        if not candidate.toc_like:
            later_bodies.add(candidate.items)
        elif candidate.items in later_bodies:
            entries.add(index)
    last = {candidate.items: index for index, candidate in enumerate(candidates)}
    index = 0
    while index < len(candidates):
        end = index + 1
        seen = {candidates[index].items}
        while end < len(candidates) and candidates[end].start - candidates[end - 1].start <= _DENSE_GAP:
            if candidates[end].items in seen or (
                ordered and _rank(candidates[end]) < _rank(candidates[end - 1])
            ):
                break  # the body has begun, or the next part
            seen.add(candidates[end].items)
            end += 1
        again = sum(last[items] >= end for items in seen)
        with_pages = sum(candidate.toc_like for candidate in candidates[index:end])
        if (len(seen) >= _SHORTEST_RUN and again >= _REPEATED_SHARE * len(seen)) or (
            len(seen) >= _SHORTEST_INDEX and with_pages >= _PAGED_SHARE * len(seen)
        ):
            entries.update(range(index, end))
        index = end
    for index in range(len(candidates) - 2, -1, -1):
        between = text[candidates[index].start : candidates[index + 1].start]
        leads_on = index + 1 in entries and len(between) <= _WIDEST_ENTRY
        if leads_on and max(map(len, between.split("\n"))) <= _LONGEST_ENTRY_LINE:
            entries.add(index)
    return [candidate for index, candidate in enumerate(candidates) if index not in entries]


def _rank(candidate: _Candidate) -> tuple[int, str]:
    number = candidate.items[0].number.rstrip("ABCDEFGHIJK")
    return int(float(number)), candidate.items[0].number


_SHORTEST_INDEX = 6
_PAGED_SHARE = 0.4
_WIDEST_ENTRY = 1_500  # characters of the sub-entries under one item of a table of contents
_LONGEST_ENTRY_LINE = 180


def _positions(candidates: Iterable[_Candidate]) -> set[int]:
    return {candidate.start for candidate in candidates}


# Indexes of pages. A filing may answer its form by an index ("Item 1A. Risk Factors 27-36") and have headings of its
# own.


def _by_index(
    text: str, document: str, labels: Sequence[_Candidate], scheme: ItemScheme
) -> tuple[Section, ...]:
    """The items on the pages that an index tells, or as its own rows say ("Not applicable"); empty without an index.

    An item told to stand on several stretches of pages is the first of them.
    """
    rows = _index_rows(labels)
    pages = printed_pages(text) if rows else {}
    choices = _best_sequence(rows, scheme, len(text)) if pages else []
    found: list[Section] = []
    for choice in choices:
        row = choice.candidate
        next_row = next((other.start for other in rows if other.start > row.start), row.end_of_heading + 1)
        shown = " ".join(
            text[row.start : min(max(next_row, row.end_of_heading), row.start + _WIDEST_ROW)].split()
        )
        told = _PAGES_OF_ROW.search(_PART_BEHIND.sub("", shown))
        if told is None:
            end = row.end_of_heading
            found.append(_indexed(choice, document, row.title, (row.start, end, end), _BY_ROW))
            continue
        first, last = int(told["first"]), int(told["last"] or told["first"])
        if first not in pages or last not in pages or last < first:
            continue
        start, end = pages[first][0], pages[last][1]
        heading = next(
            (block for block in _SHORT_BLOCK.finditer(text, start, pages[first][1])
             if choice.item.titles.match(block.group())), None,
        )  # fmt: skip
        if heading:
            span = (heading.start(), heading.end(), end)
            found.append(_indexed(choice, document, heading.group(), span, _BY_PAGE_AND_HEADING))
        else:
            found.append(_indexed(choice, document, row.title, (start, start, end), _BY_PAGE))
    if sum(section.confidence != _BY_ROW for section in found) < _FEWEST_INDEXED:
        return ()
    found.sort(key=lambda section: (section.start, section.end))
    for index, section in enumerate(found[1:], start=1):
        before = found[index - 1]
        if before.body_start < section.start < before.end and section.confidence == _BY_PAGE_AND_HEADING:
            page_start = max(foot for foot, _ in pages.values() if foot <= section.start)
            if any(start == page_start and end == before.end for start, end in pages.values()):
                found[index - 1] = replace(before, end=section.start)  # the two share a page
    return tuple(found)


_COVERED_SHARE = 0.3
"""Share of a text below which the sections found are not what it is about."""
_WIDEST_ROW = 400
_FEWEST_INDEXED = 3
_BY_PAGE_AND_HEADING, _BY_PAGE, _BY_ROW = 0.6, 0.45, 0.7
_PAGES_OF_ROW = re.compile(
    r"\s(?:pages?\s)?(?P<first>\d{1,3})(?:\s?[-\u2013]\s?(?P<last>\d{1,3}))?"
    r"(?:,\s?\d{1,3}(?:\s?[-\u2013]\s?\d{1,3})?)*(?:,?\s?\([a-z]\))?\.?$"
)
_PART_BEHIND = re.compile(r"\s(?:PART\s+(?:I{1,3}|IV)\b|signatures?\b).{0,80}$", re.IGNORECASE)


def _index_rows(labels: Sequence[_Candidate]) -> list[_Candidate]:
    """The longest run of labels as close as rows of an index, if it is one."""
    best: list[_Candidate] = []
    run: list[_Candidate] = []
    for label in labels:
        if run and label.start - run[-1].start > _DENSE_GAP:
            run = []
        run.append(label)
        if len(run) > len(best):
            best = list(run) if len(run) <= _MOST_CANDIDATES else best
    paged = sum(label.toc_like or label.page_follows for label in best)
    return best if len(best) >= _SHORTEST_INDEX and paged >= _FEWEST_INDEXED else []


def _indexed(
    choice: _Choice, document: str, title: str, span: tuple[int, int, int], confidence: float
) -> Section:
    start, body_start, end = span
    return Section(
        choice.item.code,
        choice.item.part,
        " ".join(title.split()),
        document,
        start,
        max(end, body_start),
        body_start,
        confidence,
    )


# Choice

_LABELLED_SHARE = 0.3
_FULL_BODY = 1_500


@dataclass(frozen=True, slots=True)
class _Choice:
    candidate: _Candidate
    item: Item


def _weight(candidate: _Candidate, item: Item) -> float:
    weight = 2.0 if candidate.labelled else 0.8
    if item.code in candidate.title_fits:
        weight += 3.0
    if candidate.toc_like:
        weight -= 2.0
    if candidate.part and item.part:
        weight += 1.0 if candidate.part == item.part else -1.0
    return weight


def _best_sequence(candidates: Sequence[_Candidate], scheme: ItemScheme, length: int) -> list[_Choice]:
    """The best choice of candidates in the form's order; of equals, the one that opens earlier."""
    rank = {item.code: position for position, item in enumerate(scheme.items)}
    options = [
        (candidate, item, _weight(candidate, item))
        for candidate in candidates[:_MOST_CANDIDATES]
        for item in candidate.items
    ]
    best: list[float] = []
    previous: list[int] = []
    for index, (candidate, item, weight) in enumerate(options):
        score, before = 0.0, -1
        for other in range(index):
            behind, behind_item, _ = options[other]
            if behind.start >= candidate.start or rank[behind_item.code] >= rank[item.code]:
                continue
            reached = best[other] + min(candidate.start - behind.end_of_heading, _FULL_BODY) / _FULL_BODY
            if reached > score:
                score, before = reached, other
        best.append(score + weight)
        previous.append(before)
    if not options:
        return []
    finals = [
        best[index] + min(length - options[index][0].end_of_heading, _FULL_BODY) / _FULL_BODY
        for index in range(len(options))
    ]
    at = max(range(len(options)), key=lambda index: (finals[index], -index))
    chosen = []
    while at >= 0:
        candidate, item, weight = options[at]
        if weight > 0:
            chosen.append(_Choice(candidate, item))
        at = previous[at]
    return chosen[::-1]


_MOST_CANDIDATES = 300  # beyond, the filing is a list of labels and the choice would cost seconds


def _first_with_body(candidates: Sequence[_Candidate], text: str) -> list[_Choice]:
    """The first candidate of each item that text follows; of bare ones, as in a list of items, that with most text."""
    chosen: dict[str, _Choice] = {}
    bare: dict[str, tuple[int, _Choice]] = {}
    last = {candidate.items: index for index, candidate in enumerate(candidates)}
    contents = [match.end() for match in _CONTENTS.finditer(text)]
    for index, candidate in enumerate(candidates):
        following = candidates[index + 1].start if index + 1 < len(candidates) else len(text)
        signature = _signatures(text, candidate.end_of_heading, following)
        length = len(text[candidate.end_of_heading : signature].strip())
        choice = _Choice(candidate, candidate.items[0])
        if last[candidate.items] > index and length <= _LONGEST_LISTED:
            above = bisect_right(contents, candidate.start) - 1
            listed = text[contents[above] : candidate.start] if above >= 0 else "-" * _WIDEST_ENTRY
            if len(listed) < _WIDEST_ENTRY and max(map(len, listed.split("\n"))) <= _LONGEST_ENTRY_LINE:
                continue  # an entry of a list of items, exhibits included
        runs_in = candidate.end_of_heading - candidate.start > _HEADING_SHOWN
        if runs_in or length > _BARE_BODY:
            chosen.setdefault(choice.item.code, choice)
        elif length > bare.get(choice.item.code, (-1, choice))[0]:
            bare[choice.item.code] = (length, choice)
    fallen_back = {code: choice for code, (_, choice) in bare.items()}
    return sorted((fallen_back | chosen).values(), key=lambda choice: choice.candidate.start)


_CONTENTS = re.compile(r"^[^\w\n]{0,4}table of contents[^\w\n]*$", re.IGNORECASE | re.MULTILINE)
_LONGEST_LISTED = 600  # characters: exhibits listed under the last item
_BARE_BODY = 40  # characters: a part line and a page number still fit


# Sections

_SIGNATURES = re.compile(r"^[^\w\n]{0,4}SIGNATURES?[^\w\n]*(?:PAGE)?$", re.IGNORECASE | re.MULTILINE)
_SIGNATURES_AHEAD = re.compile(r"\n[^\w\n]{0,4}SIGNATURE", re.IGNORECASE)
_LONGEST_TAIL = 400
"""Characters before the next item's heading that may be of the page or of the next part."""
_PART_HEADING = re.compile(
    r"\n[^\w\n]*PART\s+(?:I{1,3}|IV)\b[ .:\u2013\u2014-]{0,4}(?:(?:other|financial) information)?[ .:]{0,2}(?=\n)",
    re.IGNORECASE,
)
"""Of the next part. What stands between it and the part's first item, such as the unit of amounts, is of neither."""
_TRAILING = re.compile(
    r"(?:\n[^\w\n]*(?:PART\s+(?:I{1,3}|IV)[^\n]{0,60}|table of contents|index|back to (?:top|contents)"
    r"|(?:page\s)?(?:[A-Z]-)?\d{1,3}|[^\w\n]*))+\s*$",
    re.IGNORECASE,
)


def _sections(
    text: str,
    document: str,
    chosen: Sequence[_Choice],
    candidates: Sequence[_Candidate],
    scheme: ItemScheme,
) -> Iterable[Section]:
    for index, choice in enumerate(chosen):
        candidate = choice.candidate
        following = chosen[index + 1].candidate if index + 1 < len(chosen) else None
        end = following.start if following else _end_of_last(text, candidate)
        if scheme.family is FormFamily.CURRENT:
            end = _signatures(text, candidate.end_of_heading, end)
        if index + 1 < len(chosen) and chosen[index + 1].item.part != choice.item.part:
            headings = _PART_HEADING.finditer(text, max(candidate.end_of_heading, end - _LONGEST_TAIL), end)
            end = next((heading.start() for heading in headings), end)
        tail = _TRAILING.search(text, max(candidate.end_of_heading, end - _LONGEST_TAIL), end)
        if tail:
            end = tail.start()
        end = max(end, candidate.end_of_heading)
        confidence = _confidence(choice, candidates, end)
        if scheme.ordered:
            behind = scheme.items.index(chosen[index + 1].item) if following else len(scheme.items)
            confidence -= _doubt_of_end(
                scheme.items.index(choice.item), behind, choice.item, end - candidate.start
            )
        for item in (choice.item, *candidate.combined):
            yield Section(
                item.code,
                item.part,
                candidate.title,
                document,
                candidate.start,
                end,
                min(candidate.end_of_heading, end),
                round(max(confidence, _LEAST), 2),
            )


def _with_risk_factors(text: str, found: tuple[Section, ...], scheme: ItemScheme) -> Iterable[Section]:
    """Item 3.D of a 20-F where it has a heading of its own letter or title only, inside Item 3, whose end is its."""
    for section in found:
        yield section
        if section.code != "item_3" or not any(item.code == "item_3D" for item in scheme.items):
            continue
        if any(other.code == "item_3D" for other in found):
            continue
        for heading in _RISK_FACTORS.finditer(text, section.body_start, section.end):
            if section.end - heading.end() >= _FULL_BODY and not _PAGE_ALONE.match(text, heading.end()):
                yield replace(
                    section,
                    code="item_3D",
                    title=" ".join(heading.group().split()),
                    start=heading.start(),
                    body_start=heading.end(),
                    confidence=round(section.confidence - 0.05, 2),
                )
                break


_RISK_FACTORS = re.compile(
    r"^[^\w\n]{0,4}(?:(?:3\s?\.?\s?)?\(?D\b[).:\s\u2013\u2014-]{1,4})?risk factors?[^\w\n]*$",
    re.IGNORECASE | re.MULTILINE,
)


def _end_of_last(text: str, last: _Candidate) -> int:
    return _signatures(text, last.end_of_heading, len(text))


def _signatures(text: str, start: int, end: int) -> int:
    """Where the heading "Signatures" stands in text[start:end]; its end when there is none."""
    for match in _SIGNATURES_AHEAD.finditer(text, start, end):
        if _SIGNATURES.match(text, match.start() + 1, end):
            return match.start() + 1
    return end


def _confidence(choice: _Choice, candidates: Sequence[_Candidate], end: int) -> float:
    candidate = choice.candidate
    confidence = _LABELLED if candidate.labelled else _TITLE_ALONE
    if choice.item.code not in candidate.title_fits:
        confidence -= 0.08
    if candidate.toc_like:
        confidence -= 0.4
    if any(candidate.start < other.start < end and other.items != candidate.items for other in candidates):
        confidence -= 0.12
    return confidence


_LABELLED = 0.97
_TITLE_ALONE = 0.6
_LEAST = 0.1
_FEW_BETWEEN = 4
"""Items that a form may well lack between two that it has: those of a later time, or not asked of a small company."""
_LONGEST_ITEMS = {
    "item_1B": 20_000, "item_4": 120_000, "item_9": 40_000, "item_9B": 100_000, "item_9C": 20_000, "item_16": 60_000,
    "part1_item3": 150_000, "part1_item4": 60_000, "part2_item3": 40_000, "part2_item4": 60_000,
}  # fmt: skip
"""Characters; an item that is longer has swallowed another."""


def _doubt_of_end(rank: int, next_rank: int, item: Item, length: int) -> float:
    """How much less sure a section is whose next item is missing, or which is longer than its item ever is."""
    doubt = 0.0
    if next_rank - rank > _FEW_BETWEEN + 1:
        doubt += 0.2
    if length > _LONGEST_ITEMS.get(item.code, length):
        doubt += 0.25
    return doubt
