"""How hard prose is to read: syllables by rule, the grades made of them, passive sentences, variety of words.

Sentences of under 3 or over 150 words are left out of the grades: they are list entries and tables that were flattened.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

SHORTEST_SENTENCE = 3  # words
LONGEST_SENTENCE = 150
COMPLEX_SYLLABLES = 3
DIVERSITY_WINDOW = 500  # words
DIVERSITY_STEP = 250

_KNOWN_WORDS = 16_384  # whose syllables a process remembers


@dataclass(frozen=True, slots=True)
class Legibility:
    """Counts over the sentences of a text that are neither too short nor too long."""

    sentences: int
    words: int
    syllables: int
    complex_words: int
    letters: int

    @property
    def words_per_sentence(self) -> float:
        return self.words / self.sentences

    @property
    def fog_index(self) -> float:
        """Gunning (1952), The Technique of Clear Writing: years of school."""
        return 0.4 * (self.words_per_sentence + 100 * self.complex_words / self.words)

    @property
    def flesch_reading_ease(self) -> float:
        """Flesch (1948), A New Readability Yardstick: 100 is easy, under 30 very hard."""
        return 206.835 - 1.015 * self.words_per_sentence - 84.6 * self.syllables / self.words


def legibility(sentences: Iterable[Sequence[str]], counts: Counter[str]) -> Legibility:
    """Of sentences of words as printed; `counts` says how often each of these words occurs in all of them."""
    printed = Counter(counts)
    initials: Counter[str] = Counter()
    measured = 0
    for words in sentences:
        if SHORTEST_SENTENCE <= len(words) <= LONGEST_SENTENCE:
            measured += 1
            initials[words[0]] += 1
        else:
            printed.subtract(words)
    total = syllable_count = complex_count = letters = 0
    for word, number in printed.items():
        if not number:
            continue
        spoken, is_hard, is_capitalised = _weighed(word)
        total += number
        letters += number * len(word)
        syllable_count += number * spoken
        if is_hard:
            # A capital inside a sentence marks a name, and names are not counted as hard words.
            complex_count += initials[word] if is_capitalised else number
    return Legibility(measured, total, syllable_count, complex_count, letters)


@lru_cache(maxsize=_KNOWN_WORDS)
def _weighed(word: str) -> tuple[int, bool, bool]:
    """(syllables, whether it is hard, whether it has a capital) of a word as printed."""
    small = word.lower()
    return syllables(small), is_complex(small), word[0].isupper()


# Syllables: as many as there are runs of vowels, less silent ones, plus those that meet another in hiatus.

_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(
    r"(?<![aeiouyl])e$|(?<=[aeiouyl]l)e$"  # rate, rule; not table
    r"|(?<=[bdfkmnprtvw])es$|(?<=[aeiouyl]l)es$"  # rates, rules; not tables, boxes, changes
    r"|(?<=[bcfghkmnprsvwxz])ed$|(?<=[aeiouyl]l)ed$"  # priced, ruled; not traded, enabled
)
_SILENT_WITHIN = re.compile(
    r"(?<=[bcdfghjkmnpqrstvwxz])e(?:ments?|ly|ful|fully|less|ness)$|(?<=[aeiouy]l)e(?:ments?|ly)$"  # statement, solely
)
_HIATUS = re.compile(
    r"""
      (?<![cglst])ia(?!ge)          # material, variable, violate; not marriage
    | [cst]ia(?!ls?\b|ll|lt|li|ns?\b|$)   # associate, negotiate; not financial, Asia
    | lia(?!r\b|rity|rize|rized)    # liability, reliance; not familiar
    | (?<![cgstxln])io(?!r\b|rs\b|ral) | (?<=[cglstx])io(?!n|us) | (?<=[lpr])ior\b | (?<=er)iors?\b
    | iu
    | (?<![cfht])ie(?=n[ct])        # client, experience; not efficient, friend
    | iet                           # society
    | (?<=[a-z][a-z][a-z])ie(?=rs?\b|st\b)   # carrier, supplier, earliest; not tier
    | eo(?!n|us\b|pl) | (?<!g)eou   # video, simultaneous; not people, courageous
    | (?<=cr)ea(?=t) | \bidea | (?<=\br)ea(?=li[tz]|ct|ff|ss|dj|ll|cq|pp) | (?<=nucl)ea(?=r) | (?<=lin)ea(?=r)
    | (?<![gq])ua(?!de)             # annual, evaluate; not quality, persuade
    | (?<![bgqr])ui(?=t[iy]|n[eg]|d\b|ds\b) | (?<=r)ui(?=n)   # continuity, continuing, fluid; not equip, require
    | (?<![gq])ue(?=n[ct]|ls?\b)    # influence, fuel; not frequent
    | (?<!q)uo                      # continuous
    | \bcoo(?=[pr][aedt])(?!pers?\b)   # cooperate, coordinate
    | (?<=[aeou])y(?=[aeiou])(?!ed\b) | (?<![aeou])yi   # employee, payable, applying; not delayed
    | [aeo]ings?\b                  # being, agreeing
    | (?<=[iy])[st]hms?\b | isms?\b
    """,
    re.VERBOSE,
)
_EXCEPTIONS = {"element": 3, "elements": 3, "area": 3, "areas": 3, "friend": 1, "tier": 1, "tiers": 1, "people": 2,
    "being": 2, "science": 2, "client": 2, "clients": 2, "business": 2, "businesses": 3, "every": 2, "real": 2,
    "ideas": 3, "idea": 3, "lien": 1, "liens": 1, "create": 2, "creates": 2, "seeing": 2, "doing": 2, "quiet": 2,
    "cement": 2, "rhythm": 2, "agreement": 3, "agreements": 3, "ratio": 3, "ratios": 3, "evaluate": 4}  # fmt: skip


@lru_cache(maxsize=_KNOWN_WORDS)
def syllables(word: str) -> int:
    """Of an English word in small letters, at least one."""
    known = _EXCEPTIONS.get(word)
    if known is not None:
        return known
    count = len(_VOWELS.findall(word))
    if count > 1 and _SILENT.search(word):
        count -= 1
    if count > 2 and _SILENT_WITHIN.search(word):
        count -= 1
    count += sum(1 for _ in _HIATUS.finditer(word))
    return max(count, 1)


@lru_cache(maxsize=_KNOWN_WORDS)
def is_complex(word: str) -> bool:
    """Gunning's hard words, in small letters: three syllables or more.

    Words that have three only with the ending -es, -ed or -ing are not.
    """
    count = syllables(word)
    if count != COMPLEX_SYLLABLES:
        return count > COMPLEX_SYLLABLES
    for ending in ("es", "ed", "ing"):
        if word.endswith(ending) and not word.endswith("ees"):
            stem = word[: -len(ending)]
            whole = f"{stem[:-1]}y" if stem.endswith("i") else stem
            return min(syllables(whole), syllables(f"{whole}e")) >= COMPLEX_SYLLABLES
    return True


# Passive sentences

_BETWEEN = frozenset({"also", "been", "being", "not", "never", "now", "then", "often", "still", "yet"})
_NO_PARTICIPLES = frozenset(
    {"bed", "breed", "deed", "exceed", "feed", "hundred", "indeed", "kindred", "need", "proceed", "red", "sacred",
     "seed", "speed", "succeed", "weed", "wicked"}
)  # fmt: skip
_PARTICIPLES = frozenset(
    """
    beaten begun borne bound broken brought built bought burnt caught chosen cut dealt done drawn driven felt
    forbidden foregone foreseen forgiven forgone forgotten fought found frozen given ground grown heard held hidden
    hit hurt kept known laid led left lent lit lost made meant met mistaken offset outdone outsold overcome overdrawn
    overseen overtaken paid proven put read rebuilt redrawn rent repaid resold reset retold rewritten ridden run said
    seen sent set shaken shot shown shut sold sought spent split spoken spread spun stolen struck stuck sunk sworn
    taken taught thought thrown told torn undertaken underwritten undone understood unwound upheld won worn wound
    woven withdrawn withheld written
    """.split()  # noqa: SIM905 - one word list, not a line a word
)


def is_passive(following: Sequence[str]) -> bool:
    """True when a form of "be" with these words behind it makes a passive: a participle, at most one adverb before
    it.
    """
    if not following:
        return False
    word = following[0].lower()
    if word.endswith("ly") or word in _BETWEEN:
        if len(following) < 2:
            return False
        word = following[1].lower()
    return word in _PARTICIPLES or (word.endswith("ed") and word not in _NO_PARTICIPLES)


# Variety


def moving_type_token_ratio(words: Sequence[str], window: int = DIVERSITY_WINDOW) -> float:
    """Mean of distinct words by words over windows of so many words that begin every DIVERSITY_STEP words.

    Covington and McFall (2010), Cutting the Gordian knot: the moving-average type-token ratio, there moved by one word.
    Capitals make no difference. Needs at least a window of words, whose length is a multiple of DIVERSITY_STEP.
    """
    steps = window // DIVERSITY_STEP
    blocks = [
        set(map(str.lower, set(words[start : start + DIVERSITY_STEP])))
        for start in range(0, len(words) - DIVERSITY_STEP + 1, DIVERSITY_STEP)
    ]
    windows = range(len(blocks) - steps + 1)
    distinct = sum(len(set().union(*blocks[first : first + steps])) for first in windows)
    return distinct / (window * len(windows))
