"""How much the model may route itself, and how often that is right."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.outcomes import Outcomes
from classifier.evaluation.rates import Rate, grouped_rate

POINTS = 60


@dataclass(frozen=True, slots=True)
class Auto:
    """What is routed at the model's threshold, of all messages that did not set it, whatever
    their label.

    `precision` counts a message about none of the drivers, or about a driver the model does not
    know, as wrong: it went to the wrong queue. `precision_known` leaves those out, and so does not
    depend on how many of them the messages hold. What is stopped at a parent is right when that
    is one of the label's drivers.
    """

    target: float
    threshold: float
    share: Rate
    precision: Rate
    precision_known: Rate

    def to_dict(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "share": self.share.value,
            "precision": self.precision.value,
            "threshold": _finite(self.threshold),
            "share_interval": [self.share.low, self.share.high],
            "precision_interval": [self.precision.low, self.precision.high],
            "n": self.precision.n,
            "precision_known": self.precision_known.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """The share routed, and how often that is right, if `threshold` were the threshold."""

    threshold: float
    share: float
    precision: Rate

    def to_dict(self) -> dict[str, Any]:
        return {
            "threshold": self.threshold,
            "share": self.share,
            "precision": self.precision.to_dict(),
        }


def auto(found: Outcomes, *, threshold: float, target: float) -> Auto:
    """What is routed at `threshold`."""
    judged, routed = found.judging, found.judging & found.routed
    known = routed & found.counted
    return Auto(
        target,
        threshold,
        grouped_rate(found.routed[judged], found.groups[judged]),
        grouped_rate(found.right[routed], found.groups[routed]),
        grouped_rate(found.right[known], found.groups[known]),
    )


def coverage_curve(found: Outcomes) -> tuple[CoveragePoint, ...]:
    """At most 60 points, from the surest messages to all that could be routed."""
    surest = found.routing.confidence[:, -1]
    routable = np.flatnonzero(surest >= 0)
    order = routable[np.argsort(-surest[routable], kind="stable")]
    if not len(order):
        return ()
    ends = np.unique(np.ceil(np.linspace(0, len(order), POINTS + 1)[1:]).astype(int)) - 1
    ranked = surest[order]
    last = np.unique(np.searchsorted(-ranked, -ranked[ends], side="right") - 1)
    return tuple(_point(found, float(ranked[end]), order[: end + 1]) for end in last)


def _point(found: Outcomes, threshold: float, rows: NDArray[np.intp]) -> CoveragePoint:
    """What is routed at a threshold, which is some rows (r,)."""
    right = found.routing.at(threshold)[1]
    share = len(rows) / len(right)
    return CoveragePoint(threshold, share, grouped_rate(right[rows], found.groups[rows]))


def _finite(threshold: float) -> float | None:
    return threshold if np.isfinite(threshold) else None
