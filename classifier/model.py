"""A trained model: text in, calibrated predictions out. Immutable, safe to share by threads."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from classifier.calibration import UnknownCurve, tempered, unknown_scores
from classifier.messages import Prediction
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


@dataclass(frozen=True, eq=False, kw_only=True)
class Model:
    """One immutable model.

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
        return self.unknown_curve.probability(self.scores(texts))

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction per text; a text without a known word gets the base shares."""
        probabilities, scores = self._judge(texts)
        unknown = self.unknown_curve.probability(scores)
        return [
            Prediction(self.drivers, row, float(none))
            for row, none in zip(probabilities, unknown, strict=True)
        ]

    def trained_on(self, texts: Iterable[str]) -> NDArray[np.bool_]:
        """Which texts (n,) were among its training texts, compared as normalized text."""
        return np.array([fingerprint(text) in self.training_keys for text in texts], dtype=bool)

    def _judge(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Probabilities (n, k) and unknown scores (n,), reading the texts once."""
        if not len(texts):
            return np.zeros((0, len(self.drivers))), np.zeros(0)
        logits, features = logits_of(self.pipeline, texts)
        probabilities = tempered(logits, self.temperature)
        probabilities[features.getnnz(axis=1) == 0] = self.base_shares
        return probabilities, unknown_scores(logits)
