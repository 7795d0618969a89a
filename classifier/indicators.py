"""Sets of drivers as rows of yes and no."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def indicators(named: Sequence[Sequence[str]], drivers: Sequence[str]) -> NDArray[np.bool_]:
    """Which of the k drivers are among those named of each message (n, k); others are left out."""
    column = {driver: number for number, driver in enumerate(drivers)}
    found = np.zeros((len(named), len(drivers)), dtype=bool)
    for row, each in enumerate(named):
        found[row, [column[driver] for driver in each if driver in column]] = True
    return found
