"""Which changes between two weeks are real: more than sampling and chance explain.

A change is real when customers contacted us for it at another rate. Two errors stand between two
weeks' volumes: that of the estimates, and that of the counts themselves, which at one and the same
rate differ from week to week as Poisson counts do.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from classifier.volumes.estimates import Volumes
from classifier.volumes.moderation import ratio
from classifier.volumes.terms import Floats

FALSE_ALARMS: Final = 0.05
"""The share of flags that may be false, and of weeks without any change that may have one."""


def real_changes(
    this: Volumes,
    previous: Volumes,
    *,
    shown: ArrayLike | None = None,
    rate: float = FALSE_ALARMS,
) -> NDArray[np.bool_]:
    """(columns,) True where the rate of messages changed between two weeks of the same columns.

    The difference of the blends against the variances of both totals and of two Poisson counts;
    Benjamini & Hochberg 1995 at `rate` over the columns `shown` (columns,) bool, all if it is not
    said. False where a column is not shown, or not known in either week. Raises ValueError if the
    numbers of columns differ.
    """
    if this.total.shape != previous.total.shape:
        raise ValueError("a change needs two weeks of the same columns")
    tested = this.known & previous.known
    if shown is not None:
        tested &= np.asarray(shown, dtype=np.bool_)
    variance = _variance(this) + _variance(previous)
    z = ratio(np.abs(this.blend - previous.blend), np.sqrt(variance))
    found = np.zeros(tested.shape, dtype=np.bool_)
    found[tested] = _rejected(2 * ndtr(-z[tested]), rate)
    return found


def _variance(volumes: Volumes) -> Floats:
    return np.asarray(volumes.variance + np.maximum(volumes.total, 0.0))


def _rejected(probabilities: Floats, rate: float) -> NDArray[np.bool_]:
    """Benjamini–Hochberg: all up to the largest p with p ≤ rate · its rank / their number."""
    order = np.sort(probabilities)
    allowed = rate * np.arange(1, len(order) + 1) / max(1, len(order))
    passed = order[order <= allowed]
    limit = passed[-1] if len(passed) else -1.0
    return np.asarray(probabilities <= limit)
