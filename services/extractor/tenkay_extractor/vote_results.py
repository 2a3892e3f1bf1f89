"""Results of votes at meetings of shareholders: tables and sentences of Item 5.07 of Form 8-K.

A table's cells may stand on one line or on a line each, so the text is read as labels ("For", "Withheld"), numbers and
words, whatever the lines. Numbers whose labels cannot be told are left out.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tenkay_extractor.phrases import fold


class Matter(enum.Enum):
    """What a proposal is about."""

    DIRECTORS = "directors"
    PAY = "pay"
    PAY_FREQUENCY = "pay frequency"
    AUDITOR = "auditor"
    SHAREHOLDER_PROPOSAL = "shareholder proposal"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Tally:
    """One row: the votes on a proposal or a nominee. Offsets are into the text that was read."""

    matter: Matter
    subject: str
    """The nominee, or the words before the numbers."""
    votes_for: int
    votes_against: int
    """Against, or withheld where the form has no against."""
    total: int
    start: int
    end: int
    in_table: bool

    @property
    def cast(self) -> int:
        return self.votes_for + self.votes_against


MOST_TALLIES = 500

_LABELS = {
    "for": re.compile(
        r"(?:(?:total )?(?:number of )?(?:votes?|shares?)(?: voted| cast)? )?for\b|(?:votes? )?in favor\b",
        re.IGNORECASE,
    ),
    "against": re.compile(
        r"(?:(?:votes?|shares?)(?: voted| cast)? )?against(?: or withheld|/withheld)?\b", re.IGNORECASE
    ),
    "withheld": re.compile(
        r"(?:(?:votes?|shares?|authority)(?: voted)? )?(?:withheld|withhold)(?: authority)?\b", re.IGNORECASE
    ),
    "abstain": re.compile(r"(?:(?:votes?|shares?) )?(?:abstain(?:ed|ing)?|abstentions?)\b", re.IGNORECASE),
    "broker": re.compile(r"broker ?-? ?non ?-? ?votes?\b|non ?-? ?votes?\b|uncast\b", re.IGNORECASE),
}
_NUMBER = re.compile(r"(?<![\w.$])(\d{1,3}(?:,\d{3})+|\d+)(?![\w%]|\.\d)")
_NONE = re.compile(r"(?<![\w])(?:-{1,3}|n/a|none|nil)(?![\w])", re.IGNORECASE)
_HEADING_WORD = re.compile(
    r"\b(?:(?:name of )?(?:director )?nominees?|directors?|name|proposal(?: no\.?)?|votes?|shares?|number"
    r"|of|total|class|:|\(\d\)|%)\b|[:*()]",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?:[A-Z][\w.'-]*|de|van|von|der|del|la|,|\(.{1,20}\)|\"\w+\")(?: (?:[A-Z][\w.'-]*,?"
    r"|de|van|von|der|del|la|I{1,3}|\"\w+\"|\(.{1,20}\))){1,7}"
)
_SENTENCE = re.compile(r"[.;] |[.;]$")
_PROSE = re.compile(
    r"(\d{1,3}(?:,\d{3})+)\s+(?:votes?|shares?)?\s*(?:(?:were|was)\s+)?(?:voted\s+|cast\s+)?(?:for|in"
    r" favor)\b[^.;\n]{0,80}?"
    r"(\d{1,3}(?:,\d{3})*)\s+(?:votes?|shares?)?\s*(?:(?:were|was)\s+)?(?:voted\s+|cast\s+)?(?:against"
    r"|withheld)\b",
    re.IGNORECASE,
)
_MATTERS: tuple[tuple[Matter, re.Pattern[str]], ...] = (
    (
        Matter.PAY_FREQUENCY,
        re.compile(r"\bfrequency\b|\b(?:one|1) year\b.*\b(?:two|2) years\b", re.IGNORECASE),
    ),
    (
        Matter.SHAREHOLDER_PROPOSAL,
        re.compile(
            r"\b(?:share|stock)(?:holder|owner)(?:'s|s'|s)? proposal"
            r"|\bproposal (?:submitted|presented|made) by",
            re.IGNORECASE,
        ),
    ),
    (
        Matter.OTHER,
        re.compile(
            r"\bgolden parachute|\bcompensation\b.*\bmerger\b"
            r"|\bmerger\b.*\bcompensation\b",
            re.IGNORECASE,
        ),
    ),
    (
        Matter.PAY,
        re.compile(
            r"\b(?:advisory|non-?\s?binding|say[- ]on[- ]pay)\b.*\b(?:compensation|pay)\b"
            r"|\b(?:compensation|pay)\b.*\b(?:advisory|non-?\s?binding)\b"
            r"|\bsay[- ]on[- ]pay\b",
            re.IGNORECASE,
        ),
    ),
    (
        Matter.AUDITOR,
        re.compile(
            r"\bratif\w+\b.*\b(?:account\w*|audit\w*|LLP|PwC|KPMG)\b|\b(?:account\w*"
            r"|auditors?)\b.*\bratif",
            re.IGNORECASE,
        ),
    ),
    (
        Matter.DIRECTORS,
        re.compile(
            r"\belect(?:ion|ed|s|ing)?\b.*\b(?:director|nominee|board)"
            r"|\bdirectors?\b.*\belect",
            re.IGNORECASE,
        ),
    ),
    (
        Matter.OTHER,
        re.compile(
            r"\b(?:approv|adopt|amend|authori|increase|plan|merger|adjourn|proposal)\w*", re.IGNORECASE
        ),
    ),
)


@dataclass(slots=True)
class _Reader:
    text: str
    tallies: list[Tally] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    pairs: dict[str, int] = field(default_factory=dict)
    words: list[tuple[str, int]] = field(default_factory=list)
    """Lines of words since the last row, the newest last, with their offsets."""
    matter: Matter = Matter.OTHER
    row_start: int = 0

    def finish_row(self, end: int) -> None:
        """Takes the numbers collected as a row under the labels, when there is one for each."""
        numbers, self.numbers = self.numbers, []
        if not numbers:
            return
        labels = self.labels
        if len(numbers) == len(labels) - 1 and labels[-1:] == ["broker"]:
            labels = labels[:-1]
        if len(labels) < 2 or len(numbers) != len(labels):
            return
        self.take(dict(zip(labels, numbers, strict=True)), end, in_table=True)

    def finish_pairs(self, end: int) -> None:
        pairs, self.pairs = self.pairs, {}
        if len(pairs) > 1:
            self.take(pairs, end, in_table=True)

    def take(self, votes: dict[str, int], end: int, *, in_table: bool) -> None:
        against = votes.get("against", votes.get("withheld"))
        if "for" not in votes or against is None or len(self.tallies) >= MOST_TALLIES:
            return
        matter, subject, start = self.about()
        if "withheld" in votes and "against" not in votes and matter in (Matter.OTHER, Matter.PAY):
            matter = Matter.DIRECTORS
        self.tallies.append(
            Tally(matter, subject, votes["for"], against, sum(votes.values()), start, end, in_table)
        )
        self.words = []

    def about(self) -> tuple[Matter, str, int]:
        """The matter, told by the nearest words that name one; a nominee's row belongs to the matter before."""
        subject, start = self.words[-1] if self.words else ("", self.row_start)
        for words, offset in reversed(self.words[-6:]):
            if _NAME.fullmatch(words) and len(words) < 60:
                continue
            matter = matter_of(words)
            if matter is not None:
                self.matter = matter
                if subject == words:
                    start = offset
                break
        return self.matter, subject, start


def matter_of(words: str) -> Matter | None:
    """What the words say a proposal is about; None when they name none, or so many that they are the meeting's list."""
    kinds = {matter for matter, pattern in _MATTERS if matter is not Matter.OTHER and pattern.search(words)}
    if len(words) > 400 and len(kinds) > 1:
        return None
    return next((matter for matter, pattern in _MATTERS if pattern.search(words)), None)


def read_tallies(text: str, start: int, end: int) -> tuple[Tally, ...]:
    """The votes told by text[start:end], in order."""
    reader = _Reader(text)
    position = start
    while position < end:
        line_end = text.find("\n", position, end)
        line_end = end if line_end < 0 else line_end
        _read_line(reader, fold(text[position:line_end]), position)
        position = line_end + 1
    reader.finish_row(end)
    reader.finish_pairs(end)
    return tuple(reader.tallies)


def _read_line(reader: _Reader, line: str, offset: int) -> None:
    tokens, rest = _tokens(line)
    is_cells = bool(tokens) and len(rest) <= 60 and len(rest.split()) <= 9
    is_cells = is_cells and (not _SENTENCE.search(rest) or bool(_NAME.fullmatch(rest)))
    if not is_cells:
        reader.finish_row(offset)
        reader.finish_pairs(offset)
        if line.strip() and not _is_page_number(line):
            if not _NAME.fullmatch(line.strip()):
                reader.labels = []
            reader.words.append((line.strip(), offset))
            reader.tallies.extend(_in_prose(reader, line, offset))
        return
    if rest and not all(kind == "label" for kind, _, _ in tokens):
        reader.finish_row(offset)
        reader.finish_pairs(offset)
        reader.words.append((rest, offset))
    if not reader.numbers:
        reader.row_start = offset
    for kind, value, last in tokens:
        if kind == "label":
            if reader.numbers:
                if len(reader.labels) == 1 and len(reader.numbers) == 1:
                    reader.pairs[reader.labels[0]] = reader.numbers[0]
                    reader.numbers = []
                    reader.labels = []
                    if str(value) in reader.pairs:
                        reader.finish_pairs(offset)
                else:
                    reader.finish_row(offset)
                    reader.labels = []
            elif str(value) in reader.labels:
                reader.labels = []
            reader.labels.append(str(value))
        else:
            reader.numbers.append(int(value))
            full = len(reader.labels) > 1 and len(reader.numbers) == len(reader.labels)
            if full:
                reader.finish_row(offset + last)
    if len(reader.labels) == 1 and len(reader.numbers) == 1:
        reader.pairs[reader.labels[0]] = reader.numbers[0]
        reader.numbers, reader.labels = [], []


def _in_prose(reader: _Reader, line: str, offset: int) -> Iterator[Tally]:
    for prose in _PROSE.finditer(line):
        votes_for, votes_against = _int(prose.group(1)), _int(prose.group(2))
        matter = matter_of(line[: prose.start()]) or matter_of(line) or reader.about()[0]
        yield Tally(
            matter,
            line.strip()[:80],
            votes_for,
            votes_against,
            votes_for + votes_against,
            offset,
            offset + len(line),
            in_table=False,
        )


def _tokens(line: str) -> tuple[list[tuple[str, str | int, int]], str]:
    """Labels and numbers of a line with where they end, and the words that are neither."""
    found: list[tuple[int, int, str, str | int]] = [
        (match.start(), match.end(), "label", name)
        for name, pattern in _LABELS.items()
        for match in pattern.finditer(line)
        if match.start() == 0 or not line[match.start() - 1].isalnum()
    ]
    found += [
        (match.start(1), match.end(1), "number", _int(match.group(1))) for match in _NUMBER.finditer(line)
    ]
    found += [(match.start(), match.end(), "number", 0) for match in _NONE.finditer(line)]
    found.sort(key=lambda each: (each[0], -each[1]))
    kept: list[tuple[str, str | int, int]] = []
    rest: list[str] = []
    position = 0
    for start, end, kind, value in found:
        if start < position:
            continue
        rest.append(line[position:start])
        kept.append((kind, value, end))
        position = end
    rest.append(line[position:])
    words = " ".join(" ".join(rest).split())
    plain = (
        " ".join(_HEADING_WORD.sub(" ", words).split())
        if all(kind == "label" for kind, _, _ in kept)
        else words
    )
    return kept, plain.strip(" :-|")


def _is_page_number(line: str) -> bool:
    return bool(re.fullmatch(r"[\s_\d-]*", line)) and not _NUMBER.fullmatch(line.strip())


def _int(digits: str) -> int:
    return int(digits.replace(",", "")[:18])
