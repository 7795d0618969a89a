"""Multinomial logistic regression by L-BFGS (Liu and Nocedal 1989), in 32 bits.

What scikit-learn's does, with half the memory and without holding the interpreter: with many
features and classes most of the time goes into the vectors that remember earlier steps.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import logsumexp

REMEMBERED: Final = 10
"""Steps that shape the next one."""

ENOUGH: Final = 1e-3
FLAT: Final = 0.9
"""A step must gain this share of what the slope promised, and leave at most this share of it."""

TRIES: Final = 20
WIDER: Final = 4.0

Vector = NDArray[np.float32]


class Point(NamedTuple):
    """Where a descent is, how high, and the slope there."""

    place: Vector
    loss: float
    slope: Vector


Height = Callable[[Vector], Point]


def regression(
    X: csr_matrix,
    truth: NDArray[np.intp],
    weights: NDArray[np.float64],
    start: Vector,
    *,
    strength: float,
    tolerance: float,
    steps: int,
) -> Vector:
    """Weights and, in the last row, intercepts (features + 1, k) of a softmax over k classes.

    Minimizes the mean loss of rows X (n, features), of classes `truth` (n,) in 0 … k-1, by
    `weights` (n,), plus the squared length of the weights over 2 · strength · Σ weights: the
    `LogisticRegression` of scikit-learn at C = strength. Sets out from `start` (features + 1, k);
    stops after so many steps, or where no slope is steeper than the tolerance.
    """
    shape, total = start.shape, float(weights.sum())
    share = (weights / total).astype(np.float32)
    penalty = np.float32(1.0 / (strength * total))
    turned = X.T.tocsr()

    def height(place: Vector) -> Point:
        learned = place.reshape(shape)
        logits = X @ learned[:-1] + learned[-1]
        tops = logsumexp(logits, axis=1)
        own = logits[np.arange(len(truth)), truth]
        loss = float(share @ (tops - own)) + float(penalty) / 2 * _length(learned[:-1].ravel()) ** 2
        logits -= tops[:, None]
        np.exp(logits, out=logits)
        logits[np.arange(len(truth)), truth] -= 1
        logits *= share[:, None]
        slope = np.empty(shape, dtype=np.float32)
        slope[:-1] = turned @ logits
        slope[:-1] += penalty * learned[:-1]
        slope[-1] = logits.sum(axis=0)
        return Point(place, loss, slope.ravel())

    return descent(height, start.ravel(), tolerance=tolerance, steps=steps).reshape(shape)


def descent(height: Height, start: Vector, *, tolerance: float, steps: int) -> Vector:
    """The lowest place that so many steps from the start lead to."""
    here = height(start)
    memory: deque[tuple[Vector, Vector, float]] = deque(maxlen=REMEMBERED)
    for _ in range(steps):
        if np.abs(here.slope).max() <= tolerance:
            break
        way = _way(here.slope, memory)
        there = _along(height, here, way, 1.0 if memory else 1.0 / _length(here.slope))
        if there is None:
            break
        moved, bent = there.place - here.place, there.slope - here.slope
        curved = float(np.dot(moved, bent))
        if curved > 0:
            memory.append((moved, bent, curved))
        here = there
    return here.place


def _way(slope: Vector, memory: deque[tuple[Vector, Vector, float]]) -> Vector:
    """Where to go: against the slope, bent by what earlier steps taught of the curvature."""
    way, shares = -slope, []
    for moved, bent, curved in reversed(memory):
        share = np.float32(np.dot(moved, way) / curved)
        shares.append(share)
        way -= share * bent
    if memory:
        _, bent, curved = memory[-1]
        way *= np.float32(curved / np.dot(bent, bent))
    for (moved, bent, curved), share in zip(memory, reversed(shares), strict=True):
        way += (share - np.float32(np.dot(bent, way) / curved)) * moved
    return way


def _along(height: Height, here: Point, way: Vector, step: float) -> Point | None:
    """A place along the way that is enough lower, and flat enough to have gone far enough; None
    where the ground is too rough to tell (rounding)."""
    promised = float(np.dot(here.slope, way))
    near, far, best = 0.0, None, None
    for _ in range(TRIES):
        there = height(here.place + np.float32(step) * way)
        if there.loss > here.loss + ENOUGH * step * promised:
            far = step
        elif float(np.dot(there.slope, way)) < FLAT * promised:
            near, best = step, there
        else:
            return there
        step = WIDER * step if far is None else (near + far) / 2
    return best


def _length(vector: Vector) -> float:
    return float(np.sqrt(np.dot(vector, vector)))
