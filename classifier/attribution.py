"""Terms of a sum over n-grams, handed back to the words of the text that they came from.

An n-gram that occurs more than once is shared equally over its occurrences, one of several words
equally over those words, and one of characters belongs to the word it was cut from.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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


def by_word(
    features: NgramFeatures, text: str, columns: NDArray[np.intp], terms: Terms
) -> tuple[list[tuple[int, int]], Terms]:
    """Where the n words of a text stand, as (start, end), and each one's part of m sums (m, n).

    `terms` (m, columns): what the n-grams in `columns` add to each sum. Punctuation around a word
    is not in its span, though it may have weighed. What cannot be found back goes to no word.
    """
    read = text[: features.longest_text]
    lowered = read.lower()
    spans = [found.span() for found in SPAN.finditer(lowered)]
    weights = _shared(_found(features, read, spans), len(spans), columns, terms)
    places = _places(read, lowered)
    return [_inner(text, places[start], places[end]) for start, end in spans], weights


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


def _found(features: NgramFeatures, read: str, spans: list[tuple[int, int]]) -> _Occurrences:
    """Every occurrence of every known n-gram, by word; parts in the order of their columns."""
    lowered = read.lower()
    tokens = list(WORDS.finditer(lowered))
    starts = [start for start, _ in spans]
    owners = np.searchsorted(starts, [token.start() for token in tokens], side="right") - 1
    found: list[_Occurrences] = []
    offset = 0
    if features.words_ is not None:
        names = [token.group() for token in tokens]
        runs = _runs(names, *features.words_.ngram_range)
        found.append(_looked_up(features.words_.vocabulary_, runs, owners, offset))
        offset += len(features.words_.vocabulary_)
    if features.characters_ is not None:
        cutter = features.characters_.cutter_
        found.append(_cut(cutter, [lowered[start:end] for start, end in spans], offset))
        offset += len(cutter.vocabulary_)
    if features.pairs_ is not None:
        places = features.pairs_.analyzer.places(read)
        found.append(_looked_up(features.pairs_.vocabulary_, places, owners, offset))
    return _Occurrences(
        np.concatenate([part.words for part in found]),
        np.concatenate([part.columns for part in found]),
        np.concatenate([part.amounts for part in found]),
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
    members: list[int] = []
    columns: list[int] = []
    amounts: list[float] = []
    for name, numbers in places:
        column = vocabulary.get(name)
        if column is not None:
            members += numbers
            columns += [column + offset] * len(numbers)
            amounts += [1.0 / len(numbers)] * len(numbers)
    return _Occurrences(
        owners[np.array(members, dtype=np.intp)],
        np.array(columns, dtype=np.intp),
        np.array(amounts, dtype=np.float64),
    )


def _cut(cutter: Any, words: list[str], offset: int) -> _Occurrences:
    """The runs of characters of each word."""
    cut, vocabulary = cutter.build_analyzer(), cutter.vocabulary_
    known = {word: [vocabulary[n] for n in cut(word) if n in vocabulary] for word in set(words)}
    columns = [column for word in words for column in known[word]]
    owners = np.repeat(np.arange(len(words)), [len(known[word]) for word in words])
    return _Occurrences(
        owners.astype(np.intp), np.array(columns, dtype=np.intp) + offset, np.ones(len(columns))
    )
