"""What came of each message: what the model said of it beside what a person said."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.routing import Routing, routing
from classifier.indicators import indicators
from classifier.messages import Label, Predictions
from classifier.taxonomy import Taxonomy

CHOSEN_AT = 0.5
"""With several drivers a message, those at least this probable count as said by a model that does
not choose them itself."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """n messages by k drivers; every array has n rows.

    `truth`, `chosen` (n, k): the drivers a person and the model name. `mentioned` (n, k): as
    `truth`, also where the primary driver has no name yet; `mentions` (n, k): how likely the model
    holds each to be so. `primary` (n,): the index of the driver a person names first, -1 for none
    the model knows. `probabilities` (n, k): given that it is one of them; `likeliest` (n,): the
    index of the model's first driver, `top` its probability, `confidence` = (1 - unknown) · top.
    `counted`: the person names a driver the model knows. `nothing`: the person says none of the
    drivers. `correct`: the likeliest driver is one the person names. `routing`: where a message may
    stop; `routed`: it does, at the threshold, `right` or not, at a driver or `at_parent`. `groups`:
    a number, shared by messages that belong together. `judging`: had no part in setting the
    threshold, and so may judge what it routes.
    """

    drivers: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    message_ids: tuple[str, ...]
    truth: NDArray[np.bool_]
    chosen: NDArray[np.bool_]
    mentioned: NDArray[np.bool_]
    mentions: NDArray[np.float64]
    primary: NDArray[np.intp]
    probabilities: NDArray[np.float64]
    likeliest: NDArray[np.intp]
    top: NDArray[np.float64]
    unknown: NDArray[np.float64]
    confidence: NDArray[np.float64]
    routing: Routing
    routed: NDArray[np.bool_]
    right: NDArray[np.bool_]
    at_parent: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    nothing: NDArray[np.bool_]
    correct: NDArray[np.bool_]
    groups: NDArray[np.intp]
    judging: NDArray[np.bool_]

    def only(self, rows: NDArray[np.intp]) -> "Outcomes":
        """The outcomes of some messages, in that order."""
        columns = ((each.name, getattr(self, each.name)) for each in fields(self))
        arrays: dict[str, Any] = {
            name: column[rows] for name, column in columns if isinstance(column, np.ndarray)
        }
        return replace(
            self,
            labels=tuple(self.labels[row] for row in rows),
            message_ids=tuple(self.message_ids[row] for row in rows),
            routing=self.routing.only(rows),
            **arrays,
        )


def outcomes(
    predictions: Predictions,
    labels: Sequence[Label | str | None],
    message_ids: Sequence[str],
    threshold: float,
    *,
    groups: NDArray[np.intp] | None = None,
    set_threshold: NDArray[np.bool_] | None = None,
    mentions: NDArray[np.float64] | None = None,
    chosen: NDArray[np.bool_] | None = None,
    taxonomy: Taxonomy | None = None,
) -> Outcomes:
    """Put n predictions and labels (n) side by side.

    `chosen` (n, k) counts only where a label has several drivers: else it is the likeliest one.
    With a taxonomy a message may stop at a parent.
    """
    given = [each if isinstance(each, Label) else Label(each or None) for each in labels]
    drivers, likeliest = predictions.drivers, predictions.likeliest
    truth = indicators([each.drivers for each in given], drivers)
    several = any(len(each.mentions) > 1 for each in given)
    rows = np.arange(len(given))
    correct = truth[rows, likeliest]
    stops = routing(predictions, given, correct, taxonomy)
    routed, right, at_parent = stops.at(threshold)
    return Outcomes(
        drivers=drivers,
        labels=tuple(each.drivers for each in given),
        message_ids=tuple(message_ids),
        truth=truth,
        chosen=_chosen(predictions, chosen, several=several),
        mentioned=indicators([each.mentions for each in given], drivers),
        mentions=predictions.primary if mentions is None else mentions,
        primary=_primary(given, drivers),
        probabilities=predictions.probabilities,
        likeliest=likeliest,
        top=predictions.probabilities[rows, likeliest],
        unknown=predictions.unknown,
        confidence=predictions.confidence,
        routing=stops,
        routed=routed,
        right=right,
        at_parent=at_parent,
        counted=np.asarray(truth.any(axis=1)),
        nothing=np.array([not each.drivers for each in given], dtype=bool),
        correct=correct,
        groups=rows if groups is None else groups,
        judging=np.ones(len(rows), dtype=bool) if set_threshold is None else ~set_threshold,
    )


def _primary(labels: Sequence[Label], drivers: Sequence[str]) -> NDArray[np.intp]:
    column = {driver: index for index, driver in enumerate(drivers)}
    return np.array([column.get(each.primary or "", -1) for each in labels], dtype=np.intp)


def _chosen(
    predictions: Predictions, chosen: NDArray[np.bool_] | None, *, several: bool
) -> NDArray[np.bool_]:
    if several and chosen is not None:
        return chosen
    probabilities = predictions.probabilities
    found = probabilities >= CHOSEN_AT if several else np.zeros(probabilities.shape, dtype=bool)
    found[np.arange(len(found)), predictions.likeliest] = True
    return found
