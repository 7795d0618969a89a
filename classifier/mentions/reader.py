"""Which drivers messages are about, all of them, and which of their sentences say so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from classifier import sentences
from classifier.mentions.curve import MentionCurve
from classifier.mentions.pieces import Pieces, Span
from classifier.mentions.said import Said
from classifier.messages import Mention, Predictions
from classifier.scorer import Warming

LEAST: Final = 0.02
"""A driver less likely than this is not mentioned."""

MOST: Final = 8
"""Drivers of one message that are kept."""

SPOKE: Final = -0.5
"""The score from which a sentence spoke for a driver: half way from no (-1) to the line."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Of n messages and k drivers (n, k): how probably each is about each, and whether that is
    said of it."""

    probabilities: NDArray[np.float64]
    chosen: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class MentionReader:
    """Says of a message all k drivers that it is about.

    `pipeline`: n-grams and `Machines`; `curve` makes probabilities of what they say; `limits` (k,):
    from which of them a driver is said of a message. `warming` compiles the pipeline once there is
    much to read.
    """

    pipeline: Pipeline
    curve: MentionCurve
    limits: NDArray[np.float64]
    warming: Warming | None = field(default=None, repr=False)

    def find(self, said: Said, predictions: Predictions) -> Found:
        """What is made of what machines `said` of n messages. The likeliest driver is said of each
        message unless it is likelier about none."""
        probabilities = self.curve.probability(said, predictions.primary)
        return chosen(probabilities, self.limits, predictions)

    def read(self, texts: Sequence[str], predictions: Predictions) -> list[tuple[Mention, ...]]:
        """The drivers each of n texts may be about: the likeliest as the primary one first, then
        the others by their probability; at most eight, none below .02 but the first."""
        if not len(texts):
            return []
        pieces, whole = Pieces.of(texts), self.scores(texts)
        spoken = pieces.scored(self.scores)
        said = Said(whole, pieces.loudest(whole, spoken), pieces.counts)
        found, spans = self.find(said, predictions), _Spans(pieces, spoken)
        mentions: list[list[Mention]] = [[] for _ in texts]
        for row, driver, probability, chosen in _listed(found, predictions.likeliest):
            if len(mentions[row]) < MOST:
                spoke = spans.of(row, driver)
                made = Mention(predictions.drivers[driver], probability, chosen, spoke)
                mentions[row].append(made)
        return [tuple(each) for each in mentions]

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """What the machines say of texts (n, k), each read as a whole."""
        scorer = self.warming.scorer(len(texts)) if self.warming else None
        found = self.pipeline.decision_function(texts) if scorer is None else scorer.scores(texts)
        return np.asarray(found, dtype=np.float64)

    def warm_up(self) -> None:
        """Load what sentences are found with, and compile now, where there is `warming`."""
        sentences.warm_up()
        if self.warming is not None:
            self.warming.warm_up()

    def warmed_by(self, stored: Path | None) -> Self:
        """The same, compiled once there is much to read, from a file where it is `stored`."""
        return replace(self, warming=Warming(self.pipeline, stored))

    def to_dict(self) -> dict[str, Any]:
        """The fitted pipeline, and what else was learned as plain data."""
        limits = self.limits.tolist()
        return {"pipeline": self.pipeline, "curve": self.curve.to_dict(), "limits": limits}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """Back from `to_dict`."""
        curve = MentionCurve.from_dict(found["curve"])
        return cls(found["pipeline"], curve, np.array(found["limits"]))


def chosen(
    probabilities: NDArray[np.float64], limits: NDArray[np.float64], predictions: Predictions
) -> Found:
    """Which drivers are said of n messages: those that reach their limit (k,), and the likeliest
    one unless the message is likelier about none."""
    said = probabilities >= limits
    about = predictions.confidence > predictions.unknown
    said[np.flatnonzero(about), predictions.likeliest[about]] = True
    return Found(probabilities, said)


def _listed(found: Found, likeliest: NDArray[np.intp]) -> Iterator[tuple[int, int, float, bool]]:
    """Message, driver, probability and whether it is said, of all that is likely enough; message by
    message, its likeliest primary driver first and then by probability."""
    likely = found.probabilities >= LEAST
    likely[np.arange(len(likely)), likeliest] = True
    rows, drivers = np.nonzero(likely)
    probabilities, said = found.probabilities[likely], found.chosen[likely]
    order = np.lexsort((-probabilities, drivers != likeliest[rows], rows))
    columns = (rows, drivers, probabilities, said)
    yield from zip(*(column[order].tolist() for column in columns), strict=True)


class _Spans:
    """Where the sentence stands that spoke most for a driver, if one did."""

    def __init__(self, pieces: Pieces, spoken: NDArray[np.float64]) -> None:
        self._pieces, self._spoken = pieces, spoken
        rows = np.arange(len(pieces.counts) + 1)
        self._starts = np.searchsorted(pieces.owners, rows)

    def of(self, row: int, driver: int) -> tuple[Span, ...]:
        start, end = self._starts[row : row + 2]
        if start == end:
            return ()
        loudest = start + int(self._spoken[start:end, driver].argmax())
        return (self._pieces.spans[loudest],) if self._spoken[loudest, driver] >= SPOKE else ()
