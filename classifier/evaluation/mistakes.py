"""Where the model is wrong: driver by driver, and which it takes for which."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support

from classifier.evaluation.outcomes import Outcomes
from classifier.evaluation.rates import Rate, rate

SHOWN_IDS = 5
RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class DriverScore:
    """One driver: of what the model calls so how much is right, of what is so how much is found.

    `support` is the number of messages people gave this driver.
    """

    driver: str
    support: int
    precision: Rate
    recall: Rate
    f1: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "driver": self.driver,
            "support": self.support,
            "precision": self.precision.to_dict(),
            "recall": self.recall.to_dict(),
            "f1": self.f1,
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

    Drivers that neither people nor the model name are left out, as scikit-learn does. The
    interval of `macro` is a 95 % percentile bootstrap over messages.
    """

    macro: float | None
    macro_low: float
    macro_high: float
    micro: float | None


def driver_scores(found: Outcomes) -> tuple[DriverScore, ...]:
    """Every driver the model knows, in the model's order."""
    truth, chosen = found.truth[found.counted], found.chosen[found.counted]
    hits, named, said = (truth & chosen).sum(axis=0), truth.sum(axis=0), chosen.sum(axis=0)
    f1 = _f1(hits, named, said)
    return tuple(
        DriverScore(
            driver,
            int(named[i]),
            rate(int(hits[i]), int(said[i])),
            rate(int(hits[i]), int(named[i])),
            float(f1[i]),
        )
        for i, driver in enumerate(found.drivers)
    )


def f_scores(found: Outcomes, *, seed: int = 0) -> FScores:
    """Macro and micro F1 over messages with a driver the model knows."""
    truth, chosen = found.truth[found.counted], found.chosen[found.counted]
    if not len(truth):
        return FScores(None, 0.0, 1.0, None)
    seen = (truth | chosen).any(axis=0)
    truth, chosen = truth[:, seen], chosen[:, seen]
    macro = precision_recall_fscore_support(truth, chosen, average="macro", zero_division=0)[2]
    micro = precision_recall_fscore_support(truth, chosen, average="micro", zero_division=0)[2]
    low, high = np.quantile(_macro_resampled(truth, chosen, seed), [0.025, 0.975])
    return FScores(float(macro), float(low), float(high), float(micro))


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
) -> NDArray[np.float64]:
    return np.asarray(2.0 * hits / np.maximum(named + said, 1.0), dtype=np.float64)


def _macro_resampled(
    truth: NDArray[np.bool_], chosen: NDArray[np.bool_], seed: int
) -> NDArray[np.float64]:
    """Macro F1 (200,) of resampled messages: each a row of counts, each count a product."""
    n = len(truth)
    random = np.random.default_rng(seed)
    columns = np.hstack([truth & chosen, truth, chosen]).astype(np.float32)
    found = []
    for _ in range(RESAMPLES):
        times = np.bincount(random.integers(n, size=n), minlength=n).astype(np.float32)
        hits, named, said = np.split(times @ columns, 3)
        present = named + said > 0
        found.append(_f1(hits, named, said)[present].mean())
    return np.array(found)
