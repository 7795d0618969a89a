"""A share with its interval and the count it rests on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binomtest, t

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """`right` of `n`, as a fraction of 1 between `low` and `high` (95 %, Clopper-Pearson).

    Without messages `value` is None and the interval is everything, 0 to 1.
    """

    value: float | None
    low: float
    high: float
    n: int

    def to_dict(self) -> dict[str, Any]:
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n}


def rate(right: int | NDArray[np.bool_], n: int | None = None) -> Rate:
    """The rate of `right` among `n`, or of the true values of a mask."""
    if n is None:
        right = np.asarray(right, dtype=bool)
        n = right.size
    hits = int(np.sum(right))
    if n == 0:
        return Rate(None, 0.0, 1.0, 0)
    interval = binomtest(hits, n).proportion_ci(LEVEL, method="exact")
    return Rate(hits / n, float(interval.low), float(interval.high), n)


def grouped_rate(
    right: NDArray[np.bool_],
    groups: NDArray[np.intp],
    weights: NDArray[np.float64] | None = None,
) -> Rate:
    """The rate of `right` (n,), messages of one group standing or falling together.

    `groups` (n,) numbers; `weights` (n,) > 0, as 1/π, give a weighted mean (Hájek). The interval
    is Clopper-Pearson at the effective number of messages (Korn and Graubard 1998): as many
    separate, equally weighted ones as would vary as much.
    """
    n = len(right)
    separate = len(np.unique(groups)) == n
    if n == 0 or (separate and weights is None):
        return rate(right)
    weights = np.ones(n) if weights is None else weights
    value = float(np.average(right, weights=weights))
    return _at(value, effective_number(right, groups, weights, value), n)


def grouped_mean(values: NDArray[np.float64], groups: NDArray[np.intp]) -> Rate:
    """The mean of `values` (n,) in [0, 1], messages of one group together, as `grouped_rate`.

    What is partly right varies less than what is right or wrong, so that the effective number may
    be more than n.
    """
    n = len(values)
    if n == 0:
        return rate(0, 0)
    value = float(values.mean())
    size = effective_number(values, groups, np.ones(n), value, most=float("inf"))
    return _at(value, size, n)


def _at(value: float, size: float, n: int) -> Rate:
    """The Clopper-Pearson interval of a value of n messages, at the effective number of them."""
    low = beta.ppf((1 - LEVEL) / 2, value * size, (1 - value) * size + 1) if value > 0 else 0.0
    high = beta.ppf((1 + LEVEL) / 2, value * size + 1, (1 - value) * size) if value < 1 else 1.0
    return Rate(value, float(low), float(high), n)


def effective_number(
    right: NDArray[np.bool_] | NDArray[np.float64],
    groups: NDArray[np.intp],
    weights: NDArray[np.float64],
    value: float,
    *,
    most: float | None = None,
) -> float:
    """How many separate, equally weighted messages would vary as much; at most n, or `most`."""
    n, number = len(right), np.unique(groups, return_inverse=True)[1]
    total, parts = weights.sum(), np.bincount(number, weights=weights)
    if len(parts) < 2:
        return 1.0
    if value in (0.0, 1.0):
        return float(min(n, total**2 / np.sum(parts**2)))
    gaps = np.bincount(number, weights=weights * (right - value))
    if not gaps.any():
        return float(n)
    variance = len(parts) / (len(parts) - 1) * np.sum(gaps**2) / total**2
    trust = (t.ppf((1 + LEVEL) / 2, n - 1) / t.ppf((1 + LEVEL) / 2, len(parts) - 1)) ** 2
    return float(min(most or n, trust * value * (1 - value) / variance))
