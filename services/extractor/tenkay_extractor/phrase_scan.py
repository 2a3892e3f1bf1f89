"""Finds the trigger words of all sentence patterns in a text, in one pass.

A hundred patterns that each search the text on their own cost many times what reading the document does. Vectorscan
looks for all of them at once, at about a gigabyte a second, and only the sentences it points at are judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import hyperscan

from tenkay_extractor.phrases import fold

_FLAGS = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SOM_LEFTMOST

_PIECE = 8_192  # characters


class TriggerError(ValueError):
    """A trigger that cannot be scanned for; the message names it."""


class PhraseScanner:
    """Compiled triggers: build it once a process, use it in one thread at a time.

    `triggers` maps a pattern's name to a regular expression that ignores case, sees ASCII classes only, and has neither
    look-around nor back-reference nor, since each match is reported with its start, wide repeats such as `[^.]{0,200}`:
    words and stems, as rare as the matter allows. Raises TriggerError.
    """

    def __init__(self, triggers: Mapping[str, str]) -> None:
        self._names = tuple(triggers)
        self._database = hyperscan.Database()
        if not self._names:
            return
        sources = [source.encode("latin-1", "replace") for source in triggers.values()]
        try:
            self._database.compile(
                expressions=sources,
                ids=list(range(len(sources))),
                elements=len(sources),
                flags=[_FLAGS] * len(sources),
            )
        except hyperscan.error as error:
            raise TriggerError(f"{self._refused(triggers)}: {error}") from error
        self._database.scratch = hyperscan.Scratch(self._database)

    def scan(self, text: str) -> Mapping[str, Sequence[int]]:
        """Where each pattern's trigger begins: for every name the offsets into `text`, rising, none twice.

        Quotes, dashes and fixed spaces are seen as ASCII (`phrases.fold`). Other characters beyond Latin-1 are seen as
        question marks: one byte a character, so that offsets of bytes are those of characters.
        """
        if not self._names or not text:
            return {name: [] for name in self._names}
        found: list[list[int]] = [[] for _ in self._names]

        def take(number: int, start: int, _end: int, _flags: int, _context: object) -> None:
            found[number].append(start)

        # In pieces that stay in the processor's cache: large copies in between cost more than the scan.
        pieces = (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
        seen = b"".join([fold(piece).encode("latin-1", "replace") for piece in pieces])
        self._database.scan(seen, match_event_handler=take)
        # Every end of a match is reported, in the order of ends: "doubt" and "doubts" begin at one offset.
        return {name: sorted(set(starts)) for name, starts in zip(self._names, found, strict=True)}

    def _refused(self, triggers: Mapping[str, str]) -> str:
        for name, source in triggers.items():
            try:
                hyperscan.Database().compile(
                    expressions=[source.encode("latin-1", "replace")], ids=[0], elements=1, flags=[_FLAGS]
                )
            except hyperscan.error:
                return f"the trigger of pattern {name} cannot be scanned for"
        return "the triggers together cannot be scanned for"
