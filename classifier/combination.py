"""Drivers by meaning, from a sentence encoder, and how that is weighed against the n-grams."""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from classifier.calibration import fit_temperature

WEIGHTS = tuple(step / 20 for step in range(2, 19))
"""What the encoder's part may weigh, from 0.1 to 0.9; neither part is ever left out."""

USUAL_WEIGHT = 0.8
FEWEST = 50
"""Out-of-fold predictions below which the usual weight holds."""

ENOUGH = 25
"""Messages a driver from which its neighborhood is worth its full weight; few are mostly noise."""

FLOOR = 0.3
"""A cosine that says nothing: the neighborhood of a driver never counts for less."""

CHUNK = 512


class Embeds(Protocol):
    """What turns texts (n,) into embeddings (n, width) of unit length."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class Remembered:
    """An encoder that reads each text once, for a training run that asks for it in every fold."""

    def __init__(self, encoder: Embeds) -> None:
        self.encoder = encoder
        self.known: dict[str, NDArray[np.float32]] = {}
        self.reading = Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        with self.reading:  # threads that train folds ask for the same texts at the same time
            fresh = [text for text in dict.fromkeys(texts) if text not in self.known]
            self.known.update(zip(fresh, self.encoder.encode(fresh), strict=True))
        if not len(texts):
            return self.encoder.encode([])
        return np.stack([self.known[text] for text in texts])


class MeaningClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Logistic regression on embeddings, and beside it how near each driver's messages are.

    The neighborhood of a driver is the logarithm of the sum of exp(sharpness · cosine) over its
    training messages: a nearest-neighbor vote without a number of neighbors.

    Parameters
    ----------
    encoder : what has `encode(texts)`; shared by copies, never fitted
    C : float, default=20.0
        Of the regression: the larger, the more single messages weigh.
    sharpness : float, default=45.0
        How fast a neighbor's say falls with its distance.
    neighbor_weight : float, default=0.5
        What the neighborhood weighs beside the regression's logits, once there are `ENOUGH`
        messages a driver; with fewer, in proportion.
    most : int, default=10_000
        Messages kept as neighbors; of more, equally many of each driver as far as they go.

    Attributes
    ----------
    classes_ : (k,) drivers
    coef_, intercept_ : (k, width) and (k,), of the regression
    neighbors_ : (m, width) embeddings in order of their driver
    shares_ : (m,) what each neighbor weighs
    starts_ : (k,) where each driver's neighbors start
    say_ : in (0, 1], the share of its weight that the neighborhood has
    """

    def __init__(
        self,
        encoder: Embeds | None = None,
        C: float = 20.0,
        sharpness: float = 45.0,
        neighbor_weight: float = 0.5,
        most: int = 10_000,
    ) -> None:
        self.encoder = encoder
        self.C = C
        self.sharpness = sharpness
        self.neighbor_weight = neighbor_weight
        self.most = most

    def fit(
        self, X: Sequence[str], y: Any, sample_weight: NDArray[np.float64] | None = None
    ) -> Self:
        """Fit on texts X (n,) of drivers y (n,), at least two."""
        embeddings, drivers = self._embeddings(X), np.asarray(y)
        weights = np.ones(len(drivers)) if sample_weight is None else sample_weight
        regression = LogisticRegression(C=self.C, max_iter=1000)
        regression.fit(embeddings, drivers, sample_weight=weights)
        self.classes_ = regression.classes_
        self.coef_, self.intercept_ = _by_class(regression.coef_), _by_class(regression.intercept_)
        self.say_ = min(1.0, float(weights.sum()) / (ENOUGH * len(self.classes_)))
        columns = np.searchsorted(self.classes_, drivers)
        kept = neighbor_rows(columns, self.most)
        self.neighbors_ = embeddings[kept]
        self.shares_ = weights[kept].astype(np.float32)
        self.starts_ = np.searchsorted(columns[kept], np.arange(len(self.classes_)))
        return self

    def decision_function(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Logits (n, k) of texts X (n,), two columns also for two drivers."""
        return self.judge(X)[0]

    def judge(self, X: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Logits (n, k) of texts X (n,), and the cosine (n,) of the neighbor nearest to each."""
        embeddings = self._embeddings(X)
        logits = (embeddings @ self.coef_.T + self.intercept_).astype(np.float64)
        nearest = np.zeros(len(embeddings))
        for start in range(0, len(embeddings), CHUNK):
            rows = slice(start, start + CHUNK)
            cosines = embeddings[rows] @ self.neighbors_.T
            nearest[rows] = cosines.max(axis=1)
            logits[rows] += self.say_ * self.neighbor_weight * self._neighborhoods(cosines)
        return logits, nearest

    def to_arrays(self) -> dict[str, Any]:
        """What was learned, the encoder apart, as plain arrays and numbers."""
        learned = ("classes_", "coef_", "intercept_", "neighbors_", "shares_", "starts_", "say_")
        chosen = ("C", "sharpness", "neighbor_weight", "most")
        return {name: getattr(self, name) for name in (*learned, *chosen)}

    @classmethod
    def from_arrays(cls, encoder: Embeds, arrays: Mapping[str, Any]) -> Self:
        """What `to_arrays` gave, with its encoder again."""
        made = cls(encoder)
        made.say_ = 1.0  # of models saved before few messages counted for less
        for name, value in arrays.items():
            setattr(made, name, value)
        return made

    def with_encoder(self, encoder: Embeds) -> Self:
        """The same classifier on another copy of its encoder."""
        return self.from_arrays(encoder, self.to_arrays())

    def __sklearn_clone__(self) -> Self:
        """Unfitted, with the encoder shared: it holds a session that cannot be copied."""
        return type(self)(self.encoder, self.C, self.sharpness, self.neighbor_weight, self.most)

    def _neighborhoods(self, cosines: NDArray[np.float32]) -> NDArray[np.float64]:
        near = self.shares_ * np.exp(self.sharpness * (cosines - 1))
        sums = np.add.reduceat(near, self.starts_, axis=1).astype(np.float64)
        return np.asarray(np.log(sums + np.exp(self.sharpness * (FLOOR - 1))))

    def _embeddings(self, X: Sequence[str]) -> NDArray[np.float32]:
        if self.encoder is None:
            raise ValueError("a classifier of meaning needs an encoder")
        return self.encoder.encode(X)


def meaning_reader(encoder: Embeds | None) -> MeaningClassifier | None:
    """An unfitted classifier that reads each text once however often it is asked; None without
    an encoder."""
    return None if encoder is None else MeaningClassifier(Remembered(encoder))


def combined(
    sparse: NDArray[np.float64], meaning: NDArray[np.float64], weight: float
) -> NDArray[np.float64]:
    """The logits (n, k) of two models as one; probabilities are their weighted geometric mean.

    `weight` in (0, 1) is that of `meaning`; -inf where either is.
    """
    return (1 - weight) * sparse + weight * meaning


def fit_weight(
    sparse: NDArray[np.float64], meaning: NDArray[np.float64], truth: NDArray[np.intp]
) -> float:
    """The weight of `meaning` under which messages' own drivers are likeliest, tempered best.

    Logits (n, k) are of messages neither model was trained on; `truth` (n,) are their columns.
    With fewer than 50 messages, 0.8.
    """
    if len(truth) < FEWEST:
        return USUAL_WEIGHT
    return min(WEIGHTS, key=lambda weight: _loss(combined(sparse, meaning, weight), truth))


def neighbor_rows(columns: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """Rows to keep as neighbors, at most `most`, in order of their driver's column (n,).

    Where there are more, every driver gives up to an equal number, drawn at random by a fixed seed.
    """
    order = np.random.default_rng(0).permutation(len(columns))
    order = order[np.argsort(columns[order], kind="stable")]
    counts = np.bincount(columns)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    place = np.arange(len(columns)) - starts
    return order[place < _quota(counts, most)]


def _quota(counts: NDArray[np.intp], most: int) -> int:
    """The most messages each driver may give, at least one, so that they stay within `most`."""
    quota = int(counts.max())
    while quota > 1 and np.minimum(counts, quota).sum() > most:
        quota -= max(1, quota // 20)
    return quota


def _by_class(weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """A row per driver, also for two drivers, where scikit-learn gives one for both."""
    halves = np.concatenate([-weights / 2, weights / 2]) if len(weights) == 1 else weights
    return np.asarray(halves, dtype=np.float32)


def _loss(logits: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    usable = np.isfinite(logits[np.arange(len(truth)), truth])
    logits, truth = logits[usable], truth[usable]
    logs = log_softmax(logits / fit_temperature(logits, truth), axis=1)
    return -float(logs[np.arange(len(truth)), truth].mean())
