"""Which words spoke for a driver, and against the one that came second. Exact, not estimated.

The linear part of a model adds up: a driver's logit is its intercept plus, for each n-gram of the
text, the n-gram's weight in the text times its coefficient. Those terms are taken from the model
as it is (rarity, damped counts and normalization included) and handed back to the words they came
from. Nothing is sampled or approximated, so the terms sum to the difference of the two logits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.attribution import Attribution, Terms
from classifier.model import Model


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
        return _each_once(self.words, most)


@dataclass(frozen=True, slots=True)
class MentionWord:
    """One word of the text, `text[start:end]`, and what it adds to the score of a mention."""

    start: int
    end: int
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class MentionExplanation:
    """Why a message is said to be about a driver, whatever else it is about.

    `score` is what the driver's own yes-or-no line makes of what it read, before calibration. It is
    the sum of the weights of `words` (strongest first), of `intercept`, and of `remainder`: what
    the words that are not listed add. Above 0 a word speaks for the driver.
    """

    driver: str
    words: tuple[MentionWord, ...]
    intercept: float
    score: float
    remainder: float

    def because(self, most: int = 3) -> tuple[str, ...]:
        """The words, each once, that spoke most for the driver; at most so many."""
        return _each_once(self.words, most)


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

    By default the likeliest driver and the likeliest other one. How n-grams are shared over words
    is told in `classifier.attribution`. `features` (1, f) are the text's, as
    `Model.read` gives them: half of the time goes into making them. Raises `ValueError` for a
    driver the model does not know, and for twice the same one.
    """
    driver, against, made = _read(model, text, driver, against, features)
    (explained,) = _explained(model, [text], [(driver, against)], made, most)
    return explained


def explain_each(
    model: Model, texts: Sequence[str], drivers: Sequence[tuple[str, str]], *, most: int = 8
) -> list[Explanation]:
    """What `explain` says of each of n texts, of the first of its `drivers` (n) against the second,
    several times faster.

    Raises `ValueError` as `explain` does.
    """
    for driver, against in drivers:
        _check(model, driver, against)
    if not len(texts):
        return []
    features = model.pipeline[0].transform(texts)
    return list(_explained(model, texts, drivers, features, most))


def _explained(
    model: Model, texts: Sequence[str], drivers: Sequence[tuple[str, str]], features: Any, most: int
) -> Iterator[Explanation]:
    """Of texts (n,) with their features (n, f)."""
    number = {driver: place for place, driver in enumerate(model.drivers)}
    attribution = Attribution(model.pipeline[0])
    meant = model.read_for_meaning(texts, features)
    for row, (text, (driver, against)) in enumerate(zip(texts, drivers, strict=True)):
        here = slice(*features.indptr[row : row + 2])
        columns, amounts = features.indices[here], features.data[here]
        coefficients, intercepts = _columns_of(
            model.pipeline[-1], [number[driver], number[against]], columns
        )
        terms = coefficients * amounts.astype(np.float64)
        intercept = float(intercepts[0] - intercepts[1])
        score = float((terms[0] - terms[1]).sum()) + intercept
        words = _strongest(attribution, text, columns, terms, most)
        remainder = score - intercept - sum(word.weight for word in words)
        share = 1.0 - model.meaning_weight if meant[row] else 1.0
        yield Explanation(driver, against, words, intercept, score, remainder, share)


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


def explain_mention(
    model: Model,
    text: str,
    driver: str,
    span: tuple[int, int] | None = None,
    *,
    most: int = 8,
) -> MentionExplanation:
    """Which words of a text, or of one sentence of it from `span[0]` to `span[1]`, made the model
    say that it is about a driver or not; the strongest `most`, placed in the text.

    Raises `ValueError` for a model that knows one driver a message, and for a driver it does not
    know.
    """
    if model.mentions is None:
        raise ValueError("the model knows one driver a message")
    features, lines = model.mentions.pipeline[0], model.mentions.pipeline[-1]
    names = [str(each) for each in lines.classes_]
    if driver not in names:
        raise ValueError(f"the model does not know the driver {driver!r}")
    start, end = (0, len(text)) if span is None else span
    row, number = features.transform([text[start:end]]), names.index(driver)
    terms = lines.coef_[number][row.indices].astype(np.float64) * row.data.astype(np.float64)
    intercept = float(lines.intercept_[number])
    score = float(terms.sum()) + intercept
    places, weights = Attribution(features).by_word(text[start:end], row.indices, terms[None, :])
    placed = ((places[n][0] + start, places[n][1] + start, n) for n in _heaviest(weights[0], most))
    words = tuple(
        MentionWord(first, last, text[first:last], float(weights[0, n]))
        for first, last, n in placed
    )
    remainder = score - intercept - sum(word.weight for word in words)
    return MentionExplanation(driver, words, intercept, score, remainder)


def _heaviest(weights: Terms, most: int) -> list[int]:
    """Which of the words (n,) weigh most either way, strongest first; none that weighs nothing."""
    order = np.argsort(-np.abs(weights), kind="stable")[:most]
    return [int(n) for n in order if weights[n]]


def _strongest(
    attribution: Attribution, text: str, columns: NDArray[np.intp], terms: Terms, most: int
) -> tuple[WordWeight, ...]:
    """The words that weigh most, with their part of the terms (2, columns), strongest first."""
    places, weights = attribution.by_word(text, columns, terms)
    placed = ((*places[n], n) for n in _heaviest(weights[0] - weights[1], most))
    return tuple(
        WordWeight(start, end, text[start:end], float(weights[0, n]), float(weights[1, n]))
        for start, end, n in placed
    )


def _each_once(words: Sequence[WordWeight] | Sequence[MentionWord], most: int) -> tuple[str, ...]:
    for_it: dict[str, float] = {}
    for word in words:
        name = word.text.casefold()
        for_it[name] = for_it.get(name, 0.0) + word.weight
    strongest = sorted(for_it, key=lambda name: -for_it[name])
    return tuple(name for name in strongest if for_it[name] > 0)[:most]
