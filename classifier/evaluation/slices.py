"""The same figures per language and per channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.outcomes import Outcomes
from classifier.evaluation.rates import Rate, rate


@dataclass(frozen=True, slots=True)
class Slice:
    """`n` messages of one language or channel: accuracy, and what is routed of them."""

    kind: str
    name: str
    n: int
    accuracy: Rate
    share: Rate
    precision: Rate

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "name": self.name,
            "n": self.n,
            "accuracy": self.accuracy.to_dict(),
            "share": self.share.to_dict(),
            "precision": self.precision.to_dict(),
        }


def slices(found: Outcomes, kind: str, values: Sequence[str] | None) -> tuple[Slice, ...]:
    """One slice per distinct value (n), the largest first; none when no values are given."""
    if values is None:
        return ()
    column = np.asarray(values, dtype=object)
    made = [_slice(found, kind, str(name), column == name) for name in set(values)]
    return tuple(sorted(made, key=lambda each: (-each.n, each.name)))


def _slice(found: Outcomes, kind: str, name: str, rows: NDArray[np.bool_]) -> Slice:
    return Slice(
        kind,
        name or "not given",
        int(rows.sum()),
        rate(found.correct[rows & found.counted]),
        rate(found.routed[rows]),
        rate(found.correct[rows & found.routed]),
    )
