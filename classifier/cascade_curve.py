"""What there is to choose between accuracy and speed: the curve of the cascade.

It comes from out-of-fold predictions: each message is judged as the cascade would judge it, for one
share of messages read after another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.rates import Rate, grouped_rate

Reads = float | Literal["auto", "all"]
"""What the encoder reads: a share in [0, 1] of what there is to read, the most doubt a character
first; all; or no more than half if that is as right as if it read all."""

SHARES: Final = (0.0, 0.02, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0)
CLOSE: Final = 0.001
"""What counts as equally right: one message in a thousand."""

LEAST: Final = 0.5
"""The least share that is chosen by itself. What the n-grams are sure of may yet be about nothing:
that the curve cannot show, for hardly any training message is."""

FEWEST: Final = 500
"""With fewer out-of-fold predictions nothing can be said of so small a difference."""


@dataclass(frozen=True, slots=True)
class CascadePoint:
    """How right it is where the encoder reads a share of what there is to read.

    `read`: that share, by the time it takes; `messages`: the share of messages (fractions of 1).
    `cutoff`: the least doubt a character that is read. `lost`: how much less right than if all
    were read, between `lost_low` and `lost_high` (95 %, of the differences message by message).
    """

    read: float
    messages: float
    cutoff: float
    accuracy: Rate
    lost: float
    lost_low: float
    lost_high: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "read": self.read,
            "messages": self.messages,
            "accuracy": self.accuracy.to_dict(),
            "lost": self.lost,
            "lost_interval": [self.lost_low, self.lost_high],
        }


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of one core for a message: to judge it by words, and to read it besides."""

    words: float
    reading: float

    def rate(self, read: float) -> float:
        """Messages a second and core, where that share of what there is to read is read."""
        return 1.0 / (self.words + read * self.reading)

    def share(self, rate: float) -> float:
        """The most that can be read at so many messages a second and core, in [0, 1]."""
        return min(max((1.0 / rate - self.words) / self.reading, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Judged:
    """Messages (n ≥ 1) judged by readers that were not trained on them.

    `doubt` (n,) that the n-grams leave, `effort` (n,) to read each; whether the n-grams alone are
    right, and both together (n,); `groups` (n,): numbers, messages of one stand or fall together.
    """

    doubt: NDArray[np.float64]
    effort: NDArray[np.float64]
    by_words: NDArray[np.bool_]
    by_both: NDArray[np.bool_]
    groups: NDArray[np.intp]

    def at(self, share: float) -> CascadePoint:
        """What comes of reading so much of what there is to read, in [0, 1]."""
        cutoff = self._cutoff(share)
        read = self.doubt / self.effort >= cutoff
        right = np.where(read, self.by_both, self.by_words)
        lost, error = _mean(self.by_both.astype(float) - right, self.groups)
        return CascadePoint(
            read=float(self.effort[read].sum() / self.effort.sum()),
            messages=float(read.mean()),
            cutoff=cutoff,
            accuracy=grouped_rate(right, self.groups),
            lost=lost,
            lost_low=lost - 1.96 * error,
            lost_high=lost + 1.96 * error,
        )

    def _cutoff(self, share: float) -> float:
        """The least doubt a character under which no more than that share is read."""
        worth = self.doubt / self.effort
        order = np.argsort(-worth)
        fits = int((np.cumsum(self.effort[order]) <= share * self.effort.sum()).sum())
        if fits == len(order) or share >= 1:
            return 0.0
        return float(worth[order[fits - 1]]) if fits else 1.0


@dataclass(frozen=True, slots=True)
class CascadeCurve:
    """Accuracy against the share that is read, from nothing to all, by out-of-fold predictions.

    `chosen`: the point the model is at. `pace`: how fast that is, where it was measured. `judged`:
    what it was made of.
    """

    points: tuple[CascadePoint, ...]
    chosen: CascadePoint
    judged: Judged = field(repr=False, compare=False)
    pace: Pace | None = None

    @property
    def reads_all(self) -> bool:
        """Whether there is nothing that the encoder does not read."""
        return self.chosen.read == 1.0

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        return {
            "read": self.chosen.read,
            "points": [each.to_dict() for each in self.points],
            "pace": self.pace and {"words": self.pace.words, "reading": self.pace.reading},
        }


def cascade_curve(judged: Judged, reads: Reads) -> CascadeCurve:
    """The curve through judged messages, and its chosen point.

    "auto" chooses the smallest share of at least a half from which on no point loses more than
    0.001; with fewer than 500 messages, all.
    """
    points = tuple(judged.at(share) for share in SHARES)
    if isinstance(reads, float | int):
        return CascadeCurve(points, judged.at(float(reads)), judged)
    return CascadeCurve(points, _closest(points) if reads == "auto" else points[-1], judged)


def _closest(points: Sequence[CascadePoint]) -> CascadePoint:
    """The point that reads least, of those that read half or more and are as right as the last one,
    and so are all after it."""
    chosen = points[-1]
    if chosen.accuracy.n < FEWEST:
        return chosen
    for share, each in reversed(list(zip(SHARES, points, strict=True))):
        if share < LEAST or each.lost > CLOSE:
            break
        chosen = each
    return chosen


def _mean(found: NDArray[np.float64], groups: NDArray[np.intp]) -> tuple[float, float]:
    """The mean (n,), and its standard error where groups stand or fall together."""
    mean = float(found.mean())
    sums = np.bincount(groups, weights=found - mean)
    return mean, float(np.sqrt((sums**2).sum()) / len(found))
