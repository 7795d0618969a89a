"""A model's probabilities made to agree with earlier answers, and with this week's messages.

Twice a week, and frozen once made. At its start a provisional recalibration is fitted on the
answered draws of the four weeks before; when the week is over its final one keeps that fit and
takes the shares of the drivers from all of the week's messages. Neither sees an answer to a
question of the week itself: totals stay right on average.

Compress first, then recalibrate: what is kept of a prediction is its five largest probabilities
and the sum of the others (`compressed`), so a recomputation from the log gives the same numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.volumes.prevalence import emq, share_ratio
from classifier.volumes.terms import Floats

# In each grid the value that changes least comes first: it is kept where another is no better.
TEMPERATURES: Final = (1.0, 0.85, 1.2, 0.7, 1.5, 2.0, 2.6)
ALPHAS: Final = (0.0, 0.5, 1.0)
EPSILONS: Final = (0.01, 0.003, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3)
CAUTION: Final = 20.0
"""Answers' worth of doubt about a temperature other than 1."""
SHARES_OF_Q: Final = (0.6, 0.3, 0.1)  # answers, base, every column alike
SHARES_WITHOUT_ANSWERS: Final = (0.0, 0.9, 0.1)
MOST_WEEKS: Final = 4
TOP: Final = 5
LEAST: Final = 1e-300
TOLERANCE: Final = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class AnsweredDraws:
    """The drawn and answered messages of one week, as `volume_terms` takes them.

    `probabilities` (n, k) are the model's own, not recalibrated; `labels` (n,) column indices;
    `inclusion` (n,) in (0, 1]: π, or π·ρ̂. `q_emq` (k,) are the shares that week's final
    recalibration found, None if there was none. n may be 0.
    """

    probabilities: Floats
    labels: NDArray[np.integer]
    inclusion: Floats
    q_emq: Floats | None = None

    def __post_init__(self) -> None:
        n, k = np.shape(self.probabilities)
        if np.shape(self.labels) != (n,) or np.shape(self.inclusion) != (n,):
            raise ValueError(f"labels and inclusion must have shape ({n},)")
        if n and not 0 <= np.min(self.labels) <= np.max(self.labels) < k:
            raise ValueError("an answer needs a label that is one of the columns")
        if np.any(np.asarray(self.inclusion) <= 0) or np.any(np.asarray(self.inclusion) > 1):
            raise ValueError("inclusion must lie in (0, 1]")


@dataclass(frozen=True, eq=False, kw_only=True)
class Recalibration:
    """p̃ = (1−ε)·norm[p^(1/T)·(q_emq/q_base)^α] + ε·q, with norm: made to sum to 1.

    `temperature` T > 0 undoes too much or too little confidence, `alpha` in [0, 1] is how far the
    week's own shares are trusted, `epsilon` in [0, 1] how often the model is taken to be beside
    the question, and `q` (k,) what is likely then. `q_base` (k,) are the shares the model is
    calibrated to, `q_emq` (k,) those of a week's messages; where `q_base` is 0 (a driver without
    training data) their ratio is 1.
    """

    temperature: float
    alpha: float
    epsilon: float
    q: Floats
    q_base: Floats
    q_emq: Floats

    def __post_init__(self) -> None:
        if len({np.shape(each) for each in (self.q, self.q_base, self.q_emq)}) != 1:
            raise ValueError("q, q_base and q_emq need one value per column")
        if not (self.temperature > 0 and 0 <= self.alpha <= 1 and 0 <= self.epsilon <= 1):
            raise ValueError("temperature must be above 0, alpha and epsilon within [0, 1]")

    def apply(self, probabilities: ArrayLike) -> Floats:
        """(n, k) recalibrated probabilities, rows summing to 1, from the model's (n, k).

        Raises ValueError for another number of columns and for rows that do not sum to 1.
        """
        p = _distributions(probabilities, len(self.q))
        weights = share_ratio(self.q_emq, self.q_base) ** self.alpha
        told = _tempered(p, self.temperature, weights)
        return np.asarray((1 - self.epsilon) * told + self.epsilon * self.q)

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists of numbers, as JSON takes them."""
        scalars = {name: getattr(self, name) for name in _SCALARS}
        return scalars | {name: getattr(self, name).tolist() for name in _VECTORS}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Back from `to_dict`, exactly. KeyError if a value is missing."""
        scalars = {name: float(values[name]) for name in _SCALARS}
        vectors = {name: np.asarray(values[name], dtype=np.float64) for name in _VECTORS}
        return cls(**scalars, **vectors)  # type: ignore[arg-type]


_SCALARS: Final = ("temperature", "alpha", "epsilon")
_VECTORS: Final = ("q", "q_base", "q_emq")


def fit_provisional(q_base: ArrayLike, weeks: Sequence[AnsweredDraws] = ()) -> Recalibration:
    """The recalibration a week starts with: the likeliest given earlier answers.

    `q_base` (k,) sums to 1 and is 0 for drivers without training data; `weeks` are up to four
    previous weeks, oldest first. T, α and ε of the grids above maximize Σ log p̃/π over the
    answers, each week with its own `q_emq`, less 20·(ln T)²·mean(1/π). The result carries the last
    week's `q_emq`. Without an answer T = 1, α = 0, ε = 0.01.

    Raises ValueError for shapes that do not fit and for more than four weeks.
    """
    base = _distributions(np.atleast_2d(np.asarray(q_base)), np.size(q_base))[0]
    if len(weeks) > MOST_WEEKS:
        raise ValueError("a recalibration is fitted on at most four weeks")
    unfitted = Recalibration(
        temperature=TEMPERATURES[0],
        alpha=ALPHAS[0],
        epsilon=EPSILONS[0],
        q=_mixed(SHARES_WITHOUT_ANSWERS, base, base),
        q_base=base,
        q_emq=_last_shares(weeks, base),
    )
    if not sum(len(week.labels) for week in weeks):
        return unfitted
    return _fitted(replace(unfitted, q=_mixed(SHARES_OF_Q, _answered(weeks, base), base)), weeks)


def finalized(provisional: Recalibration, probabilities_of_the_week: ArrayLike) -> Recalibration:
    """The final recalibration of a week, from all of its messages, asked or not: (n, k).

    T, α, ε and q stay; only the shares of the drivers are this week's.
    """
    p = _distributions(probabilities_of_the_week, len(provisional.q))
    return replace(provisional, q_emq=emq(p, provisional.q_base))


def compressed(probabilities: ArrayLike, shares: ArrayLike, *, top: int = TOP) -> Floats:
    """(n, k) as they can be read back from a log: the `top` largest of a row are kept, and what
    is left is spread over the others in proportion to `shares` (k,), evenly where those are 0."""
    p = np.asarray(probabilities, dtype=np.float64)
    if p.shape[1] <= top:
        return p
    kept = np.zeros(p.shape, dtype=np.bool_)
    np.put_along_axis(kept, np.argsort(-p, axis=1, kind="stable")[:, :top], True, axis=1)
    others = np.where(kept, 0.0, np.asarray(shares, dtype=np.float64))
    others = np.where(others.sum(axis=1, keepdims=True) > 0, others, ~kept)
    rest = np.where(kept, 0.0, p).sum(axis=1, keepdims=True)
    return np.asarray(np.where(kept, p, rest * others / others.sum(axis=1, keepdims=True)))


def _fitted(start: Recalibration, weeks: Sequence[AnsweredDraws]) -> Recalibration:
    weight = np.concatenate([1 / np.asarray(week.inclusion) for week in weeks])
    by_chance = np.concatenate([start.q[week.labels] for week in weeks])
    found, best = start, -np.inf
    for temperature, alpha in product(TEMPERATURES, ALPHAS):
        told = np.concatenate([_told(start, week, temperature, alpha) for week in weeks])
        penalty = CAUTION * np.log(temperature) ** 2 * weight.mean()
        for epsilon in EPSILONS:
            mixture = (1 - epsilon) * told + epsilon * by_chance
            likelihood = weight @ np.log(np.maximum(mixture, LEAST)) - penalty
            if likelihood > best:
                found = replace(start, temperature=temperature, alpha=alpha, epsilon=epsilon)
                best = likelihood
    return found


def _told(start: Recalibration, week: AnsweredDraws, temperature: float, alpha: float) -> Floats:
    """(n,) what the answered drivers of a week had, before the mixture with q."""
    p = _distributions(week.probabilities, len(start.q))
    shares = start.q_base if week.q_emq is None else week.q_emq
    weights = share_ratio(shares, start.q_base) ** alpha
    told = _tempered(p, temperature, weights)
    return np.asarray(told[np.arange(len(p)), week.labels])


def _tempered(p: Floats, temperature: float, weights: Floats) -> Floats:
    """norm[p^(1/T)·weights]; a row to which the weights leave nothing stays as it is."""
    powers = (p if temperature == 1 else p ** (1 / temperature)) * weights
    sums = powers.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(powers, sums, out=p.copy(), where=sums > 0))


def _answered(weeks: Sequence[AnsweredDraws], base: Floats) -> Floats:
    """(k,) shares among the answers, weighted by 1/π."""
    counts = sum(
        np.bincount(week.labels, 1 / np.asarray(week.inclusion), minlength=len(base))
        for week in weeks
    )
    return np.asarray(counts / np.sum(counts))


def _mixed(parts: tuple[float, float, float], answered: Floats, base: Floats) -> Floats:
    return np.asarray(parts[0] * answered + parts[1] * base + parts[2] / len(base))


def _last_shares(weeks: Sequence[AnsweredDraws], base: Floats) -> Floats:
    last = weeks[-1].q_emq if weeks else None
    return base if last is None else np.asarray(last, dtype=np.float64)


def _distributions(probabilities: ArrayLike, columns: int) -> Floats:
    """(n, columns) checked, made to sum to 1 to the last digit."""
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 2 or p.shape[1] != columns:
        raise ValueError(f"probabilities must have shape (n, {columns})")
    sums = p.sum(axis=1, keepdims=True)
    if np.any(p < 0) or np.any(np.abs(sums - 1) > TOLERANCE):
        raise ValueError("probabilities must be 0 or more, and each row must sum to 1")
    return np.asarray(p / sums)
