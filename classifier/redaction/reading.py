"""A text as the rules read it, and the clues that tell a rule at a glance that it can find nothing.

Most messages hold no address, no phone and no closing; a clue says so in a tenth of the time a
pattern takes. A clue never decides anything else: where it is found, the pattern judges.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

Span = tuple[int, int]

MASK: Final = "\ue000"
"""A private-use character: no letter, digit, space or punctuation, so that no rule matches it."""
DIGITS: Final = re.compile(r"\d\d*")
ASCII_DIGITS: Final = re.compile(r"[0-9][0-9]*")
"""Not `+`: a pattern that begins with one character is searched for eight times as fast."""
ODD_LETTERS: Final = {ord("İ"): "i", ord("ı"): "i", ord("ſ"): "s"}
"""Letters that a pattern ignoring case takes for an ASCII letter, and `str.lower` does not."""


class Reading(NamedTuple):
    """A text, the same in lower case (character by character), how many digits it holds, and how
    many of them at most stand side by side."""

    text: str
    lowered: str
    digits: int
    longest: int

    @classmethod
    def of(cls, text: str) -> "Reading":
        return cls(text, lowered(text), *_digits(text))

    def masked(self, spans: Sequence[Span]) -> "Reading":
        """The reading with everything at these places masked; they are sorted and apart."""
        text = masked(self.text, spans)
        return Reading(text, masked(self.lowered, spans), *_digits(text))


@dataclass(frozen=True, slots=True)
class Clue:
    """Words of which every match of a pattern holds one, or else a match of `also`; none of them
    begins more than `reach` characters after the match does."""

    words: tuple[str, ...]
    also: re.Pattern[str] | None = None
    reach: int = 0

    def first(self, text: str) -> int:
        """The earliest place at which a match of the pattern could begin; -1 if there is none."""
        places = [text.index(word) for word in self.words if word in text]
        also = self.also.search(text) if self.also else None
        if also:
            places.append(also.start())
        return max(min(places) - self.reach, 0) if places else -1

    def matches(self, pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
        """What `pattern.finditer(text)` would yield."""
        begin = self.first(text)
        return pattern.finditer(text, begin) if begin >= 0 else iter(())


def lowered(text: str) -> str:
    """The text in lower case, of the same length: a pattern in lower case finds in it what it would
    find in the text ignoring case."""
    if text.isascii():
        return text.lower()
    return text.translate(ODD_LETTERS).lower() if _is_odd(text) else text.lower()


def apart(spans: Iterable[Span]) -> list[Span]:
    """Spans of one rule in order, the longest of those that overlap."""
    found = list(spans)
    if len(found) < 2:
        return found
    kept: list[Span] = []
    position = -1
    for start, end in sorted(found, key=lambda span: (span[0], -span[1])):
        if start >= position:
            kept.append((start, end))
            position = end
    return kept


def masked(text: str, spans: Sequence[Span]) -> str:
    """The text with everything at these places masked; they are sorted and apart."""
    parts: list[str] = []
    position = 0
    for start, end in spans:
        parts += (text[position:start], MASK * (end - start))
        position = end
    parts.append(text[position:])
    return "".join(parts)


def _is_odd(text: str) -> bool:
    return "İ" in text or "ı" in text or "ſ" in text


def _digits(text: str) -> tuple[int, int]:
    runs = (ASCII_DIGITS if text.isascii() else DIGITS).findall(text)
    return (len("".join(runs)), max(map(len, runs))) if runs else (0, 0)
