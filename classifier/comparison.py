"""Which of several candidates to take: the simplest that is as good as any.

The first whose accuracy is within one standard error of the best one's is taken (Breiman, Friedman,
Olshen and Stone 1984, section 3.4.3, there for the size of trees). The standard error is that of
the difference between the two on the same messages: what makes a message hard is hard for both and
cancels out, so that the rule sees differences that each one's own standard error would drown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Comparison:
    """Candidates judged on the same `judged` messages, in so many folds.

    `figures`: the accuracy in [0, 1] of each, the simplest first. `errors`: one standard error of
    its difference to the best one's, 0 for the best. `taken`: the first within that of the best.
    """

    figures: Mapping[str, float]
    errors: Mapping[str, float]
    taken: str
    judged: int
    folds: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        tried = ", ".join(f"{name} {right:.1%}" for name, right in self.figures.items())
        return f"{tried} ({self.judged:,} messages, {self.folds} folds)"


def compare(
    right: Mapping[str, NDArray[np.bool_]], groups: Sequence[str], folds: int
) -> Comparison:
    """Which candidate to take, by what each had right (n ≥ 1) of the same messages.

    The simplest come first. Messages of one of the `groups` (n,) stand or fall together, and the
    standard errors allow for that.
    """
    best = max(right.values(), key=lambda each: float(each.mean()))
    number: dict[str, int] = {}
    group = np.array([number.setdefault(each, len(number)) for each in groups], dtype=np.intp)
    behind = {name: best.astype(float) - each for name, each in right.items()}
    errors = {name: _standard_error(each, group) for name, each in behind.items()}
    return Comparison(
        figures={name: float(each.mean()) for name, each in right.items()},
        errors=errors,
        taken=next(name for name, each in behind.items() if each.mean() <= errors[name]),
        judged=len(best),
        folds=folds,
    )


def _standard_error(differences: NDArray[np.float64], group: NDArray[np.intp]) -> float:
    """Of the mean of differences (n,) that come in groups (n,)."""
    sums = np.bincount(group, weights=differences - differences.mean())
    return float(np.sqrt((sums**2).sum()) / len(differences))
