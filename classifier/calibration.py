"""Makes scores mean what they say: the temperature of the drivers, the curve of the unknown."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, logit, softmax
from sklearn.linear_model import LogisticRegression

FEWEST = 10
"""Known and unknown messages, each, below which the score says nothing and the prior holds."""

PENALTY = 2.0
"""How many messages' worth of doubt it takes to move the temperature away from 1."""

LOWEST, HIGHEST = 0.05, 20.0


@dataclass(frozen=True, slots=True)
class UnknownCurve:
    """The probability that a message is about none of the drivers, given its unknown score.

    A logistic curve, never falling: `slope` ≥ 0; with slope 0 it is the prior, whatever the score.
    """

    intercept: float
    slope: float

    def probability(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Raw scores (n,) to probabilities in [0, 1] (n,)."""
        return np.asarray(expit(self.intercept + self.slope * scores), dtype=np.float64)


def tempered(logits: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Logits (n, k), -inf allowed, to probabilities (n, k) whose rows sum to 1."""
    return np.asarray(softmax(logits / temperature, axis=1), dtype=np.float64)


def fit_temperature(logits: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    """The temperature under which messages' own drivers are likeliest (Guo et al. 2017).

    `logits` (n, k) are of messages the model was not trained on; `truth` (n,) their columns.
    Rows whose own column is -inf (a driver the fold did not see) say nothing. Between 0.05 and
    20, drawn towards 1 when there are few messages; 1 without any.
    """
    own = logits[np.arange(len(truth)), truth]
    usable, columns = logits[np.isfinite(own)], truth[np.isfinite(own)]
    rows = np.arange(len(columns))

    def loss(logarithm: float) -> float:
        logs = log_softmax(usable * np.exp(-logarithm), axis=1)
        return float(PENALTY * logarithm**2 - logs[rows, columns].sum())

    found = minimize_scalar(loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded")
    return float(np.exp(found.x))


def fit_unknown_curve(
    known: NDArray[np.float64], unknown: NDArray[np.float64], prior: float
) -> UnknownCurve:
    """The curve through scores of messages about a driver (n,) and about none of them (m,).

    `prior` in (0, 1) is the share of unknown messages to expect, whatever n and m are.
    """
    flat = UnknownCurve(float(logit(prior)), 0.0)
    scores = np.concatenate([known, unknown])
    if min(len(known), len(unknown)) < FEWEST or scores.std() == 0:
        return flat
    center, spread = scores.mean(), scores.std()
    balanced = LogisticRegression(class_weight="balanced")
    balanced.fit(((scores - center) / spread)[:, None], np.arange(len(scores)) >= len(known))
    slope = float(balanced.coef_[0, 0] / spread)
    if slope <= 0:
        return flat
    intercept = float(balanced.intercept_[0] - slope * center + logit(prior))
    return UnknownCurve(intercept, slope)
