"""The row on how specific risk factors are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from tenkay_extractor.computed import Computed
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.named_entities import PLACES, EntityKind, figures, names
from tenkay_extractor.narrative import confidence, section_prose


def named_entity_share(filing: FilingView, *, section: str) -> Computed:
    """Names, places, dates, amounts, percentages and quantities by words of the section.

    Hope, Hu and Lu (2016), The benefits of specific risk-factor disclosures, Review of Accounting Studies 21. They
    count with a trained recogniser, here it is done by rule, so levels are not comparable with theirs.
    """
    prose = section_prose(filing, section)
    kinds: Counter[str] = Counter()
    positions: list[int] = []
    in_names = 0
    for unit in range(prose.unit_count):
        text = prose.text(unit)
        for kind, _ in figures(text):
            kinds[kind.value] += 1
            positions.append(prose.starts[unit])
        for name, _ in names(text):
            kinds[EntityKind.NAME.value] += 1
            positions.append(prose.starts[unit])
            in_names += sum(word in PLACES for word in name.split())
    # Places are words that no rule of grammar has to find, so they are counted as words.
    places = sum(prose.printed[place] for place in PLACES) - in_names
    kinds[EntityKind.PLACE.value] = max(places, 0)
    total = kinds.total()
    told = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()) if number) or "none"
    return Computed(
        total / prose.word_count,
        confidence(prose),
        (prose.opening, *prose.passages(positions, 3)),
        (f"{total} in {prose.word_count} words: {told}",),
    )


FUNCTIONS: Mapping[str, Callable[..., Computed]] = {"named_entity_share": named_entity_share}
