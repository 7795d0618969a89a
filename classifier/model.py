"""A trained model: text in, calibrated predictions out. Immutable, safe to share by threads."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from classifier.calibration import UnknownCurve, tempered
from classifier.combination import MeaningClassifier, combined
from classifier.messages import Prediction
from classifier.novelty import Novelty, either
from classifier.taxonomy import Taxonomy
from classifier.text import normalized


def fingerprint(text: str) -> str:
    """16 hex digits, the same for texts that are the same once normalized."""
    return hashlib.sha256(normalized(text).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def logits_of(pipeline: Pipeline, texts: Sequence[str]) -> tuple[NDArray[np.float64], Any]:
    """A fitted pipeline's logits (n, k), two columns also for two drivers, and its features."""
    features = pipeline[:-1].transform(texts)
    found = pipeline[-1].decision_function(features).astype(np.float64)
    logits = found if found.ndim == 2 else np.stack([-found / 2, found / 2], axis=1)
    return logits, features


class SecondOpinion(Protocol):
    """What judges texts beside the pipeline, over the same drivers: an encoder's classifier."""

    def judge(self, X: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...


def opinions(
    texts: Sequence[str], pipeline: Pipeline, second: SecondOpinion | None, weight: float
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, Any]:
    """Logits (n, k) of a pipeline and, by its weight, of a second opinion; the cosine (n,) of the
    nearest message the second was trained on, None without one; and the pipeline's features."""
    logits, features = logits_of(pipeline, texts)
    if second is None:
        return logits, None, features
    others, nearest = second.judge(texts)
    return combined(logits, others, weight), nearest, features


@dataclass(frozen=True, eq=False, kw_only=True)
class Model:
    """One immutable model.

    `pipeline` judges by n-grams; `meaning`, where there is an encoder, by embeddings, and weighs
    `meaning_weight` in [0, 1) in the geometric mean of the two. `novelty` scores what is unlike
    anything learned, and `unknown_curve` makes a probability of that; it also tells languages
    nobody trained on.
    `base_shares` (k,): the shares of the drivers that the probabilities are calibrated to.
    `threshold`: the confidence from which messages are routed automatically so that at least
    `target_precision` of them are right; infinity routes nothing. `manifest` holds what else is
    known of its making; `version` is empty until it is saved. `training_keys` are the fingerprints
    of the texts it was trained on.
    """

    pipeline: Pipeline
    taxonomy: Taxonomy
    temperature: float
    unknown_curve: UnknownCurve
    base_shares: tuple[float, ...]
    threshold: float
    target_precision: float
    version: str = ""
    manifest: Mapping[str, Any] = field(default_factory=dict)
    training_keys: frozenset[str] = frozenset()
    meaning: MeaningClassifier | None = None
    meaning_weight: float = 0.0
    novelty: Novelty = field(default_factory=Novelty)

    @cached_property
    def drivers(self) -> tuple[str, ...]:
        """The k driver ids this model can name, in the order of every column of k."""
        return tuple(str(each) for each in self.pipeline.classes_)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Calibrated probabilities (n, k), given that it is one of the drivers; rows sum to 1."""
        return self._judge(texts)[0]

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Raw unknown scores (n,), unbounded: the higher, the less it is like any driver."""
        return self._judge(texts)[1]

    def unknown_probability(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability (n,) that a message is about none of the drivers."""
        return self._unknown(texts, self.scores(texts))

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction per text; a text without a known word gets the base shares."""
        return self.read(texts)[0]

    def read(self, texts: Sequence[str]) -> tuple[list[Prediction], Any]:
        """One prediction per text (n,), and the n-grams (n, features; sparse) it was made from;
        no n-grams without a text."""
        probabilities, scores, features = self._judge(texts)
        unknown = self._unknown(texts, scores)
        predictions = [
            Prediction(self.drivers, row, float(none))
            for row, none in zip(probabilities, unknown, strict=True)
        ]
        return predictions, features

    def trained_on(self, texts: Iterable[str]) -> NDArray[np.bool_]:
        """Which texts (n,) were among its training texts, compared as normalized text."""
        return np.array([fingerprint(text) in self.training_keys for text in texts], dtype=bool)

    def _judge(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64], Any]:
        """Probabilities (n, k), unknown scores (n,) and n-grams, reading the texts once."""
        if not len(texts):
            return np.zeros((0, len(self.drivers))), np.zeros(0), None
        logits, nearest, features = opinions(
            texts, self.pipeline, self.meaning, self.meaning_weight
        )
        probabilities = tempered(logits, self.temperature)
        probabilities[self._speechless(texts, features)] = self.base_shares
        return probabilities, self.novelty.scores(texts, logits, nearest), features

    def _unknown(self, texts: Sequence[str], scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities (n,): unlike any driver by its score, or in a language nobody knows."""
        return either(self.unknown_curve.probability(scores), self.novelty.foreign(texts))

    def _speechless(self, texts: Sequence[str], features: Any) -> NDArray[np.bool_]:
        """Texts (n,) that say nothing: no known n-gram, and no letter for an encoder to read."""
        nothing: NDArray[np.bool_] = features.getnnz(axis=1) == 0
        if self.meaning is not None:
            nothing &= [not any(map(str.isalnum, text)) for text in texts]
        return nothing
