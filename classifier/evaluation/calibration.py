"""Whether probabilities mean what they say."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.groups import RESAMPLES, resamples
from classifier.evaluation.rates import Rate, grouped_rate

BINS = 15
SHOWN, FULL = 10, 20
"""Bins to show are ten at most, of twenty messages at least: fewer say nothing of a probability."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Messages of about equal probability: its mean, and the share that was right."""

    probability: float
    right: Rate

    def to_dict(self) -> dict[str, Any]:
        return {"probability": self.probability, "right": self.right.to_dict()}


@dataclass(frozen=True, slots=True)
class Calibration:
    """The expected calibration error (a fraction of 1), its 95 % bootstrap interval, and its mean
    for a perfectly calibrated model with these same probabilities, which is not zero. `bins`, to
    show, are fewer and fuller than those of the error."""

    ece: float
    low: float
    high: float
    perfect: float
    bins: tuple[Bin, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "ece": self.ece,
            "low": self.low,
            "high": self.high,
            "perfect": self.perfect,
            "bins": [each.to_dict() for each in self.bins],
        }


def expected_calibration_error(
    probability: NDArray[np.float64], correct: NDArray[np.bool_], *, bins: int = BINS
) -> float:
    """Mean gap between probability (n,) and share right, over `bins` bins of equal mass.

    Top-label ECE (Guo et al. 2017) with the equal-mass bins of Nixon et al. (2019); n ≥ 1. The
    order of the messages does not matter, also where probabilities are equal.
    """
    order = np.argsort(probability, kind="stable")
    ranked, right = probability[order], _shared(probability, correct)[order]
    return float(_error(ranked - right, bins))


def calibration(
    probability: NDArray[np.float64],
    correct: NDArray[np.bool_],
    *,
    groups: NDArray[np.intp] | None = None,
    seed: int = 0,
) -> Calibration | None:
    """Calibration of the likeliest driver's probability (n,); None without messages.

    The interval is the basic bootstrap over groups: resampling adds unevenness of its own, which
    a percentile interval would count twice. Where that takes off more than there is, the interval
    still holds the figure.
    """
    if not len(probability):
        return None
    groups = np.arange(len(probability)) if groups is None else groups
    random = np.random.default_rng(seed)
    error = expected_calibration_error(probability, correct)
    rows = (np.repeat(np.arange(len(groups)), times) for times in resamples(groups, random))
    drawn = [expected_calibration_error(probability[each], correct[each]) for each in rows]
    low, high = 2 * error - np.quantile(drawn, [0.975, 0.025])
    return Calibration(
        error,
        min(error, max(0.0, float(low))),
        max(error, float(high)),
        _error_if_perfect(probability, random),
        _bins(probability, correct, groups),
    )


def _error(gaps: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """ECE of gaps (…, n) sorted by probability: the sizes of the bins cancel out."""
    n = gaps.shape[-1]
    sums = np.add.reduceat(gaps, _starts(n, bins), axis=-1)
    return np.asarray(np.abs(sums).sum(axis=-1) / n)


def _shared(probability: NDArray[np.float64], correct: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The share right (n,) among messages of the very same probability."""
    _, group, sizes = np.unique(probability, return_inverse=True, return_counts=True)
    return np.asarray((np.bincount(group, weights=correct) / sizes)[group])


def _starts(n: int, bins: int) -> NDArray[np.intp]:
    """Where each bin begins, sizes differing by at most one."""
    return np.asarray(np.unique(np.arange(bins) * n // bins), dtype=np.intp)


def _error_if_perfect(probability: NDArray[np.float64], random: np.random.Generator) -> float:
    ranked = np.sort(probability)
    draws = (random.random(len(ranked)) < ranked for _ in range(RESAMPLES))
    return float(np.mean([_error(ranked - each, BINS) for each in draws]))


def _bins(
    probability: NDArray[np.float64], correct: NDArray[np.bool_], groups: NDArray[np.intp]
) -> tuple[Bin, ...]:
    order = np.argsort(probability, kind="stable")
    parts = np.split(order, _starts(len(order), min(SHOWN, max(1, len(order) // FULL)))[1:])
    return tuple(
        Bin(float(probability[each].mean()), grouped_rate(correct[each], groups[each]))
        for each in parts
    )
