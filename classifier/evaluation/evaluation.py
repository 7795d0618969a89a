"""Everything we say of a model's worth, in one value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.calibration import Calibration, calibration
from classifier.evaluation.confusable import ConfusablePair, Pair, confusable
from classifier.evaluation.coverage import Auto, CoveragePoint, auto, coverage_curve
from classifier.evaluation.groups import group_numbers
from classifier.evaluation.learning_curve import LearningCurve
from classifier.evaluation.mistakes import Confusion, DriverScore, FScores, confusions, scores
from classifier.evaluation.novelty import UnknownDrivers, unknown_drivers
from classifier.evaluation.outcomes import Outcomes, outcomes
from classifier.evaluation.parents import Parents, parents
from classifier.evaluation.rates import Rate, grouped_rate
from classifier.evaluation.several import Several, several
from classifier.evaluation.slices import Slice, slices, time_slices
from classifier.evaluation.weighting import Weighted, weighted
from classifier.messages import Label, LabeledMessage, Predictions
from classifier.taxonomy import Taxonomy
from classifier.text import normalized

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a model is worth on `n` messages; `left_out` more were among its training messages.

    Accuracy, F1 and calibration are over the `known` messages, whose driver the model knows; where
    labels have several drivers, calibration is that of the primary one, accuracy of any;
    `unknown_labels` say none of the drivers, `other_drivers` name drivers the model does not know.
    `auto` is over all n but those that set the threshold. `groups`: so many of the n are separate
    (texts, customers), and intervals go by them. `weighted`: the figures for all messages, where
    labels were drawn with a known probability. `several`: the drivers said of a message beside
    those people do, where labels have several; F1 is of those then. `parents`: how often a
    parent is right where its driver is not, where drivers have parents. `learning`: what more
    labels would be worth, where that was measured. `correct` and `counted` have a row for every
    message given, left out or not (False there), so that two evaluations of the same messages can
    be paired.
    """

    n: int
    left_out: int
    known: int
    unknown_labels: int
    other_drivers: int
    accuracy: Rate
    f1: FScores
    calibration: Calibration | None
    auto: Auto
    unknown: UnknownDrivers
    drivers: tuple[DriverScore, ...]
    confusions: tuple[Confusion, ...]
    coverage: tuple[CoveragePoint, ...]
    slices: tuple[Slice, ...]
    weighted: Weighted | None
    confusable: tuple[ConfusablePair, ...]
    groups: int
    correct: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    several: Several | None = None
    parents: Parents | None = None
    learning: LearningCurve | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data: fractions of 1; None for a figure that does not apply; no message text."""
        return {
            "n": self.n,
            "accuracy": self.accuracy.value,
            "macro_f1": self.f1.macro,
            "micro_f1": self.f1.micro,
            "ece": self.calibration.ece if self.calibration else None,
            "auto": self.auto.to_dict(),
            "unknown": self.unknown.to_dict(),
            "left_out": self.left_out,
            "known": self.known,
            "unknown_labels": self.unknown_labels,
            "other_drivers": self.other_drivers,
            "accuracy_interval": [self.accuracy.low, self.accuracy.high],
            "macro_f1_interval": [self.f1.macro_low, self.f1.macro_high],
            "calibration": self.calibration.to_dict() if self.calibration else None,
            "drivers": [each.to_dict() for each in self.drivers],
            "confusions": [each.to_dict() for each in self.confusions],
            "coverage": [each.to_dict() for each in self.coverage],
            "slices": [each.to_dict() for each in self.slices],
            "micro_f1_interval": [self.f1.micro_low, self.f1.micro_high],
            "weighted": self.weighted.to_dict() if self.weighted else None,
            "confusable": [each.to_dict() for each in self.confusable],
            "groups": self.groups,
            "learning_curve": self.learning.to_dict() if self.learning else None,
            "several": self.several.to_dict() if self.several else None,
            "parents": self.parents.to_dict() if self.parents else None,
        }


def evaluate(
    probabilities: NDArray[np.float64],
    unknown: NDArray[np.float64],
    labels: Sequence[Label | str | None],
    drivers: Sequence[str],
    *,
    threshold: float,
    target: float,
    taxonomy: Taxonomy | None = None,
    mentions: NDArray[np.float64] | None = None,
    chosen: NDArray[np.bool_] | None = None,
    message_ids: Sequence[str] | None = None,
    languages: Sequence[str] | None = None,
    channels: Sequence[str] | None = None,
    trained_on: NDArray[np.bool_] | None = None,
    groups: Sequence[str] | None = None,
    received_at: Sequence[datetime | None] | None = None,
    timezone: str = "Europe/Amsterdam",
    inclusion: Sequence[float | None] | None = None,
    set_threshold: NDArray[np.bool_] | None = None,
    opinions: Iterable[Pair] = (),
    trained: Mapping[str, int] | None = None,
) -> Evaluation:
    """Judge predictions against labels.

    `probabilities` (n, k) over `drivers` (k) given that it is one of them; `unknown` (n,) in
    [0, 1]; `labels` (n), None or an empty `Label` for none of the drivers. `threshold` and
    `target` are the confidence from which the model routes itself and the precision that should
    give. Rows where `trained_on` (n,) is true are left out. `message_ids` default to row numbers,
    from 1. With several drivers a label, the likeliest driver is right when it is one of them;
    `mentions` (n, k) then are how likely each message is to be about each driver, by default
    (1 - unknown) · probabilities, and `chosen` (n, k) what the model says it is about, by default
    the likeliest driver and those at least half probable. With a `taxonomy` of drivers that have
    parents, a message may be routed by one of those (see `classifier.stops`). Messages of one of
    the `groups` (n; "" for none) count as one in every interval. Rows that `set_threshold` (n,) do
    not judge what it routes. `inclusion` (n) in (0, 1]: the probability with which each was drawn
    for its label, None where nobody knows. `opinions` and `trained` are those of `confusable`.
    Raises ValueError when the sizes do not agree.
    """
    n = len(probabilities)
    columns = (message_ids, languages, channels, groups, received_at, inclusion, mentions, chosen)
    _check_sizes(probabilities, drivers, unknown, labels, trained_on, set_threshold, *columns)
    everything = outcomes(
        Predictions(tuple(drivers), probabilities, unknown),
        labels,
        [str(row + 1) for row in range(n)] if message_ids is None else message_ids,
        threshold,
        groups=group_numbers(groups, n),
        set_threshold=set_threshold,
        mentions=mentions,
        chosen=chosen,
        taxonomy=taxonomy,
    )
    kept = np.arange(n) if trained_on is None else np.flatnonzero(~trained_on)
    found = everything.only(kept)
    by = _slices(found, kept, languages, channels, received_at, timezone)
    judged = _evaluation(found, by, kept, n, auto(found, threshold=threshold, target=target))
    return replace(
        judged,
        weighted=weighted(found, _some(inclusion, kept)),
        confusable=_confusable(found, opinions, trained),
        parents=parents(found, taxonomy),
    )


def evaluate_messages(
    probabilities: NDArray[np.float64],
    unknown: NDArray[np.float64],
    messages: Sequence[LabeledMessage],
    drivers: Sequence[str],
    *,
    threshold: float,
    target: float,
    taxonomy: Taxonomy | None = None,
    mentions: NDArray[np.float64] | None = None,
    chosen: NDArray[np.bool_] | None = None,
    set_threshold: NDArray[np.bool_] | None = None,
    timezone: str = "Europe/Amsterdam",
    opinions: Iterable[Pair] = (),
    trained: Mapping[str, int] | None = None,
) -> Evaluation:
    """`evaluate`, with all that the messages (n) say of themselves.

    Without a group, messages of the same normalized text belong together.
    """
    return evaluate(
        probabilities,
        unknown,
        [message.label for message in messages],
        drivers,
        threshold=threshold,
        target=target,
        taxonomy=taxonomy,
        mentions=mentions,
        chosen=chosen,
        message_ids=[message.message_id for message in messages],
        languages=[message.language for message in messages],
        channels=[message.channel for message in messages],
        groups=[message.group or normalized(message.text) for message in messages],
        received_at=[message.received_at for message in messages],
        inclusion=[message.inclusion for message in messages],
        set_threshold=set_threshold,
        timezone=timezone,
        opinions=opinions,
        trained=trained,
    )


def _evaluation(
    found: Outcomes,
    by: tuple[Slice, ...],
    kept: NDArray[np.intp],
    given: int,
    auto: Auto,
) -> Evaluation:
    counted, named = found.counted, found.primary >= 0
    f1, drivers = scores(found)
    return Evaluation(
        n=len(kept),
        left_out=given - len(kept),
        known=int(counted.sum()),
        unknown_labels=int(found.nothing.sum()),
        other_drivers=int((~counted & ~found.nothing).sum()),
        accuracy=grouped_rate(found.correct[counted], found.groups[counted]),
        f1=f1,
        calibration=calibration(
            found.top[named],
            (found.primary == found.likeliest)[named],
            groups=found.groups[named],
        ),
        auto=auto,
        unknown=unknown_drivers(found),
        drivers=drivers,
        confusions=confusions(found),
        coverage=coverage_curve(found),
        slices=by,
        weighted=None,
        confusable=(),
        several=several(found),
        groups=len(np.unique(found.groups)),
        correct=_spread(found.correct, kept, given),
        counted=_spread(counted, kept, given),
    )


def _slices(
    found: Outcomes,
    kept: NDArray[np.intp],
    languages: Sequence[str] | None,
    channels: Sequence[str] | None,
    received_at: Sequence[datetime | None] | None,
    timezone: str,
) -> tuple[Slice, ...]:
    return (
        *slices(found, "language", _some(languages, kept)),
        *slices(found, "channel", _some(channels, kept)),
        *time_slices(found, _some(received_at, kept), timezone),
    )


def _confusable(
    found: Outcomes, opinions: Iterable[Pair], trained: Mapping[str, int] | None
) -> tuple[ConfusablePair, ...]:
    """By people's first driver where the model is wrong; a second one named is not a mistake."""
    rows = np.flatnonzero(found.counted)
    said = [found.drivers[found.likeliest[row]] for row in rows]
    labels = [
        driver if found.correct[row] else found.labels[row][0]
        for row, driver in zip(rows, said, strict=True)
    ]
    ids = _at(found.message_ids, rows)
    return confusable(labels, said, message_ids=ids, opinions=opinions, trained=trained)


def _spread(values: NDArray[np.bool_], rows: NDArray[np.intp], n: int) -> NDArray[np.bool_]:
    spread = np.zeros(n, dtype=bool)
    spread[rows] = values
    return spread


def _at(values: Sequence[Item], rows: NDArray[np.intp]) -> list[Item]:
    return [values[row] for row in rows]


def _some(values: Sequence[Item] | None, rows: NDArray[np.intp]) -> list[Item] | None:
    return None if values is None else _at(values, rows)


def _check_sizes(
    probabilities: NDArray[np.float64],
    drivers: Sequence[str],
    *columns: Sequence[Any] | NDArray[Any] | None,
) -> None:
    n, k = probabilities.shape
    sizes = [len(column) for column in columns if column is not None]
    if any(size != n for size in sizes):
        raise ValueError(f"{n} predictions, but columns of {sizes}")
    if k != len(drivers):
        raise ValueError(f"{k} columns of probabilities for {len(drivers)} drivers")
