"""The same figures for all messages, from the ones people were asked about: weighted by 1/π."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.groups import resamples
from classifier.evaluation.mistakes import macro_f1
from classifier.evaluation.outcomes import Outcomes
from classifier.evaluation.rates import Rate, grouped_rate


@dataclass(frozen=True, slots=True)
class Weighted:
    """Figures over `n` messages drawn with a known probability, each counted 1/π times.

    As far as answers are missing at random, they stand for every message that could have been
    drawn. `apart` is the accuracy over the labels nobody drew (corrections, learning picks),
    which stand for themselves only.
    """

    n: int
    accuracy: Rate
    share: Rate
    precision: Rate
    macro_f1: float | None
    macro_f1_low: float
    macro_f1_high: float
    apart: Rate

    def to_dict(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "accuracy": self.accuracy.to_dict(),
            "share": self.share.to_dict(),
            "precision": self.precision.to_dict(),
            "macro_f1": self.macro_f1,
            "macro_f1_interval": [self.macro_f1_low, self.macro_f1_high],
            "apart": self.apart.to_dict(),
        }


def weighted(found: Outcomes, inclusion: Sequence[float | None] | None) -> Weighted | None:
    """Weigh by 1 / `inclusion` (n), None where it is not known; None when it is known of none."""
    drawn = np.array([] if inclusion is None else inclusion, dtype=np.float64)
    known = ~np.isnan(drawn)
    if not known.any():
        return None
    weights = 1.0 / np.where(known, drawn, 1.0)
    counted, judged = known & found.counted, known & found.judging
    macro, low, high = _macro(found, counted, weights)
    return Weighted(
        int(known.sum()),
        _rate(found, found.correct, counted, weights),
        _rate(found, found.routed, judged, weights),
        _rate(found, found.right, judged & found.routed, weights),
        macro,
        low,
        high,
        grouped_rate(found.correct[~known & found.counted], found.groups[~known & found.counted]),
    )


def _rate(
    found: Outcomes,
    right: NDArray[np.bool_],
    rows: NDArray[np.bool_],
    weights: NDArray[np.float64],
) -> Rate:
    return grouped_rate(right[rows], found.groups[rows], weights[rows])


def _macro(
    found: Outcomes, rows: NDArray[np.bool_], weights: NDArray[np.float64], seed: int = 0
) -> tuple[float | None, float, float]:
    """Weighted macro F1 with its 95 % percentile bootstrap over groups."""
    if not rows.any():
        return None, 0.0, 1.0
    truth, chosen, weight = found.truth[rows], found.chosen[rows], weights[rows]
    drawn = resamples(found.groups[rows], np.random.default_rng(seed))
    values = [macro_f1(truth, chosen, weight * times) for times in drawn]
    low, high = np.quantile(values, [0.025, 0.975])
    return macro_f1(truth, chosen, weight), float(low), float(high)
