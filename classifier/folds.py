"""Out-of-fold predictions: what a model says of its own training messages, not having seen them."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from classifier.calibration import (
    UnknownCurve,
    fit_temperature,
    fit_unknown_curve,
    tempered,
    unknown_scores,
)
from classifier.messages import LabeledMessage
from classifier.model import logits_of
from classifier.pipeline import PipelineConfig, build_pipeline
from classifier.text import normalized

LEFT_OUT_SHARE = 0.2
LEFT_OUT_MOST = 0.4
FEWEST_DRIVERS = 4
"""With fewer drivers, leaving some out says nothing about what an unknown one looks like."""

FEW_UNKNOWN = 20
"""With fewer messages labeled unknown, made-up ones say more about what they look like."""

PRIOR_WEIGHT = 100
"""How many messages the assumed share of unknown ones is worth beside those labeled so."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """What folds say of n messages over the k `drivers`.

    `logits` (n, k): -inf for a driver the fold's model never saw; a row of zeros where not even
    two drivers were left to train on (`predicted` false). `truth` (n,): the column of each
    message's own driver, -1 when it is labeled unknown.
    """

    drivers: tuple[str, ...]
    logits: NDArray[np.float64]
    truth: NDArray[np.intp]
    predicted: NDArray[np.bool_]

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Rows (n,) that were predicted and are about a driver."""
        return self.predicted & (self.truth >= 0)

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """Rows (n,) that were predicted and are labeled unknown."""
        return self.predicted & (self.truth < 0)


@dataclass(frozen=True, slots=True)
class FoldCalibration:
    """What the folds taught, and every message's probabilities (n, k) and unknown (n,) by them."""

    temperature: float
    curve: UnknownCurve
    probabilities: NDArray[np.float64]
    unknown: NDArray[np.float64]


def assign_folds(messages: Sequence[LabeledMessage], folds: int) -> NDArray[np.intp]:
    """A fold (n,) in 0 … folds-1 for each message, the same on every run.

    Messages of one group, or of the same normalized text where none is given, share a fold; each
    driver's groups are dealt out evenly.
    """
    keys = [message.group or normalized(message.text) for message in messages]
    driver_of = {
        key: message.label.primary or "" for key, message in zip(keys, messages, strict=True)
    }
    dealt = sorted(driver_of, key=lambda key: (driver_of[key], _hash(key)))
    fold_of = {key: position % folds for position, key in enumerate(dealt)}
    return np.array([fold_of[key] for key in keys], dtype=np.intp)


def out_of_fold(
    messages: Sequence[LabeledMessage],
    *,
    folds: int,
    config: PipelineConfig,
    progress: Progress,
) -> OutOfFold:
    """Predict each message by a pipeline trained on the other folds' messages about a driver."""
    drivers = tuple(sorted({m.label.primary for m in messages if m.label.primary}))
    truth = columns_of(messages, drivers)
    logits = np.zeros((len(messages), len(drivers)))
    predicted = np.zeros(len(messages), dtype=bool)
    fold_of = assign_folds(messages, folds)
    for fold in range(folds):
        progress(f"Cross-validation: fold {fold + 1} of {folds}")
        inside, rest = fold_of == fold, _at(messages, (fold_of != fold) & (truth >= 0))
        if inside.any() and trainable(rest):
            pipeline = fit(build_pipeline(config), rest)
            logits[inside] = _spread(pipeline, _at(messages, inside), drivers)
            predicted |= inside
    return OutOfFold(drivers, logits, truth, predicted)


def calibrate(
    messages: Sequence[LabeledMessage],
    found: OutOfFold,
    *,
    assumed_unknown: float,
    config: PipelineConfig,
    progress: Progress,
) -> FoldCalibration:
    """Fit the temperature and the unknown curve on out-of-fold predictions of the messages.

    The curve learns from messages labeled unknown when there are enough, else from drivers left
    out; `assumed_unknown` in (0, 1) is their share where no label says so.
    """
    temperature = fit_temperature(found.logits[found.usable], found.truth[found.usable])
    labeled = int((found.truth < 0).sum())
    share = (labeled + PRIOR_WEIGHT * assumed_unknown) / (len(messages) + PRIOR_WEIGHT)
    strange = (
        found.logits[found.unknown]
        if found.unknown.sum() >= FEW_UNKNOWN
        else left_out_logits(messages, config=config, progress=progress)
    )
    curve = fit_unknown_curve(
        unknown_scores(found.logits[found.usable]),
        np.zeros(0) if strange is None else unknown_scores(strange),
        share if labeled else assumed_unknown,
    )
    probabilities = tempered(found.logits, temperature)
    return FoldCalibration(
        temperature, curve, probabilities, curve.probability(unknown_scores(found.logits))
    )


def left_out_logits(
    messages: Sequence[LabeledMessage], *, config: PipelineConfig, progress: Progress
) -> NDArray[np.float64] | None:
    """Logits (m, k') of messages about drivers that were left out of training: made-up unknowns.

    About a fifth of the messages, by whole drivers; None with too few drivers to leave any out.
    """
    known = [message for message in messages if message.label.primary]
    drivers = np.array([message.label.primary for message in known])
    outside = np.isin(drivers, _left_out(drivers))
    if not outside.any() or not trainable(_at(known, ~outside)):
        return None
    progress("Learning what an unknown driver looks like")
    pipeline = fit(build_pipeline(config), _at(known, ~outside))
    return logits_of(pipeline, [message.text for message in _at(known, outside)])[0]


def trainable(messages: Sequence[LabeledMessage]) -> bool:
    """Whether there are two drivers to tell apart, and a word to tell them apart by."""
    drivers = {message.label.primary for message in messages} - {None}
    known = (message.text for message in messages if message.label.primary)
    return len(drivers) > 1 and any(character.isalnum() for text in known for character in text)


def fit(pipeline: Pipeline, messages: Sequence[LabeledMessage]) -> Pipeline:
    """Fit on the primary driver of messages that have one."""
    # The optimizer's vectors are too small to share: threads waiting for each other take ten
    # times as long on a busy machine.
    with threadpool_limits(limits=1):
        pipeline.fit([m.text for m in messages], np.array([m.label.primary for m in messages]))
    return pipeline


def columns_of(messages: Sequence[LabeledMessage], drivers: Sequence[str]) -> NDArray[np.intp]:
    """The column (n,) of each message's primary driver; -1 when unknown or not among them."""
    column = {driver: index for index, driver in enumerate(drivers)}
    return np.array([column.get(m.label.primary or "", -1) for m in messages], dtype=np.intp)


def _left_out(drivers: NDArray[np.str_]) -> list[str]:
    """Drivers in a fixed random order until they make up the share, none of them too large."""
    names, counts = np.unique(drivers, return_counts=True)
    if len(names) < FEWEST_DRIVERS:
        return []
    chosen: list[str] = []
    taken = 0
    for name, count in sorted(zip(names, counts, strict=True), key=lambda each: _hash(each[0])):
        fits = taken + count <= LEFT_OUT_MOST * len(drivers) and len(names) - len(chosen) > 2
        if taken < LEFT_OUT_SHARE * len(drivers) and fits:
            chosen.append(str(name))
            taken += count
    return chosen


def _spread(
    pipeline: Pipeline, messages: Sequence[LabeledMessage], drivers: tuple[str, ...]
) -> NDArray[np.float64]:
    found, _ = logits_of(pipeline, [message.text for message in messages])
    logits = np.full((len(messages), len(drivers)), -np.inf)
    logits[:, [drivers.index(str(each)) for each in pipeline.classes_]] = found
    return logits


def _at(messages: Sequence[LabeledMessage], mask: NDArray[np.bool_]) -> list[LabeledMessage]:
    return [messages[row] for row in np.flatnonzero(mask)]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
