"""From which probability a driver is said of a message: a limit each, for the best F1 of all."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

GRID: Final = np.arange(5, 96) / 100.0
USUAL: Final = 0.5
SHARED: Final = 100.0
"""How many messages about it a driver needs until its own weigh as much as those of all others."""

TIE: Final = 1e-6
"""Of limits that do equally well, the one nearest the usual one is taken."""

ROUNDS: Final = 10


def fit_limits(
    probabilities: NDArray[np.float64], truth: NDArray[np.bool_], open_: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The limit (k,) of each driver under which what is said of messages (n) has the best micro-F1.

    `probabilities` and `truth` (n, k), whether the message is about the driver; only what is
    `open_` (n, k) is decided by a limit. F1 = 2·right / (said + true) is best where each driver's
    2·right - F1·said is (Dinkelbach 1967; for one driver, Lipton, Elkan and Naryanaswamy 2014). A
    driver with few messages goes by those of all.
    """
    right, said = _reached(probabilities, truth & open_), _reached(probabilities, open_)
    true = float((truth & open_).sum())
    if not true:
        return np.full(probabilities.shape[1], USUAL)
    places = np.full(probabilities.shape[1], int(np.searchsorted(GRID, USUAL)))
    drivers = np.arange(len(places))
    for _ in range(ROUNDS):
        best = 2 * right[places, drivers].sum() / (said[places, drivers].sum() + true)
        gain = 2 * right - best * said
        gain += SHARED / true * gain.sum(axis=1, keepdims=True)
        places = (gain - TIE * np.abs(GRID - USUAL)[:, None]).argmax(axis=0)
    return np.asarray(GRID[places], dtype=np.float64)


def _reached(probabilities: NDArray[np.float64], counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How many of those counted (n, k) reach each limit of the grid (g, k)."""
    found = np.empty((len(GRID), probabilities.shape[1]))
    for driver in range(probabilities.shape[1]):
        ranked = np.sort(probabilities[counted[:, driver], driver])
        found[:, driver] = len(ranked) - np.searchsorted(ranked, GRID, side="left")
    return found
