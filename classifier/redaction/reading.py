"""A text as the rules read it: found places masked, and what there is to know at a glance."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from classifier.clues import lowered

Span = tuple[int, int]

MASK: Final = "\ue000"
"""A private-use character: no letter, digit, space or punctuation, so that no rule matches it."""
DIGITS: Final = re.compile(r"\d\d*")
ASCII_DIGITS: Final = re.compile(r"[0-9][0-9]*")
"""Not `+`: a pattern that begins with one character is searched for eight times as fast."""


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


def _digits(text: str) -> tuple[int, int]:
    runs = (ASCII_DIGITS if text.isascii() else DIGITS).findall(text)
    return (len("".join(runs)), max(map(len, runs))) if runs else (0, 0)
