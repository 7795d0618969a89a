"""What a model is worth where messages have several drivers: sets of them, beside people's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.calibration import Calibration
from classifier.evaluation.mention_calibration import (
    DriverShare,
    driver_shares,
    mention_calibration,
)
from classifier.evaluation.mistakes import FScores, f_scores
from classifier.evaluation.outcomes import Outcomes
from classifier.evaluation.rates import Rate, grouped_mean, grouped_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """The drivers a model says of a message beside those people do, over `n` messages about a
    driver the model knows; people say more than one of `several` of them.

    Drivers the model does not know are left out of what people say. `named` and `said`: how many
    drivers people and the model say of a message, on average. `example_f1`: the mean over
    messages of 2|A∩B| / (|A|+|B|), 1 where both are empty. `exact`: the very same drivers.
    `primary`: the model's likeliest driver is the one people name first. `others_recall`: of the
    drivers people name beside their primary one, the share the model says of the message at all,
    in whatever role. `others_precision`: of those the model says beside its likeliest one, the
    share that people say of the message at all. So two drivers in the other order are both
    found. `calibration` and `drivers` are of all yes-or-no probabilities, of messages about none
    of the drivers too.
    """

    n: int
    several: int
    named: float
    said: float
    f1: FScores
    example_f1: Rate
    exact: Rate
    primary: Rate
    others_recall: Rate
    others_precision: Rate
    calibration: Calibration | None
    drivers: tuple[DriverShare, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data: fractions of 1; None for a figure that does not apply."""
        return {
            "n": self.n,
            "several": self.several,
            "drivers_named": self.named,
            "drivers_said": self.said,
            "micro_f1": self.f1.micro,
            "micro_f1_interval": [self.f1.micro_low, self.f1.micro_high],
            "macro_f1": self.f1.macro,
            "macro_f1_interval": [self.f1.macro_low, self.f1.macro_high],
            "example_f1": self.example_f1.to_dict(),
            "exact": self.exact.to_dict(),
            "primary": self.primary.to_dict(),
            "others": {
                "recall": self.others_recall.to_dict(),
                "precision": self.others_precision.to_dict(),
            },
            "ece": self.calibration.ece if self.calibration else None,
            "calibration": self.calibration.to_dict() if self.calibration else None,
            "drivers": [each.to_dict() for each in self.drivers],
        }


def several(found: Outcomes, *, seed: int = 0) -> Several | None:
    """Judge what is said of each message as a set; None where no label has several drivers."""
    rows = np.flatnonzero(found.counted)
    sizes = found.mentioned[rows].sum(axis=1)
    if not np.any(sizes > 1):
        return None
    truth, chosen, groups = found.truth[rows], found.chosen[rows], found.groups[rows]
    primary = found.primary[rows]
    named, likeliest = primary >= 0, found.likeliest[rows]
    return Several(
        n=len(rows),
        several=int(np.sum(sizes > 1)),
        named=float(truth.sum() / len(rows)),
        said=float(chosen.sum() / len(rows)),
        f1=f_scores(truth, chosen, groups, seed=seed),
        example_f1=grouped_mean(example_f1(truth, chosen), groups),
        exact=grouped_rate((truth == chosen).all(axis=1), groups),
        primary=grouped_rate((primary == likeliest)[named], groups[named]),
        others_recall=_found(beside(truth, primary), chosen, groups),
        others_precision=_found(beside(chosen, likeliest), truth, groups),
        calibration=mention_calibration(
            found.mentions, found.mentioned, groups=found.groups, seed=seed
        ),
        drivers=driver_shares(found.drivers, found.mentions, found.mentioned, found.groups),
    )


def example_f1(truth: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """2|A∩B| / (|A|+|B|) of the drivers people and the model say of each message (n, k): (n,) in
    [0, 1], 1 where neither says any."""
    either = truth.sum(axis=1) + chosen.sum(axis=1)
    both = (truth & chosen).sum(axis=1)
    return np.where(either > 0, 2.0 * both / np.maximum(either, 1), 1.0)


def beside(sets: NDArray[np.bool_], columns: Sequence[int] | NDArray[np.intp]) -> NDArray[np.bool_]:
    """The sets (n, k) without one driver each, whose column (n,) is -1 where there is none."""
    left, at = sets.copy(), np.asarray(columns, dtype=np.intp)
    rows = np.flatnonzero(at >= 0)
    left[rows, at[rows]] = False
    return left


def _found(asked: NDArray[np.bool_], given: NDArray[np.bool_], groups: NDArray[np.intp]) -> Rate:
    """Of the drivers asked (n, k), the share that is given; those of one group together."""
    return grouped_rate(given[asked], groups[np.nonzero(asked)[0]])
