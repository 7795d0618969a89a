"""What out-of-fold predictions teach: weights, temperature, and what unknown messages look like."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from classifier.calibration import UnknownCurve, fit_temperature, fit_unknown_curve, tempered
from classifier.cascade import Cascade, doubt, effort
from classifier.cascade_curve import CascadeCurve, Judged, Reads, cascade_curve
from classifier.combination import combined, fit_weight
from classifier.counts import Counts
from classifier.evaluation.groups import group_numbers
from classifier.folds import OutOfFold, Progress, Scorer, at, group_of, vocabulary_of
from classifier.left_out import Compared, left_out_evidence
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
    evidence for an unknown message weighs. `cascade`: what the second scorer is not asked about,
    where it is not asked about everything, and `cascade_curve` what there was to choose from;
    `by_all`: the probabilities (n, k) had it been asked about everything.
    """

    temperature: float
    curve: UnknownCurve
    probabilities: NDArray[np.float64]
    unknown: NDArray[np.float64]
    weight: float = 0.0
    evidence_weights: tuple[float, ...] = (1.0,)
    cascade: Cascade | None = None
    cascade_curve: CascadeCurve | None = None
    by_all: NDArray[np.float64] | None = None

    def asked_all(self) -> Self:
        """The same with the probabilities had the second scorer been asked about everything."""
        return self if self.by_all is None else replace(self, probabilities=self.by_all)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of messages whoever judges them: the share of unknown ones to expect, and how
    probably each is in a foreign language (n,)."""

    prior: float
    foreign: NDArray[np.float64]


def calibrate(
    messages: Sequence[LabeledMessage],
    found: OutOfFold,
    *,
    assumed_unknown: float,
    config: PipelineConfig,
    progress: Progress,
    seeds: Sequence[Seed] = (),
    second: Scorer | None = None,
    counts: Counts | None = None,
    reads: Reads = "all",
) -> FoldCalibration:
    """Fit the second scorer's weight, the temperature and the unknown curve on what folds say.

    What evidence weighs is learned from drivers left out of training. The curve over the score
    that comes of it is fitted on messages labeled unknown when there are enough, else on the same
    left-out drivers; `assumed_unknown` in (0, 1) is their share as long as few answers to drawn
    questions say otherwise (see `expected_unknown`). `reads`: what the second scorer is asked
    about (see `cascade_curve`).
    """
    blended, weight = _blended(found)
    left_out = left_out_evidence(
        messages,
        config=config,
        progress=progress,
        seeds=seeds,
        second=second,
        weight=weight,
        counts=counts,
    )
    known = _Known(expected_unknown(messages, assumed_unknown), _foreign(messages, found, seeds))
    by_all = replace(_fitted(blended, left_out and left_out[0], known), weight=weight)
    if found.second is None or not found.usable.any():
        return by_all
    alone = replace(found, second=None, nearest=None)
    by_words = _fitted(alone, left_out and left_out[1], known)
    return _cascaded(messages, alone, by_words, by_all, reads)


def _fitted(found: OutOfFold, left_out: Compared | None, known: _Known) -> FoldCalibration:
    """The temperature, the evidence's weights and the curve of one way to judge."""
    usable = found.usable
    temperature = fit_temperature(found.logits[usable], found.truth[usable])
    labeled = found.evidence[usable], found.evidence[found.unknown]
    weights = fit_weights(*(left_out or labeled))
    like, strange = labeled if left_out is None or _enough(labeled) else left_out
    curve = fit_unknown_curve(weighed(like, weights), weighed(strange, weights), known.prior)
    unknown = either(curve.probability(weighed(found.evidence, weights)), known.foreign)
    probabilities = tempered(found.logits, temperature)
    return FoldCalibration(temperature, curve, probabilities, unknown, evidence_weights=weights)


def _cascaded(
    messages: Sequence[LabeledMessage],
    alone: OutOfFold,
    by_words: FoldCalibration,
    by_all: FoldCalibration,
    reads: Reads,
) -> FoldCalibration:
    """Every message judged as it will be once not everything is asked of the second scorer.

    `alone`: what folds say by the n-grams only.
    """
    scores = weighed(alone.evidence, by_words.evidence_weights)
    left = doubt(alone.logits, by_words.temperature, by_words.curve.probability(scores))
    efforts = effort([message.text for message in messages])
    curve = cascade_curve(_judged(messages, alone, left, efforts, (by_words, by_all)), reads)
    if curve.reads_all:
        return replace(by_all, cascade_curve=curve)
    read = left / efforts >= curve.chosen.cutoff
    return replace(
        by_all,
        probabilities=np.where(read[:, None], by_all.probabilities, by_words.probabilities),
        unknown=np.where(read, by_all.unknown, by_words.unknown),
        cascade=Cascade(
            cutoff=curve.chosen.cutoff,
            temperature=by_words.temperature,
            curve=by_words.curve,
            evidence_weights=by_words.evidence_weights,
        ),
        cascade_curve=curve,
        by_all=by_all.probabilities,
    )


def _judged(
    messages: Sequence[LabeledMessage],
    found: OutOfFold,
    left: NDArray[np.float64],
    efforts: NDArray[np.float64],
    ways: tuple[FoldCalibration, FoldCalibration],
) -> Judged:
    """The messages about a driver, by the doubt `left` (n,), and whether each of two ways to judge
    them is right."""
    rows = found.usable
    by_words, by_both = (
        way.probabilities[rows].argmax(axis=1) == found.truth[rows] for way in ways
    )
    groups = [group_of(message) for message in at(messages, rows)]
    numbers = group_numbers(groups, len(groups))
    return Judged(left[rows], efforts[rows], by_words, by_both, numbers)


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
