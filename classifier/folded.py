"""Folds of the training messages: predictions, calibration, learning curve, confusable pairs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.cascade_curve import Reads
from classifier.counts import Counts
from classifier.evaluation import ConfusablePair, LearningCurve, confusable
from classifier.evaluation.confusable import Pair
from classifier.fold_calibration import FoldCalibration, calibrate
from classifier.fold_curve import fold_curve
from classifier.folds import OutOfFold, Scorer, out_of_fold
from classifier.judging import threshold_of
from classifier.mentions import FoldMentions, fold_mentions, has_several
from classifier.messages import Label, LabeledMessage, Predictions
from classifier.stops import stops_of
from classifier.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Folded:
    """What folds of n messages say of them, and what that teaches; `mentions` of all the drivers a
    message is about, where labels name several."""

    found: OutOfFold
    calibration: FoldCalibration
    learning: LearningCurve | None
    mentions: FoldMentions | None = None

    @property
    def drivers(self) -> tuple[str, ...]:
        """The k drivers, in the order of every column of k."""
        return self.found.drivers

    def threshold(
        self, rows: NDArray[np.bool_] | slice, target: float, taxonomy: Taxonomy
    ) -> float:
        """The threshold that the out-of-fold predictions of some rows (n,) set."""
        calibration = self.calibration
        predictions = Predictions(
            self.drivers, calibration.probabilities[rows], calibration.unknown[rows]
        )
        names = (*self.drivers, None)  # -1 is the last: none of them
        labels = [Label(names[each]) for each in self.found.truth[rows].tolist()]
        return threshold_of(stops_of(predictions, taxonomy), labels, target)

    def pairs(
        self, messages: Sequence[LabeledMessage], opinions: Iterable[Pair]
    ) -> tuple[ConfusablePair, ...]:
        """Drivers that the folds mix up: they judge far more messages than a hold-out does."""
        rows = np.flatnonzero(self.found.usable)
        said = [self.drivers[each] for each in self.calibration.probabilities[rows].argmax(axis=1)]
        some = [messages[row] for row in rows]
        labels = [
            each if each in message.label.drivers else str(message.label.primary)
            for message, each in zip(some, said, strict=True)
        ]
        ids = [message.message_id for message in some]
        return confusable(labels, said, message_ids=ids, opinions=opinions)


def folded(
    messages: Sequence[LabeledMessage],
    found: OutOfFold | None = None,
    *,
    folds: int,
    assumed_unknown: float,
    reads: Reads = "all",
    workers: int = 1,
    **shared: Any,
) -> Folded:
    """All that so many folds of messages (n) teach; `found` is what they say, where that is known.

    `assumed_unknown` and `reads` are those of `calibrate`; `shared` (config, progress,
    seeds, second, counts) goes to all who train in folds, so many `workers` at a time.
    """
    found = found or out_of_fold(messages, folds=folds, workers=workers, **shared)
    calibration = calibrate(messages, found, assumed_unknown=assumed_unknown, reads=reads, **shared)
    learning = fold_curve(
        messages, found, calibration.asked_all(), folds=folds, workers=workers, **shared
    )
    predictions = Predictions(found.drivers, calibration.probabilities, calibration.unknown)
    mentions = _mentions(messages, predictions, folds=folds, workers=workers, **shared)
    return Folded(found, calibration, learning, mentions)


def _mentions(
    messages: Sequence[LabeledMessage],
    predictions: Predictions,
    *,
    second: Scorer | None = None,
    counts: Counts | None = None,
    **shared: Any,
) -> FoldMentions | None:
    """What the same folds teach of all drivers, by n-grams of their own; None where no label names
    several."""
    return fold_mentions(messages, predictions, **shared) if has_several(messages) else None
