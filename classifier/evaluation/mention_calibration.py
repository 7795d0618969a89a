"""Whether the probabilities that a message is about each driver mean what they say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.calibration import BINS, Bin, Calibration
from classifier.evaluation.groups import RESAMPLES
from classifier.evaluation.rates import Rate, grouped_rate

SHOWN = 10
"""Bins to show, of equally many mentions expected: most drivers of a message are out of the
question, and bins of equally many probabilities would show little but zeros."""


@dataclass(frozen=True, slots=True)
class DriverShare:
    """One driver: the mean `probability` that a message is about it, and the `share` that is.

    `off`: the mean is outside the share's 95 % interval.
    """

    driver: str
    probability: float
    share: Rate

    @property
    def off(self) -> bool:
        return not self.share.low <= self.probability <= self.share.high

    @property
    def gap(self) -> float:
        """How much more is said than is so; negative where it is less."""
        return self.probability - (self.share.value or 0.0)

    def to_dict(self) -> dict[str, Any]:
        return {
            "driver": self.driver,
            "probability": self.probability,
            "share": self.share.to_dict(),
            "off": self.off,
        }


def mention_calibration(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.bool_],
    *,
    groups: NDArray[np.intp] | None = None,
    seed: int = 0,
) -> Calibration | None:
    """Calibration of n messages by k yes-or-no probabilities, all together; None without any.

    The error is that of `expected_calibration_error`, but equal probabilities share a bin. Its
    interval is the basic bootstrap over groups (n,), the bins staying as they are. `bins`, to
    show, are of equally many mentions expected.
    """
    if not probabilities.size:
        return None
    n, k = probabilities.shape
    number = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]
    pairs = _Pairs(probabilities.ravel(), truth.ravel(), np.repeat(number, k))
    random = np.random.default_rng(seed)
    places = _places(pairs.probability)
    error, drawn = _errors(pairs, places, random)
    low, high = 2 * error - np.quantile(drawn, [0.975, 0.025])
    return Calibration(
        error,
        min(error, max(0.0, float(low))),
        max(error, float(high)),
        _error_if_perfect(pairs.probability, places, random),
        tuple(_bins(pairs)),
    )


def driver_shares(
    drivers: Sequence[str],
    probabilities: NDArray[np.float64],
    truth: NDArray[np.bool_],
    groups: NDArray[np.intp],
) -> tuple[DriverShare, ...]:
    """Of each of k drivers, what n probabilities say on average beside what is so."""
    if not len(probabilities):
        return ()
    means = probabilities.mean(axis=0)
    return tuple(
        DriverShare(driver, float(means[column]), grouped_rate(truth[:, column], groups))
        for column, driver in enumerate(drivers)
    )


@dataclass(frozen=True, slots=True)
class _Pairs:
    """A message and a driver each: how likely, whether it is so, and the message's group."""

    probability: NDArray[np.float64]
    right: NDArray[np.bool_]
    group: NDArray[np.intp]


def _places(probability: NDArray[np.float64]) -> NDArray[np.intp]:
    """The bin of each: of equal mass, those of equal probability together."""
    ranked = np.sort(probability)
    edges = np.unique(ranked[np.arange(BINS) * len(ranked) // BINS])
    return np.asarray(np.searchsorted(edges, probability, side="right") - 1, dtype=np.intp)


def _errors(
    pairs: _Pairs, places: NDArray[np.intp], random: np.random.Generator
) -> tuple[float, NDArray[np.float64]]:
    """The error, and the errors in bootstrap samples of whole groups: sums per group and bin."""
    size = int(pairs.group.max()) + 1
    cells = np.bincount(
        pairs.group * BINS + places,
        weights=pairs.probability - pairs.right,
        minlength=size * BINS,
    ).reshape(size, BINS)
    held = np.bincount(pairs.group, minlength=size)
    draws = (random.integers(size, size=size) for _ in range(RESAMPLES))
    times = np.stack([np.bincount(each, minlength=size) for each in draws])
    drawn = np.abs(times @ cells).sum(axis=1) / (times @ held)
    return float(np.abs(cells.sum(axis=0)).sum() / held.sum()), drawn


def _error_if_perfect(
    probability: NDArray[np.float64], places: NDArray[np.intp], random: np.random.Generator
) -> float:
    """The mean error of a perfectly calibrated model with these very probabilities."""
    said = np.bincount(places, weights=probability)
    yes = (random.random(len(probability)) < probability for _ in range(RESAMPLES))
    gaps = [np.abs(said - np.bincount(places, weights=each)).sum() for each in yes]
    return float(np.mean(gaps) / len(probability))


def _bins(pairs: _Pairs) -> Iterator[Bin]:
    order = np.argsort(pairs.probability, kind="stable")
    expected = np.cumsum(pairs.probability[order])
    parts = np.searchsorted(expected, expected[-1] * np.arange(1, SHOWN) / SHOWN)
    for each in np.split(order, np.unique(parts)):
        if len(each):
            right = grouped_rate(pairs.right[each], pairs.group[each])
            yield Bin(float(pairs.probability[each].mean()), right)
