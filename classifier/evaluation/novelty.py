"""How well the model sees that a message is about none of the drivers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from classifier.evaluation.outcomes import Outcomes
from classifier.evaluation.rates import Rate, grouped_rate, rate

KEPT = 0.95


@dataclass(frozen=True, slots=True)
class UnknownDrivers:
    """`auroc`: how often a message about nothing gets a higher `unknown` than one about a driver,
    with its 95 % interval; `recall_at_95_kept`: the share of messages about nothing that is
    caught where 95 % of the others are let through. None without messages of both kinds."""

    auroc: float | None
    auroc_low: float
    auroc_high: float
    recall_at_95_kept: Rate

    def to_dict(self) -> dict[str, Any]:
        recall = self.recall_at_95_kept
        return {
            "auroc": self.auroc,
            "recall_at_95_kept": recall.value,
            "auroc_interval": [self.auroc_low, self.auroc_high],
            "recall_interval": [recall.low, recall.high],
            "n": recall.n,
        }


def unknown_drivers(found: Outcomes) -> UnknownDrivers:
    """Judge `unknown` on messages about nothing against those about a driver the model knows."""
    about_nothing, about_driver = found.unknown[found.nothing], found.unknown[found.counted]
    if not len(about_nothing) or not len(about_driver):
        return UnknownDrivers(None, 0.0, 1.0, rate(0, 0))
    scores = np.concatenate([about_nothing, about_driver])
    truth = np.arange(len(scores)) < len(about_nothing)
    area = float(roc_auc_score(truth, scores))
    low, high = _interval(area, *_sizes(found))
    limit = np.quantile(about_driver, KEPT, method="higher")
    caught = grouped_rate(about_nothing > limit, found.groups[found.nothing])
    return UnknownDrivers(area, low, high, caught)


def _sizes(found: Outcomes) -> tuple[int, int]:
    """Messages about nothing and about a driver, those of one group counted once."""
    nothing, driver = found.groups[found.nothing], found.groups[found.counted]
    return len(np.unique(nothing)), len(np.unique(driver))


def _interval(area: float, positives: int, negatives: int) -> tuple[float, float]:
    """95 %; where all are ranked right, or all wrong, that of a share of the rarer kind."""
    if area in (0.0, 1.0):
        fewest = min(positives, negatives)
        found = rate(round(area * fewest), fewest)
        return found.low, found.high
    spread = 1.96 * _standard_error(area, positives, negatives)
    return max(0.0, area - spread), min(1.0, area + spread)


def _standard_error(area: float, positives: int, negatives: int) -> float:
    """Of an area under the ROC curve, after Hanley and McNeil (1982)."""
    above = area / (2 - area) - area**2
    below = 2 * area**2 / (1 + area) - area**2
    spread = area * (1 - area) + (positives - 1) * above + (negatives - 1) * below
    return float(np.sqrt(spread / (positives * negatives)))
