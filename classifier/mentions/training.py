"""From labels with several drivers to a reader of mentions, judged by folds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from classifier.folds import Progress
from classifier.indicators import indicators
from classifier.mentions.curve import MentionCurve, fit_curve
from classifier.mentions.learning import learn, said_by_folds
from classifier.mentions.limits import fit_limits
from classifier.mentions.pieces import Pieces
from classifier.mentions.reader import Found, MentionReader, chosen
from classifier.messages import LabeledMessage, Predictions
from classifier.pipeline import PipelineConfig
from classifier.seeding import Seed


@dataclass(frozen=True, slots=True, eq=False)
class FoldMentions:
    """What folds teach of all drivers a message is about: the curve, the limits (k,), and what they
    find in each of the n messages, by machines that never saw it. `pieces`: the sentences of the
    messages."""

    curve: MentionCurve
    limits: NDArray[np.float64]
    found: Found
    pieces: Pieces


def has_several(messages: Sequence[LabeledMessage]) -> bool:
    """Whether any label names more than one driver."""
    return any(len(message.label.mentions) > 1 for message in messages)


def fold_mentions(
    messages: Sequence[LabeledMessage],
    predictions: Predictions,
    *,
    folds: int,
    config: PipelineConfig,
    progress: Progress,
    seeds: Sequence[Seed] = (),
    workers: int = 1,
) -> FoldMentions:
    """What so many folds of messages (n) teach; `predictions` are the out-of-fold ones of their
    primary driver. Limits are set on messages whose likeliest driver is right: where it is wrong,
    everything else is, too."""
    drivers = predictions.drivers
    pieces = Pieces.of([message.text for message in messages])
    said = said_by_folds(
        messages,
        seeds,
        drivers,
        pieces,
        folds=folds,
        config=config,
        progress=progress,
        workers=workers,
    )
    truth = indicators([message.label.mentions for message in messages], drivers)
    curve = fit_curve(said, predictions.primary, truth)
    probabilities = curve.probability(said, predictions.primary)
    rows, likeliest = np.arange(len(messages)), predictions.likeliest
    others = np.repeat(truth[rows, likeliest][:, None], len(drivers), axis=1)
    others[rows, likeliest] = False
    limits = fit_limits(probabilities, truth, others)
    return FoldMentions(curve, limits, chosen(probabilities, limits, predictions), pieces)


def mention_reader(
    messages: Sequence[LabeledMessage],
    pipeline: Pipeline,
    learned: FoldMentions,
    *,
    seeds: Sequence[Seed] = (),
) -> MentionReader:
    """A reader learned from all the messages (n) that folds taught, by the n-grams of a fitted
    pipeline."""
    features, drivers = pipeline[0], [str(each) for each in pipeline.classes_]
    machines = learn(messages, seeds, drivers, features, learned.pieces)
    steps = [("features", features), ("classifier", machines)]
    return MentionReader(Pipeline(steps), learned.curve, learned.limits)
