"""Whether a new model takes over from the current one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation import Comparison, paired_comparison
from classifier.messages import LabeledMessage
from classifier.model import Model
from classifier.seeding import labeled_drivers


class Promotion(NamedTuple):
    """Whether a model should be taken into use, and why, in a sentence."""

    promoted: bool
    reason: str


def should_promote(
    new: Model, current: Model | None, judged: Sequence[LabeledMessage]
) -> Promotion:
    """Compare two models on the same messages (n), which neither was trained on.

    The new model is promoted unless it is significantly worse (exact McNemar test, 5 %). Messages
    the current model was trained on are left out; only drivers both know are compared, each model
    choosing among those, by labels or by words of the taxonomy alone. A model that has labels of
    drivers the current one has never heard of, or none any more of drivers the current one had
    labels of, is never promoted unasked.
    """
    if current is None:
        return Promotion(True, "Promoted: it is the first model.")
    shared = [driver for driver in new.drivers if driver in current.drivers]
    comparison = _compare(new, current, _comparable(current, judged, shared), shared)
    changes = _changes(new, current)
    if changes:
        return Promotion(False, _other_drivers(changes, comparison))
    if comparison is None:
        return Promotion(True, "Promoted: no held-out message to compare it on.")
    if comparison.worse:
        return Promotion(False, f"Not promoted: significantly worse. {_figures(comparison)}")
    return Promotion(True, f"Promoted: not significantly worse. {_figures(comparison)}")


def _comparable(
    current: Model, judged: Sequence[LabeledMessage], shared: Sequence[str]
) -> list[LabeledMessage]:
    seen = current.trained_on(message.text for message in judged)
    return [
        message
        for message, trained in zip(judged, seen, strict=True)
        if message.label.primary in shared and not trained
    ]


def _compare(
    new: Model, current: Model, messages: Sequence[LabeledMessage], shared: Sequence[str]
) -> Comparison | None:
    if not messages:
        return None
    return paired_comparison(_correct(new, messages, shared), _correct(current, messages, shared))


def _correct(
    model: Model, messages: Sequence[LabeledMessage], shared: Sequence[str]
) -> NDArray[np.bool_]:
    columns = [model.drivers.index(driver) for driver in shared]
    chosen = model.predict_proba([message.text for message in messages])[:, columns].argmax(axis=1)
    truth = np.array([shared.index(message.label.primary or "") for message in messages])
    return np.asarray(chosen == truth)


def _changes(new: Model, current: Model) -> list[str]:
    """The drivers that labels speak of in one of two models only, new ones and those gone."""
    learned, before = labeled_drivers(new.manifest), labeled_drivers(current.manifest)
    return [
        f"{word} {', '.join(sorted(names))}"
        for word, names in (
            ("new:", learned - set(current.drivers)),
            ("gone:", before - learned),
        )
        if names
    ]


def _other_drivers(changes: Sequence[str], comparison: Comparison | None) -> str:
    figures = f" On the drivers both know: {_figures(comparison)}" if comparison else ""
    return (
        f"Not promoted: it learned other drivers than the current model ({'; '.join(changes)}), "
        f"so it needs --promote.{figures}"
    )


def _figures(comparison: Comparison) -> str:
    return (
        f"Accuracy {100 * comparison.difference:+.1f} points against the current model, between "
        f"{100 * comparison.low:+.1f} and {100 * comparison.high:+.1f}, on {comparison.n:,} "
        "held-out messages."
    )
