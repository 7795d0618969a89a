"""Waarom itself, with and without an encoder, by the calls a training run makes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from classifier.combination import meaning_reader
from classifier.fold_calibration import calibrate
from classifier.folds import assign_folds, out_of_fold
from classifier.messages import LabeledMessage
from classifier.seeding import seeds_of
from classifier.training import TrainingConfig, train
from tests.benchmarks.frontier.embeddings import KeptEncoder
from tests.benchmarks.frontier.fits import remembered_fits
from tests.benchmarks.frontier.judged import Judged, judged
from tests.benchmarks.frontier.sets import FOLDS, JUDGED_FOLDS, MessageSet

SPARSE, ENCODER = "Waarom sparse", "Waarom + encoder"

Found = dict[str, dict[str, Judged]]
"""By model: `test`, and where there are labels to make folds of, `folds`."""


def judged_waarom(messages: MessageSet, encoder: KeptEncoder | None) -> Found:
    """Both models on a set: out of fold on the training messages, and on the test messages.

    Without a test file the judged folds are the test. The n-grams' classifiers are fitted once
    for both.
    """
    with remembered_fits():
        found = {}
        for model, config in configs(encoder).items():
            folds = in_folds(messages, config)
            held = np.isin(assign_folds(messages.train, FOLDS), JUDGED_FOLDS)
            test = on_test(messages, config) if messages.test else folds.at(held)
            found[model] = {"test": test, "folds": folds}
    return found


def judged_few(messages: MessageSet, encoder: KeptEncoder | None, *, seeded: bool) -> Found:
    """Both models on the test messages, the taxonomy's own words with them or not."""
    with remembered_fits():
        return {
            model: {"test": on_test(messages, replace(config, seeded=seeded))}
            for model, config in configs(encoder).items()
        }


def configs(encoder: KeptEncoder | None) -> dict[str, TrainingConfig]:
    """A training run's settings for each model; without an encoder only the first."""
    sparse = TrainingConfig(folds=FOLDS)
    if encoder is None:
        return {SPARSE: sparse}
    kept: Any = encoder
    return {SPARSE: sparse, ENCODER: replace(sparse, encoder=kept)}


def in_folds(messages: MessageSet, config: TrainingConfig) -> Judged:
    """Each training message by a model of the other folds, calibrated as `train` would."""
    shared: dict[str, Any] = {
        "config": config.pipeline,
        "progress": quiet,
        "seeds": seeds_of(messages.taxonomy) if config.seeded else (),
        "second": meaning_reader(config.encoder),
    }
    found = out_of_fold(messages.train, folds=FOLDS, **shared)
    said = calibrate(messages.train, found, assumed_unknown=config.assumed_unknown, **shared)
    return _rows(messages.train, found.drivers, said.probabilities, said.unknown)


def on_test(messages: MessageSet, config: TrainingConfig) -> Judged:
    """The test messages by a model of all training messages."""
    model = train(messages.train, messages.taxonomy, config=config).model
    said = model.predict([message.text for message in messages.test])
    probabilities = np.stack([each.probabilities for each in said])
    unknown = np.array([each.unknown for each in said])
    return _rows(messages.test, model.drivers, probabilities, unknown)


def quiet(line: str) -> None:
    """Progress for nobody."""


def _rows(
    messages: Sequence[LabeledMessage],
    drivers: Sequence[str],
    probabilities: np.ndarray,
    unknown: np.ndarray,
) -> Judged:
    said = np.array(drivers)[probabilities.argmax(axis=1)]
    return judged(messages, drivers, said, probabilities.max(axis=1), unknown=unknown)
