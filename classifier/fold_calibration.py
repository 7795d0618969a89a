"""What out-of-fold predictions teach: weights, temperature, and what unknown messages look like."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classifier.calibration import UnknownCurve, fit_temperature, fit_unknown_curve, tempered
from classifier.combination import combined, fit_weight
from classifier.folds import OutOfFold, Progress, Scorer, at, vocabulary_of
from classifier.left_out import left_out_evidence
from classifier.messages import LabeledMessage
from classifier.novelty import either, fit_weights, weighed
from classifier.pipeline import PipelineConfig
from classifier.seeding import Seed

FEW_UNKNOWN = 20
"""With fewer messages labeled unknown, made-up ones say more about what they look like."""

PRIOR_WEIGHT = 100
"""How many messages the assumed share of unknown ones is worth beside those labeled."""

ENOUGH_DRAWN = 100
"""With fewer answers to drawn questions, their share of unknown ones says next to nothing."""


@dataclass(frozen=True, slots=True)
class FoldCalibration:
    """What the folds taught, and every message's probabilities (n, k) and unknown (n,) by them.

    `weight` is that of the second scorer, 0 without one; `evidence_weights` are what each kind of
    evidence for an unknown message weighs.
    """

    temperature: float
    curve: UnknownCurve
    probabilities: NDArray[np.float64]
    unknown: NDArray[np.float64]
    weight: float = 0.0
    evidence_weights: tuple[float, ...] = (1.0,)


def calibrate(
    messages: Sequence[LabeledMessage],
    found: OutOfFold,
    *,
    assumed_unknown: float,
    config: PipelineConfig,
    progress: Progress,
    seeds: Sequence[Seed] = (),
    second: Scorer | None = None,
) -> FoldCalibration:
    """Fit the second scorer's weight, the temperature and the unknown curve on what folds say.

    What evidence weighs is learned from drivers left out of training. The curve over the score
    that comes of it is fitted on messages labeled unknown when there are enough, else on the same
    left-out drivers; `assumed_unknown` in (0, 1) is their share as long as few answers to drawn
    questions say otherwise (see `expected_unknown`).
    """
    found, weight = _blended(found)
    usable = found.usable
    temperature = fit_temperature(found.logits[usable], found.truth[usable])
    left_out = left_out_evidence(
        messages, config=config, progress=progress, seeds=seeds, second=second, weight=weight
    )
    labeled = found.evidence[usable], found.evidence[found.unknown]
    weights = fit_weights(*(left_out or labeled))
    known, strange = labeled if left_out is None or _enough(labeled) else left_out
    curve = fit_unknown_curve(
        weighed(known, weights),
        weighed(strange, weights),
        expected_unknown(messages, assumed_unknown),
    )
    unknown = either(
        curve.probability(weighed(found.evidence, weights)), _foreign(messages, found, seeds)
    )
    probabilities = tempered(found.logits, temperature)
    return FoldCalibration(temperature, curve, probabilities, unknown, weight, weights)


def _foreign(
    messages: Sequence[LabeledMessage], found: OutOfFold, seeds: Sequence[Seed]
) -> NDArray[np.float64]:
    """The probability (n,) that each is in a language nobody trained on, itself left out."""
    known = found.truth >= 0
    vocabulary = vocabulary_of(at(messages, known), seeds)
    texts = [message.text for message in messages]
    return np.where(known, vocabulary.foreign_left_out(texts), vocabulary.foreign(texts))


def _blended(found: OutOfFold) -> tuple[OutOfFold, float]:
    """Both scorers' logits as one, and the weight of the second; 0 without one."""
    if found.second is None:
        return found, 0.0
    usable = found.usable
    weight = fit_weight(found.logits[usable], found.second[usable], found.truth[usable])
    return replace(found, logits=combined(found.logits, found.second, weight)), weight


def _enough(labeled: tuple[NDArray[np.float64], NDArray[np.float64]]) -> bool:
    return len(labeled[1]) >= FEW_UNKNOWN


def expected_unknown(messages: Sequence[LabeledMessage], assumed: float) -> float:
    """The share of messages about none of the drivers to expect, in (0, 1).

    From 100 answers to drawn questions on (those with an inclusion probability), theirs, each
    counted 1/π times (Hájek 1971); the `assumed` share counts for 100 answers beside them. Other
    labels were chosen by somebody, who seldom files what fits nowhere: their share may raise what
    is assumed, and never lowers it.
    """
    drawn = [message for message in messages if message.inclusion]
    if len(drawn) < ENOUGH_DRAWN:
        said = np.array([message.label.primary is None for message in messages], dtype=float)
        return max(assumed, _beside(assumed, said, np.ones(len(said))))
    said = np.array([message.label.primary is None for message in drawn], dtype=float)
    return _beside(assumed, said, np.array([1.0 / (each.inclusion or 1.0) for each in drawn]))


def _beside(assumed: float, said: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """The weighted share of what is said (n,), drawn to the assumed one by so many messages."""
    if not len(said):
        return assumed
    share = float(weights @ said / weights.sum())
    worth = float(weights.sum() ** 2 / (weights @ weights))
    return (worth * share + PRIOR_WEIGHT * assumed) / (worth + PRIOR_WEIGHT)
