"""Which words spoke for a driver, and against the one that came second. Exact, not estimated.

The linear part of a model adds up: a driver's logit is its intercept plus, for each n-gram of the
text, the n-gram's weight in the text times its coefficient. Those terms are taken from the model
as it is (rarity, damped counts and normalization included) and handed back to the words they came
from. Nothing is sampled or approximated, so the terms sum to the difference of the two logits.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.features import WORDS, NgramFeatures
from classifier.model import Model

SPAN = re.compile(r"\S+")
EDGES = re.compile(r"\w(?:.*\w)?", re.DOTALL)

Terms = NDArray[np.float64]
Places = Iterable[tuple[str, Sequence[int]]]


@dataclass(frozen=True, slots=True)
class WordWeight:
    """One word of the text, `text[start:end]`, and what it adds to the logits of two drivers.

    Punctuation around the word is not in the span, though it may have weighed.
    """

    start: int
    end: int
    text: str
    for_driver: float
    for_against: float

    @property
    def weight(self) -> float:
        """How far it moves the score: above 0 it speaks for the driver, below 0 against it."""
        return self.for_driver - self.for_against


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a driver rather than another one.

    `score` is the logit of `driver` minus that of `against` in the part of the model that is
    linear in n-grams, before the temperature. It is the sum of the weights of `words` (strongest
    first), of `intercept`, and of `remainder`: what the words that are not listed add. `share` in
    (0, 1] is what this part weighs in the model's logits: 1 without an encoder, whose reading no
    word can be held to account for.
    """

    driver: str
    against: str
    words: tuple[WordWeight, ...]
    intercept: float
    score: float
    remainder: float
    share: float = 1.0

    def because(self, most: int = 3) -> tuple[str, ...]:
        """The words, each once, that spoke most for the driver; at most so many."""
        for_it: dict[str, float] = {}
        for word in self.words:
            name = word.text.casefold()
            for_it[name] = for_it.get(name, 0.0) + word.weight
        strongest = sorted(for_it, key=lambda name: -for_it[name])
        return tuple(name for name in strongest if for_it[name] > 0)[:most]


@dataclass(frozen=True, slots=True)
class _Occurrences:
    """Where n-grams occur: entry e says that word `words[e]` holds `amounts[e]` of one occurrence
    (1, or less where the n-gram spans several words) of the n-gram in column `columns[e]`."""

    words: NDArray[np.intp]
    columns: NDArray[np.intp]
    amounts: Terms


def explain(
    model: Model,
    text: str,
    *,
    driver: str | None = None,
    against: str | None = None,
    most: int = 8,
    features: Any = None,
) -> Explanation:
    """Which words of a text spoke for `driver` and which for `against`, the strongest `most`.

    By default the likeliest driver and the likeliest other one. An n-gram that occurs more than
    once is shared equally over its occurrences, one of several words equally over those words, and
    one of characters belongs to the word it was cut from. `features` (1, f) are the text's, as
    `Model.read` gives them: half of the time goes into making them. Raises `ValueError` for a
    driver the model does not know, and for twice the same one.
    """
    driver, against, row = _read(model, text, driver, against, features)
    columns = row.indices
    coefficients, intercepts = _columns_of(
        model.pipeline[-1], [model.drivers.index(driver), model.drivers.index(against)], columns
    )
    terms = coefficients * row.data.astype(np.float64)
    intercept = float(intercepts[0] - intercepts[1])
    score = float((terms[0] - terms[1]).sum()) + intercept
    words = _strongest(model.pipeline[0], text, columns, terms, most)
    remainder = score - intercept - sum(word.weight for word in words)
    share = 1.0 - model.meaning_weight if model.read_for_meaning([text], row)[0] else 1.0
    return Explanation(driver, against, words, intercept, score, remainder, share)


def _read(
    model: Model, text: str, driver: str | None, against: str | None, features: Any
) -> tuple[str, str, Any]:
    """The two drivers, and the text's features, which are made once at most."""
    _check(model, driver, against)
    if driver is None or against is None:
        (prediction,), made = model.read([text])
        ranked = [name for name, _ in prediction.ranked(3)]
        driver = driver or next(name for name in ranked if name != against)
        against = against or next(name for name in ranked if name != driver)
        return driver, against, made
    made = model.pipeline[0].transform([text]) if features is None else features
    return driver, against, made


def _check(model: Model, driver: str | None, against: str | None) -> None:
    for named in (driver, against):
        if named is not None and named not in model.drivers:
            raise ValueError(f"the model does not know the driver {named!r}")
    if driver is not None and driver == against:
        raise ValueError(f"{driver!r} cannot be compared with itself")


def _columns_of(
    classifier: Any, drivers: Sequence[int], columns: NDArray[np.intp]
) -> tuple[Terms, Terms]:
    """Coefficients (2, columns) and intercepts (2,) of two drivers, and of no other."""
    coefficients, intercepts = classifier.coef_, classifier.intercept_
    if len(coefficients) > 1:
        picked = [coefficients[driver][columns] for driver in drivers]
        return np.stack(picked).astype(np.float64), intercepts[drivers].astype(np.float64)
    # For two drivers there is one row, which is the second driver's lead on the first.
    half = (np.array(drivers) - 0.5)[:, None]
    return half * coefficients[0][columns].astype(np.float64), half[:, 0] * float(intercepts[0])


def _strongest(
    features: NgramFeatures, text: str, columns: NDArray[np.intp], terms: Terms, most: int
) -> tuple[WordWeight, ...]:
    """The words that weigh most, with their part of the terms (2, columns), strongest first.

    What cannot be found back in the text goes to no word.
    """
    read = text[: features.longest_text]
    lowered = read.lower()
    spans = [found.span() for found in SPAN.finditer(lowered)]
    weights = _shared(_found(features, read, spans), len(spans), columns, terms)
    net = np.abs(weights[0] - weights[1])
    places = _places(read, lowered)
    return tuple(
        _word(text, places[spans[n][0]], places[spans[n][1]], weights[:, n])
        for n in np.argsort(-net, kind="stable")[:most]
        if net[n]
    )


def _word(text: str, start: int, end: int, weights: Terms) -> WordWeight:
    inner = EDGES.search(text, start, end)
    start, end = inner.span() if inner else (start, end)
    return WordWeight(start, end, text[start:end], float(weights[0]), float(weights[1]))


def _places(text: str, lowered: str) -> Sequence[int]:
    """Where each character of the lower-cased text, and its end, is in the text itself."""
    if len(text) == len(lowered):
        return range(len(text) + 1)
    # A few capitals have two lower-case characters.
    places = [place for place, character in enumerate(text) for _ in character.lower()]
    return [*places, len(text)]


def _shared(found: _Occurrences, n: int, columns: NDArray[np.intp], terms: Terms) -> Terms:
    """The terms (2, columns) over the n words (2, n), by how much of each n-gram is in them."""
    order = np.argsort(columns)
    place = np.searchsorted(columns, found.columns, sorter=order).clip(max=len(columns) - 1)
    if not len(columns):
        return np.zeros((2, n))
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
