"""A trained model: text in, calibrated predictions out. Immutable, safe to share by threads."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from classifier.calibration import UnknownCurve, tempered
from classifier.cascade import Cascade
from classifier.combination import MeaningClassifier, combined
from classifier.mentions.reader import MentionReader
from classifier.messages import Mention, Prediction, Predictions
from classifier.novelty import Novelty, Vocabulary, either
from classifier.scorer import Scorer, Warming
from classifier.scorer.lexicon import WarmingReader
from classifier.taxonomy import Taxonomy
from classifier.text import normalized


def fingerprint(text: str) -> str:
    """16 hex digits, the same for texts that are the same once normalized."""
    return hashlib.sha256(normalized(text).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def logits_of(pipeline: Pipeline, texts: Sequence[str]) -> tuple[NDArray[np.float64], Any]:
    """A fitted pipeline's logits (n, k), two columns also for two drivers, and its features."""
    features = pipeline[:-1].transform(texts)
    found = pipeline[-1].decision_function(features).astype(np.float64)
    return two_columns(found), features


def two_columns(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits (n, k) of what scikit-learn says, which is one line, (n,) or (n, 1), for two."""
    if found.ndim == 2 and found.shape[1] > 1:
        return found
    line = found.ravel()
    return np.stack([-line / 2, line / 2], axis=1)


class SecondOpinion(Protocol):
    """What judges texts beside the pipeline, over the same drivers: an encoder's classifier."""

    def judge(self, X: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...


def opinions(
    texts: Sequence[str], pipeline: Pipeline, second: SecondOpinion | None, weight: float
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, Any]:
    """Logits (n, k) of a pipeline and, by its weight, of a second opinion; the cosine (n,) of the
    nearest message the second was trained on, None without one; and the pipeline's features."""
    logits, features = logits_of(pipeline, texts)
    return *_seconded(texts, logits, second, weight), features


def _seconded(
    texts: Sequence[str],
    logits: NDArray[np.float64],
    second: SecondOpinion | None,
    weight: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """The logits (n, k) and, by its weight, those of a second opinion; and its cosines (n,)."""
    if second is None:
        return logits, None
    others, nearest = second.judge(texts)
    return combined(logits, others, weight), nearest


@dataclass(frozen=True, eq=False, kw_only=True)
class Model:
    """One immutable model.

    `pipeline` judges by n-grams; `meaning`, where there is an encoder, by embeddings, and weighs
    `meaning_weight` in [0, 1) in the geometric mean of the two. `cascade`: what the encoder is not
    asked about, if anything. `novelty` scores what is unlike anything learned, and `unknown_curve`
    makes a probability of that; it also tells languages nobody trained on.
    `base_shares` (k,): the shares of the drivers that the probabilities are calibrated to.
    `threshold`: the confidence from which messages are routed automatically so that at least
    `target_precision` of them are right; infinity routes nothing. `manifest` holds what else is
    known of its making; `version` is empty until it is saved. `training_keys` are the fingerprints
    of the texts it was trained on. `warming` compiles the pipeline once there is much to read; the
    same scores (within 1e-5) then take a tenth of the time. `mentions` reads all the drivers a
    message is about, over the same drivers; None for a model of one driver a message.
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
    cascade: Cascade | None = None
    novelty: Novelty = field(default_factory=Novelty)
    warming: Warming | None = field(default=None, repr=False)
    mentions: MentionReader | None = None

    @cached_property
    def drivers(self) -> tuple[str, ...]:
        """The k driver ids this model can name, in the order of every column of k."""
        return tuple(str(each) for each in self.pipeline.classes_)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Calibrated probabilities (n, k), given that it is one of the drivers; rows sum to 1."""
        return self.judge(texts).probabilities

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Raw unknown scores (n,), unbounded: the higher, the less it is like any driver."""
        return self._judge(texts, self._heard(texts))[1]

    def unknown_probability(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability (n,) that a message is about none of the drivers."""
        return self.judge(texts).unknown

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction per text; a text without a known word gets the base shares."""
        return self._with_mentions(texts, self.judge(texts))

    def judge(self, texts: Sequence[str]) -> Predictions:
        """What `predict` says of texts (n,), as columns."""
        heard = self._heard(texts)
        return self._predictions(*self._judge(texts, heard), heard)

    def read(self, texts: Sequence[str]) -> tuple[list[Prediction], Any]:
        """One prediction per text (n,), and the n-grams (n, features; sparse) it was made from;
        no n-grams without a text."""
        if not len(texts):
            return [], None
        logits, features = logits_of(self.pipeline, texts)
        heard = self._heard(texts)
        judged = self._weighed(texts, logits, features.getnnz(axis=1), heard)
        return self._with_mentions(texts, self._predictions(*judged, heard)), features

    def mentioned(
        self, texts: Sequence[str], predictions: Predictions
    ) -> list[tuple[Mention, ...]]:
        """Of texts (n,) with what `judge` says of them, the drivers each may be about (see
        `Prediction.mentions`); empty ones from a model of one driver a message."""
        if self.mentions is None:
            return [()] * len(texts)
        return self.mentions.read(texts, predictions)

    def _with_mentions(self, texts: Sequence[str], predictions: Predictions) -> list[Prediction]:
        if self.mentions is None:
            return list(predictions)
        every = zip(predictions, self.mentioned(texts, predictions), strict=True)
        return [replace(each, mentions=mentions) for each, mentions in every]

    def read_for_meaning(self, texts: Sequence[str], features: Any = None) -> NDArray[np.bool_]:
        """Which texts (n,) the encoder is asked about; `features` (n, f) as `read` gives them."""
        if self.meaning is None or self.cascade is None or not len(texts):
            return np.full(len(texts), self.meaning is not None)
        features = self.pipeline[:-1].transform(texts) if features is None else features
        logits = two_columns(self.pipeline[-1].decision_function(features).astype(np.float64))
        heard = self._heard(texts)
        *_, read = self.cascade.judge(texts, heard, logits, self.novelty, self.unknown_curve)
        return np.asarray(read | (features.getnnz(axis=1) == 0))

    def warm_up(self) -> None:
        """Compile now, and wait for it; where there is no `warming`, nothing is compiled."""
        if self.warming is not None:
            self.warming.warm_up()
            self._listening.warm_up()
        if self.mentions is not None:
            self.mentions.warm_up()

    def trained_on(self, texts: Iterable[str]) -> NDArray[np.bool_]:
        """Which texts (n,) were among its training texts, compared as normalized text."""
        return np.array([fingerprint(text) in self.training_keys for text in texts], dtype=bool)

    def _judge(
        self, texts: Sequence[str], heard: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Probabilities (n, k) and unknown scores (n,) of texts in which that is heard (n, 4)."""
        if not len(texts):
            return np.zeros((0, len(self.drivers))), np.zeros(0)
        scorer = self._scorer(len(texts))
        if scorer is None:
            logits, features = logits_of(self.pipeline, texts)
            return self._weighed(texts, logits, features.getnnz(axis=1), heard)
        found, known = scorer.judge(texts)
        return self._weighed(texts, two_columns(found), known, heard)

    def _scorer(self, texts: int) -> Scorer | None:
        """The compiled scorer for so many texts, if there is one, and of this pipeline."""
        warming = self.warming
        return warming.scorer(texts) if warming and warming.pipeline is self.pipeline else None

    @cached_property
    def _listening(self) -> WarmingReader:
        return WarmingReader(self.novelty.vocabulary or Vocabulary())

    def _heard(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """What the vocabulary hears in the texts (n, 4), compiled as soon as the scorer is."""
        if self.novelty.vocabulary is None or self._scorer(0) is None:
            return self.novelty.heard(texts)
        reader = self._listening.reader()
        return self.novelty.heard(texts) if reader is None else reader.heard(texts)

    def _weighed(
        self,
        texts: Sequence[str],
        logits: NDArray[np.float64],
        known: NDArray[np.int64],
        heard: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Probabilities (n, k) and unknown scores (n,) of texts by their logits and, where there
        is an encoder and it is asked, their meaning; `known` (n,): how many n-grams of each are
        known."""
        if self.cascade is None:
            probabilities, scores = self._by_all(texts, logits, heard)
        else:
            probabilities, scores, read = self.cascade.judge(
                texts, heard, logits, self.novelty, self.unknown_curve
            )
            rows = np.flatnonzero(read | (known == 0))
            some = [texts[row] for row in rows]
            probabilities[rows], scores[rows] = self._by_all(some, logits[rows], heard[rows])
        speechless = self._speechless(texts, known)
        if speechless.any():
            probabilities[speechless] = self.base_shares
        return probabilities, scores

    def _by_all(
        self,
        texts: Sequence[str],
        logits: NDArray[np.float64],
        heard: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """By n-grams and, where there is an encoder, by meaning."""
        logits, nearest = _seconded(texts, logits, self.meaning, self.meaning_weight)
        return tempered(logits, self.temperature), self.novelty.scores(heard, logits, nearest)

    def _predictions(
        self,
        probabilities: NDArray[np.float64],
        scores: NDArray[np.float64],
        heard: NDArray[np.float64],
    ) -> Predictions:
        """Unknown: unlike any driver by its score, or in a language nobody knows."""
        none = either(self.unknown_curve.probability(scores), self.novelty.foreign(heard))
        return Predictions(self.drivers, probabilities, none)

    def _speechless(self, texts: Sequence[str], known: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Texts (n,) that say nothing: no known n-gram, and no letter for an encoder to read."""
        nothing: NDArray[np.bool_] = known == 0
        if self.meaning is not None:
            for row in np.flatnonzero(nothing).tolist():
                nothing[row] = not any(map(str.isalnum, texts[row]))
        return nothing
