"""What machines say made a probability: one curve for all drivers, and what sets each apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from classifier.mentions.said import Said

LEAST: Final = 1e-4
"""No driver is taken to be less likely: its logarithm would say all there is to say."""

WORTH: Final = 10.0
"""How many doubtful messages' worth of evidence it takes to believe that a driver is different."""

STEPS: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class MentionCurve:
    """The probability that a message is about a driver, from what machines and the model say.

    The log-odds are `slopes` times (the score of the whole message, that of its loudest sentence,
    the log-odds that it is the primary driver, the logarithm of the number of sentences), plus
    `intercept`: one line for all drivers; of each driver, `scales` (k,) times that plus `shifts`
    (k,).
    """

    slopes: tuple[float, ...]
    intercept: float
    scales: NDArray[np.float64]
    shifts: NDArray[np.float64]

    def probability(self, said: Said, primary: NDArray[np.float64]) -> NDArray[np.float64]:
        """That n messages are about each driver (n, k), in [0, 1]; `primary` (n, k): that it is the
        primary one. Never less than that."""
        pooled = evidence(said, primary) @ np.array(self.slopes) + self.intercept
        found: NDArray[np.float64] = expit(self.scales * pooled + self.shifts)
        return np.maximum(found, primary)

    def to_dict(self) -> dict[str, Any]:
        """Plain data that `from_dict` reads back."""
        return {
            "slopes": list(self.slopes),
            "intercept": self.intercept,
            "scales": self.scales.tolist(),
            "shifts": self.shifts.tolist(),
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        scales, shifts = np.array(found["scales"]), np.array(found["shifts"])
        return cls(tuple(found["slopes"]), found["intercept"], scales, shifts)


def evidence(said: Said, primary: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a curve goes by, (n, k, 4)."""
    odds = logit(np.clip(primary, LEAST, 1 - LEAST))
    length = np.broadcast_to(np.log(said.sentences)[:, None], odds.shape)
    return np.stack([said.whole, said.loudest, odds, length], axis=2)


def fit_curve(said: Said, primary: NDArray[np.float64], truth: NDArray[np.bool_]) -> MentionCurve:
    """The curve under which what messages (n) are about (n, k) is likeliest (Platt 1999); what sets
    a driver apart is drawn to nothing where few messages show it."""
    seen = evidence(said, primary)
    pooled = LogisticRegression(C=1.0, max_iter=500)
    pooled.fit(seen.reshape(-1, seen.shape[2]), truth.ravel())
    slopes, intercept = pooled.coef_[0], float(pooled.intercept_[0])
    scales, shifts = _apart(seen @ slopes + intercept, truth)
    return MentionCurve(tuple(slopes.tolist()), intercept, scales, shifts)


def _apart(
    pooled: NDArray[np.float64], truth: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scale and shift (k,) of each driver's log-odds (n, k), by Newton's steps from 1 and 0; the
    departures from those are penalized as squares."""
    scales, shifts = np.ones(pooled.shape[1]), np.zeros(pooled.shape[1])
    for _ in range(STEPS):
        found = expit(scales * pooled + shifts)
        miss, spread = found - truth, found * (1 - found)
        slope = (miss * pooled).sum(axis=0) + WORTH * (scales - 1)
        level = miss.sum(axis=0) + shifts
        both = (spread * pooled).sum(axis=0)
        square, plain = (spread * pooled**2).sum(axis=0) + WORTH, spread.sum(axis=0) + 1.0
        size = square * plain - both**2
        scales = scales - (plain * slope - both * level) / size
        shifts = shifts - (square * level - both * slope) / size
    return scales, shifts
