"""A share with its interval and the count it rests on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

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
