"""Yes or no to each driver apart: one support vector machine a driver, on shared n-grams."""

from collections.abc import Sequence
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from classifier.compaction import RoundedLines

NEVER: Final = -2.0
"""The score of a driver nobody ever named: well on the side of no."""

SOLVING: Final = Lock()
"""One at a time: side by side, machines would draw from one stream of random numbers."""

CLOSE: Final = 1e-2
"""Where the machines stop: with the default, a hundredth of it, nothing that they say changes."""


class Machines(RoundedLines):
    """k machines, each for one driver against all that is not about it; weights are rounded.

    Attributes
    ----------
    classes_ : (k,) drivers
    coef_, intercept_ : (k, features) and (k,)
    """


def fit_machines(
    rows: csr_matrix,
    truth: NDArray[np.bool_],
    weights: NDArray[np.float64],
    drivers: Sequence[str],
    *,
    tolerance: float = CLOSE,
) -> Machines:
    """Fit on rows (n, features): which of the k drivers each is about (n, k), and what it weighs
    as an example of each (n, k), 0 where it is none either way."""
    read = csr_matrix(rows, dtype=np.float64)  # once, and not once a driver

    def line(driver: int) -> tuple[NDArray[np.float64], float]:
        about = truth[:, driver]
        if not about.any() or about.all():
            return np.zeros(read.shape[1]), -NEVER if about.any() else NEVER
        machine = LinearSVC(tol=tolerance, random_state=0)
        with SOLVING, threadpool_limits(limits=1):
            machine.fit(read, about, sample_weight=weights[:, driver])
        return machine.coef_[0], float(machine.intercept_[0])

    lines = [line(driver) for driver in range(len(drivers))]
    made = Machines()
    made.classes_ = np.asarray(drivers)
    made.coef_ = np.stack([coefficients for coefficients, _ in lines])
    made.intercept_ = np.array([intercept for _, intercept in lines])
    return made
