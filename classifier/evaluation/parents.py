"""How often the parent is right where the driver is not, and what is routed at either level."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.outcomes import Outcomes
from classifier.evaluation.rates import Rate, grouped_rate
from classifier.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True, kw_only=True)
class Parents:
    """Drivers beside their parents; a driver without one stands for itself.

    Over messages whose driver the model knows: `driver`, the likeliest driver is right (the
    accuracy); `only_parent`, it is wrong but has the right parent; `parent`, the likeliest parent
    is right, a parent's probability being the sum of its drivers'. Over all that did not set the
    threshold: the shares `at_driver` and `at_parent` that are routed there, and how much of either
    is right to stop there.
    """

    driver: Rate
    only_parent: Rate
    parent: Rate
    at_driver: Rate
    right_at_driver: Rate
    at_parent: Rate
    right_at_parent: Rate

    def to_dict(self) -> dict[str, Any]:
        """Plain data: fractions of 1, with their intervals."""
        return {
            "driver_right": self.driver.to_dict(),
            "only_parent_right": self.only_parent.to_dict(),
            "parent_right": self.parent.to_dict(),
            "routed_at_driver": {
                "share": self.at_driver.to_dict(),
                "precision": self.right_at_driver.to_dict(),
            },
            "routed_at_parent": {
                "share": self.at_parent.to_dict(),
                "precision": self.right_at_parent.to_dict(),
            },
        }


def parents(found: Outcomes, taxonomy: Taxonomy | None) -> Parents | None:
    """Judge by the parents of a taxonomy; None where no driver of the model has one."""
    below = _below(found.drivers, taxonomy)
    if below is None:
        return None
    rows, likeliest = found.counted, found.likeliest
    named = found.truth @ below
    of_driver = np.asarray((named & below[likeliest]).any(axis=1))
    of_sum = named[np.arange(len(named)), (found.probabilities @ below).argmax(axis=1)]
    groups = found.groups[rows]
    stopped, driven = found.routed & found.at_parent, found.routed & ~found.at_parent
    return Parents(
        driver=grouped_rate(found.correct[rows], groups),
        only_parent=grouped_rate((of_driver & ~found.correct)[rows], groups),
        parent=grouped_rate(of_sum[rows], groups),
        at_driver=_rate(found, driven, found.judging),
        right_at_driver=_rate(found, found.right, found.judging & driven),
        at_parent=_rate(found, stopped, found.judging),
        right_at_parent=_rate(found, found.right, found.judging & stopped),
    )


def _below(drivers: Sequence[str], taxonomy: Taxonomy | None) -> NDArray[np.bool_] | None:
    """Which of k drivers is below which of p parents (k, p); None if none is below another."""
    known = taxonomy.by_id if taxonomy else {}
    above = [(known[each].parent if each in known else None) or each for each in drivers]
    if above == list(drivers):
        return None
    names = {name: column for column, name in enumerate(dict.fromkeys(above))}
    below = np.zeros((len(drivers), len(names)), dtype=bool)
    below[np.arange(len(drivers)), [names[each] for each in above]] = True
    return below


def _rate(found: Outcomes, values: NDArray[np.bool_], rows: NDArray[np.bool_]) -> Rate:
    return grouped_rate(values[rows], found.groups[rows])
