"""Waarom itself, with and without an encoder, as `waarom train` makes it."""

from dataclasses import replace
from typing import Any

import numpy as np

from classifier.model import Model
from classifier.training import TrainingConfig, train
from tests.benchmarks.frontier.embeddings import KeptEncoder
from tests.benchmarks.frontier.fits import remembered_fits
from tests.benchmarks.frontier.judged import Judged, joined, judged
from tests.benchmarks.frontier.sets import FOLDS, Messages, MessageSet

SPARSE, ENCODER = "Waarom sparse", "Waarom + encoder"

Found = dict[str, dict[str, Judged]]
"""By model: `test`, and for a set with a test file `folds`, out of fold on the training file."""


def judged_waarom(messages: MessageSet, encoder: KeptEncoder | None) -> Found:
    """Both models on a set; without a test file in the judged folds, each by a model of the rest
    that chose, weighed and calibrated itself on that rest alone."""
    with remembered_fits():
        if messages.test:
            configs = _configs(encoder, TrainingConfig(folds=FOLDS))
            return {name: _on_test(messages, config) for name, config in configs.items()}
        configs = _configs(encoder, TrainingConfig(folds=3))
        return {name: {"test": _in_folds(messages, each)} for name, each in configs.items()}


def judged_few(messages: MessageSet, encoder: KeptEncoder | None, *, seeded: bool) -> Found:
    """Both models on the test messages, the taxonomy's own words with them or not."""
    configs = _configs(encoder, TrainingConfig(seeded=seeded))
    with remembered_fits():
        return {
            name: {"test": _trained(messages, messages.train, messages.test, config)}
            for name, config in configs.items()
        }


def _configs(encoder: KeptEncoder | None, sparse: TrainingConfig) -> dict[str, TrainingConfig]:
    """A training run's settings for each model; without an encoder only the first."""
    if encoder is None:
        return {SPARSE: sparse}
    kept: Any = encoder
    return {SPARSE: sparse, ENCODER: replace(sparse, encoder=kept)}


def _on_test(messages: MessageSet, config: TrainingConfig) -> dict[str, Judged]:
    """The test messages, and out of fold the training messages, both by one training run."""
    made = train(messages.train, messages.taxonomy, config=config)
    test = _judged(messages, made.model, messages.test)
    said = made.folded.calibration
    folds = _rows(messages, messages.train, made.folded.drivers, said.probabilities, said.unknown)
    return {"test": test, "folds": folds}


def _in_folds(messages: MessageSet, config: TrainingConfig) -> Judged:
    return joined([_trained(messages, rest, fold, config) for rest, fold in messages.rounds()])


def _trained(
    messages: MessageSet, learned: Messages, test: Messages, config: TrainingConfig
) -> Judged:
    """Train on messages of a set, judge on others."""
    return _judged(messages, train(learned, messages.taxonomy, config=config).model, test)


def _judged(messages: MessageSet, model: Model, test: Messages) -> Judged:
    said = model.predict([message.text for message in test])
    probabilities = np.stack([each.probabilities for each in said])
    unknown = np.array([each.unknown for each in said])
    return _rows(messages, test, model.drivers, probabilities, unknown)


def _rows(
    messages: MessageSet,
    given: Messages,
    drivers: tuple[str, ...],
    probabilities: np.ndarray,
    unknown: np.ndarray,
) -> Judged:
    said = np.array(drivers)[probabilities.argmax(axis=1)]
    known = messages.known or drivers
    return judged(given, known, said, probabilities.max(axis=1), unknown=unknown)
