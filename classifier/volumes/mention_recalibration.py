"""Probabilities that a message is about a driver at all, made to agree with earlier answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_expit, logit

from classifier.volumes.recalibration import CAUTION, MOST_WEEKS, TEMPERATURES
from classifier.volumes.terms import Floats

LEAST: Final = 1e-4
"""How near to 0 and to 1 a probability may come: nothing is certain before a person said it."""
SHIFT_CAUTION: Final = 2.0
"""Weight of a squared shift, in answers: half a unit on the logit scale is quite ordinary."""
ROUNDS: Final = 12
FARTHEST: Final = 1.0  # one step of Newton's method


@dataclass(frozen=True, eq=False, kw_only=True)
class AnsweredMentions:
    """The drawn and answered messages of one week: `probabilities` (n, k) as the model gave them,
    `labels` (n, k) of 0 and 1, `inclusion` (n,) in (0, 1]: π, or π·ρ̂. n may be 0."""

    probabilities: Floats
    labels: ArrayLike
    inclusion: Floats

    def __post_init__(self) -> None:
        shape = np.shape(self.probabilities)
        if np.shape(self.labels) != shape or np.shape(self.inclusion) != shape[:1]:
            raise ValueError(f"labels must have shape {shape}, inclusion {shape[:1]}")
        if np.any(np.asarray(self.inclusion) <= 0) or np.any(np.asarray(self.inclusion) > 1):
            raise ValueError("inclusion must lie in (0, 1]")


@dataclass(frozen=True, eq=False, kw_only=True)
class MentionRecalibration:
    """logit p̃ = logit(p)/T + shift, per driver: `temperature` and `shift` (k,)."""

    temperature: Floats
    shift: Floats

    def __post_init__(self) -> None:
        if np.shape(self.temperature) != np.shape(self.shift) or np.any(self.temperature <= 0):
            raise ValueError("every driver needs a temperature above 0 and a shift")

    def apply(self, probabilities: ArrayLike) -> Floats:
        """(n, k) in [0.0001, 0.9999] from (n, k) in [0, 1]; rows need not sum to 1."""
        p = np.asarray(probabilities, dtype=np.float64)
        if p.ndim != 2 or p.shape[1] != len(self.shift):
            raise ValueError(f"probabilities must have shape (n, {len(self.shift)})")
        moved = expit(_logits(p) / self.temperature + self.shift)
        return np.asarray(np.clip(moved, LEAST, 1 - LEAST))

    @classmethod
    def none(cls, columns: int) -> Self:
        """One that changes nothing: T = 1 and no shift for each of so many drivers."""
        return cls(temperature=np.ones(columns), shift=np.zeros(columns))

    def to_dict(self) -> dict[str, Any]:
        """Lists of numbers, as JSON takes them."""
        return {"temperature": self.temperature.tolist(), "shift": self.shift.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Back from `to_dict`, exactly. KeyError if a value is missing."""
        return cls(
            temperature=np.asarray(values["temperature"], dtype=np.float64),
            shift=np.asarray(values["shift"], dtype=np.float64),
        )


def fit_mentions(columns: int, weeks: Sequence[AnsweredMentions] = ()) -> MentionRecalibration:
    """The likeliest recalibration of `columns` drivers given up to four weeks of answers.

    Per driver, Σ log-likelihood/π less (20·(ln T)² + 2·shift²)·mean(1/π) is maximized over the
    temperatures of `Recalibration` and every shift. Without an answer nothing changes: T = 1 and
    no shift. There are no shares to follow: mentions of different drivers exclude nothing.

    Raises ValueError for another number of columns and for more than four weeks.
    """
    if len(weeks) > MOST_WEEKS:
        raise ValueError("a recalibration is fitted on at most four weeks")
    if any(np.shape(week.probabilities)[1:] != (columns,) for week in weeks):
        raise ValueError(f"probabilities must have shape (n, {columns})")
    if not sum(len(week.probabilities) for week in weeks):
        return MentionRecalibration.none(columns)
    logits = np.concatenate([_logits(week.probabilities) for week in weeks])
    y = np.concatenate([np.asarray(week.labels, dtype=np.float64) for week in weeks])
    weight = np.concatenate([1 / np.asarray(week.inclusion) for week in weeks])
    return _likeliest(logits, y, weight / weight.mean())


def _likeliest(logits: Floats, y: Floats, weight: Floats) -> MentionRecalibration:
    """`weight` has mean 1: a penalty is then in answers."""
    columns = logits.shape[1]
    temperature: Floats = np.ones(columns)
    shift: Floats = np.zeros(columns)
    best: Floats = np.full(columns, -np.inf)
    for candidate in TEMPERATURES:
        moved = _shift(logits / candidate, y, weight)
        scores = logits / candidate + moved
        likelihood = weight @ (y * log_expit(scores) + (1 - y) * log_expit(-scores))
        likelihood -= CAUTION * np.log(candidate) ** 2 + SHIFT_CAUTION * moved**2
        better = likelihood > best
        best = np.where(better, likelihood, best)
        temperature = np.where(better, candidate, temperature)
        shift = np.where(better, moved, shift)
    return MentionRecalibration(temperature=temperature, shift=shift)


def _shift(scores: Floats, y: Floats, weight: Floats) -> Floats:
    """(k,) by Newton's method: the penalized likelihood is concave in each."""
    shift: Floats = np.zeros(scores.shape[1])
    for _ in range(ROUNDS):
        p = expit(scores + shift)
        slope = weight @ (y - p) - 2 * SHIFT_CAUTION * shift
        bend = weight @ (p * (1 - p)) + 2 * SHIFT_CAUTION
        shift = shift + np.clip(slope / bend, -FARTHEST, FARTHEST)
    return shift


def _logits(p: ArrayLike) -> Floats:
    return np.asarray(logit(np.clip(p, LEAST, 1 - LEAST)))
