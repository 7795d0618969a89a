"""What came of each message: what the model said of it beside what a person said."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.decisions import is_routed
from classifier.messages import Label

CHOSEN_AT = 0.5
"""With several drivers a message, those at least this probable count as said by a model that does
not choose them itself."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """n messages by k drivers; every array has n rows.

    `truth`, `chosen` (n, k): the drivers a person and the model name. `mentioned` (n, k): as
    `truth`, also where the primary driver has no name yet; `mentions` (n, k): how likely the model
    holds each to be so. `primary` (n,): the index of the driver a person names first, -1 for none
    the model knows. `likeliest` (n,): the index of the model's first driver, `top` its probability
    given that it is one of them, `confidence` = (1 - unknown) · top. `counted`: the person names a
    driver the model knows. `nothing`: the person says none of the drivers. `correct`: the
    likeliest driver is one the person names. `groups`: a number, shared by messages that belong
    together. `judging`: had no part in setting the threshold, and so may judge what it routes.
    """

    drivers: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    message_ids: tuple[str, ...]
    truth: NDArray[np.bool_]
    chosen: NDArray[np.bool_]
    mentioned: NDArray[np.bool_]
    mentions: NDArray[np.float64]
    primary: NDArray[np.intp]
    likeliest: NDArray[np.intp]
    top: NDArray[np.float64]
    unknown: NDArray[np.float64]
    confidence: NDArray[np.float64]
    routed: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    nothing: NDArray[np.bool_]
    correct: NDArray[np.bool_]
    groups: NDArray[np.intp]
    judging: NDArray[np.bool_]


def outcomes(
    probabilities: NDArray[np.float64],
    unknown: NDArray[np.float64],
    labels: Sequence[Label | str | None],
    drivers: Sequence[str],
    message_ids: Sequence[str],
    threshold: float,
    *,
    groups: NDArray[np.intp] | None = None,
    set_threshold: NDArray[np.bool_] | None = None,
    mentions: NDArray[np.float64] | None = None,
    chosen: NDArray[np.bool_] | None = None,
) -> Outcomes:
    """Put predictions (n, k), unknown (n,) and labels (n) side by side.

    `chosen` (n, k) counts only where a label has several drivers: else it is the likeliest one.
    """
    named = tuple(_named(label) for label in labels)
    truth = _indicators(named, drivers)
    mentioned = _indicators([_mentioned(label) for label in labels], drivers)
    likeliest = probabilities.argmax(axis=1)
    rows = np.arange(len(named))
    top = probabilities[rows, likeliest]
    confidence = (1.0 - unknown) * top
    return Outcomes(
        drivers=tuple(drivers),
        labels=named,
        message_ids=tuple(message_ids),
        truth=truth,
        chosen=_chosen(probabilities, likeliest, chosen, several=_several(labels)),
        mentioned=mentioned,
        mentions=(1.0 - unknown)[:, None] * probabilities if mentions is None else mentions,
        primary=_primary(named, drivers),
        likeliest=likeliest,
        top=top,
        unknown=unknown,
        confidence=confidence,
        routed=is_routed(confidence, unknown, threshold),
        counted=np.asarray(truth.any(axis=1)),
        nothing=np.array([not each for each in named], dtype=bool),
        correct=truth[rows, likeliest],
        groups=rows if groups is None else groups,
        judging=np.ones(len(rows), dtype=bool) if set_threshold is None else ~set_threshold,
    )


def _named(label: Label | str | None) -> tuple[str, ...]:
    if isinstance(label, Label):
        return label.drivers
    return (label,) if label else ()


def _mentioned(label: Label | str | None) -> tuple[str, ...]:
    return label.mentions if isinstance(label, Label) else _named(label)


def _several(labels: Sequence[Label | str | None]) -> bool:
    return any(len(_mentioned(label)) > 1 for label in labels)


def _primary(named: Sequence[tuple[str, ...]], drivers: Sequence[str]) -> NDArray[np.intp]:
    column = {driver: index for index, driver in enumerate(drivers)}
    return np.array([column.get(each[0], -1) if each else -1 for each in named], dtype=np.intp)


def _indicators(named: Sequence[tuple[str, ...]], drivers: Sequence[str]) -> NDArray[np.bool_]:
    column = {driver: index for index, driver in enumerate(drivers)}
    found = np.zeros((len(named), len(drivers)), dtype=bool)
    for row, each in enumerate(named):
        found[row, [column[driver] for driver in each if driver in column]] = True
    return found


def _chosen(
    probabilities: NDArray[np.float64],
    likeliest: NDArray[np.intp],
    chosen: NDArray[np.bool_] | None,
    *,
    several: bool,
) -> NDArray[np.bool_]:
    if several and chosen is not None:
        return chosen
    found = probabilities >= CHOSEN_AT if several else np.zeros(probabilities.shape, dtype=bool)
    found[np.arange(len(likeliest)), likeliest] = True
    return found
