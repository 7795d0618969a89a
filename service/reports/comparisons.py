"""A week's volumes beside those of an earlier week: how much they changed, and whether for real."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.volumes import Change, real_changes, volume_change
from service.reports.estimating import Estimator
from service.reports.values import Estimate

SHOWN = 0.5
"""A volume of less reads as zero: a driver with none in both weeks is no row to be wrong about."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes of a week against an earlier one: (columns,) each, where both were measured."""

    change: Change
    real: NDArray[np.bool_]
    known: NDArray[np.bool_]

    def moved(self, column: int) -> Estimate | None:
        """The change in messages; None where either week was not measured."""
        if not self.known[column]:
            return None
        each = (self.change.difference, self.change.low, self.change.high)
        return Estimate(*(float(numbers[column]) for numbers in each))

    def is_real(self, column: int) -> bool | None:
        return bool(self.real[column]) if self.known[column] else None


def compared(estimator: Estimator, week: str, earlier: str) -> Comparison:
    """A week against an earlier one, in the columns of the estimator."""
    now, then = estimator.volumes(week), estimator.volumes(earlier)
    answered = min(estimator.terms(each).answers for each in (week, earlier)) > 0
    change = volume_change(now, then)
    shown = np.maximum(now.point, then.point) >= SHOWN
    return Comparison(change, real_changes(now, then, shown=shown), change.known & answered)
