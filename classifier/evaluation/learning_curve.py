"""What more labels are worth: accuracy against labels, and the power law that carries it on."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.groups import group_numbers, resamples
from classifier.evaluation.rates import Rate, grouped_rate
from classifier.together import together

SHARES: Final = (0.25, 0.5, 0.75, 1.0)
EXTRA: Final = 200
RESAMPLES: Final = 400

Score = Callable[[NDArray[np.intp]], NDArray[np.bool_]]
"""Train on these rows of the labeled messages; right or not (m,) on always the same others."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Accuracy on the judging messages after training on `labels`."""

    labels: int
    accuracy: Rate

    def to_dict(self) -> dict[str, Any]:
        return {"labels": self.labels, "accuracy": self.accuracy.to_dict()}


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningCurve:
    """Points, fewest labels first, and what `extra` labels more would add to the `labels` of now.

    `scale`, `power`: a share scale · labels^−power is wrong. `gain`: points of accuracy, as a
    fraction of 1, with its 95 % interval: a bootstrap over groups of judging messages. It knows
    nothing of the luck in which messages were labeled, nor of labels chosen better than these.
    """

    points: tuple[CurvePoint, ...]
    scale: float
    power: float
    labels: int
    extra: int
    gain: float
    gain_low: float
    gain_high: float

    def wrong(self, labels: float) -> float:
        """The share the power law expects to be wrong after training on so many labels."""
        return float(min(1.0, self.scale * labels**-self.power))

    def to_dict(self) -> dict[str, Any]:
        return {
            "points": [each.to_dict() for each in self.points],
            "scale": self.scale,
            "power": self.power,
            "labels": self.labels,
            "extra": self.extra,
            "gain": self.gain,
            "gain_interval": [self.gain_low, self.gain_high],
        }

    def sentence(self) -> str:
        """What more labels are worth, in words."""
        low, high = 100 * self.gain_low, 100 * self.gain_high
        return (
            f"{self.extra:,} more labels are worth about {100 * self.gain:+.1f} points of accuracy "
            f"({low:+.1f} to {high:+.1f})."
        )


def learning_curve(
    labels: Sequence[str],
    score: Score,
    *,
    shares: Sequence[float] = SHARES,
    groups: Sequence[str] | None = None,
    judging_groups: Sequence[str] | None = None,
    now: int | None = None,
    extra: int = EXTRA,
    seed: int = 0,
    workers: int = 1,
) -> LearningCurve:
    """Train on ever larger parts of the labeled messages and judge each on the same others.

    `labels` (n,): each message's driver, kept in proportion; `groups` (n,) stay together; `score`
    is called once per share of `shares` in (0, 1]. `now`: the labels that more are added to, by
    default all n. `workers`: how many parts at a time. Raises ValueError without two sizes to
    compare.
    """
    parts = nested(labels, shares, groups=groups, seed=seed)
    right = np.stack(together(score, parts, workers))
    sizes = [len(rows) for rows in parts]
    return fitted(sizes, right, groups=judging_groups, now=now, extra=extra, seed=seed)


def nested(
    labels: Sequence[str],
    shares: Sequence[float],
    *,
    groups: Sequence[str] | None = None,
    seed: int = 0,
) -> list[NDArray[np.intp]]:
    """Rows for each share, smallest first, each part inside the next, drivers in proportion.

    Groups are dealt by a seeded hash within the driver of their first message.
    """
    keys = [str(row) for row in range(len(labels))] if groups is None else list(groups)
    keys = [key or f"\0{row}" for row, key in enumerate(keys)]
    driver_of: dict[str, str] = {}
    for key, label in zip(keys, labels, strict=True):
        driver_of.setdefault(key, label)
    ranks = _ranks(driver_of, seed)
    rank = np.array([ranks[key] for key in keys])
    return [np.flatnonzero(rank < share) for share in sorted(set(shares))]


def fitted(
    sizes: Sequence[int],
    right: NDArray[np.bool_],
    *,
    groups: Sequence[str] | None = None,
    now: int | None = None,
    extra: int = EXTRA,
    seed: int = 0,
) -> LearningCurve:
    """The curve through `right` (s, m): after training on each of s sizes, on m same messages.

    `now`: the labels that more are added to, by default the largest size.
    """
    if len(set(sizes)) < 2 or min(sizes) < 1 or right.shape[1] == 0:
        raise ValueError("a learning curve takes two sizes of training, and messages to judge by")
    numbers = group_numbers(groups, right.shape[1])
    at = np.asarray(sizes, dtype=np.float64)
    drawn = resamples(numbers, np.random.default_rng(seed), times=RESAMPLES)
    labels = max(sizes) if now is None else now
    gains = [
        _gain(*_power_law(at, right, times.astype(np.float64)), labels, extra) for times in drawn
    ]
    low, high = np.quantile(gains, [0.025, 0.975])
    scale, power = _power_law(at, right, np.ones(right.shape[1]))
    return LearningCurve(
        points=tuple(
            CurvePoint(size, grouped_rate(row, numbers))
            for size, row in zip(sizes, right, strict=True)
        ),
        scale=scale,
        power=power,
        labels=labels,
        extra=extra,
        gain=_gain(scale, power, labels, extra),
        gain_low=float(low),
        gain_high=float(high),
    )


def _ranks(driver_of: dict[str, str], seed: int) -> dict[str, float]:
    """A place in [0, 1) per group, evenly spread within its driver, in hashed order."""
    inside: dict[str, list[str]] = {}
    for key in sorted(driver_of, key=lambda key: _hash(f"{seed} {key}")):
        inside.setdefault(driver_of[key], []).append(key)
    return {
        key: (place + _start(driver, seed)) / len(keys)
        for driver, keys in inside.items()
        for place, key in enumerate(keys)
    }


def _start(driver: str, seed: int) -> float:
    """In [0, 1): drivers of few messages do not all begin, or end, at the same share."""
    return int(_hash(f"{seed} {driver}")[:8], 16) / 2**32


def _power_law(
    sizes: NDArray[np.float64], right: NDArray[np.bool_], times: NDArray[np.float64]
) -> tuple[float, float]:
    """Least squares of log(share wrong) on log(size), weighted by how sure each share is.

    More labels never hurt: the power is at least 0. Half a mistake is added to each, so that a
    faultless row has a logarithm.
    """
    n = times.sum()
    mistakes = (~right) @ times
    wrong = (mistakes + 0.5) / (n + 1.0)
    weights = np.sqrt(n * wrong / (1.0 - wrong))
    slope = np.polyfit(np.log(sizes), np.log(wrong), 1, w=weights)[0]
    power = max(0.0, -float(slope))
    level = np.average(np.log(wrong) + power * np.log(sizes), weights=weights**2)
    return float(np.exp(level)), power


def _gain(scale: float, power: float, size: float, extra: int) -> float:
    return float(scale * (size**-power - (size + extra) ** -power))


def _hash(written: str) -> str:
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()
