"""The change between two weeks' volumes, with limits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.volumes.estimates import Volumes
from classifier.volumes.terms import Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class Change:
    """Difference in messages, this week minus the previous one: (columns,) each.

    `low` and `high` are its limits at the level of the two volumes; `known` is False where
    either week was not measured.
    """

    difference: Floats
    low: Floats
    high: Floats
    known: NDArray[np.bool_]


def volume_change(this: Volumes, previous: Volumes) -> Change:
    """Difference of two counts of the same columns with MOVER limits (Zou & Donner 2008).

    The two weeks' errors are independent: each week draws its own messages. Raises ValueError if
    the numbers of columns differ.
    """
    if this.total.shape != previous.total.shape:
        raise ValueError("a change needs two weeks of the same columns")
    now = np.clip(this.total, this.low, this.high)
    before = np.clip(previous.total, previous.low, previous.high)
    low = now - before - np.hypot(now - this.low, previous.high - before)
    high = now - before + np.hypot(this.high - now, before - previous.low)
    return Change(
        difference=np.clip(this.point - previous.point, low, high),
        low=low,
        high=high,
        known=this.known & previous.known,
    )
