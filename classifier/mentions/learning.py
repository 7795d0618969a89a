"""Learning to say yes or no to each driver: from whole texts, and from the sentences that meant it.

A label says what a message is about, not which of its sentences says so. Machines learned from
whole texts tell (Andrews, Tsochantaridis and Hofmann 2002, "Support vector machines for
multiple-instance learning", of which one round is made here): the sentence that speaks most for a
driver of the label is an example of it, the others of that message are none either way, and every
sentence of a message that is not about the driver is an example of what it is not.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import vstack
from sklearn.pipeline import Pipeline

from classifier.features import NgramFeatures
from classifier.folds import Progress, assign_folds, at
from classifier.indicators import indicators
from classifier.mentions.machines import Machines, fit_machines
from classifier.mentions.pieces import Pieces
from classifier.mentions.said import Said
from classifier.messages import LabeledMessage
from classifier.pipeline import PipelineConfig, build_pipeline
from classifier.seeding import Seed, unlike, weighed
from classifier.together import together

MOST: Final = 20_000
"""Sentences to learn from; more of them take long and say the same again."""

ROUGH: Final = 0.1
"""Where the machines stop that only say which sentence was meant."""


def learn(
    messages: Sequence[LabeledMessage],
    seeds: Sequence[Seed],
    drivers: Sequence[str],
    features: NgramFeatures,
    pieces: Pieces,
) -> Machines:
    """Machines for k drivers, on fitted `features`, from messages, their sentences (`pieces`), and
    seeds as far as they count."""
    beside = weighed(seeds, messages)
    texts = [each.text for each in messages] + [each.text for each in beside]
    named = [each.label.mentions for each in messages] + [(each.driver,) for each in beside]
    truth = indicators(named, drivers)
    weights = np.ones(truth.shape)
    weights[len(messages) :] = np.array([each.weight for each in beside]).reshape(-1, 1)
    rows = features.transform(texts)
    pieces = pieces.first(MOST)
    if not pieces.texts:
        return fit_machines(rows, truth, weights, drivers)
    first = fit_machines(rows, truth, weights, drivers, tolerance=ROUGH)
    cut = features.transform(pieces.texts)
    meant, counted = _meant(pieces, truth, weights, first.logits(cut))
    return fit_machines(
        vstack([rows, cut], format="csr"),
        np.concatenate([truth, meant]),
        np.concatenate([weights, counted]),
        drivers,
    )


def said_by_folds(
    messages: Sequence[LabeledMessage],
    seeds: Sequence[Seed],
    drivers: Sequence[str],
    pieces: Pieces,
    *,
    folds: int,
    config: PipelineConfig,
    progress: Progress,
    workers: int = 1,
) -> Said:
    """What machines say of messages (n), cut into `pieces`, that they did not learn from: the same
    folds as ever, so many `workers` of them at a time."""
    fold_of = assign_folds(messages, folds)
    found = Said.nothing(len(messages), len(drivers))

    def judge(fold: int) -> None:
        progress(f"Several drivers a message: fold {fold + 1} of {folds}")
        inside, rest = fold_of == fold, at(messages, fold_of != fold)
        texts = [message.text for message in at(messages, inside)]
        if texts and rest:
            fitted = _fitted(rest, unlike(seeds, texts), drivers, pieces.at(~inside), config)
            whole = fitted.decision_function(texts)
            found.put(inside, Said.cut(whole, pieces.at(inside), fitted.decision_function))

    together(judge, range(folds), workers)
    return found


def _fitted(
    messages: Sequence[LabeledMessage],
    seeds: Sequence[Seed],
    drivers: Sequence[str],
    pieces: Pieces,
    config: PipelineConfig,
) -> Pipeline:
    """N-grams and machines learned from messages and seeds."""
    features: NgramFeatures = build_pipeline(config)[0]
    features.fit([each.text for each in messages] + [each.text for each in seeds])
    machines = learn(messages, seeds, drivers, features, pieces)
    return Pipeline([("features", features), ("classifier", machines)])


def _meant(
    pieces: Pieces,
    truth: NDArray[np.bool_],
    weights: NDArray[np.float64],
    said: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Of each sentence (m, k) whether it is an example of a driver, and what it weighs as one."""
    about = truth[pieces.owners]
    loudest = pieces.loudest(np.zeros(truth.shape), said)[pieces.owners]
    meant = about & (said == loudest)
    return meant, np.where(meant | ~about, weights[pieces.owners], 0.0)
