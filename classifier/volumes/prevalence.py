"""What share of a week's messages each driver has, from their probabilities alone."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from classifier.volumes.terms import Floats

MOST_ROUNDS: Final = 1000
SETTLED: Final = 1e-7  # summed change of the shares at which they are taken to stand still
LEAST_SHARE: Final = 1e-12


def emq(probabilities: ArrayLike, q_base: ArrayLike) -> Floats:
    """(k,) the shares under which this week's messages are likeliest, summing to `q_base`'s sum.

    `probabilities` (n, k), rows summing to 1, calibrated to the shares `q_base` (k,) of the
    messages a model was trained on. Columns with a base share of 0 (drivers without training
    data) keep what the model gives them: only the shares among the others move, and theirs stays
    0. Without messages the shares are those of `q_base`.

    Expectation maximization: Saerens, Latinne and Decaestecker, Adjusting the outputs of a
    classifier to new a priori probabilities (2002). Raises ValueError for shapes that do not fit.
    """
    p, base = np.asarray(probabilities, dtype=np.float64), np.asarray(q_base, dtype=np.float64)
    if p.ndim != 2 or base.shape != p.shape[1:] or np.any(base < 0):
        raise ValueError("probabilities need shape (n, k), q_base (k,) of shares")
    taught = base > 0
    shares = np.zeros_like(base)
    shares[taught] = base.sum() * _likeliest(p[:, taught], base[taught] / base.sum())
    return shares


def share_ratio(q_emq: Floats, q_base: Floats) -> Floats:
    """(k,) how much commoner each driver is than in training; 1 without training data."""
    known = q_base > 0
    return np.asarray(np.divide(q_emq, q_base, out=np.ones_like(q_base), where=known))


def _likeliest(p: Floats, base: Floats) -> Floats:
    """Each message counts for the probability that it is about one of these columns at all."""
    weight = p.sum(axis=1)
    if not weight.sum() > 0:
        return base
    p, weight = p[weight > 0], weight[weight > 0]
    shares: Floats = base
    for _ in range(MOST_ROUNDS):
        ratio = shares / base
        moved: Floats = ratio * ((weight / (p @ ratio)) @ p) / weight.sum()
        moved = np.maximum(moved, LEAST_SHARE)
        before, shares = shares, moved / moved.sum()
        if np.abs(shares - before).sum() < SETTLED:
            break
    return shares
