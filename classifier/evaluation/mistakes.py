"""Where the model is wrong: driver by driver, and which it takes for which."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.groups import resamples
from classifier.evaluation.outcomes import Outcomes
from classifier.evaluation.rates import Rate, grouped_rate

SHOWN_IDS = 5


@dataclass(frozen=True, slots=True)
class DriverScore:
    """One driver: of what the model calls so how much is right, of what is so how much is found.

    `support` is the number of messages people gave this driver. The 95 % interval of `f1` is that
    of J, the share on which both agree of all that people or the model give this driver: F1 is
    2J / (1 + J). So it is as wide as few messages make it, also where all are right.
    """

    driver: str
    support: int
    precision: Rate
    recall: Rate
    f1: float
    f1_low: float
    f1_high: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "driver": self.driver,
            "support": self.support,
            "precision": self.precision.to_dict(),
            "recall": self.recall.to_dict(),
            "f1": self.f1,
            "f1_interval": [self.f1_low, self.f1_high],
        }


@dataclass(frozen=True, slots=True)
class Confusion:
    """`count` messages about `label` that the model took for `predicted`; ids of some."""

    label: str
    predicted: str
    count: int
    message_ids: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "predicted": self.predicted,
            "count": self.count,
            "message_ids": list(self.message_ids),
        }


@dataclass(frozen=True, slots=True)
class FScores:
    """F1 over the counted messages: `macro` weighs drivers, `micro` answers; None without any.

    Drivers that neither people nor the model name are left out, as scikit-learn does. Intervals
    are 95 % percentile bootstraps over groups of messages.
    """

    macro: float | None
    macro_low: float
    macro_high: float
    micro: float | None
    micro_low: float
    micro_high: float


def scores(found: Outcomes, *, seed: int = 0) -> tuple[FScores, tuple[DriverScore, ...]]:
    """F1 over messages with a driver the model knows, and every driver in the model's order."""
    rows = np.flatnonzero(found.counted)
    overall = f_scores(found.truth[rows], found.chosen[rows], found.groups[rows], seed=seed)
    return overall, tuple(_driver(found, rows, column) for column in range(len(found.drivers)))


def f_scores(
    truth: NDArray[np.bool_],
    chosen: NDArray[np.bool_],
    groups: NDArray[np.intp],
    *,
    seed: int = 0,
) -> FScores:
    """F1 of the drivers people and the model name (n, k), messages of a group (n,) together."""
    drawn = _resampled(truth, chosen, groups, seed) if len(truth) else None
    return _overall(truth, chosen, drawn)


def macro_f1(
    truth: NDArray[np.bool_], chosen: NDArray[np.bool_], weights: NDArray[np.float64]
) -> float:
    """Macro F1 of messages (n, k), each counted `weights` (n,) times."""
    f1, present, _ = _f1(*(weights @ each for each in (truth & chosen, truth, chosen)))
    return float(f1[present].mean()) if present.any() else 0.0


@dataclass(frozen=True, slots=True)
class _Resampled:
    """F1 over all drivers (r,) in r bootstrap samples."""

    macro: NDArray[np.float64]
    micro: NDArray[np.float64]


def _resampled(
    truth: NDArray[np.bool_], chosen: NDArray[np.bool_], groups: NDArray[np.intp], seed: int
) -> _Resampled:
    """Resample whole groups: each sample a row of counts, each count a product."""
    columns = np.hstack([truth & chosen, truth, chosen]).astype(np.float32)
    times = np.stack(list(resamples(groups, np.random.default_rng(seed)))).astype(np.float32)
    f1, present, micro = _f1(*np.split((times @ columns).astype(np.float64), 3, axis=1))
    macro = f1.sum(axis=1, where=present) / np.maximum(present.sum(axis=1), 1)
    return _Resampled(macro, micro)


def _overall(
    truth: NDArray[np.bool_], chosen: NDArray[np.bool_], drawn: _Resampled | None
) -> FScores:
    if drawn is None:
        return FScores(None, 0.0, 1.0, None, 0.0, 1.0)
    f1, present, micro = _f1(*(each.sum(axis=0) for each in (truth & chosen, truth, chosen)))
    return FScores(
        float(f1[present].mean()), *_interval(drawn.macro), float(micro), *_interval(drawn.micro)
    )


def _driver(found: Outcomes, rows: NDArray[np.intp], column: int) -> DriverScore:
    truth, chosen = found.truth[rows, column], found.chosen[rows, column]
    groups = found.groups[rows]
    f1 = _f1(np.sum(truth & chosen), truth.sum(), chosen.sum())[0]
    either = truth | chosen
    agreed = grouped_rate((truth & chosen)[either], groups[either])
    return DriverScore(
        found.drivers[column],
        int(truth.sum()),
        grouped_rate(truth[chosen], groups[chosen]),
        grouped_rate(chosen[truth], groups[truth]),
        float(f1),
        2 * agreed.low / (1 + agreed.low),
        2 * agreed.high / (1 + agreed.high),
    )


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The middle 95 % of resampled values."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def confusions(found: Outcomes, *, most: int = 20) -> tuple[Confusion, ...]:
    """The pairs taken for each other most, by count and then by name; ids only, never text."""
    pairs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in np.flatnonzero(found.counted & ~found.correct):
        pair = (found.labels[row][0], found.drivers[found.likeliest[row]])
        pairs[pair].append(found.message_ids[row])
    ranked = sorted(pairs.items(), key=lambda each: (-len(each[1]), each[0]))
    return tuple(Confusion(*pair, len(ids), tuple(ids[:SHOWN_IDS])) for pair, ids in ranked[:most])


def _f1(
    hits: NDArray[np.float64], named: NDArray[np.float64], said: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """F1 per driver (…, k), whether anybody named it, and micro F1 (…)."""
    total = np.asarray(named + said, dtype=np.float64)
    each = 2.0 * hits / np.where(total > 0, total, 1.0)
    micro = 2.0 * np.sum(hits, axis=-1) / np.maximum(np.sum(total, axis=-1), 1e-12)
    return np.asarray(each), np.asarray(total > 0), np.asarray(micro)
