"""Terms of a sum over n-grams, handed back to the words of the text that they came from.

An n-gram that occurs more than once is shared equally over its occurrences, one of several words
equally over those words, and one of characters belongs to the word it was cut from.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.features import WORDS, NgramFeatures

SPAN = re.compile(r"\S+")
EDGES = re.compile(r"\w(?:.*\w)?", re.DOTALL)

Terms = NDArray[np.float64]
Places = Iterable[tuple[str, Sequence[int]]]


@dataclass(frozen=True, slots=True)
class _Occurrences:
    """Where n-grams occur: entry e says that word `words[e]` holds `amounts[e]` of one occurrence
    (1, or less where the n-gram spans several words) of the n-gram in column `columns[e]`."""

    words: NDArray[np.intp]
    columns: NDArray[np.intp]
    amounts: Terms


class Attribution:
    """Hands sums over the n-grams of texts back to their words.

    What is known of a word is kept for the next text, so that many texts take little longer than
    their distinct words.
    """

    def __init__(self, features: NgramFeatures) -> None:
        self._features = features
        self._cut = _Cut(features.characters_.cutter_) if features.characters_ else None

    def by_word(
        self, text: str, columns: NDArray[np.intp], terms: Terms
    ) -> tuple[list[tuple[int, int]], Terms]:
        """Where the n words of a text stand, as (start, end), and each one's part of m sums (m, n).

        `terms` (m, columns): what the n-grams in `columns` add to each sum. Punctuation around a
        word is not in its span, though it may have weighed. What cannot be found back goes to no
        word.
        """
        read = text[: self._features.longest_text]
        lowered = read.lower()
        spans = [found.span() for found in SPAN.finditer(lowered)]
        weights = _shared(self._found(read, lowered, spans), len(spans), columns, terms)
        places = _places(read, lowered)
        return [_inner(text, places[start], places[end]) for start, end in spans], weights

    def _found(self, read: str, lowered: str, spans: list[tuple[int, int]]) -> _Occurrences:
        """Every occurrence of every known n-gram, by word; parts in the order of their columns."""
        features, offset = self._features, 0
        tokens = list(WORDS.finditer(lowered))
        starts = [start for start, _ in spans]
        owners = np.searchsorted(starts, [token.start() for token in tokens], side="right") - 1
        found: list[_Occurrences] = []
        if features.words_ is not None:
            names = [token.group() for token in tokens]
            runs = _runs(names, *features.words_.ngram_range)
            found.append(_looked_up(features.words_.vocabulary_, runs, owners, offset))
            offset += len(features.words_.vocabulary_)
        if self._cut is not None:
            found.append(self._cut([lowered[start:end] for start, end in spans], offset))
            offset += len(self._cut.vocabulary)
        if features.pairs_ is not None:
            places = features.pairs_.analyzer.places(read)
            found.append(_looked_up(features.pairs_.vocabulary_, places, owners, offset))
        return _Occurrences(
            np.concatenate([part.words for part in found]),
            np.concatenate([part.columns for part in found]),
            np.concatenate([part.amounts for part in found]),
        )


def _inner(text: str, start: int, end: int) -> tuple[int, int]:
    found = EDGES.search(text, start, end)
    return found.span() if found else (start, end)


def _places(text: str, lowered: str) -> Sequence[int]:
    """Where each character of the lower-cased text, and its end, is in the text itself."""
    if len(text) == len(lowered):
        return range(len(text) + 1)
    # A few capitals have two lower-case characters.
    places = [place for place, character in enumerate(text) for _ in character.lower()]
    return [*places, len(text)]


def _shared(found: _Occurrences, n: int, columns: NDArray[np.intp], terms: Terms) -> Terms:
    """The terms (m, columns) over the n words (m, n), by how much of each n-gram is in them."""
    order = np.argsort(columns)
    place = np.searchsorted(columns, found.columns, sorter=order).clip(max=len(columns) - 1)
    if not len(columns):
        return np.zeros((len(terms), n))
    position = order[place]
    known = columns[position] == found.columns
    position, words, amounts = position[known], found.words[known], found.amounts[known]
    part = amounts / np.bincount(position, weights=amounts, minlength=len(columns))[position]
    return np.stack(
        [np.bincount(words, weights=part * each[position], minlength=n) for each in terms]
    )


def _runs(names: list[str], shortest: int, longest: int) -> Iterator[tuple[str, range]]:
    """Each run of words, with the numbers of its words."""
    for n in range(shortest, longest + 1):
        for first in range(len(names) - n + 1):
            yield " ".join(names[first : first + n]), range(first, first + n)


def _looked_up(
    vocabulary: Mapping[str, int], places: Places, owners: NDArray[np.intp], offset: int
) -> _Occurrences:
    """What is in the vocabulary, shared over its words; `owners` says where each word stands."""
    found = [(vocabulary[name], numbers) for name, numbers in places if name in vocabulary]
    lengths = np.array([len(numbers) for _, numbers in found], dtype=np.intp)
    members = list(chain.from_iterable(numbers for _, numbers in found))
    columns = np.array([column for column, _ in found], dtype=np.intp) + offset
    return _Occurrences(
        owners[np.array(members, dtype=np.intp)],
        np.repeat(columns, lengths),
        np.repeat(1.0 / lengths, lengths),
    )


class _Cut:
    """The runs of characters of words, each word cut once."""

    def __init__(self, cutter: Any) -> None:
        self.vocabulary: Mapping[str, int] = cutter.vocabulary_
        self._analyze = cutter.build_analyzer()
        self._known: dict[str, list[int]] = {}

    def __call__(self, words: list[str], offset: int) -> _Occurrences:
        each = [self._columns(word) for word in words]
        columns = [column for some in each for column in some]
        owners = np.repeat(np.arange(len(words)), [len(some) for some in each])
        return _Occurrences(
            owners.astype(np.intp), np.array(columns, dtype=np.intp) + offset, np.ones(len(columns))
        )

    def _columns(self, word: str) -> list[int]:
        known = self._known.get(word)
        if known is None:
            vocabulary = self.vocabulary
            known = [vocabulary[n] for n in self._analyze(word) if n in vocabulary]
            self._known[word] = known
        return known
