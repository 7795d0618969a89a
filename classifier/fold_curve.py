"""What more labels are worth, from a fold that is trained on less than it could be."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.counts import Counts
from classifier.evaluation.learning_curve import LearningCurve, learning_curve, nested
from classifier.fold_calibration import FoldCalibration
from classifier.folds import (
    OutOfFold,
    Progress,
    Scorer,
    assign_folds,
    at,
    group_of,
    trainable,
)
from classifier.messages import LabeledMessage
from classifier.opinions import opinions_by
from classifier.pipeline import PipelineConfig
from classifier.seeding import Seed, unlike

FEWEST: Final = 200
"""With fewer labels a quarter of them says next to nothing."""

SHARES: Final = (0.25, 0.5, 1.0)


def fold_curve(
    messages: Sequence[LabeledMessage],
    found: OutOfFold,
    calibration: FoldCalibration,
    *,
    folds: int,
    config: PipelineConfig,
    progress: Progress,
    seeds: Sequence[Seed] = (),
    second: Scorer | None = None,
    counts: Counts | None = None,
    workers: int = 1,
) -> LearningCurve | None:
    """Train the first fold again on a quarter and on half of its labels, and judge all three alike.

    `found` and `calibration` are those of the same messages (n) and folds: what a whole fold is
    worth is known from them, so that the curve takes less time than one more fold. None with
    fewer than 200 labels, or too few drivers in a quarter of them.
    """
    fold_of = assign_folds(messages, folds)
    inside = (fold_of == 0) & found.usable
    if found.usable.sum() < FEWEST or not inside.any():
        return None
    judging, rest = at(messages, inside), at(messages, (fold_of != 0) & (found.truth >= 0))
    beside = unlike(seeds, [message.text for message in at(messages, fold_of == 0)])
    drivers, groups = [str(m.label.primary) for m in rest], [m.group for m in rest]
    if not trainable([rest[row] for row in nested(drivers, SHARES, groups=groups)[0]], beside):
        return None
    texts = [message.text for message in judging]
    truth = np.array([message.label.primary for message in judging])
    known = calibration.probabilities[inside].argmax(axis=1) == found.truth[inside]

    def score(rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        if len(rows) == len(rest):
            return np.asarray(known)
        progress(f"Learning curve: {len(rows):,} of {len(rest):,} labels")
        some = [rest[row] for row in rows]
        said = opinions_by(config, some, beside, texts, second=second, counts=counts)
        likeliest = said.blended(calibration.weight).argmax(axis=1)
        return np.asarray(said.drivers[likeliest] == truth)

    return learning_curve(
        drivers,
        score,
        shares=SHARES,
        groups=groups,
        judging_groups=[group_of(message) for message in judging],
        now=int((found.truth >= 0).sum()),
        workers=workers if second is None else 1,
    )
