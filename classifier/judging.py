"""A model judged on labeled messages, and the threshold that such messages set for it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from classifier.decisions import LEAST_CONFIDENCE, precision_threshold
from classifier.evaluation import Evaluation, evaluate_messages
from classifier.evaluation.confusable import Pair
from classifier.messages import Label, LabeledMessage, Prediction
from classifier.model import Model, fingerprint
from classifier.stops import NOWHERE, Stops, stops_of

TIMEZONE = "Europe/Amsterdam"


def judge(
    model: Model,
    messages: Sequence[LabeledMessage],
    *,
    set_threshold: NDArray[np.bool_] | None = None,
    timezone: str = TIMEZONE,
    opinions: Iterable[Pair] = (),
) -> Evaluation:
    """What a model is worth on labeled messages (n ≥ 1), at its own threshold.

    Messages that `set_threshold` (n,) do not judge what it routes. Weeks are those of `timezone`.
    `opinions`: what two people said of the same message, neither knowing the other's answer.
    """
    predictions = model.predict([message.text for message in messages])
    mentions, chosen = mention_columns(predictions)
    return evaluate_messages(
        *_columns(predictions),
        messages,
        model.drivers,
        threshold=model.threshold,
        target=model.target_precision,
        taxonomy=model.taxonomy,
        mentions=mentions,
        chosen=chosen,
        set_threshold=set_threshold,
        timezone=timezone,
        opinions=opinions,
        trained=model.manifest.get("counts", {}).get("per_driver"),
    )


def judge_at(
    model: Model,
    messages: Sequence[LabeledMessage],
    target: float,
    *,
    timezone: str = TIMEZONE,
    opinions: Iterable[Pair] = (),
) -> Evaluation:
    """As `judge`, for another target precision than the model's.

    A threshold chosen and judged on the same messages would flatter. So one half of the messages,
    by a stable hash of the text, sets it with the guarantee of `precision_threshold`, and the
    other half judges what it routes. Every other figure is of all messages.
    """
    half = in_half(messages)
    setting = [message for message, inside in zip(messages, half, strict=True) if inside]
    changed = replace(
        model, threshold=threshold_of_model(model, setting, target), target_precision=target
    )
    return judge(changed, messages, set_threshold=half, timezone=timezone, opinions=opinions)


def in_half(messages: Sequence[LabeledMessage]) -> NDArray[np.bool_]:
    """Which messages (n,) are in the half that sets a threshold: the same for every version."""
    keys = (fingerprint(f"half {message.text}") for message in messages)
    return np.array([int(key, 16) % 2 == 0 for key in keys], dtype=bool)


def threshold_of_model(model: Model, messages: Sequence[LabeledMessage], target: float) -> float:
    """The threshold that messages (n) the model was not trained on set for it, by its taxonomy."""
    if not messages:
        return float("inf")
    found = stops_of(model.judge([message.text for message in messages]), model.taxonomy)
    return threshold_of(found, [message.label for message in messages], target)


def threshold_of(stops: Stops, labels: Sequence[Label], target: float) -> float:
    """The lowest confidence that keeps the target among messages (n) that can be routed at all.

    It is at least `LEAST_CONFIDENCE`. A message is right where its label is at the level it stops
    at: the leaf if that reaches the threshold, else the first parent that does.
    """
    confidence = np.where(stops.confidence >= LEAST_CONFIDENCE, stops.confidence, NOWHERE)
    return precision_threshold(confidence, stops.right(labels), target)


def mention_columns(
    predictions: Sequence[Prediction],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | tuple[None, None]:
    """How likely messages are to be about each driver (n, k), and whether that is said of them
    (n, k); None of a model that knows one driver a message.

    A driver too unlikely to be mentioned is as likely as that it is the primary one.
    """
    if not any(each.mentions for each in predictions):
        return None, None
    column = {driver: place for place, driver in enumerate(predictions[0].drivers)}
    probabilities, unknown = _columns(predictions)
    likely = (1.0 - unknown)[:, None] * probabilities
    chosen = np.zeros(likely.shape, dtype=bool)
    for row, each in enumerate(predictions):
        for mention in each.mentions:
            likely[row, column[mention.driver]] = mention.probability
            chosen[row, column[mention.driver]] = mention.chosen
    return likely, chosen


def _columns(
    predictions: Sequence[Prediction],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities (n, k) and unknown (n,)."""
    return (
        np.stack([each.probabilities for each in predictions]),
        np.array([each.unknown for each in predictions]),
    )
