"""Where messages may stop: at the likeliest driver, or further up at one of its parents."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.messages import Label, Predictions
from classifier.stops import NOWHERE, first_reached, stops_of
from classifier.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Routing:
    """n messages by s levels, the first that of the drivers; all (n, s).

    `confidence`: -1 where a message may not stop, never lower on a level than before. `right`: it
    would be right to stop there. `parent`: it would be a parent.
    """

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    parent: NDArray[np.bool_]

    def at(
        self, threshold: float
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether each message (n,) is routed at this threshold, whether that is right, and whether
        it stops at a parent: the first level whose confidence reaches the threshold counts. What
        is not routed counts as if it were stopped at the first level."""
        reached = first_reached(self.confidence, threshold)
        rows, level = np.arange(len(reached)), np.maximum(reached, 0)
        return reached >= 0, self.right[rows, level], self.parent[rows, level]

    def only(self, rows: NDArray[np.intp]) -> "Routing":
        """The same of some messages, in that order."""
        return Routing(self.confidence[rows], self.right[rows], self.parent[rows])


def routing(
    predictions: Predictions,
    labels: Sequence[Label],
    correct: NDArray[np.bool_],
    taxonomy: Taxonomy | None,
) -> Routing:
    """Where n messages may stop; `correct` (n,): the likeliest driver is one a person names.

    Without a taxonomy, at the likeliest driver, where that is likelier than none of them.
    """
    if taxonomy is None:
        confidence = predictions.confidence
        kept = np.where(confidence > predictions.unknown, confidence, NOWHERE)
        return Routing(kept[:, None], correct[:, None], np.zeros((len(labels), 1), dtype=bool))
    stops = stops_of(predictions, taxonomy)
    parent = stops.places >= len(predictions.drivers)
    return Routing(stops.confidence, stops.right(labels), parent)
