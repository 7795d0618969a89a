"""Which of two models is better, judged on the very same messages."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm

from classifier.evaluation.evaluation import Evaluation

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Comparison:
    """The new model's accuracy minus the current one's on `n` messages, with its 95 % interval.

    `worse`: fewer right, by more than chance explains (exact McNemar test, p < 0.05).
    """

    worse: bool
    p_value: float
    difference: float
    low: float
    high: float
    n: int

    def to_dict(self) -> dict[str, Any]:
        return {
            "worse": self.worse,
            "p_value": self.p_value,
            "difference": self.difference,
            "low": self.low,
            "high": self.high,
            "n": self.n,
        }


def paired_comparison(
    correct_new: NDArray[np.bool_], correct_current: NDArray[np.bool_]
) -> Comparison:
    """Compare two models on the same messages, row by row: both (n,).

    The test is exact, two-sided McNemar; the interval is the adjusted Wald interval of Bonett and
    Price (2012). Raises ValueError when the rows cannot be pairs.
    """
    if correct_new.shape != correct_current.shape:
        raise ValueError(f"not pairs: {len(correct_new)} and {len(correct_current)} messages")
    n = len(correct_new)
    won = int(np.sum(correct_new & ~correct_current))
    lost = int(np.sum(~correct_new & correct_current))
    p_value = float(binomtest(won, won + lost).pvalue) if won + lost else 1.0
    low, high = _interval(won, lost, n)
    worse = p_value < 1 - LEVEL and lost > won
    return Comparison(worse, p_value, (won - lost) / max(n, 1), low, high, n)


def compare(new: Evaluation, current: Evaluation) -> Comparison:
    """Compare two evaluations of the same messages on those whose driver both models know."""
    if new.counted.shape != current.counted.shape:
        raise ValueError("the two evaluations are of different messages")
    shared = new.counted & current.counted
    return paired_comparison(new.correct[shared], current.correct[shared])


def _interval(won: int, lost: int, n: int) -> tuple[float, float]:
    gain, loss = (won + 1) / (n + 2), (lost + 1) / (n + 2)
    spread = np.sqrt((gain + loss - (gain - loss) ** 2) / (n + 2))
    width = float(norm.ppf(0.5 + LEVEL / 2) * spread)
    return max(-1.0, gain - loss - width), min(1.0, gain - loss + width)
